//! Commands as the RFCs give them, what is refused, and each limit on what one command may hold.

mod round_trip;
mod wire;

use model::{Flags, MailboxName, ModSeq, UidSet};
use proptest::prelude::*;

use super::*;
use crate::error::Refusal;
use crate::extension::EXTENSIONS;
use crate::response::{Code, Status};

fn read(text: &str) -> Result<Command, Error> {
    read_in(Dialect::REV1, text)
}

fn read_in(dialect: Dialect, text: &str) -> Result<Command, Error> {
    parse(format!("a1 {text}").as_bytes(), &Limits::DEFAULT, dialect)
        .map(|tagged| tagged.command)
        .map_err(|(_, e)| e)
}

fn command(text: &str) -> Command {
    read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}

#[test]
fn the_examples_of_the_rfcs_are_read() {
    for text in [
        "LOGIN SMITH SESAME",
        "SELECT INBOX (CONDSTORE)",
        "SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
        "SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,3 41,43)))",
        "SELECT INBOX (QRESYNC (67890007 90060115194045000 (1,3 41,43)))",
        "CREATE MyDrafts (USE (\\Drafts))",
        "LIST \"\" \"*\"",
        "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" \"*\" RETURN (CHILDREN)",
        "LIST () \"\" (INBOX Drafts Sent/%)",
        "LIST \"\" % RETURN (STATUS (MESSAGES UNSEEN))",
        "LIST (SPECIAL-USE) \"\" \"*\"",
        "STATUS blurdybloop (UIDNEXT MESSAGES HIGHESTMODSEQ)",
        "FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])",
        "FETCH 1 BODY.PEEK[4.2.MIME]<0.2048>",
        "UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
        "STORE 7,5,9 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\\Deleted)",
        "STORE 2 FLAGS \\Seen $Forwarded",
        "SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
        "SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338",
        "SEARCH CHARSET UTF-8 OR (TEXT {4}\r\nblah SEEN) 2,4:*",
        "ID (\"name\" \"sodr\" \"version\" NIL)",
        "ID NIL",
        "ENABLE CONDSTORE X-GOOD-IDEA",
        "UID EXPUNGE 3000:3002",
        "UID MOVE 42:69 foo",
        "AUTHENTICATE PLAIN =",
        "COMPRESS DEFLATE",
        "compress deflate",
        "UNAUTHENTICATE",
        "GETQUOTA \"\"",
        "GETQUOTA \"!partition/sda4\"",
        "GETQUOTAROOT INBOX",
        "SETQUOTA \"#user/alice\" (STORAGE 510 X-ODD 9223372036854775807)",
        "SETQUOTA a ()",
        "UIDBATCHES 2000",
        "COMPARATOR",
        "COMPARATOR \"cz;*\" i;basic",
        "COMPARATOR +i;octet \"-i;*\" {7}\r\ndefault",
        "UIDBATCHES 2000 3:6",
        "SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
        "SEARCH RETURN () CHARSET KOI8-R ALL",
        "SEARCH RETURN (SAVE) UNSEEN",
        "UID SEARCH RETURN (PARTIAL -1:-100) UNDELETED UNKEYWORD $Junk",
        "SEARCH FUZZY (SUBJECT \"IMAP break\")",
        "SEARCH FUZZY SUBJECT work FROM user@example.com",
        "SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT \"Helo\"",
        "SORT (RELEVANCY) UTF-8 FUZZY SUBJECT \"Helo\"",
        "SORT RETURN (PARTIAL 1:10) (RELEVANCY) UTF-8 FUZZY TEXT \"World\"",
        "SEARCH UNSEEN YOUNGER 259200 UID $ NOT $ SAVEDSINCE 28-Dec-2014 SAVEDATESUPPORTED",
        "SEARCH EMAILID M6d99ac3275bb4e OR THREADID T64b478a75b7ea9 ALL",
        "SORT (SUBJECT REVERSE DATE) UTF-8 ALL",
        "SORT (SUBJECT) US-ASCII TEXT \"not in mailbox\"",
        "UID SORT RETURN () (REVERSE DATE) UTF-8 UNDELETED UNKEYWORD $Junk",
        "SORT RETURN (ALL) (DATE) UTF-8 MODSEQ 1234",
        "THREAD ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000",
        "THREAD REFERENCES US-ASCII TEXT \"gewp\"",
        "UID THREAD REFS utf-8 NOT $",
        "STORE $ +FLAGS (\\Deleted)",
        "UID EXPUNGE $",
        "FETCH 5 (EMAILID THREADID SAVEDATE PREVIEW PREVIEW (LAZY))",
        "FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 1)",
        "FETCH 1 PREVIEW (CHANGEDSINCE 1)",
        "UID FETCH 25900:26600 (UID FLAGS) (PARTIAL -1:-30 CHANGEDSINCE 98305)",
        "FETCH 1 (BINARY.PEEK[1.2]<0.10> BINARY.SIZE[] BINARY[3])",
        "STATUS frop (MAILBOXID SIZE DELETED DELETED-STORAGE APPENDLIMIT)",
    ] {
        command(text);
    }
}

#[test]
fn arguments_arrive_in_their_types() {
    let Command::Select(select) = command("select inbox (QRESYNC (5 10 1:3 (1:2 4,6)))") else { panic!() };
    let qresync = select.qresync.unwrap();
    assert_eq!((select.mailbox, qresync.modseq), (MailboxName::inbox(), ModSeq(10)));
    assert_eq!(qresync.known_uids, Some(UidSet::from_ranges([(1, 3)])));
    assert_eq!(qresync.seq_match.unwrap().uids.to_string(), "4,6");

    let Command::Fetch(fetch) = command("UID FETCH 1:* FULL (CHANGEDSINCE 0)") else { panic!() };
    assert!(fetch.uid && fetch.items.contains(&FetchItem::Body) && fetch.items.len() == 5);
    assert_eq!(fetch.changed_since, Some(ModSeq(0)));

    let Command::Fetch(fetch) = command("FETCH 1 BODY[1.2.HEADER.FIELDS.NOT (To)]<3.4>") else { panic!() };
    let [FetchItem::Section(item)] = fetch.items.as_slice() else { panic!() };
    assert_eq!(item.section.path, [1, 2]);
    assert_eq!(item.section.what, SectionText::HeaderFieldsNot(vec!["To".to_owned()]));
    assert!(item.partial.unwrap().offset == 3 && !item.peek);

    let Command::Store(store) = command("store 1 -flags (\\seen $Junk $JUNK)") else { panic!() };
    assert_eq!((store.op, store.silent, store.flags.system), (StoreOp::Remove, false, Flags::SEEN));
    assert_eq!(store.flags.keywords.len(), 1);

    let Command::List(list) = command("LIST \"~a/\" &Jjo-% RETURN ()") else { panic!() };
    assert_eq!((list.reference.as_str(), list.patterns[0].as_str()), ("~a/", "\u{263a}%"));
    assert!(list.extended);
    assert_eq!(command("CREATE owatagusiam/"), command("CREATE owatagusiam"));
    assert_eq!(command("DELETE &Jjo-"), Command::Delete(name("\u{263a}")));
}

#[test]
fn search_keys_nest() {
    let Command::Search(search) = command("UID SEARCH (OR SEEN NOT 1:3) header X-A \"\" larger 7") else {
        panic!()
    };
    assert!(search.uid && !search.has_modseq() && search.charset == Charset::UsAscii);
    let [SearchKey::And(keys), SearchKey::Header { value, .. }, SearchKey::Larger(7)] =
        search.keys.as_slice()
    else {
        panic!("{:?}", search.keys)
    };
    assert!(
        value.is_empty()
            && matches!(keys.as_slice(), [SearchKey::Or(_, not)] if matches!(**not, SearchKey::Not(_)))
    );
}

#[test]
fn a_search_says_how_it_wants_to_be_answered() {
    let returns = |text: &str| match command(text) {
        Command::Search(search) => search.returns,
        other => panic!("{other:?}"),
    };
    assert_eq!(returns("SEARCH ALL"), None);
    assert_eq!(returns("SEARCH RETURN () ALL"), Some(SearchReturn::ALL));
    let saved = returns("SEARCH return (save) ALL").unwrap();
    assert!(saved.save && !saved.has_answer());
    let partial = returns("UID SEARCH RETURN (COUNT PARTIAL -5:-1) ALL").unwrap();
    assert!(partial.count && partial.partial.is_some_and(|range| range.places(3) == (0, 3)));
    let Command::Search(search) = command("SEARCH CHARSET KOI8-R UID $") else { panic!() };
    assert_eq!(search.charset, Charset::Named("KOI8-R".to_owned()));
    assert_eq!(search.keys, [SearchKey::Saved]);
}

#[test]
fn what_a_command_uses_has_a_record() {
    for (text, expected) in [
        ("SEARCH 1:* ALL UID 3", &[][..]),
        ("SEARCH RETURN (SAVE PARTIAL 1:2) ALL", &["ESEARCH", "SEARCHRES", "PARTIAL"]),
        ("SEARCH OR (NOT $ YOUNGER 3) SAVEDON 1-Jan-2024", &["SEARCHRES", "WITHIN", "SAVEDATE"]),
        ("SEARCH EMAILID a", &["OBJECTID"]),
        ("SEARCH RETURN (RELEVANCY) NOT FUZZY ALL", &["ESEARCH", "SEARCH=FUZZY", "SEARCH=FUZZY"]),
        ("SORT (DATE FROM) UTF-8 ALL", &["SORT"]),
        ("THREAD REFS UTF-8 YOUNGER 3", &["THREAD=REFS", "WITHIN"]),
        (
            "UID SORT RETURN (SAVE) (REVERSE DISPLAYTO) UTF-8 $",
            &["SORT", "SORT=DISPLAY", "ESORT", "SEARCHRES", "SEARCHRES"],
        ),
        (
            "UID FETCH $ (PREVIEW THREADID SAVEDATE BINARY[]) (PARTIAL 1:2)",
            &["SEARCHRES", "PARTIAL", "PREVIEW", "OBJECTID", "SAVEDATE", "BINARY"],
        ),
        ("COPY $ box", &["SEARCHRES"]),
        ("COMPRESS DEFLATE", &["COMPRESS=DEFLATE"]),
        ("UNAUTHENTICATE", &["UNAUTHENTICATE"]),
        ("UIDBATCHES 1", &["UIDBATCHES"]),
        ("COMPARATOR", &["I18NLEVEL=2"]),
        ("GETQUOTAROOT a", &["QUOTA"]),
        ("SETQUOTA a ()", &["QUOTASET"]),
        ("LIST \"\" * RETURN (STATUS (SIZE DELETED))", &["LIST-EXTENDED", "LIST-STATUS", "STATUS=SIZE"]),
        ("UID MOVE $ box", &["MOVE", "SEARCHRES"]),
        ("UID EXPUNGE 1", &["UIDPLUS"]),
        ("EXPUNGE", &[]),
        ("SELECT box (CONDSTORE)", &["CONDSTORE"]),
        ("UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", &["CONDSTORE", "QRESYNC"]),
        ("AUTHENTICATE PLAIN AA==", &["AUTH=PLAIN", "SASL-IR"]),
        ("AUTHENTICATE X-OTHER", &[]),
        ("IDLE", &["IDLE"]),
        (
            "STATUS box (DELETED-STORAGE APPENDLIMIT MAILBOXID)",
            &["QUOTA=RES-STORAGE", "APPENDLIMIT", "OBJECTID"],
        ),
    ] {
        let uses = command(text).uses();
        assert_eq!(uses, expected, "{text}");
        for name in uses {
            assert!(EXTENSIONS.iter().any(|extension| extension.capability == name), "{name}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_column() {
    for (text, expected) in [
        ("NOOP trailing", "unexpected text at column 8, where the command ends"),
        ("SELECT", "expected a space at column 10"),
        ("SELECT (x)", "expected a mailbox name at column 11"),
        ("FETCH 1 (FLAGS", "expected a closing parenthesis at column 18"),
        ("FETCH 0 FLAGS", "expected a message number or * at column 10"),
        ("STORE 1 FLAGS.LOUD (\\Seen)", "expected FLAGS or FLAGS.SILENT at column 12"),
        ("STORE 1 FLAGS (\\Recent)", "expected a flag that can be set at column 19"),
        ("SEARCH NOSUCHKEY", "expected a search key at column 11"),
        ("SEARCH ON 30-Feb-2024", "expected a date that exists at column 14"),
        ("FETCH 1 BODY[MIME]", "expected a part number before MIME at column 21"),
        ("FETCH 1 FLAGS (VANISHED)", "VANISHED needs UID FETCH and CHANGEDSINCE"),
        ("SEARCH RETURN (ALL PARTIAL 1:2) ALL", "PARTIAL and ALL do not go together"),
        ("SEARCH RETURN (PARTIAL 1:-2) ALL", "expected a place among the results at column 29"),
        ("SEARCH FUZZY", "expected a space at column 16"),
        ("SEARCH RETURN (RELEVANCY) TEXT a", "RELEVANCY needs FUZZY"),
        ("SORT (RELEVANCY) UTF-8 TEXT a", "RELEVANCY needs FUZZY"),
        ("SORT () UTF-8 ALL", "expected a sort key at column 10"),
        ("SORT (REVERSE) UTF-8 ALL", "expected a space at column 17"),
        ("SORT (DATES) UTF-8 ALL", "expected a sort key at column 10"),
        ("SORT (DATE) ALL", "expected a space at column 19"),
        ("THREAD JWZ UTF-8 ALL", "expected a threading algorithm at column 11"),
        ("SEARCH EMAILID a.b", "expected an object id at column 19"),
        ("FETCH 1 FLAGS (PARTIAL 1:2)", "PARTIAL needs UID FETCH"),
        ("FETCH 1 BINARY[1.]", "expected a part number at column 21"),
        ("FETCH 1,$ FLAGS", "expected a message number or * at column 12"),
        ("COMPRESS LZ4", "expected DEFLATE at column 13"),
        ("UNAUTHENTICATE now", "unexpected text at column 18, where the command ends"),
        ("SETQUOTA a (STORAGE 9223372036854775808)", "expected a limit at column 24"),
        ("UIDBATCHES 0", "a batch has at least one message"),
        ("COMPARATOR \"\"", "no comparator can have that name"),
        ("COMPARATOR \"i**t\"", "no comparator can have that name"),
        ("COMPARATOR \"i octet\"", "no comparator can have that name"),
        ("UIDBATCHES 500 6:3", "the first batch comes before the last"),
        ("UID NOOP", "unknown command"),
        ("FROBNICATE", "unknown command"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn names_are_utf8_once_that_is_enabled() {
    let utf8 = Dialect { utf8_accept: true, ..Dialect::REV1 };
    let rev2 = Dialect { rev2: true, ..Dialect::REV1 };
    for dialect in [utf8, rev2] {
        for (text, expected) in
            [("DELETE \"\u{263a}\"", "\u{263a}"), ("DELETE A&B", "A&B"), ("DELETE &Jjo-", "&Jjo-")]
        {
            assert_eq!(read_in(dialect, text), Ok(Command::Delete(name(expected))));
        }
    }
    let bytes = |bytes: &[u8], dialect| {
        parse(bytes, &Limits::DEFAULT, dialect).map_err(|(_, error)| error.to_string())
    };
    assert_eq!(bytes(b"a DELETE {1}\r\n\xff", utf8), Err("the mailbox name is not UTF-8".to_owned()));
    let expected = "expected a quoted string in UTF-8 at column 15";
    assert_eq!(bytes(b"a SEARCH TEXT \"\xff\"", utf8), Err(expected.to_owned()));
    assert!(bytes(b"a SEARCH TEXT \"\xff\"", Dialect::REV1).is_ok());
    let Ok(Command::Create(create)) = read_in(rev2, "CREATE \"Entwu\u{308}rfe/\"") else { panic!() };
    assert_eq!((create.mailbox, create.sent_as.as_deref()), (name("Entw\u{fc}rfe"), Some("Entwu\u{308}rfe")));
    let Command::Select(select) = command("SELECT inbox") else { panic!() };
    assert_eq!(select.sent_as.as_deref(), Some("inbox"));
    let Command::Select(select) = command("SELECT INBOX") else { panic!() };
    assert_eq!(select.sent_as, None);
    assert_eq!(read_in(utf8, "SEARCH CHARSET UTF-8 ALL"), Err(Violation::CharsetWithUtf8.into()));
    assert!(read_in(rev2, "SEARCH CHARSET UTF-8 ALL").is_ok());
    assert!(read_in(utf8, "SORT (DATE) UTF-8 ALL").is_ok());
}

#[test]
fn message_numbers_can_be_switched_off() {
    let uid_only = Dialect { uid_only: true, ..Dialect::REV1 };
    for text in [
        "FETCH 1 FLAGS",
        "STORE 1 FLAGS (\\Seen)",
        "SEARCH ALL",
        "SORT (DATE) UTF-8 ALL",
        "UID SORT (DATE) UTF-8 1",
        "THREAD REFS UTF-8 ALL",
        "UID THREAD REFS UTF-8 1",
        "COPY 1 box",
        "MOVE 1 box",
        "REPLACE 1 box {1}",
        "UID SEARCH 1:*",
        "UID SEARCH NOT (SEEN 3)",
        "SELECT box (QRESYNC (1 2 3 (1 3)))",
    ] {
        assert_eq!(read_in(uid_only, text), Err(Violation::UidRequired.into()), "{text}");
    }
    for text in
        ["UID FETCH 1 FLAGS", "UID SEARCH $", "UID SEARCH UID 1:*", "EXPUNGE", "SELECT box (QRESYNC (1 2 3))"]
    {
        assert!(read_in(uid_only, text).is_ok(), "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused_and_not_called_bad() {
    assert!(matches!(read("SELECT a&b"), Err(Error::Refusal(Refusal::MailboxEncoding))));
    assert!(matches!(read("SELECT a//b"), Err(Error::Refusal(Refusal::Mailbox(_)))));
    assert!(matches!(read("CREATE a (USE (\\Odd))"), Err(Error::Refusal(Refusal::SpecialUse { .. }))));
}

#[test]
fn each_limit_is_met() {
    let repeated = |start: &str, item: &str, count: usize, end: &str| {
        format!("{start}{}{end}", vec![item; count].join(" "))
    };
    let over = [
        (
            format!("{}ALL", "SEARCH ").replace("ALL", &format!("{}ALL", "NOT ".repeat(32))),
            "levels of search keys",
        ),
        (repeated("SEARCH ", "ALL", 1001, ""), "search keys"),
        (repeated("SORT (", "DATE", 65, ") UTF-8 ALL"), "sort criteria"),
        (format!("FETCH {} FLAGS", vec!["1"; 10_001].join(",")), "ranges in a set of messages"),
        (repeated("LIST \"\" (", "%", 65, ")"), "patterns"),
        (repeated("STORE 1 FLAGS (", "a", 129, ")"), "flags"),
        (format!("FETCH 1 BODY[{}1]", "1.".repeat(64)), "levels of a section"),
        (repeated("FETCH 1 BODY[HEADER.FIELDS (", "A", 201, ")]"), "header fields"),
        (repeated("ENABLE ", "A", 65, ""), "names of capabilities"),
        (repeated("ID (", "\"a\" NIL", 31, ")"), "ID fields"),
        (format!("ID (\"{}\" NIL)", "a".repeat(31)), "bytes of an ID field name"),
        (format!("ID (\"a\" \"{}\")", "a".repeat(1025)), "bytes of an ID value"),
        (repeated("SETQUOTA \"\" (", "STORAGE 1", 17, ")"), "resources"),
        (format!("SEARCH CHARSET {} ALL", "a".repeat(41)), "bytes of the name of a character set"),
    ];
    for (text, of) in over {
        let error = read(&text).unwrap_err();
        assert!(
            matches!(error, Error::Violation(Violation::TooMany { what, .. }) if what == of),
            "{of}: {error}"
        );
        assert_eq!((error.status(), error.code()), (Status::No, Some(Code::Limit)), "{of}");
    }
    let items: Vec<String> = (1..=101).map(|n| format!("BODY[{n}]")).collect();
    let error = read(&format!("FETCH 1 ({})", items.join(" "))).unwrap_err();
    assert_eq!(error.to_string(), "more than 100 FETCH items");
    command(&format!("SEARCH {}ALL", "NOT ".repeat(31)));
    assert!(parse(format!("{} NOOP", "t".repeat(129)).as_bytes(), &Limits::DEFAULT, Dialect::REV1).is_err());
}

proptest! {
    #[test]
    fn no_bytes_upset_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = parse(&bytes, &Limits::DEFAULT, Dialect::REV1);
    }

    #[test]
    fn no_text_of_tokens_upsets_the_parser(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", " ", " ", " ", "FETCH", "SEARCH", "STORE", "LIST", "SELECT", "UID", "1:*", "(", ")",
                "BODY[", "]", "<0.1>", "HEADER.FIELDS", "\"x\"", "\"", "{1}\r\nx", "{9}\r\n", "\\Seen", "NOT", "OR",
                "QRESYNC", "$", "~{1}\r\nx", "REPLACE", "PARTIAL", "-1:-2", "BINARY[", "PREVIEW", "(LAZY)", "YOUNGER",
                "RETURN", "STATUS", "MODSEQ", "1-Feb-1994", "&Jjo-", "CHANGEDSINCE", "FLAGS", "NIL", "APPEND", "ID",
            ]),
            0..24,
        )
    ) {
        let text = format!("a {}", words.concat());
        let enabled = Dialect { rev2: true, utf8_accept: true, uid_only: true };
        for dialect in [Dialect::REV1, enabled] {
            if let Ok(read) = parse(text.as_bytes(), &Limits::DEFAULT, dialect) {
                prop_assert!(read.command.uses().iter().all(|name| EXTENSIONS.iter().any(|e| e.capability == *name)));
            }
        }
    }
}
