//! What SEARCH looks at: decoded header fields and text (RFC 3501 §6.4.4, RFC 9051 §6.4.4).
//!
//! Text is decoded and compared piece by piece: the memory needed does not grow with the message.
//! HTML is searched as it is written, tags included.

use std::ops::ControlFlow;

use memchr::memmem::Finder;

use crate::comparator::Comparator;
use crate::decode::{TextDecoder, TransferEncoding, encoded_words};
use crate::fold::fold;
use crate::header::{CONSIDERED_BYTES_MAX, Field, fields};
use crate::mime::PartHeader;
use crate::structure::{Kind, Node, Tree};

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Needle {
    comparator: Comparator,
    /// As the comparator compares it.
    sought: Finder<'static>,
    /// By `i;unicode-casemap`.
    folded: String,
}

/// Which text of a message is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// SEARCH BODY: all text parts, and the headers of messages within.
    Body,
    /// SEARCH TEXT: these and the header.
    Text,
}

/// A piece of a message's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that goes on where the piece before ended.
    Text(&'a str),
    /// The end of a field or part: what follows is not joined to what came.
    Break,
}

impl Needle {
    /// Prepares a string for searching by `i;unicode-casemap`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::by(Comparator::UnicodeCasemap, text)
    }

    /// Prepares a string for searching by a comparator.
    #[must_use]
    pub fn by(comparator: Comparator, text: &str) -> Self {
        let sought = Finder::new(comparator.fold(text).as_bytes()).into_owned();
        Self { comparator, sought, folded: fold(text) }
    }

    /// The string as [`fold`](fn@crate::fold) folds it. Whatever contains the string contains it folded; the reverse holds
    /// only if [`Needle::is_folded`].
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether text is compared folded.
    #[must_use]
    pub fn is_folded(&self) -> bool {
        self.comparator == Comparator::UnicodeCasemap
    }

    /// Whether it is the empty string, which is part of every text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sought.needle().is_empty()
    }

    /// Whether the text contains it.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        self.sought.find(self.comparator.fold(text).as_bytes()).is_some()
    }
}

/// Looks for a needle in text that comes in pieces.
struct Matcher<'n> {
    needle: &'n Needle,
    /// The end of what was seen, as it is compared, one byte shorter than the needle, and then the new piece.
    seen: String,
}

impl Matcher<'_> {
    fn take(&mut self, piece: Piece<'_>) -> ControlFlow<()> {
        let Piece::Text(text) = piece else {
            self.seen.clear();
            return ControlFlow::Continue(());
        };
        self.needle.comparator.fold_into(text, &mut self.seen);
        if self.needle.sought.find(self.seen.as_bytes()).is_some() {
            return ControlFlow::Break(());
        }
        let kept = self.needle.sought.needle().len().saturating_sub(1);
        let mut from = self.seen.len().saturating_sub(kept);
        while !self.seen.is_char_boundary(from) {
            from -= 1;
        }
        self.seen.drain(..from);
        ControlFlow::Continue(())
    }
}

/// The values of all fields of a header that have this name: unfolded, encoded words decoded.
pub fn header_values<'a>(header: &'a [u8], name: &'a str) -> impl Iterator<Item = String> + use<'a> {
    fields(header).filter(move |field| field.is(name)).map(|field| decoded(&field))
}

/// Whether a field of that name contains the needle (SEARCH HEADER); an empty needle asks for the field.
#[must_use]
pub fn header_contains(header: &[u8], name: &str, needle: &Needle) -> bool {
    header_values(header, name).any(|value| needle.is_in(&value))
}

/// Whether the text of a message contains the needle (SEARCH BODY and TEXT).
#[must_use]
pub fn contains(message: &[u8], tree: &Tree, scope: Scope, needle: &Needle) -> bool {
    let mut matcher = Matcher { needle, seen: String::new() };
    needle.is_empty() || visit(message, tree, scope, &mut |piece| matcher.take(piece)).is_break()
}

/// Gives all text of a message, decoded, in its order, until `take` breaks.
pub fn visit(
    message: &[u8],
    tree: &Tree,
    scope: Scope,
    take: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let root = tree.root();
    let mut visitor = Visitor { message, take };
    if scope == Scope::Text {
        visitor.header(root)?;
    }
    visitor.part(root)
}

/// Gives the message's own header as [`visit`] gives it for [`Scope::Text`], field by field.
pub fn visit_header(message: &[u8], tree: &Tree, take: &mut dyn FnMut(Piece<'_>)) {
    let mut each = |piece: Piece<'_>| {
        take(piece);
        ControlFlow::Continue(())
    };
    let _whole = Visitor { message, take: &mut each }.header(tree.root());
}

struct Visitor<'a> {
    message: &'a [u8],
    take: &'a mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
}

impl Visitor<'_> {
    fn header(&mut self, node: Node<'_>) -> ControlFlow<()> {
        for field in fields(self.message.get(node.header()).unwrap_or_default()) {
            let name = field.name.get(..CONSIDERED_BYTES_MAX).unwrap_or(field.name);
            (self.take)(Piece::Text(&String::from_utf8_lossy(name)))?;
            (self.take)(Piece::Text(": "))?;
            (self.take)(Piece::Text(&decoded(&field)))?;
            (self.take)(Piece::Break)?;
        }
        ControlFlow::Continue(())
    }

    /// Visits a part's text; it nests as deep as the tree does, which is bounded.
    fn part(&mut self, node: Node<'_>) -> ControlFlow<()> {
        if node.kind() == Kind::Leaf {
            return self.leaf(node);
        }
        for child in node.children() {
            if node.kind() == Kind::Message {
                self.header(child)?;
            }
            self.part(child)?;
        }
        ControlFlow::Continue(())
    }

    fn leaf(&mut self, node: Node<'_>) -> ControlFlow<()> {
        let header = PartHeader::parse(self.message.get(node.header()).unwrap_or_default());
        let content_type = header.content_type.as_ref();
        if content_type.is_some_and(|found| !found.is_main("text")) {
            return ControlFlow::Continue(());
        }
        let encoding = TransferEncoding::named(header.encoding.as_deref().unwrap_or_default());
        let mut decoder = TextDecoder::new(content_type.and_then(|found| found.parameter("charset")));
        let mut text = String::new();
        let body = self.message.get(node.body()).unwrap_or_default();
        encoding.decode_chunks(body, &mut |chunk| {
            text.clear();
            decoder.push(chunk, &mut text);
            (self.take)(Piece::Text(&text))
        })?;
        text.clear();
        decoder.finish(&mut text);
        (self.take)(Piece::Text(&text))?;
        (self.take)(Piece::Break)
    }
}

/// A field's value as text, of which the first [`CONSIDERED_BYTES_MAX`] bytes are looked at.
fn decoded(field: &Field<'_>) -> String {
    encoded_words(field.value.get(..CONSIDERED_BYTES_MAX).unwrap_or(field.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE: &str = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n aus K\u{f6}ln\r\nX-Empty:\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
        Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        sch=F6n ge=\r\nschrieben\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Transfer-Encoding: base64\r\n\r\nPGI+5ryi5a2XPC9iPg==\r\n--b\r\nContent-Type: image/gif\r\n\r\nhidden\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ndeep\r\n--b--\r\n";

    fn finds(scope: Scope, text: &str) -> bool {
        let tree = Tree::of(MESSAGE.as_bytes());
        contains(MESSAGE.as_bytes(), &tree, scope, &Needle::new(text))
    }

    #[test]
    fn text_is_found_decoded_and_in_any_case() {
        for text in ["SCHÖN geschrieben", "漢字", "deep", "subject: INNER", ""] {
            assert!(finds(Scope::Body, text), "{text}");
        }
        for text in ["grüße", "preamble", "hidden", "deepdeep", "5ryi", "schön\r\n<b>"] {
            assert!(!finds(Scope::Body, text), "{text}");
        }
        assert!(finds(Scope::Text, "grüße aus köln"));
    }

    #[test]
    fn text_is_found_as_the_comparator_has_it() {
        let tree = Tree::of(MESSAGE.as_bytes());
        let finds = |comparator, text| {
            contains(MESSAGE.as_bytes(), &tree, Scope::Body, &Needle::by(comparator, text))
        };
        for (text, by) in [
            ("schön geschrieben", &Comparator::ALL[..]),
            ("SCHöN geschrieben", &Comparator::ALL[..2]),
            ("SCHÖN geschrieben", &Comparator::ALL[..1]),
        ] {
            for comparator in Comparator::ALL {
                assert_eq!(finds(comparator, text), by.contains(&comparator), "{text} {comparator:?}");
            }
        }
    }

    #[test]
    fn header_fields_are_compared_decoded() {
        let header = MESSAGE.as_bytes();
        assert_eq!(header_values(header, "SUBJECT").collect::<Vec<_>>(), vec!["Grüße aus Köln"]);
        assert!(header_contains(header, "subject", &Needle::new("GRÜßE")));
        assert!(header_contains(header, "x-empty", &Needle::new("")));
        assert!(!header_contains(header, "x-absent", &Needle::new("")));
        assert!(!header_contains(header, "x-empty", &Needle::new("a")));
    }

    #[test]
    fn text_is_found_across_pieces() {
        let body = "x".repeat(65_530) + "needle in äöü";
        let message = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{body}");
        let tree = Tree::of(message.as_bytes());
        assert!(contains(message.as_bytes(), &tree, Scope::Body, &Needle::new("NEEDLE IN ÄÖÜ")));
        assert!(contains(message.as_bytes(), &tree, Scope::Body, &Needle::new("xxneedle")));
        assert!(!contains(message.as_bytes(), &tree, Scope::Body, &Needle::new("needlex")));
    }

    proptest! {
        #[test]
        fn every_piece_of_a_body_is_found(body in "[ -~äßΣ\u{3b1}\r\n]{1,60}", from in 0usize..60, length in 1usize..20) {
            let message = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{body}");
            let piece: String = body.chars().skip(from % body.chars().count()).take(length).collect();
            let tree = Tree::of(message.as_bytes());
            prop_assert!(contains(message.as_bytes(), &tree, Scope::Body, &Needle::new(&piece)));
        }
    }
}
