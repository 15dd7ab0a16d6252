//! Parameter values: continuations, charsets and languages (RFC 2231 §3, §4).

use super::quoted_printable::escape;
use super::{charset, encoded_words};
use crate::mime::Parameter;

/// One piece of a value.
struct Segment<'a> {
    number: u32,
    /// Whether it holds percent escapes.
    is_extended: bool,
    value: &'a [u8],
}

/// The decoded value of a parameter, or `None` if it is not there.
///
/// Pieces may stand in any order; the first gap ends the value. A value without RFC 2231 may hold encoded
/// words, which RFC 2047 §5 forbids and many mailers write.
#[must_use]
pub fn parameter(parameters: &[Parameter], name: &str) -> Option<String> {
    let mut segments: Vec<_> = parameters.iter().filter_map(|p| segment(p, name)).collect();
    if segments.is_empty() {
        let plain = parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))?;
        return Some(encoded_words(&plain.value));
    }
    segments.sort_by_key(|segment| segment.number);
    let mut label = None;
    let mut bytes = Vec::new();
    for (expected, segment) in (0..).zip(&segments) {
        if segment.number != expected {
            break;
        }
        let mut value = segment.value;
        if segment.is_extended && expected == 0 {
            // RFC 2231 §4: charset'language'text
            let mut parts = value.splitn(3, |&b| b == b'\'');
            if let (Some(charset), Some(_), Some(text)) = (parts.next(), parts.next(), parts.next()) {
                label = Some(charset);
                value = text;
            }
        }
        push_segment(&mut bytes, value, segment.is_extended);
    }
    Some(charset::text(label, &bytes))
}

/// The parameter as a piece of `name`: `name*`, `name*0` or `name*0*`.
fn segment<'a>(parameter: &'a Parameter, name: &str) -> Option<Segment<'a>> {
    let (start, suffix) = parameter.name.split_at_checked(name.len())?;
    if !start.eq_ignore_ascii_case(name.as_bytes()) {
        return None;
    }
    let suffix = std::str::from_utf8(suffix.strip_prefix(b"*")?).ok()?;
    let (digits, is_extended) = match suffix.strip_suffix('*') {
        Some(digits) => (digits, true),
        None => (suffix, suffix.is_empty()),
    };
    let number = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some(Segment { number, is_extended, value: &parameter.value })
}

fn push_segment(out: &mut Vec<u8>, value: &[u8], is_extended: bool) {
    let mut rest = value;
    while let Some((&first, after)) = rest.split_first() {
        match escape(after).filter(|_| is_extended && first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::ContentType;

    fn read(parameters: &str, name: &str) -> Option<String> {
        let found = ContentType::parse(format!("a/b; {parameters}").as_bytes()).unwrap();
        parameter(&found.parameters, name)
    }

    #[test]
    fn the_rfcs_examples_are_decoded() {
        let url = "URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"";
        assert_eq!(read(url, "url").unwrap(), "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar");
        let title = "title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A";
        assert_eq!(read(title, "title").unwrap(), "This is ***fun***");
        let title = "title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*0*=us-ascii'en'This%20is%20even%20more%20; title*2=\"isn't it!\"";
        assert_eq!(read(title, "title").unwrap(), "This is even more ***fun*** isn't it!");
    }

    #[test]
    fn other_forms_are_read_too() {
        assert_eq!(read("name=\"=?utf-8?q?=C3=A4?=.txt\"", "NAME").unwrap(), "ä.txt");
        assert_eq!(read("name*0=a; name*2=c", "name").unwrap(), "a");
        assert_eq!(read("name*=plain", "name").unwrap(), "plain");
        assert_eq!(read("names=x", "name"), None);
    }
}
