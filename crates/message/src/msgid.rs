//! Message identifiers in Message-ID, In-Reply-To and References (RFC 5322 §3.6.4).
//!
//! They are normalised as RFC 5256 §3 asks (quoting, comments and white space removed), so that equal
//! ids are equal strings.

use crate::token::{Grammar, TokenKind, Tokens};

/// The longest id that is kept, in bytes, with its brackets; longer ones are passed over.
const ID_BYTES_MAX: usize = 1000;

/// The ids in a field's value, each with its angle brackets. Words outside brackets are no ids.
pub(crate) fn ids(value: &[u8]) -> impl Iterator<Item = String> {
    let mut tokens = Tokens::new(value, Grammar::Mail);
    std::iter::from_fn(move || next(&mut tokens))
}

fn next(tokens: &mut Tokens<'_>) -> Option<String> {
    let mut id: Option<Vec<u8>> = None;
    for token in tokens {
        match token.kind {
            TokenKind::Special(b'<') => id = Some(b"<".to_vec()),
            TokenKind::Special(b'>') => {
                let Some(mut found) = id.take().filter(|id| id.len() > 1) else { continue };
                found.push(b'>');
                return Some(String::from_utf8_lossy(&found).into_owned());
            }
            TokenKind::Special(byte) => id = longer(id, &[byte]),
            TokenKind::Atom(text) | TokenKind::Quoted(text) | TokenKind::DomainLiteral(text) => {
                id = longer(id, &text);
            }
            TokenKind::Comment(_) => {}
        }
    }
    None
}

/// The id with more of it; none when there would be no room for the bracket that closes it.
fn longer(id: Option<Vec<u8>>, text: &[u8]) -> Option<Vec<u8>> {
    let mut id = id.filter(|id| id.len() + text.len() < ID_BYTES_MAX)?;
    id.extend_from_slice(text);
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_normalised() {
        let found: Vec<_> =
            ids(b"Your message <a@b>\r\n\t<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com> (c) < c . d @ e > <> <open")
                .collect();
        assert_eq!(found, vec!["<a@b>", "<01KF8JCEOCBS0045PS@xxx.yyy.com>", "<c.d@e>"]);
    }
}
