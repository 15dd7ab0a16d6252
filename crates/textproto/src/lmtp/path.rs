//! Paths, as MAIL and RCPT name them (RFC 5321 §4.1.2, RFC 6531 §3.3). A local part without a domain is taken too, as
//! mail servers hand such over to local users.

use delivery::Address;

use super::command::{PathFault, Violation};
use super::limits::{DOMAIN_BYTES_MAX, LOCAL_BYTES_MAX, PATH_BYTES_MAX};

/// Reads a path at the beginning of `text`; `None` for the null path `<>`. The rest of the text comes with it.
pub(super) fn path(text: &str) -> Result<(Option<Address>, &str), Violation> {
    let wrong = Violation::Path;
    let inner = text.strip_prefix('<').ok_or_else(|| wrong(PathFault::Brackets))?;
    if let Some(rest) = inner.strip_prefix('>') {
        return Ok((None, rest));
    }
    let inner = without_route(inner).ok_or_else(|| wrong(PathFault::Route))?;
    let (local, rest) = local_part(inner).ok_or_else(|| wrong(PathFault::LocalPart))?;
    let (domain, rest) = match rest.strip_prefix('@') {
        None => (None, rest),
        Some(rest) => {
            let end = rest.find('>').ok_or_else(|| wrong(PathFault::Brackets))?;
            let (domain, rest) = rest.split_at(end);
            if !is_domain(domain) {
                return Err(wrong(PathFault::Domain));
            }
            (Some(domain.to_owned()), rest)
        }
    };
    let rest = rest.strip_prefix('>').ok_or_else(|| wrong(PathFault::Brackets))?;
    let domain_bytes = domain.as_ref().map_or(0, String::len);
    if local.len() > LOCAL_BYTES_MAX
        || domain_bytes > DOMAIN_BYTES_MAX
        || text.len() - rest.len() > PATH_BYTES_MAX
    {
        return Err(wrong(PathFault::TooLong));
    }
    Ok((Some(Address { local, domain }), rest))
}

/// Source routes are read over (RFC 5321 §4.1.2, appendix C).
fn without_route(inner: &str) -> Option<&str> {
    if !inner.starts_with('@') {
        return Some(inner);
    }
    let (route, rest) = inner.split_once(':')?;
    let hop = |hop: &str| hop.strip_prefix('@').is_some_and(is_domain);
    route.split(',').all(hop).then_some(rest)
}

/// A dot-string or a quoted string, without its quotes, and what follows it.
fn local_part(text: &str) -> Option<(String, &str)> {
    match text.strip_prefix('"') {
        Some(quoted) => quoted_string(quoted),
        None => {
            let end = text.find(|c| !is_atext(c) && c != '.').unwrap_or(text.len());
            let (local, rest) = text.split_at(end);
            let is_dot_string = local.split('.').all(|atom| !atom.is_empty());
            is_dot_string.then(|| (local.to_owned(), rest))
        }
    }
}

fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut local = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((local, text.get(at + 1..)?)),
            '\\' => {
                local.push(chars.next().map(|(_, c)| c).filter(|&c| is_qtext(c) || matches!(c, '"' | '\\'))?)
            }
            c if is_qtext(c) => local.push(c),
            _ => return None,
        }
    }
    None
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

/// What a quoted string may hold without a backslash.
fn is_qtext(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\') || !c.is_ascii() && !c.is_control()
}

/// A domain name, or an address literal.
pub(super) fn is_domain(text: &str) -> bool {
    if let Some(literal) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return !literal.is_empty() && literal.chars().all(|c| c.is_ascii_hexdigit() || ":.IPv".contains(c));
    }
    let in_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii() && c.is_alphanumeric();
    let label = |label: &str| !label.is_empty() && label.chars().all(in_label) && !label.starts_with('-');
    text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, PathFault> {
        match path(text) {
            Ok((address, rest)) => {
                assert_eq!(rest, "", "{text}");
                Ok(address.map(|address| address.to_string()).unwrap_or_default())
            }
            Err(Violation::Path(fault)) => Err(fault),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn every_form_of_a_path_is_read() {
        for (text, address) in [
            ("<>", ""),
            ("<ada@example.org>", "ada@example.org"),
            ("<ada.b+c@example.org>", "ada.b+c@example.org"),
            ("<\"ada b\"@example.org>", "\"ada b\"@example.org"),
            ("<\"a\\\"\\\\\"@example.org>", "\"a\\\"\\\\\"@example.org"),
            ("<\"ada\"@example.org>", "ada@example.org"),
            ("<\"a>b\"@example.org>", "\"a>b\"@example.org"),
            ("<ada@[192.0.2.1]>", "ada@[192.0.2.1]"),
            ("<ada@[IPv6:2001:db8::1]>", "ada@[IPv6:2001:db8::1]"),
            ("<@a.example,@b.example:ada@example.org>", "ada@example.org"),
            ("<Postmaster>", "Postmaster"),
            ("<j\u{f6}rg@b\u{fc}cher.example>", "j\u{f6}rg@b\u{fc}cher.example"),
        ] {
            assert_eq!(read(text), Ok(address.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_the_reason() {
        for (text, fault) in [
            ("ada@example.org", PathFault::Brackets),
            ("<ada@example.org", PathFault::Brackets),
            ("<ada b@example.org>", PathFault::Brackets),
            ("<@example.org>", PathFault::Route),
            ("<.ada@example.org>", PathFault::LocalPart),
            ("<ada.@example.org>", PathFault::LocalPart),
            ("<a..b@example.org>", PathFault::LocalPart),
            ("<\"ada@example.org>", PathFault::LocalPart),
            ("<\"a\rb\"@example.org>", PathFault::LocalPart),
            ("<ada@>", PathFault::Domain),
            ("<ada@a..b>", PathFault::Domain),
            ("<ada@-a>", PathFault::Domain),
            ("<ada@exa mple>", PathFault::Domain),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
        let (local, domain) = ("a".repeat(LOCAL_BYTES_MAX), format!("{}.example", "b".repeat(170)));
        assert!(read(&format!("<{local}@{domain}>")).is_ok());
        assert_eq!(read(&format!("<{local}a@{domain}>")), Err(PathFault::TooLong));
        assert_eq!(read(&format!("<{local}@{}.{domain}>", "c".repeat(90))), Err(PathFault::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(local in "[ -~\u{e4}\u{fc}]{1,20}", domain in "[a-z]{1,8}(\\.[a-z0-9]{1,8}){0,3}") {
            let address = Address { local, domain: Some(domain) };
            let text = format!("<{address}>");
            prop_assert_eq!(path(&text), Ok((Some(address), "")));
        }

        #[test]
        fn no_text_is_too_much(text in "[<>@\",:\\\\a.\\[\\] \\PC]{0,40}") {
            let _read_or_refused = path(&text);
        }
    }
}
