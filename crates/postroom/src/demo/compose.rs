//! Writing messages for the sample mailbox: headers, MIME parts, charsets and transfer encodings (RFC 5322, RFC 2045,
//! RFC 2047, RFC 2231).
//!
//! It is no general mail builder: it writes what the samples need, so that clients and searches have something of
//! everything to read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};
use model::InternalDate;

/// Bytes that one line of base64 encodes (RFC 2045 §6.8: 76 characters).
const BASE64_LINE_BYTES: usize = 57;
/// The longest line of quoted-printable (RFC 2045 §6.7).
const QUOTED_LINE_MAX: usize = 76;
/// Bytes that one encoded word takes, so that it stays below 75 characters (RFC 2047 §2).
const WORD_BYTES: usize = 36;

/// A name and an address.
pub(super) type Person = (&'static str, &'static str);

/// The charsets that the samples are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    /// Written with the bytes of Windows-1252, which agree wherever a sample has a character.
    Latin1,
    Windows1252,
    Iso2022Jp,
}

impl Charset {
    const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "iso-8859-1",
            Self::Windows1252 => "windows-1252",
            Self::Iso2022Jp => "iso-2022-jp",
        }
    }

    const fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Latin1 | Self::Windows1252 => WINDOWS_1252,
            Self::Iso2022Jp => ISO_2022_JP,
        }
    }

    fn encode(self, text: &str) -> Vec<u8> {
        self.encoding().encode(text).0.into_owned()
    }
}

/// How a part's bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    SevenBit,
    EightBit,
    QuotedPrintable,
    Base64,
}

/// A body, or a part of one.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// `text/SUBTYPE`
    Text { subtype: &'static str, charset: Charset, transfer: Transfer, text: String },
    /// A file with a name.
    Attachment { name: String, content_type: &'static str, bytes: Vec<u8> },
    /// A picture that the HTML beside it refers to.
    Inline { id: String, content_type: &'static str, bytes: Vec<u8> },
    /// An invitation (RFC 5546).
    Invitation { text: String },
    /// A forwarded message as a whole.
    Message(Box<Letter>),
    /// `multipart/SUBTYPE`
    Multipart { subtype: &'static str, parts: Vec<Part> },
}

/// A message before it is written.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) from: Person,
    pub(super) to: Vec<Person>,
    pub(super) cc: Vec<Person>,
    pub(super) subject: String,
    pub(super) charset: Charset,
    pub(super) date: InternalDate,
    pub(super) id: String,
    /// The messages before it in its thread, the first first.
    pub(super) references: Vec<String>,
    /// Further fields, in ASCII.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) body: Part,
}

impl Letter {
    /// The message's bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        field(&mut out, "From", &self.person(self.from));
        field(&mut out, "To", &self.people(&self.to));
        if !self.cc.is_empty() {
            field(&mut out, "Cc", &self.people(&self.cc));
        }
        field(&mut out, "Subject", &self.words(&self.subject));
        field(&mut out, "Date", &date(self.date));
        field(&mut out, "Message-ID", &format!("<{}>", self.id));
        if let Some(last) = self.references.last() {
            field(&mut out, "In-Reply-To", &format!("<{last}>"));
            let all: Vec<String> = self.references.iter().map(|id| format!("<{id}>")).collect();
            field(&mut out, "References", &all.join("\r\n "));
        }
        for (name, value) in &self.fields {
            field(&mut out, name, value);
        }
        field(&mut out, "MIME-Version", "1.0");
        self.body.write(&mut out, &boundary(&self.id));
        out
    }

    fn people(&self, people: &[Person]) -> String {
        let people: Vec<String> = people.iter().map(|&person| self.person(person)).collect();
        people.join(",\r\n ")
    }

    fn person(&self, (name, address): Person) -> String {
        match name {
            "" => address.to_owned(),
            name => format!("{} <{address}>", self.words(name)),
        }
    }

    /// A text in a header field, in encoded words where it is not ASCII (RFC 2047).
    fn words(&self, text: &str) -> String {
        if text.is_ascii() {
            return text.to_owned();
        }
        let mut words = Vec::new();
        let mut piece = String::new();
        for c in text.chars() {
            // In Japanese every piece brings its own shifts, so it is measured as it is written.
            let grown = self.charset.encode(&format!("{piece}{c}")).len();
            if grown > WORD_BYTES {
                words.push(std::mem::take(&mut piece));
            }
            piece.push(c);
        }
        words.push(piece);
        let words: Vec<String> = words.iter().map(|piece| self.word(piece)).collect();
        words.join("\r\n ")
    }

    fn word(&self, piece: &str) -> String {
        format!("=?{}?B?{}?=", self.charset.name(), BASE64.encode(self.charset.encode(piece)))
    }
}

impl Part {
    fn write(&self, out: &mut Vec<u8>, boundary: &str) {
        match self {
            Self::Text { subtype, charset, transfer, text } => {
                field(out, "Content-Type", &format!("text/{subtype}; charset={}", charset.name()));
                encoded(out, &charset.encode(&text.replace('\n', "\r\n")), *transfer);
            }
            Self::Attachment { name, content_type, bytes } => {
                field(out, "Content-Type", content_type);
                field(out, "Content-Disposition", &format!("attachment;\r\n {}", file_name(name)));
                encoded(out, bytes, Transfer::Base64);
            }
            Self::Inline { id, content_type, bytes } => {
                field(out, "Content-Type", content_type);
                field(out, "Content-ID", &format!("<{id}>"));
                field(out, "Content-Disposition", "inline");
                encoded(out, bytes, Transfer::Base64);
            }
            Self::Invitation { text } => {
                field(out, "Content-Type", "text/calendar; charset=utf-8; method=REQUEST");
                encoded(out, text.replace('\n', "\r\n").as_bytes(), Transfer::Base64);
            }
            Self::Message(letter) => {
                field(out, "Content-Type", "message/rfc822");
                field(out, "Content-Disposition", "inline");
                out.extend_from_slice(b"\r\n");
                out.extend_from_slice(&letter.write());
            }
            Self::Multipart { subtype, parts } => {
                field(out, "Content-Type", &format!("multipart/{subtype};\r\n boundary=\"{boundary}\""));
                out.extend_from_slice(b"\r\n");
                for (number, part) in parts.iter().enumerate() {
                    out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                    part.write(out, &format!("{boundary}.{number}"));
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            }
        }
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
}

/// What no line of a sample begins with; a message in a message has an id, and so a boundary, of its own.
fn boundary(id: &str) -> String {
    let unique: String = id.chars().take_while(|c| *c != '@').filter(char::is_ascii_alphanumeric).collect();
    format!("=_{unique}_=")
}

/// The parameter of a file's name (RFC 2231 §4 where it is not ASCII).
fn file_name(name: &str) -> String {
    if name.is_ascii() {
        return format!("filename=\"{name}\"");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let coded = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    format!("filename*=utf-8''{}", name.bytes().map(coded).collect::<String>())
}

/// The rest of a part's header and its body.
fn encoded(out: &mut Vec<u8>, bytes: &[u8], transfer: Transfer) {
    let (name, body) = match transfer {
        Transfer::SevenBit => ("7bit", bytes.to_vec()),
        Transfer::EightBit => ("8bit", bytes.to_vec()),
        Transfer::QuotedPrintable => ("quoted-printable", quoted_printable(bytes)),
        Transfer::Base64 => ("base64", base64_lines(bytes)),
    };
    field(out, "Content-Transfer-Encoding", name);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body);
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    let lines = bytes.chunks(BASE64_LINE_BYTES).map(|line| BASE64.encode(line) + "\r\n");
    lines.collect::<String>().into_bytes()
}

/// RFC 2045 §6.7, for text whose lines end with CRLF.
fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2);
    let mut column = 0;
    for (at, &byte) in text.iter().enumerate() {
        let ends_line = matches!(text.get(at + 1), None | Some(b'\r'));
        let plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && !ends_line);
        if matches!(byte, b'\r' | b'\n') {
            out.push(byte);
            column = 0;
            continue;
        }
        let width = if plain { 1 } else { 3 };
        // The last place of a line is for the `=` that continues it.
        if column + width >= QUOTED_LINE_MAX {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        match plain {
            true => out.push(byte),
            false => out.extend_from_slice(format!("={byte:02X}").as_bytes()),
        }
        column += width;
    }
    out
}

/// RFC 5322 §3.3.
fn date(date: InternalDate) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    let weekday = usize::try_from(date.day().rem_euclid(7)).ok().and_then(|day| DAYS.get(day));
    // `17-Jul-1996 02:44:25 -0700` differs by its dashes only.
    let written = date.to_string();
    let (day, time) = written.trim_start().split_once(' ').unwrap_or_default();
    format!("{}, {} {time}", weekday.unwrap_or(&"Thu"), day.replace('-', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(charset: Charset, subject: &str, body: Part) -> Vec<u8> {
        let letter = Letter {
            from: ("J\u{f6}rg", "joerg@demo.example"),
            to: vec![("", "ada@demo.example")],
            cc: Vec::new(),
            subject: subject.to_owned(),
            charset,
            date: InternalDate::parse("17-Jul-1996 02:44:25 -0700").unwrap(),
            id: "one@demo.example".to_owned(),
            references: Vec::new(),
            fields: Vec::new(),
            body,
        };
        letter.write()
    }

    fn text(charset: Charset, transfer: Transfer, text: &str) -> Part {
        Part::Text { subtype: "plain", charset, transfer, text: text.to_owned() }
    }

    /// The envelope, and the text of the first part, as the server reads them.
    fn read(message: &[u8]) -> (String, message::Digest) {
        let digest = message::Digest::of(message);
        (String::from_utf8_lossy(&digest.envelope).into_owned(), digest)
    }

    #[test]
    fn the_date_is_written_as_the_rfc_has_it() {
        let (_, digest) = read(&letter(Charset::Utf8, "x", text(Charset::Utf8, Transfer::SevenBit, "x\n")));
        assert_eq!(digest.sent.unwrap().to_string(), "17-Jul-1996 02:44:25 -0700");
        assert_eq!(date(digest.sent.unwrap()), "Wed, 17 Jul 1996 02:44:25 -0700");
    }

    #[test]
    fn subjects_of_every_charset_are_read_back() {
        for (charset, subject) in [
            (
                Charset::Utf8,
                "Gr\u{fc}\u{df}e aus K\u{f6}ln, mit einem recht langen Betreff \u{1f4ee} und noch mehr",
            ),
            (Charset::Latin1, "R\u{e9}union d\u{e9}plac\u{e9}e"),
            (
                Charset::Iso2022Jp,
                "\u{4f1a}\u{8b70}\u{306e}\u{304a}\u{77e5}\u{3089}\u{305b}\u{3068}\u{8cc7}\u{6599}\u{306b}\u{3064}\u{3044}\u{3066}",
            ),
        ] {
            let message = letter(charset, subject, text(charset, Transfer::QuotedPrintable, "x\n"));
            let digest = message::Digest::of(&message);
            assert_eq!(digest.thread.base_subject.to_lowercase(), subject.to_lowercase(), "{charset:?}");
            assert!(message.is_ascii());
        }
    }

    #[test]
    fn quoted_printable_keeps_its_lines_short_and_whole() {
        let long = "\u{e4}=".repeat(60) + " \r\nend ";
        let coded = quoted_printable(long.as_bytes());
        let lines: Vec<&str> = std::str::from_utf8(&coded).unwrap().split("\r\n").collect();
        assert!(lines.iter().all(|line| line.len() <= QUOTED_LINE_MAX), "{lines:?}");
        let joined = lines.join("\r\n").replace("=\r\n", "");
        assert!(joined.ends_with("=20\r\nend=20"), "{joined}");
    }

    #[test]
    fn a_message_in_a_message_is_a_part_of_its_own() {
        let inner = Letter {
            from: ("", "ben@demo.example"),
            to: vec![("", "ada@demo.example")],
            cc: Vec::new(),
            subject: "inner".to_owned(),
            charset: Charset::Utf8,
            date: InternalDate::utc(0),
            id: "two@demo.example".to_owned(),
            references: vec!["one@demo.example".to_owned()],
            fields: Vec::new(),
            body: Part::Multipart {
                subtype: "alternative",
                parts: vec![text(Charset::Utf8, Transfer::EightBit, "\u{e4}\n")],
            },
        };
        let parts =
            vec![text(Charset::Utf8, Transfer::SevenBit, "see below\n"), Part::Message(Box::new(inner))];
        let message = letter(Charset::Utf8, "outer", Part::Multipart { subtype: "mixed", parts });
        let (_, digest) = read(&message);
        let structure = String::from_utf8(digest.bodystructure).unwrap().to_ascii_lowercase();
        assert!(
            structure.contains("\"message\" \"rfc822\"") && structure.contains("\"alternative\""),
            "{structure}"
        );
    }

    #[test]
    fn file_names_that_are_not_ascii_are_coded() {
        assert_eq!(file_name("a.pdf"), "filename=\"a.pdf\"");
        assert_eq!(file_name("\u{e4}.pdf"), "filename*=utf-8''%C3%A4.pdf");
    }
}
