//! One LMTP connection from greeting to goodbye: strictly one command after another, answers in order (RFC 2920 §3.2).
//!
//! What a command does to the message under way is in `session/message.rs`.

mod message;

use std::sync::Arc;
use std::time::Instant;

use net::{Conn, Drain, Lost};

use super::LmtpServer;
use super::command::{self, Command, Violation};
use super::line::Lines;
use super::reply::{self, Reply};
use super::transaction::Transaction;

/// One client.
pub(super) struct Session {
    server: Arc<LmtpServer>,
    conn: Conn,
    drain: Drain,
    input: Vec<u8>,
    lines: Lines,
    /// What the client calls itself; none before LHLO.
    client: Option<String>,
    transaction: Option<Transaction>,
    bad_in_a_row: u32,
    /// Commands, for the log.
    commands: u64,
    /// The code of the last answer, for the log.
    answered: u16,
    /// Recipients that have got a message, for the log.
    delivered: u64,
}

/// Why a session is over.
#[derive(Debug)]
enum End {
    Quit,
    ShuttingDown,
    TooManyErrors,
    /// The client sends a message without end.
    TooMuch,
    Lost(Lost),
}

impl From<Lost> for End {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl End {
    /// The last words, where there is somebody to hear them.
    fn goodbye(&self) -> Option<Reply> {
        Some(match self {
            Self::Quit => Reply::new(221, "2.0.0", "goodbye"),
            Self::ShuttingDown => Reply::new(421, "4.3.2", "the server is being stopped, come back later"),
            Self::TooManyErrors => Reply::new(421, "4.7.0", "too many errors"),
            Self::TooMuch => Reply::new(421, "4.3.4", "the message is much too large"),
            Self::Lost(Lost::Silent { .. }) => Reply::new(421, "4.4.2", "you were silent for too long"),
            Self::Lost(_) => return None,
        })
    }

    fn reason(&self) -> String {
        match self {
            Self::Quit => "QUIT".to_owned(),
            Self::ShuttingDown => "shutting down".to_owned(),
            Self::TooManyErrors => "too many errors".to_owned(),
            Self::TooMuch => "a message without end".to_owned(),
            Self::Lost(lost) => lost.to_string(),
        }
    }
}

impl Session {
    pub(super) fn new(server: Arc<LmtpServer>, conn: Conn, drain: Drain) -> Self {
        let lines = Lines::new(server.settings.command_line_bytes);
        Self {
            server,
            conn,
            drain,
            input: Vec::new(),
            lines,
            client: None,
            transaction: None,
            bad_in_a_row: 0,
            commands: 0,
            answered: 0,
            delivered: 0,
        }
    }

    pub(super) async fn run(mut self) {
        let since = Instant::now();
        let end = match self.serve().await {
            Err(end) => end,
            Ok(never) => match never {},
        };
        if let Some(goodbye) = end.goodbye() {
            self.say(&goodbye);
        }
        let traffic = self.conn.traffic();
        tracing::info!(
            peer = %self.conn.peer_addr(),
            client = self.client,
            commands = self.commands,
            bytes_in = traffic.received,
            bytes_out = traffic.sent,
            delivered = self.delivered,
            reason = end.reason(),
            seconds = since.elapsed().as_secs(),
            "LMTP connection over"
        );
        self.conn.close().await;
    }

    /// Serves commands until the session is over.
    async fn serve(&mut self) -> Result<std::convert::Infallible, End> {
        let greeting = format!("{} LMTP Postroom", self.server.delivery.rules().host_name);
        self.say(&Reply::plain(220, greeting));
        loop {
            let command = self.next_line().await?.and_then(|line| command::parse(&line));
            let (verb, since) = (command.as_ref().map_or("none", Command::verb), Instant::now());
            let obeyed = match command {
                // Boxed, so that the state of a delivery does not live on in every idle session's task.
                Ok(command) => Box::pin(self.obey(command)).await,
                Err(violation) => {
                    self.refuse(&Reply::from(&violation));
                    Ok(())
                }
            };
            self.note(verb, since);
            obeyed?;
            if self.bad_in_a_row >= self.server.settings.bad_commands_max {
                return Err(End::TooManyErrors);
            }
        }
    }

    /// The next command line. The server may shut down meanwhile.
    async fn next_line(&mut self) -> Result<Result<Vec<u8>, Violation>, End> {
        loop {
            if let Some(line) = self.lines.next(&mut self.input) {
                return Ok(line);
            }
            let drain = self.drain.clone();
            tokio::select! {
                biased;
                () = drain.begun() => return Err(End::ShuttingDown),
                filled = self.fill() => filled?,
            }
        }
    }

    async fn fill(&mut self) -> Result<(), End> {
        self.conn.fill(&mut self.input, self.server.settings.timeout).await?;
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Lhlo(client) => self.lhlo(client),
            Command::Mail(mail) => self.mail(mail),
            Command::Rcpt(address) => self.rcpt(address).await,
            Command::Data => return self.data().await,
            Command::Bdat { bytes, last } => return self.bdat(bytes, last).await,
            Command::Rset => {
                self.transaction = None;
                self.accept(&Reply::new(250, "2.0.0", "forgotten"));
            }
            Command::Noop => self.accept(&Reply::new(250, "2.0.0", "nothing done")),
            // RFC 5321 §3.5.3: whose an address is, RCPT says.
            Command::Vrfy => self.accept(&Reply::new(252, "2.0.0", "RCPT says whether there is such a user")),
            Command::Help => self.accept(&Reply::new(214, "2.0.0", "this is LMTP, RFC 2033")),
            Command::Quit => return Err(End::Quit),
        }
        self.conn.flush_if_full().await?;
        Ok(())
    }

    /// LHLO, which also forgets a message under way (RFC 5321 §4.1.4).
    fn lhlo(&mut self, client: String) {
        self.client = Some(client);
        self.transaction = None;
        self.bad_in_a_row = 0;
        let delivery = &self.server.delivery;
        reply::offer(&delivery.rules().host_name, delivery.message_bytes_max(), self.conn.out());
    }

    fn say(&mut self, reply: &Reply) {
        self.answered = reply.code();
        reply.write(self.conn.out());
    }

    /// Counts and logs a command; of several answers the last one's code stands for all.
    fn note(&mut self, verb: &'static str, since: Instant) {
        self.commands += 1;
        let took = since.elapsed();
        metrics::histogram!("postroom_lmtp_command_seconds", "verb" => verb).record(took);
        let (peer, code) = (self.conn.peer_addr(), self.answered);
        tracing::debug!(%peer, verb, code, microseconds = took.as_micros(), "LMTP command answered");
    }

    /// Answers a command that was right.
    fn accept(&mut self, reply: &Reply) {
        self.bad_in_a_row = 0;
        self.say(reply);
    }

    /// Answers a command that was wrong.
    fn refuse(&mut self, reply: &Reply) {
        self.bad_in_a_row += 1;
        self.say(reply);
    }
}
