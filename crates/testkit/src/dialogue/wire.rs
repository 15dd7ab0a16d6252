//! Server responses as parsed data, and the patterns that dialogues compare them with.
//!
//! The reader is lenient: it never refuses what a server sends, since telling a wrong answer from a right
//! one is the comparison's work (`matching`). RFC 3501 §7, §9.

/// Nested lists beyond this depth are read as flat; no body structure in a dialogue comes near it.
const NESTING_MAX: usize = 64;

/// One value of a response or of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A number, flag, keyword, section name and the like.
    Atom(String),
    /// A quoted string or a literal.
    Text(Vec<u8>),
    /// A parenthesised list.
    List(Vec<Token>),
    /// `?` in a pattern: any one value.
    Any,
    /// `*` in a pattern: whatever else there is.
    Rest,
    /// `$name` in a pattern, not captured yet.
    Capture(String),
}

impl Token {
    /// The value as plain bytes, which is what a capture keeps; a list has none.
    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Atom(atom) => Some(atom.as_bytes()),
            Self::Text(text) => Some(text),
            Self::List(_) | Self::Any | Self::Rest | Self::Capture(_) => None,
        }
    }

    fn is_number(&self) -> bool {
        match self {
            Self::Atom(atom) => atom.bytes().all(|b| b.is_ascii_digit()),
            Self::Any | Self::Capture(_) => true,
            Self::Text(_) | Self::List(_) | Self::Rest => false,
        }
    }
}

/// Whose text is read: a pattern has wildcards, captures and escapes that a server's line has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Wire,
    Pattern,
}

/// One response of a server, or the pattern of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    /// `+ …`
    Continuation(String),
    /// OK, NO, BAD, BYE, PREAUTH; `tag` is `*` for untagged ones.
    Status { tag: String, word: String, code: Option<Vec<Token>>, text: String },
    /// Everything else.
    Data(Vec<Token>),
}

impl Response {
    /// Reads a complete response, literals included, without its last line end.
    pub(crate) fn parse(raw: &[u8], dialect: Dialect) -> Self {
        let (tag, rest) = split_word(raw);
        if tag == b"+" {
            return Self::Continuation(lossy(rest));
        }
        let (word, after) = split_word(rest);
        let word = lossy(word).to_ascii_uppercase();
        let is_status = word.split('|').all(|w| matches!(w, "OK" | "NO" | "BAD" | "BYE" | "PREAUTH"));
        if tag == b"*" && !is_status {
            return Self::Data(Reader { bytes: rest, dialect }.list(0, None));
        }
        let (code, text) = split_code(after);
        let code = code.map(|bytes| Reader { bytes, dialect }.list(0, None));
        Self::Status { tag: lossy(tag), word, code, text: lossy(text) }
    }

    /// What the response is about: `EXISTS`, `FETCH`, `OK UIDNEXT`, `BYE`, …; `None` for tagged answers and
    /// continuation requests, which are never passed over.
    pub(crate) fn kind(&self) -> Option<String> {
        match self {
            Self::Status { tag, word, code, .. } if tag == "*" => {
                let code = code.as_ref().and_then(|code| code.first()).and_then(Token::bytes);
                Some(code.map_or_else(|| word.clone(), |code| format!("{word} {}", upper(code))))
            }
            Self::Data(tokens) => {
                let first = tokens.first()?;
                let name = if first.is_number() { tokens.get(1)? } else { first };
                name.bytes().map(upper)
            }
            Self::Status { .. } | Self::Continuation(_) => None,
        }
    }
}

fn upper(bytes: &[u8]) -> String {
    lossy(bytes).to_ascii_uppercase()
}

pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The bytes up to the first space, and those after it.
fn split_word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&b| b == b' ').unwrap_or(bytes.len());
    let (word, rest) = bytes.split_at(end);
    (word, rest.strip_prefix(b" ").unwrap_or(rest))
}

/// Splits `[CODE …] text`; a bracket that never closes is text.
fn split_code(bytes: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(inner) = bytes.strip_prefix(b"[") else { return (None, bytes) };
    let Some(end) = bracket_end(inner) else { return (None, bytes) };
    let (code, rest) = inner.split_at(end);
    let rest = rest.strip_prefix(b"]").unwrap_or(rest);
    (Some(code), rest.strip_prefix(b" ").unwrap_or(rest))
}

/// Where the `]` is that closes a bracket opened just before `bytes`; brackets in quotes do not count.
fn bracket_end(bytes: &[u8]) -> Option<usize> {
    let mut quoted = false;
    bytes.iter().position(|&b| {
        quoted ^= b == b'"';
        b == b']' && !quoted
    })
}

struct Reader<'a> {
    bytes: &'a [u8],
    dialect: Dialect,
}

impl Reader<'_> {
    /// Values up to `close`, or to the end.
    fn list(&mut self, depth: usize, close: Option<u8>) -> Vec<Token> {
        let mut tokens = Vec::new();
        while let Some((&first, rest)) = self.bytes.split_first() {
            if Some(first) == close {
                self.bytes = rest;
                break;
            }
            match first {
                b' ' | b')' | b'\r' | b'\n' => self.bytes = rest,
                b'(' if depth < NESTING_MAX => {
                    self.bytes = rest;
                    tokens.push(Token::List(self.list(depth + 1, Some(b')'))));
                }
                b'(' => self.bytes = rest,
                b'"' => {
                    self.bytes = rest;
                    tokens.push(Token::Text(self.quoted()));
                }
                _ => tokens.push(self.literal().unwrap_or_else(|| self.atom())),
            }
        }
        tokens
    }

    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut escaped = false;
        while let Some((&byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            match byte {
                b'r' if escaped && self.dialect == Dialect::Pattern => text.push(b'\r'),
                b'n' if escaped && self.dialect == Dialect::Pattern => text.push(b'\n'),
                _ if escaped => text.push(byte),
                b'\\' => {
                    escaped = true;
                    continue;
                }
                b'"' => break,
                _ => text.push(byte),
            }
            escaped = false;
        }
        text
    }

    fn literal(&mut self) -> Option<Token> {
        let line_end = self.bytes.windows(2).position(|pair| pair == b"\r\n")?;
        let (announced, rest) = self.bytes.split_at(line_end);
        if announced.contains(&b' ') {
            return None;
        }
        let length = literal_length(announced)?;
        let rest = rest.strip_prefix(b"\r\n")?;
        let (text, rest) = rest.split_at_checked(length)?;
        self.bytes = rest;
        Some(Token::Text(text.to_vec()))
    }

    fn atom(&mut self) -> Token {
        let end = atom_end(self.bytes);
        let (atom, rest) = self.bytes.split_at(end);
        self.bytes = rest;
        let atom = lossy(atom);
        match (self.dialect, atom.as_str()) {
            (Dialect::Pattern, "*") => Token::Rest,
            (Dialect::Pattern, "?") => Token::Any,
            (Dialect::Pattern, name) if capture_name(name).is_some() => {
                Token::Capture(name.trim_start_matches('$').to_owned())
            }
            _ => Token::Atom(atom),
        }
    }
}

/// The length that `{n}`, `{n+}` or `~{n}` at the end of `line` announces.
pub(crate) fn literal_length(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").unwrap_or(inner);
    let open = inner.iter().rposition(|&b| b == b'{')?;
    std::str::from_utf8(inner.get(open + 1..)?).ok()?.parse().ok()
}

/// An atom ends at a space or parenthesis; a section in brackets belongs to it whole, spaces and all.
fn atom_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'(' | b')' | b'\r' | b'\n' => break,
            b'[' if at > 0 => {
                let section = bytes.get(at + 1..).and_then(bracket_end);
                at += section.map_or(1, |end| end + 2);
            }
            _ => at += 1,
        }
    }
    at.max(1).min(bytes.len())
}

/// `name` if the text is `$name` with a name of captures: lower-case letters, digits, underscores, so that
/// keywords such as `$Forwarded` stay keywords.
pub(crate) fn capture_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &str) -> Token {
        Token::Atom(text.to_owned())
    }

    #[test]
    fn a_section_with_a_header_list_is_one_atom() {
        let response =
            Response::parse(b"* 1 FETCH (BODY[HEADER.FIELDS (FROM TO)]<0> {3}\r\na)b UID 7)", Dialect::Wire);
        let items = vec![
            atom("BODY[HEADER.FIELDS (FROM TO)]<0>"),
            Token::Text(b"a)b".to_vec()),
            atom("UID"),
            atom("7"),
        ];
        assert_eq!(response, Response::Data(vec![atom("1"), atom("FETCH"), Token::List(items)]));
        assert_eq!(response.kind().as_deref(), Some("FETCH"));
    }

    #[test]
    fn a_code_is_read_and_free_text_is_left_alone() {
        let response = Response::parse(b"* OK [UIDNEXT 4] it's \"fine(", Dialect::Wire);
        assert_eq!(response.kind().as_deref(), Some("OK UIDNEXT"));
        let Response::Status { text, code, .. } = response else { panic!("a status") };
        assert_eq!(text, "it's \"fine(");
        assert_eq!(code, Some(vec![atom("UIDNEXT"), atom("4")]));
    }

    #[test]
    fn keywords_with_capitals_are_not_captures() {
        assert_eq!(capture_name("$Forwarded"), None);
        assert_eq!(capture_name("$uid1"), Some("uid1"));
    }
}
