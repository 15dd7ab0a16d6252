//! The preview of a message: the beginning of what its writer wrote, as plain text (RFC 8970 §3).
//!
//! The best text part is taken: plain text before HTML where they are alternatives, what is shown inline before what is
//! attached or forwarded. Quoted replies and signatures are left out if anything else remains. The work is bounded
//! whatever the message's size: of few parts, and of each the beginning, is anything decoded.

use std::ops::{ControlFlow, Range};

use crate::decode::{TextDecoder, TransferEncoding};
use crate::mime::{PartHeader, content_type};
use crate::structure::{Kind, Node, Tree};

mod html;
mod words;

/// The longest preview, in characters (RFC 8970 §3.3: SHOULD be 200, MUST NOT exceed 256).
pub const PREVIEW_CHARS_MAX: usize = 200;

/// How much of a part's body is looked at, in bytes as they stand.
const SOURCE_BYTES_MAX: usize = 64 * 1024;

/// How many parts are tried until one has something to show.
const CANDIDATES_MAX: usize = 8;

/// The preview of the message that has this tree; empty if it has no text to show, as RFC 8970 §3.2 asks.
#[must_use]
pub fn preview(message: &[u8], tree: &Tree) -> String {
    let mut candidates = Candidates { message, shown: Vec::new(), forwarded: Vec::new() };
    candidates.gather(tree.root(), false);
    let Candidates { shown, forwarded, .. } = candidates;
    let in_order = shown.into_iter().chain(forwarded).take(CANDIDATES_MAX);
    let texts = in_order.map(|candidate| candidate.text(message));
    texts.map(|text| words::preview_of(&text)).find(|words| !words.is_empty()).unwrap_or_default()
}

/// A part with text to show.
struct Candidate {
    encoding: TransferEncoding,
    charset: Option<Vec<u8>>,
    is_html: bool,
    body: Range<usize>,
}

impl Candidate {
    /// The part as a candidate, unless it is an attachment or not for reading.
    fn of(node: Node<'_>, message: &[u8]) -> Option<Self> {
        let header = PartHeader::parse(message.get(node.header()).unwrap_or_default());
        let content_type = header.content_type.as_ref();
        let is_html = content_type.is_some_and(|found| found.is("text", "html"));
        let is_plain = content_type.is_none_or(|found| found.is("text", "plain"));
        let is_attached =
            header.disposition.as_ref().is_some_and(|found| found.kind.eq_ignore_ascii_case(b"attachment"));
        ((is_html || is_plain) && !is_attached).then(|| Self {
            encoding: TransferEncoding::named(header.encoding.as_deref().unwrap_or_default()),
            charset: content_type.and_then(|found| found.parameter("charset")).map(<[u8]>::to_vec),
            is_html,
            body: node.body(),
        })
    }

    /// Its beginning as plain text.
    fn text(&self, message: &[u8]) -> String {
        let body = message.get(self.body.clone()).unwrap_or_default();
        let source = body.get(..SOURCE_BYTES_MAX).unwrap_or(body);
        let mut decoder = TextDecoder::new(self.charset.as_deref());
        let mut text = String::new();
        let _ = self.encoding.decode_chunks(source, &mut |chunk| {
            decoder.push(chunk, &mut text);
            ControlFlow::Continue(())
        });
        if self.is_html { html::to_text(&text) } else { text }
    }
}

/// The parts that may be shown, the best first.
struct Candidates<'m> {
    message: &'m [u8],
    shown: Vec<Candidate>,
    /// Those of messages within.
    forwarded: Vec<Candidate>,
}

impl Candidates<'_> {
    /// Gathers from a part and those below it; it nests as deep as the tree does, which is bounded.
    fn gather(&mut self, node: Node<'_>, is_forwarded: bool) {
        let message = self.message;
        let start = self.list(is_forwarded).len();
        if start >= CANDIDATES_MAX {
            return;
        }
        match node.kind() {
            Kind::Leaf => return self.list(is_forwarded).extend(Candidate::of(node, message)),
            Kind::Message => return node.children().for_each(|child| self.gather(child, true)),
            Kind::Multipart => node.children().for_each(|child| self.gather(child, is_forwarded)),
        }
        let header = message.get(node.header()).unwrap_or_default();
        let is_alternative = content_type(header).is_some_and(|found| found.is("multipart", "alternative"));
        if let Some(added) = self.list(is_forwarded).get_mut(start..).filter(|_| is_alternative) {
            added.sort_by_key(|candidate| candidate.is_html);
        }
    }

    const fn list(&mut self, is_forwarded: bool) -> &mut Vec<Candidate> {
        if is_forwarded { &mut self.forwarded } else { &mut self.shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structure::tests::messages;
    use proptest::prelude::*;

    fn of(message: &str) -> String {
        preview(message.as_bytes(), &Tree::of(message.as_bytes()))
    }

    /// A multipart of that subtype whose parts are these.
    fn multipart(sub: &str, parts: &[&str]) -> String {
        let parts: String = parts.iter().map(|part| format!("--b{sub}\r\n{part}\r\n")).collect();
        format!("Content-Type: multipart/{sub}; boundary=b{sub}\r\n\r\n{parts}--b{sub}--\r\n")
    }

    const PLAIN: &str = "Content-Type: text/plain\r\n\r\nplain words";
    const HTML: &str = "Content-Type: text/html\r\n\r\n<p>html <b>words</b></p>";
    const IMAGE: &str = "Content-Type: image/png\r\n\r\nbytes";

    #[test]
    fn a_plain_message_is_shown_from_its_beginning() {
        assert_eq!(of("Subject: x\r\n\r\n\r\n  Hello,\r\n\r\nhow are\tyou?\r\n"), "Hello, how are you?");
        assert_eq!(of(&format!("\r\n{}", "ä ".repeat(500))).chars().count(), PREVIEW_CHARS_MAX - 1);
        assert_eq!(of(&format!("\r\n{}", "ä".repeat(500))), "ä".repeat(PREVIEW_CHARS_MAX));
    }

    #[test]
    fn text_is_decoded() {
        let message = "Content-Type: text/plain; charset=iso-8859-1\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\nsch=F6n ge=\r\nschrieben";
        assert_eq!(of(message), "schön geschrieben");
        let message = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+5ryi5a2XPC9iPg==";
        assert_eq!(of(message), "漢字");
    }

    #[test]
    fn the_best_part_is_shown() {
        for (message, expected) in [
            (multipart("alternative", &[HTML, PLAIN]), "plain words"),
            (multipart("alternative", &["Content-Type: text/plain\r\n\r\n \r\n", HTML]), "html words"),
            (multipart("mixed", &[HTML, PLAIN]), "html words"),
            (multipart("mixed", &[IMAGE, PLAIN]), "plain words"),
            (
                multipart("mixed", &[&multipart("alternative", &[PLAIN, HTML]), "\r\nlist footer"]),
                "plain words",
            ),
            (
                multipart("mixed", &["Content-Disposition: attachment\r\n\r\nlog of errors", HTML]),
                "html words",
            ),
            (
                multipart("mixed", &["Content-Type: message/rfc822\r\n\r\n\r\nforwarded", PLAIN]),
                "plain words",
            ),
            (multipart("mixed", &["Content-Type: message/rfc822\r\n\r\n\r\nforwarded", IMAGE]), "forwarded"),
            (multipart("encrypted", &["Content-Type: application/octet-stream\r\n\r\nx"]), ""),
            (IMAGE.to_owned(), ""),
            (String::new(), ""),
        ] {
            assert_eq!(of(&message), expected, "{message}");
        }
    }

    proptest! {
        #[test]
        fn a_preview_is_short_and_one_line(message in messages()) {
            let found = preview(&message, &Tree::of(&message));
            prop_assert!(found.chars().count() <= PREVIEW_CHARS_MAX);
            prop_assert!(!found.contains(|c: char| c.is_control()));
            prop_assert_eq!(found.trim(), &found);
        }
    }
}
