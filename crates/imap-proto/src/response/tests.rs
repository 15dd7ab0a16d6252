//! Answers as the RFCs give them.

use std::num::NonZeroU32;

use model::{InternalDate, MailboxName, ModSeq, Uid, UidValidity};

use super::*;
use crate::command::{QuotaResource, Section, SectionText, StatusItem, Tag};
use crate::dialect::Dialect;
use crate::error::{Refusal, Violation};
use crate::partial::{CountFrom, PartialRange};

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn set(ranges: &[(u32, u32)]) -> UidSet {
    UidSet::from_ranges(ranges.iter().copied())
}

fn progress(done: Option<u32>, goal: u32) -> Code {
    Code::InProgress(InProgress { tag: Tag::new("A001"), done, goal: NonZeroU32::new(goal) })
}

#[test]
fn status_responses_carry_their_codes() {
    let tag = Tag::new("A003");
    let uid_validity = UidValidity::new(38505).unwrap();
    let appended = Code::AppendUid(AppendUid { uid_validity, uids: set(&[(3955, 3955)]) });
    let line = written(|out| tagged(out, &tag, Status::Ok, Some(&appended), "APPEND completed"));
    assert_eq!(line, "A003 OK [APPENDUID 38505 3955] APPEND completed\r\n");
    let copied = CopyUid { uid_validity, from: set(&[(304, 304), (319, 320)]), to: set(&[(3956, 3958)]) };
    let line = written(|out| tagged(out, &tag, Status::Ok, Some(&Code::CopyUid(copied)), "Done"));
    assert_eq!(line, "A003 OK [COPYUID 38505 304,319:320 3956:3958] Done\r\n");
    for (code, expected) in [
        (Code::Unseen(SeqNo(12)), "[UNSEEN 12]"),
        (Code::HighestModSeq(ModSeq(715_194_045_007)), "[HIGHESTMODSEQ 715194045007]"),
        (Code::Modified(set(&[(7, 7), (9, 9)])), "[MODIFIED 7,9]"),
        (Code::PermanentFlags(vec!["\\Seen".to_owned(), "\\*".to_owned()]), "[PERMANENTFLAGS (\\Seen \\*)]"),
        (Code::ReadOnly, "[READ-ONLY]"),
        (Code::AppendUid(AppendUid { uid_validity, uids: set(&[(3, 5)]) }), "[APPENDUID 38505 3:5]"),
        (progress(Some(454), 1000), "[INPROGRESS (\"A001\" 454 1000)]"),
        (progress(Some(3), 0), "[INPROGRESS (\"A001\" 3 NIL)]"),
        (progress(None, 7), "[INPROGRESS (\"A001\" NIL NIL)]"),
        (Code::MailboxId("F2212ea87".to_owned()), "[MAILBOXID (F2212ea87)]"),
        (Code::Capability(vec!["IMAP4rev1", "ID"]), "[CAPABILITY IMAP4rev1 ID]"),
    ] {
        assert_eq!(
            written(|out| untagged(out, Status::Ok, Some(&code), "x")),
            format!("* OK {expected} x\r\n")
        );
    }
    assert_eq!(written(|out| bye(out, None, "so long")), "* BYE so long\r\n");
    assert_eq!(written(|out| continuation(out, "")), "+ \r\n");
}

#[test]
fn what_is_wrong_with_a_command_is_answered_by_blame() {
    let bad = Violation::Expected { what: "a mailbox name", column: 12 }.into();
    let line = written(|out| error(out, Some(&Tag::new("a")), &bad));
    assert_eq!(line, "a BAD expected a mailbox name at column 12\r\n");
    let line = written(|out| error(out, None, &Refusal::SpecialUse { attribute: "\r\n".to_owned() }.into()));
    assert_eq!(line, "* NO [USEATTR] unknown special-use attribute: \"\\r\\n\"\r\n");
}

#[test]
fn mailboxes_are_told_in_modified_utf7() {
    let name = MailboxName::new("a/\u{53f0}\u{5317}").unwrap();
    let line = ListLine {
        name: &name,
        attributes: vec!["\\HasChildren"],
        child_info: vec!["SUBSCRIBED"],
        ..ListLine::new(&name)
    };
    assert_eq!(
        written(|out| list(out, Dialect::REV1, &line)),
        "* LIST (\\HasChildren) \"/\" a/&U,BTFw- (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
    );
    let line = ListLine { child_info: Vec::new(), attributes: Vec::new(), ..line };
    assert_eq!(written(|out| lsub(out, Dialect::REV1, &line)), "* LSUB () \"/\" a/&U,BTFw-\r\n");
    let rev2 = Dialect { rev2: true, ..Dialect::REV1 };
    let line = ListLine { old_name: Some("b&c"), child_info: vec!["SUBSCRIBED"], ..line };
    assert_eq!(
        written(|out| list(out, rev2, &line)),
        "* LIST () \"/\" \"a/\u{53f0}\u{5317}\" (\"CHILDINFO\" (\"SUBSCRIBED\") \"OLDNAME\" (b&c))\r\n"
    );
    let line = ListLine { child_info: Vec::new(), ..line };
    assert!(written(|out| list(out, Dialect::REV1, &line)).ends_with(" (\"OLDNAME\" (b&-c))\r\n"));
    assert_eq!(written(separator), "* LIST (\\Noselect) \"/\" \"\"\r\n");
    let values = [(StatusItem::Messages, 231.into()), (StatusItem::UidNext, 44292.into())];
    assert_eq!(
        written(|out| mailbox_status(out, Dialect::REV1, &MailboxName::new("two words").unwrap(), values)),
        "* STATUS \"two words\" (MESSAGES 231 UIDNEXT 44292)\r\n"
    );
    assert_eq!(written(namespace), "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
    assert_eq!(written(|out| flags(out, ["\\Seen", "$Junk"])), "* FLAGS (\\Seen $Junk)\r\n");
}

#[test]
fn news_and_findings_are_numbers() {
    assert_eq!(written(|out| exists(out, 172)), "* 172 EXISTS\r\n");
    assert_eq!(written(|out| recent(out, 0)), "* 0 RECENT\r\n");
    assert_eq!(written(|out| expunge(out, SeqNo(44))), "* 44 EXPUNGE\r\n");
    assert_eq!(written(|out| vanished(out, &set(&[(405, 405), (407, 410)]))), "* VANISHED 405,407:410\r\n");
    assert_eq!(written(|out| vanished_earlier(out, &set(&[(1, 2)]))), "* VANISHED (EARLIER) 1:2\r\n");
    assert_eq!(written(|out| vanished(out, &UidSet::new())), "");
    let found = [SeqNo(2), SeqNo(5)];
    assert_eq!(written(|out| search(out, found, Some(ModSeq(9)))), "* SEARCH 2 5 (MODSEQ 9)\r\n");
    assert_eq!(written(|out| search_uids(out, [], Some(ModSeq(9)))), "* SEARCH\r\n");
    assert_eq!(written(|out| sort(out, [5, 2], Some(ModSeq(9)))), "* SORT 5 2 (MODSEQ 9)\r\n");
    assert_eq!(written(|out| sort(out, [], Some(ModSeq(9)))), "* SORT\r\n");
    assert_eq!(written(|out| enabled(out, &[])), "* ENABLED\r\n");
    assert_eq!(written(|out| id(out, &[("name", "Postroom")])), "* ID (\"name\" \"Postroom\")\r\n");
    assert_eq!(written(|out| id(out, &[])), "* ID NIL\r\n");
}

#[test]
fn the_result_of_a_search_is_told_as_it_was_asked_for() {
    let tag = Tag::new("A282");
    let found = set(&[(2, 2), (10, 11)]);
    let told = |edit: &dyn Fn(&mut Esearch<'_>)| {
        let mut line = Esearch::new(&tag, false);
        edit(&mut line);
        written(|out| esearch(out, &line))
    };
    assert_eq!(told(&|_| {}), "* ESEARCH (TAG \"A282\")\r\n");
    let line = told(&|line| (line.min, line.count) = (Some(2), Some(3)));
    assert_eq!(line, "* ESEARCH (TAG \"A282\") MIN 2 COUNT 3\r\n");
    let line = written(|out| {
        let modseq = Some(ModSeq(9));
        esearch(
            out,
            &Esearch { all: Some(Results::Set(&found)), max: Some(11), modseq, ..Esearch::new(&tag, true) },
        );
    });
    assert_eq!(line, "* ESEARCH (TAG \"A282\") UID MAX 11 MODSEQ 9 ALL 2,10:11\r\n");
    let line = written(|out| {
        let relevancy = Some(&[4, 99, 42][..]);
        esearch(out, &Esearch { all: Some(Results::Set(&found)), relevancy, ..Esearch::new(&tag, false) });
    });
    assert_eq!(line, "* ESEARCH (TAG \"A282\") ALL 2,10:11 RELEVANCY (4 99 42)\r\n");
    assert_eq!(told(&|line| line.relevancy = Some(&[][..])), "* ESEARCH (TAG \"A282\") RELEVANCY ()\r\n");
    let one = NonZeroU32::new(1).unwrap();
    let range = PartialRange { from: CountFrom::Last, start: one, end: one.saturating_add(99) };
    for (set, expected) in [(&found, "2,10:11"), (&UidSet::new(), "NIL")] {
        let partial = Some((range, Results::Set(set)));
        let line = written(|out| esearch(out, &Esearch { partial, ..Esearch::new(&tag, true) }));
        assert_eq!(line, format!("* ESEARCH (TAG \"A282\") UID PARTIAL (-1:-100 {expected})\r\n"));
    }
}

#[test]
fn a_range_of_a_sort_ascends() {
    // RFC 5267 §3.2
    let tag = Tag::new("E01");
    for (numbers, expected) in [
        (&[23765, 23764, 23763, 23761][..], "23765,23764,23763,23761"),
        (&[10, 11, 12, 4, 3, 4, u32::MAX, 1], "10:12,4,3:4,4294967295,1"),
    ] {
        let all = Some(Results::InOrder(numbers));
        let line = written(|out| esearch(out, &Esearch { all, ..Esearch::new(&tag, true) }));
        assert_eq!(line, format!("* ESEARCH (TAG \"E01\") UID ALL {expected}\r\n"));
    }
}

#[test]
fn quotas_are_told_by_root() {
    let usage = |resource, usage, limit| QuotaUsage { resource, usage, limit };
    let resources = [usage(QuotaResource::Storage, 10, 512), usage(QuotaResource::Message, 3, 1000)];
    assert_eq!(written(|out| quota(out, "", &resources)), "* QUOTA \"\" (STORAGE 10 512 MESSAGE 3 1000)\r\n");
    let inbox = MailboxName::inbox();
    let line = written(|out| quota_root(out, Dialect::REV1, &inbox, &["#user/alice", "a b"]));
    assert_eq!(line, "* QUOTAROOT INBOX #user/alice \"a b\"\r\n");
    assert_eq!(written(|out| quota_root(out, Dialect::REV1, &inbox, &[])), "* QUOTAROOT INBOX\r\n");
}

#[test]
fn batches_are_told_from_the_highest_uids_down() {
    let uid = |n| Uid::new(n).unwrap();
    let tag = Tag::new("A1");
    let batches = [(uid(99695), uid(20351)), (uid(20350), uid(1))];
    let line = written(|out| uid_batches(out, &tag, batches));
    assert_eq!(line, "* UIDBATCHES (TAG \"A1\") 99695:20351,20350:1\r\n");
    assert_eq!(written(|out| uid_batches(out, &tag, [])), "* UIDBATCHES (TAG \"A1\")\r\n");
}

#[test]
fn what_is_told_of_a_message_may_be_missing() {
    let line = written(|out| {
        let mut fetch = FetchWriter::new(out, SeqNo(3));
        fetch.email_id("M6d99");
        fetch.thread_id(Some("T64b"));
        fetch.thread_id(None);
        fetch.save_date(InternalDate::parse("01-Jan-2015 18:50:53 +0100").ok());
        fetch.save_date(None);
        fetch.preview(Some("Hello"));
        fetch.preview(None);
        fetch.finish();
    });
    assert_eq!(
        line,
        "* 3 FETCH (EMAILID (M6d99) THREADID (T64b) THREADID NIL SAVEDATE \" 1-Jan-2015 18:50:53 +0100\" \
         SAVEDATE NIL PREVIEW \"Hello\" PREVIEW NIL)\r\n"
    );
}

#[test]
fn decoded_parts_are_literals_that_may_hold_nul() {
    let binary = |path, origin, has_nul| SectionName::Binary { path, origin, has_nul };
    let line = written(|out| {
        let mut fetch = FetchWriter::by_uid(out, Uid::FIRST);
        fetch.binary_size(&[1, 2], 7);
        fetch.section(binary(&[1, 2], None, true), Some(b"a\0b"));
        fetch.section(binary(&[], Some(4), false), Some(b"ab"));
        fetch.section_start(binary(&[3], None, true), 2);
        out.extend_from_slice(b"\0\0");
        FetchWriter::resume(out).finish();
    });
    assert_eq!(
        line,
        "* 1 UIDFETCH (BINARY.SIZE[1.2] 7 BINARY[1.2] ~{3}\r\na\0b BINARY[]<4> {2}\r\nab BINARY[3] \
         ~{2}\r\n\0\0)\r\n"
    );
}

#[test]
fn a_fetch_response_is_written_item_by_item() {
    let section = |path: &[u32], what| Section { path: path.to_vec(), what };
    let fields = section(&[1, 2], SectionText::HeaderFields(vec!["DATE".to_owned(), "X(Y".to_owned()]));
    let text = section(&[], SectionText::Text);
    let line = written(|out| {
        let mut fetch = FetchWriter::new(out, SeqNo(23));
        fetch.flags(b"(\\Seen)");
        fetch.uid(Uid::FIRST);
        fetch.modseq(ModSeq(624_140_003));
        fetch.size(44827);
        fetch.internal_date(InternalDate::parse("17-Jul-1996 02:44:25 -0700").unwrap());
        fetch.wire("ENVELOPE", b"(NIL)");
        fetch.section(SectionName::Body { section: &fields, origin: None }, None);
        fetch.section_start(SectionName::Body { section: &text, origin: Some(7) }, 3);
        out.extend_from_slice(b"abc");
        let mut fetch = FetchWriter::resume(out);
        fetch.section(SectionName::Rfc822Header, Some(b""));
        fetch.finish();
    });
    assert_eq!(
        line,
        "* 23 FETCH (FLAGS (\\Seen) UID 1 MODSEQ (624140003) RFC822.SIZE 44827 INTERNALDATE \
         \"17-Jul-1996 02:44:25 -0700\" ENVELOPE (NIL) BODY[1.2.HEADER.FIELDS (DATE \"X(Y\")] NIL \
         BODY[TEXT]<7> {3}\r\nabc RFC822.HEADER {0}\r\n)\r\n"
    );
}
