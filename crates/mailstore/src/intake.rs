//! A message on its way in: spooled, parsed, its content made durable. Only then may a commit refer to it.

use crate::email::Parsed;
use crate::error::{Error, Fault, Refusal};
use crate::mailbox::Mailbox;
use crate::shared::Shared;
use crate::store::Store;
use crate::thread::Ties;
use crate::txn::{Parcel, Source};
use crate::unreferred::Hold;
use model::{AccountId, BlobId, InternalDate, MailboxId, NamedFlags};
use std::sync::Arc;
use storage::{Content, Location, NewBlob, RecordKind, Spool};
use tokio::sync::oneshot;

/// Messages up to so many bytes are taken apart and packed where they come in, which takes less time than to have another
/// thread do it and to be told.
const SHORT_BYTES_MAX: u64 = 64 << 10;
// No file is read where they come in.
const _: () = assert!(SHORT_BYTES_MAX <= Spool::MEMORY_BYTES_MAX as u64);

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
        let date = date.unwrap_or_else(|| self.now());
        let place =
            Place { account: to.account_id(), mailbox: to.id(), date, flags: flags.system.bits() as u64 };
        let (contents, ties) = self.put(place, vec![to.account_id()]).await?;
        contents.arrival(ties.into_iter().next().unwrap_or_default(), Vec::new(), flags, date)
    }

    /// As [`Intake::finish`], for each of several mailboxes, of any accounts. The content is stored once; what stands in
    /// a preface is seen in that copy alone. A message that begins with no header field must not have prefaces.
    ///
    /// # Errors
    /// As of [`Intake::finish`].
    pub async fn finish_for(self, copies: Vec<Copy>) -> Result<Vec<Arrival>, Error> {
        let Some(first) = copies.first().map(|copy| &copy.to) else { return Ok(Vec::new()) };
        let date = self.now();
        let place = Place { account: first.account_id(), mailbox: first.id(), date, flags: 0 };
        let accounts = copies.iter().map(|copy| copy.to.account_id()).collect();
        let (contents, ties) = self.put(place, accounts).await?;
        let arrival =
            |(copy, ties): (Copy, Ties)| contents.arrival(ties, copy.preface, NamedFlags::default(), date);
        copies.into_iter().zip(ties).map(arrival).collect()
    }

    fn now(&self) -> InternalDate {
        InternalDate::utc(i64::try_from(self.shared.clock.now().seconds()).unwrap_or(i64::MAX))
    }

    /// Makes the content durable, and looks for what ties it to messages of each of the accounts.
    async fn put(self, place: Place, accounts: Vec<AccountId>) -> Result<(Contents, Vec<Ties>), Error> {
        self.shared.has_space()?;
        let shared = self.shared.clone();
        let mut hold = shared.unreferred.next();
        let blob = hold.blob();
        let (done, durable) = oneshot::channel();
        let blobs = shared.blobs.clone();
        let is_short = self.len <= SHORT_BYTES_MAX && blobs.is_roomy();
        let parse_and_put = move || {
            let (content, parsed) = match self.parsed()? {
                Ok(parsed) => parsed,
                Err(refusal) => return Ok(Err(refusal)),
            };
            blobs.put(
                place.record(blob, parsed.header_len(), content),
                Box::new(move |located| drop(done.send(located))),
            );
            Ok(Ok(Arc::new(parsed)))
        };
        let parsed = if is_short { parse_and_put()? } else { shared.blocking(parse_and_put).await? }?;
        let location = shared.durable(durable).await?;
        hold.stored(location);
        let tied = parsed.clone();
        let ties = shared.read_soon(move |snapshot| {
            accounts.iter().map(|&account| Ties::read(tied.thread(), account, snapshot)).collect()
        });
        let ties = ties.await?;
        Ok((Contents { blob, location, parsed, hold: Arc::new(hold) }, ties))
    }

    /// The message as it is kept, and what it says.
    fn parsed(self) -> Result<Result<(Content, Parsed), Refusal>, Fault> {
        let nesting = self.shared.options.nesting;
        let parsed = |(content, size): (Content, u32)| {
            let parsed = Parsed::of(&content, size, nesting);
            (content, parsed)
        };
        Ok(self.content()?.map(parsed))
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

/// Where one copy of a message is to go.
#[derive(Clone)]
pub struct Copy {
    /// Into this mailbox.
    pub to: Mailbox,
    /// Whole header lines that stand before the message in this copy.
    pub preface: Vec<u8>,
}

/// A durable content and what is known of it.
struct Contents {
    blob: BlobId,
    location: Location,
    parsed: Arc<Parsed>,
    hold: Arc<Hold>,
}

impl Contents {
    fn arrival(
        &self,
        ties: Ties,
        preface: Vec<u8>,
        flags: NamedFlags,
        date: InternalDate,
    ) -> Result<Arrival, Error> {
        let row = self.parsed.row(self.blob, &preface);
        let (email, size) = row.ok_or_else(|| Refusal::MessageTooBig { limit: u32::MAX.into() })?;
        let (blob, location, hold) = (self.blob, self.location, self.hold.clone());
        Ok(Arrival(Parcel { blob, location, email, ties, flags, date, size, preface, source: None, hold }))
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
    fn record(&self, id: BlobId, head: u32, content: Content) -> NewBlob {
        let Self { account, mailbox, date, flags } = *self;
        NewBlob { kind: RecordKind::Blob, id, account, mailbox, date, flags, head, content }
    }
}

impl Arrival {
    /// Marks the message as imported from a source, so that the same source is not imported again.
    #[must_use]
    pub fn imported_from(mut self, source: [u8; 32]) -> Self {
        self.0.source = Some(Source::Import(source));
        self
    }

    /// Marks the message as that of a delivery, so that [`Access::has_delivered`](crate::Access::has_delivered) knows it when the
    /// mail server tries again.
    #[must_use]
    pub fn delivered_as(mut self, message: [u8; 32]) -> Self {
        self.0.source = Some(Source::Delivery(message));
        self
    }

    pub(crate) fn into_parcel(self) -> Parcel {
        self.0
    }
}
