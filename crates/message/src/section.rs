//! The sections of a message that a client can ask for (RFC 3501 §6.4.5, RFC 9051 §6.4.5.1).
//!
//! A section is located with the tree alone, so that only its bytes need to be read.

use std::borrow::Cow;
use std::ops::Range;

use crate::header::fields;
use crate::structure::{Kind, Node, Tree};

/// A section: part numbers, and what of that part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Section {
    /// The part numbers, each from 1; empty for the message itself.
    pub path: Vec<u32>,
    /// What is asked for.
    pub what: SectionText,
}

/// What of a part or message is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SectionText {
    /// The message whole, or a part's body.
    All,
    /// The header of a message, with its blank line.
    Header,
    /// The fields of a message's header that have these names.
    HeaderFields(Vec<String>),
    /// The fields of a message's header that have none of these names.
    HeaderFieldsNot(Vec<String>),
    /// The body of a message.
    Text,
    /// The MIME header of a part, with its blank line.
    Mime,
}

impl Section {
    /// Where the section lies in the message, or `None` if the message has no such part.
    ///
    /// For a list of fields this is the whole header; [`Section::extract`] takes the fields out.
    #[must_use]
    pub fn locate(&self, tree: &Tree) -> Option<Range<usize>> {
        let root = tree.root();
        if self.path.is_empty() {
            return match self.what {
                SectionText::All => Some(0..root.body().end),
                SectionText::Text => Some(root.body()),
                SectionText::Mime => None,
                SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_) => {
                    Some(root.header())
                }
            };
        }
        let part = find(root, &self.path)?;
        match self.what {
            SectionText::All => Some(part.body()),
            SectionText::Mime => Some(part.header()),
            SectionText::Text => Some(inner(part)?.body()),
            SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_) => {
                Some(inner(part)?.header())
            }
        }
    }

    /// Whether the section is all of the bytes that [`Section::locate`] names.
    #[must_use]
    pub const fn is_contiguous(&self) -> bool {
        !matches!(self.what, SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_))
    }

    /// The section, from the bytes that [`Section::locate`] named.
    ///
    /// Chosen fields come in the order of the header, followed by its blank line if it has one.
    #[must_use]
    pub fn extract<'m>(&self, located: &'m [u8]) -> Cow<'m, [u8]> {
        let is_named = |names: &[String], name: &[u8]| {
            names.iter().any(|asked| asked.as_bytes().eq_ignore_ascii_case(name))
        };
        match &self.what {
            SectionText::HeaderFields(names) => select(located, |name| is_named(names, name)).into(),
            SectionText::HeaderFieldsNot(names) => select(located, |name| !is_named(names, name)).into(),
            SectionText::All | SectionText::Header | SectionText::Text | SectionText::Mime => located.into(),
        }
    }

    /// The section of a message whose bytes are all at hand; `None` if there is no such part.
    #[must_use]
    pub fn of<'m>(&self, tree: &Tree, message: &'m [u8]) -> Option<Cow<'m, [u8]>> {
        Some(self.extract(message.get(self.locate(tree)?)?))
    }
}

/// The part with these numbers. A message that is no multipart has its body as part 1.
pub(crate) fn find<'t>(root: Node<'t>, path: &[u32]) -> Option<Node<'t>> {
    let (&first, rest) = path.split_first()?;
    let mut part = numbered(root, first)?;
    for &number in rest {
        part = match part.kind() {
            Kind::Multipart => child(part, number)?,
            Kind::Message => numbered(inner(part)?, number)?,
            Kind::Leaf => return None,
        };
    }
    Some(part)
}

/// Part `number` of a message.
fn numbered(message: Node<'_>, number: u32) -> Option<Node<'_>> {
    match message.kind() {
        Kind::Multipart => child(message, number),
        Kind::Leaf | Kind::Message => (number == 1).then_some(message),
    }
}

fn child(part: Node<'_>, number: u32) -> Option<Node<'_>> {
    part.children().nth(usize::try_from(number.checked_sub(1)?).ok()?)
}

/// The message in a `message/rfc822`.
fn inner(part: Node<'_>) -> Option<Node<'_>> {
    part.children().next().filter(|_| part.kind() == Kind::Message)
}

fn select(header: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut selected = Vec::new();
    let mut fields = fields(header);
    for field in fields.by_ref().filter(|field| wanted(field.name)) {
        selected.extend_from_slice(header.get(field.range).unwrap_or_default());
    }
    selected.extend_from_slice(header.get(fields.position()..).unwrap_or_default());
    selected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::tests::messages;
    use proptest::prelude::*;

    /// The message of RFC 3501 §6.4.5, each part holding its own number.
    fn example() -> Vec<u8> {
        let inner = |number: &str, parts: &str, boundary: &str| {
            format!(
                "Content-Type: message/rfc822\r\n\r\nSubject: {number}\r\nTo: you\r\n\
                 Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n{parts}--{boundary}--\r\n"
            )
        };
        let leaf = |boundary: &str, kind: &str, number: &str| {
            format!("--{boundary}\r\nContent-Type: {kind}\r\n\r\n{number}\r\n")
        };
        let octets = "application/octet-stream";
        let third = inner("3", &[leaf("b", "text/plain", "3.1"), leaf("b", octets, "3.2")].concat(), "b");
        let alternative = format!(
            "--d\r\nContent-Type: multipart/alternative; boundary=e\r\n\r\n{}{}--e--\r\n",
            leaf("e", "text/plain", "4.2.2.1"),
            leaf("e", "text/richtext", "4.2.2.2")
        );
        let nested = inner("4.2", &[leaf("d", "text/plain", "4.2.1"), alternative].concat(), "d");
        [
            "Subject: top\r\nX-A: 1\r\n 2\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n",
            &leaf("a", "text/plain", "1"),
            &leaf("a", octets, "2"),
            &format!("--a\r\n{third}\r\n"),
            "--a\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n",
            &leaf("c", "image/gif", "4.1"),
            &format!("--c\r\n{nested}\r\n--c--\r\n"),
            "--a--\r\n",
        ]
        .concat()
        .into_bytes()
    }

    fn get(message: &[u8], path: &[u32], what: SectionText) -> Option<String> {
        let section = Section { path: path.to_vec(), what };
        let bytes = section.of(&Tree::of(message), message)?;
        Some(String::from_utf8(bytes.into_owned()).unwrap())
    }

    #[test]
    fn the_parts_of_the_rfcs_example_have_its_numbers() {
        let message = example();
        let leaves: [&[u32]; 8] =
            [&[1], &[2], &[3, 1], &[3, 2], &[4, 1], &[4, 2, 1], &[4, 2, 2, 1], &[4, 2, 2, 2]];
        for path in leaves {
            let number = path.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            assert_eq!(get(&message, path, SectionText::All), Some(number));
        }
        let mime = get(&message, &[4, 1], SectionText::Mime).unwrap();
        assert_eq!(mime, "Content-Type: image/gif\r\n\r\n");
        assert!(get(&message, &[3], SectionText::Header).unwrap().starts_with("Subject: 3\r\n"));
        assert!(get(&message, &[4, 2], SectionText::Text).unwrap().starts_with("--d\r\n"));
        assert!(get(&message, &[4, 2, 2], SectionText::Mime).unwrap().contains("alternative"));
    }

    #[test]
    fn parts_that_do_not_exist_are_none() {
        let message = example();
        for (path, what) in [
            (&[][..], SectionText::Mime),
            (&[0], SectionText::All),
            (&[5], SectionText::All),
            (&[1, 1], SectionText::All),
            (&[3, 3], SectionText::All),
            (&[4, 2, 2, 1, 1], SectionText::All),
            (&[1], SectionText::Header),
            (&[4], SectionText::Text),
            (&[4, 2, 2], SectionText::Header),
        ] {
            assert_eq!(get(&message, path, what), None, "{path:?}");
        }
    }

    #[test]
    fn a_message_that_is_no_multipart_has_part_1() {
        let message = b"Subject: x\r\n\r\nbody";
        assert_eq!(get(message, &[1], SectionText::All).unwrap(), "body");
        assert_eq!(get(message, &[1], SectionText::Mime).unwrap(), "Subject: x\r\n\r\n");
        assert_eq!(get(message, &[1], SectionText::Header), None);
        assert_eq!(get(message, &[2], SectionText::All), None);
        let wrapped = b"Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\ninner";
        assert_eq!(get(wrapped, &[1], SectionText::All).unwrap(), "Subject: y\r\n\r\ninner");
        assert_eq!(get(wrapped, &[1, 1], SectionText::All).unwrap(), "inner");
        assert_eq!(get(wrapped, &[1], SectionText::Text).unwrap(), "inner");
    }

    #[test]
    fn header_and_text_together_are_the_message() {
        let message = example();
        let whole = get(&message, &[], SectionText::All).unwrap();
        let header = get(&message, &[], SectionText::Header).unwrap();
        assert_eq!(header + &get(&message, &[], SectionText::Text).unwrap(), whole);
        assert_eq!(whole.as_bytes(), message);
    }

    #[test]
    fn chosen_fields_end_with_the_blank_line() {
        let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let message = example();
        let chosen = |what| get(&message, &[], what).unwrap();
        assert_eq!(chosen(SectionText::HeaderFields(names(&["x-a"]))), "X-A: 1\r\n 2\r\n\r\n");
        assert_eq!(chosen(SectionText::HeaderFields(names(&["Absent"]))), "\r\n");
        assert_eq!(
            chosen(SectionText::HeaderFieldsNot(names(&["X-A", "CONTENT-TYPE"]))),
            "Subject: top\r\n\r\n"
        );
        let nested = get(&message, &[4, 2], SectionText::HeaderFields(names(&["to"])));
        assert_eq!(nested.unwrap(), "To: you\r\n\r\n");
        let bare = get(b"A: b\r\nC: d\r\n", &[], SectionText::HeaderFields(names(&["A"])));
        assert_eq!(bare.unwrap(), "A: b\r\n");
    }

    proptest! {
        #[test]
        fn header_and_text_of_any_message_are_the_message(message in messages()) {
            let tree = Tree::of(&message);
            let part = |what| Section { path: Vec::new(), what }.of(&tree, &message).unwrap().into_owned();
            prop_assert_eq!([part(SectionText::Header), part(SectionText::Text)].concat(), message.clone());
            prop_assert_eq!(part(SectionText::All), message.clone());
        }

        #[test]
        fn chosen_and_other_fields_are_the_header(message in messages()) {
            let tree = Tree::of(&message);
            let size = |what| Section { path: Vec::new(), what }.of(&tree, &message).unwrap().len();
            let names = vec!["to".to_owned(), "Content-Type".to_owned()];
            let header = tree.root().header();
            let blank = header.len() - fields(&message[header]).map(|field| field.range.len()).sum::<usize>();
            prop_assert_eq!(
                size(SectionText::HeaderFields(names.clone())) + size(SectionText::HeaderFieldsNot(names)),
                size(SectionText::Header) + blank
            );
        }

        #[test]
        fn a_section_lies_within_the_message(
            message in messages(),
            path in proptest::collection::vec(0u32..4, 0..4),
            kind in 0..4,
        ) {
            let what = match kind {
                0 => SectionText::All,
                1 => SectionText::Header,
                2 => SectionText::Text,
                _ => SectionText::Mime,
            };
            let section = Section { path, what };
            let tree = Tree::of(&message);
            if let Some(range) = section.locate(&tree) {
                prop_assert!(range.start <= range.end && range.end <= message.len());
            }
        }
    }
}
