//! Bytes of a message: its parts, its texts, and what is said of it.

use std::ops::ControlFlow;

use message::charset::Charset;
use message::text::{Needle, Piece, Scope, contains, header_contains, visit};
use message::{
    BinaryPlace, ContentType, Digest, Kind, Node, PREVIEW_CHARS_MAX, Section, SectionText, Thread, Tree,
    decode, fold,
};
use model::InternalDate;

/// Everything that is stored of a message.
pub(crate) fn message(data: &[u8]) {
    let digest = Digest::of(data);
    assert_eq!(digest.tree.message_bytes(), data.len());
    assert_eq!(Tree::decode(&digest.tree.encode()).as_ref(), Ok(&digest.tree));
    verify(digest.tree.root(), data);
    for wire in [&digest.envelope, &digest.body, &digest.bodystructure] {
        assert!(is_one_list(wire), "{}", String::from_utf8_lossy(wire));
    }
    let header = data.get(..digest.header_bytes).unwrap();
    assert_eq!(Thread::of(header), digest.thread);
    // An id that was normalised stays as it is, or it would not be found again.
    for id in digest.thread.ids() {
        assert!(id.starts_with('<') && id.ends_with('>'), "{id}");
    }
}

fn verify(node: Node<'_>, message: &[u8]) {
    let body = node.body();
    assert_eq!(node.header().end, body.start);
    let lines = message.get(body.clone()).unwrap().iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(node.lines(), lines);
    let mut from = body.start;
    for child in node.children() {
        assert!(child.header().start >= from && child.body().end <= body.end);
        from = child.body().end;
        verify(child, message);
    }
    assert_eq!(node.kind() == Kind::Leaf, node.children().next().is_none());
}

/// Whether the bytes are one parenthesised list, with strings and literals well formed (RFC 3501 §9).
fn is_one_list(wire: &[u8]) -> bool {
    let (mut rest, mut depth) = (wire, 0usize);
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'(' => {
                depth += 1;
                after
            }
            b')' if depth == 1 => return after.is_empty(),
            b')' => {
                depth -= 1;
                after
            }
            b'"' => after_quoted(after),
            b'{' => after_literal(after),
            _ => {
                assert!(byte.is_ascii_alphanumeric() || byte == b' ');
                after
            }
        };
    }
    false
}

fn after_quoted(text: &[u8]) -> &[u8] {
    let mut at = 0;
    while text[at] != b'"' {
        assert!(text[at].is_ascii() && !matches!(text[at], b'\r' | b'\n' | 0));
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    &text[at + 1..]
}

fn after_literal(text: &[u8]) -> &[u8] {
    let digits = text.iter().position(|&byte| byte == b'}').unwrap();
    let length: usize = std::str::from_utf8(&text[..digits]).unwrap().parse().unwrap();
    let content = text[digits..].strip_prefix(b"}\r\n").unwrap();
    assert!(!content[..length].contains(&0));
    &content[length..]
}

/// A section of a message: a byte for what, one for how many part numbers, these, two for a stretch, the message.
pub(crate) fn sections(data: &[u8]) {
    let [what, count, rest @ ..] = data else { return };
    let Some((path, rest)) = rest.split_at_checked(usize::from(count % 4)) else { return };
    let [offset, length, message @ ..] = rest else { return };
    let path: Vec<u32> = path.iter().map(|&number| number.into()).collect();
    let names = || vec!["to".to_owned(), "Content-Type".to_owned()];
    let what = match what % 6 {
        0 => SectionText::All,
        1 => SectionText::Header,
        2 => SectionText::HeaderFields(names()),
        3 => SectionText::HeaderFieldsNot(names()),
        4 => SectionText::Text,
        _ => SectionText::Mime,
    };
    let tree = Tree::of(message);
    if let Some(place) = BinaryPlace::locate(&path, &tree)
        && let Ok(encoded) = place.of(message)
    {
        let whole = encoded.decode();
        assert_eq!(encoded.size(), whole.len());
        let (offset, length) = (usize::from(*offset), usize::from(*length));
        let stretch = whole.iter().copied().skip(offset).take(length).collect::<Vec<_>>();
        assert_eq!(*encoded.decode_part(offset, length), *stretch);
    }
    let section = Section { path, what };
    let located = section.locate(&tree);
    assert_eq!(located.is_some(), section.of(&tree, message).is_some());
    if let Some(range) = located {
        let whole = message.get(range).unwrap();
        let extracted = section.extract(whole);
        assert!(extracted.len() <= whole.len());
        assert!(!section.is_contiguous() || *extracted == *whole);
    }
}

/// A search finds what a plain reading of the text finds. The first byte is the length of the search text.
pub(crate) fn search_text(data: &[u8]) {
    let Some((&length, rest)) = data.split_first() else { return };
    let Some((needle, message)) = rest.split_at_checked(usize::from(length)) else { return };
    for name in Charset::offered() {
        let charset = Charset::named(name.as_bytes()).unwrap();
        assert_eq!(Charset::named(charset.name().as_bytes()), Some(charset));
        let _ = charset.decode(needle);
    }
    let Ok(text) = Charset::UTF_8.decode(needle) else { return };
    let needle = Needle::new(&text);
    let tree = Tree::of(message);
    for scope in [Scope::Body, Scope::Text] {
        let mut texts = vec![String::new()];
        let _ = visit(message, &tree, scope, &mut |piece| {
            match piece {
                Piece::Text(text) => texts.last_mut().unwrap().push_str(text),
                Piece::Break => texts.push(String::new()),
            }
            ControlFlow::Continue(())
        });
        let is_there = needle.is_empty() || texts.iter().any(|found| fold(found).contains(&fold(&text)));
        assert_eq!(contains(message, &tree, scope, &needle), is_there);
    }
    let _ = header_contains(message.get(tree.root().header()).unwrap(), "subject", &needle);
}

/// Encoded words, parameters and transfer encodings.
pub(crate) fn encoded_words(data: &[u8]) {
    let text = decode::encoded_words(data);
    assert!(!data.is_ascii() || data.contains(&b'=') || !text.contains(char::REPLACEMENT_CHARACTER));
    assert!(decode::base64(data).len() <= data.len());
    assert!(decode::quoted_printable(data).len() <= data.len());
    if let Some(found) = ContentType::parse(data) {
        let _ = decode::parameter(&found.parameters, "name");
        let _ = decode::parameter(&found.parameters, "boundary");
    }
}

/// The Date field of a message, and the dates of commands, which are written as they were read.
pub(crate) fn dates(data: &[u8]) {
    let message = [b"Date: ", data].concat();
    if let Some(sent) = Digest::of(&message).sent {
        let _ = (sent.ymd(), sent.day(), sent.to_string());
    }
    if let Ok(date) =
        std::str::from_utf8(data).map_err(drop).and_then(|d| InternalDate::parse(d).map_err(drop))
    {
        assert_eq!(InternalDate::parse(&date.to_string()), Ok(date));
    }
}

/// A message's preview, and that of the same bytes as HTML.
pub(crate) fn preview(data: &[u8]) {
    let html = [b"Content-Type: text/html; charset=utf-8\r\n\r\n", data].concat();
    for message in [data, &html] {
        let preview = message::preview(message, &Tree::of(message));
        assert!(preview.chars().count() <= PREVIEW_CHARS_MAX);
        assert!(!preview.contains(|c: char| c.is_control()));
        assert_eq!(preview.trim(), preview);
    }
}
