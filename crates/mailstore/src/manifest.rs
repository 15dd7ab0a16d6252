//! Manifests: what a rebuild from the segments alone needs to know of an account, written there as records.
//!
//! A manifest is a tree of records that are never changed. The root holds the account's small rows as they are, and
//! names the parts: the chunks of its mailboxes, and pages that say which blob and which thread each e-mail has. A new
//! manifest writes the parts that have changed and a new root, and shares all others with the one before
//! (`docs/decisions/0006-manifests.md`). Here is what the records say; `write` decides when they are written.

mod beside;
pub(crate) mod check;
mod write;

use self::beside::DIGEST_BYTES;
use crate::codec::{Damaged, Reader, put_bytes, put_i64, put_u64};
use crate::unreferred::UnderWay;
use model::{BlobId, EmailId, MailboxId, ModSeq, ThreadId};
use std::collections::{BTreeMap, BTreeSet};

/// The version of what the records say. A rebuild refuses newer ones.
const VERSION: u64 = 1;
/// E-mails per page: page `n` holds those whose id divided by this is `n`.
const PAGE_EMAILS: u64 = 512;

/// An account as of one commit: the root of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The account's last commit that is in it.
    pub(crate) as_of: ModSeq,
    /// The blobs that it may not know of. Any other blob of the account that no part refers to was given up.
    pub(crate) under_way: UnderWay,
    /// Rows of the engine as they are: the head, keywords, subscriptions, mailboxes, users, quotas.
    pub(crate) rows: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Where the rest is.
    pub(crate) parts: BTreeMap<Place, BlobId>,
}

/// What a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// A chunk of a mailbox, in the form of row `c`.
    Chunk(MailboxId, u32),
    /// A [`Page`] of this number.
    Emails(u64),
}

/// What each e-mail of a page is. One that has been given up since may still be in it.
pub(crate) type Page = BTreeMap<EmailId, PageEntry>;

/// An e-mail, in a [`Page`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageEntry {
    pub(crate) blob: BlobId,
    /// `None` for a message that came before threads were kept.
    pub(crate) thread: Option<ThreadId>,
    /// What stands before the blob ([`crate::Copy`]).
    pub(crate) preface: Vec<u8>,
}

/// What the `flags` field of a record's header says of a manifest's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Kind {
    Root = 1,
    Chunk = 2,
    Emails = 3,
}

impl Place {
    const fn kind(self) -> Kind {
        match self {
            Self::Chunk(..) => Kind::Chunk,
            Self::Emails(_) => Kind::Emails,
        }
    }

    /// The mailbox whose the part is, as its record says; 0 for e-mails.
    const fn mailbox(self) -> MailboxId {
        match self {
            Self::Chunk(mailbox, _) => mailbox,
            Self::Emails(_) => MailboxId(0),
        }
    }
}

/// The page that an e-mail is on.
const fn page_of(email: EmailId) -> u64 {
    email.0 / PAGE_EMAILS
}

/// The first e-mail of a page, and the first behind it.
const fn emails_of(page: u64) -> (EmailId, EmailId) {
    (EmailId(page * PAGE_EMAILS), EmailId((page + 1).saturating_mul(PAGE_EMAILS)))
}

impl Manifest {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, VERSION);
        put_u64(&mut out, self.as_of.0);
        put_u64(&mut out, self.under_way.next.0);
        put_u64(&mut out, self.under_way.held.len() as u64);
        put_blobs(&mut out, self.under_way.held.iter());
        put_u64(&mut out, self.rows.len() as u64);
        for (key, value) in &self.rows {
            put_bytes(&mut out, key);
            put_bytes(&mut out, value);
        }
        put_u64(&mut out, self.parts.len() as u64);
        for place in self.parts.keys() {
            put_u64(&mut out, place.kind() as u64);
            match *place {
                Place::Chunk(mailbox, number) => {
                    put_u64(&mut out, mailbox.0.into());
                    put_u64(&mut out, number.into());
                }
                Place::Emails(page) => put_u64(&mut out, page),
            }
        }
        put_blobs(&mut out, self.parts.values());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes, "manifest");
        if r.u64()? > VERSION {
            return Err(Damaged { what: "manifest of a newer version" });
        }
        let as_of = ModSeq(r.u64()?);
        let next = BlobId(r.u64()?);
        let count = r.count()?;
        let held: BTreeSet<BlobId> = blobs(&mut r, count)?.into_iter().collect();
        let mut rows = BTreeMap::new();
        for _ in 0..r.count()? {
            rows.insert(r.bytes()?.to_vec(), r.bytes()?.to_vec());
        }
        let count = r.count()?;
        let places: Vec<Place> = (0..count).map(|_| place(&mut r)).collect::<Result<_, _>>()?;
        let parts = places.into_iter().zip(blobs(&mut r, count)?).collect();
        r.end()?;
        Ok(Self { as_of, under_way: UnderWay { next, held }, rows, parts })
    }
}

fn place(r: &mut Reader<'_>) -> Result<Place, Damaged> {
    match r.u64()? {
        kind if kind == Kind::Chunk as u64 => Ok(Place::Chunk(MailboxId(r.u32()?), r.u32()?)),
        kind if kind == Kind::Emails as u64 => Ok(Place::Emails(r.u64()?)),
        _ => Err(r.damaged()),
    }
}

fn put_blobs<'a>(out: &mut Vec<u8>, blobs: impl Iterator<Item = &'a BlobId>) {
    let mut before = 0u64;
    for blob in blobs {
        put_i64(out, blob.0.wrapping_sub(before) as i64);
        before = blob.0;
    }
}

fn blobs(r: &mut Reader<'_>, count: usize) -> Result<Vec<BlobId>, Damaged> {
    let mut before = 0u64;
    let mut next = || {
        before = before.wrapping_add(r.i64()? as u64);
        Ok(BlobId(before))
    };
    (0..count).map(|_| next()).collect()
}

/// A page as a record holds it.
pub(crate) fn encode_page(page: &Page) -> Vec<u8> {
    let mut out = Vec::with_capacity(page.len() * 4);
    let (mut email_before, mut blob_before) = (0u64, 0u64);
    for (&EmailId(email), entry) in page {
        put_u64(&mut out, email.wrapping_sub(email_before));
        put_i64(&mut out, entry.blob.0.wrapping_sub(blob_before) as i64);
        // Most messages begin a thread of their own, whose number is the e-mail's. 0 says that it is not known.
        put_u64(&mut out, entry.thread.map_or(0, |thread| email.wrapping_sub(thread.0).wrapping_add(1)));
        put_bytes(&mut out, &entry.preface);
        (email_before, blob_before) = (email, entry.blob.0);
    }
    out
}

/// The reverse of [`encode_page`].
pub(crate) fn decode_page(bytes: &[u8]) -> Result<Page, Damaged> {
    let mut r = Reader::new(bytes, "manifest's page of e-mails");
    let (mut page, mut email, mut blob) = (Page::new(), 0u64, 0u64);
    while !r.is_empty() {
        email = email.wrapping_add(r.u64()?);
        blob = blob.wrapping_add(r.i64()? as u64);
        let thread = match r.u64()? {
            0 => None,
            back => Some(ThreadId(email.wrapping_sub(back - 1))),
        };
        let preface = r.bytes()?.to_vec();
        page.insert(EmailId(email), PageEntry { blob: BlobId(blob), thread, preface });
    }
    Ok(page)
}

/// The row `j` of a root: as of which commit it is, and the digest of the rows beside it. Rows of parts are empty.
pub(crate) fn encode_root_row(as_of: ModSeq, beside: &[u8; DIGEST_BYTES]) -> Vec<u8> {
    let mut out = Vec::new();
    put_u64(&mut out, as_of.0);
    out.extend_from_slice(beside);
    out
}

/// The reverse of [`encode_root_row`].
fn decode_root_row(bytes: &[u8]) -> Result<(ModSeq, [u8; DIGEST_BYTES]), Damaged> {
    let (rest, &beside) = bytes.split_last_chunk().ok_or(Damaged { what: "manifest row" })?;
    let mut r = Reader::new(rest, "manifest row");
    let as_of = ModSeq(r.u64()?);
    r.end()?;
    Ok((as_of, beside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        let manifest = Manifest {
            as_of: ModSeq(7),
            under_way: UnderWay { next: BlobId(u64::MAX), held: [BlobId(3), BlobId(9)].into() },
            rows: [(b"a".to_vec(), b"row".to_vec()), (b"m".to_vec(), Vec::new())].into(),
            parts: [
                (Place::Chunk(MailboxId(1), 2), BlobId(1 << 60)),
                (Place::Chunk(MailboxId(2), 0), BlobId(4)),
                (Place::Emails(u64::MAX), BlobId(5)),
            ]
            .into(),
        };
        assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest));
        let beside = [7; DIGEST_BYTES];
        assert_eq!(decode_root_row(&encode_root_row(ModSeq(300), &beside)), Ok((ModSeq(300), beside)));
    }

    #[test]
    fn a_newer_version_is_told() {
        let mut bytes = Manifest::default().encode();
        bytes[0] = VERSION as u8 + 1;
        assert_eq!(Manifest::decode(&bytes), Err(Damaged { what: "manifest of a newer version" }));
    }

    proptest! {
        #[test]
        fn a_page_is_read_as_it_was_written(entries in proptest::collection::btree_map(any::<u64>(), (any::<u64>(), proptest::option::of(0..u64::MAX), proptest::collection::vec(any::<u8>(), 0..9)), 0..40)) {
            let entry = |(email, (blob, back, preface)): (u64, (u64, Option<u64>, Vec<u8>))| {
                let thread = back.map(|back| ThreadId(email.wrapping_sub(back)));
                (EmailId(email), PageEntry { blob: BlobId(blob), thread, preface })
            };
            let page: Page = entries.into_iter().map(entry).collect();
            prop_assert_eq!(decode_page(&encode_page(&page)), Ok(page));
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (Manifest::decode(&bytes), decode_page(&bytes), decode_root_row(&bytes));
        }
    }
}
