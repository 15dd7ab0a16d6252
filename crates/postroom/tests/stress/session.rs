//! One session: commands out, answers in, and the view of the selected mailbox that follows from them.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::dialogue::{Connection, Reading};
use testkit::view::{Memory, View, spoken};

use crate::World;
use crate::manner::{Manner, Transport};
use crate::server::PASSWORD;

/// How long an answer may take, with everybody at work.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what was said last is told with a failure.
const LINES_TOLD: usize = 80;
/// Response codes of refusals that a client meets when others are at work.
/// NOPERM comes where it examines only.
const REFUSALS: [&str; 2] = ["[EXPUNGEISSUED]", "[NOPERM]"];

/// What a command was answered.
pub(crate) struct Answer {
    pub(crate) is_ok: bool,
    /// Untagged responses, without their strings.
    pub(crate) untagged: Vec<String>,
}

/// A session that has logged in.
pub(crate) struct Session {
    connection: Connection,
    pub(crate) manner: Manner,
    tag: u32,
    /// What is believed of the selected mailbox.
    pub(crate) view: View,
    pub(crate) selected: Option<&'static str>,
    last: VecDeque<String>,
}

impl Session {
    /// Connects and logs in.
    pub(crate) fn login(world: &World, user: usize, manner: Manner) -> Result<Self, String> {
        let is_tls = manner.transport == Transport::Tls;
        let address = if is_tls { world.server.imaps } else { world.server.imap };
        let connected = TcpStream::connect(address).and_then(Connection::new);
        let connection = connected.map_err(|error| format!("connecting: {error}"))?;
        let (view, last) = (View::default(), VecDeque::new());
        let mut session = Self { connection, manner, tag: 0, view, selected: None, last };
        if is_tls {
            session.start_tls()?;
        }
        session.response()?;
        if manner.transport == Transport::StartTls {
            session.must("STARTTLS")?;
            session.start_tls()?;
        }
        session.must(&format!("LOGIN user{user} {PASSWORD}"))?;
        if manner.compressed {
            session.must("COMPRESS DEFLATE")?;
            session.connection.start_compression();
        }
        if !manner.enables.is_empty() {
            session.must(&format!("ENABLE {}", manner.enables))?;
        }
        Ok(session)
    }

    fn start_tls(&mut self) -> Result<(), String> {
        self.connection.start_tls().map_err(|error| self.failure(&format!("TLS: {error}")))
    }

    /// Logs out.
    pub(crate) fn leave(mut self) -> Result<(), String> {
        self.selected = None;
        self.must("LOGOUT").map(drop)
    }

    /// Sends a command that has to be answered OK.
    pub(crate) fn must(&mut self, command: &str) -> Result<Answer, String> {
        let answer = self.ask(command.as_bytes())?;
        if answer.is_ok { Ok(answer) } else { Err(self.failure("this has to be OK")) }
    }

    /// Sends a command, whose literals do not wait, and reads to its answer. A refusal has to have its reason in what
    /// others do.
    pub(crate) fn ask(&mut self, command: &[u8]) -> Result<Answer, String> {
        let tag = self.send(command)?;
        self.finish(tag, !keeps_numbers(command))
    }

    /// Sends commands at once, FETCH among them, and reads all their answers.
    pub(crate) fn pipeline(&mut self, commands: &[String]) -> Result<(), String> {
        let tags = commands.iter().map(|command| self.send(command.as_bytes()));
        let tags = tags.collect::<Result<Vec<_>, _>>()?;
        self.view.begin(true);
        tags.into_iter().try_for_each(|tag| self.finish(tag, true).map(drop))
    }

    /// Begins to IDLE (RFC 2177).
    pub(crate) fn idle(&mut self) -> Result<(), String> {
        self.send(b"IDLE")?;
        loop {
            let response = self.response()?;
            if response.starts_with('+') {
                return Ok(());
            }
            self.hear(&response)?;
        }
    }

    /// Hears what is said while it idles.
    pub(crate) fn listen(&mut self, time: Duration) -> Result<(), String> {
        let deadline = Instant::now() + time;
        while let Some(response) = self.read(deadline)? {
            self.hear(&response)?;
        }
        Ok(())
    }

    /// Ends IDLE.
    pub(crate) fn done(&mut self) -> Result<(), String> {
        self.put(b"DONE\r\n")?;
        self.finish(self.tag, true).map(drop)
    }

    /// Opens a mailbox, and fetches what it does not know from memory.
    pub(crate) fn select(
        &mut self,
        verb: &str,
        mailbox: &'static str,
        memory: Option<Memory>,
    ) -> Result<(), String> {
        let parameter = memory.as_ref().map_or_else(String::new, |memory| {
            format!(" (QRESYNC ({} {}))", memory.uid_validity, memory.modseq)
        });
        let remembers = memory.is_some();
        self.selected = Some(mailbox);
        self.view = View::new(self.manner.condstore(), self.manner.uid_only());
        self.view.open(memory.unwrap_or_default());
        self.must(&format!("{verb} {mailbox}{parameter}"))?;
        self.view.opened().map_err(|wrong| self.failure(&wrong.to_string()))?;
        if remembers && self.view.owed() > 0 {
            self.must("NOOP")?;
            if self.view.owed() > 0 {
                return Err(self.failure("resynchronising did not tell everything"));
            }
        }
        self.learn()
    }

    /// Fetches what was announced and is not known. What stays unknown has been expunged meanwhile, and is announced as
    /// such at the next moment.
    pub(crate) fn learn(&mut self) -> Result<(), String> {
        if !self.view.is_incomplete() {
            return Ok(());
        }
        let modseq = if self.manner.condstore() { " MODSEQ" } else { "" };
        let command = if self.manner.uid_only() {
            format!("UID FETCH 1:* (FLAGS{modseq})")
        } else {
            format!("FETCH 1:* (UID FLAGS{modseq})")
        };
        self.ask(command.as_bytes()).map(drop)
    }

    fn send(&mut self, command: &[u8]) -> Result<u32, String> {
        self.tag += 1;
        self.view.begin(command.starts_with(b"FETCH ") || command.starts_with(b"UID FETCH "));
        self.put(&[format!("{} ", self.tag).as_bytes(), command, b"\r\n"].concat())?;
        Ok(self.tag)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.note("C", bytes);
        self.connection.send(bytes).map_err(|error| self.failure(&error.to_string()))
    }

    /// Reads to the tagged response. Where messages keep their numbers, none may go (RFC 3501 §7.4.1).
    fn finish(&mut self, tag: u32, may_go: bool) -> Result<Answer, String> {
        let (tag, mut untagged) = (format!("{tag} "), Vec::new());
        loop {
            let response = self.response()?;
            let Some(text) = response.strip_prefix(&tag) else {
                if !may_go && is_expunge(&response) {
                    return Err(self.failure("a message goes while numbers have to stay"));
                }
                self.hear(&response)?;
                untagged.push(response);
                continue;
            };
            self.view.hear_code(text);
            self.view.settle();
            let is_ok = text.starts_with("OK");
            let refused = text.starts_with("NO") && REFUSALS.iter().any(|code| text.contains(code));
            if !is_ok && !refused {
                return Err(self.failure("no client of good will is answered so"));
            }
            return Ok(Answer { is_ok, untagged });
        }
    }

    fn hear(&mut self, response: &str) -> Result<(), String> {
        if self.selected.is_none() {
            return Ok(());
        }
        self.view.hear(response).map_err(|wrong| self.failure(&wrong.to_string()))
    }

    fn response(&mut self) -> Result<String, String> {
        match self.read(Instant::now() + PATIENCE)? {
            Some(response) => Ok(response),
            None => Err(self.failure("no answer")),
        }
    }

    fn read(&mut self, deadline: Instant) -> Result<Option<String>, String> {
        match self.connection.read(deadline) {
            Ok(Reading::Response(response)) => {
                self.note("S", &response);
                Ok(Some(spoken(&response)))
            }
            Ok(Reading::Silence) => Ok(None),
            Ok(Reading::Closed) => Err(self.failure("the server closed the connection")),
            Err(error) => Err(self.failure(&error.to_string())),
        }
    }

    fn note(&mut self, who: &str, bytes: &[u8]) {
        const SHOWN: usize = 200;
        let shown = bytes.get(..SHOWN).unwrap_or(bytes);
        self.last.push_back(format!("{who}: {}", String::from_utf8_lossy(shown).trim_end()));
        if self.last.len() > LINES_TOLD {
            self.last.pop_front();
        }
    }

    /// A failure, with what was said before it.
    pub(crate) fn failure(&self, what: &str) -> String {
        let lines: Vec<&str> = self.last.iter().map(String::as_str).collect();
        format!("{what} ({:?}, {:?})\n{}", self.selected, self.manner, lines.join("\n"))
    }
}

/// Whether message numbers have to stay while the command is under way (RFC 3501 §7.4.1).
fn keeps_numbers(command: &[u8]) -> bool {
    ["FETCH ", "STORE ", "SEARCH ", "SORT ", "THREAD "]
        .iter()
        .any(|verb| command.starts_with(verb.as_bytes()))
}

fn is_expunge(response: &str) -> bool {
    response.ends_with(" EXPUNGE")
        || (response.starts_with("* VANISHED") && !response.starts_with("* VANISHED (EARLIER)"))
}
