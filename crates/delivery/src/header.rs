//! One look at a message's header as it comes in: an old Return-Path is taken out (RFC 5321 §4.4), hops are counted
//! (RFC 5321 §6.3), and who it was delivered to before is remembered. The body passes as it is.

/// A message with more Received fields than this is in a loop, unless configured (RFC 5321 §6.3: at least 100).
pub const RECEIVED_MAX_DEFAULT: usize = 100;
/// A line of the header is looked at up to here; what follows belongs to a field's value and passes unseen.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// So many Delivered-To fields are remembered: a message that has more is refused for its Received fields.
const DELIVERED_TO_MAX: usize = 200;

/// Where in the message we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// At the first line, which may be the `From ` line of an mbox.
    First,
    /// Further down in the header.
    Header,
    /// In the rest of a line that is too long to be looked at whole.
    LongLine,
    /// Behind the header.
    Body,
}

/// Looks at a message's header.
#[derive(Debug)]
pub(crate) struct HeaderScan {
    stage: Stage,
    line: Vec<u8>,
    /// Whether the current field is left out.
    dropping: bool,
    received: usize,
    delivered_to: Vec<String>,
}

impl HeaderScan {
    pub(crate) const fn new() -> Self {
        Self { stage: Stage::First, line: Vec::new(), dropping: false, received: 0, delivered_to: Vec::new() }
    }

    /// Takes more of the message, and appends what is kept of it to `out`.
    pub(crate) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while self.stage != Stage::Body && !bytes.is_empty() {
            let end = bytes.iter().position(|&b| b == b'\n').map(|at| at + 1);
            let (piece, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            bytes = rest;
            if self.stage == Stage::LongLine {
                self.keep(piece, out);
                if end.is_some() {
                    self.stage = Stage::Header;
                }
                continue;
            }
            self.line.extend_from_slice(piece);
            if end.is_some() || self.line.len() > LINE_BYTES_MAX {
                self.end_line(end.is_some(), out);
            }
        }
        out.extend_from_slice(bytes);
    }

    /// The message is over, perhaps in the middle of a line.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        if !self.line.is_empty() {
            self.end_line(true, out);
        }
    }

    /// How many servers the message has passed.
    pub(crate) const fn received(&self) -> usize {
        self.received
    }

    /// Whether it was delivered to that address before.
    pub(crate) fn was_delivered_to(&self, address: &str) -> bool {
        self.delivered_to.iter().any(|before| before.eq_ignore_ascii_case(address))
    }

    fn end_line(&mut self, is_whole: bool, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        let is_first = self.stage == Stage::First;
        self.stage = if is_whole { Stage::Header } else { Stage::LongLine };
        if matches!(line.as_slice(), b"\r\n" | b"\n") {
            self.stage = Stage::Body;
            self.dropping = false;
        } else if is_first && line.starts_with(b"From ") {
            return;
        } else if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            self.field(&line);
        }
        self.keep(&line, out);
    }

    /// A field begins with this line.
    fn field(&mut self, line: &[u8]) {
        self.dropping = false;
        let Some(colon) = line.iter().position(|&b| b == b':') else {
            // No field: what is left of the message is its body, whatever it looks like.
            self.stage = Stage::Body;
            return;
        };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        if name.eq_ignore_ascii_case(b"return-path") {
            self.dropping = true;
        } else if name.eq_ignore_ascii_case(b"received") {
            self.received += 1;
        } else if name.eq_ignore_ascii_case(b"delivered-to") && self.delivered_to.len() < DELIVERED_TO_MAX {
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            self.delivered_to.push(String::from_utf8_lossy(value).into_owned());
        }
    }

    fn keep(&self, line: &[u8], out: &mut Vec<u8>) {
        if !self.dropping {
            out.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scanned(message: &[u8], pieces: usize) -> (HeaderScan, String) {
        let (mut scan, mut out) = (HeaderScan::new(), Vec::new());
        for piece in message.chunks(pieces.max(1)) {
            scan.push(piece, &mut out);
        }
        scan.end(&mut out);
        (scan, String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn an_old_return_path_is_taken_out_with_its_folds_and_nothing_else() {
        let message = b"From ada Mon Nov 23\r\nreturn-PATH : <a@b>\r\n\t(folded)\r\nSubject: x\r\n y\r\n\r\nReturn-Path: <in the body>\r\n";
        for pieces in [1, 7, 1000] {
            let (_, kept) = scanned(message, pieces);
            assert_eq!(kept, "Subject: x\r\n y\r\n\r\nReturn-Path: <in the body>\r\n");
        }
    }

    #[test]
    fn hops_and_deliveries_are_counted_in_the_header_alone() {
        let message =
            b"Received: a\r\nReceived: b\r\n c\r\nDelivered-To:  Ada@Example.org \r\n\r\nReceived: d\r\n";
        let (scan, kept) = scanned(message, 5);
        assert_eq!(scan.received(), 2);
        assert!(scan.was_delivered_to("ada@example.org") && !scan.was_delivered_to("ben@example.org"));
        assert_eq!(kept.as_bytes(), message);
    }

    #[test]
    fn what_is_no_header_and_what_has_no_end_is_kept() {
        for message in
            ["no field here\r\nReturn-Path: x\r\n", "\r\nbody", "Subject: no end", "", "Return-Path: x"]
        {
            let (_, kept) = scanned(message.as_bytes(), 3);
            let expected = if message == "Return-Path: x" { "" } else { message };
            assert_eq!(kept, expected);
        }
        let long = format!("X-Long: {}\r\nReturn-Path: x\r\nA: b\r\n\r\n", "y".repeat(3 * LINE_BYTES_MAX));
        let (_, kept) = scanned(long.as_bytes(), 1000);
        assert_eq!(kept, long.replace("Return-Path: x\r\n", ""));
    }

    proptest! {
        #[test]
        fn how_the_message_is_cut_makes_no_difference(message in "(([A-Z-]{1,3}|Return-Path|Received): [a-z]{0,9}(\r\n [a-z]{1,3})?\r\n){0,6}\r\n[a-z\r\n:]{0,40}", pieces in 1..20usize) {
            let (whole, kept) = scanned(message.as_bytes(), 1000);
            let (cut, kept_of_cut) = scanned(message.as_bytes(), pieces);
            prop_assert_eq!(whole.received(), cut.received());
            prop_assert_eq!(kept, kept_of_cut);
        }
    }
}
