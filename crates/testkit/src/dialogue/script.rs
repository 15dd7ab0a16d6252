//! Reads a dialogue file into steps. The format is described in `docs` of the parent module.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use super::expand::bytes_of;
use super::target::QuotaLimits;

/// A dialogue file, parsed.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// The first comment: what is shown, and the RFC section that says so.
    pub(crate) title: String,
    /// Capabilities without which the file is skipped.
    pub(crate) needs: Vec<String>,
    /// Peers that are known to answer otherwise, with what they do.
    pub(crate) differs: Vec<(String, String)>,
    /// What the first user may keep.
    pub(crate) quota: Option<QuotaLimits>,
    /// Named texts.
    pub(crate) texts: BTreeMap<String, Vec<u8>>,
    /// What happens, with line numbers.
    pub(crate) steps: Vec<(usize, Step)>,
}

/// A pattern as written, before captures are put in.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// Who a session logs in as.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Login {
    /// Not at all: the dialogue begins with the greeting.
    Plain,
    /// The n-th user of the dialogue, from 1.
    User(usize),
}

#[derive(Debug)]
pub(crate) enum Step {
    Open {
        session: char,
        login: Login,
    },
    /// SELECT or EXAMINE whose answers the file does not look at.
    Select {
        session: char,
        command: String,
    },
    Send {
        session: char,
        lines: Vec<String>,
    },
    Expect {
        session: char,
        required: Vec<Pattern>,
        optional: Vec<Pattern>,
    },
    Never {
        session: char,
        pattern: Pattern,
    },
    Quiet {
        session: char,
        during: Duration,
    },
    Closed {
        session: char,
    },
    Drop {
        session: char,
    },
    StartTls {
        session: char,
    },
    Compress {
        session: char,
        on: bool,
    },
    Mailbox {
        name: String,
    },
    Message {
        mailbox: String,
        arguments: String,
        text: Vec<u8>,
    },
    Messages {
        mailbox: String,
        count: usize,
    },
    Check {
        left: String,
        operator: String,
        right: String,
    },
}

/// The file itself is wrong.
#[derive(Debug, Error)]
#[error("line {line}: {what}: {text}")]
pub(crate) struct ScriptError {
    line: usize,
    what: &'static str,
    text: String,
}

impl Script {
    pub(crate) fn parse(source: &str) -> Result<Self, ScriptError> {
        let mut parser = Parser { script: Self::default(), lines: source.lines().collect(), at: 0 };
        while parser.at < parser.lines.len() {
            parser.step()?;
        }
        Ok(parser.script)
    }
}

struct Parser<'a> {
    script: Script,
    lines: Vec<&'a str>,
    at: usize,
}

/// A session line: its name, what stands between name and text (`:`, `>`, `>?`), the text.
type SessionLine<'a> = (char, &'a str, &'a str);

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    fn error(&self, what: &'static str) -> ScriptError {
        ScriptError { line: self.at + 1, what, text: self.peek().unwrap_or_default().to_owned() }
    }

    fn step(&mut self) -> Result<(), ScriptError> {
        let Some(line) = self.peek() else { return Ok(()) };
        if let Some(comment) = line.strip_prefix('#') {
            if self.script.title.is_empty() {
                comment.trim().clone_into(&mut self.script.title);
            }
            self.at += 1;
        } else if line.trim().is_empty() {
            self.at += 1;
        } else if let Some((session, mark, _)) = session_line(line) {
            if mark == ":" { self.send(session) } else { self.expect(session)? }
        } else {
            self.directive(line)?;
        }
        Ok(())
    }

    fn push(&mut self, line: usize, step: Step) {
        self.script.steps.push((line, step));
    }

    /// Adjacent lines of one session go out together.
    fn send(&mut self, session: char) {
        let start = self.at;
        let mut lines = Vec::new();
        while let Some((name, ":", text)) = self.peek().and_then(session_line) {
            if name != session {
                break;
            }
            lines.push(text.to_owned());
            self.at += 1;
        }
        self.push(start + 1, Step::Send { session, lines });
    }

    /// One required line or one unordered group, with the optional lines before it.
    fn expect(&mut self, session: char) -> Result<(), ScriptError> {
        let start = self.at;
        let (mut required, mut optional, mut in_group) = (Vec::new(), Vec::new(), false);
        while required.is_empty() || in_group {
            let Some((name, mark, text)) = self.peek().and_then(session_line) else {
                return Err(self.error("a required line, or the end of the group, must follow"));
            };
            if name != session || mark == ":" {
                return Err(self.error("expected another line of the same session"));
            }
            let pattern = Pattern { line: self.at + 1, text: text.trim().to_owned() };
            match (mark, pattern.text.as_str()) {
                (_, "{") => in_group = true,
                (_, "}") => in_group = false,
                (">?", _) => optional.push(pattern),
                _ => required.push(pattern),
            }
            self.at += 1;
            if !in_group && text.trim() == "}" {
                break;
            }
        }
        self.push(start + 1, Step::Expect { session, required, optional });
        Ok(())
    }

    fn directive(&mut self, line: &'a str) -> Result<(), ScriptError> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (rest, number) = (rest.trim(), self.at + 1);
        let step = match word {
            "needs" => {
                self.script.needs.extend(rest.split_whitespace().map(str::to_owned));
                self.at += 1;
                return Ok(());
            }
            "differs" => {
                let Some((peer, reason)) = rest.split_once(':') else {
                    return Err(self.error("`differs PEER: REASON`"));
                };
                self.script.differs.push((peer.trim().to_owned(), reason.trim().to_owned()));
                self.at += 1;
                return Ok(());
            }
            "quota" => {
                let numbers: Vec<u64> = rest.split_whitespace().flat_map(str::parse).collect();
                let [storage, messages] = numbers.as_slice() else {
                    return Err(self.error("`quota KIB MESSAGES`"));
                };
                self.script.quota = Some(QuotaLimits { storage: *storage, messages: *messages });
                self.at += 1;
                return Ok(());
            }
            "text" => return self.text(rest),
            "message" => return self.message(rest),
            "mailbox" => Step::Mailbox { name: rest.to_owned() },
            "messages" => self.messages(rest)?,
            "check" => self.check(rest)?,
            "never" => self.never(rest)?,
            _ => self.session_directive(word, rest)?,
        };
        self.push(number, step);
        self.at += 1;
        Ok(())
    }

    fn session_directive(&self, word: &str, rest: &str) -> Result<Step, ScriptError> {
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let session = session_name(name).ok_or_else(|| self.error("no such directive or session"))?;
        Ok(match (word, rest) {
            ("session", "plain") => Step::Open { session, login: Login::Plain },
            ("session", rest) => {
                let user = rest.strip_prefix("user ").and_then(|n| n.trim().parse().ok());
                let user = user.ok_or_else(|| self.error("`session A plain` or `session A user N`"))?;
                Step::Open { session, login: Login::User(user) }
            }
            ("select", rest) => Step::Select { session, command: format!("SELECT {rest}") },
            ("examine", rest) => Step::Select { session, command: format!("EXAMINE {rest}") },
            ("quiet", rest) => {
                let millis = rest.strip_suffix("ms").and_then(|n| n.parse().ok());
                let millis = millis.ok_or_else(|| self.error("`quiet A 300ms`"))?;
                Step::Quiet { session, during: Duration::from_millis(millis) }
            }
            ("closed", _) => Step::Closed { session },
            ("drop", _) => Step::Drop { session },
            ("starttls", _) => Step::StartTls { session },
            ("compress", _) => Step::Compress { session, on: true },
            ("uncompress", _) => Step::Compress { session, on: false },
            _ => return Err(self.error("no such directive")),
        })
    }

    fn messages(&self, rest: &str) -> Result<Step, ScriptError> {
        let parsed = rest.rsplit_once(' ').and_then(|(m, n)| Some((m.to_owned(), n.parse().ok()?)));
        let (mailbox, count) = parsed.ok_or_else(|| self.error("`messages MAILBOX COUNT`"))?;
        Ok(Step::Messages { mailbox, count })
    }

    fn check(&self, rest: &str) -> Result<Step, ScriptError> {
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [left, operator @ ("=" | "!=" | "<" | "<=" | ">" | ">="), right] = words.as_slice() else {
            return Err(self.error("`check LEFT OPERATOR RIGHT`"));
        };
        Ok(Step::Check {
            left: (*left).to_owned(),
            operator: (*operator).to_owned(),
            right: (*right).to_owned(),
        })
    }

    fn never(&self, rest: &str) -> Result<Step, ScriptError> {
        let Some((session, ">", text)) = session_line(rest) else {
            return Err(self.error("`never A> PATTERN`"));
        };
        let pattern = Pattern { line: self.at + 1, text: text.trim().to_owned() };
        Ok(Step::Never { session, pattern })
    }

    /// `text NAME = words` is just the words; `text NAME` and the `|` lines below it end each line with CRLF.
    fn text(&mut self, rest: &str) -> Result<(), ScriptError> {
        let (name, text) = match rest.split_once(" = ") {
            Some((name, words)) => {
                self.at += 1;
                (name, bytes_of(words))
            }
            None => {
                self.at += 1;
                (rest, self.block())
            }
        };
        self.script.texts.insert(name.trim().to_owned(), text);
        Ok(())
    }

    /// `message MAILBOX [(FLAGS)] ["DATE"]` with a `@text` at the end or with `|` lines below.
    fn message(&mut self, rest: &str) -> Result<(), ScriptError> {
        let number = self.at + 1;
        let (arguments, text) = match rest.rsplit_once('@') {
            Some((arguments, name)) if self.script.texts.contains_key(name) => {
                self.at += 1;
                (arguments.trim(), self.script.texts.get(name).cloned().unwrap_or_default())
            }
            Some((_, name)) if !name.contains(['"', ' ']) => {
                return Err(self.error("no such text"));
            }
            _ => {
                self.at += 1;
                (rest, self.block())
            }
        };
        let (mailbox, arguments) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let (mailbox, arguments) = (mailbox.to_owned(), arguments.to_owned());
        self.push(number, Step::Message { mailbox, arguments, text });
        Ok(())
    }

    fn block(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(line) = self.peek().and_then(|line| line.strip_prefix('|')) {
            text.extend(bytes_of(line.strip_prefix(' ').unwrap_or(line)));
            text.extend_from_slice(b"\r\n");
            self.at += 1;
        }
        text
    }
}

fn session_name(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|c| c.is_ascii_uppercase() && chars.next().is_none())
}

fn session_line(line: &str) -> Option<SessionLine<'_>> {
    let session = line.get(..1).and_then(session_name)?;
    let rest = line.get(1..)?;
    let mark = [":", ">?", ">"].into_iter().find(|mark| rest.starts_with(mark))?;
    let text = rest.strip_prefix(mark)?;
    Some((session, mark, text.strip_prefix(' ').unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_session_go_out_together_and_groups_are_one_step() {
        let source = "# RFC 3501: title\nA: a1 NOOP\nA: a2 NOOP\nA>? * 1 RECENT\nA> {\nA>   * 1 EXISTS\nA>? x\nA> }\nA> a2 OK\n";
        let script = Script::parse(source).unwrap();
        assert_eq!(script.title, "RFC 3501: title");
        assert_eq!(script.steps.len(), 3);
        assert!(matches!(&script.steps[0].1, Step::Send { lines, .. } if lines.len() == 2));
        let (_, Step::Expect { required, optional, .. }) = &script.steps[1] else { panic!("a group") };
        assert_eq!((required.len(), optional.len()), (1, 2));
    }

    #[test]
    fn texts_and_messages_end_their_lines_with_crlf() {
        let source = "text mail\n| Subject: x\n|\n| y\nmessage box (\\Seen) @mail\ntext word = abc\n";
        let script = Script::parse(source).unwrap();
        let (_, Step::Message { text, arguments, .. }) = &script.steps[0] else { panic!("a message") };
        assert_eq!((text.as_slice(), arguments.as_str()), (&b"Subject: x\r\n\r\ny\r\n"[..], "(\\Seen)"));
        assert_eq!(script.texts["word"], b"abc");
    }

    #[test]
    fn an_optional_line_must_be_followed_by_a_required_one() {
        assert!(Script::parse("A>? * 1 RECENT\nB: b1 NOOP\n").is_err());
        assert!(Script::parse("A> {\nA> x\n").is_err());
    }
}
