//! Flags in the header fields that mail programs add to messages in an mbox.

use message::header::fields;
use model::{Flags, NamedFlags};

use crate::import::add_keyword;

/// What the letters of `Status` and `X-Status` mean.
const LETTERS: [(&str, u8, Flags); 5] = [
    ("Status", b'R', Flags::SEEN),
    ("X-Status", b'A', Flags::ANSWERED),
    ("X-Status", b'F', Flags::FLAGGED),
    ("X-Status", b'D', Flags::DELETED),
    ("X-Status", b'T', Flags::DRAFT),
];
/// What the bits of `X-Mozilla-Status` mean.
const MOZILLA_BITS: [(u32, Flags); 4] =
    [(0x1, Flags::SEEN), (0x2, Flags::ANSWERED), (0x4, Flags::FLAGGED), (0x8, Flags::DELETED)];
const MOZILLA_FORWARDED: u32 = 0x1000;
/// Fields that belong to the file and not to the message, and change when a program opens it.
const LEFT_OUT: [&str; 10] = [
    "Status",
    "X-Status",
    "X-Keywords",
    "X-UID",
    "X-IMAP",
    "X-IMAPbase",
    "Content-Length",
    "X-Mozilla-Status",
    "X-Mozilla-Status2",
    "X-Mozilla-Keys",
];
/// The subject of a message in which programs keep notes to themselves (with a field `X-IMAP`).
const INTERNAL: &[u8] = b"FOLDER INTERNAL DATA";

/// A message's flags, and the message without the fields that told them. `None` for what is no message of anybody.
pub(super) fn take_flags(text: &[u8]) -> Option<(NamedFlags, Vec<u8>)> {
    let mut flags = NamedFlags::default();
    let mut content = Vec::with_capacity(text.len());
    let (mut kept_to, mut is_state, mut is_internal) = (0, false, false);
    for field in fields(text) {
        read_field(&mut flags, &field);
        is_state |= field.is("X-IMAP") || field.is("X-IMAPbase");
        is_internal |= field.is("Subject") && field.value.windows(INTERNAL.len()).any(|w| w == INTERNAL);
        if LEFT_OUT.iter().any(|name| field.is(name)) {
            content.extend_from_slice(text.get(kept_to..field.range.start)?);
            kept_to = field.range.end;
        }
    }
    content.extend_from_slice(text.get(kept_to..)?);
    (!(is_state && is_internal)).then_some((flags, content))
}

fn read_field(flags: &mut NamedFlags, field: &message::header::Field<'_>) {
    for (name, letter, flag) in LETTERS {
        if field.is(name) && field.value.contains(&letter) {
            flags.system = flags.system.with(flag);
        }
    }
    if field.is("X-Keywords") || field.is("X-Mozilla-Keys") {
        for word in String::from_utf8_lossy(field.value).split_ascii_whitespace() {
            add_keyword(flags, word);
        }
    }
    if field.is("X-Mozilla-Status") {
        let text = String::from_utf8_lossy(field.value);
        let bits = u32::from_str_radix(text.trim(), 16).unwrap_or_default();
        for (bit, flag) in MOZILLA_BITS {
            if bits & bit != 0 {
                flags.system = flags.system.with(flag);
            }
        }
        if bits & MOZILLA_FORWARDED != 0 {
            add_keyword(flags, "$Forwarded");
        }
    }
}
