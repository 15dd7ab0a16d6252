//! What never changes of a message: parsed once when it arrives, stored as FETCH will send it.

use crate::codec::{Damaged, Reader, put_bytes, put_i64, put_u64};
use crate::thread::Ancestry;
use message::{Digest, Nesting, Thread, Tree};
use std::borrow::Cow;

use model::{BlobId, EmailId, InternalDate, ThreadId};

/// The unchanging facts of a message.
#[derive(Clone, Debug)]
pub struct Email {
    /// Its id within the account.
    pub id: EmailId,
    pub(crate) blob: BlobId,
    /// RFC822.SIZE, in bytes.
    pub size: u32,
    /// Its header's length, with the empty line that ends it, in bytes.
    pub header_len: u32,
    /// The date that its Date field gives, for SENTON and its kin.
    pub sent: Option<InternalDate>,
    /// The thread it was put into when it arrived (RFC 8474 §5.2); `None` for a message that came before threads were kept.
    pub thread: Option<ThreadId>,
    /// The stored form. Most of those who read an e-mail want one of its parts: they stay where they lie.
    row: Box<[u8]>,
    envelope: Span,
    body: Span,
    body_structure: Span,
    tree: Span,
    preview: Option<Span>,
    preface: Span,
    ancestry: Option<Span>,
}

/// Where a part lies in the stored form.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    from: usize,
    to: usize,
}

/// What is known of a content when it has been read once.
pub(crate) struct Parsed {
    digest: Digest,
    preview: String,
    size: u32,
}

impl Parsed {
    /// Reads a message of `size` bytes, taken apart no further than this.
    pub(crate) fn of(content: &[u8], size: u32, nesting: Nesting) -> Self {
        let digest = Digest::within(content, nesting);
        let preview = message::preview(content, &digest.tree);
        Self { digest, preview, size }
    }

    /// Bytes of its header, with the empty line that ends it.
    pub(crate) fn header_len(&self) -> u32 {
        u32::try_from(self.digest.header_bytes).unwrap_or(self.size)
    }

    /// What decides its thread.
    pub(crate) const fn thread(&self) -> &Thread {
        &self.digest.thread
    }

    /// The stored form up to the thread, and the size, of the message behind a preface; `None` if that is too large.
    pub(crate) fn row(&self, blob: BlobId, preface: &[u8]) -> Option<(Vec<u8>, u32)> {
        let size = self.size.checked_add(u32::try_from(preface.len()).ok()?)?;
        let row = match preface.len() {
            0 => Email::encode(blob, size, &self.digest, &self.preview),
            more => Email::encode(blob, size, &self.digest.behind(more), &self.preview),
        };
        Some((row, size))
    }
}

impl Email {
    /// ENVELOPE, as it goes on the wire.
    #[must_use]
    pub fn envelope(&self) -> &[u8] {
        self.part(self.envelope)
    }

    /// BODY, as it goes on the wire.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.part(self.body)
    }

    /// BODYSTRUCTURE, as it goes on the wire.
    #[must_use]
    pub fn body_structure(&self) -> &[u8] {
        self.part(self.body_structure)
    }

    /// The beginning of its text (RFC 8970); `None` for a message that came before it was kept.
    #[must_use]
    pub fn preview(&self) -> Option<Cow<'_, str>> {
        self.preview.map(|preview| String::from_utf8_lossy(self.part(preview)))
    }

    /// Whether [`Email::preview`] has one.
    #[must_use]
    pub const fn has_preview(&self) -> bool {
        self.preview.is_some()
    }

    /// Header lines that stand before the blob for this account alone, such as Delivered-To. Everything else counts them in.
    pub(crate) fn preface(&self) -> &[u8] {
        self.part(self.preface)
    }

    /// What THREAD knows of its forebears; `None` for a message that came before they were kept. See
    /// [`Access::ancestry`](crate::Access::ancestry).
    ///
    /// # Errors
    /// [`Damaged`] when it cannot be read.
    pub(crate) fn ancestry(&self) -> Result<Option<Ancestry>, Damaged> {
        let Some(span) = self.ancestry else { return Ok(None) };
        let mut r = Reader::new(self.part(span), "e-mail row");
        let ancestry = Ancestry::decode(&mut r)?;
        r.end()?;
        Ok(Some(ancestry))
    }

    /// Looks also at the parts that are read only when they are asked for.
    ///
    /// # Errors
    /// [`Damaged`] when one of them cannot be read.
    pub(crate) fn verify(&self) -> Result<(), Damaged> {
        self.tree()?;
        self.ancestry()?;
        match self.preview.map(|preview| std::str::from_utf8(self.part(preview))) {
            Some(Err(_)) => Err(Damaged { what: "e-mail row" }),
            _ => Ok(()),
        }
    }

    fn part(&self, span: Span) -> &[u8] {
        self.row.get(span.from..span.to).unwrap_or_default()
    }

    /// Where its parts lie.
    ///
    /// # Errors
    /// [`Damaged`] when the stored tree cannot be read.
    pub fn tree(&self) -> Result<Tree, Damaged> {
        Tree::decode(self.part(self.tree)).map_err(|_| Damaged { what: "part tree" })
    }

    fn encode(blob: BlobId, size: u32, digest: &Digest, preview: &str) -> Vec<u8> {
        let tree = digest.tree.encode();
        let len = digest.envelope.len()
            + digest.body.len()
            + digest.bodystructure.len()
            + tree.len()
            + preview.len();
        let mut out = Vec::with_capacity(len + 48);
        put_u64(&mut out, blob.0);
        put_u64(&mut out, size.into());
        put_u64(&mut out, digest.header_bytes as u64);
        put_u64(&mut out, digest.sent.is_some().into());
        if let Some(sent) = digest.sent {
            put_i64(&mut out, sent.seconds);
            put_i64(&mut out, sent.zone_minutes.into());
        }
        for part in [&digest.envelope, &digest.body, &digest.bodystructure, &tree] {
            put_bytes(&mut out, part);
        }
        put_bytes(&mut out, preview.as_bytes());
        out
    }

    /// Completes the stored form.
    pub(crate) fn end(row: &mut Vec<u8>, thread: ThreadId, preface: &[u8], ancestry: &Ancestry) {
        put_u64(row, thread.0);
        put_bytes(row, preface);
        ancestry.encode(row);
    }

    pub(crate) fn decode(id: EmailId, bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes, "e-mail row");
        let (blob, size, header_len) = (BlobId(r.u64()?), r.u32()?, r.u32()?);
        let sent = match r.u64()? {
            0 => None,
            _ => {
                let seconds = r.i64()?;
                let zone_minutes = i16::try_from(r.i64()?).map_err(|_| r.damaged())?;
                Some(InternalDate { seconds, zone_minutes })
            }
        };
        let part = |r: &mut Reader<'_>| {
            let len = r.bytes()?.len();
            let to = bytes.len() - r.left();
            Ok(Span { from: to - len, to })
        };
        let (envelope, body, body_structure, tree) =
            (part(&mut r)?, part(&mut r)?, part(&mut r)?, part(&mut r)?);
        // Format 1 ends here.
        let (preview, thread) =
            if r.is_empty() { (None, None) } else { (Some(part(&mut r)?), Some(ThreadId(r.u64()?))) };
        // Early stores of format 2 end here, or behind a preface that is not empty.
        let preface = if r.is_empty() { Span::default() } else { part(&mut r)? };
        let ancestry = (!r.is_empty()).then_some(Span { from: bytes.len() - r.left(), to: bytes.len() });
        Ok(Self {
            id,
            blob,
            size,
            header_len,
            sent,
            thread,
            row: bytes.into(),
            envelope,
            body,
            body_structure,
            tree,
            preview,
            preface,
            ancestry,
        })
    }
}
