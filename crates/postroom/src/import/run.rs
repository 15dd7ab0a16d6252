//! Sending what a source holds to the server, in groups, past what was imported before.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use model::Flags;

use super::{Format, Found, Messages, Skipped, Source, Wishes};
use crate::control::client::{Client, ClientFault};
use crate::control::protocol::{GROUP_BYTES, GROUP_MESSAGES_MAX, Header, Reply, Request, SourceId};
use crate::failure::Failure;

/// What to import, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The user.
    pub(crate) login: String,
    /// The source.
    pub(crate) root: PathBuf,
    /// What it is, if it shall not be guessed.
    pub(crate) format: Option<Format>,
    /// The mailbox to put everything into.
    pub(crate) into: Option<model::MailboxName>,
    /// Whether to import once more what was imported before.
    pub(crate) again: bool,
}

/// How an import went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Messages that are stored now and were not before.
    pub(crate) imported: u64,
    /// Messages that had been imported before.
    pub(crate) known: u64,
    /// What could not be imported.
    pub(crate) skipped: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { imported, known, skipped } = self;
        write!(f, "{imported} imported, {known} imported before, {skipped} skipped")
    }
}

/// Imports a source over a conversation with the server.
///
/// # Errors
/// The source cannot be opened, the user does not exist, or the conversation broke; what was stored stays, and
/// running it again goes on from there.
pub(crate) fn run(client: &mut Client, order: &Order) -> Result<Summary, Failure> {
    let ready = client.ask(&Request::Import { login: order.login.clone() })?;
    let Reply::Ready { message_bytes_max } = ready else { return Err(ClientFault::Unexpected(ready).into()) };
    let wishes = Wishes { message_bytes_max, into: order.into.clone() };
    let source = Source::open(&order.root, order.format, &wishes)?;
    let bar = progress_bar(&source);
    let mut run = Run {
        client,
        messages: source.messages,
        again: order.again,
        on_the_way: VecDeque::new(),
        summary: Summary::default(),
        bar,
    };
    let done = run.all();
    run.bar.finish_and_clear();
    done.map(|()| run.summary)
}

fn progress_bar(source: &Source) -> ProgressBar {
    let bar = ProgressBar::new(source.units);
    let template = match source.format {
        Format::Maildir | Format::Eml => "{bar:30} {pos}/{len} messages, {per_sec}, {eta} left",
        Format::Mbox => "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left",
    };
    // A template that could not be read leaves the usual bar.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

struct Run<'a> {
    client: &'a mut Client,
    messages: Messages,
    again: bool,
    /// What names the messages of the group that the server stores now, in order.
    on_the_way: VecDeque<String>,
    summary: Summary,
    bar: ProgressBar,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), Failure> {
        loop {
            // While the server stores a group, the next one is read.
            let group = self.read_group();
            self.hear_of_last()?;
            if group.is_empty() {
                return Ok(());
            }
            self.send_group(group)?;
        }
    }

    /// As many messages as may be held at once.
    fn read_group(&mut self) -> Vec<Found> {
        let (mut group, mut bytes) = (Vec::new(), 0);
        while group.len() < GROUP_MESSAGES_MAX && bytes < GROUP_BYTES {
            match self.messages.next() {
                Some(Ok(found)) => {
                    bytes += found.content.len();
                    group.push(found);
                }
                Some(Err(skipped)) => self.skip(&skipped),
                None => break,
            }
        }
        group
    }

    fn skip(&mut self, skipped: &Skipped) {
        self.bar.inc(skipped.units);
        self.complain(&skipped.to_string());
    }

    fn complain(&mut self, line: &str) {
        self.summary.skipped += 1;
        self.bar.suspend(|| eprintln!("{line}"));
    }

    fn send_group(&mut self, group: Vec<Found>) -> Result<(), Failure> {
        let sources: Vec<SourceId> = group.iter().map(|found| SourceId(found.identity())).collect();
        let known = if self.again { vec![false; group.len()] } else { self.known(&sources)? };
        for ((found, source), known) in group.into_iter().zip(sources).zip(known) {
            self.bar.inc(found.units);
            if known {
                self.summary.known += 1;
                continue;
            }
            self.on_the_way.push_back(format!("{} (offset {})", found.origin.path, found.origin.offset));
            self.client.send(&Request::Message(header(&found, source)))?;
            self.client.send_bytes(&found.content)?;
        }
        if !self.on_the_way.is_empty() {
            self.client.send(&Request::Store)?;
            self.client.flush()?;
        }
        Ok(())
    }

    fn known(&mut self, sources: &[SourceId]) -> Result<Vec<bool>, ClientFault> {
        match self.client.ask(&Request::Known { sources: sources.to_vec() })? {
            Reply::Known { known } if known.len() == sources.len() => Ok(known),
            other => Err(ClientFault::Unexpected(other)),
        }
    }

    /// What became of the group that was sent last.
    fn hear_of_last(&mut self) -> Result<(), ClientFault> {
        if self.on_the_way.is_empty() {
            return Ok(());
        }
        let refused = match self.client.receive()? {
            Reply::Stored { refused } if refused.len() == self.on_the_way.len() => refused,
            other => return Err(ClientFault::Unexpected(other)),
        };
        for (name, refused) in std::mem::take(&mut self.on_the_way).into_iter().zip(refused) {
            match refused {
                None => self.summary.imported += 1,
                Some(why) => self.complain(&format!("{name}: {why}")),
            }
        }
        Ok(())
    }
}

fn header(found: &Found, source: SourceId) -> Header {
    let system = Flags::SYSTEM.iter().filter(|(flag, _)| found.flags.system.contains(*flag));
    let keywords = found.flags.keywords.iter().map(|keyword| keyword.as_str().to_owned());
    Header {
        source,
        mailbox: found.mailbox.to_string(),
        flags: system.map(|&(_, name)| name.to_owned()).chain(keywords).collect(),
        date: found.date.map(|date| date.to_string()),
        bytes: found.content.len() as u64,
    }
}
