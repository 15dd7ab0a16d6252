//! Deliveries by LMTP to two users while the server is killed: whatever was answered with 250 is there, for whom it was.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use testkit::client::Client;

use crate::kills;
use crate::server::Server;

/// Mail servers at work.
const SENDERS: usize = 4;
const USERS: [&str; 2] = ["kills", "other"];

/// One mail server: what it was told is delivered, as user and id.
struct Sender {
    number: usize,
    acknowledged: BTreeSet<(usize, String)>,
}

/// Delivers, kills, starts again and compares, over and over on one folder.
pub(crate) fn rounds(mut server: Server) {
    let mut senders: Vec<Sender> =
        (0..SENDERS).map(|number| Sender { number, acknowledged: BTreeSet::new() }).collect();
    for round in 0..kills() {
        let lmtp = server.lmtp();
        std::thread::scope(|scope| {
            for sender in &mut senders {
                // The server is killed at some moment; whatever else may end the work is told by the comparison.
                scope.spawn(move || sender.work(lmtp, round));
            }
            std::thread::sleep(Duration::from_millis(150 + (round * 7919) % 500));
            server.kill();
        });
        server = server.start_again();
        let there = [ids(server.address(), USERS[0]), ids(server.address(), USERS[1])];
        for sender in &senders {
            for (user, id) in &sender.acknowledged {
                assert!(there[*user].contains(id), "{id} for {} is missing after kill {round}", USERS[*user]);
            }
        }
    }
    let acknowledged: usize = senders.iter().map(|sender| sender.acknowledged.len()).sum();
    assert!(acknowledged > 0, "nothing was acknowledged");
    server.check();
    println!("{} kills, {acknowledged} acknowledged deliveries, none missing", kills());
}

impl Sender {
    fn work(&mut self, lmtp: SocketAddr, round: u64) -> io::Result<()> {
        let mut stream = BufReader::new(TcpStream::connect(lmtp)?);
        read(&mut stream)?;
        say(&mut stream, "LHLO kills.example\r\n")?;
        while read(&mut stream)?.starts_with("250-") {}
        for n in 0.. {
            let id = format!("{}-{round}-{n}", self.number);
            let padding = "x".repeat(n * 37 % 900);
            say(
                &mut stream,
                &format!("MAIL FROM:<>\r\nRCPT TO:<{}>\r\nRCPT TO:<{}>\r\nDATA\r\n", USERS[0], USERS[1]),
            )?;
            for _ in 0..4 {
                read(&mut stream)?;
            }
            say(&mut stream, &format!("Subject: x\r\nX-Id: {id}\r\n\r\n{padding}\r\n.\r\n"))?;
            for user in 0..USERS.len() {
                assert!(read(&mut stream)?.starts_with("250 "));
                self.acknowledged.insert((user, id.clone()));
            }
        }
        Ok(())
    }
}

fn say(stream: &mut BufReader<TcpStream>, text: &str) -> io::Result<()> {
    stream.get_mut().write_all(text.as_bytes())
}

fn read(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 || !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}

/// The ids of all messages that a user has.
fn ids(server: SocketAddr, user: &str) -> BTreeSet<String> {
    let mut client = Client::login(server, user, "kills-password-1").unwrap();
    client.expect("SELECT INBOX").unwrap();
    let answer = client.expect("FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Id)])").unwrap();
    let id = |line: &Vec<u8>| {
        let line = String::from_utf8_lossy(line).into_owned();
        let (_, rest) = line.split_once("X-Id: ")?;
        rest.split_whitespace().next().map(str::to_owned)
    };
    answer.untagged.iter().filter_map(id).collect()
}
