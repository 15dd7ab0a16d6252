//! `docs/rfc/grammar.md` names a dialogue for each branch of the grammar, and there the branch is.
//!
//! RFC 9051 §9, RFC 3501 §9. That the dialogues go as they are written is for `dialogue.rs` to say.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who sends what a rule derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Client,
    Server,
    Both,
}

impl Sender {
    fn named(name: &str) -> Self {
        match name {
            "client" => Self::Client,
            "server" => Self::Server,
            "both" => Self::Both,
            other => panic!("{other} sends nothing"),
        }
    }

    /// Whose line shows a branch: some rows of a rule that both send are about one of them.
    fn of_branch(self, alternative: &str) -> Self {
        match self {
            Self::Both if alternative.contains("of a client") => Self::Client,
            Self::Both if alternative.contains("of the server") => Self::Server,
            _ => self,
        }
    }

    /// What he says in a line of a dialogue. What the server may leave out (`A>? …`) does not count.
    fn words(self, line: &str) -> Option<&str> {
        let said = line.strip_prefix(|session: char| session.is_ascii_uppercase())?;
        let of_client = said.strip_prefix(": ").filter(|_| self != Self::Server);
        of_client.or_else(|| said.strip_prefix("> ").filter(|_| self != Self::Client))
    }
}

struct Row {
    rule: String,
    alternative: String,
    dialogue: String,
    seen: String,
}

impl Row {
    /// What is wrong with it, if anything.
    fn problem(&self, sender: Sender) -> Option<String> {
        let Self { rule, alternative, dialogue, seen } = self;
        let said = format!("{rule}, {alternative}: ");
        if let Some(reason) = dialogue.strip_prefix("none: ") {
            return (reason.is_empty() || !seen.is_empty())
                .then(|| said + "a reason, and nothing that is seen");
        }
        let Ok(text) = fs::read_to_string(file_of(dialogue)) else {
            return Some(format!("{said}there is no {dialogue}"));
        };
        let sender = sender.of_branch(alternative);
        let is_seen = if dialogue.ends_with(".rs") {
            text.contains(seen)
        } else {
            text.lines().filter_map(|line| sender.words(line)).any(|words| words.contains(seen))
        };
        (seen.is_empty() || !is_seen).then(|| format!("{said}{dialogue} has no {seen} of {sender:?}"))
    }
}

/// The file of a dialogue, or of another test, which is named by its path.
fn file_of(dialogue: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if dialogue.ends_with(".rs") {
        here.join("../..").join(dialogue)
    } else {
        here.join("tests/dialogue").join(dialogue).with_extension("imap")
    }
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/rfc/grammar.md")).unwrap()
}

fn rows(page: &str) -> Vec<Row> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix('|')?.split(" | ").map(str::trim);
        let mut next = || cells.next().unwrap_or_default().to_owned();
        let (rule, alternative, dialogue) = (next(), next(), next());
        Some(Row { rule, alternative, dialogue, seen: next().trim_matches('`').to_owned() })
    };
    let is_branch = |row: &Row| row.rule != "rule" && row.rule != "---";
    page.lines().filter_map(row).filter(is_branch).collect()
}

/// Each rule with its sender and how many branches it has.
fn rules(page: &str) -> BTreeMap<String, (Sender, usize)> {
    let (_, list) = page.split_once("```rules\n").unwrap();
    let (list, _) = list.split_once("\n```").unwrap();
    let (mut rules, mut sender) = (BTreeMap::new(), Sender::Both);
    let mut words = list.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_suffix(':') {
            sender = Sender::named(name);
            continue;
        }
        let branches = words.next().unwrap().trim_end_matches(',').parse().unwrap();
        let before = rules.insert(word.to_owned(), (sender, branches));
        assert!(before.is_none(), "{word} is listed twice");
    }
    rules
}

#[test]
fn every_branch_of_the_grammar_is_in_the_dialogue_that_the_page_names() {
    let page = page();
    let rules = rules(&page);
    let problem = |row: &Row| match rules.get(&row.rule) {
        Some(&(sender, _)) => row.problem(sender),
        None => Some(format!("{} is no rule of the list", row.rule)),
    };
    let problems: Vec<String> = rows(&page).iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_rule_of_the_grammar_has_a_row_for_each_of_its_branches() {
    let page = page();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows(&page) {
        *counted.entry(row.rule).or_default() += 1;
    }
    let problem = |(rule, (_, branches)): (String, (Sender, usize))| {
        let counted = counted.get(&rule).copied().unwrap_or_default();
        (counted != branches).then(|| format!("{rule}: {counted} rows for {branches} branches"))
    };
    let problems: Vec<String> = rules(&page).into_iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
