//! The mail that mailboxes are filled with: the same for every server, made from a number.
//!
//! Sizes are spread as in a real mailbox (median some 15 KB, one of 2,000 between 1 and 10 MB), a third has
//! attachments, a third text and HTML. Some messages hold words that searches look for.

use std::fmt::Write as _;

use fastrand::Rng;

/// Median size of a message, in bytes.
const MEDIAN_BYTES: f64 = 15_000.0;

/// How far sizes spread around the median: the deviation of their natural logarithm.
const SPREAD: f64 = 1.0;

/// One of so many messages is large.
const LARGE_ONE_IN: usize = 2_000;

/// The largest message, in bytes.
const LARGEST: f64 = 10_000_000.0;

/// Different words of a text.
const WORDS: usize = 4_000;

/// A text with its probability, so that a search for it finds about that share of the messages.
pub(crate) const PLANTED: [(&str, f64); 5] = [
    ("meeting", 0.3),
    ("quetzalcoatlus", 0.001),
    ("the quarterly figures of", 0.01),
    ("会议记录", 0.01),
    ("Réévaluation", 0.01),
];

/// Makes messages.
pub(crate) struct Mail {
    words: Vec<String>,
}

impl Mail {
    pub(crate) fn new() -> Self {
        let mut rng = Rng::with_seed(1);
        let syllable = |rng: &mut Rng| {
            let consonant = rng.choice(*b"bcdfghklmnprstvw").map_or('s', char::from);
            let vowel = rng.choice(*b"aeiou").map_or('e', char::from);
            [consonant, vowel]
        };
        let word = |rng: &mut Rng| (0..rng.usize(1..5)).flat_map(|_| syllable(rng)).collect();
        Self { words: (0..WORDS).map(|_| word(&mut rng)).collect() }
    }

    /// The message of a number.
    pub(crate) fn message(&self, number: usize) -> Vec<u8> {
        let mut rng = Rng::with_seed(number as u64 + 1_000);
        let bytes = if number % LARGE_ONE_IN == LARGE_ONE_IN / 2 {
            LARGEST.powf(rng.f64() / 7.0 + 6.0 / 7.0)
        } else {
            // Twelve equal distributions added up are as good as a normal one.
            let normal = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
            (MEDIAN_BYTES * (SPREAD * normal).exp()).min(LARGEST)
        };
        self.of_size(number, bytes as usize, &mut rng)
    }

    /// A message of text alone, of about so many bytes.
    pub(crate) fn note(&self, number: usize, bytes: usize) -> Vec<u8> {
        let mut rng = Rng::with_seed(number as u64);
        let mut text = self.head(number, &mut rng);
        text.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n");
        let left = bytes.saturating_sub(text.len());
        self.text(&mut text, left, &mut rng);
        text.into_bytes()
    }

    fn of_size(&self, number: usize, bytes: usize, rng: &mut Rng) -> Vec<u8> {
        let mut text = self.head(number, rng);
        match rng.usize(0..3) {
            0 if bytes < 200_000 => {
                text.push_str(
                    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
                );
                self.text(&mut text, bytes, rng);
            }
            1 if bytes < 200_000 => {
                text.push_str("Content-Type: multipart/alternative; boundary=alt\r\n\r\n");
                self.alternative(&mut text, "alt", bytes, rng);
            }
            _ => {
                text.push_str("Content-Type: multipart/mixed; boundary=\"=_mix\"\r\n\r\n--=_mix\r\n");
                text.push_str("Content-Type: multipart/alternative; boundary=alt\r\n\r\n");
                self.alternative(&mut text, "alt", (bytes / 4).min(20_000), rng);
                let name = self.word(rng);
                let _ = write!(
                    text,
                    "\r\n--=_mix\r\nContent-Type: application/pdf; name=\"{name}.pdf\"\r\n\
                     Content-Disposition: attachment; filename=\"{name}.pdf\"\r\n\
                     Content-Transfer-Encoding: base64\r\n\r\n"
                );
                attachment(&mut text, bytes * 3 / 4, rng);
                text.push_str("--=_mix--\r\n");
            }
        }
        text.into_bytes()
    }

    fn head(&self, number: usize, rng: &mut Rng) -> String {
        let (from, to) = (self.word(rng), self.word(rng));
        let (subject, other) = (self.word(rng), self.word(rng));
        let (day, hour, minute) = (number / 12 % 28 + 1, rng.u8(0..24), rng.u8(0..60));
        let month = ["Jan", "Mar", "May", "Jul", "Aug", "Oct"].get(number % 6).unwrap_or(&"Dec");
        let parent = number.saturating_sub(rng.usize(1..20));
        format!(
            "Return-Path: <{from}@example.org>\r\n\
             Received: from mx.example.org (mx.example.org [192.0.2.7]) by mail.example.net with ESMTPS id {number:08x};\r\n\
             \t{day} {month} 2025 {hour:02}:{minute:02}:00 +0000\r\n\
             DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=mail; h=from:to:subject; bh={:016x}{:016x}=;\r\n\
             \tb={:016x}{:016x}{:016x}{:016x}\r\n\
             From: {from} {other} <{from}@example.org>\r\nTo: {to} <{to}@example.net>, team@example.net\r\n\
             Subject: Re: {subject} {other} {number}\r\n\
             Date: {day} {month} 2025 {hour:02}:{minute:02}:00 +0000\r\n\
             Message-ID: <{number:016}@example.org>\r\nIn-Reply-To: <{parent:016}@example.org>\r\n\
             References: <{parent:016}@example.org>\r\nList-Id: <{to}.lists.example.org>\r\nMIME-Version: 1.0\r\n",
            rng.u64(..),
            rng.u64(..),
            rng.u64(..),
            rng.u64(..),
            rng.u64(..),
            rng.u64(..)
        )
    }

    fn alternative(&self, text: &mut String, boundary: &str, bytes: usize, rng: &mut Rng) {
        let _ = write!(
            text,
            "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        );
        self.text(text, bytes / 3, rng);
        let _ = write!(
            text,
            "\r\n--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<html><body>\r\n"
        );
        let end = text.len() + bytes * 2 / 3;
        while text.len() < end {
            text.push_str("<p style=\"margin: 0; font-family: sans-serif\">");
            self.line(text, rng);
            text.push_str("</p>\r\n");
        }
        let _ = write!(text, "</body></html>\r\n--{boundary}--\r\n");
    }

    fn text(&self, text: &mut String, bytes: usize, rng: &mut Rng) {
        let end = text.len() + bytes;
        for (planted, share) in PLANTED {
            if rng.f64() < share {
                self.line(text, rng);
                let _ = write!(text, " {planted} ");
                self.line(text, rng);
                text.push_str("\r\n");
            }
        }
        while text.len() < end {
            self.line(text, rng);
            text.push_str("\r\n");
        }
    }

    fn line(&self, text: &mut String, rng: &mut Rng) {
        for _ in 0..8 {
            text.push_str(self.word(rng));
            text.push(' ');
        }
    }

    /// Some words are far more frequent than others.
    fn word(&self, rng: &mut Rng) -> &str {
        let at = (rng.f64().powi(3) * self.words.len() as f64) as usize;
        self.words.get(at).map_or("word", String::as_str)
    }
}

/// Lines of base64 of random bytes.
fn attachment(text: &mut String, bytes: usize, rng: &mut Rng) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let end = text.len() + bytes;
    while text.len() < end {
        for _ in 0..8 {
            let mut bits = rng.u64(..);
            for _ in 0..9 {
                text.push(ALPHABET.get(bits as usize & 63).map_or('A', |byte| char::from(*byte)));
                bits >>= 6;
            }
        }
        text.push_str("\r\n");
    }
}

/// Messages for APPEND and LMTP, made in advance, so that making them is no part of what is measured.
pub(crate) struct Notes {
    notes: Vec<Vec<u8>>,
}

impl Notes {
    /// Some messages of about so many bytes.
    pub(crate) fn new(mail: &Mail, bytes: usize) -> Self {
        Self { notes: (0..256).map(|number| mail.note(number, bytes)).collect() }
    }

    /// One that is equal to no other: its Message-ID holds the number.
    pub(crate) fn stamped(&self, number: usize) -> Vec<u8> {
        const FIELD: &[u8] = b"Message-ID: <";
        let mut note = self.notes.get(number % self.notes.len().max(1)).cloned().unwrap_or_default();
        let at = memchr::memmem::find(&note, FIELD).map_or(0, |at| at + FIELD.len());
        for (to, from) in note.iter_mut().skip(at).zip(format!("{number:016}").bytes()) {
            *to = from;
        }
        note
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_always_the_same_and_differs_from_the_others() {
        let mail = Mail::new();
        assert_eq!(mail.message(7), Mail::new().message(7));
        assert_ne!(mail.message(7), mail.message(8));
    }

    #[test]
    fn the_median_is_about_15_kb_and_there_are_large_ones() {
        let mail = Mail::new();
        let mut sizes: Vec<usize> = (0..1_200).map(|number| mail.message(number).len()).collect();
        sizes.sort_unstable();
        assert!((10_000..22_000).contains(&sizes[600]), "{}", sizes[600]);
        assert!((900_000..11_000_000).contains(&sizes[1_199]), "{}", sizes[1_199]);
    }

    #[test]
    fn a_stamped_note_has_its_number() {
        let notes = Notes::new(&Mail::new(), 2_000);
        let text = String::from_utf8(notes.stamped(1_234_567)).unwrap();
        assert!(text.contains("Message-ID: <0000000001234567@example.org>"));
    }
}
