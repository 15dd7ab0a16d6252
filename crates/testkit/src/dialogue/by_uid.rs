//! What a dialogue that is written for message numbers expects where there are none (RFC 9586).
//!
//! A FETCH response is expected as UIDFETCH, which is compared by its UID where the dialogue names one, and EXPUNGE
//! responses as VANISHED, by their count.

use super::wire::{Response, Token, lossy};

/// Verbs that take message numbers, unless UID stands before them.
const BY_NUMBER: [&str; 8] = ["FETCH", "STORE", "COPY", "MOVE", "SEARCH", "SORT", "THREAD", "REPLACE"];

/// The tag of a client's line, if its command takes message numbers.
pub(crate) fn tag_by_number(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    let (tag, verb) = (words.next()?, words.next()?);
    BY_NUMBER.iter().any(|name| verb.eq_ignore_ascii_case(name)).then_some(tag)
}

/// Whether a response says that message numbers are refused; to the command of that tag, or to any.
pub(crate) fn is_refusal(response: &Response, of: Option<&str>) -> bool {
    let Response::Status { tag, word, code: Some(code), .. } = response else { return false };
    let code = code.first().and_then(Token::bytes);
    word == "BAD" && code == Some(b"UIDREQUIRED") && of.is_none_or(|of| of == tag)
}

/// A UIDFETCH response and the pattern of a FETCH response, as two of FETCH that differ only in what matters.
pub(crate) fn aligned(pattern: &Response, got: &Response) -> Option<(Response, Response)> {
    let (Response::Data(pattern), Response::Data(got)) = (pattern, got) else { return None };
    let [uid, name, Token::List(items)] = got.as_slice() else { return None };
    if !is(name, "UIDFETCH") || !pattern.get(1).is_some_and(|name| is(name, "FETCH")) {
        return None;
    }
    let names_uid = match pattern.get(2) {
        Some(Token::List(items)) => items.iter().any(|item| is(item, "UID")),
        _ => false,
    };
    let mut told: Vec<Token> = items
        .chunks(2)
        .filter(|pair| !pair.first().is_some_and(|name| is(name, "UID")))
        .flatten()
        .cloned()
        .collect();
    if names_uid {
        told.extend([Token::Atom("UID".to_owned()), uid.clone()]);
    }
    let mut pattern = pattern.clone();
    if let Some(number) = pattern.first_mut() {
        *number = Token::Any;
    }
    let got = vec![uid.clone(), Token::Atom("FETCH".to_owned()), Token::List(told)];
    Some((Response::Data(pattern), Response::Data(got)))
}

/// How many messages a VANISHED response tells of that are expunged now.
pub(crate) fn vanished(got: &Response) -> Option<usize> {
    let Response::Data(tokens) = got else { return None };
    let [name, Token::Atom(set)] = tokens.as_slice() else { return None };
    if !is(name, "VANISHED") {
        return None;
    }
    let count = |range: &str| {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        Some(to.parse::<usize>().ok()?.checked_sub(from.parse().ok()?)? + 1)
    };
    set.split(',').map(count).sum()
}

fn is(token: &Token, name: &str) -> bool {
    token.bytes().is_some_and(|bytes| lossy(bytes).eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::super::matching::matches;
    use super::super::wire::Dialect;
    use super::*;

    fn agree(pattern: &str, got: &str) -> bool {
        let pattern = Response::parse(pattern.as_bytes(), Dialect::Pattern);
        let (pattern, got) = aligned(&pattern, &Response::parse(got.as_bytes(), Dialect::Wire)).unwrap();
        matches(&pattern, &got).is_some()
    }

    #[test]
    fn fetch_is_compared_by_uid() {
        assert!(agree("* 1 FETCH (UID 7 FLAGS ())", "* 7 UIDFETCH (FLAGS ())"));
        assert!(agree("* 1 FETCH (UID 7 FLAGS ())", "* 7 UIDFETCH (UID 7 FLAGS ())"));
        assert!(agree("* 1 FETCH (FLAGS ())", "* 7 UIDFETCH (FLAGS ())"));
        assert!(agree("* 1 FETCH (FLAGS ())", "* 7 UIDFETCH (UID 7 FLAGS ())"));
        assert!(!agree("* 1 FETCH (UID 8 FLAGS ())", "* 7 UIDFETCH (FLAGS ())"));
        assert!(!agree("* 1 FETCH (UID 7)", "* 7 UIDFETCH (FLAGS ())"));
    }

    #[test]
    fn what_vanished_is_counted() {
        let vanished = |line: &str| vanished(&Response::parse(line.as_bytes(), Dialect::Wire));
        assert_eq!(vanished("* VANISHED 3,5:9"), Some(6));
        assert_eq!(vanished("* VANISHED (EARLIER) 3"), None);
        assert_eq!(vanished("* 3 EXPUNGE"), None);
    }

    #[test]
    fn commands_by_number_are_known() {
        assert_eq!(tag_by_number("a1 fetch 1 FLAGS"), Some("a1"));
        assert_eq!(tag_by_number("a1 UID FETCH 1 FLAGS"), None);
        assert_eq!(tag_by_number("DONE"), None);
    }
}
