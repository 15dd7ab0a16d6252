//! What a session may do: not logged in, logged in, or with a mailbox selected (RFC 3501 §3).
//!
//! Each state is a struct with the values that its commands need, and a command is a method of the state it
//! needs, so that none can run too early.

use std::sync::Arc;

use imap_proto::extension::CapabilitySet;
use imap_proto::{Dialect, MessageSet};
use mailstore::{Access, Mailbox};
use model::{Uid, UidSet};

use crate::cmd::comparator::Collation;
use crate::pump::Own;
use crate::reply::{Failure, Wrong};
use crate::view::View;

/// The state of a session.
pub(crate) enum State {
    /// Before LOGIN or AUTHENTICATE.
    NotAuthenticated,
    /// Logged in.
    Authenticated(Authenticated),
    /// A mailbox is selected.
    Selected(Box<Selected>),
}

/// Which states a command may run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Any,
    NotAuthenticated,
    Authenticated,
    Selected,
}

/// A logged-in user.
pub(crate) struct Authenticated {
    pub(crate) access: Access,
    /// For the log.
    pub(crate) login: String,
    pub(crate) enabled: Enabled,
    pub(crate) collation: Collation,
    /// What is not offered to this user from where the client is, and refused.
    pub(crate) switched_off: CapabilitySet,
    /// The largest message that may be appended.
    pub(crate) message_bytes_max: u64,
    /// The stretches of UIDs that `$` may have.
    pub(crate) saved_ranges_max: usize,
}

/// What the client has switched on (RFC 5161); it stays on to the end of the connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Enabled {
    /// Untagged FETCH responses carry UID and MODSEQ (RFC 7162 §3.1, §3.2.4).
    pub(crate) condstore: bool,
    /// Expunges are told as VANISHED (RFC 7162 §3.2.3).
    pub(crate) qresync: bool,
    /// How both sides spell things.
    pub(crate) dialect: Dialect,
}

impl Authenticated {
    /// Whether a capability that every session is offered unless it is switched off is offered to this one.
    pub(crate) fn is_offered(&self, capability: &str) -> bool {
        !self.switched_off.contains(capability)
    }
}

/// A selected mailbox, and the user who selected it.
pub(crate) struct Selected {
    pub(crate) user: Authenticated,
    pub(crate) mailbox: Mailbox,
    pub(crate) mode: Mode,
    /// What the client believes.
    pub(crate) view: View,
    /// The session's own changes that the pump has not met yet.
    pub(crate) own: Own,
    /// How many keywords the client was told of with FLAGS; `None` before the first.
    pub(crate) keywords_told: Option<usize>,
    /// `$`: what the last SEARCH with SAVE found (RFC 5182 §2.1). What was expunged since counts for nothing.
    pub(crate) saved: Arc<UidSet>,
    /// Whether the client that knows of mod-sequences was told the mailbox's highest, with nothing held back.
    pub(crate) highest_told: bool,
}

/// Whether the mailbox was selected or examined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    ReadWrite,
    ReadOnly,
}

impl Selected {
    /// Keeps what a search found as `$`.
    ///
    /// # Errors
    /// It has more stretches than a session may keep (RFC 5182 §2.3).
    pub(crate) fn save(&mut self, found: UidSet) -> Result<(), Failure> {
        if found.ranges().len() > self.user.saved_ranges_max {
            return Err(Failure::NotSaved);
        }
        self.saved = Arc::new(found);
        Ok(())
    }
}

impl State {
    /// Checks that the session is in a state that a command needs.
    pub(crate) fn check(&self, needs: Needs) -> Result<(), Failure> {
        match (needs, self) {
            (Needs::NotAuthenticated, Self::Authenticated(_) | Self::Selected(_)) => {
                Err(Wrong::LoggedIn.into())
            }
            (Needs::Authenticated | Needs::Selected, Self::NotAuthenticated) => {
                Err(Wrong::NotLoggedIn.into())
            }
            (Needs::Selected, Self::Authenticated(_)) => Err(Wrong::NoMailbox.into()),
            _ => Ok(()),
        }
    }

    /// The user, whether a mailbox is selected or not.
    pub(crate) fn user(&mut self) -> Result<&mut Authenticated, Failure> {
        match self {
            Self::NotAuthenticated => Err(Wrong::NotLoggedIn.into()),
            Self::Authenticated(user) => Ok(user),
            Self::Selected(selected) => Ok(&mut selected.user),
        }
    }

    /// Who has logged in, for the log.
    pub(crate) fn login(&self) -> Option<&str> {
        match self {
            Self::NotAuthenticated => None,
            Self::Authenticated(user) => Some(&user.login),
            Self::Selected(selected) => Some(&selected.user.login),
        }
    }

    /// The selected mailbox.
    pub(crate) fn selected(&mut self) -> Result<&mut Selected, Failure> {
        match self {
            Self::NotAuthenticated => Err(Wrong::NotLoggedIn.into()),
            Self::Authenticated(_) => Err(Wrong::NoMailbox.into()),
            Self::Selected(selected) => Ok(selected),
        }
    }

    /// Takes the user out, to be put back with a mailbox.
    pub(crate) fn take_user(&mut self) -> Result<Authenticated, Failure> {
        match std::mem::replace(self, Self::NotAuthenticated) {
            Self::NotAuthenticated => Err(Wrong::NotLoggedIn.into()),
            Self::Authenticated(user) => Ok(user),
            Self::Selected(selected) => Ok(selected.user),
        }
    }

    /// Selects a mailbox.
    pub(crate) fn enter(&mut self, selected: Selected) -> Result<&mut Selected, Failure> {
        *self = Self::Selected(Box::new(selected));
        self.selected()
    }

    /// Leaves the selected mailbox; says whether there was one.
    pub(crate) fn unselect(&mut self) -> bool {
        match std::mem::replace(self, Self::NotAuthenticated) {
            Self::Selected(selected) => {
                *self = Self::Authenticated(selected.user);
                true
            }
            other => {
                *self = other;
                false
            }
        }
    }

    /// Gives back spare memory before a long wait.
    pub(crate) fn shrink(&mut self) {
        if let Self::Selected(selected) = self {
            selected.view.shrink_to_fit();
        }
    }
}

impl Selected {
    /// The messages that a command names.
    ///
    /// # Errors
    /// A message number that no message has (RFC 3501 §9, `seq-number`). UIDs of no message are passed over
    /// (RFC 3501 §6.4.8).
    pub(crate) fn targets(&self, set: &MessageSet, by_uid: bool) -> Result<UidSet, Failure> {
        if by_uid {
            return Ok(self.view.known(&self.asked_uids(set, self.view.last_uid())));
        }
        let MessageSet::Listed(set) = set else { return Ok(self.view.known(&self.saved)) };
        let exists = self.view.exists();
        if set.highest().is_some_and(|highest| highest > exists) || (set.has_last() && exists == 0) {
            return Err(Wrong::NoSuchMessage.into());
        }
        Ok(self.view.uids_of(set.resolve(exists)))
    }

    /// The UIDs that a set stands for, also those of no message; `*` in it is `last`.
    pub(crate) fn asked_uids(&self, set: &MessageSet, last: Option<Uid>) -> UidSet {
        match set {
            MessageSet::Listed(set) => UidSet::from_ranges(set.resolve(last.map_or(0, Uid::get))),
            MessageSet::Saved => UidSet::clone(&self.saved),
        }
    }

    /// Whether a message is shown as `\Recent`, which IMAP4rev2 does not know (RFC 9051 §2.3.2).
    pub(crate) fn shows_recent(&self, uid: Uid) -> bool {
        !self.user.enabled.dialect.rev2 && self.view.is_recent(uid)
    }

    /// The message numbers of UIDs, as a set of numbers that is written like one of UIDs.
    pub(crate) fn numbers(&self, uids: &UidSet) -> UidSet {
        UidSet::from_ranges(uids.iter().filter_map(|uid| self.view.number(uid)).map(|n| (n.0, n.0)))
    }

    /// Refuses what changes messages where the mailbox was opened with EXAMINE.
    pub(crate) fn writable(&self) -> Result<(), Failure> {
        match self.mode {
            Mode::ReadWrite => Ok(()),
            Mode::ReadOnly => Err(Failure::ReadOnly),
        }
    }
}
