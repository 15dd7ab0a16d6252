//! Writes texts with tables into a page of the documentation, each between two marks of its own, with all that a reader has to know of them.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use crate::machine;
use crate::{Arguments, workload::Sizes};

/// What the marks are named that the comparison stands between.
pub(crate) const COMPARISON: &str = "bench/run";

/// The same for the table of what operations cost as a mailbox grows.
pub(crate) const GROWTH: &str = "bench/run --curve";

/// Prints a text, and puts it into the page between its marks, if there is a page.
pub(crate) fn write(arguments: &Arguments, mark: &str, text: &str) -> io::Result<()> {
    println!("{text}");
    let Some(page) = arguments.page.as_ref().filter(|_| !arguments.print) else { return Ok(()) };
    let old = fs::read_to_string(page)?;
    let new = replaced(&old, mark, text)
        .ok_or_else(|| io::Error::other(format!("{} has no marks of {mark}", page.display())))?;
    fs::write(page, new)
}

/// What a reader of the comparison has to know beforehand.
pub(crate) fn heading(arguments: &Arguments, versions: &BTreeSet<&str>, load: &str) -> String {
    let Sizes { messages, users, small, append_bytes, seconds, bulk, .. } = &arguments.sizes;
    let long = arguments.rounds_long.unwrap_or(arguments.rounds);
    format!(
        "{}\n\nMedians of {} rounds ({long} of those that take long: index, search, idle and mixed traffic), in brackets the least \
         and the most. A mailbox of {messages} messages (median 15 KB); {users} users with {small} messages of {append_bytes} bytes; \
         workloads of {seconds} s; {bulk} messages in what is done to many. Postroom and Cyrus sync what they write before they \
         answer; Dovecot does so (`mail_fsync=always`) while it is filled and in what is about writing: STORE, COPY, MOVE, EXPUNGE, \
         APPEND, LMTP and mixed traffic; in all else it has its default (`mail_fsync=optimized`).\n",
        origin(arguments, versions, load),
        arguments.rounds,
    )
}

/// When, of what, and where something was measured.
pub(crate) fn origin(arguments: &Arguments, versions: &BTreeSet<&str>, load: &str) -> String {
    let remark = arguments.remark.as_ref().map(|remark| format!(" {remark}")).unwrap_or_default();
    format!(
        "{}, commit {}; {}; load average at the start {load}.{remark}\n\n{}.",
        machine::today(),
        arguments.commit,
        machine::machine(),
        versions.iter().copied().collect::<Vec<_>>().join("; "),
    )
}

/// The page with other text between the marks.
fn replaced(page: &str, mark: &str, text: &str) -> Option<String> {
    let [begin, end] = ["begin", "end"].map(|side| format!("<!-- {mark}: {side} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = |text| format!("a\n<!-- x: begin -->\n{text}\n<!-- x: end -->\nb\n");
        assert_eq!(replaced(&page("old"), "x", "new\n").unwrap(), page("\nnew\n"));
        assert_eq!(replaced("no marks", "x", "new"), None);
    }
}
