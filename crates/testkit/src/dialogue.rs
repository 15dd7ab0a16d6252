//! Dialogues: text files with the lines of several IMAP sessions, played against any IMAP server.
//!
//! ```text
//! # RFC 4315 §3: APPEND tells the UID, and the other session learns of the message.
//! needs UIDPLUS
//! mailbox box
//! select B box
//! A: a1 APPEND box (\Seen) {5+}
//! A: hello
//! A> a1 OK [APPENDUID $validity 1] *
//! B: b1 NOOP
//! B> * 1 EXISTS
//! B> b1 OK *
//! ```
//!
//! **Sessions** are single capitals. `A: line` is sent (adjacent lines of a session in one write), `A> line` must
//! come. A session opens at its first line, logged in as the dialogue's first user, unless the file says
//! `session A plain` (nothing is sent, and the greeting is there to be expected) or `session A user 2`.
//!
//! **What is expected** is compared as data (see `matching`): `*` at the end of a line or list is the rest of it,
//! `?` one value, `$name` captures a value and equals it from then on, in client lines too. Strings compare by
//! content, whether quoted or literal; a pattern's quoted string knows `\r` and `\n`. `NO|BAD` is either. Text
//! after a status may be left out. Required lines come in the order of the file; between `A> {` and `A> }` in any
//! order. `A>? line` may come before the next required line.
//!
//! **What is not expected** fails the dialogue if the file mentions its kind (`EXISTS`, `FETCH`, `OK UIDNEXT`, …)
//! in any line of any session, or if it is EXPUNGE, VANISHED, BAD or BYE; anything else is passed over, since
//! servers may say more than they are asked. `never A> line` forbids a line to the end of the file.
//!
//! **Directives**, carried out in the order of the file, the account being empty at its beginning:
//!
//! | directive | what it does |
//! | --- | --- |
//! | `needs CAPABILITY …` | skips the file where the server does not have them after login |
//! | `differs PEER: REASON` | that peer is known to answer otherwise: the file must fail there |
//! | `quota KIB MESSAGES` | limits what the first user may keep; skips the file where a test cannot do that |
//! | `mailbox NAME` | creates a mailbox |
//! | `messages MAILBOX COUNT` | appends short messages: "Message 1" from sender1@example.org and so on |
//! | `message MAILBOX (FLAGS) "DATE"` | appends the `\|` lines below it (or `@NAME`, a text) |
//! | `text NAME` | names the `\|` lines below it, each ending with CRLF |
//! | `text NAME = words` | names a text without line end |
//! | `select A MAILBOX …`, `examine A …` | selects, without a look at the answers |
//! | `quiet A 300ms` | nothing significant comes meanwhile |
//! | `closed A` | the server closes the connection |
//! | `drop A` | the client goes away without a word |
//! | `starttls A` | TLS begins, as after the OK of STARTTLS |
//! | `compress A`, `uncompress A` | compression begins, as after the OK of COMPRESS, or ends, as after UNAUTHENTICATE |
//! | `check $a < $b` | compares (`=`, `!=`, `<`, `<=`, `>`, `>=`) |
//!
//! `{@NAME}` is a literal with that text: in client lines sent after the server's `+`, `{@NAME+}` at once.
//! `\xHH` in lines and texts is the byte of that number. `$NAME_size` is the size of a text; `$user`, `$password`, `$user_base64`, `$password_base64` and `$plain` (the
//! initial response of AUTHENTICATE PLAIN) are the first user's.

mod account;
mod by_uid;
mod connection;
mod expand;
mod manner;
mod matching;
mod problem;
mod runner;
mod script;
mod target;
mod wire;

use std::path::Path;

pub use connection::{Connection, Reading};
pub use manner::Manner;
pub use problem::Failure;
pub use target::{Accounts, Credentials, QuotaLimits, Server, Target};

use runner::Run;
use script::Script;

/// What came of a dialogue.
#[derive(Debug)]
pub enum Outcome {
    /// Everything went as the file says.
    Passed,
    /// Everything up to a message number went as the file says, and that was refused, as it has to be.
    Refused,
    /// The server lacks this capability, which the file needs, or it cannot be played in this manner.
    Skipped(String),
    /// The file says that this peer differs, for this reason, and it does.
    Differs(String),
    /// Something else came.
    Failed(Box<Failure>),
}

/// Plays one dialogue file as it is written.
#[must_use]
pub fn run_file(file: &Path, target: &mut dyn Target) -> Outcome {
    run_file_in(Manner::AsWritten, file, target)
}

/// Plays one dialogue file in a manner.
#[must_use]
pub fn run_file_in(manner: Manner, file: &Path, target: &mut dyn Target) -> Outcome {
    let fail = |line: usize, reason: String, transcript: Vec<String>| {
        Outcome::Failed(Box::new(Failure { file: file.to_owned(), line, reason, transcript }))
    };
    let source = match std::fs::read_to_string(file) {
        Ok(source) => source,
        Err(error) => return fail(0, error.to_string(), Vec::new()),
    };
    let script = match Script::parse(&source) {
        Ok(script) if script.title.contains("RFC ") => script,
        Ok(_) => return fail(1, "the first comment names no RFC".to_owned(), Vec::new()),
        Err(error) => return fail(0, error.to_string(), Vec::new()),
    };
    let known = script.differs.iter().find(|(peer, _)| peer == target.peer());
    if let Some(excluded) = manner.excludes(&script) {
        return Outcome::Skipped(excluded.to_owned());
    }
    let mut run = Run::new(&script, target, manner);
    match run.prepare() {
        Ok(Some(missing)) => return Outcome::Skipped(missing),
        Ok(None) => {}
        Err(problem) => return fail(0, problem.to_string(), run.transcript),
    }
    match (run.play(), known) {
        (Ok(()), _) if run.refused => Outcome::Refused,
        (Ok(()), None) => Outcome::Passed,
        (Ok(()), Some((peer, _))) => {
            fail(0, format!("{peer} is said to differ, and does not"), run.transcript)
        }
        (Err(_), Some((_, reason))) => Outcome::Differs(reason.clone()),
        (Err((line, problem)), None) => fail(line, problem.to_string(), run.transcript),
    }
}
