//! Measures a running IMAP server from outside: one workload a call, one line a figure.
//!
//! It says how long what took; it judges nothing. `docs/benchmarks.md` has the commands and their figures.

mod idle;

use std::io;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use testkit::client::Client;

/// Connections that fill a mailbox together.
const FILL_CONNECTIONS: usize = 16;

#[derive(Parser)]
#[command(about = "Measures a running IMAP server")]
struct Arguments {
    /// The server's plain IMAP address; it must take logins without TLS.
    #[arg(long, default_value = "127.0.0.1:1143")]
    server: SocketAddr,
    /// User names; `%` stands for a number from 0 on.
    #[arg(long, default_value = "user%")]
    user: String,
    /// Their password.
    #[arg(long, default_value = "measure-me-1")]
    password: String,
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Subcommand)]
enum Workload {
    /// Appends messages for some seconds: durable appends per second.
    Append {
        /// Connections at once.
        #[arg(long)]
        clients: usize,
        /// One user for all connections, or one each.
        #[arg(long)]
        many: bool,
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Bytes per message.
        #[arg(long, default_value_t = 4096)]
        bytes: usize,
    },
    /// Fills a mailbox of the first user.
    Fill {
        #[arg(long, default_value_t = 100_000)]
        messages: usize,
        #[arg(long, default_value = "INBOX")]
        mailbox: String,
        #[arg(long, default_value_t = 4096)]
        bytes: usize,
        /// The number of the user.
        #[arg(long, default_value_t = 0)]
        number: usize,
    },
    /// Times a command on the selected mailbox of the first user, several times.
    Time {
        /// Such as `UID FETCH 1:* (FLAGS)`.
        command: String,
        #[arg(long, default_value = "INBOX")]
        mailbox: String,
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Times SELECT of a mailbox of the first user, each from a new connection.
    Select {
        #[arg(long, default_value = "INBOX")]
        mailbox: String,
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Times SELECT with QRESYNC after some flags have changed.
    Qresync {
        #[arg(long, default_value_t = 100)]
        changes: usize,
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Times STORE on single messages.
    Store {
        #[arg(long)]
        clients: usize,
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Gives many users an INBOX of so many messages, by copies of one.
    Spread {
        #[arg(long, default_value_t = 1000)]
        users: usize,
        #[arg(long, default_value_t = 10_000)]
        messages: usize,
    },
    /// What an idle TLS session costs the server in memory, a user each.
    Idle {
        #[arg(long, default_value_t = 1000)]
        sessions: usize,
        /// How long they idle before the memory is read.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
        /// The server's address for TLS from the first byte.
        #[arg(long)]
        tls: SocketAddr,
        /// The server's process.
        #[arg(long)]
        process: u32,
    },
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    match &arguments.workload {
        Workload::Append { clients, many, seconds, bytes } => {
            arguments.append(*clients, *many, *seconds, *bytes)
        }
        Workload::Fill { messages, mailbox, bytes, number } => {
            arguments.fill(*number, mailbox, *messages, *bytes)
        }
        Workload::Time { command, mailbox, rounds } => arguments.time(command, mailbox, *rounds),
        Workload::Select { mailbox, rounds } => arguments.select(mailbox, *rounds),
        Workload::Qresync { changes, rounds } => arguments.qresync(*changes, *rounds),
        Workload::Store { clients, seconds } => arguments.store(*clients, *seconds),
        Workload::Spread { users, messages } => arguments.spread(*users, *messages),
        Workload::Idle { sessions, seconds, tls, process } => {
            let logins = (0..*sessions).map(|n| (arguments.user_name(n), arguments.password.clone()));
            idle::measure(*tls, *process, logins, Duration::from_secs(*seconds))
        }
    }
}

/// A message of about so many bytes, different for each number.
fn message(number: usize, bytes: usize) -> Vec<u8> {
    let head = format!(
        "From: Sender {number} <sender{number}@example.org>\r\nTo: Reader <reader@example.org>\r\n\
         Subject: Message number {number} of the measurement\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{number}@measure.example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    );
    let mut message = head.into_bytes();
    let mut line = number;
    while message.len() < bytes {
        line = line.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        message.extend_from_slice(format!("{line:x} some words that fill a line of text\r\n").as_bytes());
    }
    message
}

fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn milliseconds(mut rounds: Vec<Duration>) -> String {
    rounds.sort_unstable();
    let of = |at: usize| rounds.get(at).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    format!("{:.2} ms (min {:.2}, max {:.2})", of(rounds.len() / 2), of(0), of(rounds.len() - 1))
}

impl Arguments {
    fn user_name(&self, number: usize) -> String {
        self.user.replace('%', &number.to_string())
    }

    fn login(&self, number: usize) -> io::Result<Client> {
        Client::login(self.server, &self.user_name(number), &self.password)
    }

    fn spread(&self, users: usize, messages: usize) -> io::Result<()> {
        let start = Instant::now();
        (0..users).try_for_each(|n| idle::fill_by_copies(&mut self.login(n)?, messages))?;
        println!("{users} users with {messages} messages each: {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Runs one worker per connection until the time is up; how many operations they did together.
    fn together(
        &self,
        clients: usize,
        many: bool,
        seconds: u64,
        work: impl Fn(&mut Client, usize, usize) -> io::Result<()> + Sync,
    ) -> io::Result<(usize, Duration)> {
        let connections =
            (0..clients).map(|n| self.login(if many { n } else { 0 })).collect::<io::Result<Vec<_>>>()?;
        let (barrier, start) = (Barrier::new(clients), std::sync::OnceLock::new());
        let worker = |n: usize, mut client: Client| -> io::Result<usize> {
            barrier.wait();
            let start: &Instant = start.get_or_init(Instant::now);
            let mut done = 0;
            while start.elapsed() < Duration::from_secs(seconds) {
                work(&mut client, n, done)?;
                done += 1;
            }
            Ok(done)
        };
        let total = std::thread::scope(|scope| {
            let worker = &worker;
            let spawn = |(n, client)| scope.spawn(move || worker(n, client));
            let running: Vec<_> = connections.into_iter().enumerate().map(spawn).collect();
            let joined =
                running.into_iter().map(|w| w.join().unwrap_or_else(|_| Err(io::Error::other("worker"))));
            joined.sum::<io::Result<usize>>()
        })?;
        Ok((total, start.get().map(Instant::elapsed).unwrap_or_default()))
    }

    fn append(&self, clients: usize, many: bool, seconds: u64, bytes: usize) -> io::Result<()> {
        let work = |client: &mut Client, n: usize, done: usize| {
            let answer = client.append("INBOX", "", &message(n * 1_000_000 + done, bytes))?;
            if answer.is_ok() { Ok(()) } else { Err(io::Error::other(answer.tagged)) }
        };
        let (count, took) = self.together(clients, many, seconds, work)?;
        let users = if many { "a user each" } else { "one user" };
        println!("append, {clients} clients, {users}: {:.0}/s", per_second(count, took));
        Ok(())
    }

    fn store(&self, clients: usize, seconds: u64) -> io::Result<()> {
        let work = |client: &mut Client, n: usize, done: usize| {
            if done == 0 {
                client.expect("SELECT INBOX")?;
            }
            let sign = if (done / 1000).is_multiple_of(2) { '+' } else { '-' };
            let uid = n * 1000 + done % 1000 + 1;
            client.expect(&format!("UID STORE {uid} {sign}FLAGS.SILENT (\\Flagged)")).map(drop)
        };
        let (count, took) = self.together(clients, false, seconds, work)?;
        println!("store, {clients} clients, one user: {:.0}/s", per_second(count, took));
        Ok(())
    }

    fn fill(&self, number: usize, mailbox: &str, messages: usize, bytes: usize) -> io::Result<()> {
        let start = Instant::now();
        // It may exist already.
        self.login(number)?.command(&format!("CREATE {mailbox}"))?;
        std::thread::scope(|scope| {
            let share = messages.div_ceil(FILL_CONNECTIONS);
            let fill = move |from: usize| -> io::Result<()> {
                let mut client = self.login(number)?;
                for n in from..(from + share).min(messages) {
                    let answer = client.append(mailbox, "\\Seen", &message(n, bytes))?;
                    if !answer.is_ok() {
                        return Err(io::Error::other(answer.tagged));
                    }
                }
                Ok(())
            };
            let workers: Vec<_> =
                (0..FILL_CONNECTIONS).map(|n| scope.spawn(move || fill(n * share))).collect();
            workers.into_iter().try_for_each(|w| w.join().unwrap_or_else(|_| Err(io::Error::other("worker"))))
        })?;
        println!("fill, {messages} messages: {:.0}/s", per_second(messages, start.elapsed()));
        Ok(())
    }

    fn time(&self, command: &str, mailbox: &str, rounds: usize) -> io::Result<()> {
        let mut client = self.login(0)?;
        client.expect(&format!("SELECT {mailbox}"))?;
        let (mut times, mut answers, mut bytes) = (Vec::new(), 0, 0);
        for _ in 0..rounds {
            let start = Instant::now();
            let answer = client.expect(command)?;
            times.push(start.elapsed());
            answers = answer.untagged.len();
            bytes = answer.untagged.iter().map(Vec::len).sum::<usize>();
        }
        println!("{command}: {}, {answers} answers, {bytes} bytes", milliseconds(times));
        Ok(())
    }

    fn select(&self, mailbox: &str, rounds: usize) -> io::Result<()> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let mut client = self.login(0)?;
            let start = Instant::now();
            client.expect(&format!("SELECT {mailbox}"))?;
            times.push(start.elapsed());
        }
        println!("SELECT {mailbox}: {}", milliseconds(times));
        Ok(())
    }

    fn qresync(&self, changes: usize, rounds: usize) -> io::Result<()> {
        let mut times = Vec::new();
        let mut answers = 0;
        for round in 0..rounds {
            let mut client = self.login(0)?;
            client.expect("ENABLE QRESYNC")?;
            let selected = client.expect("SELECT INBOX")?;
            let number = |name: &str| {
                let code = selected
                    .untagged
                    .iter()
                    .map(|line| String::from_utf8_lossy(line))
                    .find(|l| l.contains(name));
                let digits = code?.split_once(name)?.1.trim_start().split(']').next()?.to_owned();
                digits.parse::<u64>().ok()
            };
            let (validity, modseq) = (number("[UIDVALIDITY"), number("[HIGHESTMODSEQ"));
            let (Some(validity), Some(modseq)) = (validity, modseq) else {
                return Err(io::Error::other("SELECT gave no UIDVALIDITY or HIGHESTMODSEQ"));
            };
            let sign = if round % 2 == 0 { '+' } else { '-' };
            for n in 0..changes {
                client.expect(&format!("UID STORE {} {sign}FLAGS.SILENT (\\Answered)", n * 7 + 1))?;
            }
            let mut again = self.login(0)?;
            again.expect("ENABLE QRESYNC")?;
            let start = Instant::now();
            let answer = again.expect(&format!("SELECT INBOX (QRESYNC ({validity} {modseq}))"))?;
            times.push(start.elapsed());
            answers = answer.untagged.len();
        }
        println!("SELECT with QRESYNC after {changes} changes: {}, {answers} answers", milliseconds(times));
        Ok(())
    }
}
