//! What a session does by itself: patience, goodbyes, and no password in the clear.

#![allow(clippy::unwrap_used, reason = "what goes wrong in the harness ends the test")]

#[path = "harness/in_process.rs"]
mod in_process;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use imap::{PlaintextLogin, Settings, Switch, switchable};
use in_process::InProcess;
use tempfile::TempDir;
use testkit::dialogue::Target;

/// A server, and one user in it.
struct World {
    server: InProcess,
    _folder: TempDir,
}

/// A bare connection.
struct Wire(BufReader<TcpStream>);

impl World {
    fn new(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = InProcess::start(folder.path(), settings);
        server.begin();
        Self { server, _folder: folder }
    }

    fn connect(&mut self) -> Wire {
        let stream = self.server.connect().unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Wire(BufReader::new(stream))
    }

    fn logged_in(&mut self) -> Wire {
        let mut wire = self.connect();
        wire.line();
        let user = self.server.credentials(1).unwrap();
        wire.run(&format!("LOGIN {} {}", user.user, user.password));
        wire
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.assert_consistent();
        self.server.shut_down();
    }
}

impl Wire {
    fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The next line; empty at the end of the connection.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The tagged answer of a command.
    fn run(&mut self, command: &str) -> String {
        self.send(&format!("t {command}\r\n"));
        loop {
            let line = self.line();
            if line.starts_with("t ") || line.is_empty() {
                return line;
            }
        }
    }

    /// All lines that a command is answered.
    fn all(&mut self, command: &str) -> Vec<String> {
        self.send(&format!("t {command}\r\n"));
        let mut lines = vec![self.line()];
        while !lines.last().is_some_and(|line| line.starts_with("t ")) {
            lines.push(self.line());
        }
        lines
    }

    fn assert_goodbye(&mut self) {
        let line = self.line();
        assert!(line.starts_with("* BYE "), "{line}");
        assert_eq!(self.line(), "");
    }
}

#[test]
fn no_password_is_taken_in_the_clear() {
    let mut world = World::new(Settings { plaintext_login: PlaintextLogin::Never, ..Settings::default() });
    let mut wire = world.connect();
    let greeting = wire.line();
    assert!(greeting.contains(" LOGINDISABLED") && !greeting.contains("AUTH="), "{greeting}");
    for command in ["LOGIN a b", "AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN AGEAYg=="] {
        let answer = wire.run(command);
        assert!(answer.starts_with("t NO [PRIVACYREQUIRED]"), "{answer}");
    }
}

#[test]
fn what_is_switched_off_is_neither_offered_nor_served() {
    let off = |names: &[&str]| names.iter().filter_map(|name| switchable(name)).collect();
    let switches = vec![
        Switch { off: off(&["ID", "AUTH=LOGIN"]), ..Switch::default() },
        Switch { off: off(&["IDLE"]), addresses: vec!["192.0.2.0/24".parse().unwrap()], ..Switch::default() },
    ];
    let mut world = World::new(Settings { switches, ..InProcess::settings() });
    let mut wire = world.connect();
    let greeting = wire.line();
    assert!(greeting.contains(" AUTH=PLAIN ") && greeting.contains(" IDLE "), "{greeting}");
    assert!(!greeting.contains(" ID ") && !greeting.contains("AUTH=LOGIN"), "{greeting}");
    assert!(wire.run("ID NIL").starts_with("t BAD ID is not offered"));
    assert!(wire.run("AUTHENTICATE LOGIN").starts_with("t BAD "));
    // Whom a user's choice is for is known from login on.
    let user = world.server.credentials(1).unwrap();
    let switches =
        vec![Switch { off: off(&["MOVE", "QRESYNC"]), users: vec![user.user.clone()], ..Switch::default() }];
    let mut world = World::new(Settings { switches, ..InProcess::settings() });
    let mut wire = world.connect();
    assert!(wire.line().contains(" MOVE "));
    let user = world.server.credentials(1).unwrap();
    let answer = wire.run(&format!("LOGIN {} {}", user.user, user.password));
    assert!(!answer.contains(" MOVE ") && !answer.contains(" QRESYNC "), "{answer}");
    wire.send("e ENABLE QRESYNC CONDSTORE\r\n");
    assert_eq!(wire.line(), "* ENABLED CONDSTORE");
    wire.line();
    wire.run("SELECT INBOX");
    assert!(wire.run("UID MOVE 1 Trash").starts_with("t BAD MOVE is not offered"));
}

#[test]
fn what_is_switched_off_is_not_told_unasked_either() {
    let off = |names: &[&str]| names.iter().filter_map(|name| switchable(name)).collect();
    let names = ["SPECIAL-USE", "OBJECTID", "UIDPLUS", "CHILDREN", "QUOTA=RES-MESSAGE", "INPROGRESS"];
    let switches = vec![Switch { off: off(&names), ..Switch::default() }];
    let settings = Settings { switches, progress_every: Duration::ZERO, ..InProcess::settings() };
    let mut world = World::new(settings);
    let mut wire = world.logged_in();
    let mut all = |command: &str| wire.all(command).join("\n");
    assert_eq!(all("LIST \"\" Drafts"), "* LIST () \"/\" Drafts\nt OK LIST completed");
    assert!(all("LIST \"\" Drafts RETURN (CHILDREN)").starts_with("* LIST (\\HasNoChildren) "));
    assert!(all("LIST \"\" * RETURN (SPECIAL-USE)").starts_with("t BAD SPECIAL-USE is not offered"));
    assert!(!all("LSUB \"\" *").contains("\\Drafts"));
    assert_eq!(all("CREATE box"), "t OK CREATE completed");
    assert_eq!(all("APPEND box {9+}\r\nA: b\r\n\r\nc"), "t OK APPEND completed");
    assert!(!all("SELECT box").contains("MAILBOXID"));
    assert_eq!(all("COPY 1 INBOX"), "t OK COPY completed");
    assert_eq!(all("SEARCH TEXT c"), "* SEARCH 1\nt OK SEARCH completed");
    assert_eq!(all("MOVE 1 INBOX"), "* 1 EXPUNGE\nt OK MOVE completed");
}

#[test]
fn a_long_search_tells_how_far_it_has_come() {
    let mut world = World::new(Settings { progress_every: Duration::ZERO, ..InProcess::settings() });
    let mut wire = world.logged_in();
    for _ in 0..2 {
        wire.run("APPEND INBOX {9+}\r\nA: b\r\n\r\nc");
    }
    wire.run("SELECT INBOX");
    let told = wire.all("SEARCH TEXT c");
    let (progress, answer) = told.split_at(told.len() - 2);
    assert_eq!(answer, ["* SEARCH 1 2", "t OK SEARCH completed"]);
    assert_eq!(progress.last().unwrap(), "* OK [INPROGRESS (\"t\" 2 2)] still at it");
    let told = wire.all("SORT (SUBJECT) UTF-8 ALL");
    assert_eq!(told, ["* OK [INPROGRESS (\"t\" NIL NIL)] still at it", "* SORT 1 2", "t OK SORT completed"]);
}

#[test]
fn what_is_too_scattered_is_not_saved() {
    let mut world = World::new(Settings { saved_ranges_max: 1, ..InProcess::settings() });
    let mut wire = world.logged_in();
    for _ in 0..3 {
        wire.run("APPEND INBOX {9+}\r\nA: b\r\n\r\nc");
    }
    wire.run("SELECT INBOX");
    assert!(wire.run("SEARCH RETURN (SAVE) 1:2").starts_with("t OK"));
    assert_eq!(wire.all("SEARCH $")[0], "* SEARCH 1 2");
    // RFC 5182 §2.3: what was saved before is gone then.
    let refused = "t NO [NOTSAVED] the result is too scattered to be saved";
    assert_eq!(wire.run("UID SEARCH RETURN (SAVE COUNT) NOT 2"), refused);
    assert_eq!(wire.all("SEARCH $")[0], "* SEARCH");
    assert_eq!(wire.run("SORT RETURN (SAVE) (SUBJECT) UTF-8 NOT 2"), refused);
    assert!(wire.run("SEARCH RETURN (SAVE MAX) NOT 2").starts_with("t OK"));
    assert_eq!(wire.all("SEARCH $")[0], "* SEARCH 3");
}

#[test]
fn who_says_nothing_is_told_goodbye() {
    let patience = Duration::from_millis(50);
    let mut world = World::new(Settings { login_timeout: patience, ..InProcess::settings() });
    let mut wire = world.connect();
    wire.line();
    wire.assert_goodbye();
    let mut patient = World::new(Settings { idle_timeout: patience, ..InProcess::settings() });
    patient.logged_in().assert_goodbye();
}

#[test]
fn who_keeps_talking_and_never_logs_in_is_told_goodbye() {
    let mut world =
        World::new(Settings { login_timeout: Duration::from_millis(300), ..InProcess::settings() });
    let mut wire = world.connect();
    wire.line();
    let start = Instant::now();
    while wire.run("NOOP").starts_with("t OK") {
        assert!(start.elapsed() < Duration::from_secs(5), "the connection lasts for ever");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends something again and again until the server has enough; the last lines.
fn until_goodbye(wire: &mut Wire, commands: &[&str]) -> (usize, String) {
    for (n, command) in commands.iter().cycle().take(10_000).enumerate() {
        // The server may have closed meanwhile.
        let _sent = wire.0.get_mut().write_all(format!("t {command}\r\n").as_bytes());
        let line = loop {
            let line = wire.line();
            if line.starts_with("t ") || line.starts_with("* BYE") || line.is_empty() {
                break line;
            }
        };
        if !line.starts_with("t ") {
            return (n, line);
        }
    }
    panic!("the connection lasts for ever");
}

#[test]
fn commands_before_login_are_limited_in_number() {
    let settings = Settings { commands_before_login_max: 5, ..InProcess::settings() };
    let mut world = World::new(settings);
    let mut wire = world.connect();
    wire.line();
    assert_eq!(until_goodbye(&mut wire, &["NOOP"]), (5, "* BYE too much without a login".to_owned()));
    // Who lets the user go may say as much again.
    let mut wire = world.logged_in();
    for _ in 0..10 {
        assert!(wire.run("NOOP").starts_with("t OK"));
    }
    assert!(wire.run("UNAUTHENTICATE").starts_with("t OK"));
    assert_eq!(until_goodbye(&mut wire, &["NOOP"]).0, 4, "UNAUTHENTICATE itself counts");
}

#[test]
fn bytes_before_login_are_limited_also_those_that_are_skipped() {
    let settings = Settings { bytes_before_login_max: 10_000, ..InProcess::settings() };
    let mut world = World::new(settings);
    let mut wire = world.connect();
    wire.line();
    wire.send(&format!("t LOGIN {{1000000+}}\r\n{}", "x".repeat(20_000)));
    let line = wire.line();
    assert_eq!(line, "* BYE too much without a login");
    let mut wire = world.logged_in();
    assert!(wire.run(&format!("NOOP {}", "x".repeat(20_000))).starts_with("t BAD"));
    assert!(wire.run("NOOP").starts_with("t OK"), "after login there is no such limit");
}

#[test]
fn nothing_makes_up_for_failed_logins() {
    let mut world = World::new(Settings { bad_commands_max: 3, ..InProcess::settings() });
    let mut wire = world.connect();
    wire.line();
    let commands = ["LOGIN nobody wrong", "NOOP"];
    assert_eq!(until_goodbye(&mut wire, &commands), (5, "* BYE too many commands that are none".to_owned()));
    let mut wire = world.logged_in();
    for _ in 0..3 {
        assert!(wire.run("NONSENSE").starts_with("t BAD"));
        assert!(wire.run("NOOP").starts_with("t OK"), "after login it does");
    }
}

#[test]
fn a_message_with_nul_is_refused_and_the_next_command_is_served() {
    let mut world = World::new(InProcess::settings());
    let mut wire = world.logged_in();
    let answer = wire.run("APPEND INBOX {9+}\r\nA: b\r\n\r\0");
    assert!(answer.starts_with("t BAD"), "{answer}");
    assert!(wire.run("STATUS INBOX (MESSAGES)").starts_with("t OK"));
    assert!(wire.run("SELECT INBOX").starts_with("t OK"));
}

#[test]
fn who_talks_nonsense_is_told_goodbye() {
    let mut world = World::new(Settings { bad_commands_max: 3, ..InProcess::settings() });
    let mut wire = world.connect();
    wire.line();
    for command in ["NONSENSE", "LOGIN nobody wrong", "SELECT INBOX"] {
        assert!(!wire.run(command).starts_with("t OK"), "{command}");
    }
    wire.assert_goodbye();
    let mut wire = world.logged_in();
    let goodbye = "* BYE too many commands that are none".to_owned();
    assert_eq!(until_goodbye(&mut wire, &["NONSENSE", "FETCH 1 FLAGS"]), (3, goodbye));
}

#[test]
fn a_shutdown_ends_sessions_that_wait_and_sessions_that_idle() {
    let mut world = World::new(InProcess::settings());
    let (mut waiting, mut idling) = (world.logged_in(), world.logged_in());
    idling.send("t IDLE\r\n");
    assert_eq!(idling.line(), "+ idling");
    world.server.shut_down();
    waiting.assert_goodbye();
    idling.assert_goodbye();
}

#[test]
fn an_idling_client_hears_that_the_connection_is_alive() {
    let keepalive = Duration::from_millis(30);
    let mut world = World::new(Settings { idle_keepalive: keepalive, ..InProcess::settings() });
    let mut wire = world.logged_in();
    wire.send("t IDLE\r\n");
    assert_eq!(wire.line(), "+ idling");
    for _ in 0..2 {
        assert!(wire.line().starts_with("* OK "));
    }
    wire.send("DONE\r\n");
    assert!(wire.line().starts_with("t OK "));
}

#[test]
fn an_idling_client_hears_of_changes_at_once_and_of_bursts_together() {
    let mut world = World::new(InProcess::settings());
    let (mut idling, mut other) = (world.logged_in(), world.logged_in());
    idling.run("SELECT INBOX");
    idling.send("t IDLE\r\n");
    assert_eq!(idling.line(), "+ idling");
    let since = Instant::now();
    other.run("APPEND INBOX {4+}\r\nA: b");
    assert_eq!(idling.line(), "* 1 EXISTS");
    assert!(since.elapsed() < Duration::from_millis(100), "{:?}", since.elapsed());
    assert_eq!(idling.line(), "* 1 RECENT");
    other.send(&"t APPEND INBOX {4+}\r\nA: b\r\n".repeat(200));
    let mut announced = 0;
    while idling.line() != "* 201 EXISTS" {
        announced += 1;
    }
    assert!(announced < 200, "{announced} lines for 200 messages");
}

#[test]
fn a_session_whose_mailbox_is_deleted_is_told_goodbye() {
    let mut world = World::new(InProcess::settings());
    let (mut one, mut other) = (world.logged_in(), world.logged_in());
    one.run("CREATE box");
    one.run("SELECT box");
    other.run("SELECT box");
    assert!(other.run("DELETE box").starts_with("t OK"));
    assert!(other.run("FETCH 1 FLAGS").starts_with("t BAD"), "it has left the mailbox itself");
    assert!(one.run("NOOP").starts_with("t OK"));
    one.assert_goodbye();
}

#[test]
fn a_search_finds_the_same_with_an_index_and_without() {
    let mut world = World::new(InProcess::settings());
    let mut wire = world.logged_in();
    for n in 0..40 {
        let word =
            ["Gr\u{fc}\u{df}e aus K\u{f6}ln", "report-2024 of ada@example.org", "\u{6f22}\u{5b57}\u{304b}"]
                [n % 3];
        let mail = format!(
            "From: Ada <ada{n}@example.org>\r\nSubject: number {n}\r\nX-Spam: no\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{word} and {n}\r\n"
        );
        wire.run(&format!("APPEND INBOX {{{}+}}\r\n{mail}", mail.len()));
    }
    wire.run("SELECT INBOX");
    let mut found = |keys: &str| {
        // What stands in brackets goes as a literal.
        let keys = match keys.split_once('[').and_then(|(key, rest)| Some((key, rest.split_once(']')?.0))) {
            Some((key, text)) => format!("{key}{{{}+}}\r\n{text}", text.len()),
            None => keys.to_owned(),
        };
        wire.send(&format!("f SEARCH RETURN (ALL) CHARSET UTF-8 {keys}\r\n"));
        let answer = wire.line();
        assert!(wire.line().starts_with("f OK"), "{keys}: {answer}");
        answer
    };
    let all = [
        "BODY [GR\u{dc}\u{df}E]",
        "BODY [\u{f6}l]",
        "TEXT [s K\u{f6}]",
        "BODY 2024",
        "BODY \"-2024 \"",
        "TEXT example.org",
        "FROM @example.org",
        "FROM \"Ada <\"",
        "SUBJECT number",
        "SUBJECT \"er 3\"",
        "HEADER X-Spam \"\"",
        "HEADER X-None \"\"",
        "HEADER X-Spam n",
        "BODY [\u{5b57}]",
        "BODY [\u{6f22}\u{5b57}\u{304b}]",
        "NOT BODY and",
        "OR TEXT 39 SUBJECT 7",
        "TEXT absent",
        "BODY \" - \"",
        "BODY \"\"",
        "NOT (BODY a FROM 1@)",
    ];
    let before = all.map(&mut found);
    assert!(before.iter().any(|answer| answer.contains("ALL 1")), "{before:?}");
    world.server.index();
    for (keys, before) in all.iter().zip(before) {
        assert_eq!(found(keys), before, "{keys}");
    }
}

#[test]
fn searches_that_read_contents_take_turns() {
    // All turns are taken, for good.
    let mut world = World::new(Settings { text_searches_max: 0, ..InProcess::settings() });
    let mut wires = [(); 3].map(|()| world.logged_in());
    wires[0].run("APPEND INBOX {9+}\r\nA: b\r\n\r\nc");
    for (wire, command) in wires.iter_mut().zip(["SEARCH TEXT c", "SORT (SUBJECT) UTF-8 ALL", "SEARCH SEEN"])
    {
        wire.run("SELECT INBOX");
        wire.send(&format!("t {command}\r\n"));
    }
    assert_eq!(wires[2].line(), "* SEARCH", "what needs no turn does not wait");
    for wire in &mut wires[..2] {
        wire.0.get_ref().set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut line = String::new();
        assert!(wire.0.read_line(&mut line).is_err(), "{line}");
    }
    // There is one turn for two, and reading takes 200 ms.
    let mut world = World::new(Settings { text_searches_max: 1, ..InProcess::settings() });
    let mut wires = [(); 2].map(|()| world.logged_in());
    wires[0].run("APPEND INBOX {16+}\r\nX-Slow: yes\r\n\r\nc");
    for wire in &mut wires {
        wire.run("SELECT INBOX");
    }
    let since = Instant::now();
    for wire in &mut wires {
        wire.send("t SEARCH TEXT c\r\n");
    }
    assert_eq!(wires.each_mut().map(Wire::line), ["* SEARCH 1", "* SEARCH 1"]);
    assert!(since.elapsed() >= Duration::from_millis(400), "{:?}: both at once", since.elapsed());
}

#[test]
fn a_damaged_message_is_said_to_be_so_and_never_sent_as_if_whole() {
    let mut world = World::new(InProcess::settings());
    let mut wire = world.logged_in();
    wire.run("APPEND INBOX {9+}\r\nA: b\r\n\r\nc");
    wire.run("APPEND INBOX {19+}\r\nX-Damaged: yes\r\n\r\nd");
    wire.run("SELECT INBOX");
    wire.send("f FETCH 1:2 (BODY.PEEK[])\r\n");
    let lines: Vec<String> =
        std::iter::repeat_with(|| wire.line()).take_while(|l| !l.starts_with("f ")).collect();
    assert_eq!(lines, ["* 1 FETCH (BODY[] {9}", "A: b", "", "c)"]);
    wire.send("f FETCH 2 BODY[]\r\n");
    assert_eq!(wire.line(), "* 2 FETCH (FLAGS (\\Seen \\Recent))", "it has been marked, and no answer tells");
    let answer = wire.line();
    assert!(answer.starts_with("f NO [CORRUPTION] the server failed; reference "), "{answer}");
    assert!(wire.run("FETCH 2 (ENVELOPE FLAGS)").starts_with("t OK"), "what is known of it is still told");
    wire.run("STORE 2 +FLAGS (\\Deleted)");
    wire.run("EXPUNGE");
    // The check would find the content as long as it is there: a second sweep takes what the first has marked.
    world.server.tidy();
    world.server.tidy();
}
