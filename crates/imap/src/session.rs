//! One connection from greeting to goodbye: a step comes in, a command runs, the pump tells what changed, the
//! answer goes out. Strictly one command after another.
//!
//! RFC 3501 §3, §5.3 to §5.5, §7.1.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use imap_proto::command::{AppendHead, ReplaceHead, Tag, Tagged};
use imap_proto::extension::{CapabilitySet, Conditions, capabilities};
use imap_proto::frame::Step;
use imap_proto::response::{self, Code, Status};
use net::{Conn, Drain};
use tracing::Instrument;

use crate::dispatch::{self, Row};
use crate::io::Io;
use crate::reply::{Answer, Done, End, Failure, Wrong};
use crate::server::{ImapServer, PlaintextLogin};
use crate::state::{Needs, State};
use crate::switches;

/// The number of the last connection.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// One client.
pub(crate) struct Session {
    /// What all lines of the log about it have in common; no two of a process have the same.
    number: u64,
    pub(crate) server: Arc<ImapServer>,
    pub(crate) io: Io,
    pub(crate) state: State,
    /// BAD answers and failed logins since the last command that was answered otherwise; before login nothing makes up
    /// for them.
    bad_in_a_row: u32,
    /// Commands since the connection has been nobody's.
    pub(crate) before_login: u32,
    /// Commands answered, for the log.
    commands: u64,
    /// How the user logged in, for the log.
    pub(crate) mechanism: Option<&'static str>,
    /// Set by LOGOUT: its answer is the last.
    pub(crate) leaving: bool,
}

impl Session {
    pub(crate) fn new(server: Arc<ImapServer>, conn: Conn, drain: Drain) -> Self {
        let io = Io::new(conn, drain, &server.settings);
        let state = State::NotAuthenticated;
        Self {
            number: CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1,
            server,
            io,
            state,
            bad_in_a_row: 0,
            before_login: 0,
            commands: 0,
            mechanism: None,
            leaving: false,
        }
    }

    pub(crate) async fn run(mut self) {
        let since = Instant::now();
        let counted = Counted::new();
        let end = self.serve().await;
        drop(counted);
        if let Some(text) = end.goodbye() {
            response::bye(self.io.out(), None, text);
        }
        self.tell_the_log(&end, since);
        // What belongs to the user is given back before a slow goodbye.
        let Self { io, state, .. } = self;
        drop(state);
        io.close().await;
    }

    /// The one line of the log that every connection leaves behind; what is only now sent is not in its numbers.
    fn tell_the_log(&mut self, end: &End, since: Instant) {
        let login = self.state.login();
        let peer = self.io.conn().peer_addr();
        let (tls, traffic) = (self.io.conn().tls_version(), self.io.conn().traffic());
        tracing::info!(
            connection = self.number,
            %peer,
            tls,
            login,
            mechanism = self.mechanism,
            commands = self.commands,
            bytes_in = traffic.received,
            bytes_out = traffic.sent,
            reason = end.reason(),
            seconds = since.elapsed().as_secs(),
            "IMAP connection over"
        );
    }

    /// Serves commands until the session is over.
    async fn serve(&mut self) -> End {
        let greeting = Code::Capability(capabilities(self.conditions()));
        response::untagged(self.io.out(), Status::Ok, Some(&greeting), "Postroom at your service");
        loop {
            let ended = match self.io.next_command().await {
                Ok(step) => self.step(step).await,
                Err(failure) => Err(failure),
            };
            match ended {
                Ok(()) if self.leaving => return End::LoggedOut,
                Ok(()) => {}
                Err(Failure::End(end)) => return end,
                Err(failure) => self.untagged_failure(failure),
            }
            if self.bad_in_a_row >= self.server.settings.bad_commands_max {
                return End::TooManyErrors;
            }
            if matches!(self.state, State::NotAuthenticated) {
                self.before_login += 1;
                if self.before_login >= self.server.settings.commands_before_login_max {
                    return End::TooMuchBeforeLogin;
                }
            }
        }
    }

    async fn step(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Command(Tagged { tag, command }) => {
                let row = dispatch::row(&command);
                let span = tracing::debug_span!("imap", verb = row.verb);
                let since = Instant::now();
                let result = Box::pin(self.dispatch(&tag, command, row)).instrument(span).await;
                self.finish(&tag, row, since, result).await
            }
            Step::Append { tag, head, size } => {
                let since = Instant::now();
                let span = tracing::debug_span!("imap", verb = Row::APPEND.verb);
                let result = Box::pin(self.append(head, size)).instrument(span).await;
                self.finish(&tag, Row::APPEND, since, result).await
            }
            Step::Replace { tag, head, size } => {
                let since = Instant::now();
                let span = tracing::debug_span!("imap", verb = Row::REPLACE.verb);
                let result = Box::pin(self.replace(head, size)).instrument(span).await;
                self.finish(&tag, Row::REPLACE, since, result).await
            }
            Step::Violation { tag, error } => {
                response::error(self.io.out(), tag.as_ref(), &error);
                self.note(Row::NONE, Instant::now(), Status::Bad);
                if error.is_fatal() { Err(End::Unreadable.into()) } else { Ok(()) }
            }
            // None comes between commands: `Io` answers the first, APPEND and REPLACE take the others.
            Step::NeedMore | Step::Continue | Step::MessageEnd(_) | Step::NextMessage { .. } => Ok(()),
        }
    }

    async fn append(&mut self, head: AppendHead, size: u64) -> Result<Option<Done>, Failure> {
        let user = self.io.or_refuse_message(self.state.user())?;
        user.append(head, size, &self.server, &mut self.io).await.map(Some)
    }

    async fn replace(&mut self, head: ReplaceHead, size: u64) -> Result<Option<Done>, Failure> {
        let selected = self.io.or_refuse_message(self.state.selected())?;
        selected.replace(head, size, &self.server, &mut self.io).await.map(Some)
    }

    /// The tail of every command: what changed, then the tagged answer. `Ok(None)` was answered already.
    async fn finish(
        &mut self,
        tag: &Tag,
        row: Row,
        since: Instant,
        result: Result<Option<Done>, Failure>,
    ) -> Result<(), Failure> {
        let answer = match result {
            Ok(Some(Done { code, text })) => Answer { status: Status::Ok, code, text: text.to_owned() },
            Ok(None) => {
                self.note(row, since, Status::Ok);
                return Ok(());
            }
            Err(failure) => failure.answer()?,
        };
        let pumped = match (&mut self.state, row.tail) {
            (State::Selected(selected), Some(tail)) => selected.pump(tail, &mut self.io).await,
            _ => Ok(()),
        };
        response::tagged(self.io.out(), tag, answer.status, answer.code.as_ref(), &answer.text);
        self.note(row, since, answer.status);
        match pumped {
            Err(Failure::Refused(mailstore::Refusal::MailboxGone)) => Err(End::MailboxDeleted.into()),
            other => other,
        }
    }

    /// Counts and logs a command that was answered.
    fn note(&mut self, row: Row, since: Instant, status: Status) {
        self.commands += 1;
        // A login that fails counts as well: nobody tries a thousand passwords on one connection.
        let failed_login = row.needs == Needs::NotAuthenticated && status != Status::Ok;
        if status == Status::Bad || failed_login {
            self.bad_in_a_row += 1;
        } else if !matches!(self.state, State::NotAuthenticated) {
            self.bad_in_a_row = 0;
        }
        let took = since.elapsed();
        metrics::histogram!("postroom_imap_command_seconds", "verb" => row.verb).record(took);
        tracing::debug!(
            connection = self.number,
            peer = %self.io.conn().peer_addr(),
            login = self.state.login(),
            verb = row.verb,
            ?status,
            microseconds = took.as_micros(),
            "command answered"
        );
    }

    /// A failure where no command is to be answered.
    fn untagged_failure(&mut self, failure: Failure) {
        self.bad_in_a_row += 1;
        if let Ok(answer) = failure.answer() {
            response::untagged(self.io.out(), answer.status, answer.code.as_ref(), &answer.text);
        }
    }

    /// What the offer of capabilities depends on.
    pub(crate) fn conditions(&self) -> Conditions {
        let conn = self.io.conn();
        let in_the_clear = match self.server.settings.plaintext_login {
            PlaintextLogin::Never => false,
            PlaintextLogin::Loopback => conn.peer_addr().ip().is_loopback(),
        };
        Conditions {
            authenticated: !matches!(self.state, State::NotAuthenticated),
            tls_can_begin: self.server.tls.is_some() && !conn.is_tls(),
            password_allowed: conn.is_tls() || in_the_clear,
            scram: self.server.authenticator.offers_scram(),
            channel_bindable: conn.is_bindable(),
            switched_off: self.switched_off(),
        }
    }

    /// What is not offered to this client, and refused.
    pub(crate) fn switched_off(&self) -> CapabilitySet {
        match &self.state {
            State::NotAuthenticated => {
                let peer = self.io.conn().peer_addr().ip();
                switches::switched_off(&self.server.settings.switches, peer, None)
            }
            State::Authenticated(user) => user.switched_off,
            State::Selected(selected) => selected.user.switched_off,
        }
    }

    /// STARTTLS (RFC 3501 §6.2.1). Its answer is the last plain text; whatever was pipelined behind it is discarded.
    pub(crate) async fn start_tls(&mut self, tag: &Tag) -> Result<(), Failure> {
        let server = Arc::clone(&self.server);
        let tls = server.tls.as_ref().filter(|_| self.conditions().tls_can_begin).ok_or(Wrong::NoStartTls)?;
        let mut go_ahead = Vec::new();
        response::tagged(&mut go_ahead, tag, Status::Ok, None, "begin TLS now");
        self.io.start_tls(tls, &go_ahead).await
    }
}

/// One connection in the gauge, however it ends.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("postroom_imap_connections").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("postroom_imap_connections").decrement(1.0);
    }
}
