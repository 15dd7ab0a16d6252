//! BODY and BODYSTRUCTURE as they go on the wire (RFC 3501 §7.4.2, RFC 9051 §7.5.2).
//!
//! Types and parameters are passed through as the message writes them, RFC 2231 forms included.

use crate::envelope::Envelope;
use crate::mime::{ContentType, Disposition, Parameter, PartHeader};
use crate::structure::{Kind, Node, Tree};
use crate::wire::{push_nstring, push_number, push_string};

/// How long a description may become, in bytes, before further parts are described as if their headers were empty.
///
/// It is stored with each message, and would otherwise be as long as the headers of all parts together. A thousand
/// parts that say what ordinary parts do take a quarter of it.
const DETAILED_BYTES_MAX: usize = 1024 * 1024;

/// Which of the two is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// BODY: without extension data.
    Body,
    /// BODYSTRUCTURE.
    Extended,
}

/// Appends the description of a message's body.
pub(crate) fn write(out: &mut Vec<u8>, tree: &Tree, message: &[u8], form: Form) {
    let detailed_until = out.len() + DETAILED_BYTES_MAX;
    Writer { out, message, form, detailed_until }.part(tree.root());
}

struct Writer<'a> {
    out: &'a mut Vec<u8>,
    message: &'a [u8],
    form: Form,
    /// How long the output may be when a header is described.
    detailed_until: usize,
}

impl Writer<'_> {
    /// Describes one part; it nests as deep as the tree does, which is bounded.
    fn part(&mut self, node: Node<'_>) {
        let header = PartHeader::parse(self.described(node));
        self.raw("(");
        if node.kind() == Kind::Multipart {
            self.multipart(node, &header);
        } else {
            self.single(node, &header);
        }
        self.raw(")");
    }

    /// The header of a part, as far as it is described.
    fn described(&self, node: Node<'_>) -> &[u8] {
        let is_detailed = self.out.len() < self.detailed_until;
        self.message.get(node.header()).filter(|_| is_detailed).unwrap_or_default()
    }

    fn multipart(&mut self, node: Node<'_>, header: &PartHeader) {
        for child in node.children() {
            self.part(child);
        }
        let content_type = header.content_type.as_ref();
        self.raw(" ");
        push_string(self.out, content_type.map_or(b"mixed", |found| &found.sub));
        if self.form == Form::Extended {
            self.raw(" ");
            self.parameters(content_type.map_or(&[], |found| &found.parameters));
            self.extension(header);
        }
    }

    fn single(&mut self, node: Node<'_>, header: &PartHeader) {
        let is_text = self.media(node.kind(), header.content_type.as_ref());
        self.raw(" ");
        push_nstring(self.out, header.id.as_deref());
        self.raw(" ");
        push_nstring(self.out, header.description.as_deref());
        self.raw(" ");
        push_string(self.out, header.encoding.as_deref().unwrap_or(b"7BIT"));
        self.raw(" ");
        push_number(self.out, node.body().len());
        if let Some(inner) = node.children().next() {
            self.raw(" ");
            Envelope::parse(self.described(inner)).write(self.out);
            self.raw(" ");
            self.part(inner);
        }
        if is_text || node.kind() == Kind::Message {
            self.raw(" ");
            push_number(self.out, node.lines());
        }
        if self.form == Form::Extended {
            self.raw(" ");
            push_nstring(self.out, header.md5.as_deref());
            self.extension(header);
        }
    }

    /// Writes type, subtype and parameters; tells whether the type is text.
    fn media(&mut self, kind: Kind, content_type: Option<&ContentType>) -> bool {
        match content_type {
            // The default in a digest (RFC 2046 §5.1.5), since the part was read as a message.
            None if kind == Kind::Message => self.raw(r#""MESSAGE" "RFC822" NIL"#),
            None => {
                self.raw(r#""TEXT" "PLAIN" ("CHARSET" "US-ASCII")"#);
                return true;
            }
            // Beyond a limit, or a message in base64: the grammar wants parts that we do not look for. RFC 6532 §3.7 has
            // this type for who does not understand `message/global`.
            Some(found) if kind == Kind::Leaf && has_parts(found) => {
                self.raw(r#""APPLICATION" "OCTET-STREAM" NIL"#);
            }
            Some(found) => {
                push_string(self.out, &found.main);
                self.raw(" ");
                push_string(self.out, &found.sub);
                self.raw(" ");
                // RFC 2045 §5.2: plain text without a charset is US-ASCII. Other kinds of text may name
                // theirs within, as HTML does.
                if found.is("text", "plain") && found.parameter("charset").is_none() {
                    self.parameters(&[&found.parameters[..], &[default_charset()]].concat());
                } else {
                    self.parameters(&found.parameters);
                }
                return found.is_main("text");
            }
        }
        false
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        if parameters.is_empty() {
            self.raw("NIL");
            return;
        }
        for (at, parameter) in parameters.iter().enumerate() {
            self.raw(if at == 0 { "(" } else { " " });
            push_string(self.out, &parameter.name);
            self.raw(" ");
            push_string(self.out, &parameter.value);
        }
        self.raw(")");
    }

    /// Disposition, language and location, which both kinds of parts end with.
    fn extension(&mut self, header: &PartHeader) {
        self.raw(" ");
        self.disposition(header.disposition.as_ref());
        self.raw(" ");
        self.languages(&header.language);
        self.raw(" ");
        push_nstring(self.out, header.location.as_deref());
    }

    fn disposition(&mut self, disposition: Option<&Disposition>) {
        let Some(found) = disposition else { return self.raw("NIL") };
        self.raw("(");
        push_string(self.out, &found.kind);
        self.raw(" ");
        self.parameters(&found.parameters);
        self.raw(")");
    }

    fn languages(&mut self, languages: &[Vec<u8>]) {
        if languages.is_empty() {
            return self.raw("NIL");
        }
        for (at, language) in languages.iter().enumerate() {
            self.raw(if at == 0 { "(" } else { " " });
            push_string(self.out, language);
        }
        self.raw(")");
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

fn default_charset() -> Parameter {
    Parameter { name: b"CHARSET".to_vec(), value: b"US-ASCII".to_vec() }
}

fn has_parts(found: &ContentType) -> bool {
    found.is_main("multipart") || found.is_message()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(message: &[u8], form: Form) -> String {
        let mut out = Vec::new();
        write(&mut out, &Tree::of(message), message, form);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_that_says_nothing_is_plain_text() {
        let message = b"Subject: x\r\n\r\none\r\ntwo\r\n";
        let basic = r#""TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 10 2"#;
        assert_eq!(wire(message, Form::Body), format!("({basic})"));
        assert_eq!(wire(message, Form::Extended), format!("({basic} NIL NIL NIL NIL)"));
    }

    #[test]
    fn plain_text_without_a_charset_is_us_ascii() {
        let flowed = wire(b"Content-Type: text/plain; format=flowed\r\n\r\n", Form::Body);
        assert_eq!(flowed, r#"("text" "plain" ("format" "flowed" "CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0)"#);
        let html = wire(b"Content-Type: text/html\r\n\r\n", Form::Body);
        assert_eq!(html, r#"("text" "html" NIL NIL NIL "7BIT" 0 0)"#);
    }

    #[test]
    fn the_rfcs_multipart_has_the_rfcs_form() {
        // RFC 3501 §7.4.2, with shorter bodies.
        let message = b"Content-Type: MULTIPART/MIXED; boundary=b\r\n\r\n--b\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\nx\r\n\
            --b\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=cc.diff\r\nContent-ID: <960723163407.20117h@cac.washington.edu>\r\n\
            Content-Description: Compiler diff\r\nContent-Transfer-Encoding: BASE64\r\n\r\nYQ==\r\n\r\n--b--\r\n";
        let expected = r#"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1 0)("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 6 1) "MIXED")"#;
        assert_eq!(wire(message, Form::Body), expected);
    }

    #[test]
    fn extension_data_stands_in_its_order() {
        let message = b"Content-Type: image/png; name*0=a; name*1*=utf-8''b\r\nContent-MD5: Q2hlY2s=\r\n\
            Content-Disposition: attachment; filename=\"a b\"\r\nContent-Language: en, de\r\n\
            Content-Location: http://x/\r\nContent-Transfer-Encoding: base64\r\n\r\nAA==\r\n";
        let expected = r#"("image" "png" ("name*0" "a" "name*1*" "utf-8''b") NIL NIL "base64" 6 "Q2hlY2s=" ("attachment" ("filename" "a b")) ("en" "de") "http://x/")"#;
        assert_eq!(wire(message, Form::Extended), expected);
    }

    #[test]
    fn a_message_within_has_envelope_body_and_lines() {
        let message = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n";
        let expected = r#"("message" "rfc822" NIL NIL NIL "7BIT" 18 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3 1) 3)"#;
        assert_eq!(wire(message, Form::Body), expected);
    }

    #[test]
    fn a_message_with_utf8_headers_is_like_any_other_unless_it_is_encoded() {
        let message = b"Content-Type: message/global\r\n\r\nSubject: in\r\n\r\nx\r\n";
        let expected = r#"("message" "global" NIL NIL NIL "7BIT" 18 (NIL "in" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3 1) 3)"#;
        assert_eq!(wire(message, Form::Body), expected);
        let encoded =
            b"Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogaW4NCg0K\r\n";
        assert_eq!(wire(encoded, Form::Body), r#"("APPLICATION" "OCTET-STREAM" NIL NIL NIL "base64" 22)"#);
    }

    #[test]
    fn a_multipart_without_parts_is_still_grammatical() {
        let expected = r#"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3 1 NIL NIL NIL NIL) "mixed" NIL NIL NIL NIL)"#;
        assert_eq!(wire(b"Content-Type: multipart/mixed\r\n\r\nx\r\n", Form::Extended), expected);
    }

    #[test]
    fn details_end_where_they_grow_too_long() {
        let part =
            format!("--a\r\nContent-Type: text/html\r\nContent-Description: {}\r\n\r\n", "x".repeat(50_000));
        let message = format!("Content-Type: multipart/mixed; boundary=a\r\n\r\n{}", part.repeat(100));
        let text = wire(message.as_bytes(), Form::Extended);
        assert!(text.len() < DETAILED_BYTES_MAX + 100_000);
        assert_eq!((text.matches("html").count(), text.matches("PLAIN").count()), (21, 79));
    }

    #[test]
    fn what_lies_beyond_the_depth_limit_is_opaque() {
        let message = "Content-Type: message/rfc822\r\n\r\n".repeat(100);
        let text = wire(message.as_bytes(), Form::Extended);
        assert!(text.contains(r#""APPLICATION" "OCTET-STREAM" NIL"#));
        assert_eq!(text.matches('(').count(), text.matches(')').count());
    }
}
