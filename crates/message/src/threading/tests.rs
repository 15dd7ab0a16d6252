//! Examples, and the steps of RFC 5256 as they are written, on trees as anyone would draw them.

use super::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A message: its id, the ids it refers to, its date and its subject.
fn message(own: Option<u8>, references: &[u8], sent: i64, subject: &str) -> Threadable<u8> {
    let is_reply = subject.starts_with("Re: ");
    let subject = Collated::of(subject.trim_start_matches("Re: "), crate::Comparator::default());
    Threadable { own, references: references.to_vec(), sent, arrived: sent, subject, is_reply }
}

/// As THREAD writes it, messages counted from 1.
fn drawn(forest: &Forest) -> String {
    fn node(forest: &Forest, at: u32) -> String {
        let children: Vec<String> = forest.children(at).iter().map(|&child| node(forest, child)).collect();
        let own = forest.message(at).map(|place| (place + 1).to_string()).unwrap_or_default();
        match children.as_slice() {
            [] => own,
            [only] if !own.is_empty() => format!("{own} {only}"),
            many => {
                [own].into_iter().chain(many.iter().map(|c| format!("({c})"))).collect::<Vec<_>>().concat()
            }
        }
    }
    forest.roots().iter().map(|&root| format!("({})", node(forest, root))).collect()
}

#[test]
fn answers_stand_below_what_they_answer() {
    let messages = [
        message(Some(1), &[], 1, "a"),
        message(Some(2), &[1], 4, "Re: a"),
        message(Some(3), &[1, 2], 5, "Re: a"),
        message(Some(4), &[1], 3, "Re: a"),
        message(Some(5), &[], 2, "other"),
    ];
    assert_eq!(drawn(&references(&messages)), "(1(4)(2 3))(5)");
    // The thread of the newest arrival is the last.
    assert_eq!(drawn(&refs(&messages)), "(5)(1(4)(2 3))");
    assert_eq!(drawn(&ordered_subject(&messages)), "(1(4)(2)(3))(5)");
}

#[test]
fn what_is_missing_holds_its_answers_together() {
    let messages = [
        message(Some(2), &[1], 2, "Re: a"),
        message(Some(3), &[1], 1, "Re: a"),
        message(Some(5), &[9, 4], 3, "Re: b"),
    ];
    assert_eq!(drawn(&references(&messages)), "((2)(1))(3)");
}

#[test]
fn subjects_bring_conversations_together() {
    for (messages, expected) in [
        // Neither is a reply: they are siblings.
        ([message(None, &[], 2, "a"), message(None, &[], 1, "a")], "((2)(1))"),
        // A reply goes below what is none, whichever comes first.
        ([message(None, &[], 1, "Re: a"), message(None, &[], 2, "a")], "(2 1)"),
        ([message(None, &[], 1, "a"), message(None, &[], 2, "Re: a")], "(1 2)"),
        ([message(None, &[], 1, "Re: a"), message(None, &[], 2, "Re: a")], "((1)(2))"),
        ([message(None, &[], 1, ""), message(None, &[], 2, "")], "(1)(2)"),
    ] {
        assert_eq!(drawn(&references(&messages)), expected);
        assert_eq!(drawn(&refs(&messages)).matches('(').count(), 2);
    }
}

#[test]
fn circles_are_not_closed() {
    let messages = [
        message(Some(1), &[2], 1, "a"),
        message(Some(2), &[1], 2, "b"),
        message(Some(3), &[3], 3, "c"),
        message(Some(4), &[4, 5, 4], 4, "d"),
    ];
    assert_eq!(drawn(&references(&messages)), "(2 1)(3)(4)");
}

#[test]
fn a_repeated_id_is_that_of_the_first() {
    let messages =
        [message(Some(1), &[], 1, "a"), message(Some(1), &[], 2, "b"), message(Some(2), &[1], 3, "c")];
    assert_eq!(drawn(&references(&messages)), "(1 3)(2)");
}

#[test]
fn a_deep_conversation_and_one_made_to_be_slow_end_soon() {
    let count = 100_000u32;
    let plain = |own: u32, references: Vec<u32>| {
        let (sent, subject) = (i64::from(own), Collated::default());
        Threadable { own: Some(own), references, sent, arrived: sent, subject, is_reply: false }
    };
    let deep: Vec<_> = (0..count).map(|n| plain(n, n.checked_sub(1).into_iter().collect())).collect();
    assert_eq!(references(&deep).roots(), [0]);
    let backwards: Vec<_> = deep.iter().rev().cloned().collect();
    assert_eq!(references(&backwards).roots(), [count - 1]);
    // Each of these wants to be below the deepest, and above the first.
    let slow = deep.iter().cloned().chain((0..count).map(|n| plain(count + n, vec![count - 1, 0, n])));
    let slow: Vec<_> = slow.collect();
    assert_eq!(references(&slow).messages, slow.len());
}

/// A tree of the model: places of messages, or nothing.
#[derive(Clone, Debug)]
struct Tree {
    message: Option<usize>,
    children: Vec<Tree>,
}

/// Steps 1 to 3 as they are written.
fn model_links(messages: &[Threadable<u8>]) -> Vec<Tree> {
    let mut ids: Vec<Option<u8>> = Vec::new();
    for m in messages {
        ids.push(m.own.filter(|own| !ids.contains(&Some(*own))));
    }
    let mut parents: Vec<Option<usize>> = vec![None; ids.len()];
    fn is_above(parents: &[Option<usize>], above: usize, node: usize) -> bool {
        above == node || parents[node].is_some_and(|parent| is_above(parents, above, parent))
    }
    for (place, m) in messages.iter().enumerate() {
        let mut last = None;
        for id in &m.references {
            let node = ids.iter().position(|known| known == &Some(*id)).unwrap_or_else(|| {
                ids.push(Some(*id));
                parents.push(None);
                ids.len() - 1
            });
            if let Some(before) = last
                && parents[node].is_none()
                && !is_above(&parents, node, before)
            {
                parents[node] = Some(before);
            }
            last = Some(node);
        }
        parents[place] = None;
        parents[place] = last.filter(|&last| !is_above(&parents, place, last));
    }
    fn grow(parents: &[Option<usize>], of: Option<usize>, count: usize) -> Vec<Tree> {
        let children = (0..parents.len()).filter(|&node| parents[node] == of);
        let tree = |node: usize| {
            let message = Some(node).filter(|&node| node < count);
            Tree { message, children: grow(parents, Some(node), count) }
        };
        children.map(tree).collect()
    }
    grow(&parents, None, messages.len()).into_iter().flat_map(|tree| pruned(tree, true)).collect()
}

/// Step 3, from the leaves on.
fn pruned(tree: Tree, is_root: bool) -> Vec<Tree> {
    let children: Vec<Tree> = tree.children.into_iter().flat_map(|child| pruned(child, false)).collect();
    let is_dropped = tree.message.is_none() && (!is_root || children.len() <= 1);
    if is_dropped { children } else { vec![Tree { message: tree.message, children }] }
}

fn first(tree: &Tree) -> usize {
    tree.message.unwrap_or_else(|| first(&tree.children[0]))
}

fn sorted(trees: &mut [Tree], messages: &[Threadable<u8>]) {
    trees.iter_mut().for_each(|tree| sorted(&mut tree.children, messages));
    trees.sort_by_key(|tree| (messages[first(tree)].sent, first(tree)));
}

/// Step 5 as it is written.
fn model_merge(trees: Vec<Tree>, messages: &[Threadable<u8>]) -> Vec<Tree> {
    let subject = |tree: &Tree| messages[first(tree)].subject.clone();
    let is_reply = |tree: &Tree| tree.message.is_some_and(|place| messages[place].is_reply);
    let mut root: Vec<Option<Tree>> = trees.into_iter().map(Some).collect();
    let mut table: Vec<(Collated, usize)> = Vec::new();
    for (at, tree) in root.iter().enumerate() {
        let tree = tree.as_ref().unwrap();
        if subject(tree).is_empty() {
            continue;
        }
        match table.iter_mut().find(|(known, _)| *known == subject(tree)) {
            None => table.push((subject(tree), at)),
            Some((_, head)) => {
                let there = root[*head].as_ref().unwrap();
                if there.message.is_some() && (tree.message.is_none() || (is_reply(there) && !is_reply(tree)))
                {
                    *head = at;
                }
            }
        }
    }
    for at in 0..root.len() {
        let of = subject(root[at].as_ref().unwrap());
        let Some((_, head)) = table.iter_mut().find(|(known, _)| *known == of) else { continue };
        if *head == at {
            continue;
        }
        let current = root[at].take().unwrap();
        let mut there = root[*head].take().unwrap();
        match (there.message, current.message) {
            (None, None) => there.children.extend(current.children),
            (None, Some(_)) => there.children.push(current),
            _ if is_reply(&current) && !is_reply(&there) => there.children.push(current),
            _ => there = Tree { message: None, children: vec![there, current] },
        }
        root[*head] = Some(there);
    }
    root.into_iter().flatten().collect()
}

fn draw(trees: &[Tree]) -> String {
    fn node(tree: &Tree) -> String {
        let own = tree.message.map(|place| (place + 1).to_string()).unwrap_or_default();
        match tree.children.as_slice() {
            [] => own,
            [only] if !own.is_empty() => format!("{own} {}", node(only)),
            many => {
                let children = many.iter().map(|child| format!("({})", node(child)));
                [own].into_iter().chain(children).collect::<Vec<_>>().concat()
            }
        }
    }
    trees.iter().map(|tree| format!("({})", node(tree))).collect()
}

fn messages() -> impl Strategy<Value = Vec<Threadable<u8>>> {
    let one = (option::of(0u8..10), vec(0u8..12, 0..5), 0i64..6, 0i64..6, "(Re: )?[ab]?").prop_map(
        |(own, references, sent, arrived, subject)| Threadable {
            arrived,
            ..message(own, &references, sent, &subject)
        },
    );
    vec(one, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_steps_of_the_rfc_lead_to_the_same(messages in messages()) {
        let mut trees = model_links(&messages);
        sorted(&mut trees, &messages);
        let mut merged = model_merge(trees.clone(), &messages);
        sorted(&mut merged, &messages);
        prop_assert_eq!(drawn(&references(&messages)), draw(&merged));
        trees.sort_by_key(|tree| newest(tree, &messages));
        prop_assert_eq!(drawn(&refs(&messages)), draw(&trees));
    }

    #[test]
    fn every_message_stands_in_one_place(messages in messages()) {
        for forest in [references(&messages), refs(&messages), ordered_subject(&messages)] {
            let (mut todo, mut seen) = (forest.roots().to_vec(), vec![0; messages.len()]);
            while let Some(node) = todo.pop() {
                match forest.message(node) {
                    Some(place) => seen[place] += 1,
                    None => prop_assert!(forest.children(node).len() > 1),
                }
                todo.extend_from_slice(forest.children(node));
            }
            prop_assert!(seen.iter().all(|&times| times == 1), "{:?}", seen);
        }
    }
}

fn newest(tree: &Tree, messages: &[Threadable<u8>]) -> Option<(i64, usize)> {
    let own = tree.message.map(|place| (messages[place].arrived, place));
    tree.children.iter().map(|child| newest(child, messages)).max().flatten().max(own)
}
