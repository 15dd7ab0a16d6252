//! Prepares the accounts of a dialogue over IMAP itself, so that it works against any server.

use std::time::{Duration, Instant};

use super::connection::{Connection, Reading};
use super::manner::Manner;
use super::problem::Problem;
use super::target::Credentials;
use super::wire::{Dialect, Response, Token, lossy};

/// How long one command of the preparation may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Attributes of mailboxes that servers make by themselves: they are emptied, not deleted.
const SPECIAL_USES: [&str; 7] =
    ["\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash"];

/// Passes over the greeting and logs in.
pub(crate) fn log_in(
    mut connection: Connection,
    who: &Credentials,
    manner: Manner,
) -> Result<Connection, Problem> {
    greeting(&mut connection)?;
    let mut connection = login(connection, who)?;
    manner.logged_in(&mut connection, deadline())?;
    Ok(connection)
}

fn login(mut connection: Connection, who: &Credentials) -> Result<Connection, Problem> {
    let command = format!("LOGIN {} {}", quote(&who.user), quote(&who.password));
    connection.command(command.as_bytes(), deadline())?;
    Ok(connection)
}

fn greeting(connection: &mut Connection) -> Result<(), Problem> {
    match connection.read(deadline())? {
        Reading::Response(_) => Ok(()),
        Reading::Silence => Err(Problem::silence("a greeting")),
        Reading::Closed => Err(Problem::closed("a greeting")),
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// A session that a dialogue does not see.
pub(crate) struct Setup {
    connection: Connection,
    /// What the server can do, before or after login.
    capabilities: Vec<String>,
}

impl Setup {
    pub(crate) fn open(mut connection: Connection, who: &Credentials) -> Result<Self, Problem> {
        greeting(&mut connection)?;
        let mut before = Self { connection, capabilities: Vec::new() };
        let mut capabilities = before.ask_capabilities()?;
        let mut setup = Self { connection: login(before.connection, who)?, capabilities: Vec::new() };
        capabilities.extend(setup.ask_capabilities()?);
        setup.capabilities = capabilities;
        Ok(setup)
    }

    /// Whether the server advertises it, before or after login.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|c| c.eq_ignore_ascii_case(capability))
    }

    pub(crate) fn command(&mut self, command: &str) -> Result<Vec<Response>, Problem> {
        let answers = self.connection.command(command.as_bytes(), deadline())?;
        Ok(answers.iter().map(|raw| Response::parse(raw, Dialect::Wire)).collect())
    }

    fn ask_capabilities(&mut self) -> Result<Vec<String>, Problem> {
        let answers = self.command("CAPABILITY")?;
        let capability = answers.iter().find(|r| r.kind().as_deref() == Some("CAPABILITY"));
        let Some(Response::Data(tokens)) = capability else { return Ok(Vec::new()) };
        Ok(tokens.iter().filter_map(Token::bytes).map(|b| lossy(b).to_ascii_uppercase()).collect())
    }

    pub(crate) fn create(&mut self, mailbox: &str) -> Result<(), Problem> {
        self.command(&format!("CREATE {mailbox}")).map(drop)
    }

    pub(crate) fn append(&mut self, mailbox: &str, arguments: &str, text: &[u8]) -> Result<(), Problem> {
        let space = if arguments.is_empty() { "" } else { " " };
        let line = format!("runner APPEND {mailbox}{space}{arguments} {{{}}}\r\n", text.len());
        self.connection.send(line.as_bytes())?;
        self.answer(b"+", &line)?;
        self.connection.send(&[text, b"\r\n"].concat())?;
        self.answer(b"runner OK", &line)
    }

    /// Waits for an answer that begins so, passing over untagged data.
    fn answer(&mut self, start: &[u8], command: &str) -> Result<(), Problem> {
        loop {
            match self.connection.read(deadline())? {
                Reading::Response(raw) if raw.starts_with(start) => return Ok(()),
                Reading::Response(raw) if raw.starts_with(b"* ") => {}
                Reading::Response(raw) => {
                    let (command, answer) = (command.trim_end().to_owned(), lossy(&raw));
                    return Err(Problem::Setup { command, answer });
                }
                Reading::Silence => return Err(Problem::silence(command)),
                Reading::Closed => return Err(Problem::closed(command)),
            }
        }
    }

    /// The n-th of the messages that `messages` fills a mailbox with.
    pub(crate) fn append_numbered(&mut self, mailbox: &str, number: usize) -> Result<(), Problem> {
        let text = format!(
            "From: sender{number}@example.org\r\nTo: reader@example.org\r\n\
             Subject: Message {number}\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\
             Message-ID: <{number}@example.org>\r\n\r\nThis is message {number}.\r\n"
        );
        self.append(mailbox, "", text.as_bytes())
    }

    /// Takes away what earlier dialogues left.
    pub(crate) fn clean(&mut self) -> Result<(), Problem> {
        let mut mailboxes = self.list("LIST \"\" \"*\"")?;
        let kept: Vec<String> =
            mailboxes.iter().filter(|m| m.is_kept()).map(|mailbox| mailbox.name.clone()).collect();
        for mailbox in self.list("LSUB \"\" \"*\"")?.into_iter().filter(|m| !kept.contains(&m.name)) {
            self.command(&format!("UNSUBSCRIBE {}", quote(&mailbox.name)))?;
        }
        // ORDER: children before their parents.
        mailboxes.sort_by_key(|mailbox| std::cmp::Reverse(mailbox.name.len()));
        for mailbox in mailboxes {
            let delete = format!("DELETE {}", quote(&mailbox.name));
            if mailbox.is_kept() {
                self.empty(&mailbox.name)?;
                self.command(&format!("SUBSCRIBE {}", quote(&mailbox.name)))?;
            } else if mailbox.has("\\Noselect") || mailbox.has("\\NonExistent") {
                // Often but a shadow of children that are gone by now; some servers keep it, some refuse.
                match self.command(&delete) {
                    Ok(_) | Err(Problem::Setup { .. }) => {}
                    Err(problem) => return Err(problem),
                }
            } else {
                self.command(&delete)?;
            }
        }
        Ok(())
    }

    fn empty(&mut self, mailbox: &str) -> Result<(), Problem> {
        let answers = self.command(&format!("SELECT {}", quote(mailbox)))?;
        let is_empty =
            |r: &Response| matches!(r, Response::Data(t) if t.first().and_then(Token::bytes) == Some(b"0"));
        if !answers.iter().any(|r| r.kind().as_deref() == Some("EXISTS") && is_empty(r)) {
            self.command("STORE 1:* +FLAGS.SILENT (\\Deleted)")?;
        }
        self.command("CLOSE").map(drop)
    }

    /// The mailboxes that a LIST or LSUB answers with.
    fn list(&mut self, command: &str) -> Result<Vec<Listed>, Problem> {
        let answers = self.command(command)?;
        Ok(answers.into_iter().filter_map(Listed::read).collect())
    }
}

/// A mailbox as LIST and LSUB answer.
struct Listed {
    attributes: Vec<String>,
    name: String,
}

impl Listed {
    fn read(response: Response) -> Option<Self> {
        if !matches!(response.kind()?.as_str(), "LIST" | "LSUB") {
            return None;
        }
        let Response::Data(tokens) = response else { return None };
        let (Token::List(attributes), name) = (tokens.get(1)?, tokens.get(3)?) else { return None };
        let attributes = attributes.iter().filter_map(Token::bytes).map(lossy).collect();
        Some(Self { attributes, name: lossy(name.bytes()?) })
    }

    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|a| a.eq_ignore_ascii_case(attribute))
    }

    /// INBOX and what the server made by itself: emptied, but not deleted.
    fn is_kept(&self) -> bool {
        self.name.eq_ignore_ascii_case("INBOX") || SPECIAL_USES.iter().any(|attribute| self.has(attribute))
    }
}
