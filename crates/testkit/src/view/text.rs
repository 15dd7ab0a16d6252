//! The text of responses, as far as a view needs it.

use std::collections::BTreeSet;

use super::FlagSet;

/// A FETCH or UIDFETCH response.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Its message number; UIDFETCH has none.
    pub(super) number: Option<usize>,
    pub(super) uid: Option<u32>,
    pub(super) flags: Option<FlagSet>,
    pub(super) modseq: Option<u64>,
}

/// A response with its literals and quoted strings left out, so that no text in them is taken for protocol.
#[must_use]
pub fn spoken(response: &[u8]) -> String {
    let (mut spoken, mut rest) = (Vec::new(), response);
    while let Some((&first, behind)) = rest.split_first() {
        rest = match first {
            b'"' => behind.get(quoted_end(behind)..).unwrap_or_default(),
            b'{' => behind.get(literal_end(behind)..).unwrap_or_default(),
            _ => {
                spoken.push(first);
                behind
            }
        };
    }
    String::from_utf8_lossy(&spoken).into_owned()
}

/// Where a quoted string ends, from behind its first quote.
fn quoted_end(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map_or(text.len(), |at| at + 1)
}

/// Where a literal ends, from behind its brace; a brace that begins none is passed over alone.
fn literal_end(text: &[u8]) -> usize {
    let size = text.iter().position(|&byte| byte == b'}').and_then(|at| {
        let size: usize = std::str::from_utf8(text.get(..at)?).ok()?.parse().ok()?;
        text.get(at + 1..)?.starts_with(b"\r\n").then_some(at + 3 + size)
    });
    size.unwrap_or(0)
}

pub(super) fn fetched(line: &str) -> Option<Fetched> {
    let (number, rest) = line.strip_prefix("* ")?.split_once(' ')?;
    let number: u32 = number.parse().ok()?;
    let (name, items) = rest.split_once(" (")?;
    let uid = number_behind(items, "UID ").and_then(|uid| u32::try_from(uid).ok());
    let (number, uid) = match name {
        "FETCH" => (usize::try_from(number).ok(), uid),
        "UIDFETCH" => (None, Some(number)),
        _ => return None,
    };
    Some(Fetched { number, uid, flags: flags(items), modseq: number_behind(items, "MODSEQ (") })
}

fn number_behind(items: &str, name: &str) -> Option<u64> {
    let (_, rest) = items.split_once(name)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn flags(items: &str) -> Option<FlagSet> {
    let (list, _) = items.split_once("FLAGS (")?.1.split_once(')')?;
    Some(list.split_ascii_whitespace().filter(|flag| *flag != "\\Recent").map(str::to_owned).collect())
}

/// The UIDs of a set such as `3,7:9`.
pub(super) fn uids(set: &str) -> Option<BTreeSet<u32>> {
    let mut uids = BTreeSet::new();
    for part in set.split(',') {
        let (from, to) = part.split_once(':').unwrap_or((part, part));
        let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
        uids.extend(from.min(to)..=from.max(to));
    }
    Some(uids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_strings_is_not_spoken() {
        let response =
            b"* 1 FETCH (ENVELOPE (\"a \\\" UID 7\" NIL) BODY[] {8}\r\nFLAGS () UID 3 FLAGS (\\Seen))";
        let fetched = fetched(&spoken(response)).unwrap();
        assert_eq!((fetched.number, fetched.uid, fetched.modseq), (Some(1), Some(3), None));
        assert_eq!(fetched.flags.unwrap().into_iter().collect::<Vec<_>>(), ["\\Seen"]);
    }

    #[test]
    fn sets_are_read_in_either_direction() {
        assert_eq!(uids("3,9:7"), Some(BTreeSet::from([3, 7, 8, 9])));
        assert_eq!(uids("3,x"), None);
    }
}
