//! Writes the tables into a page of the documentation, between two marks, with all that a reader has to know of them.

use std::fs;
use std::io;

use crate::machine;
use crate::{Arguments, workload::Sizes};

/// The line before the tables.
const BEGIN: &str = "<!-- bench/run: begin -->";

/// The line after them.
const END: &str = "<!-- bench/run: end -->";

/// Prints the tables, and puts them into the page if there is one.
pub(crate) fn write(arguments: &Arguments, versions: &[String], load: &str, tables: &str) -> io::Result<()> {
    let text = format!("{}\n{tables}", heading(arguments, versions, load));
    println!("{text}");
    let Some(page) = arguments.page.as_ref().filter(|_| !arguments.print) else { return Ok(()) };
    let old = fs::read_to_string(page)?;
    let new = replaced(&old, &text)
        .ok_or_else(|| io::Error::other(format!("{} has no lines {BEGIN} and {END}", page.display())))?;
    fs::write(page, new)
}

fn heading(arguments: &Arguments, versions: &[String], load: &str) -> String {
    let Sizes { messages, users, small, append_bytes, seconds, bulk, .. } = &arguments.sizes;
    let remark = arguments.remark.as_ref().map(|remark| format!(" {remark}")).unwrap_or_default();
    format!(
        "{}, commit {}; {}; load average at the start {load}.{remark}\n\n{}. Medians of {} rounds, in brackets the least and \
         the most. A mailbox of {messages} messages (median 15 KB); {users} users with {small} messages of {append_bytes} bytes; \
         workloads of {seconds} s; {bulk} messages in what is done to many.\n",
        machine::today(),
        arguments.commit,
        machine::machine(),
        versions.join("; "),
        arguments.rounds,
    )
}

/// The page with other text between the marks.
fn replaced(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(replaced(&page, "new\n").unwrap(), format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(replaced("no marks", "new"), None);
    }
}
