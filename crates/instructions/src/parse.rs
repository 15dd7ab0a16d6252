//! Commands as clients send them, from bytes to what they mean: framing and grammar.

use std::hint::black_box;

use imap_proto::{Framer, Limits, Step};

use crate::count;

/// What Thunderbird, mbsync, Apple Mail and others fetch.
const FETCH: &[u8] = b"12 UID fetch 1:* (FLAGS)\r\n\
    13 UID FETCH 4711:4730 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date Message-ID \
    Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])\r\n\
    a14 FETCH 1,3:9,17,20:25,400 (UID FLAGS INTERNALDATE ENVELOPE BODYSTRUCTURE)\r\n\
    a15 UID FETCH 815 (UID BODY.PEEK[1.2.3.MIME] BODY.PEEK[1.2.3]<0.65536>)\r\n\
    a16 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 715194045007 VANISHED)\r\n\
    a17 FETCH 1:500 ALL\r\n";

/// What people search for, one of them with a literal.
const SEARCH: &[u8] = b"12 UID SEARCH ALL\r\n\
    13 UID SEARCH RETURN (MIN MAX COUNT) UNSEEN SINCE 1-Feb-2024 NOT DELETED\r\n\
    14 SEARCH OR (FROM \"ada@example.org\" SUBJECT \"the engine\") (OR TO charles CC charles) LARGER 10240\r\n\
    15 UID SEARCH CHARSET UTF-8 TEXT {9+}\r\nW\xc3\xbcrzburg BEFORE 1-Jan-2025\r\n\
    16 UID SORT RETURN (PARTIAL 1:50) (REVERSE DATE SUBJECT) UTF-8 UNDELETED HEADER List-Id announce KEYWORD $Forwarded\r\n";

/// What changes messages, with the sets of a client that has selected some here and there.
const STORE: &[u8] = b"12 UID STORE 4711 +FLAGS (\\Seen)\r\n\
    13 STORE 1,3:9,17,20:25,31,33,35,37,39,41,43,45,400:450 +FLAGS.SILENT (\\Deleted \\Seen $Forwarded)\r\n\
    14 UID STORE 1:* (UNCHANGEDSINCE 715194045007) FLAGS (\\Answered $Junk NonJunk)\r\n\
    15 UID COPY 1:40,57 \"Archive/2024\"\r\n\
    16 UID MOVE 99,101,103,105:120 Entw&APw-rfe\r\n\
    17 UID EXPUNGE 3000:3999\r\n";

pub(crate) fn fetch(rounds: u32) {
    parse(FETCH, 6, rounds);
}

pub(crate) fn search(rounds: u32) {
    parse(SEARCH, 5, rounds);
}

pub(crate) fn store(rounds: u32) {
    parse(STORE, 6, rounds);
}

fn parse(stream: &[u8], commands: usize, rounds: u32) {
    let mut framer = Framer::new(Limits::DEFAULT);
    framer.set_authenticated();
    let mut input = Vec::new();
    count(rounds, |_| {
        input.extend_from_slice(black_box(stream));
        let mut understood = 0;
        loop {
            match framer.next(&mut input) {
                Step::Command(command) => {
                    black_box(command);
                    understood += 1;
                }
                Step::NeedMore => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(understood, commands);
    });
}
