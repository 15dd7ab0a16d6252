//! What one session does at random, one step at a time.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use testkit::dice::Dice;
use testkit::view::Memory;

use crate::command::{self, Change, Named};
use crate::manner::Manner;
use crate::server::USERS;
use crate::session::Session;
use crate::{MAILBOXES, Truth, World};

/// In a mailbox of more messages, some go instead of more coming.
const MESSAGES_MANY: usize = 100;
/// How long a session idles at most, in milliseconds.
const IDLE_MILLISECONDS: u64 = 150;
/// How often what was announced and is gone again may be asked for, when nobody changes anything.
const LEARN_TRIES: usize = 3;

/// A session and what it plays with.
pub(crate) struct Player<'w> {
    world: &'w World,
    number: usize,
    user: usize,
    dice: Dice,
    session: Session,
    is_idle: bool,
    /// What it took with it from mailboxes, to come back to with QRESYNC.
    memories: BTreeMap<&'static str, Memory>,
}

impl<'w> Player<'w> {
    pub(crate) fn login(world: &'w World, number: usize) -> Result<Self, String> {
        let user = number % USERS;
        let session = Session::login(world, user, Manner::of(number))?;
        let dice = Dice::at(world.seed, [number as u64, 0]);
        Ok(Self { world, number, user, dice, session, is_idle: false, memories: BTreeMap::new() })
    }

    /// Does something.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        self.world.commands.fetch_add(1, Ordering::Relaxed);
        if self.is_idle {
            let time = Duration::from_millis(self.dice.below(IDLE_MILLISECONDS));
            self.session.listen(time)?;
            return self.wake();
        }
        if self.session.selected.is_none() {
            return self.open();
        }
        match self.dice.below(100) {
            0..20 => self.fetch(),
            20..38 => self.store(),
            38..50 => self.append(),
            50..54 => self.copy("COPY"),
            54..58 => self.copy("MOVE"),
            58..66 => self.expunge(),
            66..74 => self.search(),
            74..80 => self.idle(),
            80..86 => self.look_around(),
            86..92 => self.open(),
            92..94 => self.close(),
            94..96 => self.replace(),
            96 => self.pipeline(),
            97 => self.deliver(),
            98 => self.rearrange(),
            _ => self.reconnect(),
        }
    }

    /// Before a quiet point: half of them idle through it.
    pub(crate) fn be_ready(&mut self) -> Result<(), String> {
        match (self.session.selected, self.is_idle) {
            (None, _) => self.open(),
            (Some(_), false) if self.number.is_multiple_of(2) => self.idle(),
            _ => Ok(()),
        }
    }

    /// At a quiet point: what is believed is what there is.
    pub(crate) fn compare(&mut self, truth: &Truth) -> Result<(), String> {
        if self.is_idle {
            self.wake()?;
        }
        self.session.must("NOOP")?;
        for _ in 0..LEARN_TRIES {
            self.session.learn()?;
            self.session.must("NOOP")?;
        }
        let Some(mailbox) = self.session.selected else { return Ok(()) };
        let there = truth.get(&(self.user, mailbox)).ok_or("no truth about a mailbox")?;
        match self.session.view.difference(there) {
            None => Ok(()),
            Some(difference) => Err(self.session.failure(&format!("session {}: {difference}", self.number))),
        }
    }

    /// Logs out.
    pub(crate) fn leave(self) -> Result<(), String> {
        self.session.leave()
    }

    fn wake(&mut self) -> Result<(), String> {
        self.is_idle = false;
        self.session.done()
    }

    fn idle(&mut self) -> Result<(), String> {
        self.is_idle = true;
        self.session.idle()
    }

    fn mailbox(&mut self) -> &'static str {
        self.dice.of(&MAILBOXES)
    }

    fn named(&mut self) -> Option<Named> {
        Named::draw(&mut self.dice, &self.session.view, self.session.manner.uid_only())
    }

    fn fetch(&mut self) -> Result<(), String> {
        if self.dice.one_in(3) {
            self.session.learn()?;
        }
        let Some(Named { prefix, set, .. }) = self.named() else { return Ok(()) };
        let items = command::fetch_items(&mut self.dice);
        self.session.ask(format!("{prefix}FETCH {set} {items}").as_bytes()).map(drop)
    }

    fn store(&mut self) -> Result<(), String> {
        let Some(named) = self.named() else { return Ok(()) };
        let change = Change::draw(&mut self.dice);
        let condition = if self.session.manner.condstore() && !change.is_silent && self.dice.one_in(4) {
            format!("(UNCHANGEDSINCE {}) ", 1 + self.dice.below(2 * self.session.view.memory().modseq.max(1)))
        } else {
            String::new()
        };
        self.change(&named, &change, &condition)
    }

    fn change(&mut self, named: &Named, change: &Change, condition: &str) -> Result<(), String> {
        let Named { prefix, set, uids } = named;
        let command = format!("{prefix}STORE {set} {condition}{}", change.text());
        let answer = self.session.ask(command.as_bytes())?;
        if !change.is_silent {
            return Ok(());
        }
        if answer.is_ok {
            uids.iter().for_each(|uid| self.session.view.assume(*uid, |flags| change.apply(flags)));
            return Ok(());
        }
        // Some of them are gone, and of the others it is not known.
        let uids = uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        if uids.is_empty() {
            Ok(())
        } else {
            self.session.ask(format!("UID FETCH {uids} (FLAGS)").as_bytes()).map(drop)
        }
    }

    fn append(&mut self) -> Result<(), String> {
        if self.session.view.messages.len() > MESSAGES_MANY {
            return self.expunge();
        }
        let command =
            [format!("APPEND {}", self.mailbox()).into_bytes(), command::messages(&mut self.dice)].concat();
        self.session.ask(&command).map(drop)
    }

    fn copy(&mut self, verb: &str) -> Result<(), String> {
        if verb == "COPY" && self.session.view.messages.len() > MESSAGES_MANY {
            return self.expunge();
        }
        let Some(Named { prefix, set, .. }) = self.named() else { return Ok(()) };
        let mailbox = self.mailbox();
        self.session.ask(format!("{prefix}{verb} {set} {mailbox}").as_bytes()).map(drop)
    }

    fn replace(&mut self) -> Result<(), String> {
        let Some(Named { uids, .. }) = self.named() else { return Ok(()) };
        let (Some(uid), message) = (uids.first(), command::message(&mut self.dice)) else { return Ok(()) };
        let head = format!("UID REPLACE {uid} {} {{{}+}}\r\n", self.mailbox(), message.len());
        self.session.ask(&[head.into_bytes(), message].concat()).map(drop)
    }

    fn expunge(&mut self) -> Result<(), String> {
        let Some(named) = self.named() else { return Ok(()) };
        let change = Change { sign: "+", flags: vec!["\\Deleted"], is_silent: self.dice.coin() };
        self.change(&named, &change, "")?;
        let uids = named.uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        match self.dice.below(6) {
            0 => self.close(),
            1..3 if !uids.is_empty() => self.session.ask(format!("UID EXPUNGE {uids}").as_bytes()).map(drop),
            _ => self.session.ask(b"EXPUNGE").map(drop),
        }
    }

    fn search(&mut self) -> Result<(), String> {
        let by_uid = self.session.manner.uid_only();
        if self.dice.one_in(6) {
            let [save, fetch] = command::save(&mut self.dice, by_uid);
            self.session.must(&save)?;
            return self.session.ask(fetch.as_bytes()).map(drop);
        }
        if self.dice.one_in(4) {
            let command = command::order(&mut self.dice, by_uid);
            return self.session.must(&command).map(drop);
        }
        let command = command::search(&mut self.dice, by_uid);
        let answer = self.session.ask(command.as_bytes())?;
        let exists = self.session.view.messages.len();
        let numbers = answer.untagged.iter().filter_map(|line| line.strip_prefix("* SEARCH"));
        let highest =
            numbers.flat_map(str::split_ascii_whitespace).filter_map(|n| n.parse::<usize>().ok()).max();
        if command.starts_with("SEARCH") && highest > Some(exists) {
            return Err(self.session.failure("a number was found that no message has"));
        }
        Ok(())
    }

    fn look_around(&mut self) -> Result<(), String> {
        let mailbox = self.mailbox();
        let command = match self.dice.below(5) {
            0 => format!("STATUS {mailbox} (MESSAGES UIDNEXT UNSEEN UIDVALIDITY)"),
            1 => "LIST \"\" \"*\" RETURN (SPECIAL-USE STATUS (MESSAGES))".to_owned(),
            2 => "CHECK".to_owned(),
            3 => "GETQUOTAROOT INBOX".to_owned(),
            _ => "NOOP".to_owned(),
        };
        self.session.ask(command.as_bytes()).map(drop)
    }

    /// Goes to a mailbox, from memory if it may.
    fn open(&mut self) -> Result<(), String> {
        if self.session.selected.is_some() && self.dice.coin() {
            self.close()?;
        }
        self.remember();
        let mailbox = self.mailbox();
        let memory = self.memories.remove(mailbox).filter(|_| self.session.manner.qresync());
        let verb = if self.dice.one_in(8) { "EXAMINE" } else { "SELECT" };
        self.session.select(verb, mailbox, memory)
    }

    fn close(&mut self) -> Result<(), String> {
        self.remember();
        self.session.selected = None;
        // CLOSE expunges what only UNSELECT leaves.
        let verb = if self.dice.one_in(3) { "CLOSE" } else { "UNSELECT" };
        self.session.must(verb).map(drop)
    }

    /// Takes along what is known of the selected mailbox, if all of it is.
    fn remember(&mut self) {
        let Some(mailbox) = self.session.selected else { return };
        let memory = self.session.view.memory();
        if !self.session.view.is_incomplete() && memory.modseq > 0 {
            self.memories.insert(mailbox, memory);
        }
    }

    /// Commands that do not depend on one another, at once.
    fn pipeline(&mut self) -> Result<(), String> {
        let mut commands = vec!["NOOP".to_owned()];
        for _ in 0..self.dice.below(5) {
            commands.extend(self.named().map(|named| {
                let uids: Vec<String> = named.uids.iter().map(u32::to_string).collect();
                match uids.is_empty() {
                    true => "NOOP".to_owned(),
                    false => format!("UID FETCH {} {}", uids.join(","), command::fetch_items(&mut self.dice)),
                }
            }));
        }
        commands.push(format!("STATUS {} (MESSAGES)", self.mailbox()));
        self.session.pipeline(&commands)
    }

    /// Mail comes to INBOX by LMTP.
    fn deliver(&mut self) -> Result<(), String> {
        let message = command::message(&mut self.dice);
        let delivered = self.world.server.deliver(self.user, &message);
        delivered.map_err(|error| format!("delivery: {error}"))
    }

    /// A mailbox of its own comes, is renamed, and goes.
    fn rearrange(&mut self) -> Result<(), String> {
        let (one, other) = (format!("own/{}", self.number), format!("other/{}", self.number));
        self.session.must(&format!("CREATE {one}"))?;
        if let Some(Named { prefix, set, .. }) = self.named() {
            self.session.ask(format!("{prefix}COPY {set} {one}").as_bytes())?;
        }
        self.session.must(&format!("RENAME {one} {other}"))?;
        self.session.must(&format!("DELETE {other}")).map(drop)
    }

    /// Leaves, with a word or without one, and comes back.
    fn reconnect(&mut self) -> Result<(), String> {
        self.remember();
        let new = Session::login(self.world, self.user, self.session.manner)?;
        let old = std::mem::replace(&mut self.session, new);
        if self.dice.coin() { old.leave() } else { Ok(()) }
    }
}
