//! The bodies of the samples.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::InternalDate;

use crate::demo::compose::{Charset, Part, Person, Transfer};

/// A grey dot, as PNG.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

pub(super) fn text(charset: Charset, transfer: Transfer, text: &str) -> Part {
    Part::Text { subtype: "plain", charset, transfer, text: text.to_owned() }
}

/// Plain text in ASCII.
pub(super) fn plain(body: &str) -> Part {
    text(Charset::Utf8, Transfer::SevenBit, body)
}

fn html(text: &str) -> Part {
    let (charset, transfer) = (Charset::Utf8, Transfer::QuotedPrintable);
    Part::Text { subtype: "html", charset, transfer, text: text.to_owned() }
}

/// A text as a page: its paragraphs under a heading.
pub(super) fn html_of(heading: &str, text: &str) -> String {
    let paragraphs: String = text.trim().split("\n\n").map(|p| format!("<p>{p}</p>\n")).collect();
    format!("<!DOCTYPE html>\n<html>\n<body>\n<h1>{heading}</h1>\n{paragraphs}</body>\n</html>\n")
}

pub(super) fn alternative(plain: &str, page: &str) -> Part {
    let plain = text(Charset::Utf8, Transfer::QuotedPrintable, plain);
    Part::Multipart { subtype: "alternative", parts: vec![plain, html(page)] }
}

pub(super) fn mixed(parts: Vec<Part>) -> Part {
    Part::Multipart { subtype: "mixed", parts }
}

pub(super) fn attachment(name: &str, content_type: &'static str, bytes: Vec<u8>) -> Part {
    Part::Attachment { name: name.to_owned(), content_type, bytes }
}

/// A page with a picture in it (RFC 2387).
pub(super) fn with_picture() -> Part {
    let page = "<!DOCTYPE html>\n<html><body><p>A rare one:</p><img src=\"cid:stamp@press.example\"></body></html>\n";
    let bytes = BASE64.decode(PNG).unwrap_or_default();
    let picture = Part::Inline { id: "stamp@press.example".to_owned(), content_type: "image/png", bytes };
    Part::Multipart { subtype: "related", parts: vec![html(page), picture] }
}

/// What an answer quotes.
pub(super) fn reply(author: Person, body: &str) -> String {
    let quoted: String = body.lines().map(|line| format!("> {line}\n")).collect();
    format!("\n{} wrote:\n{quoted}", author.0)
}

/// A request to meet for an hour (RFC 5545, RFC 5546).
pub(super) fn invitation(from: Person, to: Person, at: InternalDate) -> Part {
    let stamp = |seconds| {
        let (year, month, day) = InternalDate::utc(seconds).ymd();
        format!("{year:04}{month:02}{day:02}T100000Z")
    };
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//demo.example//planning//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\n\
         UID:planning-1@demo.example\nDTSTAMP:{}\nDTSTART:{}\nDURATION:PT1H\nSUMMARY:Planning\n\
         ORGANIZER:mailto:{}\nATTENDEE;RSVP=TRUE:mailto:{}\nEND:VEVENT\nEND:VCALENDAR\n",
        stamp(at.seconds),
        stamp(at.seconds),
        from.1,
        to.1
    );
    let note = plain("Shall we plan the next weeks together?\n");
    Part::Multipart { subtype: "alternative", parts: vec![note, Part::Invitation { text }] }
}

/// A report that a message could not be delivered (RFC 3462, RFC 3464).
pub(super) fn bounce(to: Person) -> Part {
    let note = plain(&format!("The message of {} to nobody@press.example could not be delivered.\n", to.1));
    let status = Part::Text {
        subtype: "rfc822-headers",
        charset: Charset::Utf8,
        transfer: Transfer::SevenBit,
        text: format!("From: {}\nTo: nobody@press.example\nSubject: Hello\n", to.1),
    };
    Part::Multipart { subtype: "report", parts: vec![note, status] }
}

/// A page with one line on it, as PDF.
pub(super) fn pdf(line: &str) -> Vec<u8> {
    let stream = format!("BT /F1 24 Tf 72 720 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(out.len());
        out += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    let table = out.len();
    let size = objects.len() + 1;
    out += &format!("xref\n0 {size}\n0000000000 65535 f \n");
    out += &offsets.iter().map(|offset| format!("{offset:010} 00000 n \n")).collect::<String>();
    out += &format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    out.into_bytes()
}
