//! Whatever a client can mean arrives as it was meant, however it is written and in whichever pieces it comes.

use std::num::{NonZeroU32, NonZeroU64};

use model::{Flags, InternalDate, Keyword, MailboxName, ModSeq, NamedFlags, SpecialUse, UidSet, UidValidity};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::wire::{Wire, can_be_atom};
use crate::command::*;
use crate::dialect::Dialect;
use crate::frame::{Framer, Step};
use crate::limits::Limits;
use crate::partial::{CountFrom, PartialRange};
use crate::sequence::{Bound, MessageSet, SequenceSet};

/// Text without NUL, which no string can hold.
fn text() -> impl Strategy<Value = Vec<u8>> {
    vec(1u8.., 0..12)
}

fn mailbox() -> impl Strategy<Value = MailboxName> {
    "[a-z&\"\\\\ {}()\u{fc}\u{263a}\u{1f600}]{1,6}(/[A-Z~+,-]{1,4}){0,2}"
        .prop_filter_map("a mailbox name", |text| MailboxName::new(&text).ok())
}

fn pattern() -> impl Strategy<Value = String> {
    "[a-z&%*\" \u{fc}/]{0,8}"
}

fn nz() -> impl Strategy<Value = NonZeroU32> {
    prop_oneof![1u32..20, 1u32..].prop_filter_map("not zero", NonZeroU32::new)
}

fn modseq() -> impl Strategy<Value = ModSeq> {
    (0..=i64::MAX as u64).prop_map(ModSeq)
}

fn bound() -> impl Strategy<Value = Bound> {
    prop_oneof![4 => nz().prop_map(Bound::Number), 1 => Just(Bound::Last)]
}

fn sequence_set() -> impl Strategy<Value = SequenceSet> {
    vec((bound(), bound()), 1..4).prop_map(SequenceSet::new)
}

fn message_set() -> impl Strategy<Value = MessageSet> {
    prop_oneof![4 => sequence_set().prop_map(MessageSet::Listed), 1 => Just(MessageSet::Saved)]
}

fn uid_set() -> impl Strategy<Value = UidSet> {
    vec((1u32..500, 0u32..20), 1..4)
        .prop_map(|ranges| UidSet::from_ranges(ranges.into_iter().map(|(from, more)| (from, from + more))))
}

fn partial_range() -> impl Strategy<Value = PartialRange> {
    let from = select(vec![CountFrom::First, CountFrom::Last]);
    (from, nz(), nz()).prop_map(|(from, start, end)| PartialRange { from, start, end })
}

fn keyword() -> impl Strategy<Value = Keyword> {
    "[$A-Za-z][A-Za-z0-9.:-]{0,8}".prop_filter_map("a keyword", |name| Keyword::new(&name).ok())
}

fn flags() -> impl Strategy<Value = NamedFlags> {
    (subsequence(Flags::SYSTEM.to_vec(), 0..=5), vec(keyword(), 0..3)).prop_map(|(system, names)| {
        let system = system.into_iter().fold(Flags::NONE, |flags, (flag, _)| flags.with(flag));
        NamedFlags { system, keywords: without_repeats(names) }
    })
}

/// The grammar passes over what is named twice.
fn without_repeats<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

fn plain_key() -> impl Strategy<Value = SearchKey> {
    let day = 0i64..40_000;
    let days: Vec<fn(i64) -> SearchKey> = vec![
        SearchKey::Before,
        SearchKey::On,
        SearchKey::Since,
        SearchKey::SentBefore,
        SearchKey::SentOn,
        SearchKey::SentSince,
        SearchKey::SavedBefore,
        SearchKey::SavedOn,
        SearchKey::SavedSince,
    ];
    let field = prop_oneof![select(vec!["FROM", "CC", "SUBJECT"]).prop_map(str::to_owned), "[A-Za-z -]{1,8}"];
    let plain: Vec<SearchKey> = search::PLAIN.iter().map(|(_, key)| key.clone()).collect();
    prop_oneof![
        select(plain),
        (select(days), day).prop_map(|(key, day)| key(day)),
        (field, text()).prop_map(|(name, value)| SearchKey::Header { name, value }),
        text().prop_map(SearchKey::Body),
        text().prop_map(SearchKey::Text),
        keyword().prop_map(SearchKey::Keyword),
        keyword().prop_map(SearchKey::NotKeyword),
        (0..=i64::MAX as u64).prop_map(SearchKey::Larger),
        (0..=i64::MAX as u64).prop_map(SearchKey::Smaller),
        sequence_set().prop_map(SearchKey::Uid),
        sequence_set().prop_map(SearchKey::Numbers),
        Just(SearchKey::Saved),
        nz().prop_map(SearchKey::Older),
        nz().prop_map(SearchKey::Younger),
        modseq().prop_map(SearchKey::ModSeq),
        "[A-Za-z0-9_-]{1,20}".prop_map(SearchKey::EmailId),
        "[A-Za-z0-9_-]{1,20}".prop_map(SearchKey::ThreadId),
    ]
}

fn key() -> impl Strategy<Value = SearchKey> {
    plain_key().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|key| SearchKey::Not(Box::new(key))),
            inner.clone().prop_map(|key| SearchKey::Fuzzy(Box::new(key))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| SearchKey::Or(Box::new(a), Box::new(b))),
            vec(inner, 1..4).prop_map(SearchKey::And),
        ]
    })
}

fn returns() -> impl Strategy<Value = SearchReturn> {
    (any::<[bool; 5]>(), option::of(partial_range())).prop_map(|([min, max, all, count, save], partial)| {
        let all = all && partial.is_none();
        let returns = SearchReturn { min, max, all, count, save, relevancy: false, partial };
        if returns == SearchReturn::default() { SearchReturn::ALL } else { returns }
    })
}

fn search() -> impl Strategy<Value = Search> {
    let charset = select(vec![Charset::UsAscii, Charset::Utf8, Charset::Named("KOI8-R".to_owned())]);
    (any::<[bool; 2]>(), option::of(returns()), charset, vec(key(), 1..4)).prop_map(
        |([uid, relevancy], returns, charset, keys)| {
            let mut search = Search { uid, returns, charset, keys };
            let relevancy = relevancy && search.has_fuzzy();
            search.returns = returns.map(|returns| SearchReturn { relevancy, ..returns });
            search
        },
    )
}

fn sort() -> impl Strategy<Value = Command> {
    let key = select(SortKey::ALL.to_vec());
    let criterion = (any::<bool>(), key).prop_map(|(reverse, key)| SortCriterion { reverse, key });
    (vec(criterion, 1..4), search()).prop_map(|(mut criteria, search)| {
        let is_fuzzy = search.has_fuzzy();
        for criterion in criteria.iter_mut().filter(|c| !is_fuzzy && c.key == SortKey::Relevancy) {
            criterion.key = SortKey::Date;
        }
        Command::Sort(Sort { criteria, search })
    })
}

fn thread() -> impl Strategy<Value = Command> {
    (select(ThreadAlgorithm::ALL.to_vec()), search()).prop_map(|(algorithm, search)| {
        Command::Thread(Thread { algorithm, search: Search { returns: None, ..search } })
    })
}

fn path() -> impl Strategy<Value = Vec<u32>> {
    vec(1u32..30, 0..4)
}

fn section() -> impl Strategy<Value = Section> {
    let names = || vec("[!-9;-~]{1,8}", 1..4);
    let what = prop_oneof![
        select(vec![SectionText::All, SectionText::Header, SectionText::Text, SectionText::Mime]),
        names().prop_map(SectionText::HeaderFields),
        names().prop_map(SectionText::HeaderFieldsNot),
    ];
    let has_part = |section: &Section| section.what != SectionText::Mime || !section.path.is_empty();
    (path(), what).prop_map(|(path, what)| Section { path, what }).prop_filter("MIME has a part", has_part)
}

fn partial() -> impl Strategy<Value = Option<Partial>> {
    let max = i64::MAX as u64;
    let length = (1..=max).prop_filter_map("not zero", NonZeroU64::new);
    option::of((0..=max, length).prop_map(|(offset, length)| Partial { offset, length }))
}

fn fetch_item() -> impl Strategy<Value = FetchItem> {
    let plain = vec![
        FetchItem::Flags,
        FetchItem::InternalDate,
        FetchItem::Size,
        FetchItem::Envelope,
        FetchItem::Body,
        FetchItem::BodyStructure,
        FetchItem::Uid,
        FetchItem::ModSeq,
        FetchItem::EmailId,
        FetchItem::ThreadId,
        FetchItem::SaveDate,
        FetchItem::Preview { lazy: false },
        FetchItem::Preview { lazy: true },
        FetchItem::Rfc822,
        FetchItem::Rfc822Header,
        FetchItem::Rfc822Text,
    ];
    prop_oneof![
        4 => select(plain),
        2 => (any::<bool>(), section(), partial())
            .prop_map(|(peek, section, partial)| FetchItem::Section(SectionItem { peek, section, partial })),
        1 => (any::<bool>(), path(), partial())
            .prop_map(|(peek, path, partial)| FetchItem::Binary(BinaryItem { peek, path, partial })),
        1 => path().prop_map(FetchItem::BinarySize),
    ]
}

fn fetch() -> impl Strategy<Value = Command> {
    let modifiers = (option::of(modseq()), any::<bool>(), option::of(partial_range()));
    (any::<bool>(), message_set(), vec(fetch_item(), 1..5), modifiers).prop_map(
        |(uid, set, items, (changed_since, vanished, partial))| {
            Command::Fetch(Fetch {
                uid,
                set,
                items: without_repeats(items),
                changed_since,
                vanished: vanished && uid && changed_since.is_some(),
                partial: partial.filter(|_| uid),
            })
        },
    )
}

fn store() -> impl Strategy<Value = Command> {
    let op = select(vec![StoreOp::Replace, StoreOp::Add, StoreOp::Remove]);
    (any::<bool>(), message_set(), option::of(modseq()), op, any::<bool>(), flags()).prop_map(
        |(uid, set, unchanged_since, op, silent, flags)| {
            Command::Store(Store { uid, set, unchanged_since, op, silent, flags })
        },
    )
}

fn comparators() -> impl Strategy<Value = Command> {
    let order =
        (any::<bool>(), "[a-z*][a-z0-9;=.-]{0,9}[*]?".prop_filter("one *", |pattern| pattern != "**"))
            .prop_map(|(reverse, pattern)| ComparatorOrder { reverse, pattern });
    vec(order, 0..3).prop_map(Command::Comparator)
}

fn on_messages() -> impl Strategy<Value = Command> {
    let copy = || {
        (any::<bool>(), message_set(), mailbox()).prop_map(|(uid, set, mailbox)| Copy { uid, set, mailbox })
    };
    let range = option::of((nz(), nz()).prop_map(|(a, b)| (a.min(b), a.max(b))));
    prop_oneof![
        3 => search().prop_map(Command::Search),
        2 => sort(),
        1 => thread(),
        3 => fetch(),
        2 => store(),
        1 => copy().prop_map(Command::Copy),
        1 => copy().prop_map(Command::Move),
        1 => option::of(message_set()).prop_map(|uids| Command::Expunge(Expunge { uids })),
        1 => (nz(), range).prop_map(|(size, range)| Command::UidBatches(UidBatches { size, range })),
        1 => comparators(),
    ]
}

fn select_command() -> impl Strategy<Value = Select> {
    let seq_match = option::of((sequence_set(), uid_set()).prop_filter_map("no *", |(numbers, uids)| {
        (!numbers.has_last()).then_some(SeqMatch { numbers, uids })
    }));
    let validity = nz().prop_filter_map("a UIDVALIDITY", |n| UidValidity::new(n.get()));
    let qresync = (validity, modseq(), option::of(uid_set()), seq_match).prop_map(
        |(uid_validity, modseq, known_uids, seq_match)| Qresync {
            uid_validity,
            modseq,
            known_uids,
            seq_match,
        },
    );
    (mailbox(), any::<bool>(), option::of(qresync)).prop_map(|(mailbox, condstore, qresync)| Select {
        mailbox,
        sent_as: None,
        condstore,
        qresync,
    })
}

fn status_items() -> impl Strategy<Value = Vec<StatusItem>> {
    subsequence(StatusItem::ALL.to_vec(), 1..=StatusItem::ALL.len()).prop_shuffle()
}

fn list() -> impl Strategy<Value = Command> {
    let status = prop_oneof![Just(Vec::new()), status_items()];
    (any::<[bool; 7]>(), pattern(), vec(pattern(), 1..3), status).prop_map(
        |([subscribed, remote, recursive, special_use, a, b, c], reference, patterns, status)| {
            let recursive_match = recursive && (subscribed || special_use);
            let selection = ListSelection { subscribed, remote, recursive_match, special_use };
            let returns = ListReturn { subscribed: a, children: b, special_use: c, status };
            let extended = selection != ListSelection::default()
                || patterns.len() > 1
                || returns != ListReturn::default();
            Command::List(List { selection, reference, patterns, returns, extended })
        },
    )
}

fn on_mailboxes() -> impl Strategy<Value = Command> {
    let roles = subsequence(SpecialUse::ALL.to_vec(), 0..3);
    prop_oneof![
        select_command().prop_map(Command::Select),
        select_command().prop_map(Command::Examine),
        (mailbox(), roles).prop_map(|(mailbox, special_use)| {
            Command::Create(Create { mailbox, sent_as: None, special_use })
        }),
        mailbox().prop_map(Command::Delete),
        (mailbox(), mailbox()).prop_map(|(from, to)| Command::Rename(Rename { from, to })),
        list(),
        (pattern(), pattern()).prop_map(|(reference, pattern)| Command::Lsub(Lsub { reference, pattern })),
        (mailbox(), status_items()).prop_map(|(mailbox, items)| Command::Status(Status { mailbox, items })),
        mailbox().prop_map(Command::GetQuotaRoot),
    ]
}

fn on_connection() -> impl Strategy<Value = Command> {
    let resource = select(vec![
        QuotaResource::Storage,
        QuotaResource::Message,
        QuotaResource::Mailbox,
        QuotaResource::Other("X-ODD".to_owned()),
    ]);
    let limits = vec((resource, 0..=i64::MAX as u64), 0..3);
    let names = vec("[A-Z][A-Z0-9=-]{0,8}".prop_filter("an atom", |name| can_be_atom(name)), 1..4);
    let fields = vec(("[a-z-]{1,8}", option::of("[ -~\u{fc}]{0,8}")), 0..3);
    let plain = vec![Command::Noop, Command::Idle, Command::Unselect, Command::Unauthenticate];
    prop_oneof![
        (text(), text()).prop_map(|(user, password)| Command::Login(Login { user, password })),
        names.prop_map(|capabilities| Command::Enable(Enable { capabilities })),
        fields.prop_map(|fields| Command::Id(Id { fields })),
        "[ -~\u{fc}]{0,8}".prop_map(Command::GetQuota),
        ("[ -~]{0,8}", limits).prop_map(|(root, limits)| Command::SetQuota(SetQuota { root, limits })),
        select(plain),
    ]
}

fn dialect() -> impl Strategy<Value = Dialect> {
    let rev2 = Dialect { rev2: true, ..Dialect::REV1 };
    select(vec![Dialect::REV1, rev2])
}

/// What a framer makes of a stream that comes in pieces.
fn steps(stream: &[u8], dialect: Dialect, piece: usize) -> Vec<Step> {
    let mut framer = Framer::new(Limits::DEFAULT);
    framer.set_authenticated();
    framer.set_dialect(dialect);
    let (mut input, mut steps) = (Vec::new(), Vec::new());
    for bytes in stream.chunks(piece) {
        input.extend_from_slice(bytes);
        loop {
            framer.take_message_bytes(&mut input);
            match framer.next(&mut input) {
                Step::NeedMore if framer.message_remaining() > 0 && !input.is_empty() => {}
                Step::NeedMore => break,
                Step::Continue => {}
                step => {
                    let _ = framer.accept_message();
                    steps.push(step);
                }
            }
        }
    }
    steps
}

fn check(command: &Command, dialect: Dialect, choices: Vec<u8>, piece: usize) -> Result<(), TestCaseError> {
    let mut wire = Wire::new(dialect, choices);
    wire.raw("a ").command(command);
    wire.raw("\r\n");
    let steps = steps(&wire.out, dialect, piece);
    let text = String::from_utf8_lossy(&wire.out);
    let expected = Tagged { tag: Tag::new("a"), command: command.clone() };
    prop_assert!(matches!(steps.as_slice(), [Step::Command(read)] if *read == expected), "{text}{steps:?}");
    Ok(())
}

proptest! {
    #[test]
    fn commands_on_messages_arrive(
        command in on_messages(), dialect in dialect(), choices in vec(any::<u8>(), 1..20), piece in 1usize..200,
    ) {
        check(&command, dialect, choices, piece)?;
    }

    #[test]
    fn commands_on_mailboxes_arrive(
        command in on_mailboxes(), dialect in dialect(), choices in vec(any::<u8>(), 1..20), piece in 1usize..200,
    ) {
        check(&command, dialect, choices, piece)?;
    }

    #[test]
    fn commands_on_the_connection_arrive(
        command in on_connection(), dialect in dialect(), choices in vec(any::<u8>(), 1..20), piece in 1usize..200,
    ) {
        check(&command, dialect, choices, piece)?;
    }

    #[test]
    fn messages_arrive(
        messages in vec((flags(), any::<bool>(), 0u8..3, text()), 1..4), mailbox in mailbox(),
        replaced in option::of((any::<bool>(), bound())), choices in vec(any::<u8>(), 1..20), piece in 1usize..200,
    ) {
        let messages = if replaced.is_some() { messages.into_iter().take(1).collect() } else { messages };
        let mut wire = Wire::new(Dialect::REV1, choices);
        let mut expected = Vec::new();
        wire.raw("a ");
        match replaced {
            Some((true, target)) => wire.word("UID REPLACE ").bound(target).raw(" "),
            Some((false, target)) => wire.word("REPLACE ").bound(target).raw(" "),
            None => wire.word("APPEND "),
        };
        wire.mailbox(mailbox.as_str());
        for (i, (flags, has_date, form, text)) in messages.into_iter().enumerate() {
            let date = has_date.then(|| InternalDate::parse("17-Jul-1996 02:44:25 -0700").unwrap());
            let (form, start, end) = match form {
                0 => (MessageForm::Literal, "{", ""),
                1 => (MessageForm::Literal8, "~{", ""),
                _ => (MessageForm::Utf8, "UTF8 (~{", ")"),
            };
            wire.raw(" ").flags(&flags).raw(date.map_or(String::new(), |date| format!(" \"{date}\"")));
            wire.raw(format!(" {start}{}+}}\r\n", text.len())).raw(&text).raw(end);
            let (message, size) = (MessageHead { flags, date, form }, text.len() as u64);
            let (tag, mailbox) = (Tag::new("a"), mailbox.clone());
            expected.push(match replaced {
                Some((uid, target)) => {
                    Step::Replace { tag, head: ReplaceHead { uid, target, mailbox, message }, size }
                }
                None if i == 0 => Step::Append { tag, head: AppendHead { mailbox, message }, size },
                None => Step::NextMessage { head: message, size },
            });
        }
        wire.raw("\r\n");
        expected.push(Step::MessageEnd(Tag::new("a")));
        prop_assert_eq!(steps(&wire.out, Dialect::REV1, piece), expected);
    }
}
