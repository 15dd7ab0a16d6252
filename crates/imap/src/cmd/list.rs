//! LIST and LSUB (RFC 3501 §6.3.8 and §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 9051 §6.3.9), and the LIST responses
//! of other commands.
//!
//! All of an answer comes from one look at the account's tree.

mod names;
mod pattern;

use imap_proto::command::{List, Lsub};
use imap_proto::response::{self, ListLine};
use mailstore::Listed;
use model::{MailboxName, Rights};

use self::names::{Criteria, Entry};
use self::pattern::Pattern;
use crate::io::Io;
use crate::reply::{Done, Failure};
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) async fn list(&mut self, list: &List, io: &mut Io) -> Result<Done, Failure> {
        if !list.extended && list.patterns.iter().all(String::is_empty) {
            response::separator(io.out());
            return Ok(Done::new("LIST completed"));
        }
        self.note_status_items(&list.returns.status);
        let patterns: Vec<Pattern> =
            list.patterns.iter().map(|pattern| Pattern::new(&list.reference, pattern)).collect();
        let criteria = Criteria {
            subscribed: list.selection.subscribed,
            special_use: list.selection.special_use,
            recursive: list.selection.recursive_match,
        };
        let dialect = self.enabled.dialect;
        for entry in names::listed(&self.access.tree(), &patterns, criteria) {
            response::list(io.out(), dialect, &self.line(&entry, list));
            let readable = entry.mailbox.as_ref().filter(|mailbox| mailbox.rights.contains(Rights::READ));
            if let (Some(mailbox), false) = (readable, list.returns.status.is_empty()) {
                let values = self.status_values(&list.returns.status, mailbox.id, &mailbox.status);
                response::mailbox_status(io.out(), dialect, &entry.name, values);
            }
            io.flush_if_full().await?;
        }
        Ok(Done::new("LIST completed"))
    }

    pub(crate) async fn lsub(&self, lsub: &Lsub, io: &mut Io) -> Result<Done, Failure> {
        let pattern = Pattern::new(&lsub.reference, &lsub.pattern);
        for entry in names::subscribed(&self.access.tree(), &pattern) {
            let mut attributes = Vec::new();
            // A level that is not subscribed to, with something below it that is (RFC 3501 §6.3.9).
            if !entry.subscribed {
                attributes.push("\\Noselect");
            }
            // CLIENT: Outlook 2013 looks for the roles here and nowhere else.
            attributes.extend(entry.mailbox.as_ref().and_then(|mailbox| self.role(mailbox)));
            let line = ListLine { attributes, ..ListLine::new(&entry.name) };
            response::lsub(io.out(), self.enabled.dialect, &line);
            io.flush_if_full().await?;
        }
        Ok(Done::new("LSUB completed"))
    }

    /// A LIST response that was not asked for: what there is to say of a name, and what it was called before or by the
    /// client (RFC 9051 §6.3.9.7).
    pub(super) fn announce_name(&self, name: &MailboxName, old_name: Option<&str>, io: &mut Io) {
        let entry = Entry::of(&self.access.tree(), name);
        let asked = Asked { extended: true, subscribed: true, children: false };
        let attributes = self.attributes(&entry, asked);
        let line = ListLine { attributes, old_name, ..ListLine::new(&entry.name) };
        response::list(io.out(), self.enabled.dialect, &line);
    }

    /// What LIST says of a name.
    fn line<'a>(&self, entry: &'a Entry, list: &List) -> ListLine<'a> {
        let subscribed = list.selection.subscribed || list.returns.subscribed;
        let asked = Asked { extended: list.extended, subscribed, children: list.returns.children };
        let attributes = self.attributes(entry, asked);
        ListLine { attributes, child_info: child_info(entry, list), ..ListLine::new(&entry.name) }
    }

    fn attributes(&self, entry: &Entry, asked: Asked) -> Vec<&'static str> {
        let mut attributes = Vec::new();
        match &entry.mailbox {
            Some(mailbox) => attributes.extend(self.role(mailbox)),
            None if asked.extended || self.enabled.dialect.rev2 => attributes.push("\\NonExistent"),
            // Clients that do not know RFC 5258 know only that it cannot be selected.
            None => attributes.push("\\Noselect"),
        }
        if entry.subscribed && asked.subscribed {
            attributes.push("\\Subscribed");
        }
        // RFC 5258 §4: to be had for the asking, and here told without, since it costs nothing.
        if asked.children || self.is_offered("CHILDREN") {
            attributes.push(if entry.has_children { "\\HasChildren" } else { "\\HasNoChildren" });
        }
        attributes
    }

    /// The role of a mailbox (RFC 6154 §2).
    fn role(&self, mailbox: &Listed) -> Option<&'static str> {
        mailbox.special_use.filter(|_| self.is_offered("SPECIAL-USE")).map(|role| role.attribute())
    }
}

/// Which attributes are wanted.
#[derive(Clone, Copy)]
struct Asked {
    /// Those of RFC 5258.
    extended: bool,
    /// `\Subscribed`
    subscribed: bool,
    /// Whether there are names below.
    children: bool,
}

/// The selection options that names below this one satisfy (RFC 5258 §3.5).
fn child_info(entry: &Entry, list: &List) -> Vec<&'static str> {
    if !entry.child_info || !list.selection.recursive_match {
        return Vec::new();
    }
    let subscribed = list.selection.subscribed.then_some("SUBSCRIBED");
    let special_use = list.selection.special_use.then_some("SPECIAL-USE");
    subscribed.into_iter().chain(special_use).collect()
}
