//! Compares a response with its pattern, as data: where the protocol leaves the order free, so does this.
//!
//! FETCH and STATUS items compare as pairs in any order, flags, capabilities, mailbox attributes and search
//! results as sets, UID sets by what they contain. An atom in the pattern ignores case, a quoted string does
//! not. `\Recent`, `\Marked` and `\Unmarked` count only where the pattern names them.

use std::collections::BTreeMap;

use super::wire::{Response, Token, lossy};

/// The captures of a dialogue, by name.
pub(crate) type Captures = BTreeMap<String, Vec<u8>>;

/// A UID set with more members than this is compared as text.
const SET_MEMBERS_MAX: u64 = 100_000;

/// What a server may add to any flag or attribute list without it mattering to a dialogue.
const UNREMARKABLE: [&str; 3] = ["\\Recent", "\\Marked", "\\Unmarked"];

/// The captures that the response binds if it is what the pattern says.
pub(crate) fn matches(pattern: &Response, got: &Response) -> Option<Captures> {
    let mut matcher = Matcher { bound: Captures::new() };
    matcher.response(pattern, got).then_some(matcher.bound)
}

/// In what order the values of a list may come.
#[derive(Clone, Copy)]
enum Order {
    Fixed,
    Free,
    Pairs,
}

struct Matcher {
    bound: Captures,
}

impl Matcher {
    fn response(&mut self, pattern: &Response, got: &Response) -> bool {
        match (pattern, got) {
            (Response::Continuation(pattern), Response::Continuation(got)) => free_text(pattern, got),
            (
                Response::Status { tag, word, code, text },
                Response::Status { tag: got_tag, word: got_word, code: got_code, text: got_text },
            ) => {
                tag == got_tag
                    && word.split('|').any(|w| w == got_word)
                    && code.as_ref().is_none_or(|code| self.code(code, got_code.as_deref()))
                    && free_text(text, got_text)
            }
            (Response::Data(pattern), Response::Data(got)) => self.data(pattern, got),
            _ => false,
        }
    }

    fn code(&mut self, pattern: &[Token], got: Option<&[Token]>) -> bool {
        let Some(got) = got else { return false };
        let order = if is_named(pattern, "PERMANENTFLAGS") { Order::Free } else { Order::Fixed };
        self.values(pattern, got, Order::Fixed, order)
    }

    fn data(&mut self, pattern: &[Token], got: &[Token]) -> bool {
        let is_fetch = |t: &Token| is_atom(t, "FETCH") || is_atom(t, "UIDFETCH");
        let name = if got.get(1).is_some_and(is_fetch) { got.get(1) } else { got.first() };
        let name = name.and_then(Token::bytes).map(lossy).unwrap_or_default().to_ascii_uppercase();
        match name.as_str() {
            "FETCH" | "UIDFETCH" | "STATUS" | "ID" => self.values(pattern, got, Order::Fixed, Order::Pairs),
            "LIST" | "LSUB" | "FLAGS" => self.values(pattern, got, Order::Fixed, Order::Free),
            "CAPABILITY" | "ENABLED" | "SEARCH" | "VANISHED" => {
                self.values(pattern, got, Order::Free, Order::Fixed)
            }
            _ => self.values(pattern, got, Order::Fixed, Order::Fixed),
        }
    }

    /// Compares two lists in the order `outer`, and the lists in them in the order `inner`.
    fn values(&mut self, pattern: &[Token], got: &[Token], outer: Order, inner: Order) -> bool {
        match outer {
            Order::Fixed => self.fixed(pattern, got, inner),
            Order::Free => self.free(pattern, got, inner),
            Order::Pairs => self.pairs(pattern, got),
        }
    }

    fn fixed(&mut self, pattern: &[Token], got: &[Token], inner: Order) -> bool {
        let mut got = got.iter();
        for expected in pattern {
            if *expected == Token::Rest {
                return true;
            }
            if !got.next().is_some_and(|got| self.token(expected, got, inner)) {
                return false;
            }
        }
        got.next().is_none()
    }

    fn free(&mut self, pattern: &[Token], got: &[Token], inner: Order) -> bool {
        let mut left: Vec<&Token> = got.iter().collect();
        // Plain values first: a capture takes what they leave.
        let (open, plain): (Vec<&Token>, Vec<&Token>) =
            pattern.iter().filter(|t| **t != Token::Rest).partition(|t| matches!(t, Token::Capture(_)));
        for expected in plain.into_iter().chain(open) {
            let Some(at) = left.iter().position(|got| self.token(expected, got, inner)) else {
                return false;
            };
            left.remove(at);
        }
        pattern.contains(&Token::Rest) || left.iter().all(|token| is_unremarkable(token))
    }

    fn pairs(&mut self, pattern: &[Token], got: &[Token]) -> bool {
        let mut left: Vec<&[Token]> = got.chunks(2).collect();
        let named: Vec<Token> = pattern.iter().filter(|t| **t != Token::Rest).cloned().collect();
        for expected in named.chunks(2) {
            let at = left.iter().position(|got| self.pair(expected, got));
            let Some(at) = at else { return false };
            left.remove(at);
        }
        pattern.contains(&Token::Rest) || left.is_empty()
    }

    fn pair(&mut self, pattern: &[Token], got: &[Token]) -> bool {
        let ([name, value], [got_name, got_value]) = (pattern, got) else { return false };
        let inner = if is_atom(got_name, "FLAGS") { Order::Free } else { Order::Fixed };
        self.token(name, got_name, Order::Fixed) && self.token(value, got_value, inner)
    }

    fn token(&mut self, pattern: &Token, got: &Token, inner: Order) -> bool {
        match (pattern, got) {
            (Token::Any, _) => true,
            (Token::Capture(name), _) => self.capture(name, got),
            // Below the first level only the order of flags is free, and `pair` has seen to those.
            (Token::List(pattern), Token::List(got)) => self.values(pattern, got, inner, Order::Fixed),
            (Token::Atom(pattern), Token::Atom(got)) => {
                pattern.eq_ignore_ascii_case(got) || is_same_set(pattern, got)
            }
            // NIL is not the string "NIL"; everything else may come as atom, quoted string or literal.
            (Token::Atom(pattern), Token::Text(got)) => {
                pattern != "NIL" && pattern.as_bytes().eq_ignore_ascii_case(got)
            }
            (Token::Text(pattern), Token::Text(got)) => pattern == got,
            (Token::Text(pattern), Token::Atom(got)) => got != "NIL" && pattern == got.as_bytes(),
            _ => false,
        }
    }

    fn capture(&mut self, name: &str, got: &Token) -> bool {
        let Some(bytes) = got.bytes() else { return false };
        if let Some(bound) = self.bound.get(name) {
            return bound == bytes;
        }
        self.bound.insert(name.to_owned(), bytes.to_vec());
        true
    }
}

/// Free text of a status response: compared only where the pattern has some; `*` at its end is the rest.
fn free_text(pattern: &str, got: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => got.starts_with(start.trim_end()),
        None => pattern.is_empty() || pattern == got,
    }
}

fn is_named(tokens: &[Token], name: &str) -> bool {
    tokens.first().is_some_and(|first| is_atom(first, name))
}

fn is_atom(token: &Token, name: &str) -> bool {
    matches!(token, Token::Atom(atom) if atom.eq_ignore_ascii_case(name))
}

fn is_unremarkable(token: &Token) -> bool {
    UNREMARKABLE.iter().any(|name| is_atom(token, name))
}

/// Whether both are sets of numbers with the same members: `1:3` is `1,2,3`. The order counts where it
/// carries meaning (COPYUID pairs the two sets), which is why the members are not sorted.
fn is_same_set(pattern: &str, got: &str) -> bool {
    match (members(pattern), members(got)) {
        (Some(pattern), Some(got)) => pattern == got,
        _ => false,
    }
}

fn members(set: &str) -> Option<Vec<u64>> {
    let mut members = Vec::new();
    for range in set.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        if from.abs_diff(to) > SET_MEMBERS_MAX {
            return None;
        }
        members.extend(from.min(to)..=from.max(to));
    }
    Some(members)
}

#[cfg(test)]
mod tests {
    use super::super::wire::Dialect;
    use super::*;

    fn compare(pattern: &str, got: &str) -> Option<Captures> {
        let pattern = Response::parse(pattern.as_bytes(), Dialect::Pattern);
        matches(&pattern, &Response::parse(got.as_bytes(), Dialect::Wire))
    }

    #[test]
    fn fetch_items_and_flags_come_in_any_order() {
        let pattern = r"* 1 FETCH (UID 7 FLAGS (\Seen blue))";
        assert!(compare(pattern, r"* 1 FETCH (FLAGS (blue \seen \Recent) UID 7)").is_some());
        assert!(compare(pattern, r"* 1 FETCH (FLAGS (blue \Seen \Flagged) UID 7)").is_none());
        assert!(compare(pattern, r"* 1 FETCH (FLAGS (blue \Seen) UID 7 MODSEQ (4))").is_none());
    }

    #[test]
    fn a_star_takes_the_rest_and_a_capture_one_value() {
        let bound = compare("a1 OK [APPENDUID $validity 1] *", "a1 OK [APPENDUID 99 1] done");
        assert_eq!(bound.and_then(|mut b| b.remove("validity")), Some(b"99".to_vec()));
        assert!(compare("* 1 FETCH (UID 1 *)", "* 1 FETCH (FLAGS () UID 1)").is_some());
        assert!(compare("* SEARCH", "* SEARCH 1").is_none());
        assert!(compare("* SEARCH 2 1", "* SEARCH 1 2").is_some());
    }

    #[test]
    fn sets_compare_by_members_and_nil_is_no_string() {
        assert!(compare("* VANISHED (EARLIER) 1:3", "* VANISHED (EARLIER) 1,2:3").is_some());
        assert!(compare("* 1 FETCH (BODY[1] NIL)", "* 1 FETCH (BODY[1] \"NIL\")").is_none());
        assert!(compare("* 1 FETCH (BODY[] \"\")", "* 1 FETCH (BODY[] NIL)").is_none());
        assert!(compare("* LIST () / box", "* LIST (\\Marked) \"/\" \"box\"").is_some());
    }

    #[test]
    fn alternatives_of_a_status_word() {
        assert!(compare("a NO|BAD *", "a BAD what").is_some());
        assert!(compare("a OK *", "a NO what").is_none());
        assert!(compare("a NO [TRYCREATE] *", "a NO nothing there").is_none());
    }
}
