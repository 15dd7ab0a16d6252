//! From the names of other programs' folders to mailbox names.

use model::{InvalidName, MailboxName, SEPARATOR};

/// The mailbox for a folder whose levels have these names; INBOX for none. `into` is put above it, and stands for
/// INBOX itself.
///
/// # Errors
/// The name is longer or deeper than a mailbox name can be.
pub(super) fn mailbox(levels: &[String], into: Option<&MailboxName>) -> Result<MailboxName, InvalidName> {
    let levels: Vec<String> = levels.iter().map(|level| level_name(level)).collect();
    let is_inbox = levels.len() == 1 && levels.iter().all(|level| level.eq_ignore_ascii_case("INBOX"));
    let below = levels.join(&SEPARATOR.to_string());
    match into {
        Some(into) if levels.is_empty() || is_inbox => Ok(into.clone()),
        Some(into) => MailboxName::new(&format!("{into}{SEPARATOR}{below}")),
        None if levels.is_empty() => Ok(MailboxName::inbox()),
        None => MailboxName::new(&below),
    }
}

/// One level, in which what a mailbox name cannot have is replaced by `_`.
fn level_name(raw: &str) -> String {
    let bad = |c: char| c.is_control() || matches!(c, SEPARATOR | '%' | '*' | '\u{2028}' | '\u{2029}');
    let name: String = raw.chars().map(|c| if bad(c) { '_' } else { c }).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// A name in modified UTF-7 (RFC 3501 §5.1.3), as Maildir++ has it; unchanged if it is none.
pub(super) fn from_utf7(name: &str) -> String {
    imap_proto::mailbox::decode(name.as_bytes()).unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(levels: &[&str], into: Option<&str>) -> String {
        let levels: Vec<String> = levels.iter().map(|&l| l.to_owned()).collect();
        let into = into.map(|into| MailboxName::new(into).unwrap());
        mailbox(&levels, into.as_ref()).unwrap().to_string()
    }

    #[test]
    fn modified_utf7_is_read_and_anything_else_left() {
        assert_eq!(from_utf7("Entw&APw-rfe"), "Entw\u{fc}rfe");
        assert_eq!(from_utf7("&ZeVnLIqe-"), "\u{65e5}\u{672c}\u{8a9e}");
        assert_eq!(from_utf7("R&-D"), "R&D");
        assert_eq!(from_utf7("R&D"), "R&D");
        assert_eq!(from_utf7("Entw\u{fc}rfe"), "Entw\u{fc}rfe");
    }

    #[test]
    fn everything_goes_below_the_folder_asked_for() {
        assert_eq!(name(&[], None), "INBOX");
        assert_eq!(name(&["inbox"], None), "INBOX");
        assert_eq!(name(&["Sent", "2024"], None), "Sent/2024");
        assert_eq!(name(&[], Some("Old")), "Old");
        assert_eq!(name(&["INBOX"], Some("Old")), "Old");
        assert_eq!(name(&["Sent", "2024"], Some("Old")), "Old/Sent/2024");
    }

    #[test]
    fn what_a_name_cannot_have_is_replaced() {
        assert_eq!(name(&["50% off*", "a/b", ""], None), "50_ off_/a_b/_");
    }
}
