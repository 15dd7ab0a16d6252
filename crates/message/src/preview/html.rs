//! HTML as plain text, as far as a preview needs it: one pass, no tree, nothing but the text and its lines.
//!
//! What stands in a `blockquote` comes on lines that begin with `>`, as mail quotes it.

use html_escape::decode_html_entities;

/// The longest tag whose quoted attributes are respected; of a longer one the first `>` is the end.
const TAG_BYTES_MAX: usize = 2048;

/// The longest name of a tag that means something here.
const NAME_BYTES_MAX: usize = 10;

/// The text of a piece of HTML. Whatever is not well formed has a text too.
pub(super) fn to_text(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, after) = rest.split_at(at);
        writer.text(text);
        rest = writer.markup(after);
    }
    writer.text(rest);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    quotes: usize,
    /// Whether a line ends before the next text.
    is_line_due: bool,
}

impl Writer {
    fn text(&mut self, text: &str) {
        if text.trim().is_empty() {
            self.out.push_str(if text.is_empty() { "" } else { " " });
            return;
        }
        if std::mem::take(&mut self.is_line_due) || self.out.is_empty() {
            self.out.push_str(if self.quotes > 0 { "\n> " } else { "\n" });
        }
        // A line break in the source is white space and no more.
        let decoded = decode_html_entities(text);
        self.out.extend(decoded.chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
    }

    /// Takes what begins with `<` and gives what follows it.
    fn markup<'h>(&mut self, markup: &'h str) -> &'h str {
        if let Some(comment) = markup.strip_prefix("<!--") {
            return comment.split_once("-->").map_or("", |(_, after)| after);
        }
        let inside = markup.get(1..).unwrap_or_default();
        let is_tag = inside.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        if !is_tag {
            self.text("<");
            return inside;
        }
        let (tag, after) = split_tag(inside);
        let (is_end, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let name_ends = |b: u8| !b.is_ascii_alphanumeric();
        let length = tag.bytes().take(NAME_BYTES_MAX + 1).position(name_ends).unwrap_or(tag.len());
        let name = tag.get(..length).unwrap_or_default().to_ascii_lowercase();
        self.tag(&name, is_end, after)
    }

    /// Takes a tag, and the content of one whose content is not shown; gives what follows.
    fn tag<'h>(&mut self, name: &str, is_end: bool, after: &'h str) -> &'h str {
        match name {
            "style" | "script" | "title" if !is_end => return after_element(after, name),
            "blockquote" => {
                self.is_line_due = true;
                self.quotes = if is_end { self.quotes.saturating_sub(1) } else { self.quotes + 1 };
            }
            "address" | "article" | "br" | "dd" | "div" | "dl" | "dt" | "footer" | "h1" | "h2" | "h3"
            | "h4" | "h5" | "h6" | "header" | "hr" | "li" | "main" | "ol" | "p" | "pre" | "section"
            | "table" | "tr" | "ul" => self.is_line_due = true,
            "td" | "th" | "img" => self.out.push(' '),
            _ => {}
        }
        after
    }
}

/// A tag without its brackets, and what follows it. A `>` between quotes is not its end.
fn split_tag(inside: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, byte) in inside.bytes().enumerate().take(TAG_BYTES_MAX) {
        match (byte, quote) {
            (b'>', None) => {
                return (inside.get(..at).unwrap_or_default(), inside.get(at + 1..).unwrap_or_default());
            }
            (b'"' | b'\'', None) => quote = Some(byte),
            _ if quote == Some(byte) => quote = None,
            _ => {}
        }
    }
    inside.split_once('>').unwrap_or((inside, ""))
}

/// What follows the end tag of an element; nothing if it has none.
fn after_element<'h>(content: &'h str, name: &str) -> &'h str {
    let ends = content.match_indices("</").find(|(at, _)| {
        let found = content.get(at + 2..at + 2 + name.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    let end = ends.and_then(|(at, _)| content.get(at..));
    end.and_then(|end| end.split_once('>')).map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(html: &str) -> String {
        to_text(html).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tags_comments_and_hidden_elements_are_removed() {
        for (html, expected) in [
            ("<!DOCTYPE html><html><head><title>T</title><style>p > a {}</STYLE></head><body>x</body>", "x"),
            ("<p>one</p><p>t<b>w</b>o</p>", "one two"),
            ("<td>one</td><td>two</td>", "one two"),
            ("a<!-- > <b> -->b", "ab"),
            ("<a title=\"x > y\" href='>'>link</a>", "link"),
            ("1 < 2 &amp;&nbsp;3 &gt; 2 &#228;&#x20ac;&copy;", "1 < 2 & 3 > 2 ä€©"),
            ("<script>if (a</b) x</script >y", "y"),
            ("<b", ""),
            ("<style>x", ""),
            ("<!-- x", ""),
            ("a <", "a <"),
        ] {
            assert_eq!(words(html), expected, "{html}");
        }
    }

    #[test]
    fn quotations_begin_with_the_sign_of_mail() {
        let html = "<div>Yes</div><div>Ann wrote:<br></div><blockquote>Will\nyou<br>come?</blockquote><div>Bob</div>";
        assert_eq!(to_text(html), "\nYes\nAnn wrote:\n> Will you\n> come?\nBob");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(html in "[<>/a-c\"'! &;#\\-\n]{0,80}|.{0,40}") {
            let _ = to_text(&html);
        }
    }
}
