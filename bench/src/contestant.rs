//! Who takes part: the servers that are compared, which workloads each is measured at, and how it is set up for them.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::server::{Environment, Recipe, TextIndex};
use crate::workload::{PASSWORD_USERS, TEXT_OWNER, Workload};

/// A server to measure.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Which {
    Postroom,
    Dovecot,
    Cyrus,
    /// Dovecot with its full-text plugin, on the same mail as Dovecot; it takes part in what is about text only
    DovecotFts,
    /// Postroom with the cost of passwords that it has by default; it takes part in logins by password only
    PostroomPasswords,
}

impl Which {
    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postroom => "Postroom",
            Self::Dovecot => "Dovecot",
            Self::Cyrus => "Cyrus",
            Self::DovecotFts => "Dovecot with fts-xapian",
            Self::PostroomPasswords => "Postroom with its default passwords",
        }
    }

    /// The servers of the main table.
    pub(crate) fn is_main(self) -> bool {
        matches!(self, Self::Postroom | Self::Dovecot | Self::Cyrus)
    }

    /// Whether it is measured at something. Who is not, is stopped meanwhile unless it is of the main table.
    pub(crate) fn takes_part(self, workload: Workload) -> bool {
        match self {
            Self::Postroom => workload != Workload::Passwords,
            Self::Dovecot | Self::Cyrus => {
                use Workload::{FullText, Index, Passwords, Socket};
                !matches!(workload, Index | FullText | Passwords | Socket)
            }
            Self::DovecotFts => matches!(workload, Workload::Index | Workload::FullText),
            Self::PostroomPasswords => workload == Workload::Passwords,
        }
    }

    /// What its script is told by variables for a workload.
    pub(crate) fn environment(self, workload: Workload) -> Environment {
        match self {
            Self::Dovecot if workload.is_durable() => vec![("DOVECOT_FSYNC", "always")],
            // Its default.
            Self::Dovecot | Self::DovecotFts => vec![("DOVECOT_FSYNC", "optimized")],
            Self::PostroomPasswords => vec![("POSTROOM_PASSWORDS", "default")],
            Self::Postroom | Self::Cyrus => Vec::new(),
        }
    }

    /// Whether it has to be given the mail. Dovecot with the plugin has that of Dovecot, if that is there.
    pub(crate) fn is_filled(self, all: &[Self]) -> bool {
        match self {
            Self::DovecotFts => !all.contains(&Self::Dovecot),
            Self::PostroomPasswords => false,
            _ => true,
        }
    }

    /// What it is started from, with everything it has below `data`.
    pub(crate) fn recipe(self, peers: &Path, data: &Path, users: usize) -> Recipe {
        let script = match self {
            Self::Postroom | Self::PostroomPasswords => "postroom.sh",
            Self::Dovecot | Self::DovecotFts => "dovecot.sh",
            Self::Cyrus => "cyrus.sh",
        };
        let mail = data.join("dovecot").join("mail");
        let index = mail.join(format!("u{TEXT_OWNER}")).join("sdbox").join("xapian-indexes");
        let (more, text_index): (Vec<PathBuf>, _) = match self {
            Self::DovecotFts => (vec![mail], TextIndex::AtFirstSearch(index)),
            Self::Postroom => (Vec::new(), TextIndex::Background),
            _ => (Vec::new(), TextIndex::None),
        };
        Recipe {
            name: self.name(),
            script: peers.join(script),
            folder: data.join(format!("{self:?}").to_lowercase()),
            users: if self == Self::PostroomPasswords { users.min(PASSWORD_USERS) } else { users },
            more,
            // What it is filled with is durable.
            environment: self.environment(Workload::Append),
            text_index,
        }
    }
}

/// What was chosen, or everything there is.
pub(crate) fn all_unless_given<T: ValueEnum + Copy>(given: &[T]) -> Vec<T> {
    if given.is_empty() { T::value_variants().to_vec() } else { given.to_vec() }
}
