//! Every form in which values are stored, to be read and written again: what the fuzz targets go through.
//!
//! Nothing else uses this; whoever wants to know what a form means reads `docs/storage-format.md`.

use crate::aliases::Alias;
use crate::change::{self, Change};
use crate::chunk::Chunk;
use crate::codec::{Damaged, Reader};
use crate::email::Email;
use crate::index::State as Index;
use crate::manifest::{self, Manifest};
use crate::quota::Limits;
use crate::schema::{self, Head, MailboxRow, StoreRow};
use crate::users::User;
use model::EmailId;

/// The key of rows whose key is read with them.
const KEY: &[u8] = b"uada@example.org";

/// A form of stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A record of a mailbox's log.
    Change,
    /// Messages of a staged copy.
    Staged,
    /// UIDs that vanished.
    Uids,
    /// A chunk of an image.
    Chunk,
    /// The store's row.
    Store,
    /// An account's row.
    Head,
    /// A mailbox's row.
    Mailbox,
    /// An account's keywords.
    Keywords,
    /// The names that are subscribed.
    Names,
    /// The e-mails in a grave.
    Grave,
    /// An e-mail, with its part tree.
    Email,
    /// The root of a manifest.
    Manifest,
    /// A manifest's page of e-mails.
    Page,
    /// The state of a text index.
    Index,
    /// A user.
    User,
    /// An alias.
    Alias,
    /// Limits of a quota.
    Limits,
}

/// All forms.
pub const FORMS: [Form; 17] = [
    Form::Change,
    Form::Staged,
    Form::Uids,
    Form::Chunk,
    Form::Store,
    Form::Head,
    Form::Mailbox,
    Form::Keywords,
    Form::Names,
    Form::Grave,
    Form::Email,
    Form::Manifest,
    Form::Page,
    Form::Index,
    Form::User,
    Form::Alias,
    Form::Limits,
];

/// Reads a value and writes what was read. An e-mail is given back as it came: it is only written when it arrives.
///
/// # Errors
/// [`Damaged`], if the bytes are no value of that form.
pub fn read_and_write(form: Form, bytes: &[u8]) -> Result<Vec<u8>, Damaged> {
    let mut reader = Reader::new(bytes, "value");
    let mut out = Vec::new();
    Ok(match form {
        Form::Change => Change::decode(bytes)?.encode(),
        Form::Staged => {
            change::put_messages(&mut out, &change::messages(&mut reader)?);
            out
        }
        Form::Uids => {
            change::put_uids(&mut out, &change::uids(&mut reader)?);
            out
        }
        Form::Chunk => Chunk::decode(bytes)?.encode(),
        Form::Store => StoreRow::decode(bytes)?.encode(),
        Form::Head => Head::decode(bytes)?.encode(),
        Form::Mailbox => MailboxRow::decode(bytes)?.encode(),
        Form::Keywords => schema::encode_keywords(&schema::decode_keywords(bytes)?),
        Form::Names => schema::encode_names(&schema::decode_names(bytes)?),
        Form::Grave => schema::encode_emails(&schema::decode_emails(bytes)?),
        Form::Email => {
            Email::decode(EmailId(1), bytes)?.verify()?;
            bytes.to_vec()
        }
        Form::Manifest => Manifest::decode(bytes)?.encode(),
        Form::Page => manifest::encode_page(&manifest::decode_page(bytes)?),
        // One of another version is not read, but made anew.
        Form::Index => Index::decode(bytes)?.map_or_else(|| bytes.to_vec(), |state| state.encode()),
        Form::User => User::decode(KEY, bytes)?.encode(),
        Form::Alias => Alias::decode(KEY, bytes)?.encode(),
        Form::Limits => Limits::decode(bytes)?.encode(),
    })
}
