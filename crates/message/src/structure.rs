//! The MIME tree of a message: where each part's header and body lie (RFC 2045, RFC 2046).
//!
//! Only offsets and nesting are kept; what the headers say is read again from the bytes where needed.
//! `structure/scan.rs` finds the tree in one pass, `structure/codec.rs` stores it.

use std::ops::Range;

mod codec;
mod scan;

pub use codec::DamagedTree;

/// How deep parts may nest, the message itself being 1. A part at this depth has no parts of its own.
pub const DEPTH_MAX: usize = 32;

/// How many parts a message may have; what would begin another one belongs to the last part.
pub const PARTS_MAX: usize = 1000;

/// How far a message is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nesting {
    /// How deep parts may nest, the message itself being 1; from 2 to [`DEPTH_MAX`].
    pub levels: usize,
    /// How many parts there may be; from 2 to [`PARTS_MAX`].
    pub parts: usize,
}

impl Default for Nesting {
    fn default() -> Self {
        Self { levels: DEPTH_MAX, parts: PARTS_MAX }
    }
}

/// What a part consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Content, or something beyond a limit that is treated as such.
    Leaf,
    /// A multipart; it always has at least one part.
    Multipart,
    /// A `message/rfc822` or `message/global`, whose only child is the message within.
    Message,
}

/// One part, as it is kept: parts stand in the order of their headers, each followed by its own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    header: Range<usize>,
    body: Range<usize>,
    lines: usize,
    kind: Kind,
    /// The number of parts below this one, at any depth.
    below: usize,
}

/// The MIME tree of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// INVARIANT: not empty, in preorder, and each range lies within the parent's body.
    parts: Vec<Part>,
}

/// A part in its tree.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    part: &'t Part,
    /// The parts below, in preorder.
    below: &'t [Part],
}

impl Tree {
    /// Finds the parts of a message. Any bytes have a tree.
    #[must_use]
    pub fn of(message: &[u8]) -> Self {
        Self::within(message, Nesting::default())
    }

    /// The same, no further than this.
    #[must_use]
    pub fn within(message: &[u8], nesting: Nesting) -> Self {
        let Nesting { levels, parts } = nesting;
        scan::scan(message, Nesting { levels: levels.clamp(2, DEPTH_MAX), parts: parts.clamp(2, PARTS_MAX) })
    }

    /// The message itself: its header, and its body whole.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        let part = self.parts.first().unwrap_or(const { &Part::EMPTY });
        Node { part, below: self.parts.get(1..).unwrap_or_default() }
    }

    /// The tree of the same message with `bytes` more of whole header fields before its header.
    #[must_use]
    pub fn behind(&self, bytes: usize) -> Self {
        let mut tree = self.clone();
        for (n, part) in tree.parts.iter_mut().enumerate() {
            if n > 0 {
                part.header.start += bytes;
            }
            part.header.end += bytes;
            part.body = part.body.start + bytes..part.body.end + bytes;
        }
        tree
    }

    /// How many parts there are, the message itself among them.
    #[must_use]
    pub const fn part_count(&self) -> usize {
        self.parts.len()
    }

    /// The message's size, in bytes.
    #[must_use]
    pub fn message_bytes(&self) -> usize {
        self.root().body().end
    }
}

impl Part {
    const EMPTY: Self = Self { header: 0..0, body: 0..0, lines: 0, kind: Kind::Leaf, below: 0 };
}

impl<'t> Node<'t> {
    /// The header with the blank line that ends it, as offsets into the message.
    #[must_use]
    pub fn header(&self) -> Range<usize> {
        self.part.header.clone()
    }

    /// The body, without the line break that belongs to a boundary, as offsets into the message.
    #[must_use]
    pub fn body(&self) -> Range<usize> {
        self.part.body.clone()
    }

    /// How many line ends the body has.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.part.lines
    }

    /// What the part consists of.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.part.kind
    }

    /// The parts of a multipart, or the message in a `message/rfc822`.
    pub fn children(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let mut rest = self.below;
        std::iter::from_fn(move || {
            let (part, after) = rest.split_first()?;
            let (below, next) = after.split_at_checked(part.below)?;
            rest = next;
            Some(Node { part, below })
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
