//! The server's side of an import: messages into an account, a group in one commit for each mailbox.

use std::collections::HashMap;
use std::sync::Arc;

use mailstore::{Access, Arrival, Intake, Mailbox, Refusal};
use model::{Flags, InternalDate, Keyword, MailboxName, NamedFlags, Rights};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinSet;

use super::protocol::{GROUP_MESSAGES_MAX, Header, SourceId};
use super::server::{Control, Undone};

/// A message's bytes are taken in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// An import under way. Dropping it gives up what was not stored.
pub(super) struct Importer {
    control: Arc<Control>,
    access: Access,
    /// The mailboxes that were imported into.
    mailboxes: HashMap<MailboxName, Mailbox>,
    group: Group,
    _alone: Alone,
}

/// The messages that came since the last store.
#[derive(Default)]
struct Group {
    /// How each of them fares, in the order in which they came.
    fates: Vec<Fate>,
    /// The contents that become durable now, with their places in `fates`.
    under_way: JoinSet<(usize, Result<Arrival, mailstore::Error>)>,
}

/// What becomes of a message.
enum Fate {
    /// Its content is on its way to the disk.
    UnderWay(MailboxName),
    /// Only the commit is missing.
    Durable(MailboxName, Box<Arrival>),
    /// It will not be stored.
    Refused(String),
    /// It is stored.
    Stored,
}

/// One import into an account at a time: two of the same source would not know of each other.
struct Alone(Arc<Control>, model::AccountId);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.importing.lock().remove(&self.1);
    }
}

impl Importer {
    pub(super) async fn begin(control: Arc<Control>, login: &str) -> Result<Self, Undone> {
        let login = control.any_login(login)?;
        let user = control.store.user(login.as_str())?.ok_or(Refusal::AccountMissing)?;
        let access = control.store.enter(user.account).await?;
        if !control.importing.lock().insert(user.account) {
            return Err(Undone::Refused(format!("another import into {login} is under way")));
        }
        let alone = Alone(control.clone(), user.account);
        Ok(Self { control, access, mailboxes: HashMap::new(), group: Group::default(), _alone: alone })
    }

    pub(super) async fn known(&self, sources: &[SourceId]) -> Result<Vec<bool>, Undone> {
        if sources.len() > GROUP_MESSAGES_MAX {
            return Err(Undone::Refused(format!(
                "{GROUP_MESSAGES_MAX} sources at most can be asked about at once"
            )));
        }
        Ok(self.access.imported(sources.iter().map(|source| source.0).collect()).await?)
    }

    /// Takes a message, whose bytes come from `from`. They are read to the end also when it is refused.
    pub(super) async fn message(
        &mut self,
        header: Header,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Result<(), Undone> {
        if self.group.fates.len() >= GROUP_MESSAGES_MAX {
            return Err(std::io::Error::other("the group is too large").into());
        }
        let mut rest = from.take(header.bytes);
        let mut intake = self.control.store.receive();
        let taken = take(&mut intake, &mut rest).await;
        let left = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
        if left == 0 && rest.limit() > 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
        let accepted = async {
            taken?;
            let name = MailboxName::new(&header.mailbox).map_err(Refusal::from)?;
            let mailbox = self.mailbox(&name).await?;
            Ok((name, mailbox))
        };
        match accepted.await {
            Ok((name, mailbox)) => self.group.add(name, mailbox, intake, &header),
            Err(Undone::Refused(why)) => self.group.fates.push(Fate::Refused(why)),
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// The mailbox of that name, made and subscribed to if need be.
    async fn mailbox(&mut self, name: &MailboxName) -> Result<Mailbox, Undone> {
        if let Some(mailbox) = self.mailboxes.get(name) {
            return Ok(mailbox.clone());
        }
        let mailbox = match self.access.mailbox(name, Rights::INSERT) {
            Err(Refusal::MailboxMissing { can_create: true }) => {
                match self.access.create(name, None).await {
                    // Somebody else was quicker.
                    Ok(_) | Err(mailstore::Error::Refused(Refusal::MailboxExists)) => {}
                    Err(error) => return Err(error.into()),
                }
                self.access.subscribe(name, true).await?;
                self.access.mailbox(name, Rights::INSERT)?
            }
            other => other?,
        };
        self.mailboxes.insert(name.clone(), mailbox.clone());
        Ok(mailbox)
    }

    /// Stores the group; for each message in order, why it was refused, if it was.
    pub(super) async fn store(&mut self) -> Result<Vec<Option<String>>, Undone> {
        self.group.settle().await?;
        while let Some((name, arrivals, places)) = self.group.next_mailbox() {
            let stored = match self.mailboxes.get(&name) {
                Some(mailbox) => mailbox.append(arrivals).await,
                None => Err(Refusal::MailboxGone.into()),
            };
            let why = match stored.map_err(Undone::from) {
                Ok(_) => None,
                Err(Undone::Refused(why)) => {
                    // It may be there again when the next message asks for it.
                    self.mailboxes.remove(&name);
                    Some(why)
                }
                Err(other) => return Err(other),
            };
            self.group.fated(&places, why);
        }
        let fates = std::mem::take(&mut self.group).fates;
        let why = |fate| if let Fate::Refused(why) = fate { Some(why) } else { None };
        Ok(fates.into_iter().map(why).collect())
    }
}

impl Group {
    fn add(&mut self, name: MailboxName, mailbox: Mailbox, intake: Intake, header: &Header) {
        let (flags, source) = (flags(&header.flags), header.source.0);
        let date = header.date.as_deref().and_then(|date| InternalDate::parse(date).ok());
        let place = self.fates.len();
        self.fates.push(Fate::UnderWay(name));
        // Together, so that the messages of a group share their syncs.
        self.under_way.spawn(async move {
            let arrival = intake.finish(&mailbox, flags, date).await;
            (place, arrival.map(|arrival| arrival.imported_from(source)))
        });
    }

    /// Waits until no content is under way.
    async fn settle(&mut self) -> Result<(), Undone> {
        while let Some(done) = self.under_way.join_next().await {
            let (place, arrival) = done.map_err(|error| Undone::Fault(error.into()))?;
            let Some(fate) = self.fates.get_mut(place) else { continue };
            match (arrival.map_err(Undone::from), std::mem::replace(fate, Fate::Stored)) {
                (Ok(arrival), Fate::UnderWay(name)) => *fate = Fate::Durable(name, Box::new(arrival)),
                (Err(Undone::Refused(why)), _) => *fate = Fate::Refused(why),
                (Err(other), _) => return Err(other),
                (Ok(_), other) => *fate = other,
            }
        }
        Ok(())
    }

    /// Takes the messages of the first mailbox that has any, in order, with their places.
    fn next_mailbox(&mut self) -> Option<(MailboxName, Vec<Arrival>, Vec<usize>)> {
        let durable = |fate: &Fate| if let Fate::Durable(name, _) = fate { Some(name.clone()) } else { None };
        let next = self.fates.iter().find_map(durable)?;
        let (mut arrivals, mut places) = (Vec::new(), Vec::new());
        for (place, fate) in self.fates.iter_mut().enumerate() {
            match std::mem::replace(fate, Fate::Stored) {
                Fate::Durable(name, arrival) if name == next => {
                    arrivals.push(*arrival);
                    places.push(place);
                }
                other => *fate = other,
            }
        }
        Some((next, arrivals, places))
    }

    fn fated(&mut self, places: &[usize], why: Option<String>) {
        let Some(why) = why else { return };
        for &place in places {
            if let Some(fate) = self.fates.get_mut(place) {
                *fate = Fate::Refused(why.clone());
            }
        }
    }
}

async fn take(intake: &mut Intake, from: &mut (impl AsyncRead + Unpin)) -> Result<(), Undone> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match from.read(&mut piece).await? {
            0 => return Ok(()),
            n => intake.write(piece.get(..n).unwrap_or_default())?,
        }
    }
}

/// Flags by name. What is none is left out: the message matters more.
fn flags(names: &[String]) -> NamedFlags {
    let mut flags = NamedFlags::default();
    for name in names {
        match (Flags::system(name), Keyword::new(name)) {
            (Some(flag), _) => flags.system = flags.system.with(flag),
            (None, Ok(keyword)) => flags.keywords.push(keyword),
            (None, Err(_)) => {}
        }
    }
    flags
}
