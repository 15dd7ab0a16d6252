//! Plays a dialogue: sends what the file sends, and holds what comes against what the file expects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::account::{self, Setup};
use super::by_uid::{self, tag_by_number};
use super::connection::{Connection, Reading};
use super::expand::{Expander, Part};
use super::manner::Manner;
use super::matching::{Captures, matches};
use super::problem::Problem;
use super::script::{Login, Pattern, Script, Step};
use super::target::{Accounts, Target};
use super::wire::{Dialect, Response, lossy};

/// How long an expected line may take.
const PATIENCE: Duration = Duration::from_secs(8);
/// How much of one response the transcript keeps, in bytes.
const TRANSCRIPT_LINE_MAX: usize = 4_000;
/// Kinds that matter even where the file does not mention them: they shift message numbers or end things.
const ALWAYS_SIGNIFICANT: [&str; 4] = ["EXPUNGE", "VANISHED", "BAD", "BYE"];

/// A dialogue while it is played.
pub(crate) struct Run<'a> {
    script: &'a Script,
    target: &'a mut dyn Target,
    manner: Manner,
    setup: Option<Setup>,
    sessions: BTreeMap<char, Connection>,
    captures: Captures,
    forbidden: Vec<(char, Pattern)>,
    mentioned: BTreeSet<String>,
    /// The sessions without message numbers, each with how many expunges it was told of that the file has yet to
    /// expect.
    by_uid: BTreeMap<char, usize>,
    /// Whether a message number was refused, after which nothing goes as written.
    pub(crate) refused: bool,
    pub(crate) transcript: Vec<String>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(script: &'a Script, target: &'a mut dyn Target, manner: Manner) -> Self {
        let mut captures = Captures::new();
        for (name, text) in &script.texts {
            captures.insert(format!("{name}_size"), text.len().to_string().into_bytes());
        }
        Self {
            script,
            target,
            manner,
            setup: None,
            sessions: BTreeMap::new(),
            captures,
            forbidden: Vec::new(),
            mentioned: mentioned_kinds(script),
            by_uid: BTreeMap::new(),
            refused: false,
            transcript: Vec::new(),
        }
    }

    /// Makes the account ready; `Some` names a capability the file needs and the server has not.
    pub(crate) fn prepare(&mut self) -> Result<Option<String>, Problem> {
        let accounts = self.target.begin();
        let who = self.target.credentials(1).ok_or(Problem::NoUser { user: 1 })?;
        let plain = format!("\0{}\0{}", who.user, who.password);
        self.captures.insert("plain".to_owned(), base64(plain.as_bytes()).into_bytes());
        self.captures.insert("user".to_owned(), who.user.clone().into_bytes());
        self.captures.insert("user_base64".to_owned(), base64(who.user.as_bytes()).into_bytes());
        self.captures.insert("password_base64".to_owned(), base64(who.password.as_bytes()).into_bytes());
        self.captures.insert("password".to_owned(), who.password.clone().into_bytes());
        let mut setup = Setup::open(self.connect()?, &who)?;
        let missing = self.script.needs.iter().find(|need| !setup.has(need));
        if missing.is_none() && accounts == Accounts::Used {
            setup.clean()?;
        }
        self.setup = Some(setup);
        if missing.is_none() && self.script.quota.is_some_and(|limits| !self.target.limit(1, limits)) {
            return Ok(Some("a quota".to_owned()));
        }
        Ok(missing.cloned())
    }

    fn connect(&mut self) -> Result<Connection, Problem> {
        let mut connection = Connection::new(self.target.connect()?)?;
        self.manner.connected(&mut connection, Instant::now() + PATIENCE)?;
        Ok(connection)
    }

    /// Plays all steps, or up to a message number that was refused; on a problem, says at which line.
    pub(crate) fn play(&mut self) -> Result<(), (usize, Problem)> {
        let script = self.script;
        for (line, step) in &script.steps {
            self.step(step).map_err(|problem| (*line, problem))?;
            if self.refused {
                break;
            }
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Problem> {
        match step {
            Step::Open { session, login } => self.open(*session, *login),
            Step::Select { session, command } => self.select(*session, command),
            Step::Send { session, lines } => self.send(*session, lines),
            Step::Expect { session, required, optional } => self.expect(*session, required, optional),
            Step::Never { session, pattern } => {
                self.forbidden.push((*session, pattern.clone()));
                Ok(())
            }
            Step::Quiet { session, during } => self.quiet(*session, *during),
            Step::Closed { session } => self.closed(*session),
            Step::Drop { session } => {
                self.sessions.remove(session);
                Ok(())
            }
            Step::StartTls { session } => Ok(self.session(*session)?.start_tls()?),
            Step::Compress { session, on: true } => {
                self.session(*session)?.start_compression();
                Ok(())
            }
            Step::Compress { session, on: false } => Ok(self.session(*session)?.stop_compression()?),
            Step::Mailbox { name } => self.create(name),
            Step::Message { mailbox, arguments, text } => self.append(mailbox, arguments, text),
            Step::Messages { mailbox, count } => self.fill(mailbox, *count),
            Step::Check { left, operator, right } => self.check(left, operator, right),
        }
    }

    fn setup(&mut self) -> Result<&mut Setup, Problem> {
        self.setup.as_mut().ok_or(Problem::NoUser { user: 1 })
    }

    /// INBOX is always there; it needs no more than to be empty, which it is.
    fn create(&mut self, name: &str) -> Result<(), Problem> {
        if name.eq_ignore_ascii_case("INBOX") { Ok(()) } else { self.setup()?.create(name) }
    }

    fn append(&mut self, mailbox: &str, arguments: &str, text: &[u8]) -> Result<(), Problem> {
        self.transcript.push(format!("(a message of {} bytes arrives in {mailbox})", text.len()));
        self.setup()?.append(mailbox, arguments, text)
    }

    fn fill(&mut self, mailbox: &str, count: usize) -> Result<(), Problem> {
        self.transcript.push(format!("({count} messages arrive in {mailbox})"));
        (1..=count).try_for_each(|number| self.setup()?.append_numbered(mailbox, number))
    }

    fn open(&mut self, session: char, login: Login) -> Result<(), Problem> {
        let mut connection = self.connect()?;
        if let Login::User(user) = login {
            let who = self.target.credentials(user).ok_or(Problem::NoUser { user })?;
            connection = account::log_in(connection, &who, self.manner)?;
            if self.manner == Manner::UidOnly {
                self.by_uid.insert(session, 0);
            }
        }
        self.sessions.insert(session, connection);
        Ok(())
    }

    /// The session, opened and logged in if this is its first line.
    fn session(&mut self, session: char) -> Result<&mut Connection, Problem> {
        if !self.sessions.contains_key(&session) {
            self.open(session, Login::User(1))?;
        }
        self.sessions.get_mut(&session).ok_or(Problem::NoSession { session })
    }

    fn select(&mut self, session: char, command: &str) -> Result<(), Problem> {
        let Part::Plain(command) = Expander::new(&self.captures, self.script).whole(command)? else {
            return Ok(());
        };
        self.transcript.push(format!("{session}: (runner) {}", lossy(&command)));
        let deadline = Instant::now() + PATIENCE;
        self.session(session)?.command(&command, deadline).map(drop)
    }

    fn send(&mut self, session: char, lines: &[String]) -> Result<(), Problem> {
        let by_number = lines.iter().find_map(|line| tag_by_number(line));
        let mut pending = Vec::new();
        for line in lines {
            let parts = Expander::new(&self.captures, self.script).client(line)?;
            self.transcript.push(format!("{session}: {}", shown(line.as_bytes())));
            for part in parts {
                match part {
                    Part::Plain(bytes) => pending.extend(bytes),
                    Part::Awaited(bytes) => {
                        self.session(session)?.send(&std::mem::take(&mut pending))?;
                        let go_on = Pattern { line: 0, text: "+ *".to_owned() };
                        self.expect(session, &[go_on], &[])?;
                        if self.refused {
                            return Ok(());
                        }
                        pending.extend(bytes);
                    }
                }
            }
            pending.extend(b"\r\n");
        }
        self.session(session)?.send(&pending)?;
        match by_number.filter(|_| self.by_uid.contains_key(&session)) {
            Some(tag) => self.expect_refusal(session, tag),
            None => Ok(()),
        }
    }

    /// A command by message numbers was sent where there are none: it has to be refused.
    fn expect_refusal(&mut self, session: char, tag: &str) -> Result<(), Problem> {
        let (deadline, expected) = (Instant::now() + PATIENCE, format!("{tag} BAD [UIDREQUIRED]"));
        loop {
            let raw = match self.read(session, deadline)? {
                Reading::Response(raw) => raw,
                Reading::Silence => return Err(Problem::silence(expected)),
                Reading::Closed => return Err(Problem::closed(expected)),
            };
            let got = Response::parse(&raw, Dialect::Wire);
            self.refused = by_uid::is_refusal(&got, Some(tag));
            if self.refused {
                return Ok(());
            }
            if raw.starts_with(format!("{tag} ").as_bytes()) {
                return Err(Problem::Unexpected { expected, got: lossy(&raw) });
            }
        }
    }

    fn expect(&mut self, session: char, required: &[Pattern], optional: &[Pattern]) -> Result<(), Problem> {
        let deadline = Instant::now() + PATIENCE;
        let mut required: Vec<&Pattern> = required.iter().collect();
        loop {
            self.forgo_numbers(session, &mut required);
            if required.is_empty() {
                return Ok(());
            }
            let wanted = || required.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n      or ");
            let raw = match self.read(session, deadline)? {
                Reading::Response(raw) => raw,
                Reading::Silence => return Err(Problem::silence(wanted())),
                Reading::Closed => return Err(Problem::closed(wanted())),
            };
            if let Some(at) = self.first_match(session, required.iter().copied(), &raw)? {
                required.remove(at);
            } else if self.notes_uids(session, &raw, optional) {
                continue;
            } else if self.refused {
                return Ok(());
            } else if self.first_match(session, optional.iter(), &raw)?.is_none() && self.is_significant(&raw)
            {
                return Err(Problem::Unexpected { expected: wanted(), got: lossy(&raw) });
            }
        }
    }

    /// Where there are no message numbers, passes over what is expected and consists of one: EXPUNGE for messages that
    /// have vanished, and UNSEEN.
    fn forgo_numbers(&mut self, session: char, required: &mut Vec<&Pattern>) {
        let Some(vanished) = self.by_uid.get_mut(&session) else { return };
        required.retain(|pattern| {
            match Response::parse(pattern.text.as_bytes(), Dialect::Pattern).kind().as_deref() {
                Some("EXPUNGE") if *vanished > 0 => {
                    *vanished -= 1;
                    false
                }
                kind => kind != Some("OK UNSEEN"),
            }
        });
    }

    /// Takes note of what is said of UIDs where there are no message numbers.
    fn notes_uids(&mut self, session: char, raw: &[u8], optional: &[Pattern]) -> bool {
        let Some(vanished) = self.by_uid.get_mut(&session) else { return false };
        let got = Response::parse(raw, Dialect::Wire);
        // What a dialogue sends may hold message numbers deep within: in a search, in QRESYNC's arguments.
        self.refused = by_uid::is_refusal(&got, None);
        let Some(count) = by_uid::vanished(&got) else { return false };
        let may_pass = |p: &&Pattern| {
            Response::parse(p.text.as_bytes(), Dialect::Pattern).kind().as_deref() == Some("EXPUNGE")
        };
        *vanished += count.saturating_sub(optional.iter().filter(may_pass).count());
        true
    }

    /// Which of the patterns the response is; keeps what it captures.
    fn first_match<'p>(
        &mut self,
        session: char,
        patterns: impl Iterator<Item = &'p Pattern>,
        raw: &[u8],
    ) -> Result<Option<usize>, Problem> {
        let got = Response::parse(raw, Dialect::Wire);
        for (at, pattern) in patterns.enumerate() {
            let pattern = Expander::new(&self.captures, self.script).pattern(&pattern.text)?;
            let pattern = Response::parse(&pattern, Dialect::Pattern);
            let aligned = self.by_uid.get(&session).and_then(|_| by_uid::aligned(&pattern, &got));
            let bound = match &aligned {
                Some((pattern, got)) => matches(pattern, got),
                None => matches(&pattern, &got),
            };
            if let Some(bound) = bound {
                self.captures.extend(bound);
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn is_significant(&self, raw: &[u8]) -> bool {
        let kind = Response::parse(raw, Dialect::Wire).kind();
        let kind = kind.map(|kind| if kind == "UIDFETCH" { "FETCH".to_owned() } else { kind });
        kind.is_none_or(|kind| self.mentioned.contains(&kind) || ALWAYS_SIGNIFICANT.contains(&kind.as_str()))
    }

    /// The next response, entered in the transcript and held against what must not appear.
    fn read(&mut self, session: char, deadline: Instant) -> Result<Reading, Problem> {
        let reading = self.session(session)?.read(deadline)?;
        let Reading::Response(raw) = &reading else { return Ok(reading) };
        self.transcript.push(format!("{session}> {}", shown(raw)));
        let got = Response::parse(raw, Dialect::Wire);
        for (_, pattern) in self.forbidden.iter().filter(|(name, _)| *name == session) {
            let text = Expander::new(&self.captures, self.script).pattern(&pattern.text)?;
            if matches(&Response::parse(&text, Dialect::Pattern), &got).is_some() {
                let (line, pattern) = (pattern.line, pattern.text.clone());
                return Err(Problem::Forbidden { line, pattern, got: lossy(raw) });
            }
        }
        Ok(reading)
    }

    fn quiet(&mut self, session: char, during: Duration) -> Result<(), Problem> {
        let deadline = Instant::now() + during;
        loop {
            match self.read(session, deadline)? {
                Reading::Silence => return Ok(()),
                Reading::Closed => return Err(Problem::closed("silence")),
                Reading::Response(raw) if self.is_significant(&raw) => {
                    return Err(Problem::Unexpected { expected: "silence".to_owned(), got: lossy(&raw) });
                }
                Reading::Response(_) => {}
            }
        }
    }

    fn closed(&mut self, session: char) -> Result<(), Problem> {
        let deadline = Instant::now() + PATIENCE;
        match self.read(session, deadline)? {
            Reading::Closed => Ok(()),
            Reading::Silence => Err(Problem::silence("the end of the connection")),
            Reading::Response(raw) => {
                let expected = "the end of the connection".to_owned();
                Err(Problem::Unexpected { expected, got: lossy(&raw) })
            }
        }
    }

    fn check(&self, left: &str, operator: &str, right: &str) -> Result<(), Problem> {
        let expander = Expander::new(&self.captures, self.script);
        let (left, right) = (lossy(&expander.pattern(left)?), lossy(&expander.pattern(right)?));
        let order = match (left.parse::<u64>(), right.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => left.cmp(&right),
        };
        let holds = match operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        };
        let operator = operator.to_owned();
        if holds { Ok(()) } else { Err(Problem::Check { left, operator, right }) }
    }
}

/// The kinds of response that any line of the file speaks of.
fn mentioned_kinds(script: &Script) -> BTreeSet<String> {
    let patterns = script.steps.iter().flat_map(|(_, step)| match step {
        Step::Expect { required, optional, .. } => required.iter().chain(optional).collect(),
        Step::Never { pattern, .. } => vec![pattern],
        _ => Vec::new(),
    });
    patterns.filter_map(|p| Response::parse(p.text.as_bytes(), Dialect::Pattern).kind()).collect()
}

fn shown(bytes: &[u8]) -> String {
    let text = lossy(bytes.get(..TRANSCRIPT_LINE_MAX).unwrap_or(bytes));
    text.replace('\r', "\\r").replace('\n', "\\n")
}

/// RFC 4648 §4, for the initial response of AUTHENTICATE.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |value: u32| ALPHABET.get((value & 63) as usize).map_or('=', |&b| char::from(b));
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let value = (0..3).fold(0, |value, at| value << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        text.push(digit(value >> 18));
        text.push(digit(value >> 12));
        text.push(if chunk.len() > 1 { digit(value >> 6) } else { '=' });
        text.push(if chunk.len() > 2 { digit(value) } else { '=' });
    }
    text
}
