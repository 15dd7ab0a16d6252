//! Cutting the stream: literals, limits, APPEND, and that it does not matter in which pieces bytes come.

use super::*;
use crate::command::Command;
use proptest::prelude::*;

/// Small limits, so that tests reach them.
fn limits() -> Limits {
    Limits {
        line_bytes: 64,
        line_bytes_before_login: 48,
        literal_bytes: 16,
        literal_bytes_before_login: 8,
        command_bytes: 100,
        literals: 2,
        tag_bytes: 8,
        ..Limits::DEFAULT
    }
}

fn framer() -> Framer {
    let mut framer = Framer::new(limits());
    framer.set_authenticated();
    framer
}

/// Every step but `NeedMore`, as text; messages are taken.
fn steps_of(framer: &mut Framer, pieces: &[&[u8]]) -> Vec<String> {
    let (mut input, mut steps) = (Vec::new(), Vec::new());
    let mut message = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            message.extend(framer.take_message_bytes(&mut input));
            let step = framer.next(&mut input);
            match &step {
                Step::NeedMore if framer.message_remaining() > 0 && !input.is_empty() => continue,
                Step::NeedMore => break,
                Step::Append { .. } | Step::Replace { .. } | Step::NextMessage { .. } => {
                    steps.push(format!("waits: {}", framer.accept_message()));
                }
                Step::MessageEnd(_) => steps.push(format!("{:?}", std::mem::take(&mut message))),
                Step::Violation { tag, error } => {
                    steps.push(format!("{} {error}", tag.as_ref().map_or("*", Tag::as_str)));
                    message.clear();
                    continue;
                }
                Step::Continue | Step::Command(_) => {}
            }
            steps.push(format!("{step:?}"));
        }
    }
    steps
}

fn steps(text: &[u8]) -> Vec<String> {
    steps_of(&mut framer(), &[text])
}

#[test]
fn a_command_ends_with_crlf_or_lf() {
    let mut input = b"a NOOP\r\nb CHECK\nc".to_vec();
    let mut framer = framer();
    assert!(matches!(framer.next(&mut input), Step::Command(Tagged { command: Command::Noop, .. })));
    assert!(matches!(framer.next(&mut input), Step::Command(Tagged { command: Command::Check, .. })));
    assert_eq!(framer.next(&mut input), Step::NeedMore);
}

#[test]
fn a_client_that_waits_is_told_to_send_its_literal() {
    let mut input = b"a LOGIN {4}\r\n".to_vec();
    let mut framer = Framer::new(limits());
    assert_eq!(framer.next(&mut input), Step::Continue);
    input.extend_from_slice(b"fred {3+}\r\na\nb\r\n");
    let Step::Command(Tagged { command: Command::Login(login), .. }) = framer.next(&mut input) else {
        panic!()
    };
    assert_eq!((login.user.as_slice(), login.password.as_slice()), (&b"fred"[..], &b"a\nb"[..]));
}

#[test]
fn what_is_too_large_is_skipped_whole_and_then_answered() {
    let long = "x".repeat(70);
    for (text, expected) in [
        (format!("a LOGIN {long}\r\nb NOOP\r\n"), "a line longer than 64 bytes"),
        (
            format!("a LOGIN {long} {{6+}}\r\nc NOOP {{2+}}\r\nd \r\nb NOOP\r\n"),
            "a line longer than 64 bytes",
        ),
        (format!("{long} NOOP\r\nb NOOP\r\n"), "* line longer than 64 bytes"),
        (
            "a LOGIN {17+}\r\nc NOOP\r\nd NOOP\r\n! x\r\nb NOOP\r\n".to_owned(),
            "a literal longer than 16 bytes",
        ),
        ("a LOGIN {17}\r\nb NOOP\r\n".to_owned(), "a literal longer than 16 bytes"),
        ("a X {1+}\r\nx {1+}\r\nx {1+}\r\nx\r\nb NOOP\r\n".to_owned(), "a more than 2 literals"),
    ] {
        let steps = steps(text.as_bytes());
        assert_eq!(steps[0], expected, "{text}");
        assert!(steps.len() == 2 && steps[1].contains("Noop"), "{steps:?}");
    }
    let steps = steps(b"a LOGIN {99999999999999999999+}\r\n");
    assert_eq!(steps[0], "a literal of impossible size");
}

#[test]
fn the_tag_of_a_line_that_is_too_long_is_found_in_whichever_pieces_it_comes() {
    let rest = format!("cd LOGIN {}\r\n", "x".repeat(70));
    assert_eq!(steps_of(&mut framer(), &[b"ab", rest.as_bytes()]), ["abcd line longer than 64 bytes"]);
}

#[test]
fn the_limits_before_login_are_narrower() {
    let mut framer = Framer::new(limits());
    let text = format!("a LOGIN {}\r\nb LOGIN {{9}}\r\n", "x".repeat(50));
    let steps = steps_of(&mut framer, &[text.as_bytes()]);
    assert_eq!(steps, ["a line longer than 48 bytes", "b literal longer than 8 bytes"]);
}

#[test]
fn a_command_is_limited_as_a_whole() {
    let text =
        format!("a X {} {{16+}}\r\n{} {}\r\nb NOOP\r\n", "x".repeat(40), "y".repeat(16), "z".repeat(50));
    assert_eq!(steps(text.as_bytes())[0], "a more than 100 bytes in a command");
    let text = format!("a X {} {{16+}}\r\n{} {} {{16+}}\r\n", "x".repeat(40), "y".repeat(16), "z".repeat(10));
    let steps = steps(format!("{text}{}\r\nb NOOP\r\n", "y".repeat(16)).as_bytes());
    assert_eq!(steps[0], "a more than 100 bytes in a command", "the literal would be small enough by itself");
    assert!(steps[1].contains("Noop"), "{steps:?}");
}

#[test]
fn what_is_skipped_is_not_kept() {
    let mut framer = framer();
    for _ in 0..100 {
        let mut input = vec![b'x'; 10_000];
        assert_eq!(framer.next(&mut input), Step::NeedMore);
        assert!(input.is_empty() && framer.command.capacity() <= KEPT_BYTES_MAX);
    }
    assert_eq!(steps_of(&mut framer, &[b"\n"]), ["* line longer than 64 bytes"]);
}

#[test]
fn the_message_of_an_append_passes_by() {
    let mut framer = framer();
    let mut input = b"a APPEND {3+}\r\nbox (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {100}\r\n".to_vec();
    let Step::Append { head, size: 100, .. } = framer.next(&mut input) else { panic!() };
    assert!(head.mailbox.as_str() == "box" && head.message.date.is_some() && !head.message.flags.is_empty());
    assert!(framer.accept_message() && !framer.accept_message());
    input.extend_from_slice(&[b'm'; 100]);
    input.extend_from_slice(b"\r\nb NOOP\r\n");
    assert_eq!(framer.take_message_bytes(&mut input), [b'm'; 100]);
    assert!(matches!(framer.next(&mut input), Step::MessageEnd(tag) if tag.as_str() == "a"));
    assert!(matches!(framer.next(&mut input), Step::Command(_)));
}

#[test]
fn a_refused_message_is_skipped_only_if_it_comes() {
    for text in [&b"a APPEND box {5}\r\nb NOOP\r\n"[..], b"a APPEND box {8+}\r\nx NOOP\r\n\r\nb NOOP\r\n"] {
        let mut framer = framer();
        let mut input = text.to_vec();
        assert!(matches!(framer.next(&mut input), Step::Append { .. }));
        framer.refuse_message();
        assert!(matches!(framer.next(&mut input), Step::Command(Tagged { tag, .. }) if tag.as_str() == "b"));
    }
}

#[test]
fn an_append_takes_several_messages() {
    let mut framer = framer();
    let mut input = b"a APPEND box (\\Seen) {1+}\r\nx (\\Draft) {2}\r\n".to_vec();
    assert!(matches!(framer.next(&mut input), Step::Append { size: 1, .. }));
    assert!(!framer.accept_message());
    assert_eq!(framer.take_message_bytes(&mut input), b"x");
    let Step::NextMessage { head, size: 2 } = framer.next(&mut input) else { panic!() };
    assert_eq!(head.flags.system, model::Flags::DRAFT);
    assert!(framer.accept_message());
    input.extend_from_slice(b"yz ~{1+}\r\n\0\r\nb NOOP\r\n");
    assert_eq!(framer.take_message_bytes(&mut input), b"yz");
    let Step::NextMessage { head, size: 1 } = framer.next(&mut input) else { panic!() };
    assert_eq!(head.form, crate::command::MessageForm::Literal8);
    assert!(!framer.accept_message());
    assert_eq!(framer.take_message_bytes(&mut input), b"\0");
    assert!(matches!(framer.next(&mut input), Step::MessageEnd(tag) if tag.as_str() == "a"));
    assert!(matches!(framer.next(&mut input), Step::Command(_)));
}

#[test]
fn a_message_in_utf8_stands_in_parentheses() {
    let good = steps(b"a APPEND box UTF8 (~{1+}\r\nx)\r\n");
    assert!(good[1].contains("form: Utf8") && good[3].starts_with("MessageEnd"), "{good:?}");
    let good = steps(b"a APPEND box UTF8 (~{1+}\r\nx) UTF8 (~{1+}\r\ny)\r\nb NOOP\r\n");
    assert!(good[3].starts_with("NextMessage") && good[4] == "[120, 121]", "{good:?}");
    for (text, expected) in [
        ("a APPEND box UTF8 (~{1+}\r\nx\r\nb NOOP\r\n", "a expected a closing parenthesis at column 1"),
        (
            "a APPEND box UTF8 (~{1+}\r\nx))\r\nb NOOP\r\n",
            "a unexpected text at column 2, where the command ends",
        ),
        ("a APPEND box UTF8 ({1+}\r\nx)\r\nb NOOP\r\n", "a expected a message announced with ~ at column 20"),
    ] {
        let steps = steps(text.as_bytes());
        assert!(steps.iter().any(|step| step == expected), "{steps:?}");
        assert!(steps.last().is_some_and(|step| step.contains("Noop")), "{steps:?}");
    }
}

#[test]
fn two_spaces_may_stand_before_the_next_message_and_no_more() {
    for (text, good) in [("  {1+}", true), ("  (\\Seen) {1+}", true), ("   {1+}", false), ("  ", false)] {
        let steps = steps(format!("a APPEND box {{1+}}\r\nx{text}\r\ny\r\nb NOOP\r\n").as_bytes());
        assert_eq!(steps.iter().any(|step| step.starts_with("NextMessage")), good, "{steps:?}");
        assert_eq!(steps.iter().any(|step| step.starts_with("MessageEnd")), good, "{steps:?}");
    }
}

#[test]
fn a_replace_takes_one_message() {
    for (text, expected) in [
        (&b"a REPLACE 4 {3+}\r\nbox (\\Seen) {1+}\r\nx\r\nb NOOP\r\n"[..], "uid: false"),
        (b"a UID REPLACE * box ~{1+}\r\nx\r\nb NOOP\r\n", "uid: true, target: Last"),
    ] {
        let steps = steps(text);
        assert!(steps[1].starts_with("Replace") && steps[1].contains(expected), "{steps:?}");
        assert!(steps[3].starts_with("MessageEnd") && steps[4].contains("Noop"), "{steps:?}");
    }
    let steps = steps(b"a REPLACE 4 box {1+}\r\nx {2+}\r\nyz\r\nb NOOP\r\n");
    assert_eq!((steps.len(), steps[2].as_str()), (4, "a one message, no more"), "{steps:?}");
    assert!(steps[3].contains("Noop"));
}

#[test]
fn messages_are_limited_in_number() {
    let mut limits = limits();
    limits.append_messages = 2;
    let mut framer = Framer::new(limits);
    let steps = steps_of(&mut framer, &[b"a APPEND box {1+}\r\nx {1+}\r\nx {1+}\r\nx\r\nb NOOP\r\n"]);
    assert_eq!(steps[4], "a more than 2 messages");
    assert!(steps[5].contains("Noop") && steps.len() == 6, "{steps:?}");
}

#[test]
fn what_follows_a_message_and_is_none_makes_the_append_void() {
    for text in [
        &b"a APPEND box {1+}\r\nx odd {2+}\r\nyz\r\nb NOOP\r\n"[..],
        b"a APPEND box {1+}\r\nx odd {2}\r\nb NOOP\r\n",
        b"a APPEND box {1+}\r\nx y\r\nb NOOP\r\n",
    ] {
        let steps = steps(text);
        assert!(steps[2].starts_with("a ") && steps[3].contains("Noop") && steps.len() == 4, "{steps:?}");
    }
    assert!(steps(b"a APPEND box odd {3+}\r\nxyz\r\nb NOOP\r\n")[0].starts_with("a unexpected text"));
}

#[test]
fn raw_lines_are_no_commands() {
    let mut framer = framer();
    let mut input = b"DO".to_vec();
    assert_eq!(framer.raw_line(&mut input), RawLine::NeedMore);
    input.extend_from_slice(b"NE\r\nb NOOP\r\n");
    assert_eq!(framer.raw_line(&mut input), RawLine::Line(b"DONE".to_vec()));
    assert!(matches!(framer.next(&mut input), Step::Command(_)));
    input.extend_from_slice(&[b'x'; 70]);
    assert_eq!(framer.raw_line(&mut input), RawLine::NeedMore);
    input.extend_from_slice(b"\r\nc NOOP\r\n");
    assert_eq!(framer.raw_line(&mut input), RawLine::TooLong);
    assert!(matches!(framer.next(&mut input), Step::Command(_)));
}

#[test]
fn starttls_forgets_what_was_pipelined() {
    let mut framer = framer();
    let mut input = b"a LOGIN {3}\r\nb NOO".to_vec();
    assert_eq!(framer.next(&mut input), Step::Continue);
    framer.discard(&mut input);
    input.extend_from_slice(b"c NOOP\r\n");
    assert!(matches!(framer.next(&mut input), Step::Command(Tagged { tag, .. }) if tag.as_str() == "c"));
}

/// Streams of pieces that make commands, and some that do not.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "a NOOP\r\n",
        "b LOGIN ",
        "{3}\r\n",
        "{3+}\r\n",
        "{40+}\r\n",
        "xyz",
        " ",
        "\r\n",
        "\n",
        "c APPEND box ",
        "d UID REPLACE 3 box ",
        "UTF8 (",
        ")",
        "~{3+}\r\n",
        "\"q\"",
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "{99999999999999999999+}\r\n",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..20)
        .prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn it_does_not_matter_in_which_pieces_bytes_come(stream in stream(), size in 1usize..90) {
        let whole = steps(&stream);
        let pieces: Vec<&[u8]> = stream.chunks(size).collect();
        prop_assert_eq!(steps_of(&mut framer(), &pieces), whole);
    }

    #[test]
    fn no_answer_of_the_session_upsets_the_framer(
        stream in stream(), size in 1usize..90, answers in proptest::collection::vec(0u8..4, 1..20),
    ) {
        let mut framer = framer();
        let mut answers = answers.into_iter().cycle();
        let mut input = Vec::new();
        for piece in stream.chunks(size) {
            input.extend_from_slice(piece);
            for answer in answers.by_ref().take(piece.len()) {
                match answer {
                    0 => framer.refuse_message(),
                    1 => drop(framer.take_message_bytes(&mut input)),
                    2 => drop(framer.accept_message()),
                    _ => {}
                }
                framer.next(&mut input);
            }
        }
        framer.discard(&mut input);
        input.extend_from_slice(b"z NOOP\r\n");
        prop_assert!(matches!(framer.next(&mut input), Step::Command(_)));
    }

    #[test]
    fn no_bytes_upset_the_framer(stream in proptest::collection::vec(any::<u8>(), 0..300)) {
        steps(&stream);
    }
}

#[test]
fn a_literal_may_end_in_cr_before_a_bare_lf() {
    let mut framer = Framer::new(Limits::DEFAULT);
    let mut input = b"a LOGIN {2+}\r\nx\r secret-words\n".to_vec();
    assert!(matches!(framer.next(&mut input), Step::Command(_)));
    let mut input = b"b LOGIN secret-words {2+}\r\nx\r\n".to_vec();
    let step = framer.next(&mut input);
    assert!(matches!(step, Step::Command(_)), "{step:?}");
}
