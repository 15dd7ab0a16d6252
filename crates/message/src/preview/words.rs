//! From a part's text to the words of its preview: what others wrote is left out, white space folded.

use super::PREVIEW_CHARS_MAX;

/// The preview of a text: its own words, or all if there are none.
pub(super) fn preview_of(text: &str) -> String {
    let own = folded(&own_lines(text));
    if own.is_empty() { folded(&text.lines().map(unquoted).collect::<Vec<_>>()) } else { own }
}

/// The lines that were neither quoted nor are a signature.
fn own_lines(text: &str) -> Vec<&str> {
    let mut own: Vec<&str> = Vec::new();
    for line in text.lines() {
        if ends_own_words(line) {
            break;
        }
        if !is_quoted(line) {
            own.push(line);
        } else if let Some(at) = own.iter().rposition(|line| !line.trim().is_empty()) {
            // "On Monday Ann wrote:" belongs to the quotation that it introduces.
            let is_introduction = own.get(at).is_some_and(|line| line.trim_end().ends_with(':'));
            own.truncate(if is_introduction { at } else { at + 1 });
        }
    }
    own
}

fn is_quoted(line: &str) -> bool {
    line.starts_with('>')
}

fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' '])
}

/// Whether a signature (RFC 3676 §4.3) or the original message, as Outlook quotes it, begins here.
fn ends_own_words(line: &str) -> bool {
    /// The shortest line of underscores that Outlook draws.
    const RULE_BYTES_MIN: usize = 20;
    let trimmed = line.trim();
    let is_rule = trimmed.len() >= RULE_BYTES_MIN && trimmed.bytes().all(|b| b == b'_');
    line == "-- " || line == "--" || trimmed.eq_ignore_ascii_case("-----Original Message-----") || is_rule
}

/// The words with one space between them, as many as a preview has room for.
fn folded(lines: &[&str]) -> String {
    let mut out = String::new();
    let mut room = PREVIEW_CHARS_MAX;
    let is_gap = |c: char| c.is_whitespace() || c.is_control();
    for word in lines.iter().flat_map(|line| line.split(is_gap)) {
        // Newsletters pad their beginning with characters that show nothing.
        if word.chars().all(|c| is_invisible(c) || is_joiner(c)) {
            continue;
        }
        if !out.is_empty() {
            if room <= 1 {
                break;
            }
            out.push(' ');
            room -= 1;
        }
        let visible = word.chars().filter(|&c| !is_invisible(c)).take(room);
        visible.for_each(|c| {
            out.push(c);
            room -= 1;
        });
    }
    out
}

/// Characters that show nothing, or that turn the text around them (which may end before their end).
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// Characters that matter between others only, as in some emoji and in Persian.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_and_signatures_are_left_out() {
        for (text, expected) in [
            ("Yes.\n\nOn Monday, Ann wrote:\n> Will you come?\n> Ann\n\nSee you.", "Yes. See you."),
            ("On Monday, Ann wrote:\n\n> Will you come?\nYes.\n-- \nBob\n+1 555", "Yes."),
            ("Sure\n-----Original Message-----\nFrom: Ann", "Sure"),
            ("Sure\n________________________________\nFrom: Ann", "Sure"),
            ("a -- b\n--x", "a -- b --x"),
        ] {
            assert_eq!(preview_of(text), expected);
        }
    }

    #[test]
    fn of_nothing_but_quotations_they_are_shown() {
        assert_eq!(preview_of("> > one\n> two\n-- \nBob"), "one two -- Bob");
    }

    #[test]
    fn what_shows_nothing_is_left_out() {
        assert_eq!(preview_of("\u{feff}a\u{200b}\u{a0}\u{200c}\u{a0}\u{200c} \u{ad}b\0c\u{202e}"), "a b c");
        assert_eq!(preview_of("👩\u{200d}🌾"), "👩\u{200d}🌾");
        assert_eq!(preview_of("\u{200c} \n\u{ad}"), "");
    }
}
