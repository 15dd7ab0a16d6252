//! Contents of messages: whole, or the stretch of them that is needed.

use crate::access::{Access, read_emails};
use crate::email::Email;
use crate::error::{Error, Fault};
use crate::numbered::Table;
use crate::schema;
use crate::shared::Shared;
use crate::thread::Ancestry;
use model::{AccountId, BlobId, EmailId};
use std::ops::Range;
use storage::{Location, Snapshot, Wait};

/// So many e-mails are read at once, if memory has them all, without having another thread do it.
const AT_ONCE_EMAILS_MAX: usize = 256;

/// A message's content, or what of it was read.
#[derive(Clone, Debug, Default)]
pub struct Content {
    from: u32,
    bytes: Vec<u8>,
}

impl Content {
    /// What stands in a range of the content, for an empty one nothing; `None` if it reaches beyond what was read.
    #[must_use]
    pub fn get(&self, range: Range<usize>) -> Option<&[u8]> {
        if range.is_empty() {
            return Some(&[]);
        }
        let from = self.from as usize;
        self.bytes.get(range.start.checked_sub(from)?..range.end.checked_sub(from)?)
    }

    /// All that was read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A message's unchanging facts and the stretch of its content that was wanted.
#[derive(Debug)]
pub struct ReadEmail {
    /// The facts.
    pub email: Email,
    /// The stretch; `None` if the content has been given up since. A fault also when it is damaged: it is never served as if
    /// sound.
    pub content: Result<Option<Content>, Error>,
}

impl Access {
    /// The unchanging facts of messages, each with the stretch of its content that `wanted` names, verified; an empty range
    /// reads none. In the order asked for; `None` for a message that is given up. All is read in one go, as long as the
    /// stretches have at most `bytes_max` bytes together: what is answered are the first of the messages, and one at least.
    ///
    /// # Errors
    /// A fault of the store, or a damaged row. Each content has its own outcome.
    pub async fn read(
        &self,
        ids: &[EmailId],
        wanted: impl Fn(&Email) -> Range<u32> + Send + 'static,
        bytes_max: u64,
    ) -> Result<Vec<Option<ReadEmail>>, Error> {
        let (account, shared, ids) = (self.account_id(), self.shared().clone(), ids.to_vec());
        let read = move |wait| Reader::new(&shared, wait)?.together((account, &ids), &wanted, bytes_max);
        self.shared().soon(read).await
    }

    /// Stretches of the contents of e-mails, each verified, in the order given. All of them are in memory at once.
    ///
    /// # Errors
    /// The reads could not be run. Each has its own outcome.
    pub async fn contents(&self, wanted: Vec<(Email, Range<u32>)>) -> Result<Vec<ReadEmail>, Error> {
        let shared = self.shared().clone();
        let read = move || {
            let reader = Reader::new(&shared, Wait::Allowed)?;
            let places = reader.places(wanted.iter())?;
            wanted.into_iter().zip(places).map(|(wanted, place)| reader.one(wanted, place)).collect()
        };
        self.shared().blocking(read).await
    }

    /// A message's whole content, verified; `None` if it has been given up since.
    ///
    /// # Errors
    /// A fault, also when the content is damaged: it is never served as if whole.
    pub async fn body(&self, email: &Email) -> Result<Option<Vec<u8>>, Error> {
        let (blob, preface) = (email.blob, email.preface().to_vec());
        let shared = self.shared().clone();
        self.shared().blocking(move || read_body(&shared, blob, &preface)).await
    }

    /// What THREAD knows of a message's forebears: stored with it, or read from its header where it came before that was
    /// kept. `None` if it has been given up since.
    ///
    /// # Errors
    /// As of [`Self::body`].
    pub async fn ancestry(&self, email: &Email) -> Result<Option<Ancestry>, Error> {
        if let Some(ancestry) = email.ancestry().map_err(Fault::from)? {
            return Ok(Some(ancestry));
        }
        let header = 0..email.header_len;
        let read = self.contents(vec![(email.clone(), header)]).await?.pop();
        let content = read.map_or(Ok(None), |read| read.content)?;
        Ok(content.map(|header| Ancestry::of(&message::Thread::of(header.bytes()))))
    }
}

/// Reads contents that lie where a snapshot says, or where they have been moved since.
struct Reader<'a> {
    shared: &'a Shared,
    snapshot: Box<dyn Snapshot + 'a>,
    wait: Wait,
}

impl<'a> Reader<'a> {
    fn new(shared: &'a Shared, wait: Wait) -> Result<Self, Fault> {
        Ok(Self { shared, snapshot: shared.engine.snapshot_for(wait)?, wait })
    }

    /// E-mails and the wanted stretches of their contents, as many as fit.
    fn together(
        &self,
        (account, ids): (AccountId, &[EmailId]),
        wanted: impl Fn(&Email) -> Range<u32>,
        bytes_max: u64,
    ) -> Result<Vec<Option<ReadEmail>>, Fault> {
        if self.wait == Wait::Forbidden && ids.len() > AT_ONCE_EMAILS_MAX {
            return Err(storage::Error::WouldWait.into());
        }
        let emails = read_emails(&*self.snapshot, account, ids)?;
        let with_stretch = emails.into_iter().map(|email| {
            let email = email?;
            let Range { start, end } = wanted(&email);
            let end = end.min(email.size);
            Some((email, start.min(end)..end))
        });
        let mut asked: Vec<Option<(Email, Range<u32>)>> = with_stretch.collect();
        let mut sum = 0;
        let fits = |asked: &&Option<(Email, Range<u32>)>| {
            sum += asked.as_ref().map_or(0, |(_, stretch)| stretch.len() as u64);
            sum <= bytes_max
        };
        let count = asked.iter().take_while(fits).count();
        if count == 0 && self.wait == Wait::Forbidden {
            return Err(storage::Error::WouldWait.into());
        }
        asked.truncate(count.max(1));
        let mut places = self.places(asked.iter().flatten())?.into_iter();
        let mut one = |asked| self.one(asked, places.next().flatten());
        asked.into_iter().map(|asked| asked.map(&mut one).transpose()).collect()
    }

    /// Where the contents lie of which something is wanted; `None` if there is none any more, and where nothing is wanted.
    fn places<'w>(
        &self,
        wanted: impl Iterator<Item = &'w (Email, Range<u32>)> + Clone,
    ) -> Result<Vec<Option<Location>>, Fault> {
        let table = Table { key: |blob| schema::blob(BlobId(blob)), number: schema::last_u64 };
        let is_wanted = |(_, stretch): &&(Email, Range<u32>)| !stretch.is_empty();
        let blobs: Vec<u64> = wanted.clone().filter(is_wanted).map(|(email, _)| email.blob.0).collect();
        let mut places = table.read(&*self.snapshot, &blobs, |_, row| location(row))?.into_iter();
        Ok(wanted.map(|wanted| is_wanted(&wanted).then(|| places.next().flatten()).flatten()).collect())
    }

    fn one(
        &self,
        (email, stretch): (Email, Range<u32>),
        place: Option<Location>,
    ) -> Result<ReadEmail, Fault> {
        match self.stretch(&email, stretch, place) {
            Err(fault) if fault.would_wait() => Err(fault),
            content => Ok(ReadEmail { email, content: content.map_err(Error::from) }),
        }
    }

    fn stretch(
        &self,
        email: &Email,
        stretch: Range<u32>,
        place: Option<Location>,
    ) -> Result<Option<Content>, Fault> {
        if stretch.is_empty() {
            return Ok(Some(Content::default()));
        }
        let Some(at) = place else { return Ok(None) };
        let preface = u32::try_from(email.preface().len()).unwrap_or(u32::MAX);
        let in_blob = stretch.start.saturating_sub(preface)..stretch.end.saturating_sub(preface);
        let behind = match self.wait {
            Wait::Allowed => read_blob(self.shared, email.blob, at, Some(in_blob))?,
            // Whatever else is wrong there, the one that may wait finds out.
            Wait::Forbidden => match self.shared.blobs.read_stretch(&at, in_blob, Wait::Forbidden) {
                Ok(content) => Some(content),
                Err(_) => return Err(storage::Error::WouldWait.into()),
            },
        };
        let Some(behind) = behind else { return Ok(None) };
        let before = stretch.start.min(preface) as usize..stretch.end.min(preface) as usize;
        let bytes = match email.preface().get(before).unwrap_or_default() {
            [] => behind,
            before => [before, &behind].concat(),
        };
        Ok(Some(Content { from: stretch.start, bytes }))
    }
}

/// Reads a blob, verified, behind its preface.
pub(crate) fn read_body(shared: &Shared, blob: BlobId, preface: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    let Some(row) = shared.engine.snapshot()?.get(&schema::blob(blob))? else { return Ok(None) };
    let content = read_blob(shared, blob, location(&row)?, None)?;
    Ok(content.map(|content| if preface.is_empty() { content } else { [preface, &content].concat() }))
}

/// Reads a blob, or a stretch of it, where it was when that was looked up, or where compaction has put it since; `None` if it
/// has been given up since.
pub(crate) fn read_blob(
    shared: &Shared,
    blob: BlobId,
    mut at: Location,
    stretch: Option<Range<u32>>,
) -> Result<Option<Vec<u8>>, Fault> {
    loop {
        let read = match &stretch {
            None => shared.blobs.read(&at),
            Some(stretch) => shared.blobs.read_stretch(&at, stretch.clone(), Wait::Allowed),
        };
        let error = match read {
            Ok(content) => return Ok(Some(content)),
            Err(error) => error,
        };
        let Some(row) = shared.engine.snapshot()?.get(&schema::blob(blob))? else { return Ok(None) };
        match location(&row)? {
            now if now != at => at = now,
            _ => return Err(error.into()),
        }
    }
}

fn location(row: &[u8]) -> Result<Location, Fault> {
    Ok(Location::decode(row).ok_or(crate::Damaged { what: "blob location" })?)
}
