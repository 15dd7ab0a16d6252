//! The table of commands: which state each needs, whether expunges may be told at its end, and where it is carried
//! out.

use imap_proto::Violation;
use imap_proto::command::{Command, Select, Tag};
use imap_proto::extension::{CapabilitySet, capabilities, is_served};
use imap_proto::response::{self, Code};
use model::{MailboxName, Rights};

use crate::cmd::{authenticate, capability, id, idle, login, namespace};
use crate::pump::{Expunges, Tail};
use crate::reply::{Done, Failure};
use crate::session::Session;
use crate::state::{Authenticated, Mode, Needs, Selected, State};

/// What the session has to know of a command before it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The verb's stem: for spans and metrics.
    pub(crate) verb: &'static str,
    pub(crate) needs: Needs,
    /// What is told at its end. After SELECT nothing is: its answer is one snapshot, and clients that have just begun to
    /// learn the mailbox from it need not cope with news of messages that they do not know.
    pub(crate) tail: Option<Tail>,
}

impl Row {
    /// What came is no command.
    pub(crate) const NONE: Self = Self { verb: "none", needs: Needs::Any, tail: None };
    pub(crate) const REPLACE: Self =
        Self { verb: "replace", needs: Needs::Selected, tail: Some(Tail::PLAIN) };
    pub(crate) const APPEND: Self =
        Self { verb: "append", needs: Needs::Authenticated, tail: Some(Tail::PLAIN) };
}

/// The table.
pub(crate) fn row(command: &Command) -> Row {
    use Needs::{Any, Authenticated, NotAuthenticated, Selected};
    // RFC 3501 §7.4.1: no EXPUNGE while FETCH, STORE, SEARCH, SORT or THREAD speak in message numbers.
    let by_uid = |uids: bool| Tail { uids, expunges: if uids { Expunges::Tell } else { Expunges::Hold } };
    let (needs, tail) = match command {
        Command::Capability | Command::Noop | Command::Logout | Command::Id(_) => (Any, Tail::PLAIN),
        Command::StartTls | Command::Authenticate(_) | Command::Login(_) => (NotAuthenticated, Tail::PLAIN),
        Command::Select(_) | Command::Examine(_) => {
            return Row { verb: command.verb(), needs: Authenticated, tail: None };
        }
        Command::Enable(_)
        | Command::Create(_)
        | Command::Delete(_)
        | Command::Rename(_)
        | Command::Subscribe(_)
        | Command::Unsubscribe(_)
        | Command::List(_)
        | Command::Lsub(_)
        | Command::Namespace
        | Command::Status(_)
        | Command::Compress
        | Command::Comparator(_)
        | Command::Unauthenticate
        | Command::GetQuota(_)
        | Command::GetQuotaRoot(_)
        | Command::SetQuota(_)
        | Command::Idle => (Authenticated, Tail::PLAIN),
        Command::Check
        | Command::Close
        | Command::Unselect
        | Command::Expunge(_)
        | Command::Copy(_)
        | Command::Move(_)
        | Command::UidBatches(_) => (Selected, Tail::PLAIN),
        Command::Search(search) => (Selected, by_uid(search.uid)),
        Command::Sort(sort) => (Selected, by_uid(sort.search.uid)),
        Command::Thread(thread) => (Selected, by_uid(thread.search.uid)),
        Command::Fetch(fetch) => (Selected, by_uid(fetch.uid)),
        Command::Store(store) => (Selected, by_uid(store.uid)),
    };
    Row { verb: command.verb(), needs, tail: Some(tail) }
}

/// Refuses what makes use of a capability that is not served, or is switched off for the session.
pub(crate) fn offered(uses: &[&'static str], switched_off: CapabilitySet) -> Result<(), Failure> {
    match uses.iter().find(|capability| !is_served(capability, switched_off)) {
        Some(&capability) => Err(Failure::Syntax(Violation::NotOffered { capability }.into())),
        None => Ok(()),
    }
}

impl Session {
    /// Runs a command. `Ok(None)` was answered already.
    ///
    /// Each kind of command but IDLE is boxed, so that an idling session does not keep room for all of them.
    pub(crate) async fn dispatch(
        &mut self,
        tag: &Tag,
        command: Command,
        row: Row,
    ) -> Result<Option<Done>, Failure> {
        offered(&command.uses(), self.switched_off())?;
        self.state.check(row.needs)?;
        let done = match command {
            Command::StartTls => {
                Box::pin(self.start_tls(tag)).await?;
                return Ok(None);
            }
            Command::Compress => {
                Box::pin(self.compress(tag)).await?;
                return Ok(None);
            }
            Command::Unauthenticate => {
                Box::pin(self.unauthenticate(tag)).await?;
                return Ok(None);
            }
            Command::Capability => capability::run(self.conditions(), &mut self.io),
            Command::Noop | Command::Check => Done::new("done"),
            Command::Logout => self.log_out(),
            Command::Id(command) => id::run(&command, &mut self.io),
            Command::Authenticate(_) | Command::Login(_) => Box::pin(self.log_in(command)).await?,
            Command::Select(select) => Box::pin(self.select(&select, Mode::ReadWrite)).await?,
            Command::Examine(select) => Box::pin(self.select(&select, Mode::ReadOnly)).await?,
            Command::Delete(name) => Box::pin(self.delete(&name)).await?,
            Command::Idle => idle::run(&mut self.state, &self.server, &mut self.io).await?,
            Command::Close => {
                let done = self.state.selected()?.close().await;
                self.state.unselect();
                done?
            }
            Command::Unselect => {
                self.state.unselect();
                Done::new("UNSELECT completed")
            }
            Command::Expunge(_)
            | Command::Search(_)
            | Command::Sort(_)
            | Command::Thread(_)
            | Command::Fetch(_)
            | Command::Store(_)
            | Command::Copy(_)
            | Command::UidBatches(_)
            | Command::Move(_) => Box::pin(self.on_messages(tag, command)).await?,
            other => Box::pin(self.on_mailboxes(other)).await?,
        };
        Ok(Some(done))
    }

    /// Commands of a logged-in user that leave the state as it is.
    async fn on_mailboxes(&mut self, command: Command) -> Result<Done, Failure> {
        let now = self.conditions();
        let user = self.state.user()?;
        let io = &mut self.io;
        match command {
            Command::Enable(enable) => Ok(user.enable(&enable, now, io)),
            Command::Create(create) => user.create(&create, io).await,
            Command::Rename(rename) => user.rename(&rename, io).await,
            Command::Subscribe(name) => user.subscribe(&name).await,
            Command::Unsubscribe(name) => user.unsubscribe(&name).await,
            Command::List(list) => user.list(&list, io).await,
            Command::Lsub(lsub) => user.lsub(&lsub, io).await,
            Command::Status(status) => user.status(&status, io).await,
            Command::Namespace => Ok(namespace::run(io)),
            Command::Comparator(orders) => user.comparator(&orders, io),
            Command::GetQuota(root) => user.get_quota(&root, io),
            Command::GetQuotaRoot(name) => Ok(user.get_quota_root(&name, io)),
            other => Err(Failure::ours("dispatch", format!("{} has no place", other.verb()))),
        }
    }

    /// Commands on the messages of the selected mailbox.
    async fn on_messages(&mut self, tag: &Tag, command: Command) -> Result<Done, Failure> {
        let selected = self.state.selected()?;
        let io = &mut self.io;
        match command {
            Command::Expunge(expunge) => selected.expunge(&expunge, io).await,
            Command::Search(search) => selected.search(tag, &search, &self.server, io).await,
            Command::Sort(sort) => selected.sort(tag, &sort, &self.server, io).await,
            Command::Thread(thread) => selected.thread(tag, &thread, &self.server, io).await,
            Command::Fetch(fetch) => selected.fetch(&fetch, io).await,
            Command::Store(store) => selected.store(store, io).await,
            Command::Copy(copy) => selected.copy(&copy).await,
            Command::UidBatches(command) => selected.uid_batches(tag, command, io),
            Command::Move(command) => selected.move_messages(&command, io).await,
            other => Err(Failure::ours("dispatch", format!("{} has no place", other.verb()))),
        }
    }

    /// LOGIN and AUTHENTICATE.
    async fn log_in(&mut self, command: Command) -> Result<Done, Failure> {
        let now = self.conditions();
        if !now.password_allowed {
            return Err(Failure::NeedsTls);
        }
        let authenticator = &self.server.authenticator;
        let (identity, mechanism) = match command {
            Command::Login(command) => {
                let peer = self.io.conn().peer_addr().ip();
                (authenticator.login(login::credentials(&command)?, peer).await?, "login")
            }
            Command::Authenticate(command) => {
                let (identity, mechanism) =
                    authenticate::converse(&command, now, authenticator.clone(), &mut self.io).await?;
                (identity, mechanism.name())
            }
            other => return Err(Failure::ours("log in", format!("{} has no place", other.verb()))),
        };
        self.mechanism = Some(mechanism);
        let peer = self.io.conn().peer_addr().ip();
        let user = login::enter(identity, peer, &self.server).await?;
        self.io.log_in(&user.login)?;
        self.state = State::Authenticated(user);
        self.io.set_authenticated(self.server.settings.idle_timeout);
        Ok(Done::coded(Code::Capability(capabilities(self.conditions())), "logged in"))
    }

    fn log_out(&mut self) -> Done {
        // RFC 3501 §3.4: whatever was selected is left as it is.
        self.state.unselect();
        self.leaving = true;
        response::bye(self.io.out(), None, "until next time");
        Done::new("LOGOUT completed")
    }

    /// SELECT and EXAMINE: the mailbox that was selected is left first, whatever comes of it (RFC 3501 §6.3.1).
    async fn select(&mut self, select: &Select, mode: Mode) -> Result<Done, Failure> {
        self.state.user()?.check_select(select)?;
        if self.state.unselect() {
            self.io.untagged_ok(Code::Closed, "the mailbox before is closed");
        }
        let (mailbox, snapshot) = self.state.user()?.open(select).await?;
        let user = self.state.take_user()?;
        let selected = Selected::new(user, (mailbox, &snapshot), mode);
        let selected = self.state.enter(selected)?;
        selected.introduce(select, snapshot, &mut self.io).await
    }

    /// DELETE. A session that deletes the mailbox it has selected leaves it.
    async fn delete(&mut self, name: &MailboxName) -> Result<Done, Failure> {
        let user: &mut Authenticated = self.state.user()?;
        let id = user.access.mailbox(name, Rights::NONE).map(|mailbox| mailbox.id());
        let done = user.delete(name).await?;
        if self.state.selected().is_ok_and(|selected| id.is_ok_and(|id| selected.mailbox.id() == id)) {
            self.state.unselect();
            self.io.untagged_ok(Code::Closed, "the mailbox is deleted");
        }
        Ok(done)
    }
}
