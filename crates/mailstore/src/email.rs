//! What never changes of a message: parsed once when it arrives, stored as FETCH will send it.

use crate::codec::{Damaged, Reader, put_bytes, put_i64, put_u64};
use crate::thread::Ancestry;
use message::{Digest, Nesting, Thread, Tree};
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
    /// ENVELOPE, as it goes on the wire.
    pub envelope: Vec<u8>,
    /// BODY, as it goes on the wire.
    pub body: Vec<u8>,
    /// BODYSTRUCTURE, as it goes on the wire.
    pub body_structure: Vec<u8>,
    /// The beginning of its text (RFC 8970); `None` for a message that came before it was kept.
    pub preview: Option<String>,
    /// The thread it was put into when it arrived (RFC 8474 §5.2); `None` for a message that came before threads were kept.
    pub thread: Option<ThreadId>,
    /// What THREAD knows of its forebears; `None` for a message that came before they were kept. See
    /// [`Access::ancestry`](crate::Access::ancestry).
    pub(crate) ancestry: Option<Ancestry>,
    /// Header lines that stand before the blob for this account alone, such as Delivered-To. All the above counts them in.
    pub(crate) preface: Vec<u8>,
    tree: Vec<u8>,
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
    /// Where its parts lie.
    ///
    /// # Errors
    /// [`Damaged`] when the stored tree cannot be read.
    pub fn tree(&self) -> Result<Tree, Damaged> {
        Tree::decode(&self.tree).map_err(|_| Damaged { what: "part tree" })
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
        let mut part = || r.bytes().map(<[u8]>::to_vec);
        let (envelope, body, body_structure, tree) = (part()?, part()?, part()?, part()?);
        // Format 1 ends here.
        let (preview, thread) =
            if r.is_empty() { (None, None) } else { (Some(r.string()?), Some(ThreadId(r.u64()?))) };
        // Early stores of format 2 end here, or behind a preface that is not empty.
        let preface = if r.is_empty() { Vec::new() } else { r.bytes()?.to_vec() };
        let ancestry = if r.is_empty() { None } else { Some(Ancestry::decode(&mut r)?) };
        r.end()?;
        Ok(Self {
            id,
            blob,
            size,
            header_len,
            sent,
            envelope,
            body,
            body_structure,
            preview,
            thread,
            ancestry,
            preface,
            tree,
        })
    }
}
