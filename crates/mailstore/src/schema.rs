//! Every key and every small value of the store: "show me the tables". `docs/storage-format.md` says the same in prose.
//!
//! A key is one letter for its table, then fixed-width big-endian numbers, so that rows sort as they are read.

mod directory;
mod lists;

pub(crate) use directory::*;
pub(crate) use lists::{
    decode_emails, decode_keywords, decode_names, encode_emails, encode_keywords, encode_names,
};

use crate::codec::{Damaged, Reader, put_bytes, put_u64};
use crate::thread::Tie;
use model::{AccountId, BlobId, EmailId, MailboxId, MailboxName, ModSeq, SpecialUse, Timestamp, UidValidity};

/// The version of the format that this program writes. A store of a newer one is refused.
pub const FORMAT_VERSION: u64 = 2;

/// `V`: one row: the format version and the store-wide counters.
pub(crate) const STORE: &[u8] = b"V";
/// `N`: one row: the number of the last durable commit.
pub(crate) const COMMIT_NUMBER: &[u8] = b"N";

/// Builds a key.
struct Key(Vec<u8>);

impl Key {
    fn table(letter: u8) -> Self {
        let mut key = Vec::with_capacity(32);
        key.push(letter);
        Self(key)
    }

    fn u64(mut self, n: u64) -> Self {
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }

    fn u32(mut self, n: u32) -> Self {
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }
}

/// The key after all keys that start with `prefix`.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// `a` account: the account's [`Head`].
pub(crate) fn head(account: AccountId) -> Vec<u8> {
    Key::table(b'a').u64(account.0).0
}

/// Every account's head.
pub(crate) const HEADS: &[u8] = b"a";

/// `k` account: the account's keyword table, in order.
pub(crate) fn keywords(account: AccountId) -> Vec<u8> {
    Key::table(b'k').u64(account.0).0
}

/// `n` account: the names the account is subscribed to.
pub(crate) fn subscriptions(account: AccountId) -> Vec<u8> {
    Key::table(b'n').u64(account.0).0
}

/// `m` account mailbox: a [`MailboxRow`].
pub(crate) fn mailbox(account: AccountId, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'm').u64(account.0).u32(mailbox.0).0
}

/// All mailboxes of an account.
pub(crate) fn mailboxes(account: AccountId) -> Vec<u8> {
    Key::table(b'm').u64(account.0).0
}

/// `z` account mailbox: a deleted mailbox whose rows the sweeper has yet to remove.
pub(crate) fn tombstone(account: AccountId, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'z').u64(account.0).u32(mailbox.0).0
}

/// All tombstones.
pub(crate) const TOMBSTONES: &[u8] = b"z";

/// `l` account mailbox modseq: a log record ([`crate::Change`]).
pub(crate) fn log(account: AccountId, mailbox: MailboxId, modseq: ModSeq) -> Vec<u8> {
    Key::table(b'l').u64(account.0).u32(mailbox.0).u64(modseq.0).0
}

/// The whole log of a mailbox.
pub(crate) fn logs(account: AccountId, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'l').u64(account.0).u32(mailbox.0).0
}

/// `t` account modseq: the mailboxes that the commit touched.
pub(crate) fn touched(account: AccountId, modseq: ModSeq) -> Vec<u8> {
    Key::table(b't').u64(account.0).u64(modseq.0).0
}

/// `c` account mailbox number: a chunk of the mailbox's image.
pub(crate) fn chunk(account: AccountId, mailbox: MailboxId, number: u32) -> Vec<u8> {
    Key::table(b'c').u64(account.0).u32(mailbox.0).u32(number).0
}

/// All chunks of a mailbox.
pub(crate) fn chunks(account: AccountId, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'c').u64(account.0).u32(mailbox.0).0
}

/// `v` account mailbox modseq: UIDs that were expunged up to that modseq, kept when the log is trimmed.
pub(crate) fn vanished(account: AccountId, mailbox: MailboxId, modseq: ModSeq) -> Vec<u8> {
    Key::table(b'v').u64(account.0).u32(mailbox.0).u64(modseq.0).0
}

/// All vanished UIDs of a mailbox.
pub(crate) fn vanisheds(account: AccountId, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'v').u64(account.0).u32(mailbox.0).0
}

/// `x` account stage number: messages of a large copy, staged.
pub(crate) fn stage(account: AccountId, stage: u64, number: u32) -> Vec<u8> {
    Key::table(b'x').u64(account.0).u64(stage).u32(number).0
}

/// All rows of a stage.
pub(crate) fn stages(account: AccountId, stage: u64) -> Vec<u8> {
    Key::table(b'x').u64(account.0).u64(stage).0
}

/// Every stage of an account.
pub(crate) fn all_stages(account: AccountId) -> Vec<u8> {
    Key::table(b'x').u64(account.0).0
}

/// `y` account stage: the stage is linked into a mailbox; without this row it is the rest of a copy that failed.
pub(crate) fn linked(account: AccountId, stage: u64) -> Vec<u8> {
    Key::table(b'y').u64(account.0).u64(stage).0
}

/// The stage that an `x` key is of.
pub(crate) fn stage_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(9..17)?.try_into().ok()?))
}

/// `e` account email: an [`crate::Email`]: what never changes of a message.
pub(crate) fn email(account: AccountId, email: EmailId) -> Vec<u8> {
    Key::table(b'e').u64(account.0).u64(email.0).0
}

/// All e-mails of an account.
pub(crate) fn emails(account: AccountId) -> Vec<u8> {
    Key::table(b'e').u64(account.0).0
}

/// The account and e-mail that an `e` key or an `r` key is of.
pub(crate) fn email_of(key: &[u8]) -> Option<EmailId> {
    Some(EmailId(u64::from_be_bytes(key.get(9..17)?.try_into().ok()?)))
}

/// The number that ends a key.
pub(crate) fn last_u64(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk()?))
}

/// The number that ends a key.
pub(crate) fn last_u32(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*key.last_chunk()?))
}

/// `r` account email mailbox: the e-mail may be in that mailbox.
pub(crate) fn reference(account: AccountId, email: EmailId, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'r').u64(account.0).u64(email.0).u32(mailbox.0).0
}

/// All references to an e-mail.
pub(crate) fn references(account: AccountId, email: EmailId) -> Vec<u8> {
    Key::table(b'r').u64(account.0).u64(email.0).0
}

/// All references of an account.
pub(crate) fn all_references(account: AccountId) -> Vec<u8> {
    Key::table(b'r').u64(account.0).0
}

/// `g` account modseq mailbox: e-mails expunged from that mailbox, for the sweeper.
pub(crate) fn grave(account: AccountId, modseq: ModSeq, mailbox: MailboxId) -> Vec<u8> {
    Key::table(b'g').u64(account.0).u64(modseq.0).u32(mailbox.0).0
}

/// All graves of an account.
pub(crate) fn graves(account: AccountId) -> Vec<u8> {
    Key::table(b'g').u64(account.0).0
}

/// `h` account tie: the thread that a message-id was brought into, a big-endian u64.
pub(crate) fn thread(account: AccountId, tie: &Tie) -> Vec<u8> {
    let mut key = Key::table(b'h').u64(account.0).0;
    key.extend_from_slice(tie);
    key
}

/// `o` account: the state of the account's text index ([`crate::index::State`]).
pub(crate) fn index(account: AccountId) -> Vec<u8> {
    Key::table(b'o').u64(account.0).0
}

/// `o` account segment: everything of one segment of the index.
pub(crate) fn index_segment(account: AccountId, segment: u32) -> Vec<u8> {
    Key::table(b'o').u64(account.0).u32(segment).0
}

/// `o` account segment field kind block: a part of a segment, as `textindex` writes it; which, `kind` says.
pub(crate) fn index_part(account: AccountId, segment: u32, part: (u8, u8), block: u32) -> Vec<u8> {
    let mut key = Key::table(b'o').u64(account.0).u32(segment);
    key.0.extend([part.0, part.1]);
    key.u32(block).0
}

/// `b` blob: where the blob lies, a `storage::Location`.
pub(crate) fn blob(blob: BlobId) -> Vec<u8> {
    Key::table(b'b').u64(blob.0).0
}

/// `q` blob account email: the e-mail whose content the blob is.
pub(crate) fn owner(blob: BlobId, account: AccountId, email: EmailId) -> Vec<u8> {
    Key::table(b'q').u64(blob.0).u64(account.0).u64(email.0).0
}

/// All e-mails whose content a blob is.
pub(crate) fn owners(blob: BlobId) -> Vec<u8> {
    Key::table(b'q').u64(blob.0).0
}

/// The blob of a `q` key.
pub(crate) fn blob_owned(key: &[u8]) -> Option<BlobId> {
    Some(BlobId(u64::from_be_bytes(key.get(1..9)?.try_into().ok()?)))
}

/// The account and the e-mail of a `q` key.
pub(crate) fn owner_in(key: &[u8]) -> Option<(AccountId, EmailId)> {
    let account = u64::from_be_bytes(key.get(9..17)?.try_into().ok()?);
    Some((AccountId(account), EmailId(last_u64(key)?)))
}

/// `j` account blob: a record of the account's manifest; the value says which one is its root
/// ([`crate::manifest::encode_root_row`]).
pub(crate) fn manifest(account: AccountId, blob: BlobId) -> Vec<u8> {
    Key::table(b'j').u64(account.0).u64(blob.0).0
}

/// Every record of an account's manifest.
pub(crate) fn manifests(account: AccountId) -> Vec<u8> {
    Key::table(b'j').u64(account.0).0
}

/// `s` segment: up to which offset the segment holds committed records.
pub(crate) fn segment(segment: u32) -> Vec<u8> {
    Key::table(b's').u32(segment).0
}

/// Every segment.
pub(crate) const SEGMENTS: &[u8] = b"s";

/// `d` segment: how many bytes of the segment nobody refers to any more.
pub(crate) fn dead(segment: u32) -> Vec<u8> {
    Key::table(b'd').u32(segment).0
}

/// Every row of [`dead`].
pub(crate) const DEAD: &[u8] = b"d";

/// The account that a key is of, in tables whose keys begin with it.
pub(crate) fn account_of(key: &[u8]) -> Option<AccountId> {
    Some(AccountId(u64::from_be_bytes(key.get(1..9)?.try_into().ok()?)))
}

/// `i` account digest: a source that has been imported.
pub(crate) fn imported(account: AccountId, source: &[u8; 32]) -> Vec<u8> {
    let mut key = Key::table(b'i').u64(account.0).0;
    key.extend_from_slice(source);
    key
}

/// `D` account digest: when a message was delivered to a member of a group.
pub(crate) fn delivered(account: AccountId, message: &[u8; 32]) -> Vec<u8> {
    let mut key = Key::table(b'D').u64(account.0).0;
    key.extend_from_slice(message);
    key
}

/// Every row of [`delivered`].
pub(crate) const DELIVERED: &[u8] = b"D";

/// The row [`STORE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoreRow {
    /// [`FORMAT_VERSION`] of the program that made or migrated the store.
    pub(crate) version: u64,
    /// How often the store has been opened: the upper part of blob ids.
    pub(crate) generation: u64,
    /// The next account's id.
    pub(crate) next_account: u64,
}

impl StoreRow {
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut out = Vec::new();
        for n in [self.version, self.generation, self.next_account] {
            put_u64(&mut out, n);
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes, "store row");
        // A newer version may have more fields; it is refused by its number.
        Ok(Self { version: r.u64()?, generation: r.u64()?, next_account: r.u64()? })
    }
}

/// The row of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last commit.
    pub(crate) modseq: ModSeq,
    /// Moves when a restore may have gone back in time; every mailbox then gets a new UIDVALIDITY.
    pub(crate) epoch: u64,
    /// The last UIDVALIDITY given out, also to mailboxes since deleted.
    pub(crate) last_uid_validity: u32,
    /// The next mailbox's id.
    pub(crate) next_mailbox: u32,
    /// The next e-mail's id.
    pub(crate) next_email: u64,
    /// The next stage of a large copy.
    pub(crate) next_stage: u64,
}

impl Head {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        put_u64(&mut out, self.modseq.0);
        put_u64(&mut out, self.epoch);
        put_u64(&mut out, self.last_uid_validity.into());
        put_u64(&mut out, self.next_mailbox.into());
        put_u64(&mut out, self.next_email);
        put_u64(&mut out, self.next_stage);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes, "account head");
        let head = Self {
            modseq: ModSeq(r.u64()?),
            epoch: r.u64()?,
            last_uid_validity: r.u32()?,
            next_mailbox: r.u32()?,
            next_email: r.u64()?,
            next_stage: r.u64()?,
        };
        r.end()?;
        Ok(head)
    }

    /// `max(time, last + 1)`: a name that comes back never repeats one, also within a second or when the clock steps
    /// back (RFC 9051 §2.3.1.1).
    pub(crate) fn next_uid_validity(&mut self, now: Timestamp) -> UidValidity {
        let time = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
        let next = time.max(self.last_uid_validity.saturating_add(1)).max(1);
        self.last_uid_validity = next;
        UidValidity::new(next).unwrap_or(UID_VALIDITY_MAX)
    }
}

/// What a mailbox gets when there is no greater UIDVALIDITY.
const UID_VALIDITY_MAX: UidValidity = match UidValidity::new(u32::MAX) {
    Some(max) => max,
    None => unreachable!(),
};

/// A mailbox's row: its name and the summary that STATUS answers from, changed in the commit that changes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailboxRow {
    pub(crate) name: MailboxName,
    pub(crate) special_use: Option<SpecialUse>,
    pub(crate) uid_validity: UidValidity,
    /// The next UID; 2^32 when the last has been given out.
    pub(crate) uid_next: u64,
    /// The last commit that touched this mailbox.
    pub(crate) highest_modseq: ModSeq,
    pub(crate) messages: u32,
    pub(crate) unseen: u32,
    pub(crate) deleted: u32,
    /// Of the messages that have \\Deleted, in bytes.
    pub(crate) deleted_size: u64,
    /// Of all messages, in bytes.
    pub(crate) size: u64,
    /// Below this UID no message is \Recent any more. Written when the row is written anyway.
    pub(crate) recent_from: u64,
    /// Log records up to this one are trimmed: the chunks hold them.
    pub(crate) log_floor: ModSeq,
    /// How many log records there are above the floor.
    pub(crate) log_records: u64,
    /// UIDs expunged up to this commit are no longer on record.
    pub(crate) vanished_floor: ModSeq,
}

impl MailboxRow {
    pub(crate) fn new(
        name: MailboxName,
        special_use: Option<SpecialUse>,
        uid_validity: UidValidity,
        modseq: ModSeq,
    ) -> Self {
        Self {
            name,
            special_use,
            uid_validity,
            uid_next: 1,
            highest_modseq: modseq,
            messages: 0,
            unseen: 0,
            deleted: 0,
            deleted_size: 0,
            size: 0,
            recent_from: 1,
            log_floor: ModSeq::ZERO,
            log_records: 0,
            vanished_floor: ModSeq::ZERO,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        put_bytes(&mut out, self.name.as_str().as_bytes());
        put_u64(&mut out, self.special_use.map_or(0, |u| u as u64 + 1));
        put_u64(&mut out, self.uid_validity.get().into());
        put_u64(&mut out, self.uid_next);
        put_u64(&mut out, self.highest_modseq.0);
        for n in [self.messages, self.unseen, self.deleted] {
            put_u64(&mut out, n.into());
        }
        put_u64(&mut out, self.size);
        put_u64(&mut out, self.recent_from);
        put_u64(&mut out, self.log_floor.0);
        put_u64(&mut out, self.log_records);
        put_u64(&mut out, self.vanished_floor.0);
        put_u64(&mut out, self.deleted_size);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut r = Reader::new(bytes, "mailbox row");
        let name = MailboxName::new(&r.string()?).map_err(|_| r.damaged())?;
        let special_use = match r.u64()? {
            0 => None,
            n => {
                let index = usize::try_from(n - 1).map_err(|_| r.damaged())?;
                Some(*SpecialUse::ALL.get(index).ok_or_else(|| r.damaged())?)
            }
        };
        let mut row = Self {
            name,
            special_use,
            uid_validity: UidValidity::new(r.u32()?).ok_or_else(|| r.damaged())?,
            uid_next: r.u64()?,
            highest_modseq: ModSeq(r.u64()?),
            messages: r.u32()?,
            unseen: r.u32()?,
            deleted: r.u32()?,
            deleted_size: 0,
            size: r.u64()?,
            recent_from: r.u64()?,
            log_floor: ModSeq(r.u64()?),
            log_records: r.u64()?,
            vanished_floor: ModSeq(r.u64()?),
        };
        // Rows of format 1 end here; the migration counts what they lack.
        if !r.is_empty() {
            row.deleted_size = r.u64()?;
        }
        r.end()?;
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let validity = UidValidity::new(9).unwrap();
        let mut row = MailboxRow::new(MailboxName::inbox(), Some(SpecialUse::Trash), validity, ModSeq(3));
        row.uid_next = 1 << 32;
        assert_eq!(MailboxRow::decode(&row.encode()), Ok(row.clone()));
        let of_format_1 = row.encode().split_last().map(|(_, rest)| rest.to_vec()).unwrap();
        assert_eq!(MailboxRow::decode(&of_format_1), Ok(row), "nothing is deleted there");
        let head = Head { modseq: ModSeq(1 << 40), next_email: 7, ..Head::default() };
        assert_eq!(Head::decode(&head.encode()), Ok(head));
        let emails = [EmailId(5), EmailId(3), EmailId(u64::MAX)];
        assert_eq!(decode_emails(&encode_emails(&emails)), Ok(emails.to_vec()));
    }

    #[test]
    fn the_end_of_a_prefix_is_behind_all_its_keys() {
        assert_eq!(after(b"ab"), b"ac");
        assert_eq!(after(&[1, 0xff]), [2]);
    }
}
