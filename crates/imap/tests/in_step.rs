//! Several clients at one mailbox, doing random things: whoever believes what the server says knows the mailbox.
//!
//! One client enables nothing, one CONDSTORE, one QRESYNC; the last also goes away and comes back with what it
//! remembers. `IN_STEP=<seed> cargo test -p imap --test in_step` repeats a run.

#![allow(clippy::unwrap_used, reason = "what goes wrong in the harness ends the test")]

#[path = "harness/client.rs"]
mod client;
#[path = "harness/in_process.rs"]
mod in_process;

use client::{Client, Hints};
use in_process::InProcess;
use testkit::dialogue::Target;

const RUNS: u64 = 30;
const STEPS_PER_RUN: u32 = 120;

/// Pseudo-random numbers of a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

struct Run<'s> {
    server: &'s mut InProcess,
    login: String,
    dice: Dice,
}

const ENABLES: [(&str, &str); 3] =
    [("plain", ""), ("condstore", "CONDSTORE"), ("qresync", "QRESYNC CONDSTORE")];

impl Run<'_> {
    fn connect(&mut self, (name, enable): (&'static str, &str)) -> Client {
        Client::connect(name, self.server.connect().unwrap(), &self.login, enable)
    }

    fn play(&mut self) {
        let mut clients: Vec<Client> = ENABLES.map(|which| self.connect(which)).into();
        for client in &mut clients {
            client.run("CREATE box");
            client.select("box", None);
        }
        for _ in 0..STEPS_PER_RUN {
            let at = self.dice.below(clients.len() as u64) as usize;
            if at == 2 && self.dice.below(12) == 0 {
                let hints = Hints { known_uids: self.dice.coin(), seq_match: self.dice.coin() };
                let memory = clients.remove(2).remember(hints);
                let mut back = self.connect(ENABLES[2]);
                back.select("box", Some(memory));
                clients.push(back);
            }
            if self.dice.below(8) == 0 {
                self.server.tidy();
            }
            self.step(&mut clients[at]);
            clients[at].catch_up();
        }
        let mut fresh = self.connect(("fresh", ""));
        fresh.select("box", None);
        for client in &mut clients {
            client.run("NOOP");
            client.catch_up();
            if client.messages != fresh.messages {
                client.fail(&format!("believes {:?}\nbut there is {:?}", client.messages, fresh.messages));
            }
        }
    }

    fn step(&mut self, client: &mut Client) {
        let exists = client.messages.len() as u64;
        if exists == 0 || self.dice.below(5) == 0 {
            client.run("APPEND box (\\Flagged) {15+}\r\nSubject: x\r\n\r\nx");
            return;
        }
        let (a, b) = (1 + self.dice.below(exists), 1 + self.dice.below(exists));
        let (from, to) = (a.min(b), a.max(b));
        let uid = client.messages[a as usize - 1].as_ref().map_or(0, |message| message.uid);
        match self.dice.below(15) {
            0 => client.run("NOOP"),
            1 => client.run("EXPUNGE"),
            2 => client.run(&format!("COPY {from} box")),
            3 => client.run(&format!("MOVE {from} box")),
            4 => client.run(&format!("FETCH {from}:{to} BODY[TEXT]")),
            5 => client.run(&format!("UID FETCH {from}:{to} (FLAGS BODY[TEXT])")),
            6 => client.run("UID SEARCH UNSEEN"),
            7 => client.run(&format!("FETCH {from}:{to} FLAGS")),
            8 => client.run(&format!("UID COPY {uid}:* box")),
            9 => client.run(&format!("UID MOVE {uid} box")),
            10 => client.run(&format!("UID EXPUNGE {uid}:*")),
            _ => self.store(client, from, to),
        };
    }

    /// STORE; what is stored in silence the client has to keep in mind itself.
    fn store(&mut self, client: &mut Client, from: u64, to: u64) -> String {
        let (sign, silent) = (self.dice.of(&["+", "-"]), self.dice.of(&["", ".SILENT"]));
        let flag = self.dice.of(&["\\Seen", "\\Answered", "\\Deleted", "$one", "$two"]);
        for message in client.messages[from as usize - 1..to as usize].iter_mut().flatten() {
            if sign == "+" {
                message.flags.insert(flag.to_owned());
            } else {
                message.flags.remove(flag);
            }
        }
        client.run(&format!("STORE {from}:{to} {sign}FLAGS{silent} ({flag})"))
    }
}

#[test]
fn whoever_believes_the_server_knows_the_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = InProcess::start(folder.path(), InProcess::settings());
    let seeds = match std::env::var("IN_STEP") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=RUNS).collect::<Vec<u64>>(),
    };
    for seed in seeds {
        println!("seed {seed}");
        server.begin();
        let user = server.credentials(1).unwrap();
        let login = format!("{} {}", user.user, user.password);
        Run { server: &mut server, login, dice: Dice(seed) }.play();
    }
    server.assert_consistent();
    server.shut_down();
}
