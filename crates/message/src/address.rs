//! Address lists (RFC 5322 §3.4, with the obsolete forms of §4.4), read so that nothing is lost.
//!
//! What is malformed still yields an address: a part that is missing gets a name that says so, since
//! a NIL host would mean a group (RFC 3501 §7.4.2).

use crate::token::{Grammar, Token, TokenKind, Tokens};

/// The most entries that one list has for us; further ones are ignored.
const ADDRESSES_MAX: usize = 4096;

/// Stands for a local part that is not there, as Dovecot writes it.
const MISSING_MAILBOX: &[u8] = b"MISSING_MAILBOX";

/// Stands for a domain that is not there, as Dovecot writes it.
const MISSING_DOMAIN: &[u8] = b"MISSING_DOMAIN";

/// One entry of a list, as ENVELOPE has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// An address.
    Mailbox {
        /// The display name, quoting removed, encoded words as they are.
        name: Option<Vec<u8>>,
        /// The source route, e.g. `@a,@b`.
        route: Option<Vec<u8>>,
        /// The local part, quoting removed.
        local: Vec<u8>,
        domain: Vec<u8>,
    },
    /// The name of a group, whose members follow.
    GroupStart(Vec<u8>),
    GroupEnd,
}

/// Reads an address list and appends its entries.
pub(crate) fn parse(value: &[u8], entries: &mut Vec<Entry>) {
    let mut parser = Parser { entries, in_group: false, pending: Pending::default() };
    for token in Tokens::new(value, Grammar::Mail) {
        if parser.entries.len() >= ADDRESSES_MAX {
            break;
        }
        parser.take(token);
    }
    parser.finish();
    if parser.in_group {
        parser.entries.push(Entry::GroupEnd);
    }
}

/// Where in an address the next word belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// A display name, or a local part if an `@` comes.
    #[default]
    Phrase,
    /// In angle brackets.
    Angle,
    Route,
    Domain {
        in_angle: bool,
    },
    /// Behind a closing angle bracket: only a comment counts.
    Done,
}

/// The address that is being read.
#[derive(Debug, Default)]
struct Pending {
    place: Place,
    phrase: Words,
    route: Words,
    local: Words,
    domain: Words,
    comment: Option<Vec<u8>>,
    has_angle: bool,
}

/// Words and whether white space stood before each, in one piece of memory: a hostile field has many short ones.
#[derive(Debug, Default)]
struct Words {
    text: Vec<u8>,
    /// For each word, whether white space stood before it, and where it ends in the text.
    ends: Vec<(bool, usize)>,
}

impl Words {
    fn push(&mut self, spaced: bool, word: &[u8]) {
        self.text.extend_from_slice(word);
        self.ends.push((spaced, self.text.len()));
    }

    fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn iter(&self) -> impl Iterator<Item = (bool, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(spaced, end)| {
            let word = self.text.get(start..end).unwrap_or_default();
            start = end;
            (spaced, word)
        })
    }

    /// As a phrase: one space where white space was.
    fn phrase(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (spaced, word) in self.iter() {
            if spaced && !text.is_empty() {
                text.push(b' ');
            }
            text.extend_from_slice(word);
        }
        text
    }

    /// As a local part or domain, in which white space may stand around dots (RFC 5322 §4.4).
    fn dotted(&self) -> Vec<u8> {
        let mut text: Vec<u8> = Vec::new();
        for (spaced, word) in self.iter() {
            if spaced && !text.is_empty() && !text.ends_with(b".") && !word.starts_with(b".") {
                text.push(b' ');
            }
            text.extend_from_slice(word);
        }
        text
    }
}

struct Parser<'a> {
    entries: &'a mut Vec<Entry>,
    in_group: bool,
    pending: Pending,
}

impl Parser<'_> {
    fn take(&mut self, token: Token) {
        match token.kind {
            TokenKind::Atom(word) | TokenKind::Quoted(word) | TokenKind::DomainLiteral(word) => {
                self.word(token.spaced, &word);
            }
            TokenKind::Comment(text) => self.pending.comment = Some(text),
            TokenKind::Special(byte) => self.special(byte, token.spaced),
        }
    }

    fn word(&mut self, spaced: bool, word: &[u8]) {
        // White space ends a bare domain: the comma before the next address was forgotten.
        if spaced && self.pending.place == (Place::Domain { in_angle: false }) {
            let ends_open = self.pending.domain.is_empty() || self.pending.domain.text.ends_with(b".");
            if !ends_open && !word.starts_with(b".") {
                self.finish();
            }
        }
        let pending = &mut self.pending;
        match pending.place {
            Place::Phrase => pending.phrase.push(spaced, word),
            Place::Angle => pending.local.push(spaced, word),
            Place::Route => pending.route.push(false, word),
            Place::Domain { .. } => pending.domain.push(spaced, word),
            Place::Done => {}
        }
    }

    fn special(&mut self, byte: u8, spaced: bool) {
        let place = self.pending.place;
        match (byte, place) {
            (b',', Place::Route) => self.pending.route.push(false, b","),
            (b',', _) => self.finish(),
            (b';', _) => {
                self.finish();
                if self.in_group {
                    self.entries.push(Entry::GroupEnd);
                    self.in_group = false;
                }
            }
            (b':', Place::Phrase) if !self.in_group => self.group(),
            (b':', Place::Route) => self.pending.place = Place::Angle,
            (b'<', Place::Done | Place::Domain { .. }) => {
                self.finish();
                self.special(byte, spaced);
            }
            (b'<', Place::Phrase) => {
                self.pending.place = Place::Angle;
                self.pending.has_angle = true;
            }
            (b'>', Place::Angle | Place::Route | Place::Domain { in_angle: true }) => {
                self.pending.place = Place::Done;
            }
            (b'@', Place::Angle) if self.pending.local.is_empty() => {
                self.pending.place = Place::Route;
                self.pending.route.push(false, b"@");
            }
            (b'@', Place::Route) => self.pending.route.push(false, b"@"),
            (b'@', Place::Angle) => self.pending.place = Place::Domain { in_angle: true },
            (b'@', Place::Phrase) => {
                self.pending.local = std::mem::take(&mut self.pending.phrase);
                self.pending.place = Place::Domain { in_angle: false };
            }
            _ => self.word(spaced, &[byte]),
        }
    }

    fn group(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        self.entries.push(Entry::GroupStart(pending.phrase.phrase()));
        self.in_group = true;
    }

    /// Ends the address that is being read, if there is one.
    fn finish(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        // A route without a colon was meant as the domain of a missing local part.
        if pending.place == Place::Route || (pending.local.is_empty() && pending.domain.is_empty()) {
            let route = std::mem::take(&mut pending.route);
            route
                .iter()
                .filter(|(_, word)| *word != b"@")
                .for_each(|(spaced, word)| pending.domain.push(spaced, word));
        }
        let mut phrase = pending.phrase.phrase();
        let is_bare = !pending.has_angle && pending.local.is_empty() && pending.domain.is_empty();
        if is_bare {
            if phrase.is_empty() {
                return;
            }
            // A word alone is a local part whose domain was forgotten.
            pending.local = std::mem::take(&mut pending.phrase);
            phrase.clear();
        }
        let or = |text: Vec<u8>, missing: &[u8]| if text.is_empty() { missing.to_vec() } else { text };
        let route = pending.route.phrase();
        // RFC 5322 §3.4 (note): the name used to stand in a comment.
        let name = if phrase.is_empty() { pending.comment.unwrap_or_default() } else { phrase };
        self.entries.push(Entry::Mailbox {
            name: Some(name.trim_ascii().to_vec()).filter(|name| !name.is_empty()),
            route: Some(route).filter(|route| !route.is_empty()),
            local: or(pending.local.dotted(), MISSING_MAILBOX),
            domain: or(pending.domain.dotted(), MISSING_DOMAIN),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries as text: `name|route|local|domain`.
    fn read(value: &str) -> Vec<String> {
        let mut entries = Vec::new();
        parse(value.as_bytes(), &mut entries);
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap_or_default()).unwrap();
        let entries = entries.into_iter().map(|entry| match entry {
            Entry::Mailbox { name, route, local, domain } => {
                [text(name), text(route), text(Some(local)), text(Some(domain))].join("|")
            }
            Entry::GroupStart(name) => format!("{}:", text(Some(name))),
            Entry::GroupEnd => ";".to_owned(),
        });
        entries.collect()
    }

    #[test]
    fn the_forms_of_an_address_are_understood() {
        for (value, expected) in [
            ("gray@cac.washington.edu", "||gray|cac.washington.edu"),
            ("Terry Gray <gray@cac>", "Terry Gray||gray|cac"),
            ("\"Gray, \\\"T\\\"\"   Jr. <gray@cac>", "Gray, \"T\" Jr.||gray|cac"),
            ("gray@cac (Terry (T.) Gray)", "Terry (T.) Gray||gray|cac"),
            ("<@a.example,@b.example:gray@cac>", "|@a.example,@b.example|gray|cac"),
            ("\"john doe\"@[192.0.2.1]", "||john doe|[192.0.2.1]"),
            ("john . doe @ example . org", "||john.doe|example.org"),
            ("=?utf-8?q?J=C3=B6rg?= <j@x>", "=?utf-8?q?J=C3=B6rg?=||j|x"),
            ("Joe Q. Public <john.q.public@example.com>", "Joe Q. Public||john.q.public|example.com"),
        ] {
            assert_eq!(read(value), vec![expected], "{value}");
        }
    }

    #[test]
    fn groups_have_a_start_and_an_end() {
        assert_eq!(
            read("A Group:Chris Jones <c@a.test>,joe@where.test;, x@y"),
            vec!["A Group:", "Chris Jones||c|a.test", "||joe|where.test", ";", "||x|y"]
        );
        assert_eq!(read("undisclosed-recipients:;"), vec!["undisclosed-recipients:", ";"]);
        assert_eq!(read("open: a@b"), vec!["open:", "||a|b", ";"]);
    }

    #[test]
    fn malformed_addresses_still_have_a_mailbox_and_a_host() {
        for (value, expected) in [
            ("postmaster", "||postmaster|MISSING_DOMAIN"),
            ("Name <>", "Name||MISSING_MAILBOX|MISSING_DOMAIN"),
            ("<@host>", "||MISSING_MAILBOX|host"),
            ("@host", "||MISSING_MAILBOX|host"),
            ("<a@b", "||a|b"),
            ("<user>", "||user|MISSING_DOMAIN"),
        ] {
            assert_eq!(read(value), vec![expected], "{value}");
        }
        assert!(read(" , ,; ").is_empty());
        assert_eq!(read("<a@b> <c@d>"), vec!["||a|b", "||c|d"]);
        assert_eq!(read("a@b c@d"), vec!["||a|b", "||c|d"]);
    }
}
