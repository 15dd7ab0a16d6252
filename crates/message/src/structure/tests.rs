use super::*;
use proptest::prelude::*;

/// A tree as text: kind, header and body of each part, indented by depth.
fn drawn(message: &[u8]) -> String {
    fn draw(node: Node<'_>, depth: usize, message: &[u8], out: &mut String) {
        let text = |range: Range<usize>| String::from_utf8_lossy(&message[range]).into_owned();
        let body = if node.kind() == Kind::Leaf { text(node.body()) } else { String::new() };
        out.push_str(&format!("{:depth$}{:?} {:?} {}\n", "", node.kind(), body, node.lines()));
        node.children().for_each(|child| draw(child, depth + 1, message, out));
    }
    let mut out = String::new();
    draw(Tree::of(message).root(), 0, message, &mut out);
    out
}

const NESTED: &[u8] = b"Content-Type: multipart/mixed; boundary=a\r\n\r\npreamble\r\n--a\r\n\r\none\r\ntwo\r\n\
--a \r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/alternative;\r\n boundary=\"ab\"\
\r\n\r\n--ab\r\n\r\nx\r\n--ab--\r\ninner epilogue\r\n--a\r\nContent-Type: image/gif\r\n\r\nGIF\r\n--a--\r\nepilogue\r\n";

#[test]
fn parts_nest_and_the_line_break_before_a_boundary_is_not_theirs() {
    let expected = "Multipart \"\" 23\n Leaf \"one\\r\\ntwo\" 1\n Message \"\" 8\n  Multipart \"\" 4\n   Leaf \"x\" 0\n \
                    Leaf \"GIF\" 0\n";
    assert_eq!(drawn(NESTED), expected);
}

#[test]
fn line_breaks_may_be_bare() {
    let bare: Vec<u8> = NESTED.iter().copied().filter(|&b| b != b'\r').collect();
    assert_eq!(drawn(&bare), drawn(NESTED).replace("\\r", ""));
}

#[test]
fn a_message_without_a_body_or_a_header_has_a_tree() {
    assert_eq!(drawn(b""), "Leaf \"\" 0\n");
    assert_eq!(drawn(b"Subject: x"), "Leaf \"\" 0\n");
    assert_eq!(drawn(b"\r\nbody\r\n"), "Leaf \"body\\r\\n\" 1\n");
}

#[test]
fn a_multipart_without_parts_has_its_body_as_a_part() {
    let expected = "Multipart \"\" 1\n Leaf \"text\\r\\n\" 1\n";
    assert_eq!(drawn(b"Content-Type: multipart/mixed\r\n\r\ntext\r\n"), expected);
    assert_eq!(drawn(b"Content-Type: multipart/mixed; boundary=x\r\n\r\ntext\r\n"), expected);
}

#[test]
fn the_default_in_a_digest_is_a_message() {
    let digest = b"Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: s\n\nbody\n--d--\n";
    assert_eq!(drawn(digest), "Multipart \"\" 6\n Message \"\" 2\n  Leaf \"body\" 0\n");
}

#[test]
fn a_boundary_may_begin_with_another_one_and_may_cut_a_header_short() {
    let message =
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=ab\n\n\
                    --ab\n\n1\n--ab\nX: y\n--a\n\n2\n";
    let expected = "Multipart \"\" 11\n Multipart \"\" 5\n  Leaf \"1\" 0\n  Leaf \"\" 0\n Leaf \"2\\n\" 1\n";
    assert_eq!(drawn(message), expected);
}

#[test]
fn an_inner_part_that_was_not_closed_ends_with_the_outer_boundary() {
    let message =
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n\
                    --b\n\n1\n--a--\n--b\n";
    let expected = "Multipart \"\" 8\n Multipart \"\" 2\n  Leaf \"1\" 0\n";
    assert_eq!(drawn(message), expected);
}

#[test]
fn nesting_stops_at_its_limit() {
    let message = "Content-Type: message/rfc822\r\n\r\n".repeat(500);
    let tree = Tree::of(message.as_bytes());
    assert_eq!(tree.part_count(), DEPTH_MAX);
    assert_eq!(Tree::decode(&tree.encode()), Ok(tree));
    let multiparts = "Content-Type: multipart/mixed; boundary=a\n\n--a\n".repeat(500);
    let tree = Tree::of(multiparts.as_bytes());
    let depth = std::iter::successors(Some(tree.root()), |node| node.children().next()).count();
    assert_eq!(depth, DEPTH_MAX);
    assert_eq!(Tree::decode(&tree.encode()), Ok(tree));
}

#[test]
fn the_last_part_that_fits_takes_the_rest() {
    let message =
        format!("Content-Type: multipart/mixed; boundary=a\n\n{}--a--\n", "--a\n\nx\n".repeat(5000));
    let tree = Tree::of(message.as_bytes());
    assert_eq!(tree.part_count(), PARTS_MAX);
    let last = tree.root().children().last().unwrap();
    assert!(message[last.body()].ends_with("--a\n\nx"));
    assert_eq!(Tree::decode(&tree.encode()), Ok(tree));
}

#[test]
fn damage_is_told_apart() {
    let stored = Tree::of(NESTED).encode();
    assert_eq!(Tree::decode(&[]), Err(DamagedTree::Version(None)));
    assert_eq!(Tree::decode(&[9]), Err(DamagedTree::Version(Some(9))));
    assert!(matches!(Tree::decode(&stored[..stored.len() - 1]), Err(DamagedTree::Bytes { .. })));
    assert!(matches!(Tree::decode(&[&stored[..], b"x"].concat()), Err(DamagedTree::Bytes { .. })));
    assert_eq!(Tree::decode(&[1, 1, 1, 0, 0, 0, 0, 0]), Err(DamagedTree::Shape { part: 0 }));
}

fn verify(node: Node<'_>, message: &[u8]) {
    let body = node.body();
    assert_eq!(node.header().end, body.start);
    assert!(body.start <= body.end && body.end <= message.len());
    assert_eq!(node.lines(), message[body.clone()].iter().filter(|&&b| b == b'\n').count());
    let mut from = body.start;
    for child in node.children() {
        assert!(child.header().start >= from && child.body().end <= body.end);
        from = child.body().end;
        verify(child, message);
    }
    assert_eq!(node.kind() == Kind::Leaf, node.children().next().is_none());
}

/// Lines that make trees likely.
pub(crate) fn messages() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("--a".to_owned()),
        Just("--a--".to_owned()),
        Just("--ab".to_owned()),
        Just("--ab--".to_owned()),
        Just("Content-Type: multipart/mixed; boundary=a".to_owned()),
        Just("Content-Type: multipart/digest; boundary=\"ab\"".to_owned()),
        Just("Content-Type: message/rfc822".to_owned()),
        Just("Content-Type: text/plain; charset=utf-7".to_owned()),
        Just("Content-Transfer-Encoding: base64".to_owned()),
        Just("Content-Transfer-Encoding: quoted-printable".to_owned()),
        Just("Content-Disposition: attachment; filename*0*=utf-8''a; filename*1=b".to_owned()),
        Just("Subject: Re: [x] =?utf-8?Q?a=20b?= (fwd)".to_owned()),
        Just("Date: Tue, 1 Jul 2003 10:52:37 +0200".to_owned()),
        Just(String::new()),
        Just(String::new()),
        "[ -~]{0,20}",
        "To: [ -~]{0,40}",
        "From: [a<>@,;:()\". \\\\]{0,40}",
    ];
    proptest::collection::vec(
        (line, prop_oneof![Just("\r\n"), Just("\r\n"), Just("\n"), Just("\r"), Just("")]),
        0..40,
    )
    .prop_map(|lines| lines.into_iter().flat_map(|(l, end)| [l.into_bytes(), end.into()].concat()).collect())
}

proptest! {
    #[test]
    fn every_message_has_a_consistent_tree_that_is_stored_and_read_back(message in messages()) {
        let tree = Tree::of(&message);
        verify(tree.root(), &message);
        prop_assert_eq!(tree.message_bytes(), message.len());
        prop_assert_eq!(Tree::decode(&tree.encode()), Ok(tree));
    }

    #[test]
    fn random_bytes_have_a_tree(message in proptest::collection::vec(any::<u8>(), 0..300)) {
        verify(Tree::of(&message).root(), &message);
    }

    #[test]
    fn damaged_bytes_are_never_a_panic(message in messages(), at in any::<usize>(), byte in any::<u8>()) {
        let mut stored = Tree::of(&message).encode();
        let at = at % stored.len();
        stored[at] = byte;
        if let Ok(tree) = Tree::decode(&stored) {
            prop_assert_eq!(Tree::decode(&tree.encode()), Ok(tree));
        }
    }
}
