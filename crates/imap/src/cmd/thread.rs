//! THREAD and UID THREAD (RFC 5256; REFS: draft-ietf-morg-inthread).
//!
//! It begins as a SEARCH. What decides on conversations is stored of each message since its arrival; only of messages that
//! came before that was kept is the header read. The algorithms are in `message::threading`.

use imap_proto::command::{Tag, Thread, ThreadAlgorithm};
use imap_proto::response::{self, Threads};
use mailstore::{Ancestry, EMAILS_PER_READ_MAX, Email, Message, Tie};
use message::threading::{self, Forest, Threadable};
use message::{Collated, Comparator};

use super::search::answer::Found;
use super::sort::order;
use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::server::ImapServer;
use crate::state::Selected;

/// Conversations, with the numbers or UIDs that the client is told.
struct Told {
    forest: Forest,
    numbers: Vec<u32>,
}

impl Threads for Told {
    fn roots(&self) -> &[u32] {
        self.forest.roots()
    }

    fn children(&self, node: u32) -> &[u32] {
        self.forest.children(node)
    }

    fn number(&self, node: u32) -> Option<u32> {
        self.numbers.get(self.forest.message(node)?).copied()
    }
}

impl Selected {
    pub(crate) async fn thread(
        &mut self,
        tag: &Tag,
        thread: &Thread,
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Done, Failure> {
        let found = self.find(tag, &thread.search, server, io).await?;
        let told = self.threads(thread, (tag, &found), server, io).await?;
        response::thread(io.out(), &told);
        io.flush_if_full().await?;
        Ok(Done::new("THREAD completed"))
    }

    /// The conversations of what was found. What was expunged since is no longer among it.
    async fn threads(
        &self,
        thread: &Thread,
        (tag, found): (&Tag, &Found),
        server: &ImapServer,
        io: &mut Io,
    ) -> Result<Told, Failure> {
        let permit = server.text_search().await?;
        let (mut numbers, mut messages) = (Vec::new(), Vec::new());
        let mut progress = self.progress_uncounted(tag, server);
        for some in self.rows(found).await?.chunks(EMAILS_PER_READ_MAX) {
            for (message, email) in self.with_emails(some).await? {
                progress.step(io).await?;
                let Some(number) = self.number_told(message.uid, thread.search.uid) else { continue };
                let Some(ancestry) = self.ancestry(thread.algorithm, &email).await? else { continue };
                numbers.push(number);
                messages.push(threadable(message, &email, ancestry, self.user.collation.comparator)?);
            }
        }
        let algorithm = thread.algorithm;
        let work = tokio::task::spawn_blocking(move || {
            let _held = permit;
            match algorithm {
                ThreadAlgorithm::OrderedSubject => threading::ordered_subject(&messages),
                ThreadAlgorithm::References => threading::references(&messages),
                ThreadAlgorithm::Refs => threading::refs(&messages),
            }
        });
        let forest = work.await.map_err(|broken| Failure::ours("thread", broken))?;
        Ok(Told { forest, numbers })
    }

    /// The forebears of a message, if the algorithm asks for them; `None` if it was given up since.
    async fn ancestry(&self, algorithm: ThreadAlgorithm, email: &Email) -> Result<Option<Ancestry>, Failure> {
        match algorithm {
            ThreadAlgorithm::OrderedSubject => Ok(Some(Ancestry::default())),
            ThreadAlgorithm::References | ThreadAlgorithm::Refs => {
                Ok(self.user.access.ancestry(email).await?)
            }
        }
    }
}

/// What decides where a message belongs.
fn threadable(
    message: &Message,
    email: &Email,
    ancestry: Ancestry,
    comparator: Comparator,
) -> Result<Threadable<Tie>, Failure> {
    let envelope = order::envelope(email).map_err(|damaged| Failure::ours("thread", damaged))?;
    let base = envelope.base_subject();
    Ok(Threadable {
        own: ancestry.own,
        references: ancestry.references,
        sent: order::sent(message, Some(email)),
        arrived: message.date.seconds,
        subject: Collated::of(&base.text, comparator),
        is_reply: base.is_reply,
    })
}
