//! Conversations that begin with the same base subject become one: step 5 of REFERENCES (RFC 5256 §3).

use std::collections::HashMap;

use super::{Forest, Threadable};
use crate::collation::Collated;

/// Merges the trees of a forest whose roots are sorted. Those that come of it are not.
pub(super) fn by_subject<I>(forest: &mut Forest, messages: &[Threadable<I>]) {
    let roots = std::mem::take(&mut forest.roots);
    let subjects: Vec<Option<&Collated>> =
        roots.iter().map(|&root| subject(root, forest, messages)).collect();
    let is_reply = |node: u32| messages.get(node as usize).is_some_and(|message| message.is_reply);
    let mut table = chosen(&roots, &subjects, forest, is_reply);
    for (&root, subject) in roots.iter().zip(subjects) {
        let Some(head) = subject.and_then(|subject| table.get_mut(subject)) else {
            forest.roots.push(root);
            continue;
        };
        if *head == root {
            continue;
        }
        match (forest.message(*head), forest.message(root)) {
            // The children of both become siblings.
            (None, None) => {
                let children = forest.children.get_mut(root as usize).map(std::mem::take).unwrap_or_default();
                children.into_iter().for_each(|child| forest.add_child(*head, child));
            }
            (None, Some(_)) => forest.add_child(*head, root),
            (Some(_), _) if is_reply(root) && !is_reply(*head) => forest.add_child(*head, root),
            (Some(_), _) => *head = forest.add_dummy(vec![*head, root]),
        }
    }
    forest.roots.extend(table.into_values());
}

/// The subject of a conversation: that of its root, or of its first child. `None` where it is empty.
fn subject<'m, I>(root: u32, forest: &Forest, messages: &'m [Threadable<I>]) -> Option<&'m Collated> {
    let message = messages.get(forest.stand_in(root)?)?;
    Some(&message.subject).filter(|subject| !subject.is_empty())
}

/// Steps 5.A and 5.B: the root that the others of a subject are brought to. It is one without a message, or else one
/// that is no reply, or else the first.
fn chosen<'m>(
    roots: &[u32],
    subjects: &[Option<&'m Collated>],
    forest: &Forest,
    is_reply: impl Fn(u32) -> bool,
) -> HashMap<&'m Collated, u32> {
    let is_dummy = |node: u32| forest.message(node).is_none();
    let mut table: HashMap<&Collated, u32> = HashMap::new();
    for (&root, subject) in roots.iter().zip(subjects) {
        let Some(subject) = subject else { continue };
        let head = table.entry(subject).or_insert(root);
        if !is_dummy(*head) && (is_dummy(root) || (is_reply(*head) && !is_reply(root))) {
            *head = root;
        }
    }
    table
}
