//! Messages as conversations: the algorithms of THREAD (RFC 5256 §3; REFS: draft-ietf-morg-inthread §4).
//!
//! Pure: what decides comes in, trees go out. Time is that of sorting, memory a few words for each message and
//! reference, and nothing recurses: a conversation may be as deep as the mailbox has messages.

mod links;
mod merge;

use std::hash::Hash;

use crate::collation::Collated;

/// What decides where a message belongs. Messages stand in the order of the mailbox, which decides between equal dates.
#[derive(Clone, Debug)]
pub struct Threadable<I> {
    /// Its message-id, if it has a valid one.
    pub own: Option<I>,
    /// The ids it refers to, from the oldest to its parent's: of References, or else the first of In-Reply-To.
    pub references: Vec<I>,
    /// The sent date, in seconds (RFC 5256 §2.2).
    pub sent: i64,
    /// The internal date, in seconds.
    pub arrived: i64,
    /// The base subject.
    pub subject: Collated,
    /// Whether its subject is that of a reply or forwarded message.
    pub is_reply: bool,
}

/// Trees whose nodes are messages, by their places from 0 on; and above these numbers, nodes without a message, which
/// hold at least two children together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forest {
    messages: usize,
    roots: Vec<u32>,
    children: Vec<Vec<u32>>,
}

impl Forest {
    /// The first of each conversation.
    #[must_use]
    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    /// The answers to a message.
    #[must_use]
    pub fn children(&self, node: u32) -> &[u32] {
        self.children.get(node as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The place of a node's message; `None` for a node without one.
    #[must_use]
    pub fn message(&self, node: u32) -> Option<usize> {
        Some(node as usize).filter(|&place| place < self.messages)
    }

    /// Messages that stand alone.
    fn of(messages: usize) -> Self {
        Self { messages, roots: Vec::new(), children: vec![Vec::new(); messages] }
    }

    fn add_child(&mut self, parent: u32, child: u32) {
        if let Some(children) = self.children.get_mut(parent as usize) {
            children.push(child);
        }
    }

    /// A new node without a message.
    fn add_dummy(&mut self, children: Vec<u32>) -> u32 {
        self.children.push(children);
        (self.children.len() - 1) as u32
    }

    /// The message that stands for a node: its own, or its first child's.
    fn stand_in(&self, node: u32) -> Option<usize> {
        self.message(node).or_else(|| self.children(node).first().and_then(|&child| self.message(child)))
    }

    /// Sorts every set of siblings, and then the roots, by the sent date (RFC 5256 §3, steps 4 and 6).
    fn sort_by_date<I>(&mut self, messages: &[Threadable<I>]) {
        let key = |node: Option<usize>| node.and_then(|place| Some((messages.get(place)?.sent, place)));
        let count = self.messages;
        for siblings in self.children.iter_mut().filter(|siblings| siblings.len() > 1) {
            // Nodes without a message are roots.
            siblings.sort_unstable_by_key(|&node| key(Some(node as usize).filter(|&place| place < count)));
        }
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_cached_key(|&root| key(self.stand_in(root)));
        self.roots = roots;
    }

    /// Sorts the roots by the newest arrival in each tree.
    fn sort_by_arrival<I>(&mut self, messages: &[Threadable<I>]) {
        let mut roots = std::mem::take(&mut self.roots);
        roots.sort_by_cached_key(|&root| self.newest(root, messages));
        self.roots = roots;
    }

    fn newest<I>(&self, root: u32, messages: &[Threadable<I>]) -> Option<(i64, usize)> {
        let (mut newest, mut todo) = (None, vec![root]);
        while let Some(node) = todo.pop() {
            let own = self.message(node).and_then(|place| Some((messages.get(place)?.arrived, place)));
            newest = newest.max(own);
            todo.extend_from_slice(self.children(node));
        }
        newest
    }
}

/// ORDEREDSUBJECT: messages of one base subject, the later ones below the first.
#[must_use]
pub fn ordered_subject<I>(messages: &[Threadable<I>]) -> Forest {
    let mut forest = Forest::of(messages.len());
    let mut sorted: Vec<(&Threadable<I>, u32)> = messages.iter().zip(0..).collect();
    sorted.sort_unstable_by_key(|(message, place)| (&message.subject, message.sent, *place));
    for thread in sorted.chunk_by(|(a, _), (b, _)| a.subject == b.subject) {
        let Some(((_, first), later)) = thread.split_first() else { continue };
        forest.roots.push(*first);
        later.iter().for_each(|(_, place)| forest.add_child(*first, *place));
    }
    forest.sort_by_date(messages);
    forest
}

/// REFERENCES: messages below those that they refer to, and conversations of one base subject together.
#[must_use]
pub fn references<I: Eq + Hash>(messages: &[Threadable<I>]) -> Forest {
    let mut forest = links::linked(messages);
    forest.sort_by_date(messages);
    merge::by_subject(&mut forest, messages);
    forest.sort_by_date(messages);
    forest
}

/// REFS: messages below those that they refer to; the conversation with the newest arrival is the last.
#[must_use]
pub fn refs<I: Eq + Hash>(messages: &[Threadable<I>]) -> Forest {
    let mut forest = links::linked(messages);
    forest.sort_by_date(messages);
    forest.sort_by_arrival(messages);
    forest
}

#[cfg(test)]
mod tests;
