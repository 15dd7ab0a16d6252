//! Import: mail from folders and files of other programs, a message at a time.
//!
//! The sources here only read, in constant memory but for the names of one folder's files; they know no server. What
//! they find is sent by [`run()`] over the control socket.

mod date;
mod detect;
mod eml;
mod lines;
mod maildir;
mod mbox;
mod name;
mod run;
mod walk;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use model::{InternalDate, InvalidName, KEYWORDS_MAX, Keyword, MailboxName, NamedFlags};

pub(crate) use detect::{Format, Undetected};
pub(crate) use lines::with_crlf;
pub(crate) use run::{Order, run};

/// A message that a source holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it was found.
    pub(crate) origin: Origin,
    /// The mailbox that it was in.
    pub(crate) mailbox: MailboxName,
    /// Its flags there.
    pub(crate) flags: NamedFlags,
    /// When it arrived there, if the source knows.
    pub(crate) date: Option<InternalDate>,
    /// The whole message, its lines ended by CRLF.
    pub(crate) content: Vec<u8>,
    /// How much of the source this was, in the unit of [`Source::units`].
    pub(crate) units: u64,
}

/// The place of a message in its source, which stays the same when the message is read or flagged there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The path below the source's root.
    pub(crate) path: String,
    /// The offset in the file, in bytes.
    pub(crate) offset: u64,
}

impl Found {
    /// What tells the message from every other of the source, also from one with the same content, and is the same
    /// when the import is run again.
    pub(crate) fn identity(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        // Each with its length, so that no two run together into the same bytes.
        let offset = self.origin.offset.to_le_bytes();
        for part in [self.origin.path.as_bytes(), &offset[..], &self.content] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        *hasher.finalize().as_bytes()
    }
}

/// Something that was passed over, and why.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}", path = path.display())]
pub(crate) struct Skipped {
    /// The file or folder.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) why: Why,
    /// How much of the source this was.
    pub(crate) units: u64,
}

/// Why something was passed over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is larger than the server takes.
    #[error("the message at offset {offset} has {bytes} bytes, and the server takes {limit} at most")]
    TooLarge {
        /// Where it begins in the file.
        offset: u64,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// There is nothing in it.
    #[error("is empty")]
    Empty,
    /// The folder's name cannot be a mailbox's.
    #[error("{0}")]
    Name(#[from] InvalidName),
    /// Folders lie in folders too deep.
    #[error("lies more than {limit} folders deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
}

/// Messages one after another, with what had to be passed over between them.
pub(crate) type Messages = Box<dyn Iterator<Item = Result<Found, Skipped>>>;

/// A source that is ready to be read.
pub(crate) struct Source {
    /// What it is.
    pub(crate) format: Format,
    /// How much there is to read, for the progress.
    pub(crate) units: u64,
    /// Its messages.
    pub(crate) messages: Messages,
}

/// Bounds and wishes of an import.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// The largest message that the server takes, in bytes.
    pub(crate) message_bytes_max: u64,
    /// The mailbox to put everything into: its INBOX becomes it, its other mailboxes lie below it.
    pub(crate) into: Option<MailboxName>,
}

impl Source {
    /// Opens what lies at `root`: a folder or a file.
    ///
    /// # Errors
    /// It cannot be read, or cannot be told what it is.
    pub(crate) fn open(root: &Path, format: Option<Format>, wishes: &Wishes) -> Result<Self, Undetected> {
        let format = match format {
            Some(format) => format,
            None => detect::detect(root)?,
        };
        let (units, messages) = match format {
            Format::Maildir => maildir::open(root, wishes)?,
            Format::Mbox => mbox::open(root, wishes)?,
            Format::Eml => eml::open(root, wishes)?,
        };
        Ok(Self { format, units, messages })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("format", &self.format)
            .field("units", &self.units)
            .finish_non_exhaustive()
    }
}

/// Adds a keyword, if it is one and not there yet. A name that cannot be a keyword has no meaning to any client.
fn add_keyword(flags: &mut NamedFlags, name: &str) {
    if flags.keywords.len() < KEYWORDS_MAX
        && let Ok(keyword) = Keyword::new(name)
        && !flags.keywords.contains(&keyword)
    {
        flags.keywords.push(keyword);
    }
}
