//! The tree as it is stored with each message: a version byte, then numbers of variable length.
//!
//! Parts follow each other in preorder, each as: kind, distance of its header from the header before,
//! header bytes, body bytes, lines, parts below. Numbers are little-endian groups of seven bits.

use super::{DEPTH_MAX, Kind, PARTS_MAX, Part, Tree};

/// The version that is written.
const VERSION: u8 = 1;

/// Stored bytes that are no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamagedTree {
    /// The version byte is one that is not known.
    #[error("the tree has the unknown version {0:?}")]
    Version(Option<u8>),
    /// The bytes end early, go on too long or hold an impossible number.
    #[error("the tree is damaged at byte {at}")]
    Bytes {
        /// How many bytes were good.
        at: usize,
    },
    /// The numbers can be read, but no message has such parts.
    #[error("part {part} of the tree is impossible")]
    Shape {
        /// The part, counted in preorder from 0.
        part: usize,
    },
}

impl Tree {
    /// The tree in its stored form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2 + self.parts.len() * 10);
        out.push(VERSION);
        push(&mut out, self.parts.len());
        let mut before = 0;
        for part in &self.parts {
            out.push(match part.kind {
                Kind::Leaf => 0,
                Kind::Multipart => 1,
                Kind::Message => 2,
            });
            push(&mut out, part.header.start - before);
            push(&mut out, part.header.len());
            push(&mut out, part.body.len());
            push(&mut out, part.lines);
            push(&mut out, part.below);
            before = part.header.start;
        }
        out
    }

    /// Reads the stored form back.
    ///
    /// # Errors
    /// [`DamagedTree`] if [`Tree::encode`] cannot have written the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DamagedTree> {
        if bytes.first() != Some(&VERSION) {
            return Err(DamagedTree::Version(bytes.first().copied()));
        }
        let mut reader = Reader { bytes, at: 1 };
        let damaged = |reader: &Reader<'_>| DamagedTree::Bytes { at: reader.at };
        let count = reader.number().filter(|count| (1..=PARTS_MAX + DEPTH_MAX).contains(count));
        let count = count.ok_or_else(|| damaged(&reader))?;
        let mut parts = Vec::with_capacity(count);
        let mut before = 0;
        for _ in 0..count {
            let part = reader.part(before).ok_or_else(|| damaged(&reader))?;
            before = part.header.start;
            parts.push(part);
        }
        if reader.at != bytes.len() {
            return Err(damaged(&reader));
        }
        check(&parts)?;
        Ok(Self { parts })
    }
}

/// Verifies the nesting: each part lies within its parent's body and has as many parts as its kind wants.
fn check(parts: &[Part]) -> Result<(), DamagedTree> {
    // The parts that are open: place, first place after it, and where the next part may begin.
    let mut open: Vec<(usize, usize, usize)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        while open.last().is_some_and(|&(_, after, _)| after == at) {
            open.pop();
        }
        let after = at + 1 + part.below;
        let fits = match open.last_mut() {
            None => at == 0 && after == parts.len(),
            Some((parent, parent_after, free_from)) => {
                let parent = parts.get(*parent);
                let inside = parent.is_some_and(|p| part.body.end <= p.body.end);
                let is_first = part.header.start >= *free_from && after <= *parent_after;
                let is_only = parent.is_none_or(|p| p.kind != Kind::Message) || after == *parent_after;
                *free_from = part.body.end;
                inside && is_first && is_only
            }
        };
        let has_parts = (part.kind == Kind::Leaf) == (part.below == 0);
        if !fits || !has_parts || open.len() >= DEPTH_MAX {
            return Err(DamagedTree::Shape { part: at });
        }
        if part.below > 0 {
            open.push((at, after, part.body.start));
        }
    }
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(number).ok();
            }
        }
        None
    }

    fn part(&mut self, before: usize) -> Option<Part> {
        let kind = match self.byte()? {
            0 => Kind::Leaf,
            1 => Kind::Multipart,
            2 => Kind::Message,
            _ => return None,
        };
        let start = before.checked_add(self.number()?)?;
        let body = start.checked_add(self.number()?)?;
        let end = body.checked_add(self.number()?)?;
        let lines = self.number()?;
        let below = self.number().filter(|&below| below < PARTS_MAX + DEPTH_MAX)?;
        Some(Part { header: start..body, body: body..end, lines, kind, below })
    }
}

fn push(out: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
