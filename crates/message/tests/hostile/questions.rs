//! Everything that IMAP asks about a message, asked, and the answers checked for their form.

use message::text::{Needle, Scope, contains, header_contains, header_values};
use message::{
    BinaryPlace, DEPTH_MAX, Digest, Node, PARTS_MAX, PREVIEW_CHARS_MAX, REFERENCES_MAX, Section, SectionText,
    Tree, preview,
};

/// Text that no message of the collection has.
const ABSENT: &str = "nowhere to be found";

/// Asks everything; panics with the case's name if an answer is wrong in form.
pub(crate) fn ask_everything(name: &str, message: &[u8]) {
    let digest = Digest::of(message);
    let tree = &digest.tree;
    assert_eq!(tree.message_bytes(), message.len(), "{name}");
    assert!(tree.part_count() <= PARTS_MAX + DEPTH_MAX, "{name}: {} parts", tree.part_count());
    assert_eq!(Tree::decode(&tree.encode()).as_ref(), Ok(tree), "{name}");
    for wire in [&digest.envelope, &digest.body, &digest.bodystructure] {
        assert!(is_one_list(wire), "{name}: {}", String::from_utf8_lossy(wire));
    }
    assert!(digest.thread.ids().len() <= 1 + 2 * REFERENCES_MAX, "{name}");
    ask_sections(name, message, tree);
    ask_searches(name, message, tree);
    let preview = preview(message, tree);
    assert!(preview.chars().count() <= PREVIEW_CHARS_MAX, "{name}: {preview}");
}

fn ask_sections(name: &str, message: &[u8], tree: &Tree) {
    for path in paths(tree) {
        let of = |what| Section { path: path.clone(), what };
        for what in [SectionText::All, SectionText::Header, SectionText::Text, SectionText::Mime] {
            if let Some(range) = of(what).locate(tree) {
                assert!(range.start <= range.end && range.end <= message.len(), "{name}: {path:?}");
            }
        }
        let named = of(SectionText::HeaderFields(vec!["X-Absent".to_owned(), "Received".to_owned()]));
        assert!(named.of(tree, message).is_none_or(|found| found.len() <= message.len()), "{name}");
        let place = BinaryPlace::locate(&path, tree);
        assert!(place.is_some(), "{name}: {path:?}");
        if let Some(Ok(encoded)) = place.map(|place| place.of(message)) {
            assert!(encoded.size() <= message.len(), "{name}");
            assert!(encoded.decode_part(encoded.size() / 2, 1000).len() <= 1000, "{name}");
        }
    }
}

fn ask_searches(name: &str, message: &[u8], tree: &Tree) {
    let needle = Needle::new(ABSENT);
    let header = &message[tree.root().header()];
    for field in ["From", "To", "Cc", "Bcc", "Subject", "References", "X-Absent"] {
        assert!(!header_contains(header, field, &needle), "{name}: {field}");
        let _ = header_values(header, field).map(|value| value.len()).sum::<usize>();
    }
    for scope in [Scope::Body, Scope::Text] {
        assert!(!contains(message, tree, scope, &needle), "{name}");
    }
}

/// The numbers of every part; the empty path is the message.
fn paths(tree: &Tree) -> Vec<Vec<u32>> {
    let mut paths = vec![Vec::new()];
    gather(tree.root(), true, &[], &mut paths);
    paths
}

fn gather(node: Node<'_>, is_message: bool, path: &[u32], paths: &mut Vec<Vec<u32>>) {
    use message::Kind::{Leaf, Message, Multipart};
    match (node.kind(), is_message) {
        (Multipart, _) => {
            for (number, child) in (1..).zip(node.children()) {
                let path = [path, &[number]].concat();
                paths.push(path.clone());
                gather(child, false, &path, paths);
            }
        }
        // What is no multipart is its own part 1.
        (Leaf | Message, true) => {
            let path = [path, &[1]].concat();
            paths.push(path.clone());
            gather(node, false, &path, paths);
        }
        (Message, false) => node.children().for_each(|child| gather(child, true, path, paths)),
        (Leaf, false) => {}
    }
}

/// Whether the bytes are one parenthesised list, with strings and literals well formed (RFC 3501 §9).
fn is_one_list(wire: &[u8]) -> bool {
    let (mut at, mut depth) = (0, 0usize);
    while let Some(&byte) = wire.get(at) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return at + 1 == wire.len(),
            b')' => depth -= 1,
            b'"' => {
                at += 1;
                while wire[at] != b'"' {
                    assert!(wire[at].is_ascii() && !matches!(wire[at], b'\r' | b'\n' | 0));
                    at += if wire[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => {
                let Some((length, text)) = literal(&wire[at..]) else { return false };
                assert!(!text.contains(&0));
                at += length - 1;
            }
            _ => assert!(byte.is_ascii_graphic() || byte == b' '),
        }
        at += 1;
    }
    false
}

/// The literal that the bytes begin with: its length with its announcement, and its text.
fn literal(wire: &[u8]) -> Option<(usize, &[u8])> {
    let announcement = wire.iter().position(|&b| b == b'\n')? + 1;
    let digits = wire.get(1..announcement)?.strip_suffix(b"}\r\n")?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((announcement + length, wire.get(announcement..announcement + length)?))
}
