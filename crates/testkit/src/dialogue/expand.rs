//! Puts captures (`$name`) and texts (`{@name}`) into lines of a dialogue.

use super::matching::Captures;
use super::problem::Problem;
use super::script::Script;
use super::wire::capture_name;

/// A stretch of what a client sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Sent at once.
    Plain(Vec<u8>),
    /// The content of a literal: sent after the server's `+`.
    Awaited(Vec<u8>),
}

pub(crate) struct Expander<'a> {
    captures: &'a Captures,
    script: &'a Script,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(captures: &'a Captures, script: &'a Script) -> Self {
        Self { captures, script }
    }

    /// A line of a client without literals.
    pub(crate) fn whole(&self, line: &str) -> Result<Part, Problem> {
        self.pattern(line).map(Part::Plain)
    }

    /// A line of a client: `{@name}` waits for the server's `+`, `{@name+}` does not.
    pub(crate) fn client(&self, line: &str) -> Result<Vec<Part>, Problem> {
        let mut parts = Vec::new();
        let mut plain = Vec::new();
        let mut rest = line;
        while let Some((before, name, after)) = split_text(rest) {
            plain.extend(self.substitute(before));
            let (name, mark) = name.strip_suffix('+').map_or((name, ""), |name| (name, "+"));
            let text = self.text(name)?;
            plain.extend(format!("{{{}{mark}}}\r\n", text.len()).bytes());
            if mark.is_empty() {
                parts.push(Part::Plain(std::mem::take(&mut plain)));
                parts.push(Part::Awaited(text.to_vec()));
            } else {
                plain.extend_from_slice(text);
            }
            rest = after;
        }
        plain.extend(self.substitute(rest));
        parts.push(Part::Plain(plain));
        Ok(parts)
    }

    /// A pattern, with literals as a server would send them.
    pub(crate) fn pattern(&self, line: &str) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        for part in self.client(line)? {
            match part {
                Part::Plain(plain) | Part::Awaited(plain) => bytes.extend(plain),
            }
        }
        Ok(bytes)
    }

    fn text(&self, name: &str) -> Result<&'a [u8], Problem> {
        let text = self.script.texts.get(name);
        text.map(Vec::as_slice).ok_or_else(|| Problem::NoText { name: name.to_owned() })
    }

    /// Replaces the captures that are known; the others stay, to be captured.
    fn substitute(&self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            bytes.extend(bytes_of(before));
            let end = after
                .char_indices()
                .skip(1)
                .find(|(_, c)| !(c.is_ascii_alphanumeric() || *c == '_'))
                .map_or(after.len(), |(end, _)| end);
            let (word, after) = after.split_at(end);
            match capture_name(word).and_then(|name| self.captures.get(name)) {
                Some(value) => bytes.extend_from_slice(value),
                None => bytes.extend_from_slice(word.as_bytes()),
            }
            rest = after;
        }
        bytes.extend(bytes_of(rest));
        bytes
    }
}

/// Splits at the first `{@name}`.
fn split_text(line: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = line.split_once("{@")?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The bytes of a text, in which `\xHH` is the byte of that number.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, escaped)) = rest.split_once("\\x") {
        bytes.extend_from_slice(before.as_bytes());
        let number = escaped.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match number.zip(escaped.get(2..)) {
            Some((byte, behind)) => {
                bytes.push(byte);
                rest = behind;
            }
            None => {
                bytes.extend_from_slice(b"\\x");
                rest = escaped;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_and_texts_are_put_in() {
        let mut script = Script::default();
        script.texts.insert("word".to_owned(), b"abc".to_vec());
        let captures = Captures::from([("uid".to_owned(), b"7".to_vec())]);
        let expander = Expander::new(&captures, &script);
        let parts = expander.client("a $uid:$new $Forwarded {@word+} {@word}").unwrap();
        let plain = b"a 7:$new $Forwarded {3+}\r\nabc {3}\r\n".to_vec();
        let end = Part::Plain(Vec::new());
        assert_eq!(parts, [Part::Plain(plain), Part::Awaited(b"abc".to_vec()), end]);
    }

    #[test]
    fn bytes_that_are_no_text_are_written_by_number() {
        for (text, expected) in
            [("a\\x00\\xffb", &b"a\0\xffb"[..]), ("\\Seen \\xyz \\x0", b"\\Seen \\xyz \\x0"), ("\\x41", b"A")]
        {
            assert_eq!(bytes_of(text), expected);
        }
    }
}
