//! Random commands, and the messages that they name.

use testkit::dice::Dice;
use testkit::view::View;

/// The most messages that one command names.
const NAMED_MAX: u64 = 8;
/// Flags and keywords that come and go. `\Deleted` comes by [`crate::play`] alone, so that mailboxes do not run empty.
const FLAGS: [&str; 7] = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded", "$Junk", "work"];

/// What is fetched.
const ITEMS: [&str; 10] = [
    "(FLAGS)",
    "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)",
    "(UID BODYSTRUCTURE)",
    "(BODY.PEEK[])",
    "(BODY[TEXT])",
    "(BODY.PEEK[HEADER.FIELDS (From Subject)])",
    "(BODY.PEEK[1]<0.100>)",
    "(BINARY.PEEK[1])",
    "(PREVIEW EMAILID THREADID)",
    "(UID SAVEDATE)",
];

/// What is searched for.
const KEYS: [&str; 12] = [
    "ALL",
    "UNSEEN",
    "FLAGGED NOT ANSWERED",
    "KEYWORD $Forwarded",
    "OR DRAFT DELETED",
    "LARGER 500",
    "SINCE 1-Jan-2020",
    "SUBJECT \"stress\"",
    "BODY \"wombat\"",
    "TEXT \"nowhere to be found\"",
    "FROM \"example\" UNFLAGGED",
    "YOUNGER 3600",
];

/// What searches ask to be told.
const RETURNS: [&str; 5] =
    ["", "RETURN () ", "RETURN (MIN MAX COUNT) ", "RETURN (ALL) ", "RETURN (PARTIAL 1:5) "];

/// Messages of the selected mailbox, as a command names them.
pub(crate) struct Named {
    /// `UID ` or nothing.
    pub(crate) prefix: &'static str,
    pub(crate) set: String,
    /// Those of them that are known.
    pub(crate) uids: Vec<u32>,
}

impl Named {
    /// A few neighbours, by number or by UID; `None` if the mailbox is empty, or too little of it is known.
    pub(crate) fn draw(dice: &mut Dice, view: &View, by_uid: bool) -> Option<Self> {
        let exists = view.messages.len();
        let from = dice.below(exists as u64) as usize;
        let to = (from + 1 + dice.below(NAMED_MAX) as usize).min(exists);
        let uids: Vec<u32> =
            view.messages.get(from..to)?.iter().flatten().map(|message| message.uid).collect();
        if by_uid || dice.coin() {
            let (first, last) = (uids.first()?, uids.last()?);
            let list = || uids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
            let set = if dice.coin() { list() } else { format!("{first}:{last}") };
            return Some(Self { prefix: "UID ", set, uids });
        }
        (from < to).then(|| Self { prefix: "", set: format!("{}:{to}", from + 1), uids })
    }
}

/// How a STORE changes flags.
pub(crate) struct Change {
    /// `+`, `-` or nothing.
    pub(crate) sign: &'static str,
    pub(crate) flags: Vec<&'static str>,
    pub(crate) is_silent: bool,
}

impl Change {
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        let sign = ["+", "-", "+", ""][dice.below(4) as usize];
        let flags = FLAGS.into_iter().filter(|_| dice.one_in(3)).collect();
        Self { sign, flags, is_silent: dice.one_in(3) }
    }

    /// What follows the set in a STORE.
    pub(crate) fn text(&self) -> String {
        let silent = if self.is_silent { ".SILENT" } else { "" };
        format!("{}FLAGS{silent} ({})", self.sign, self.flags.join(" "))
    }

    /// Does to flags what the STORE does.
    pub(crate) fn apply(&self, flags: &mut testkit::view::FlagSet) {
        if self.sign.is_empty() {
            flags.clear();
        }
        for flag in &self.flags {
            match self.sign {
                "-" => drop(flags.remove(*flag)),
                _ => drop(flags.insert((*flag).to_owned())),
            }
        }
    }
}

pub(crate) fn fetch_items(dice: &mut Dice) -> &'static str {
    dice.of(&ITEMS)
}

/// A SEARCH. Message numbers are for those who have them.
pub(crate) fn search(dice: &mut Dice, by_uid: bool) -> String {
    let prefix = if by_uid || dice.coin() { "UID " } else { "" };
    format!("{prefix}SEARCH {}{}", dice.of(&RETURNS), dice.of(&KEYS))
}

/// What is sorted by.
const ORDERS: [&str; 4] =
    ["(ARRIVAL)", "(REVERSE DATE SUBJECT)", "(SIZE FROM)", "(DISPLAYFROM REVERSE ARRIVAL)"];
/// How conversations are found.
const THREADS: [&str; 3] = ["ORDEREDSUBJECT", "REFERENCES", "REFS"];

/// A SORT, a THREAD or a UIDBATCHES.
pub(crate) fn order(dice: &mut Dice, by_uid: bool) -> String {
    let prefix = if by_uid || dice.coin() { "UID " } else { "" };
    let key = dice.of(&KEYS);
    match dice.below(3) {
        0 => format!("{prefix}SORT {}{} UTF-8 {key}", dice.of(&RETURNS), dice.of(&ORDERS)),
        1 => format!("{prefix}THREAD {} UTF-8 {key}", dice.of(&THREADS)),
        _ => "UIDBATCHES 500".to_owned(),
    }
}

/// A SEARCH whose result is kept, and what is then asked of it.
pub(crate) fn save(dice: &mut Dice, by_uid: bool) -> [String; 2] {
    let prefix = if by_uid || dice.coin() { "UID " } else { "" };
    [format!("{prefix}SEARCH RETURN (SAVE) {}", dice.of(&KEYS)), format!("{prefix}FETCH $ (FLAGS)")]
}

/// What follows the mailbox in an APPEND of one message, or of several.
pub(crate) fn messages(dice: &mut Dice) -> Vec<u8> {
    let count = if dice.one_in(8) { 3 } else { 1 };
    let mut bytes = Vec::new();
    for _ in 0..count {
        let flags: Vec<&str> = FLAGS.into_iter().filter(|_| dice.one_in(5)).collect();
        let message = message(dice);
        bytes.extend_from_slice(format!(" ({}) {{{}+}}\r\n", flags.join(" "), message.len()).as_bytes());
        bytes.extend_from_slice(&message);
    }
    bytes
}

/// A message: most are small.
pub(crate) fn message(dice: &mut Dice) -> Vec<u8> {
    let number = dice.number();
    let lines = if dice.one_in(20) { dice.below(1000) } else { dice.below(20) };
    let word = dice.of(&["wombat", "ferret", "Größe", "会议"]);
    let head = format!(
        "From: ada@example.org\r\nTo: team@example.org\r\nSubject: stress {number:x}\r\n\
         Message-ID: <{number:x}@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    );
    [head, format!("A line about the {word} and {number}.\r\n").repeat(1 + lines as usize)]
        .concat()
        .into_bytes()
}
