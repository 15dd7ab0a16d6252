//! A session's two directions: steps in, responses out with backpressure.
//!
//! It knows how long to wait and when to flush, and leaves spelling to `imap-proto`. Nothing is decided here.

use std::time::Duration;

use imap_proto::Dialect;
use imap_proto::frame::{Framer, RawLine, Step};
use imap_proto::response::{self, Code, Status};
use net::{Conn, Drain, Lost};
use tokio::time::Instant;

use crate::reply::{End, Failure, Wrong};
use crate::server::Settings;

/// The connection as commands see it.
pub(crate) struct Io {
    conn: Conn,
    framer: Framer,
    input: Vec<u8>,
    drain: Drain,
    /// How long the client may be silent.
    patience: Duration,
    /// When a client that has not logged in has to be gone, however often it says something.
    login_by: Option<Instant>,
    /// Bytes that may have come when a client that has not logged in is sent away.
    login_within: u64,
    /// How many it may send.
    before_login_max: u64,
}

impl Io {
    pub(crate) fn new(conn: Conn, drain: Drain, settings: &Settings) -> Self {
        let login_by = Some(Instant::now() + settings.login_timeout);
        let framer = Framer::new(settings.limits.clone());
        let before_login_max = settings.bytes_before_login_max;
        Self {
            conn,
            framer,
            input: Vec::new(),
            drain,
            patience: settings.login_timeout,
            login_by,
            login_within: before_login_max,
            before_login_max,
        }
    }

    pub(crate) const fn conn(&self) -> &Conn {
        &self.conn
    }

    /// Resolves when the server is shutting down.
    pub(crate) fn drain(&self) -> Drain {
        self.drain.clone()
    }

    /// Counts the connection as this user's.
    pub(crate) fn log_in(&mut self, login: &str) -> Result<(), Failure> {
        self.conn.log_in(login).map_err(Failure::TooManyConnections)
    }

    /// From login on: larger limits, more patience.
    pub(crate) fn set_authenticated(&mut self, patience: Duration) {
        self.framer.set_authenticated();
        self.patience = patience;
        self.login_by = None;
    }

    /// Nobody is logged in any more: as in the beginning (RFC 8437 §3).
    pub(crate) fn set_unauthenticated(&mut self, login_timeout: Duration) {
        self.framer.set_unauthenticated();
        self.conn.log_out();
        self.patience = login_timeout;
        self.login_by = Some(Instant::now() + login_timeout);
        self.login_within = self.conn.traffic().received.saturating_add(self.before_login_max);
    }

    /// From the next command on, what ENABLE has switched on.
    pub(crate) fn set_dialect(&mut self, dialect: Dialect) {
        self.framer.set_dialect(dialect);
    }

    /// The next thing to do, between commands. The server may shut down meanwhile.
    pub(crate) async fn next_command(&mut self) -> Result<Step, Failure> {
        let drain = self.drain();
        tokio::select! {
            biased;
            () = drain.begun() => Err(End::ShuttingDown.into()),
            step = self.next_step() => step,
        }
    }

    /// The next thing to do. It may be dropped and called again.
    ///
    /// What the commands before were answered has room to wait, but not without end: who sends many and reads nothing
    /// has no further one looked at.
    pub(crate) async fn next_step(&mut self) -> Result<Step, Failure> {
        loop {
            self.conn.flush_if_full().await?;
            match self.framer.next(&mut self.input) {
                Step::NeedMore => self.fill().await?,
                Step::Continue => response::continuation(self.conn.out(), "go ahead"),
                step => return Ok(step),
            }
        }
    }

    /// A line that is no command. It may be dropped and called again.
    pub(crate) async fn raw_line(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            match self.framer.raw_line(&mut self.input) {
                RawLine::NeedMore => self.fill().await?,
                RawLine::Line(line) => return Ok(line),
                RawLine::TooLong => return Err(Wrong::LineTooLong.into()),
            }
        }
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        let Some(login_by) = self.login_by else {
            self.conn.fill(&mut self.input, self.patience).await?;
            return Ok(());
        };
        if self.conn.traffic().received >= self.login_within {
            return Err(End::TooMuchBeforeLogin.into());
        }
        let left = login_by.saturating_duration_since(Instant::now());
        match self.conn.fill(&mut self.input, left.min(self.patience)).await {
            Err(Lost::Silent { .. }) => Err(End::NoLogin.into()),
            Err(lost) => Err(lost.into()),
            Ok(_bytes) => Ok(()),
        }
    }

    /// Takes the message of an APPEND; asks the client to send it if it waits for that.
    pub(crate) fn accept_message(&mut self) {
        if self.framer.accept_message() {
            response::continuation(self.conn.out(), "send the message");
        }
    }

    /// Wants no more of the message of an APPEND.
    pub(crate) fn refuse_message(&mut self) {
        self.framer.refuse_message();
    }

    /// The same where a check has failed; nothing where no message is announced.
    pub(crate) fn or_refuse_message<T>(&mut self, checked: Result<T, Failure>) -> Result<T, Failure> {
        if checked.is_err() {
            self.refuse_message();
        }
        checked
    }

    /// More of the message; `None` at its end.
    pub(crate) async fn message_bytes(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        while self.framer.message_remaining() > 0 {
            let bytes = self.framer.take_message_bytes(&mut self.input);
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
            self.fill().await?;
        }
        Ok(None)
    }

    /// Begins TLS with `go_ahead` as the last plain words.
    pub(crate) async fn start_tls(&mut self, tls: &net::Tls, go_ahead: &[u8]) -> Result<(), Failure> {
        self.framer.discard(&mut self.input);
        self.conn.start_tls(tls, &mut self.input, go_ahead).await?;
        Ok(())
    }

    /// Sends what waits as it is, and compresses from then on.
    pub(crate) async fn start_compression(&mut self) -> Result<(), Failure> {
        Ok(self.conn.start_compression(&mut self.input).await?)
    }

    /// Sends what waits, and compresses no more.
    pub(crate) async fn stop_compression(&mut self) -> Result<(), Failure> {
        Ok(self.conn.stop_compression(&mut self.input).await?)
    }

    /// What is to be sent, for appending whole lines with `imap_proto::response`.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        self.conn.out()
    }

    /// `* OK [CODE] text`
    pub(crate) fn untagged_ok(&mut self, code: Code, text: &str) {
        response::untagged(self.out(), Status::Ok, Some(&code), text);
    }

    /// Between lines of a long answer.
    pub(crate) async fn flush_if_full(&mut self) -> Result<(), Failure> {
        Ok(self.conn.flush_if_full().await?)
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.conn.flush().await?)
    }

    /// Sends bytes that may be many, without a copy.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.conn.send(bytes).await?)
    }

    pub(crate) async fn close(self) {
        self.conn.close().await;
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Silent { .. } => End::Silent.into(),
            Lost::Ended | Lost::Stalled { .. } | Lost::Handshake(_) | Lost::Broken(_) => {
                End::Lost(lost).into()
            }
        }
    }
}
