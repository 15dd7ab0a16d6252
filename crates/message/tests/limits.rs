//! What a message has beyond the limits of what is taken apart (`docs/limits.md`): answers leave it out, and it is still
//! found as text. `hostile.rs` asks far larger messages everything, in constant memory.

use message::text::{Needle, header_contains};
use message::{Digest, Kind};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_lies_beyond_a_headers_limit_is_no_part_of_the_envelope_and_is_still_found() {
    let filled = |bytes: usize| {
        let name = "X-Long: ";
        format!(
            "{name}{}\r\nSubject: late\r\nDate: 1 Jan 2024 10:00 +0000\r\n\r\nx",
            "y".repeat(bytes - name.len() - 2)
        )
    };
    // The two fields have room at the end of what is considered, and then have not.
    let (within, beyond) = (filled((256 << 10) - 100), filled(256 << 10));
    assert!(text(&Digest::of(within.as_bytes()).envelope).contains("\"late\""));
    let digest = Digest::of(beyond.as_bytes());
    assert!(text(&digest.envelope).starts_with("(NIL NIL "), "{}", text(&digest.envelope));
    let header = &beyond.as_bytes()[digest.tree.root().header()];
    assert!(header_contains(header, "Subject", &Needle::new("late")));
}

#[test]
fn further_parameters_of_a_field_are_left_out() {
    let parameters: String = (0..200).map(|n| format!("; p{n}=v")).collect();
    let message =
        format!("Content-Type: text/plain{parameters}\r\nContent-Disposition: inline{parameters}\r\n\r\nx");
    let told = text(&Digest::of(message.as_bytes()).bodystructure);
    assert_eq!((told.matches("\"p127\" \"v\"").count(), told.matches("\"p128\"").count()), (2, 0), "{told}");
}

#[test]
fn further_addresses_of_a_list_are_left_out() {
    let list = |from: usize| {
        (from..from + 3000).map(|n| format!("u{n}@b.example")).collect::<Vec<_>>().join(",\r\n ")
    };
    // Two fields of one name are one list.
    let message = format!("To: {}\r\nTo: {}\r\nCc: last@b.example\r\n\r\nx", list(0), list(3000));
    let told = text(&Digest::of(message.as_bytes()).envelope);
    assert!(told.contains("\"u4095\"") && !told.contains("\"u4096\""), "{}", &told[told.len() - 300..]);
    assert_eq!(told.matches("b.example").count(), 4096 + 1, "every field has a list of its own");
}

#[test]
fn a_boundary_that_is_too_long_divides_nothing() {
    for (bytes, parts) in [(512, 2), (513, 1)] {
        let boundary = "b".repeat(bytes);
        let message = format!(
            "Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n\
             --{boundary}\r\n\r\none\r\n--{boundary}\r\n\r\ntwo\r\n--{boundary}--\r\n"
        );
        let tree = Digest::of(message.as_bytes()).tree;
        assert_eq!((tree.root().kind(), tree.root().children().count()), (Kind::Multipart, parts), "{bytes}");
    }
}

#[test]
fn a_message_id_that_is_too_long_is_none() {
    // Whether it is made of one word or of nothing but signs.
    for sign in ["i", ","] {
        for (bytes, found) in [(1000, 1), (1001, 0)] {
            let message = format!("Message-ID: <{}@x>\r\n\r\nx", sign.repeat(bytes - 4));
            assert_eq!(Digest::of(message.as_bytes()).thread.ids().len(), found, "{bytes} {sign}");
        }
    }
}
