//! The base subject, by which messages are sorted and threaded (RFC 5256 §2.1).

/// A subject without what replies, forwards and mailing lists add.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseSubject {
    /// What is left.
    pub text: String,
    /// Whether something was taken away that marks a reply or a forwarded message (RFC 5256 §3, THREAD).
    pub is_reply: bool,
}

impl BaseSubject {
    /// Of a subject whose encoded words are decoded.
    #[must_use]
    pub fn of(decoded: &str) -> Self {
        let text = on_one_line(decoded);
        let mut strip = Strip { rest: &text, is_reply: false };
        loop {
            strip.trailers();
            strip.leaders();
            if !strip.forward() {
                return Self { text: strip.rest.to_owned(), is_reply: strip.is_reply };
            }
        }
    }
}

/// Step 1: tabs and continuations become spaces, and several spaces one.
fn on_one_line(decoded: &str) -> String {
    let mut text = String::with_capacity(decoded.len());
    for c in decoded.chars() {
        match c {
            '\t' | '\r' | '\n' | ' ' if text.ends_with(' ') => {}
            '\t' | '\r' | '\n' => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

/// A subject that is being stripped.
struct Strip<'a> {
    rest: &'a str,
    is_reply: bool,
}

impl Strip<'_> {
    /// Step 2: removes every `subj-trailer`.
    fn trailers(&mut self) {
        self.rest = self.rest.trim_end_matches(' ');
        while let Some(shorter) = strip_suffix(self.rest, "(fwd)") {
            self.rest = shorter.trim_end_matches(' ');
            self.is_reply = true;
        }
    }

    /// Steps 3 to 5: removes every `subj-leader`, and each `subj-blob` that does not leave nothing.
    ///
    /// `*subj-blob subj-refwd` needs no look ahead: a blob before a refwd is one that step 4 removes.
    fn leaders(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
        loop {
            let after = if let Some(after) = refwd(self.rest) {
                self.is_reply = true;
                after
            } else if let Some(after) = blob(self.rest).filter(|after| !after.is_empty()) {
                after
            } else {
                return;
            };
            self.rest = after.trim_start_matches(' ');
        }
    }

    /// Step 6: removes `subj-fwd-hdr` and `subj-fwd-trl` around what is left.
    fn forward(&mut self) -> bool {
        let inner = strip_prefix(self.rest, "[fwd:").and_then(|inner| inner.strip_suffix(']'));
        if let Some(inner) = inner {
            (self.rest, self.is_reply) = (inner, true);
        }
        inner.is_some()
    }
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
    use proptest::prelude::*;

    #[test]
    fn what_replies_and_lists_add_is_removed() {
        for (subject, expected, is_reply) in [
            ("hello", "hello", false),
            ("Re: hello", "hello", true),
            ("RE:  FW [x] : Fwd:hello\tworld ", "hello world", true),
            ("[list] Re: [list] hello (fwd) (FWD)", "hello", true),
            ("[list] hello", "hello", false),
            ("re[2]: hello", "hello", true),
            ("[fwd: Re: hello (fwd)]", "hello", true),
            ("[fwd: hello]", "hello", true),
            ("[only]", "[only]", false),
            ("[a] [b]", "[b]", false),
            ("Re:", "", true),
            ("Re: [only]", "[only]", true),
            ("[a] re:", "", true),
            ("[a [b] c", "[a [b] c", false),
            ("Regarding: x", "Regarding: x", false),
            ("hello (fwd) x", "hello (fwd) x", false),
            ("hello(fwd)", "hello", true),
            ("fw : hello", "hello", true),
            ("fwd[x]y: hello", "fwd[x]y: hello", false),
            ("a\u{a0} \u{c} b", "a\u{a0} \u{c} b", false),
            ("", "", false),
            ("(fwd)", "", true),
            ("[fwd:]", "", true),
        ] {
            let base = BaseSubject::of(subject);
            assert_eq!((base.text.as_str(), base.is_reply), (expected, is_reply), "{subject}");
        }
    }

    /// The RFC's steps, each as it is written, over the grammar of its §5 and with nothing joined.
    fn step_by_step(subject: &str) -> String {
        let mut text = subject.replace(['\t', '\r', '\n'], " ");
        while text.contains("  ") {
            text = text.replace("  ", " ");
        }
        loop {
            // (2)
            while let Some(shorter) = text.strip_suffix(' ').or_else(|| strip_suffix(&text, "(fwd)")) {
                text = shorter.to_owned();
            }
            loop {
                // (3)
                if let Some(after) = leader(&text) {
                    text = after.to_owned();
                    continue;
                }
                // (4)
                match blob(&text).filter(|after| !after.is_empty()) {
                    Some(after) => text = after.to_owned(),
                    None => break,
                }
            }
            // (6)
            match strip_prefix(&text, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
                Some(inner) => text = inner.to_owned(),
                None => return text,
            }
        }
    }

    /// `subj-leader = (*subj-blob subj-refwd) / WSP`
    fn leader(text: &str) -> Option<&str> {
        let mut rest = text;
        while let Some(after) = blob(rest) {
            rest = after;
        }
        refwd(rest).or_else(|| text.strip_prefix(' '))
    }

    proptest! {
        #[test]
        fn the_steps_of_the_rfc_lead_to_the_same(
            parts in proptest::collection::vec(proptest::sample::select(vec![
                "re", "Fwd", "fw", ":", " ", "\t", "[", "]", "[fwd:", "(fwd)", "x", "[list]", "\r\n ", "é",
            ]), 0..14),
        ) {
            let subject = parts.concat();
            prop_assert_eq!(BaseSubject::of(&subject).text, step_by_step(&subject), "{}", subject);
        }

        #[test]
        fn a_base_subject_is_its_own(subject in ".{0,40}") {
            let base = BaseSubject::of(&subject).text;
            prop_assert_eq!(BaseSubject::of(&base), BaseSubject { text: base, is_reply: false });
        }
    }
}
