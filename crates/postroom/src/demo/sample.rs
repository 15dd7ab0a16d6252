//! The sample mail: what somebody's INBOX may look like after a few weeks, with something of everything in it.

mod parts;
mod texts;

use model::{Flags, InternalDate};

use self::parts::{
    alternative, attachment, html_of, invitation, mixed, pdf, plain, reply, text, with_picture,
};
use self::texts::{NEWSLETTERS, NOTICES, THREADS};
use super::compose::{Charset, Letter, Part, Person, Transfer};

/// The mailboxes that get sample mail; all of them are default folders.
pub(super) const MAILBOXES: [&str; 4] = ["INBOX", "Sent", "Drafts", "Archive"];

const DAY: i64 = 24 * 60 * 60;

const ADA: Person = ("Ada Lovell", "ada@demo.example");
const BEN: Person = ("Ben Okafor", "ben@demo.example");
const CLARA: Person = ("Clara M\u{fc}ller", "clara@demo.example");
const DIDIER: Person = ("Didier Lef\u{e8}vre", "didier@postes.example");
const EMI: Person = ("\u{4f50}\u{85e4}\u{6075}\u{7f8e}", "emi@letters.example");
const FRIDA: Person = ("Frida Bj\u{f6}rk", "frida@demo.example");
const BUILDS: Person = ("Builds", "builds@demo.example");
const PRESS: Person = ("The Letter Press", "news@press.example");
const OFFICE: Person = ("Post Office", "billing@office.example");

/// A message and how it lies in its mailbox.
pub(super) struct Sample {
    pub(super) mailbox: &'static str,
    pub(super) flags: Vec<Flags>,
    pub(super) keywords: Vec<&'static str>,
    pub(super) letter: Letter,
}

/// All samples, the oldest of each mailbox first. `now` is in seconds since 1970.
pub(super) fn all(now: i64) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    samples.extend(newsletters(now));
    samples.extend(notices(now));
    samples.extend(invoices(now));
    samples.extend(threads(now));
    samples.extend(charsets(now));
    samples.extend(structures(now));
    samples.extend(unsent(now));
    samples.sort_by_key(|sample| sample.letter.date.seconds);
    samples
}

/// So many days and minutes ago, in a zone.
fn ago(now: i64, days: i64, minutes: i64, zone_minutes: i16) -> InternalDate {
    InternalDate { seconds: now - days * DAY - minutes * 60, zone_minutes }
}

fn letter(from: Person, id: &str, subject: &str, date: InternalDate, body: Part) -> Letter {
    Letter {
        from,
        to: vec![ADA],
        cc: Vec::new(),
        subject: subject.to_owned(),
        charset: Charset::Utf8,
        date,
        id: format!("{id}@{}", from.1.split('@').next_back().unwrap_or("demo.example")),
        references: Vec::new(),
        fields: Vec::new(),
        body,
    }
}

fn inbox(flags: &[Flags], letter: Letter) -> Sample {
    Sample { mailbox: "INBOX", flags: flags.to_vec(), keywords: Vec::new(), letter }
}

/// `multipart/alternative` with the list's fields (RFC 2369).
fn newsletters(now: i64) -> Vec<Sample> {
    let one = |(number, (subject, body)): (i64, &(&str, &str))| {
        let id = format!("issue-{number}");
        let date = ago(now, 7 * number + 2, 13 * number, -300);
        let mut letter = letter(PRESS, &id, subject, date, alternative(body, &html_of(subject, body)));
        letter.fields = vec![
            ("List-Id", "The Letter Press <weekly.press.example>".to_owned()),
            ("List-Unsubscribe", "<mailto:leave@press.example>".to_owned()),
        ];
        let read = if number > 1 { &[Flags::SEEN][..] } else { &[] };
        Sample { keywords: vec!["$NotJunk"], ..inbox(read, letter) }
    };
    (0..).zip(NEWSLETTERS).map(one).collect()
}

/// Short mail of a machine, plain ASCII.
fn notices(now: i64) -> Vec<Sample> {
    let one = |(number, (subject, body)): (i64, &(&str, &str))| {
        let id = format!("build-{}", 400 + number);
        let date = ago(now, number * 2, 47 * number + 5, 0);
        let mut letter = letter(BUILDS, &id, subject, date, plain(body));
        letter.fields = vec![("Auto-Submitted", "auto-generated".to_owned())];
        let read = if number > 2 { &[Flags::SEEN][..] } else { &[] };
        inbox(read, letter)
    };
    (0..).zip(NOTICES).map(one).collect()
}

/// Mail with a file to it.
fn invoices(now: i64) -> Vec<Sample> {
    (0..8)
        .map(|number: i64| {
            let (name, amount) = (2031 + number, 40 + 7 * number);
            let note = format!(
                "Dear Ada Lovell,\n\nplease find attached invoice {name} over {amount}.00 EUR for the use of box 12.\n\n\
                 Kind regards\nYour Post Office\n"
            );
            let file = attachment(&format!("invoice-{name}.pdf"), "application/pdf", pdf(&format!("Invoice {name}")));
            let date = ago(now, 30 * (8 - number) - 20, 11 * number, 60);
            let body = mixed(vec![plain(&note), file]);
            let letter = letter(OFFICE, &format!("invoice-{name}"), &format!("Invoice {name}"), date, body);
            match number {
                0..6 => Sample { mailbox: "Archive", ..inbox(&[Flags::SEEN], letter) },
                6 => inbox(&[Flags::SEEN, Flags::FLAGGED], letter),
                _ => inbox(&[Flags::FLAGGED], letter),
            }
        })
        .collect()
}

/// Conversations: what the others wrote is in INBOX, what Ada answered is in Sent.
fn threads(now: i64) -> Vec<Sample> {
    let people = [ADA, BEN, CLARA, FRIDA];
    let mut samples = Vec::new();
    for (thread, (subject, posts)) in (0i64..).zip(THREADS) {
        let mut before: Vec<(String, Person, &str)> = Vec::new();
        for (post, (author, body)) in (0i64..).zip(*posts) {
            let author = people.get(*author).copied().unwrap_or(BEN);
            let subject = if post == 0 { (*subject).to_owned() } else { format!("Re: {subject}") };
            let quoted = before.last().map(|(_, person, body)| reply(*person, body)).unwrap_or_default();
            let date =
                ago(now, 3 * thread + 1, -(post * 95) + 600, 60 * i16::try_from(thread % 3).unwrap_or(0));
            let text = text(Charset::Utf8, Transfer::QuotedPrintable, &format!("{body}\n{quoted}"));
            let mut letter = letter(author, &format!("thread-{thread}-{post}"), &subject, date, text);
            letter.to = if author == ADA { vec![BEN] } else { vec![ADA] };
            letter.cc = if author == ADA { vec![CLARA, FRIDA] } else { vec![CLARA] };
            letter.references = before.iter().map(|(id, ..)| id.clone()).collect();
            before.push((letter.id.clone(), author, body));
            let last = usize::try_from(post).is_ok_and(|post| post + 1 == posts.len());
            samples.push(match (author == ADA, last) {
                (true, _) => Sample { mailbox: "Sent", ..inbox(&[Flags::SEEN], letter) },
                (false, true) => inbox(&[], letter),
                (false, false) => inbox(&[Flags::SEEN, Flags::ANSWERED], letter),
            });
        }
    }
    samples
}

/// The same kind of letter in other charsets and encodings.
fn charsets(now: i64) -> Vec<Sample> {
    let one = |id: &str, from, subject: &str, days, zone, charset, transfer, body: &str| {
        let mut letter = letter(from, id, subject, ago(now, days, 75, zone), text(charset, transfer, body));
        letter.charset = charset;
        inbox(&[], letter)
    };
    let mut samples = vec![
        one(
            "latin1",
            DIDIER,
            texts::FRENCH.0,
            4,
            120,
            Charset::Latin1,
            Transfer::QuotedPrintable,
            texts::FRENCH.1,
        ),
        one(
            "japanese",
            EMI,
            texts::JAPANESE.0,
            5,
            540,
            Charset::Iso2022Jp,
            Transfer::SevenBit,
            texts::JAPANESE.1,
        ),
        one(
            "cp1252",
            OFFICE,
            texts::QUOTES.0,
            6,
            0,
            Charset::Windows1252,
            Transfer::EightBit,
            texts::QUOTES.1,
        ),
        one("greek", CLARA, texts::GREEK.0, 8, 120, Charset::Utf8, Transfer::Base64, texts::GREEK.1),
        one("swedish", FRIDA, texts::SWEDISH.0, 9, 60, Charset::Utf8, Transfer::EightBit, texts::SWEDISH.1),
    ];
    if let Some(japanese) = samples.get_mut(1) {
        japanese.flags = vec![Flags::SEEN, Flags::FLAGGED];
    }
    samples
}

/// Messages whose parts lie in parts.
fn structures(now: i64) -> Vec<Sample> {
    let forwarded = letter(
        DIDIER,
        "original",
        "Horaires d'\u{e9}t\u{e9}",
        ago(now, 12, 0, 120),
        alternative(texts::FRENCH.1, &html_of("Horaires", texts::FRENCH.1)),
    );
    let note = plain("Ada, this came to me by mistake. See below.\n\nBen\n");
    let forward = mixed(vec![note, Part::Message(Box::new(forwarded))]);
    let table = "name,received,answered\nada,112,97\nben,64,64\nclara,201,188\n";
    let sheets = mixed(vec![
        alternative("The numbers of last month.\n", &html_of("Numbers", "The numbers of last month.\n")),
        attachment("numbers.csv", "text/csv; charset=utf-8", table.as_bytes().to_vec()),
        attachment("\u{dc}bersicht 2. Quartal.pdf", "application/pdf", pdf("Overview")),
    ]);
    let meeting = ago(now, -3, 0, 0);
    let mut samples = vec![
        inbox(
            &[Flags::SEEN],
            letter(BEN, "forward", "Fwd: Horaires d'\u{e9}t\u{e9}", ago(now, 11, 30, 60), forward),
        ),
        inbox(&[], letter(CLARA, "sheets", "Numbers and overview", ago(now, 2, 200, 120), sheets)),
        inbox(
            &[],
            letter(
                FRIDA,
                "invite",
                "Invitation: planning",
                ago(now, 0, 140, 60),
                invitation(FRIDA, ADA, meeting),
            ),
        ),
        inbox(
            &[Flags::SEEN],
            letter(PRESS, "picture", "A stamp for your collection", ago(now, 10, 9, -300), with_picture()),
        ),
        inbox(
            &[],
            letter(
                ("", "mailer-daemon@demo.example"),
                "report",
                "Undelivered mail returned to sender",
                ago(now, 1, 33, 0),
                parts::bounce(ADA),
            ),
        ),
        inbox(
            &[Flags::SEEN, Flags::DELETED],
            letter(OFFICE, "old", "Your box is ready", ago(now, 40, 0, 60), plain("Box 12 is ready.\n")),
        ),
    ];
    if let Some(forward) = samples.first_mut() {
        forward.keywords = vec!["$Forwarded"];
    }
    samples
}

/// What Ada has begun to write.
fn unsent(now: i64) -> Vec<Sample> {
    let draft = |id: &str, subject: &str, minutes, body: &str| {
        let mut letter = letter(ADA, id, subject, ago(now, 0, minutes, 60), plain(body));
        letter.to = vec![BEN];
        Sample { mailbox: "Drafts", ..inbox(&[Flags::DRAFT, Flags::SEEN], letter) }
    };
    vec![
        draft("draft-1", "Box 12", 55, "Ben,\n\ncould you look after box 12 while I am\n"),
        draft("draft-2", "", 20, "Things to bring:\n"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use super::*;

    fn of(mailbox: &str) -> Vec<Sample> {
        all(1_800_000_000).into_iter().filter(|sample| sample.mailbox == mailbox).collect()
    }

    #[test]
    fn there_is_enough_to_look_at_and_nothing_outside_the_mailboxes() {
        let counts = MAILBOXES.map(|mailbox| of(mailbox).len());
        assert!(counts[0] >= 55 && counts.iter().all(|&count| count >= 2), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), all(1_800_000_000).len());
    }

    #[test]
    fn every_message_is_whole_and_its_own() {
        let mut ids = HashSet::new();
        for sample in all(1_800_000_000) {
            let written = sample.letter.write();
            let digest = message::Digest::of(&written);
            let subject = &sample.letter.subject;
            assert_eq!(digest.sent, Some(sample.letter.date), "{subject}");
            assert!(ids.insert(digest.thread.message_id.unwrap()), "{subject}");
            assert!(written.split(|&b| b == b'\n').all(|line| line.len() <= 999), "{subject}");
            assert!(!String::from_utf8_lossy(&written).replace("\r\n", "").contains('\n'), "{subject}");
        }
    }

    #[test]
    fn replies_name_what_they_answer() {
        let ids: BTreeSet<String> =
            all(1_800_000_000).iter().map(|sample| sample.letter.id.clone()).collect();
        let replies: Vec<Sample> =
            all(1_800_000_000).into_iter().filter(|sample| !sample.letter.references.is_empty()).collect();
        assert!(replies.len() > 10);
        assert!(replies.iter().flat_map(|sample| &sample.letter.references).all(|id| ids.contains(id)));
    }
}
