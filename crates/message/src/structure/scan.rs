//! Finds the tree of a message in one pass over its lines.
//!
//! Nothing recurses: the multiparts and messages that are open stand on a stack of bounded depth, and
//! every line is compared with their boundaries once.

use super::{Kind, Nesting, Part, Tree};
use crate::decode::TransferEncoding;
use crate::header::{is_blank_line, line_end};
use crate::mime::{self, ContentType, PartHeader};

/// The longest boundary that is looked for. RFC 2046 §5.1.1 allows 70 bytes.
const BOUNDARY_BYTES_MAX: usize = 512;

/// A part whose end has not been found yet.
struct Open {
    /// Its place among the parts.
    at: usize,
    /// What separates its parts; none if it is no multipart, or after its closing delimiter.
    boundary: Option<Vec<u8>>,
    is_digest: bool,
    /// How many line ends came before its body.
    lines_before: usize,
}

/// A line that ends the parts above a multipart.
struct Delimiter {
    /// The multipart's place on the stack.
    level: usize,
    is_closing: bool,
    /// Where the line begins.
    start: usize,
    /// Where the line that follows begins.
    end: usize,
}

struct Scan<'m> {
    message: &'m [u8],
    nesting: Nesting,
    parts: Vec<Part>,
    open: Vec<Open>,
    /// How many line ends were passed.
    lines: usize,
}

/// The tree of a message, taken apart no further than this.
pub(super) fn scan(message: &[u8], nesting: Nesting) -> Tree {
    let mut scan = Scan { message, nesting, parts: Vec::new(), open: Vec::new(), lines: 0 };
    let mut delimiter = scan.entity(0);
    while let Some(found) = delimiter {
        delimiter = scan.after(&found);
    }
    scan.close(0, message.len(), 0);
    Tree { parts: scan.parts }
}

impl Scan<'_> {
    /// Reads a part, and the messages nested in it, from its header up to the delimiter that ends it.
    fn entity(&mut self, start: usize) -> Option<Delimiter> {
        let mut start = start;
        loop {
            let (body, delimiter) = self.header(start);
            let is_message = self.begin(start, body) == Kind::Message;
            if delimiter.is_some() {
                // The message that would follow is an empty one.
                if is_message {
                    self.begin(body, body);
                }
                return delimiter;
            }
            if !is_message {
                return self.body(body);
            }
            start = body;
        }
    }

    /// Passes over a header; gives the start of the body, and the delimiter if one cut the header short.
    fn header(&mut self, start: usize) -> (usize, Option<Delimiter>) {
        let mut at = start;
        while at < self.message.len() {
            let delimiter = self.delimiter(at);
            if delimiter.is_some() {
                return (at, delimiter);
            }
            let end = line_end(self.message, at);
            let line = self.message.get(at..end).unwrap_or_default();
            self.lines += usize::from(line.ends_with(b"\n"));
            at = end;
            if is_blank_line(line) {
                break;
            }
        }
        (at, None)
    }

    /// Passes over a body up to a delimiter or the end of the message.
    fn body(&mut self, start: usize) -> Option<Delimiter> {
        if let Some(found) = self.delimiter(start) {
            return Some(found);
        }
        let rest = self.message.get(start..).unwrap_or_default();
        if self.open.iter().all(|open| open.boundary.is_none()) {
            self.lines += memchr::memchr_iter(b'\n', rest).count();
            return None;
        }
        for line_break in memchr::memchr_iter(b'\n', rest) {
            self.lines += 1;
            if rest.get(line_break + 1) == Some(&b'-') {
                let found = self.delimiter(start + line_break + 1);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// The delimiter that the line at `start` is (RFC 2046 §5.1.1), if any.
    ///
    /// A boundary matches if the line begins with it, whatever follows. Of several the longest is
    /// meant, since one boundary may begin with another; of equal ones the innermost.
    fn delimiter(&self, start: usize) -> Option<Delimiter> {
        let line = self.message.get(start..)?.strip_prefix(b"--")?;
        let candidates = self.open.iter().enumerate().filter_map(|(level, open)| {
            let boundary = open.boundary.as_deref()?;
            line.starts_with(boundary).then_some((boundary.len(), level))
        });
        let (length, level) = candidates.max()?;
        let is_closing = line.get(length..)?.starts_with(b"--");
        if !is_closing && self.parts.len() >= self.nesting.parts {
            return None;
        }
        Some(Delimiter { level, is_closing, start, end: line_end(self.message, start) })
    }

    /// Goes on behind a delimiter.
    fn after(&mut self, found: &Delimiter) -> Option<Delimiter> {
        // The line break before a delimiter is the delimiter's.
        let before = self.message.get(..found.start).unwrap_or_default();
        let line_break = before.len() - crate::header::without_line_break(before).len();
        self.close(found.level + 1, found.start, line_break);
        if found.end > found.start && self.message.get(found.end - 1) == Some(&b'\n') {
            self.lines += 1;
        }
        if found.is_closing {
            if let Some(multipart) = self.open.last_mut() {
                multipart.boundary = None;
            }
            return self.body(found.end);
        }
        self.entity(found.end)
    }

    /// Puts the part whose header is `start..body` on the stack.
    fn begin(&mut self, start: usize, body: usize) -> Kind {
        let header = self.message.get(start..body).unwrap_or_default();
        let in_digest = self.open.last().is_some_and(|parent| parent.is_digest);
        let (mut kind, boundary, is_digest) = classify(header, in_digest);
        // Room is left for one part below, which both kinds must have.
        if self.open.len() + 1 >= self.nesting.levels || self.parts.len() + 1 >= self.nesting.parts {
            kind = Kind::Leaf;
        }
        let boundary = boundary.filter(|_| kind == Kind::Multipart);
        self.open.push(Open { at: self.parts.len(), boundary, is_digest, lines_before: self.lines });
        self.parts.push(Part { header: start..body, body: body..body, lines: 0, kind, below: 0 });
        kind
    }

    /// Ends all parts on the stack from `level` up: their bodies end `line_break` bytes before `end`.
    fn close(&mut self, level: usize, end: usize, line_break: usize) {
        let mut line_break = line_break;
        while self.open.len() > level {
            let Some(open) = self.open.pop() else { return };
            let below = self.parts.len() - open.at - 1;
            let Some(part) = self.parts.get_mut(open.at) else { return };
            // A line break that ends a header stays with it, and thereby with all parts around it.
            if part.body.start + line_break > end {
                line_break = 0;
            }
            part.body.end = end - line_break;
            part.lines = self.lines - open.lines_before - usize::from(line_break > 0);
            part.below = below;
            if part.kind == Kind::Multipart && below == 0 {
                self.add_only_part(open.at);
            }
        }
    }

    /// Gives a multipart without parts its whole body as the one part it must have.
    ///
    /// IMAP cannot describe a multipart without parts (RFC 3501 §9, body-type-mpart), and so a reader
    /// at least sees the text.
    fn add_only_part(&mut self, at: usize) {
        let Some(part) = self.parts.get_mut(at) else { return };
        part.below = 1;
        let start = part.body.start;
        let only = Part { header: start..start, kind: Kind::Leaf, below: 0, ..part.clone() };
        self.parts.push(only);
    }
}

/// Whether a message within can be looked into. Only `message/global` may come in base64 or quoted-printable (RFC 6532
/// §3.7; RFC 2046 §5.2.1 forbids it for `message/rfc822`); what it then holds is no header on the wire.
fn is_message_readable(found: &ContentType, header: &[u8]) -> bool {
    let is_plain = |name: Vec<u8>| TransferEncoding::known(&name) == Some(TransferEncoding::Identity);
    found.is("message", "rfc822") || PartHeader::parse(header).encoding.is_none_or(is_plain)
}

/// What a part is by its header: its kind, its boundary, and whether it is a `multipart/digest`.
fn classify(header: &[u8], in_digest: bool) -> (Kind, Option<Vec<u8>>, bool) {
    let Some(found) = mime::content_type(header) else {
        // RFC 2046 §5.1.5: the default in a digest is message/rfc822, elsewhere text/plain.
        return (if in_digest { Kind::Message } else { Kind::Leaf }, None, false);
    };
    if found.is_message() {
        return (if is_message_readable(&found, header) { Kind::Message } else { Kind::Leaf }, None, false);
    }
    if !found.is_main("multipart") {
        return (Kind::Leaf, None, false);
    }
    let usable = |b: &&[u8]| !b.is_empty() && b.len() <= BOUNDARY_BYTES_MAX;
    let boundary = found.parameter("boundary").map(<[u8]>::trim_ascii_end).filter(usable);
    (Kind::Multipart, boundary.map(<[u8]>::to_vec), found.is("multipart", "digest"))
}
