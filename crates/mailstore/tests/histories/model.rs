//! The model: what an account is, in the plainest words.

use ::model::{Flags, MailboxName, UidSet};
use mailstore::{FlagOp, StoreFlags};
use std::collections::{BTreeMap, BTreeSet};

/// A message: its content and its flags by name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) content: Vec<u8>,
    pub(crate) flags: BTreeSet<String>,
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let first = String::from_utf8_lossy(&self.content);
        write!(f, "{:?} {:?}", first.lines().next().unwrap_or_default(), self.flags)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) mails: BTreeMap<u32, Mail>,
}

/// An account. A clone is what might have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Model {
    pub(crate) folders: BTreeMap<MailboxName, Folder>,
    pub(crate) subscribed: BTreeSet<MailboxName>,
}

/// What was asked of the store.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Append {
        to: MailboxName,
        mails: Vec<Mail>,
    },
    /// `modified` are those that UNCHANGEDSINCE keeps as they are.
    Store {
        on: MailboxName,
        request: StoreFlags,
        modified: UidSet,
    },
    Expunge {
        on: MailboxName,
    },
    Copy {
        from: MailboxName,
        uids: Vec<u32>,
        to: MailboxName,
    },
    Move {
        from: MailboxName,
        uids: Vec<u32>,
        to: MailboxName,
    },
    Replace {
        on: MailboxName,
        uid: u32,
        by: Mail,
        to: MailboxName,
    },
    Create {
        name: MailboxName,
    },
    Delete {
        name: MailboxName,
    },
    Rename {
        from: MailboxName,
        to: MailboxName,
    },
    Subscribe {
        name: MailboxName,
        on: bool,
    },
}

/// The names of flags, as a client sees them.
pub(crate) fn names(flags: &::model::NamedFlags) -> BTreeSet<String> {
    let system = Flags::SYSTEM
        .iter()
        .filter(|(flag, _)| flags.system.contains(*flag))
        .map(|(_, name)| (*name).to_owned());
    system.chain(flags.keywords.iter().map(|k| k.as_str().to_owned())).collect()
}

impl Model {
    /// Carries out a request that the store has carried out, or may have. UIDVALIDITY of a new mailbox is `validity`.
    pub(crate) fn apply(&mut self, request: &Request, validity: u32) {
        match request {
            Request::Append { to, mails } => self.insert(to, mails.clone()),
            Request::Store { on, request, modified } => self.store(on, request, modified),
            Request::Expunge { on } => {
                self.folder(on).mails.retain(|_, mail| !mail.flags.contains("\\Deleted"));
            }
            Request::Copy { from, uids, to } => {
                let mails = self.these(from, uids);
                self.insert(to, mails);
            }
            Request::Move { from, uids, to } => {
                let mails = self.these(from, uids);
                self.insert(to, mails);
                self.folder(from).mails.retain(|uid, _| !uids.contains(uid));
            }
            Request::Replace { on, uid, by, to } => {
                self.insert(to, vec![by.clone()]);
                self.folder(on).mails.remove(uid);
            }
            Request::Create { name } => self.create(name, validity),
            Request::Delete { name } => drop(self.folders.remove(name)),
            Request::Subscribe { name, on: true } => drop(self.subscribed.insert(name.clone())),
            Request::Subscribe { name, on: false } => drop(self.subscribed.remove(name)),
            Request::Rename { from, to } if from.is_inbox() => {
                self.create(to, validity);
                let uids: Vec<u32> = self.folder(from).mails.keys().copied().collect();
                self.apply(&Request::Move { from: from.clone(), uids, to: to.clone() }, validity);
            }
            Request::Rename { from, to } => {
                let moving: Vec<_> =
                    self.folders.keys().filter(|n| *n == from || n.is_below(from)).cloned().collect();
                for name in moving {
                    let folder = self.folders.remove(&name).unwrap();
                    self.folders.insert(name.moved(from, to).unwrap(), folder);
                }
            }
        }
    }

    pub(crate) fn folder(&mut self, name: &MailboxName) -> &mut Folder {
        self.folders.get_mut(name).unwrap()
    }

    pub(crate) fn create(&mut self, name: &MailboxName, uid_validity: u32) {
        self.folders.insert(name.clone(), Folder { uid_validity, uid_next: 1, mails: BTreeMap::new() });
    }

    fn these(&mut self, from: &MailboxName, uids: &[u32]) -> Vec<Mail> {
        uids.iter().map(|uid| self.folder(from).mails[uid].clone()).collect()
    }

    fn insert(&mut self, to: &MailboxName, mails: Vec<Mail>) {
        let folder = self.folder(to);
        for mail in mails {
            folder.mails.insert(folder.uid_next, mail);
            folder.uid_next += 1;
        }
    }

    fn store(&mut self, on: &MailboxName, request: &StoreFlags, modified: &UidSet) {
        let named = names(&request.flags);
        for (uid, mail) in &mut self.folder(on).mails {
            let uid = ::model::Uid::new(*uid).unwrap();
            if !request.uids.contains(uid) || modified.contains(uid) {
                continue;
            }
            match request.op {
                FlagOp::Add => mail.flags.extend(named.iter().cloned()),
                FlagOp::Remove => mail.flags.retain(|flag| !named.contains(flag)),
                FlagOp::Replace => mail.flags = named.clone(),
            }
        }
    }
}
