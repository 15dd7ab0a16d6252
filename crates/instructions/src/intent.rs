//! Intents on their way to becoming commits: what is done under an account's lock, without what waits for a disk.

use std::hint::black_box;

use mailstore::rehearsal::Rehearsal;
use mailstore::{Expunge, FlagOp, Mailbox, StoreFlags};
use model::{Flags, Keyword, MailboxName, NamedFlags, Uid, UidSet};

use crate::count;
use crate::world::{self, World, mailbox};

/// So many messages come by themselves; the others are copies of them.
const ORIGINALS: u32 = 16;
/// How many messages the mailbox has.
const MESSAGES: u32 = 4096;
/// Messages of a small COPY and EXPUNGE.
const FEW: u32 = 10;
/// Messages of a large STORE.
const MANY: u32 = 1000;

pub(crate) fn append(rounds: u32) {
    let (world, inbox, _) = scene();
    let numbers = ORIGINALS..=ORIGINALS + rounds;
    let mut arrivals = world.arrivals(numbers, &inbox).into_iter().map(|one| vec![one]);
    let mut account = rehearsal(&world, &inbox);
    count(rounds, |_| {
        let arrival = arrivals.next().unwrap();
        assert_eq!(black_box(&mut account).append(black_box(arrival)).unwrap(), 1);
    });
}

/// As a client does that shows one message after another.
pub(crate) fn store_one(rounds: u32) {
    let (world, inbox, _) = scene();
    let mut account = rehearsal(&world, &inbox);
    count(rounds, |round| {
        let uid = uid(1 + round * 7 % MESSAGES);
        let request = request(UidSet::range(uid, uid), FlagOp::Add, NamedFlags::system(Flags::SEEN));
        assert_eq!(black_box(&mut account).store(black_box(&request)).unwrap(), 1);
    });
}

/// As a client does that marks a search's result, and unmarks it.
pub(crate) fn store_many(rounds: u32) {
    let (world, inbox, _) = scene();
    let mut account = rehearsal(&world, &inbox);
    let every_other = UidSet::from_ranges((0..MANY).map(|n| (1 + 2 * n, 1 + 2 * n)));
    let flags = NamedFlags { system: Flags::FLAGGED, keywords: vec![Keyword::new("$Later").unwrap()] };
    let requests = [FlagOp::Add, FlagOp::Remove].map(|op| request(every_other.clone(), op, flags.clone()));
    count(rounds, |round| {
        let request = &requests[round as usize % 2];
        assert_eq!(black_box(&mut account).store(black_box(request)).unwrap(), MANY.into());
    });
}

/// As a client does that archives some messages and knows no MOVE.
pub(crate) fn archive(rounds: u32) {
    let (world, inbox, archive) = scene();
    let mut account = rehearsal(&world, &inbox);
    let all = UidSet::range(Uid::FIRST, uid(MESSAGES));
    account.store(&request(all, FlagOp::Add, NamedFlags::system(Flags::DELETED))).unwrap();
    count(rounds, |round| {
        let first = 1 + round * FEW;
        let few = UidSet::range(uid(first), uid(first + FEW - 1));
        let account = black_box(&mut account);
        assert_eq!(account.copy(black_box(&few), &archive).unwrap(), FEW.into());
        assert_eq!(account.expunge(&Expunge::Deleted(few)).unwrap(), FEW.into());
    });
}

/// A store, its user's INBOX with all messages, and an empty Archive.
fn scene() -> (World, Mailbox, Mailbox) {
    let world = World::new();
    let user = world.add_user("");
    let access = world.enter(user);
    let (inbox, archive) = (mailbox(&access, &MailboxName::inbox()), mailbox(&access, &world::archive()));
    let arrivals = world.arrivals(0..=ORIGINALS - 1, &inbox);
    world.runtime.block_on(async {
        inbox.append(arrivals).await.unwrap();
        let mut messages = ORIGINALS;
        while messages < MESSAGES {
            let more = messages.min(MESSAGES - messages);
            inbox.copy(&UidSet::range(Uid::FIRST, uid(more)), &inbox).await.unwrap();
            messages += more;
        }
        assert_eq!(inbox.status().unwrap().messages, MESSAGES);
    });
    (world, inbox, archive)
}

fn rehearsal(world: &World, inbox: &Mailbox) -> Rehearsal {
    world.runtime.block_on(Rehearsal::of(inbox)).unwrap()
}

const fn request(uids: UidSet, op: FlagOp, flags: NamedFlags) -> StoreFlags {
    StoreFlags { uids, op, flags, unchanged_since: None }
}

fn uid(n: u32) -> Uid {
    Uid::new(n).unwrap()
}
