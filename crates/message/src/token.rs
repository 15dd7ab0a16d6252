//! The lexical tokens that structured header fields are made of (RFC 5322 §3.2, RFC 2045 §5.1).
//!
//! Tolerant: what is left open at the end of a field (a quote, a comment) ends with it.

/// One token. White space is not one, but [`Token::spaced`] tells where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Whether white space or a comment stood before it.
    pub(crate) spaced: bool,
    /// What it is.
    pub(crate) kind: TokenKind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A run of ordinary bytes; dots belong to it.
    Atom(Vec<u8>),
    /// The content of a quoted string, quoting removed.
    Quoted(Vec<u8>),
    /// A domain literal with its brackets, e.g. `[127.0.0.1]`.
    DomainLiteral(Vec<u8>),
    /// The content of a comment, quoting removed; inner comments keep their parentheses.
    Comment(Vec<u8>),
    /// A separator.
    Special(u8),
}

/// Which bytes separate.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Grammar {
    /// Addresses and message ids: `specials` of RFC 5322 §3.2.3 but the dot.
    Mail,
    /// Parameters: only what must separate them, since unquoted values with other `tspecials` of
    /// RFC 2045 §5.1 are common.
    Parameters,
}

impl Grammar {
    const fn is_special(self, byte: u8) -> bool {
        match self {
            Self::Mail => matches!(byte, b'<' | b'>' | b'@' | b',' | b';' | b':' | b'\\' | b')' | b']'),
            Self::Parameters => matches!(byte, b';' | b'=' | b',' | b'/'),
        }
    }

    const fn opens_literal(self, byte: u8) -> bool {
        matches!(self, Self::Mail) && byte == b'['
    }
}

/// Cuts a field's value into tokens.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a [u8],
    grammar: Grammar,
}

impl<'a> Tokens<'a> {
    pub(crate) const fn new(value: &'a [u8], grammar: Grammar) -> Self {
        Self { rest: value, grammar }
    }

    /// What has not been cut yet.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Passes over `count` bytes.
    pub(crate) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn skip_space(&mut self) -> bool {
        let trimmed = self.rest.trim_ascii_start();
        let skipped = trimmed.len() != self.rest.len();
        self.rest = trimmed;
        skipped
    }

    /// Reads up to the closing byte, which is consumed, with quoted pairs resolved.
    fn delimited(&mut self, open: Option<u8>, close: u8) -> Vec<u8> {
        let mut content = Vec::new();
        let mut depth = 0usize;
        let mut bytes = self.rest.iter().enumerate();
        while let Some((at, &byte)) = bytes.next() {
            match byte {
                b'\\' => content.extend(bytes.next().map(|(_, &quoted)| quoted)),
                b'\r' | b'\n' => {}
                _ if byte == close && depth == 0 => {
                    self.skip(at + 1);
                    return content;
                }
                _ => {
                    if byte == close {
                        depth -= 1;
                    } else if Some(byte) == open {
                        depth += 1;
                    }
                    content.push(byte);
                }
            }
        }
        self.rest = &[];
        content
    }

    fn atom(&mut self) -> Vec<u8> {
        let ends = |&b: &u8| {
            b.is_ascii_whitespace()
                || matches!(b, b'"' | b'(')
                || self.grammar.is_special(b)
                || self.grammar.opens_literal(b)
        };
        let length = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let atom = self.rest.get(..length).unwrap_or_default().to_vec();
        self.skip(length);
        atom
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let spaced = self.skip_space();
        let &first = self.rest.first()?;
        let kind = match first {
            b'"' => {
                self.skip(1);
                TokenKind::Quoted(self.delimited(None, b'"'))
            }
            b'(' => {
                self.skip(1);
                TokenKind::Comment(self.delimited(Some(b'('), b')'))
            }
            _ if self.grammar.opens_literal(first) => {
                self.skip(1);
                let content = self.delimited(None, b']');
                TokenKind::DomainLiteral([b"[", content.as_slice(), b"]"].concat())
            }
            _ if self.grammar.is_special(first) => {
                self.skip(1);
                TokenKind::Special(first)
            }
            _ => TokenKind::Atom(self.atom()),
        };
        Some(Token { spaced, kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(value: &[u8]) -> Vec<TokenKind> {
        Tokens::new(value, Grammar::Mail).map(|token| token.kind).collect()
    }

    #[test]
    fn quotes_comments_and_literals_are_one_token_each() {
        use TokenKind::{Atom, Comment, DomainLiteral, Quoted, Special};
        assert_eq!(
            kinds(b"\"a \\\"b\" (c (d\\)) e) f.g@[1.2]"),
            vec![
                Quoted(b"a \"b".to_vec()),
                Comment(b"c (d)) e".to_vec()),
                Atom(b"f.g".to_vec()),
                Special(b'@'),
                DomainLiteral(b"[1.2]".to_vec()),
            ]
        );
    }

    #[test]
    fn what_is_left_open_ends_with_the_field() {
        assert_eq!(kinds(b"\"abc\\"), vec![TokenKind::Quoted(b"abc".to_vec())]);
        assert_eq!(kinds(b"((a)"), vec![TokenKind::Comment(b"(a)".to_vec())]);
    }
}
