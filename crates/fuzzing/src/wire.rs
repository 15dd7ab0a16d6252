//! Bytes from a client: framing, commands, and the spelling of mailbox names.

use imap_proto::{Dialect, Framer, Limits, Step, mailbox};

/// Limits that short inputs reach.
const SMALL: Limits = Limits {
    line_bytes: 64,
    line_bytes_before_login: 48,
    literal_bytes: 16,
    literal_bytes_before_login: 8,
    command_bytes: 100,
    literals: 2,
    tag_bytes: 8,
    ..Limits::DEFAULT
};

/// The stream is cut the same in whatever pieces it comes. The first byte chooses the size of a piece.
pub(crate) fn framing(data: &[u8]) {
    let Some((&size, stream)) = data.split_first() else { return };
    let piece = usize::from(size % 32) + 1;
    let framer = || {
        let mut framer = Framer::new(if size & 0x80 == 0 { SMALL } else { Limits::DEFAULT });
        if size & 0x40 != 0 {
            framer.set_authenticated();
        }
        framer
    };
    let whole = steps(&mut framer(), &mut std::iter::once(stream));
    let pieces = steps(&mut framer(), &mut stream.chunks(piece));
    assert_eq!(whole, pieces);
}

/// Commands as clients send them after login. The first byte chooses the dialect.
pub(crate) fn commands(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first() else { return };
    let mut framer = Framer::new(Limits::DEFAULT);
    framer.set_authenticated();
    framer.set_dialect(Dialect {
        rev2: choice & 1 != 0,
        utf8_accept: choice & 2 != 0,
        uid_only: choice & 4 != 0,
    });
    steps(&mut framer, &mut [stream, b"\r\n"].into_iter());
}

/// Every step but `NeedMore`, and the bytes of messages, as text.
fn steps(framer: &mut Framer, pieces: &mut dyn Iterator<Item = &[u8]>) -> Vec<String> {
    let (mut input, mut steps, mut message) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            message.extend(framer.take_message_bytes(&mut input));
            let step = framer.next(&mut input);
            match &step {
                Step::NeedMore if framer.message_remaining() > 0 && !input.is_empty() => continue,
                Step::NeedMore => break,
                Step::Append { .. } | Step::Replace { .. } | Step::NextMessage { .. } => {
                    let _go_ahead = framer.accept_message();
                }
                Step::MessageEnd(_) => steps.push(format!("{:?}", std::mem::take(&mut message))),
                Step::Violation { .. } => message.clear(),
                Step::Continue | Step::Command(_) => {}
            }
            steps.push(format!("{step:?}"));
        }
    }
    steps
}

/// A name has one spelling, and each text can be spelt.
pub(crate) fn mailbox_names(data: &[u8]) {
    if let Some(text) = mailbox::decode(data) {
        assert_eq!(mailbox::encode(&text).as_bytes(), data);
        let _ = model::MailboxName::new(&text);
    }
    let text = String::from_utf8_lossy(data);
    assert_eq!(mailbox::decode(mailbox::encode(&text).as_bytes()).as_deref(), Some(&*text));
}
