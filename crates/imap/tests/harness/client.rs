//! A client that believes what it is told, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The flags of a message, without `\Recent`.
pub(crate) type FlagSet = BTreeSet<String>;

/// What a client keeps when it goes away, to come back with QRESYNC.
pub(crate) struct Memory {
    uid_validity: u64,
    modseq: u64,
    messages: Vec<Option<Message>>,
    hints: Hints,
}

/// What a client that comes back tells beyond the mod-sequence (RFC 7162 §3.2.5).
#[derive(Clone, Copy)]
pub(crate) struct Hints {
    pub(crate) known_uids: bool,
    pub(crate) seq_match: bool,
}

/// A message as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) uid: u32,
    pub(crate) flags: FlagSet,
}

/// One connection with a mailbox selected.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    stream: BufReader<TcpStream>,
    tag: u32,
    uid_validity: u64,
    modseq: u64,
    /// The highest MODSEQ, and whether HIGHESTMODSEQ came, since the last tagged answer (RFC 7162 §6).
    heard: (u64, bool),
    /// By message number; `None` for a message that was announced and not yet fetched.
    pub(crate) messages: Vec<Option<Message>>,
    /// The last lines, for when something goes wrong.
    log: Vec<String>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Client {
    /// Connects, logs in and sends `enable` if there is something to enable.
    pub(crate) fn connect(name: &'static str, stream: TcpStream, login: &str, enable: &str) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = BufReader::new(stream);
        let (messages, log, heard) = (Vec::new(), Vec::new(), (0, false));
        let mut client = Self { name, stream, tag: 0, uid_validity: 0, modseq: 0, heard, messages, log };
        client.line();
        client.run(&format!("LOGIN {login}"));
        if !enable.is_empty() {
            client.run(&format!("ENABLE {enable}"));
        }
        client
    }

    /// Selects a mailbox, with what is remembered of it; then asks for what is not known yet.
    pub(crate) fn select(&mut self, mailbox: &str, memory: Option<Memory>) {
        self.messages.clear();
        let Some(memory) = memory else {
            self.run(&format!("SELECT {mailbox}"));
            return self.catch_up();
        };
        // Sequence numbers of an earlier session mean nothing; UIDs do.
        self.resynchronise(mailbox, memory);
    }

    fn resynchronise(&mut self, mailbox: &str, memory: Memory) {
        self.tag += 1;
        let known_uids: Vec<u32> = memory.messages.iter().flatten().map(|message| message.uid).collect();
        let more = hints(&known_uids, memory.hints);
        let parameters = format!("(QRESYNC ({} {}{more}))", memory.uid_validity, memory.modseq);
        let tag = self.send(&format!("SELECT {mailbox} {parameters}"));
        let mut known: BTreeMap<u32, FlagSet> =
            memory.messages.into_iter().flatten().map(|message| (message.uid, message.flags)).collect();
        loop {
            let line = self.line();
            if let Some(set) = line.strip_prefix("* VANISHED (EARLIER) ") {
                let gone = uids(set);
                known.retain(|uid, _| !gone.contains(uid));
            } else if let Some((_, items)) = fetched(&line) {
                self.heard.0 = self.heard.0.max(modseq_of(items));
                let (uid, flags) = (uid_of(items), flags_of(items));
                known.insert(uid.unwrap_or_else(|| self.fail("no UID")), flags.unwrap_or_default());
            } else {
                self.note_code(&line);
            }
            if line.starts_with(&tag) {
                break;
            }
        }
        self.settle();
        let exists = self.messages.len();
        self.messages = known.into_iter().map(|(uid, flags)| Some(Message { uid, flags })).collect();
        // Who names the UIDs it knows hears of no others, and asks for them.
        let unheard = if memory.hints.known_uids { exists.saturating_sub(self.messages.len()) } else { 0 };
        self.messages.extend(std::iter::repeat_n(None, unheard));
        if self.messages.len() != exists {
            self.fail("QRESYNC and EXISTS disagree");
        }
        self.catch_up();
    }

    /// Goes away.
    pub(crate) fn remember(self, hints: Hints) -> Memory {
        Memory { uid_validity: self.uid_validity, modseq: self.modseq, messages: self.messages, hints }
    }

    /// Runs a command and believes the answers.
    pub(crate) fn run(&mut self, command: &str) -> String {
        let tag = self.send(command);
        loop {
            let line = self.line();
            if line.starts_with(&tag) {
                self.note_code(&line);
                self.settle();
                return line;
            }
            self.believe(&line);
        }
    }

    /// Asks for messages that were announced.
    pub(crate) fn catch_up(&mut self) {
        if let Some(first) = self.messages.iter().position(Option::is_none) {
            self.run(&format!("FETCH {}:* (UID FLAGS)", first + 1));
        }
    }

    fn send(&mut self, command: &str) -> String {
        self.tag += 1;
        let tag = format!("t{} ", self.tag);
        self.log.push(format!("> {command}"));
        self.stream.get_mut().write_all(format!("{tag}{command}\r\n").as_bytes()).unwrap();
        tag
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        if self.stream.read_line(&mut line).unwrap_or(0) == 0 {
            self.fail("the connection ended");
        }
        // A literal's text is of no interest here, but has to be passed over.
        while line.ends_with("}\r\n") {
            let size: usize = line[line.rfind('{').unwrap() + 1..line.len() - 3].parse().unwrap();
            let mut literal = vec![0; size];
            std::io::Read::read_exact(&mut self.stream, &mut literal).unwrap();
            line.truncate(line.rfind('{').unwrap());
            self.stream.read_line(&mut line).unwrap();
        }
        self.log.push(line.trim_end().to_owned());
        line
    }

    fn believe(&mut self, line: &str) {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let Some((number, items)) = fetched(line) {
            return self.believe_fetch(number, items);
        }
        match words.as_slice() {
            ["*", count, "EXISTS"] => {
                let count = count.parse().unwrap();
                if count < self.messages.len() {
                    self.fail("EXISTS went down");
                }
                self.messages.resize(count, None);
            }
            ["*", number, "EXPUNGE"] => {
                let at: usize = number.parse().unwrap();
                if at == 0 || at > self.messages.len() {
                    self.fail("EXPUNGE of nothing");
                }
                self.messages.remove(at - 1);
            }
            ["*", "VANISHED", set] => {
                let gone = uids(set);
                let before = self.messages.len();
                self.messages.retain(|message| message.as_ref().is_none_or(|m| !gone.contains(&m.uid)));
                // A client that has not fetched a message cannot place its VANISHED; this one always fetches.
                if before - self.messages.len() != gone.len() {
                    self.fail("VANISHED of unknown messages");
                }
            }
            _ => self.note_code(line),
        }
    }

    fn believe_fetch(&mut self, number: usize, items: &str) {
        let Some(known) = number.checked_sub(1).and_then(|at| self.messages.get_mut(at)) else {
            self.fail("FETCH of nothing");
        };
        self.heard.0 = self.heard.0.max(modseq_of(items));
        let (uid, flags) = (uid_of(items), flags_of(items));
        match (known, uid, flags) {
            (Some(message), Some(uid), _) if message.uid != uid => self.fail("another UID"),
            (Some(message), _, Some(flags)) => message.flags = flags,
            (known @ None, Some(uid), Some(flags)) => *known = Some(Message { uid, flags }),
            _ => {}
        }
    }

    fn note_code(&mut self, line: &str) {
        let number = |code: &str| {
            let (_, rest) = line.split_once(code)?;
            rest.split(']').next()?.parse::<u64>().ok()
        };
        self.uid_validity = number("[UIDVALIDITY ").unwrap_or(self.uid_validity);
        if let Some(modseq) = number("[HIGHESTMODSEQ ") {
            (self.modseq, self.heard.1) = (modseq, true);
        }
        if let ["*", count, "EXISTS"] = line.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
            self.messages.resize(count.parse().unwrap(), None);
        }
    }

    /// At a tagged answer: what the server calls the highest mod-sequence counts, else the highest that it told.
    fn settle(&mut self) {
        if let (modseq, false) = std::mem::take(&mut self.heard) {
            self.modseq = self.modseq.max(modseq);
        }
    }

    /// Ends the test.
    pub(crate) fn fail(&self, why: &str) -> ! {
        let last = self.log.len().saturating_sub(40);
        panic!("{}: {why}\n{}", self.name, self.log[last..].join("\n"));
    }
}

/// The optional parts of QRESYNC: the UIDs, and every other message with its number.
fn hints(uids: &[u32], hints: Hints) -> String {
    let list = |numbers: &mut dyn Iterator<Item = u32>| -> String {
        numbers.map(|n| n.to_string()).collect::<Vec<_>>().join(",")
    };
    if uids.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    if hints.known_uids {
        text = format!(" {}", list(&mut uids.iter().copied()));
    }
    if hints.seq_match {
        let numbers = list(&mut (1..=uids.len() as u32).step_by(2));
        text += &format!(" ({numbers} {})", list(&mut uids.iter().copied().step_by(2)));
    }
    text
}

/// The number and the items of a FETCH response.
fn fetched(line: &str) -> Option<(usize, &str)> {
    let (number, items) = line.strip_prefix("* ")?.split_once(" FETCH (")?;
    Some((number.parse().ok()?, items))
}

fn uid_of(items: &str) -> Option<u32> {
    let (_, rest) = items.split_once("UID ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// 0 where there is none.
fn modseq_of(items: &str) -> u64 {
    let number = items.split_once("MODSEQ (").and_then(|(_, rest)| rest.split(')').next());
    number.map_or(0, |number| number.parse().unwrap())
}

fn flags_of(items: &str) -> Option<FlagSet> {
    let (_, rest) = items.split_once("FLAGS (")?;
    let (list, _) = rest.split_once(')')?;
    Some(list.split_ascii_whitespace().filter(|flag| *flag != "\\Recent").map(str::to_owned).collect())
}

fn uids(set: &str) -> BTreeSet<u32> {
    let range = |part: &str| {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        from.parse::<u32>().unwrap()..=to.parse::<u32>().unwrap()
    };
    set.trim_end().split(',').flat_map(range).collect()
}
