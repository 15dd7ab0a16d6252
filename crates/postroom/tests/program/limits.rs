//! Limits, met over the wire with a configuration that makes them small: what the client is told, and that the server
//! goes on. `docs/limits.md` lists them all; those of time are in `patience.rs`, those of HTTP in `http.rs`, and those that
//! need no network are met by the tests of their crates.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::running::{Imap, stderr, with_input};
use crate::serving::Server;

/// How long a server may take that is to say something.
pub(crate) const WITHIN: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const LOGIN: &str = "LOGIN cora \"correct horse\"";
/// A listener for IMAP, a certificate nobody asks for, and passwords that cost nothing.
pub(crate) const IMAP: &str = "[[listener]]\nprotocol = \"imap\"\naddress = \"127.0.0.1:0\"\n\
    [tls]\nself_signed = true\n[passwords]\nmemory_kib = 8\npasses = 1\n";

/// A server with cora in it.
pub(crate) fn server(sections: &str) -> Server {
    let server = Server::start(|_| sections.to_owned());
    server.add("cora", PASSWORD);
    server
}

/// The first line that a server says, or nothing.
pub(crate) fn greeting(address: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WITHIN)).unwrap();
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        line.push(byte[0]);
    }
    (stream, String::from_utf8(line).unwrap())
}

/// All that a server says until it closes.
pub(crate) fn last_words(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(WITHIN)).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn connections_are_limited_in_all_without_login_and_by_user() {
    let limits = "[limits]\nconnections = 3\nconnections_unauthenticated = 2\nconnections_per_user = 1\n";
    let server = server(&format!("{IMAP}{limits}"));
    server.add("dora", PASSWORD);
    let address = server.address("imap");
    let full = "* BYE [UNAVAILABLE] Too many connections\r\n";
    let mut first = Imap::connect(address);
    let second = Imap::connect(address);
    assert_eq!(greeting(address).1, full, "two have not logged in");
    assert!(first.ask(LOGIN).pop().unwrap().contains(" OK "));
    let mut third = Imap::connect(address);
    let refused = third.ask(LOGIN).pop().unwrap();
    assert!(refused.contains(" NO [LIMIT] all 1 connections of one user are taken"), "{refused}");
    assert!(third.ask(&LOGIN.replace("cora", "dora")).pop().unwrap().contains(" OK "));
    assert_eq!(greeting(address).1, full, "there are three, and two have logged in");
    drop((second, third));
    server.logged("the client went away");
    let start = Instant::now();
    while !greeting(address).1.starts_with("* OK ") {
        assert!(start.elapsed() < WITHIN, "what was given back can be taken");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An address of this machine that is not loopback, if it has one. Nothing is sent.
pub(crate) fn outer_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn connections_are_limited_by_address_but_not_from_this_machine() {
    let limits = "[limits]\nconnections_per_address = 1\n";
    let server = server(&format!("{}{limits}", IMAP.replace("127.0.0.1:0", "0.0.0.0:0")));
    let port = server.address("imap").port();
    let local = SocketAddr::from(([127, 0, 0, 1], port));
    let _held = [(); 3].map(|()| Imap::connect(local));
    // A machine without a network has no other address.
    if let Some(ip) = outer_address() {
        let _one = Imap::connect((ip, port).into());
        let (_stream, told) = greeting((ip, port).into());
        assert_eq!(told, "* BYE [UNAVAILABLE] Too many connections\r\n");
    }
}

/// Every limit of a command, as small as it can be.
const SMALL: &str = "[imap]\nline_bytes = 1024\nline_bytes_before_login = 512\nliteral_bytes = 600\n\
    literal_bytes_before_login = 512\ncommand_bytes = 1536\nliterals = 2\nappend_messages = 2\ntag_bytes = 8\n\
    search_depth = 2\nsearch_keys = 3\nsort_criteria = 2\nset_ranges = 2\nlist_patterns = 2\nkeywords = 2\n\
    fetch_items = 2\nsection_depth = 2\nsection_fields = 2\nenable_names = 2\n\
    [limits]\nmailboxes_per_user = 10\nmessage_bytes = 2048\n";

/// Sends a command, literals included, and checks how its answer begins; then that the session goes on.
fn assert_told(imap: &mut Imap, command: &str, told: &str) {
    let answer = imap.ask(command).pop().unwrap();
    let (_tag, answer) = answer.split_once(' ').unwrap();
    assert!(answer.starts_with(told), "{command:.60}: {answer}");
    assert!(imap.ask("NOOP").pop().unwrap().contains(" OK "));
}

#[test]
fn what_is_too_much_in_one_command_is_told_and_the_session_goes_on() {
    let server = server(&format!("{IMAP}{SMALL}"));
    let mut imap = Imap::connect(server.address("imap"));
    let x = |count: usize| "x".repeat(count);
    for (command, told) in [
        (format!("NOOP {}", x(512)), "BAD [LIMIT] line longer than 512 bytes"),
        (format!("LOGIN {{513+}}\r\n{} b", x(513)), "BAD [TOOBIG] literal longer than 512 bytes"),
    ] {
        assert_told(&mut imap, &command, told);
    }
    assert!(imap.ask(LOGIN).pop().unwrap().contains(" OK "));
    imap.ask("SELECT INBOX");
    for (command, told) in [
        (format!("NOOP {}", x(1024)), "BAD [LIMIT] line longer than 1024 bytes"),
        (format!("SELECT {{601+}}\r\n{}", x(601)), "BAD [TOOBIG] literal longer than 600 bytes"),
        ("SELECT {601}".to_owned(), "BAD [TOOBIG] literal longer than 600 bytes"),
        (
            format!("SEARCH TEXT {{600+}}\r\n{0} TEXT {{600+}}\r\n{0} TEXT {1}", x(600), x(500)),
            "NO [LIMIT] more than 1536 bytes in a command",
        ),
        ("SEARCH TEXT {1+}\r\na TEXT {1+}\r\nb TEXT {1+}\r\nc".to_owned(), "NO [LIMIT] more than 2 literals"),
        ("APPEND INBOX {1+}\r\na {1+}\r\nb {1+}\r\nc".to_owned(), "NO [LIMIT] more than 2 messages"),
        ("SEARCH NOT NOT NOT ALL".to_owned(), "NO [LIMIT] more than 2 levels of search keys"),
        ("SEARCH ((((ALL))))".to_owned(), "NO [LIMIT] more than 2 levels of search keys"),
        ("SEARCH ALL ALL ALL ALL".to_owned(), "NO [LIMIT] more than 3 search keys"),
        ("SORT (DATE FROM TO) UTF-8 ALL".to_owned(), "NO [LIMIT] more than 2 sort criteria"),
        ("FETCH 1,3,5 FLAGS".to_owned(), "NO [LIMIT] more than 2 ranges in a set of messages"),
        ("LIST \"\" (a b c)".to_owned(), "NO [LIMIT] more than 2 patterns"),
        ("STORE 1 FLAGS (a b c)".to_owned(), "NO [LIMIT] more than 2 flags"),
        ("FETCH 1 (FLAGS UID MODSEQ)".to_owned(), "NO [LIMIT] more than 2 FETCH items"),
        ("FETCH 1 BODY[1.1.1]".to_owned(), "NO [LIMIT] more than 2 levels of a section"),
        ("FETCH 1 BODY[HEADER.FIELDS (a b c)]".to_owned(), "NO [LIMIT] more than 2 header fields"),
        ("ENABLE a b c".to_owned(), "NO [LIMIT] more than 2 names of capabilities"),
        (format!("ID ({})", vec!["\"a\" NIL"; 31].join(" ")), "NO [LIMIT] more than 30 ID fields"),
        ("APPEND INBOX {2049}".to_owned(), "NO [TOOBIG] a message can have 2048 bytes at most"),
        (format!("CREATE {}", x(1001)), "NO [CANNOT] a mailbox name has at most 1000 bytes"),
        (format!("CREATE {}b", "a/".repeat(32)), "NO [CANNOT] a mailbox name has at most 32 levels"),
        (format!("APPEND INBOX ({}) {{1+}}\r\na", x(256)), "NO [CANNOT] a keyword has at most 255 bytes"),
    ] {
        assert_told(&mut imap, &command, told);
    }
    let created: Vec<String> = (0..10).map(|n| imap.ask(&format!("CREATE m{n}")).pop().unwrap()).collect();
    assert!(created[0].contains(" OK "), "{created:?}");
    assert!(created[9].contains(" NO [LIMIT] an account can have 10 mailboxes at most"), "{created:?}");
    assert_eq!(imap.messages("INBOX"), 0, "nothing of what was refused has been done");
}

#[test]
fn a_client_without_a_login_is_held_to_what_is_configured() {
    let limits = "[imap]\ncommands_before_login = 3\nbytes_before_login = 1024\nbad_commands = 2\n";
    let server = server(&format!("{IMAP}{limits}"));
    let enough = "* BYE too much without a login\r\n";
    let mut imap = Imap::connect(server.address("imap"));
    for _ in 0..3 {
        imap.ask("NOOP");
    }
    assert_eq!(imap.rest(), enough);
    let mut stream = greeting(server.address("imap")).0;
    stream.write_all(format!("a LOGIN {{99999+}}\r\n{}", "x".repeat(2000)).as_bytes()).unwrap();
    assert_eq!(last_words(stream), enough);
    let mut imap = Imap::connect(server.address("imap"));
    imap.ask("NONSENSE");
    imap.ask("NONSENSE");
    assert_eq!(imap.rest(), "* BYE too many commands that are none\r\n");
}

#[test]
fn what_is_too_long_to_log_in_with_is_told_like_what_is_wrong() {
    let server = server(IMAP);
    let most = "x".repeat(1024);
    server.add("dora", &most);
    let longer = with_input(server.command(&["user", "add", "eve", "--password-stdin"]), &format!("{most}x"));
    assert!(stderr(&longer).contains("a password has at most 1024 bytes"), "{}", stderr(&longer));
    let mut imap = Imap::connect(server.address("imap"));
    let wrong = "NO [AUTHENTICATIONFAILED] name or password is wrong";
    let answer = "A".repeat(4100);
    assert_told(
        &mut imap,
        &format!("AUTHENTICATE PLAIN {answer}"),
        "BAD the answer is longer than 4096 bytes",
    );
    for (command, told) in [
        (format!("LOGIN {} wrong", "n".repeat(65)), wrong),
        (format!("LOGIN n@{} wrong", ["d"; 128].join(".")), wrong),
        (format!("LOGIN dora {most}x"), wrong),
        (format!("LOGIN dora {most}"), "OK "),
    ] {
        assert_told(&mut imap, &command, told);
    }
}

#[test]
fn one_password_more_than_can_wait_is_told_to_come_again() {
    // Hashing takes a good part of a second, one password at a time, and none may wait.
    let passwords = "memory_kib = 65536\npasses = 8\nworkers = 1\nqueue = 0\n";
    let server = Server::start(|_| IMAP.replace("memory_kib = 8\npasses = 1\n", passwords));
    let mut streams = [(); 3].map(|()| greeting(server.address("imap")).0);
    for stream in &mut streams {
        stream.write_all(b"a LOGIN nobody wrong\r\nb LOGOUT\r\n").unwrap();
    }
    let told: Vec<String> = streams.map(last_words).to_vec();
    assert!(told.iter().any(|text| text.starts_with("a NO [AUTHENTICATIONFAILED] ")), "{told:?}");
    assert!(
        told.iter().any(|text| text.starts_with("a NO [UNAVAILABLE] too many logins at once")),
        "{told:?}"
    );
}

#[test]
fn tags_and_the_sizes_of_literals_have_lengths_of_their_own() {
    let server = server(&format!("{IMAP}[imap]\ntag_bytes = 8\n"));
    let mut stream = greeting(server.address("imap")).0;
    stream.write_all(b"tag45678 NOOP\r\ntag456789 NOOP\r\n").unwrap();
    stream.write_all(b"a LOGIN {99999999999999999999+}\r\nb NOOP\r\n").unwrap();
    let told = last_words(stream);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("tag45678 OK "), "{told}");
    assert_eq!(lines[1], "* BAD expected a tag at column 1");
    assert!(lines[2].starts_with("a BAD [TOOBIG] literal of impossible size"), "{told}");
    assert!(lines[3].starts_with("* BYE ") && lines.len() == 4, "{told}");
}

#[test]
fn below_the_reserve_mail_is_refused_and_deleting_works() {
    let lmtp = "[[listener]]\nprotocol = \"lmtp\"\naddress = \"127.0.0.1:0\"\n";
    // No disk has so much.
    let server = server(&format!("{lmtp}{IMAP}[limits]\ndisk_reserve_bytes = \"1048576 GiB\"\n"));
    let mut imap = Imap::login(server.address("imap"), ("cora", "\"correct horse\""));
    let told = "NO [UNAVAILABLE] the server is short of disk space";
    assert_told(&mut imap, "APPEND INBOX {6+}\r\na: b\r\n", told);
    assert_told(&mut imap, "DELETE Trash", "OK ");
    let mut stream = greeting(server.address("lmtp")).0;
    stream.write_all(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<cora>\r\nBDAT 6 LAST\r\na: b\r\nQUIT\r\n").unwrap();
    let told = last_words(stream);
    assert!(told.contains("\r\n452 4.3.1 "), "{told}");
}

#[test]
fn mail_servers_have_connections_of_their_own_and_no_more() {
    let listeners = ["lmtp", "socketmap"]
        .map(|protocol| format!("[[listener]]\nprotocol = \"{protocol}\"\naddress = \"127.0.0.1:0\"\n"));
    let limits =
        "[limits]\nconnections = 1\n[lmtp]\nconnections = 1\ncommand_line_bytes = 1024\nbad_commands = 2\n";
    let server = server(&format!("{}{IMAP}{limits}", listeners.concat()));
    let _imap = Imap::connect(server.address("imap"));
    let (mut lmtp, told) = greeting(server.address("lmtp"));
    assert!(told.starts_with("220 "), "{told}");
    let turned_away = greeting(server.address("lmtp")).1;
    assert_eq!(turned_away, "421 4.3.2 Too many connections, come back later\r\n");
    let mut socketmap = TcpStream::connect(server.address("socketmap")).unwrap();
    socketmap.write_all(b"19:domains example.org,").unwrap();
    let mut answer = [0; 18];
    socketmap.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"14:OK example.org,");
    assert_eq!(last_words(TcpStream::connect(server.address("socketmap")).unwrap()), "");
    socketmap.write_all(b"1025:").unwrap();
    assert_eq!(last_words(socketmap), "", "a longer question is not waited for");
    lmtp.write_all(format!("NOOP {}\r\nNONSENSE\r\n", "x".repeat(1024)).as_bytes()).unwrap();
    let told = last_words(lmtp);
    let codes: Vec<&str> = told.lines().map(|line| &line[..9]).collect();
    assert_eq!(codes, ["500 5.5.2", "500 5.5.1", "421 4.7.0"], "{told}");
}

#[test]
fn a_command_beside_the_server_is_told_what_is_too_much_for_it() {
    let server = server(IMAP);
    let targets: Vec<String> =
        (0..600).map(|n| format!("{}{n:03}@{}.example", "a".repeat(60), "b".repeat(60))).collect();
    let mut args = vec!["deliver"];
    args.extend(targets.iter().flat_map(|target| ["--to", target.as_str()]));
    let output = server.run(&args);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("a request has at most 65536 bytes"), "{}", stderr(&output));
}

#[test]
fn one_conversation_more_waits_for_its_turn() {
    let server = server(IMAP);
    let socket = server.folder.path().join("data/postroom.sock");
    let held: Vec<UnixStream> = (0..16).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let mut list = server.command(&["user", "list"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(list.try_wait().unwrap().is_none(), "sixteen others have not ended");
    drop(held);
    assert!(list.wait().unwrap().success());
}

#[test]
fn what_a_user_has_can_be_limited_further() {
    let limits = "[limits]\nmailbox_levels = 2\nmailbox_name_bytes = 20\nkeywords_per_user = 16\n\
        mime_levels = 2\nmime_parts = 3\n";
    let server = server(&format!("{IMAP}{limits}"));
    let mut imap = Imap::login(server.address("imap"), ("cora", "\"correct horse\""));
    let mut tagged = |command: &str| imap.ask(command).pop().unwrap();
    assert!(tagged("CREATE a/b").contains(" OK "));
    assert!(tagged("CREATE a/b/c").contains(" NO [CANNOT] a mailbox name has at most 2 levels"));
    assert!(tagged("RENAME a b/a").contains(" NO [CANNOT] a mailbox name has at most 2 levels"));
    let name = "x".repeat(21);
    assert!(tagged(&format!("CREATE {name}")).contains(" NO [CANNOT] a mailbox name has at most 20 bytes"));
    let parts: String = (0..5).map(|n| format!("--a\r\n\r\npart {n}\r\n")).collect();
    let inner = "--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ndeep\r\n--b--\r\n";
    for body in [&parts, inner] {
        let message = format!("Content-Type: multipart/mixed; boundary=a\r\n\r\n{body}--a--\r\n");
        assert!(tagged(&format!("APPEND INBOX {{{}+}}\r\n{message}", message.len())).contains(" OK "));
    }
    assert!(tagged("SELECT INBOX").contains(" OK "));
    for n in 0..16 {
        assert!(tagged(&format!("STORE 1 +FLAGS (k{n})")).contains(" OK "), "{n}");
    }
    assert!(tagged("STORE 1 +FLAGS (k16)").contains(" NO [LIMIT] an account can have 16 keywords at most"));
    let structure = imap.ask("FETCH 1:2 BODY");
    let texts = |at: usize| structure[at].to_ascii_lowercase().matches("\"text\" \"plain\"").count();
    assert_eq!(texts(0), 2, "the message itself is one of three: {structure:?}");
    assert_eq!(texts(1), 0, "what is in the inner multipart is not looked at: {structure:?}");
}
