//! A message on its way in: spooled, parsed, its content made durable. Only then may a commit refer to it.

use crate::email::Email;
use crate::error::{Error, Fault, Refusal, Stopped};
use crate::mailbox::Mailbox;
use crate::shared::Shared;
use crate::store::Store;
use crate::thread::Ties;
use crate::txn::Parcel;
use message::Digest;
use model::{AccountId, BlobId, InternalDate, MailboxId, NamedFlags};
use std::sync::Arc;
use storage::{NewBlob, RecordKind, Spool};
use tokio::sync::oneshot;

/// Takes a message's bytes as they come in.
pub struct Intake {
    shared: Arc<Shared>,
    spool: Spool,
    len: u64,
}

/// A message whose content is durable, ready for [`Mailbox::append`].
#[derive(Debug)]
pub struct Arrival(Parcel);

impl Store {
    /// A new intake.
    #[must_use]
    pub fn receive(&self) -> Intake {
        let spool = Spool::new(&self.shared.options.staging);
        Intake { shared: self.shared.clone(), spool, len: 0 }
    }
}

impl Intake {
    /// Takes more of the message.
    ///
    /// # Errors
    /// [`Refusal::MessageTooBig`], or a fault when it cannot be spooled.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.len += bytes.len() as u64;
        let limit = self.shared.options.message_bytes_max;
        if self.len > limit {
            return Err(Refusal::MessageTooBig { limit }.into());
        }
        Ok(self.spool.write(bytes).map_err(Fault::from)?)
    }

    /// Parses the message and makes its content durable. `date` is now where the client gives none.
    ///
    /// # Errors
    /// [`Refusal::DiskReserve`], or a fault.
    pub async fn finish(
        self,
        to: &Mailbox,
        flags: NamedFlags,
        date: Option<InternalDate>,
    ) -> Result<Arrival, Error> {
        let Self { shared, spool, len } = self;
        shared.has_space()?;
        let now = i64::try_from(shared.clock.now().seconds()).unwrap_or(i64::MAX);
        let date = date.unwrap_or_else(|| InternalDate::utc(now));
        let size = u32::try_from(len).map_err(|_| Refusal::MessageTooBig { limit: u32::MAX.into() })?;
        let place =
            Place { account: to.account_id(), mailbox: to.id(), date, flags: flags.system.bits() as u64 };
        let blob = shared.next_blob();
        let mut hold = shared.unreferred.hold(blob);
        let (done, durable) = oneshot::channel();
        let (blobs, engine) = (shared.blobs.clone(), shared.engine.clone());
        let parse_and_put = move || {
            let content = spool.finish()?;
            let digest = Digest::of(&content);
            let ties = Ties::read(&digest.thread, place.account, &*engine.snapshot()?)?;
            let email = Email::encode(blob, size, &digest, &message::preview(&content, &digest.tree));
            blobs.put(place.record(blob, content), Box::new(move |located| drop(done.send(located))));
            Ok((email, ties))
        };
        let (email, ties) = shared.blocking(parse_and_put).await?;
        let location = durable.await.map_err(|_| Fault::new("store message", Stopped))?;
        let location = match location {
            Ok(location) => location,
            Err(error) => {
                shared.failed.send_replace(true);
                return Err(Fault::new("store message", error).into());
            }
        };
        hold.stored(location);
        Ok(Arrival(Parcel { blob, location, email, ties, flags, date, size, source: None, hold }))
    }
}

/// Where a message is to go, as its record in the segment says for the case that only segments are left.
struct Place {
    account: AccountId,
    mailbox: MailboxId,
    date: InternalDate,
    flags: u64,
}

impl Place {
    fn record(&self, id: BlobId, content: storage::Content) -> NewBlob {
        let Self { account, mailbox, date, flags } = *self;
        NewBlob { kind: RecordKind::Blob, id, account, mailbox, date, flags, content }
    }
}

impl Arrival {
    /// Marks the message as imported from a source, so that the same source is not imported again.
    #[must_use]
    pub fn imported_from(mut self, source: [u8; 32]) -> Self {
        self.0.source = Some(source);
        self
    }

    pub(crate) fn into_parcel(self) -> Parcel {
        self.0
    }
}
