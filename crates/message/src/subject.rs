//! The base subject, by which messages are sorted and threaded (RFC 5256 §2.1).

/// The base subject of a decoded Subject.
pub(crate) fn base(decoded: &str) -> String {
    // Step 1: white space becomes one space.
    let text = decoded.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = text.as_str();
    loop {
        rest = without_leaders(without_trailers(rest));
        // Step 6: "[fwd:" and "]" around what is left.
        match strip_prefix(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => rest = inner,
            None => return rest.to_owned(),
        }
    }
}

/// Step 2: removes every `subj-trailer`.
fn without_trailers(text: &str) -> &str {
    let mut rest = text.trim_end_matches(' ');
    while let Some(shorter) = strip_suffix(rest, "(fwd)") {
        rest = shorter.trim_end_matches(' ');
    }
    rest
}

/// Steps 3 to 5: removes every `subj-leader`, and each `subj-blob` that does not leave nothing.
fn without_leaders(text: &str) -> &str {
    let mut rest = text.trim_start_matches(' ');
    // `*subj-blob subj-refwd` needs no look ahead: a blob before a refwd is one that step 4 removes.
    while let Some(after) = refwd(rest).or_else(|| blob(rest).filter(|after| !after.is_empty())) {
        rest = after.trim_start_matches(' ');
    }
    rest
}

/// What follows a `subj-refwd`.
fn refwd(text: &str) -> Option<&str> {
    let after = ["re", "fwd", "fw"].iter().find_map(|word| strip_prefix(text, word))?;
    let after = after.trim_start_matches(' ');
    blob(after).unwrap_or(after).strip_prefix(':')
}

/// What follows a `subj-blob`.
fn blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    Some(inner.get(end..)?.strip_prefix(']')?.trim_start_matches(' '))
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_replies_and_lists_add_is_removed() {
        for (subject, expected) in [
            ("Re: hello", "hello"),
            ("RE:  FW [x] : Fwd:hello\tworld ", "hello world"),
            ("[list] Re: [list] hello (fwd) (FWD)", "hello"),
            ("re[2]: hello", "hello"),
            ("[fwd: Re: hello (fwd)]", "hello"),
            ("[only]", "[only]"),
            ("[a] [b]", "[b]"),
            ("Re:", ""),
            ("Re: [only]", "[only]"),
            ("[a [b] c", "[a [b] c"),
            ("Regarding: x", "Regarding: x"),
            ("", ""),
            ("(fwd)", ""),
        ] {
            assert_eq!(base(subject), expected, "{subject}");
        }
    }
}
