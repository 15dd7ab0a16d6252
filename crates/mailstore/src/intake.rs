//! A message on its way in: spooled, parsed, its content made durable. Only then may a commit refer to it.

use crate::email::Email;
use crate::error::{Error, Fault, Refusal};
use crate::mailbox::Mailbox;
use crate::shared::Shared;
use crate::store::Store;
use crate::thread::Ties;
use crate::txn::Parcel;
use model::{AccountId, BlobId, InternalDate, MailboxId, NamedFlags};
use std::sync::Arc;
use storage::{Content, NewBlob, RecordKind, Spool};
use tokio::sync::oneshot;

/// Takes a message's bytes as they come in.
pub struct Intake {
    shared: Arc<Shared>,
    spool: Spool,
    len: u64,
    is_binary: bool,
}

/// A message whose content is durable, ready for [`Mailbox::append`].
#[derive(Debug)]
pub struct Arrival(Parcel);

impl Store {
    /// A new intake.
    #[must_use]
    pub fn receive(&self) -> Intake {
        let spool = Spool::new(&self.shared.options.staging);
        Intake { shared: self.shared.clone(), spool, len: 0, is_binary: false }
    }
}

impl Intake {
    /// The message may hold NUL: bodies that do are kept in base64.
    #[must_use]
    pub fn in_binary(self) -> Self {
        Self { is_binary: true, ..self }
    }

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
    /// [`Refusal::DiskReserve`], [`Refusal::StrayNul`] and [`Refusal::MessageTooBig`] of a message in binary, or a fault.
    pub async fn finish(
        self,
        to: &Mailbox,
        flags: NamedFlags,
        date: Option<InternalDate>,
    ) -> Result<Arrival, Error> {
        self.shared.has_space()?;
        let now = i64::try_from(self.shared.clock.now().seconds()).unwrap_or(i64::MAX);
        let date = date.unwrap_or_else(|| InternalDate::utc(now));
        let place =
            Place { account: to.account_id(), mailbox: to.id(), date, flags: flags.system.bits() as u64 };
        let shared = self.shared.clone();
        let mut hold = shared.unreferred.next();
        let blob = hold.blob();
        let (done, durable) = oneshot::channel();
        let (blobs, engine) = (shared.blobs.clone(), shared.engine.clone());
        let parse_and_put = move || {
            let (content, size) = match self.content()? {
                Ok(content) => content,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let (email, thread) = Email::of(blob, size, &content);
            let ties = Ties::read(&thread, place.account, &*engine.snapshot()?)?;
            blobs.put(place.record(blob, content), Box::new(move |located| drop(done.send(located))));
            Ok(Ok((email, ties, size)))
        };
        let (email, ties, size) = shared.blocking(parse_and_put).await??;
        let location = shared.durable(durable).await?;
        hold.stored(location);
        Ok(Arrival(Parcel { blob, location, email, ties, flags, date, size, source: None, hold }))
    }

    /// The message as it is kept, and its size.
    fn content(self) -> Result<Result<(Content, u32), Refusal>, Fault> {
        let limit = self.shared.options.message_bytes_max.min(u32::MAX.into());
        let mut content = self.spool.finish()?;
        if self.is_binary {
            let mut encoded = Spool::new(&self.shared.options.staging);
            match message::Recoded::of(&content) {
                Ok(None) => {}
                Ok(Some(recoded)) => {
                    recoded.write(|bytes| encoded.write(bytes))?;
                    content = encoded.finish()?;
                }
                Err(stray) => return Ok(Err(Refusal::StrayNul(stray))),
            }
        }
        let size = u32::try_from(content.len()).ok().filter(|&size| u64::from(size) <= limit);
        Ok(size.map(|size| (content, size)).ok_or(Refusal::MessageTooBig { limit }))
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
    fn record(&self, id: BlobId, content: Content) -> NewBlob {
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
