//! Parents and children by what messages refer to: steps 1 to 3 of REFERENCES (RFC 5256 §3).

use std::collections::HashMap;
use std::hash::Hash;

use super::{Forest, Threadable};

/// How many ancestors are looked at for each node, on the average, to see whether a link would close a circle. Only
/// messages made for it come near; of their links, those that are left over are not made.
const STEPS_PER_NODE: usize = 256;

/// Who is whose parent. Nodes are messages, and above these, ids that are referred to and of no message.
struct Links {
    parents: Vec<Option<u32>>,
    /// How many children each has.
    children: Vec<u32>,
    /// How many ancestors may still be looked at.
    steps_left: usize,
}

impl Links {
    fn of(messages: usize) -> Self {
        Self {
            parents: vec![None; messages],
            children: vec![0; messages],
            steps_left: messages * STEPS_PER_NODE,
        }
    }

    /// A node for an id without a message.
    fn add(&mut self) -> u32 {
        self.parents.push(None);
        self.children.push(0);
        self.steps_left += STEPS_PER_NODE;
        (self.parents.len() - 1) as u32
    }

    fn parent(&self, node: u32) -> Option<u32> {
        self.parents.get(node as usize).copied().flatten()
    }

    fn count(&mut self, node: u32, change: i32) {
        if let Some(count) = self.children.get_mut(node as usize) {
            *count = count.saturating_add_signed(change);
        }
    }

    fn set(&mut self, child: u32, parent: Option<u32>) {
        if let Some(old) = self.parent(child) {
            self.count(old, -1);
        }
        if let Some(new) = parent {
            self.count(new, 1);
        }
        if let Some(slot) = self.parents.get_mut(child as usize) {
            *slot = parent;
        }
    }

    /// Makes `parent` the parent of `child`, unless that would close a circle.
    fn link(&mut self, parent: u32, child: u32) {
        if !self.descends(parent, child) {
            self.set(child, Some(parent));
        }
    }

    /// Whether `node` is `from` or one of its descendants, or it takes too long to say.
    fn descends(&mut self, node: u32, from: u32) -> bool {
        if node == from {
            return true;
        }
        if self.children.get(from as usize) == Some(&0) {
            return false;
        }
        let mut at = node;
        while let Some(parent) = self.parent(at) {
            let Some(left) = self.steps_left.checked_sub(1) else { return true };
            self.steps_left = left;
            if parent == from {
                return true;
            }
            at = parent;
        }
        false
    }
}

/// The trees that the references make, without nodes that nobody needs. No order yet.
pub(super) fn linked<I: Eq + Hash>(messages: &[Threadable<I>]) -> Forest {
    let mut links = Links::of(messages.len());
    let mut nodes: HashMap<&I, u32> = HashMap::new();
    // "If two or more messages have the same Message ID, then only use that Message ID in the first".
    for (message, place) in messages.iter().zip(0..) {
        if let Some(id) = &message.own {
            nodes.entry(id).or_insert(place);
        }
    }
    for (message, place) in messages.iter().zip(0..) {
        let mut last = None;
        for id in &message.references {
            let node = *nodes.entry(id).or_insert_with(|| links.add());
            // Step 1.A. The parent that a node has is kept: References may have been shortened.
            if let Some(before) = last.filter(|_| links.parent(node).is_none()) {
                links.link(before, node);
            }
            last = Some(node);
        }
        // Step 1.B. The message itself knows best whose answer it is.
        links.set(place, None);
        if let Some(parent) = last {
            links.link(parent, place);
        }
    }
    pruned(&links, messages.len())
}

/// Where a node without a message leads to, going up.
#[derive(Clone, Copy)]
enum Above {
    /// To a message.
    Message(u32),
    /// To a root without a message.
    Root(u32),
}

/// Steps 2 and 3: the children of a node without a message become those of its parent; but a root without a message
/// keeps its children together, if there are several.
fn pruned(links: &Links, messages: usize) -> Forest {
    let mut forest = Forest::of(messages);
    let mut above: Vec<Option<Above>> = vec![None; links.parents.len().saturating_sub(messages)];
    let mut together: HashMap<u32, Vec<u32>> = HashMap::new();
    for place in 0..messages as u32 {
        match links.parent(place) {
            None => forest.roots.push(place),
            Some(parent) => match above_of(parent, links, messages, &mut above) {
                Above::Message(parent) => forest.add_child(parent, place),
                Above::Root(root) => together.entry(root).or_default().push(place),
            },
        }
    }
    for (_, siblings) in together {
        let root = match siblings.as_slice() {
            [only] => *only,
            _ => forest.add_dummy(siblings),
        };
        forest.roots.push(root);
    }
    forest
}

/// The nearest message from `node` on upwards, or else its root. Every node on the way remembers the answer.
fn above_of(node: u32, links: &Links, messages: usize, above: &mut [Option<Above>]) -> Above {
    let dummy = |node: u32| (node as usize).checked_sub(messages);
    let (mut at, mut way) = (node, Vec::new());
    let answer = loop {
        let Some(place) = dummy(at) else { break Above::Message(at) };
        if let Some(known) = above.get(place).copied().flatten() {
            break known;
        }
        way.push(place);
        match links.parent(at) {
            Some(parent) => at = parent,
            None => break Above::Root(at),
        }
    };
    for place in way {
        if let Some(slot) = above.get_mut(place) {
            *slot = Some(answer);
        }
    }
    answer
}
