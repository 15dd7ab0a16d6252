//! Quoted-printable (RFC 2045 §6.7).

/// More white space than a gateway adds before a line break; beyond it a sign is taken as it stands.
const PADDING_BYTES_MAX: usize = 80;

/// Decodes text; gives how many bytes of it were read.
///
/// Unless it is the last piece of a text, an escape that its end cuts is left for the next one.
pub(super) fn decode(text: &[u8], is_last: bool, out: &mut Vec<u8>) -> usize {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'=', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let after = rest.get(at + 1..).unwrap_or_default();
        if !is_last && is_cut(after) {
            return text.len() - after.len() - 1;
        }
        rest = if let Some(byte) = escape(after) {
            out.push(byte);
            after.get(2..).unwrap_or_default()
        } else if let Some(next_line) = soft_break(after) {
            next_line
        } else {
            out.push(b'=');
            after
        };
    }
    out.extend_from_slice(rest);
    text.len()
}

/// Whether what follows the sign decides too little: one digit, or nothing but padding.
fn is_cut(after: &[u8]) -> bool {
    after.len() < 2 || (after.len() < PADDING_BYTES_MAX && after.iter().all(is_padding))
}

fn is_padding(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}

/// The byte that two hexadecimal digits, of any case, stand for.
pub(super) fn escape(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

/// The next line, if nothing but white space stands before it (RFC 2045 §6.7 rule 3).
fn soft_break(after: &[u8]) -> Option<&[u8]> {
    let padding = after.iter().take(PADDING_BYTES_MAX).take_while(|&b| is_padding(b)).count();
    match after.get(padding) {
        Some(b'\n') => after.get(padding + 1..),
        None => Some(&[]),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::quoted_printable;

    #[test]
    fn escapes_and_soft_breaks_are_resolved_and_all_else_stands() {
        assert_eq!(quoted_printable(b"a=3D=3d=\r\nb= \t\nc=\nd"), b"a==bcd");
        assert_eq!(quoted_printable(b"100% = =ZZ =3"), b"100% = =ZZ =3");
        assert_eq!(quoted_printable(b"end="), b"end");
    }
}
