//! Reading single values out of a TOML document, and remembering what was wrong with them and on which line.
//!
//! It knows TOML and lines, not what the keys mean.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Range, RangeInclusive};

use toml_edit::{Item, TableLike};

use super::keys::{SectionKeys, nearest};
use super::size;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The key, with its section; empty when the file is no TOML at all.
    pub(crate) key: String,
    /// What is wrong, and what would be right.
    pub(crate) what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.line, self.what),
            key => write!(f, "{}: {key}: {}", self.line, self.what),
        }
    }
}

/// Collects what is wrong with one file.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    text: &'a str,
    found: RefCell<Vec<Problem>>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, found: RefCell::default() }
    }

    /// Notes a problem at a place of the text; one without a place belongs to the first line.
    pub(super) fn note(&self, at: Option<Range<usize>>, key: String, what: String) {
        let before = at.and_then(|at| self.text.get(..at.start)).unwrap_or_default();
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        self.found.borrow_mut().push(Problem { line, key, what });
    }

    /// All that was noted, in the order of the lines.
    pub(super) fn into_found(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.line);
        found
    }
}

/// One section of the file, or what stands before the first one. An absent section has no keys.
pub(super) struct Section<'a> {
    keys: &'static SectionKeys,
    table: Option<&'a dyn TableLike>,
    span: Option<Range<usize>>,
    problems: &'a Problems<'a>,
}

impl<'a> Section<'a> {
    /// A section, in which keys that are not of `keys` are noted as unknown.
    pub(super) fn new(
        keys: &'static SectionKeys,
        table: Option<&'a dyn TableLike>,
        span: Option<Range<usize>>,
        problems: &'a Problems<'a>,
    ) -> Self {
        let section = Self { keys, table, span, problems };
        section.refuse_unknown();
        section
    }

    /// The section of that name in this one.
    pub(super) fn section(&self, keys: &'static SectionKeys) -> Section<'a> {
        let item = self.item(keys.name);
        let table = item.and_then(Item::as_table_like);
        if let (Some(item), None) = (item, table) {
            self.note(keys.name, item.span(), format!("is a section: write [{}]", keys.name));
        }
        Section::new(keys, table, item.and_then(Item::span), self.problems)
    }

    /// The sections of that name, of which there may be any number.
    pub(super) fn sections(&self, keys: &'static SectionKeys) -> Vec<Section<'a>> {
        let Some(item) = self.item(keys.name) else { return Vec::new() };
        let Some(tables) = item.as_array_of_tables() else {
            self.note(keys.name, item.span(), format!("comes any number of times: write [[{}]]", keys.name));
            return Vec::new();
        };
        tables.iter().map(|table| Section::new(keys, Some(table), table.span(), self.problems)).collect()
    }

    /// Whether the file has the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// Notes what is wrong with a key, where it stands, or with the section if the key is not there.
    pub(super) fn wrong(&self, key: &str, what: impl Into<String>) {
        let at = self.item(key).and_then(Item::span).or_else(|| self.span.clone());
        self.note(key, at, what.into());
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        let item = self.item(key)?;
        let text = item.as_str();
        if text.is_none() {
            self.wrong(key, format!("must be a text in quotes, not {}", item.type_name()));
        }
        text
    }

    /// A text that `read` understands; `right` says what would be right.
    pub(super) fn read<T>(&self, key: &str, right: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(key)?;
        let value = read(text);
        if value.is_none() {
            self.wrong(key, format!("{text:?} is {right}"));
        }
        value
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        self.read(key, &none_of(choices), chosen(choices))
    }

    /// A list of such words.
    pub(super) fn choices<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<Vec<T>> {
        self.each(key, &none_of(choices), chosen(choices))
    }

    /// A list of texts, each of which `read` understands; `right` says what would be right.
    pub(super) fn each<T>(&self, key: &str, right: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
        let texts = self.texts(key)?;
        let mut values = Vec::with_capacity(texts.len());
        for text in texts {
            match read(text) {
                Some(value) => values.push(value),
                None => self.wrong(key, format!("{text:?} is {right}")),
            }
        }
        Some(values)
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<&'a str>> {
        let item = self.item(key)?;
        let texts = item.as_array().and_then(|array| array.iter().map(toml_edit::Value::as_str).collect());
        if texts.is_none() {
            self.wrong(key, "must be a list of texts, such as [\"one\", \"two\"]");
        }
        texts
    }

    /// `true` or `false`.
    pub(super) fn truth(&self, key: &str) -> Option<bool> {
        let item = self.item(key)?;
        let truth = item.as_bool();
        if truth.is_none() {
            self.wrong(key, format!("must be true or false, not {}", item.type_name()));
        }
        truth
    }

    /// A whole number within bounds.
    pub(super) fn number<T: TryFrom<u64>>(&self, key: &str, within: RangeInclusive<u64>) -> Option<T> {
        let item = self.item(key)?;
        let number = item.as_integer().and_then(|n| u64::try_from(n).ok());
        self.bounded(key, number, &within, "a whole number")
    }

    /// A size in bytes within bounds.
    pub(super) fn bytes<T: TryFrom<u64>>(&self, key: &str, within: RangeInclusive<u64>) -> Option<T> {
        let item = self.item(key)?;
        let number = item.as_integer().and_then(|n| u64::try_from(n).ok());
        let bytes = number.or_else(|| item.as_str().and_then(size::parse));
        self.bounded(key, bytes, &within, "a number of bytes, or a text such as \"64 MiB\",")
    }

    fn bounded<T: TryFrom<u64>>(
        &self,
        key: &str,
        value: Option<u64>,
        within: &RangeInclusive<u64>,
        form: &str,
    ) -> Option<T> {
        let value = value.filter(|n| within.contains(n)).and_then(|n| T::try_from(n).ok());
        if value.is_none() {
            self.wrong(key, format!("must be {form} from {} to {}", within.start(), within.end()));
        }
        value
    }

    fn item(&self, key: &str) -> Option<&'a Item> {
        debug_assert!(self.keys.keys.contains(&key), "{key} is not listed in keys.rs");
        self.table?.get(key).filter(|item| !item.is_none())
    }

    fn refuse_unknown(&self) {
        let Some(table) = self.table else { return };
        for (name, item) in table.iter() {
            if self.keys.keys.contains(&name) {
                continue;
            }
            let what = match nearest(self.keys.keys, name) {
                Some(key) => format!("unknown key; did you mean `{key}`?"),
                None => format!("unknown key; known are {}", self.keys.keys.join(", ")),
            };
            let at = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
            self.note(name, at, what);
        }
    }

    fn note(&self, key: &str, at: Option<Range<usize>>, what: String) {
        let key = match self.keys.name {
            "" => key.to_owned(),
            section => format!("{section}.{key}"),
        };
        self.problems.note(at, key, what);
    }
}
fn none_of<T>(choices: &[(&str, T)]) -> String {
    let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
    format!("none of {}", words.join(", "))
}

fn chosen<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&str) -> Option<T> {
    |text| choices.iter().find(|(word, _)| *word == text).map(|&(_, value)| value)
}
