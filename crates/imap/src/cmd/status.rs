//! STATUS (RFC 3501 §6.3.10, RFC 7162 §3.1.7, RFC 7889 §3.1, RFC 8438, RFC 8474 §4.3), also for LIST-STATUS (RFC 5819).

use imap_proto::command::{Status, StatusItem};
use imap_proto::response::{self, StatusValue};
use model::{MailboxId, Rights};

use crate::io::Io;
use crate::object_id;
use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn status(&mut self, command: &Status, io: &mut Io) -> Result<Done, Failure> {
        let mailbox = self.access.mailbox(&command.mailbox, Rights::READ)?;
        self.note_status_items(&command.items);
        let status = mailbox.status()?;
        let values = self.status_values(&command.items, mailbox.id(), &status);
        response::mailbox_status(io.out(), self.enabled.dialect, &command.mailbox, values);
        Ok(Done::new("STATUS completed"))
    }

    /// Asking for HIGHESTMODSEQ says that the client knows mod-sequences (RFC 7162 §3.1.7).
    pub(crate) fn note_status_items(&mut self, items: &[StatusItem]) {
        self.enabled.condstore |= items.contains(&StatusItem::HighestModSeq);
    }

    /// What a mailbox's summary says of the items.
    pub(super) fn status_values<'a>(
        &'a self,
        items: &'a [StatusItem],
        id: MailboxId,
        status: &'a mailstore::Status,
    ) -> impl Iterator<Item = (StatusItem, StatusValue)> + 'a {
        items.iter().map(move |&item| (item, self.status_value(item, id, status)))
    }

    fn status_value(&self, item: StatusItem, id: MailboxId, status: &mailstore::Status) -> StatusValue {
        let value = match item {
            StatusItem::Messages => status.messages.into(),
            StatusItem::Recent => status.recent().len(),
            StatusItem::UidNext => status.uid_next,
            StatusItem::UidValidity => status.uid_validity.get().into(),
            StatusItem::Unseen => status.unseen.into(),
            StatusItem::HighestModSeq => status.highest_modseq.0,
            StatusItem::Size => status.size,
            StatusItem::Deleted => status.deleted.into(),
            // The same for every mailbox.
            StatusItem::AppendLimit => self.message_bytes_max,
            StatusItem::DeletedStorage => status.deleted_size,
            StatusItem::MailboxId => return StatusValue::ObjectId(object_id::of_mailbox(id)),
        };
        value.into()
    }
}
