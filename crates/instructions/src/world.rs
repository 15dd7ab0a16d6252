//! What the paths work on: a store on the in-memory engine, a user, and mail that is the same each time.

use std::ops::RangeInclusive;
use std::sync::Arc;

use mailstore::{Access, Arrival, Mailbox, Options, Store};
use model::{AccountId, MailboxName, ManualClock, NamedFlags, Rights, Timestamp};
use storage::{MemoryBlobs, MemoryEngine};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// The user.
pub(crate) const LOGIN: &str = "ada@example.org";
/// When everything happens, in milliseconds.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A store and what runs it.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<ManualClock>,
    _folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = Options { disk_reserve_bytes: 0, ..Options::new(folder.path().to_owned()) };
        let clock = Arc::new(ManualClock::new(NOW));
        let (engine, blobs) = (Arc::new(MemoryEngine::default()), Arc::new(MemoryBlobs::default()));
        let store = Store::open(engine, blobs, clock.clone(), options).unwrap();
        Self { runtime, store, clock, _folder: folder }
    }

    /// Makes the user, with an Archive beside INBOX.
    pub(crate) fn add_user(&self, password_hash: &str) -> AccountId {
        let folders = [(archive(), None)];
        self.runtime.block_on(self.store.add_user(LOGIN, password_hash, &folders)).unwrap()
    }

    pub(crate) fn enter(&self, user: AccountId) -> Access {
        self.runtime.block_on(self.store.enter(user)).unwrap()
    }

    /// The messages of these numbers, on their way into a mailbox.
    pub(crate) fn arrivals(&self, numbers: RangeInclusive<u32>, to: &Mailbox) -> Vec<Arrival> {
        let arrival = |n| {
            let mut intake = self.store.receive();
            intake.write(message(n).as_bytes()).unwrap();
            self.runtime.block_on(intake.finish(to, NamedFlags::default(), None)).unwrap()
        };
        numbers.map(arrival).collect()
    }
}

pub(crate) fn archive() -> MailboxName {
    MailboxName::new("Archive").unwrap()
}

/// A mailbox that the user may do everything with.
pub(crate) fn mailbox(access: &Access, name: &MailboxName) -> Mailbox {
    access.mailbox(name, Rights::NONE).unwrap()
}

/// A message with as much in its header, and as many parts, as mail of today has.
pub(crate) fn message(n: u32) -> String {
    let (day, minute) = (n % 28 + 1, n % 60);
    format!(
        "Received: from mx{n}.example.net (mx{n}.example.net [192.0.2.1]) by mail.example.org with ESMTPS id {n:08};\r\n\
         \x20{day} Nov 2023 10:{minute:02}:00 +0000\r\n\
         From: =?UTF-8?Q?Gr=C3=A4fin?= Ada <ada{n}@example.org>\r\n\
         To: Charles Babbage <charles@example.net>, \"Somerville, Mary\" <mary@example.com>\r\n\
         Cc: list{n}@lists.example.org\r\n\
         Subject: Re: The analytical engine, page {n}\r\n\
         Date: {day} Nov 2023 10:{minute:02}:00 +0100\r\n\
         Message-ID: <{n}.engine@example.org>\r\n\
         In-Reply-To: <{n}.question@example.net>\r\n\
         References: <{n}.first@example.net> <{n}.question@example.net>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"outer-{n}\"\r\n\
         \r\n\
         --outer-{n}\r\n\
         Content-Type: multipart/alternative; boundary=\"inner-{n}\"\r\n\
         \r\n\
         --inner-{n}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         \r\n\
         The engine weaves algebraical patterns, page {n}.\r\n\
         --inner-{n}\r\n\
         Content-Type: text/html; charset=utf-8\r\n\
         Content-Transfer-Encoding: quoted-printable\r\n\
         \r\n\
         <p>The engine weaves <b>algebraical</b> patterns, page {n}.</p>\r\n\
         --inner-{n}--\r\n\
         --outer-{n}\r\n\
         Content-Type: application/pdf; name=\"notes-{n}.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"notes-{n}.pdf\"; size=12\r\n\
         Content-Transfer-Encoding: base64\r\n\
         \r\n\
         JVBERi0xLjQK\r\n\
         --outer-{n}--\r\n"
    )
}
