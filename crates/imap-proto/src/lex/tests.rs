//! Tokens at their edges.

use super::*;
use proptest::prelude::*;

fn cursor(text: &[u8]) -> Cursor<'_> {
    Cursor::new(text, &Limits::DEFAULT, Dialect::REV1)
}

#[test]
fn a_string_has_three_forms() {
    for text in [&b"abc"[..], b"\"abc\"", b"{3}\r\nabc", b"{3+}\r\nabc", b"{3}\nabc"] {
        assert_eq!(cursor(text).astring("x").unwrap().as_ref(), b"abc");
    }
    assert_eq!(cursor(b"\"a\\\"b\\\\\"").astring("x").unwrap().as_ref(), b"a\"b\\");
    for text in [&b"\"abc"[..], b"\"a\\b\"", b"{4}\r\nabc", b"{1}\r\n\0", b"{3}abc", b"", b"\"a\nb\""] {
        assert!(cursor(text).astring("x").is_err(), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn nil_is_no_string_only_where_it_stands_alone() {
    assert_eq!(cursor(b"nil").nstring("x").unwrap(), None);
    assert_eq!(cursor(b"\"NIL\"").nstring("x").unwrap().unwrap().as_ref(), b"NIL");
    assert!(cursor(b"NILE").nstring("x").is_err());
}

#[test]
fn numbers_end_at_their_width() {
    assert_eq!(cursor(b"4294967295").number("x").unwrap(), u32::MAX);
    assert!(cursor(b"4294967296").number("x").is_err());
    assert!(cursor(b"0").nz_number("x").is_err());
    assert_eq!(cursor(b"9223372036854775807").mod_sequence().unwrap(), ModSeq(NUMBER64_MAX));
    assert!(cursor(b"9223372036854775808").mod_sequence().is_err());
}

#[test]
fn dates_are_days_since_1970() {
    assert_eq!(cursor(b"2-Jan-1970").date().unwrap(), 1);
    assert_eq!(cursor(b"\"02-jan-1970\"").date().unwrap(), 1);
    for text in [&b"30-Feb-2024"[..], b"1-Foo-2024", b"\"1-Jan-2024", b"1 Jan 2024"] {
        assert!(cursor(text).date().is_err());
    }
    assert!(cursor(b"\"17-Jul-1996 02:44:25 -0700\"").date_time().is_ok());
}

#[test]
fn a_tag_has_no_plus() {
    assert_eq!(cursor(b"a]1 NOOP").tag().unwrap().as_str(), "a]1");
    for text in [&b"+ NOOP"[..], b"a+1 NOOP", b"", b" NOOP", b"a(b NOOP"] {
        assert!(cursor(text).tag().is_err());
    }
}

proptest! {
    #[test]
    fn a_string_that_is_written_is_read_again(text in proptest::collection::vec(1u8.., 0..40)) {
        let mut wire = Vec::new();
        crate::response::astring(&mut wire, &text);
        let mut cursor = cursor(&wire);
        prop_assert_eq!(cursor.astring("x").unwrap().into_owned(), text);
        prop_assert!(cursor.is_at_end());
    }
}
