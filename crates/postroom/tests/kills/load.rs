//! What a client does to its two mailboxes, what was acknowledged, and whether it is all there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Barrier;
use testkit::client::Client;

/// A message as the client knows it: which one it is, and its flags.
type Mail = (String, BTreeSet<String>);
/// Both mailboxes: by name and UID.
type State = BTreeMap<(String, u32), Mail>;

#[derive(Clone, Debug)]
enum Change {
    Append { to: String, id: String },
    Store { at: (String, u32), flag: &'static str, add: bool },
    Move { at: (String, u32), to: String },
    Expunge { at: (String, u32) },
}

pub(crate) struct Worker {
    names: [String; 2],
    state: State,
    /// What was sent and not answered when the server was killed.
    open: Option<Change>,
    next: u64,
    acknowledged: u64,
}

const FLAGS: [&str; 4] = ["\\Seen", "\\Flagged", "$Forwarded", "\\Answered"];

impl Worker {
    pub(crate) fn new(number: usize) -> Self {
        let names = [format!("w{number}-a"), format!("w{number}-b")];
        Self { names, state: State::new(), open: None, next: number as u64 * 1_000_003, acknowledged: 0 }
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    fn roll(&mut self, below: usize) -> usize {
        self.next = self.next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.next >> 33) as usize) % below.max(1)
    }

    /// Logs in, and works until the connection breaks.
    pub(crate) fn work(&mut self, server: SocketAddr, round: u64, ready: &Barrier) {
        let mut client = Client::login(server, "kills", "kills-password-1").unwrap();
        for name in &self.names {
            // There already, from the second round on.
            client.command(&format!("CREATE {name}")).unwrap();
        }
        ready.wait();
        // The server is killed at some moment; whatever else may end the work is told by the comparison.
        let _ = self.changes(&mut client, round);
    }

    fn changes(&mut self, client: &mut Client, round: u64) -> io::Result<()> {
        for n in 0.. {
            let change = self.choose(&format!("{round}-{n}"));
            self.open = Some(change.clone());
            self.carry_out(client, &change)?;
            self.open = None;
            self.acknowledged += 1;
        }
        Ok(())
    }

    fn choose(&mut self, id: &str) -> Change {
        let side = self.roll(2);
        let to = self.names[side].clone();
        if self.state.len() < 5 || self.roll(3) == 0 {
            return Change::Append { to, id: format!("{}-{id}", self.names[0]) };
        }
        let places: Vec<(String, u32)> = self.state.keys().cloned().collect();
        let at = places[self.roll(places.len())].clone();
        match self.roll(4) {
            0 => Change::Move { at, to },
            1 => Change::Expunge { at },
            _ => Change::Store { at, flag: FLAGS[self.roll(4)], add: self.roll(3) > 0 },
        }
    }

    fn carry_out(&mut self, client: &mut Client, change: &Change) -> io::Result<()> {
        match change {
            Change::Append { to, id } => {
                let padding = "x".repeat(self.roll(3000));
                let message = format!("Subject: test\r\nX-Id: {id}\r\n\r\n{padding}\r\n");
                let answer = client.append(to, "", message.as_bytes())?;
                assert!(answer.is_ok(), "{}", answer.tagged);
                let uid = answer.code("APPENDUID").unwrap()[1].parse().unwrap();
                self.state.insert((to.clone(), uid), (id.clone(), BTreeSet::new()));
            }
            Change::Store { at, flag, add } => {
                client.expect(&format!("SELECT {}", at.0))?;
                let sign = if *add { '+' } else { '-' };
                client.expect(&format!("UID STORE {} {sign}FLAGS.SILENT ({flag})", at.1))?;
                self.state = after(&self.state, change);
            }
            Change::Move { at, to } => {
                client.expect(&format!("SELECT {}", at.0))?;
                let answer = client.expect(&format!("UID MOVE {} {to}", at.1))?;
                let codes = answer.untagged.iter().map(|line| String::from_utf8_lossy(line).into_owned());
                let code =
                    codes.chain([answer.tagged.clone()]).find(|line| line.contains("[COPYUID ")).unwrap();
                let uid = code.split_once(']').unwrap().0.rsplit(' ').next().unwrap().parse().unwrap();
                let mail = self.state.remove(at).unwrap();
                self.state.insert((to.clone(), uid), mail);
            }
            Change::Expunge { at } => {
                client.expect(&format!("SELECT {}", at.0))?;
                client.expect(&format!("UID STORE {} +FLAGS.SILENT (\\Deleted)", at.1))?;
                client.expect(&format!("UID EXPUNGE {}", at.1))?;
                self.state.remove(at);
            }
        }
        Ok(())
    }

    /// What is there is what was acknowledged, with or without the change that was under way.
    pub(crate) fn compare(&mut self, server: SocketAddr) {
        let there = self.read(server).unwrap();
        if there != self.state {
            let change = self.open.clone().unwrap_or_else(|| panic!("{:?}\nis not\n{:?}", there, self.state));
            assert!(self.may_be(&there, &change), "after {change:?}:\n{there:?}\nis not\n{:?}", self.state);
        }
        self.state = there;
        self.open = None;
    }

    fn may_be(&self, there: &State, change: &Change) -> bool {
        match change {
            Change::Append { .. } | Change::Move { .. } => {
                // The new UID was not told, but is above all others of that mailbox.
                let (Change::Append { to, .. } | Change::Move { to, .. }) = change else { return false };
                let new: Vec<_> = there.keys().filter(|key| !self.state.contains_key(*key)).collect();
                let mut expected = self.state.clone();
                let mail = match change {
                    Change::Append { id, .. } => (id.clone(), BTreeSet::new()),
                    Change::Move { at, .. } => expected.remove(at).unwrap(),
                    _ => return false,
                };
                let [key] = new.as_slice() else { return false };
                expected.insert((*key).clone(), mail);
                key.0 == *to && *there == expected
            }
            Change::Store { .. } => *there == after(&self.state, change),
            Change::Expunge { at } => {
                let mut marked = self.state.clone();
                marked.get_mut(at).unwrap().1.insert("\\Deleted".to_owned());
                let mut gone = self.state.clone();
                gone.remove(at);
                *there == marked || *there == gone
            }
        }
    }

    fn read(&self, server: SocketAddr) -> io::Result<State> {
        let mut client = Client::login(server, "kills", "kills-password-1")?;
        let mut state = State::new();
        for name in &self.names {
            client.expect(&format!("SELECT {name}"))?;
            for line in client.expect("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (X-Id)])")?.untagged {
                let text = String::from_utf8_lossy(&line).into_owned();
                if !text.contains(" FETCH (") || !text.contains("X-Id: ") {
                    continue;
                }
                let between = |from: &str, to: &[char]| {
                    let rest = text.split_once(from).unwrap().1;
                    rest.split(to).next().unwrap().to_owned()
                };
                let uid = between("UID ", &[' ', ')']).parse().unwrap();
                let flags =
                    between("FLAGS (", &[')']).split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
                let flags = flags.into_iter().filter(|flag| flag != "\\Recent").collect();
                state.insert((name.clone(), uid), (between("X-Id: ", &['\r', '\n']), flags));
            }
        }
        Ok(state)
    }
}

fn after(state: &State, change: &Change) -> State {
    let mut state = state.clone();
    if let Change::Store { at, flag, add } = change {
        let flags = &mut state.get_mut(at).unwrap().1;
        if *add {
            flags.insert((*flag).to_owned());
        } else {
            flags.remove(*flag);
        }
    }
    state
}
