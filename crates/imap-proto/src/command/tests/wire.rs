//! Commands as a client writes them: each word in any case, each string as an atom, quoted or as a literal.

mod fetch;
mod search;

use model::{Flags, NamedFlags, UidSet};

use crate::command::*;
use crate::dialect::Dialect;
use crate::lex::{is_astring, is_atom};
use crate::mailbox::encode;
use crate::partial::{CountFrom, PartialRange};
use crate::sequence::{Bound, MessageSet, SequenceSet};

/// What has been written, and the choices that are yet to be made.
pub(super) struct Wire {
    pub(super) out: Vec<u8>,
    dialect: Dialect,
    choices: Vec<u8>,
    next: usize,
}

impl Wire {
    pub(super) fn new(dialect: Dialect, choices: Vec<u8>) -> Self {
        Self { out: Vec::new(), dialect, choices, next: 0 }
    }

    fn choice(&mut self) -> u8 {
        self.next += 1;
        self.choices.get(self.next % self.choices.len().max(1)).copied().unwrap_or_default()
    }

    fn coin(&mut self) -> bool {
        self.choice().is_multiple_of(2)
    }

    fn mostly(&mut self) -> bool {
        !self.choice().is_multiple_of(3)
    }

    /// Ends a chain of calls.
    fn done(&mut self) {}

    /// Text that has one spelling.
    pub(super) fn raw(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.out.extend_from_slice(text.as_ref());
        self
    }

    /// A word of the grammar, in any case.
    pub(super) fn word(&mut self, word: &str) -> &mut Self {
        let word = if self.coin() { word.to_owned() } else { word.to_lowercase() };
        self.raw(word)
    }

    fn number(&mut self, n: impl ToString) -> &mut Self {
        self.raw(n.to_string())
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for &byte in text {
            if matches!(byte, b'"' | b'\\') {
                self.out.push(b'\\');
            }
            self.out.push(byte);
        }
        self.out.push(b'"');
    }

    fn literal(&mut self, text: &[u8]) {
        let plus = if self.coin() { "" } else { "+" };
        self.raw(format!("{{{}{plus}}}\r\n", text.len())).raw(text);
    }

    pub(super) fn string(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        let text = text.as_ref();
        let is_text = !self.dialect.has_utf8() || std::str::from_utf8(text).is_ok();
        let can_be_quoted = is_text && !text.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        if can_be_quoted && self.mostly() {
            self.quoted(text)
        } else {
            self.literal(text)
        }
        self
    }

    fn string_or(&mut self, text: &[u8], is: impl Fn(u8) -> bool) -> &mut Self {
        let can_be_atom = !text.is_empty() && text.iter().all(|&byte| is(byte));
        if can_be_atom && self.mostly() { self.raw(text) } else { self.string(text) }
    }

    pub(super) fn astring(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.string_or(text.as_ref(), is_astring)
    }

    fn spelt(&self, name: &str) -> String {
        if self.dialect.has_utf8() { name.to_owned() } else { encode(name) }
    }

    pub(super) fn mailbox(&mut self, name: &str) -> &mut Self {
        let name = self.spelt(name);
        self.astring(name)
    }

    fn pattern(&mut self, pattern: &str) {
        let pattern = self.spelt(pattern);
        self.string_or(pattern.as_bytes(), |byte| is_astring(byte) || matches!(byte, b'%' | b'*'));
    }

    fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.raw("(");
        for (i, one) in items.iter().enumerate() {
            self.raw(if i > 0 { " " } else { "" });
            item(self, one);
        }
        self.raw(")")
    }

    fn sequence_set(&mut self, set: &SequenceSet) -> &mut Self {
        for (i, &(from, to)) in set.ranges().iter().enumerate() {
            self.raw(if i > 0 { "," } else { "" }).bound(from);
            if from != to || self.coin() {
                self.raw(":").bound(to);
            }
        }
        self
    }

    pub(super) fn bound(&mut self, bound: Bound) -> &mut Self {
        match bound {
            Bound::Number(n) => self.number(n),
            Bound::Last => self.raw("*"),
        }
    }

    fn message_set(&mut self, set: &MessageSet) -> &mut Self {
        match set {
            MessageSet::Listed(set) => self.sequence_set(set),
            MessageSet::Saved => self.raw("$"),
        }
    }

    fn uid_set(&mut self, set: &UidSet) -> &mut Self {
        self.raw(set.to_string())
    }

    fn partial_range(&mut self, range: PartialRange) -> &mut Self {
        let sign = if range.from == CountFrom::Last { "-" } else { "" };
        self.raw(format!("{sign}{}:{sign}{}", range.start, range.end))
    }

    /// `flag-list`
    pub(super) fn flags(&mut self, flags: &NamedFlags) -> &mut Self {
        let system = Flags::SYSTEM.into_iter().filter(|(flag, _)| flags.system.contains(*flag));
        let names: Vec<String> = system
            .map(|(_, name)| name.to_owned())
            .chain(flags.keywords.iter().map(|keyword| keyword.as_str().to_owned()))
            .collect();
        self.list(&names, |wire, name| wire.raw(name).done())
    }

    /// The command without its tag and line end.
    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::Search(search) => self.search(search),
            Command::Sort(sort) => self.sort(sort),
            Command::Thread(thread) => self.thread(thread),
            Command::Fetch(fetch) => self.fetch(fetch),
            Command::Store(store) => self.store(store),
            Command::Copy(copy) => self.copy("COPY ", copy),
            Command::Move(copy) => self.copy("MOVE ", copy),
            Command::Expunge(Expunge { uids: Some(set) }) => {
                self.word("UID EXPUNGE ").message_set(set).done()
            }
            Command::UidBatches(batches) => {
                self.word("UIDBATCHES ").number(batches.size);
                if let Some((from, to)) = batches.range {
                    self.raw(format!(" {from}:{to}"));
                }
            }
            Command::Comparator(orders) => {
                self.word("COMPARATOR").done();
                for order in orders {
                    let direction = if order.reverse { "-" } else { ["", "+"][usize::from(self.coin())] };
                    self.raw(" ").astring(format!("{direction}{}", order.pattern));
                }
            }
            other => self.on_mailboxes(other),
        }
    }

    fn on_mailboxes(&mut self, command: &Command) {
        match command {
            Command::Select(select) => self.select("SELECT ", select),
            Command::Examine(select) => self.select("EXAMINE ", select),
            Command::Create(create) => {
                self.word("CREATE ").mailbox(create.mailbox.as_str());
                if !create.special_use.is_empty() {
                    let roles = &create.special_use;
                    self.word(" (USE ").list(roles, |wire, role| wire.word(role.attribute()).done()).raw(")");
                }
            }
            Command::Delete(name) => self.word("DELETE ").mailbox(name.as_str()).done(),
            Command::Rename(rename) => {
                self.word("RENAME ").mailbox(rename.from.as_str()).raw(" ").mailbox(rename.to.as_str());
            }
            Command::List(list) => self.list_command(list),
            Command::Lsub(lsub) => {
                self.word("LSUB ").mailbox(&lsub.reference).raw(" ").pattern(&lsub.pattern);
            }
            Command::Status(status) => {
                self.word("STATUS ").mailbox(status.mailbox.as_str()).raw(" ");
                self.list(&status.items, |wire, item| wire.word(item.name()).done());
            }
            Command::GetQuotaRoot(name) => self.word("GETQUOTAROOT ").mailbox(name.as_str()).done(),
            other => self.on_connection(other),
        }
    }

    fn on_connection(&mut self, command: &Command) {
        match command {
            Command::Login(login) => {
                self.word("LOGIN ").astring(&login.user).raw(" ").astring(&login.password);
            }
            Command::Enable(enable) => {
                self.word("ENABLE");
                enable.capabilities.iter().for_each(|name| self.raw(" ").word(name).done());
            }
            Command::Id(Id { fields }) => {
                self.word("ID ").list(fields, |wire, (name, value)| {
                    wire.string(name).raw(" ");
                    match value {
                        Some(value) => wire.string(value),
                        None => wire.word("NIL"),
                    };
                });
            }
            Command::GetQuota(root) => self.word("GETQUOTA ").astring(root).done(),
            Command::SetQuota(SetQuota { root, limits }) => {
                self.word("SETQUOTA ").astring(root).raw(" ").list(limits, |wire, (resource, limit)| {
                    wire.word(&resource.to_string()).raw(" ").number(limit);
                });
            }
            other => self.word(&other.verb().to_uppercase()).done(),
        }
    }

    fn select(&mut self, verb: &str, select: &Select) {
        self.word(verb).mailbox(select.mailbox.as_str());
        match &select.qresync {
            None if !select.condstore => {}
            None => self.word(" (CONDSTORE)").done(),
            Some(qresync) => {
                self.word(if select.condstore { " (CONDSTORE QRESYNC (" } else { " (QRESYNC (" });
                self.number(qresync.uid_validity.get()).raw(" ").number(qresync.modseq);
                if let Some(uids) = &qresync.known_uids {
                    self.raw(" ").uid_set(uids);
                }
                if let Some(known) = &qresync.seq_match {
                    self.raw(" (").sequence_set(&known.numbers).raw(" ").uid_set(&known.uids).raw(")");
                }
                self.raw("))");
            }
        }
    }

    fn list_command(&mut self, list: &List) {
        self.word("LIST ");
        let ListSelection { subscribed, remote, recursive_match, special_use } = list.selection;
        let selection = named(&[
            ("SUBSCRIBED", subscribed),
            ("REMOTE", remote),
            ("RECURSIVEMATCH", recursive_match),
            ("SPECIAL-USE", special_use),
        ]);
        if !selection.is_empty() {
            self.list(&selection, |wire, option| wire.word(option).done()).raw(" ");
        }
        self.mailbox(&list.reference).raw(" ");
        match list.patterns.as_slice() {
            [pattern] => self.pattern(pattern),
            many => self.list(many, |wire, pattern| wire.pattern(pattern)).done(),
        }
        let ListReturn { subscribed, children, special_use, status } = &list.returns;
        let mut returns =
            named(&[("SUBSCRIBED", *subscribed), ("CHILDREN", *children), ("SPECIAL-USE", *special_use)]);
        returns.extend((!status.is_empty()).then_some("STATUS"));
        if !returns.is_empty() {
            self.word(" RETURN ").list(&returns, |wire, &option| {
                wire.word(option);
                if option == "STATUS" {
                    wire.raw(" ").list(status, |wire, item| wire.word(item.name()).done());
                }
            });
        }
    }

    fn copy(&mut self, verb: &str, copy: &Copy) {
        self.by_uid(copy.uid).word(verb).message_set(&copy.set).raw(" ").mailbox(copy.mailbox.as_str());
    }

    fn by_uid(&mut self, uid: bool) -> &mut Self {
        if uid { self.word("UID ") } else { self }
    }

    fn store(&mut self, store: &Store) {
        self.by_uid(store.uid).word("STORE ").message_set(&store.set).raw(" ");
        if let Some(since) = store.unchanged_since {
            self.word("(UNCHANGEDSINCE ").number(since).raw(") ");
        }
        self.raw(match store.op {
            StoreOp::Replace => "",
            StoreOp::Add => "+",
            StoreOp::Remove => "-",
        });
        self.word(if store.silent { "FLAGS.SILENT " } else { "FLAGS " }).flags(&store.flags);
    }
}

/// The names of what is switched on.
fn named(options: &[(&'static str, bool)]) -> Vec<&'static str> {
    options.iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect()
}

/// Whether a text can be an atom.
pub(super) fn can_be_atom(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_atom)
}
