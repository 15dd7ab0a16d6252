//! Changes of a mailbox on their way into one client's view of it.

use std::hint::black_box;
use std::sync::Arc;

use imap::follower::Follower;
use mailstore::{Change, NewMessage, Op, Record};
use model::{EmailId, Flags, InternalDate, ModSeq, SaveDate, Uid, UidSet};

use crate::count;

/// As many messages as there are at the beginning, and as there remain.
const MESSAGES: u32 = 10_000;
/// Messages that arrive in a round, and that are expunged in it.
const ARRIVE: u32 = 5;
/// Commits of a round.
const COMMITS: u64 = 4;

pub(crate) fn changes(rounds: u32) {
    let all = UidSet::range(Uid::FIRST, uid(MESSAGES));
    let mut follower = Follower::new(&all, ModSeq(1));
    let log: Vec<_> = (0..=rounds).map(records).collect();
    count(rounds, |round| {
        let records = &log[round as usize];
        let through = records[COMMITS as usize - 1].modseq;
        let told = black_box(&mut follower).follow(black_box(records), through);
        // A message that has changed twice is told once, and one that was expunged not for its flags.
        assert!(told >= u64::from(3 * ARRIVE), "{told}");
    });
}

/// What happens in a round: messages arrive, ten are marked, twenty have their flags changed at once, and some that
/// stand scattered are expunged.
fn records(round: u32) -> [Record; COMMITS as usize] {
    let new = NewMessage {
        email: EmailId(1),
        flags: Flags::NONE,
        date: InternalDate { seconds: 1_700_000_000, zone_minutes: 60 },
        size: 4096,
    };
    let first = MESSAGES + round * ARRIVE + 1;
    // Among those that were there at the beginning, a few apart, so that the view gets gaps.
    let at = |n: u32| uid(1 + (round * 37 + n * 641) % MESSAGES);
    let ops = [
        Op::Insert { first: uid(first), saved: SaveDate::UNKNOWN, messages: vec![new; ARRIVE as usize] },
        Op::Flags { messages: (0..10).map(|n| (at(n), Flags::SEEN)).collect() },
        Op::FlagsDelta {
            uids: (0..20).map(|n| at(n + 5)).collect(),
            remove: Flags::NONE,
            add: Flags::FLAGGED,
        },
        Op::Expunge { uids: (0..ARRIVE).map(|n| at(n * 3)).collect() },
    ];
    let mut modseq = u64::from(round) * COMMITS + 1;
    ops.map(|op| {
        modseq += 1;
        Record { modseq: ModSeq(modseq), change: Arc::new(Change { ops: vec![op] }) }
    })
}

fn uid(n: u32) -> Uid {
    Uid::new(n).unwrap()
}
