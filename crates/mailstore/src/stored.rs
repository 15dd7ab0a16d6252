//! Every form in which values are stored, to be read and written again: what the fuzz targets go through.
//!
//! Nothing else uses this; whoever wants to know what a form means reads `docs/storage-format.md`.

use crate::change::{self, Change};
use crate::chunk::Chunk;
use crate::codec::{Damaged, Reader};
use crate::email::Email;
use crate::manifest::{self, Manifest};
use crate::schema::{self, Head, MailboxRow, StoreRow};
use model::EmailId;

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
}

/// All forms.
pub const FORMS: [Form; 13] = [
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
            let _ = Email::decode(EmailId(1), bytes)?.tree()?;
            bytes.to_vec()
        }
        Form::Manifest => Manifest::decode(bytes)?.encode(),
        Form::Page => manifest::encode_page(&manifest::decode_page(bytes)?),
    })
}
