//! The MIME header fields of a part: types and their parameters (RFC 2045 §5, RFC 2183 §2).
//!
//! Parameters stay as they are on the wire; `decode::parameter` joins and decodes them (RFC 2231).

use crate::header::{self, Field};
use crate::token::{Grammar, Token, TokenKind, Tokens};

/// The most parameters that one field has for us; further ones are ignored.
const PARAMETERS_MAX: usize = 128;

/// An attribute and its value, quoting removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The attribute, in the case it was written in.
    pub name: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
}

/// A `Content-Type` (RFC 2045 §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// The type, in the case it was written in.
    pub main: Vec<u8>,
    /// The subtype, likewise.
    pub sub: Vec<u8>,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
}

impl ContentType {
    /// Reads the field's value; `None` if it does not begin with `type/subtype`.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut tokens = Tokens::new(value, Grammar::Parameters);
        let main = atom(significant(&mut tokens)?)?;
        if significant(&mut tokens)?.kind != TokenKind::Special(b'/') {
            return None;
        }
        let sub = atom(significant(&mut tokens)?)?;
        Some(Self { main, sub, parameters: parameters(tokens) })
    }

    /// Whether this is `main/sub`, in any case.
    #[must_use]
    pub fn is(&self, main: &str, sub: &str) -> bool {
        self.is_main(main) && self.sub.eq_ignore_ascii_case(sub.as_bytes())
    }

    /// Whether the type, without its subtype, is `main`, in any case.
    #[must_use]
    pub fn is_main(&self, main: &str) -> bool {
        self.main.eq_ignore_ascii_case(main.as_bytes())
    }

    /// Whether it is that of a whole message: `message/rfc822`, or `message/global` (RFC 6532 §3.7), which the grammar
    /// of RFC 9051 §9 (media-message) treats alike.
    #[must_use]
    pub(crate) fn is_message(&self) -> bool {
        self.is("message", "rfc822") || self.is("message", "global")
    }

    /// The value of the first parameter of that name, as it is on the wire.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let found = self.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(&found.value)
    }
}

/// A `Content-Disposition` (RFC 2183 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disposition {
    pub(crate) kind: Vec<u8>,
    pub(crate) parameters: Vec<Parameter>,
}

impl Disposition {
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let mut tokens = Tokens::new(value, Grammar::Parameters);
        let kind = atom(significant(&mut tokens)?)?;
        Some(Self { kind, parameters: parameters(tokens) })
    }
}

/// What the header of one part says about its content; the first field of a name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartHeader {
    pub(crate) content_type: Option<ContentType>,
    pub(crate) encoding: Option<Vec<u8>>,
    pub(crate) id: Option<Vec<u8>>,
    pub(crate) description: Option<Vec<u8>>,
    pub(crate) md5: Option<Vec<u8>>,
    pub(crate) disposition: Option<Disposition>,
    /// RFC 3282 §2: tags, in order.
    pub(crate) language: Vec<Vec<u8>>,
    pub(crate) location: Option<Vec<u8>>,
}

impl PartHeader {
    pub(crate) fn parse(header: &[u8]) -> Self {
        let mut part = Self::default();
        for field in header::considered(header) {
            part.take(&field);
        }
        part
    }

    fn take(&mut self, field: &Field<'_>) {
        let prefix = b"content-";
        let Some((start, rest)) = field.name.split_at_checked(prefix.len()) else { return };
        if !start.eq_ignore_ascii_case(prefix) {
            return;
        }
        let text = |slot: &mut Option<Vec<u8>>| {
            slot.get_or_insert_with(|| header::unfold(field.value).into_owned());
        };
        match rest.to_ascii_lowercase().as_slice() {
            b"type" => keep(&mut self.content_type, || ContentType::parse(field.value)),
            b"transfer-encoding" => keep(&mut self.encoding, || {
                atom(significant(&mut Tokens::new(field.value, Grammar::Parameters))?)
            }),
            b"id" => text(&mut self.id),
            b"description" => text(&mut self.description),
            b"md5" => text(&mut self.md5),
            b"disposition" => keep(&mut self.disposition, || Disposition::parse(field.value)),
            b"language" if self.language.is_empty() => self.language = languages(field.value),
            b"location" => text(&mut self.location),
            _ => {}
        }
    }
}

/// Reads a field only while none of its name has been understood.
fn keep<T>(slot: &mut Option<T>, parse: impl FnOnce() -> Option<T>) {
    if slot.is_none() {
        *slot = parse();
    }
}

/// The content type of a header, if it states one.
pub(crate) fn content_type(header: &[u8]) -> Option<ContentType> {
    header::considered(header)
        .filter(|field| field.is("content-type"))
        .find_map(|field| ContentType::parse(field.value))
}

fn languages(value: &[u8]) -> Vec<Vec<u8>> {
    Tokens::new(value, Grammar::Parameters).filter_map(atom).take(PARAMETERS_MAX).collect()
}

/// The next token that is no comment.
fn significant(tokens: &mut Tokens<'_>) -> Option<Token> {
    tokens.find(|token| !matches!(token.kind, TokenKind::Comment(_)))
}

fn atom(token: Token) -> Option<Vec<u8>> {
    match token.kind {
        TokenKind::Atom(text) | TokenKind::Quoted(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn parameters(mut tokens: Tokens<'_>) -> Vec<Parameter> {
    let mut found = Vec::new();
    let mut name: Option<Vec<u8>> = None;
    while let Some(token) = significant(&mut tokens) {
        match token.kind {
            TokenKind::Special(b';') => name = None,
            TokenKind::Special(b'=') => {
                let Some(name) = name.take() else { continue };
                let value = value(&mut tokens);
                found.push(Parameter { name, value });
                if found.len() == PARAMETERS_MAX {
                    break;
                }
            }
            // Of several words before the sign, the last is the name: a semicolon was forgotten.
            TokenKind::Atom(text) => name = Some(text),
            _ => {}
        }
    }
    found
}

/// A parameter's value. An unquoted one runs to the semicolon or white space, whatever it holds.
fn value(tokens: &mut Tokens<'_>) -> Vec<u8> {
    loop {
        let rest = tokens.rest().trim_ascii_start();
        match rest.first() {
            Some(b'"' | b'(') => match tokens.next().map(|token| token.kind) {
                Some(TokenKind::Quoted(text)) => return text,
                _ => continue,
            },
            _ => {
                tokens.skip(tokens.rest().len() - rest.len());
                let ends = |b: &u8| b.is_ascii_whitespace() || *b == b';';
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                let text = rest.get(..length).unwrap_or_default().to_vec();
                tokens.skip(length);
                return text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_read_with_its_parameters() {
        let value = b" text/plain; (note) charset = us-ascii (Plain text);\r\n name=\"a \\\"b\\\".txt\";x=a/b=c; empty=";
        let found = ContentType::parse(value).unwrap();
        assert!(found.is("TEXT", "Plain"));
        assert_eq!(found.parameter("Charset").unwrap(), b"us-ascii");
        assert_eq!(found.parameter("name").unwrap(), b"a \"b\".txt");
        assert_eq!(found.parameter("x").unwrap(), b"a/b=c");
        assert_eq!(found.parameter("empty").unwrap(), b"");
    }

    #[test]
    fn what_is_no_content_type_is_none() {
        for value in [&b""[..], b"text", b"text/", b"/plain", b"; charset=x"] {
            assert_eq!(ContentType::parse(value), None);
        }
    }

    #[test]
    fn the_fields_of_a_part_are_gathered() {
        let part = PartHeader::parse(
            b"Content-Disposition: attachment; filename=x\r\nContent-Language: en, de (German)\r\n\
              content-id: <a@b>\r\nContent-Transfer-Encoding: base64 (yes)\r\n\r\n",
        );
        assert_eq!(part.disposition.unwrap().parameters[0].value, b"x");
        assert_eq!(part.language, vec![b"en".to_vec(), b"de".to_vec()]);
        assert_eq!(part.id.unwrap(), b"<a@b>");
        assert_eq!(part.encoding.unwrap(), b"base64");
    }
}
