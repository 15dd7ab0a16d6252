//! Conversations, as THREAD tells them. RFC 5256 §4 and §5, `thread-data`.

use super::number;

/// Trees of messages. A node is named by a number of the caller's choice.
pub trait Threads {
    /// The roots, in their order.
    fn roots(&self) -> &[u32];
    /// What is below a node, in its order.
    fn children(&self, node: u32) -> &[u32];
    /// The message number or UID of a node; `None` for one that only holds its children together, at least two of them.
    fn number(&self, node: u32) -> Option<u32>;
}

/// What remains to be written.
enum Todo {
    Open(u32),
    Close,
}

/// `* THREAD`. Whatever the depth of the trees is, it takes no stack.
pub fn thread(out: &mut Vec<u8>, threads: &impl Threads) {
    out.extend_from_slice(b"* THREAD");
    if !threads.roots().is_empty() {
        out.push(b' ');
    }
    let opened = |nodes: &[u32]| nodes.iter().rev().map(|&node| Todo::Open(node)).collect::<Vec<_>>();
    let mut todo = opened(threads.roots());
    while let Some(next) = todo.pop() {
        let Todo::Open(node) = next else {
            out.push(b')');
            continue;
        };
        out.push(b'(');
        todo.push(Todo::Close);
        let branches = members(out, threads, node);
        todo.extend(opened(branches));
    }
    out.extend_from_slice(b"\r\n");
}

/// `thread-members`: a node, and those below it as long as each has one below it. Answers the branches at the end.
fn members<'t>(out: &mut Vec<u8>, threads: &'t impl Threads, mut node: u32) -> &'t [u32] {
    loop {
        let children = threads.children(node);
        if let Some(n) = threads.number(node) {
            number(out, u64::from(n));
            if !children.is_empty() {
                out.push(b' ');
            }
        }
        match children {
            [only] => node = *only,
            branches => return branches,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes from 0 on: a number, and what is below.
    struct Plain(Vec<u32>, Vec<(Option<u32>, Vec<u32>)>);

    impl Threads for Plain {
        fn roots(&self) -> &[u32] {
            &self.0
        }
        fn children(&self, node: u32) -> &[u32] {
            &self.1[node as usize].1
        }
        fn number(&self, node: u32) -> Option<u32> {
            self.1[node as usize].0
        }
    }

    fn written(threads: &Plain) -> String {
        let mut out = Vec::new();
        thread(&mut out, threads);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_rfcs_examples_are_written() {
        // RFC 5256 §4
        let leaf = |n| (Some(n), vec![]);
        let nodes = vec![
            leaf(2),
            (Some(3), vec![2]),
            (Some(6), vec![3, 5]),
            (Some(4), vec![4]),
            leaf(23),
            (Some(44), vec![6]),
            (Some(7), vec![7]),
            leaf(96),
        ];
        assert_eq!(written(&Plain(vec![0, 1], nodes)), "* THREAD (2)(3 6 (4 23)(44 7 96))\r\n");
        let siblings = Plain(vec![0], vec![(None, vec![1, 2]), leaf(3), leaf(5)]);
        assert_eq!(written(&siblings), "* THREAD ((3)(5))\r\n");
        assert_eq!(written(&Plain(vec![], vec![])), "* THREAD\r\n");
    }

    #[test]
    fn a_long_conversation_takes_no_stack() {
        let count = 200_000;
        // Each message has a reply that nobody answered, and one that was.
        let node = |n: u32| {
            (Some(n + 1), if n.is_multiple_of(2) && n + 2 < count { vec![n + 1, n + 2] } else { vec![] })
        };
        let written = written(&Plain(vec![0], (0..count).map(node).collect()));
        assert!(written.starts_with("* THREAD (1 (2)(3 (4)(5 (6)") && written.ends_with("))))\r\n"));
    }
}
