//! Documents are read, whatever is in them, and what cannot be read costs nothing but its text.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use documents::{Kind, Limits, Reader};

const DOCX: &[u8] = include_bytes!("samples/offer.docx");

/// A reader whose process is a line of the shell.
fn reader(line: &str) -> Reader {
    let limits = Limits { time: Duration::from_millis(500) };
    Reader::new(PathBuf::from("/bin/sh"), vec!["-c".into(), line.into()], limits)
}

#[test]
fn a_process_that_takes_too_long_is_ended_and_another_one_begun() {
    let reader = reader("sleep 600");
    let begun = Instant::now();
    for _ in 0..2 {
        assert_eq!(reader.text(Kind::Office, DOCX.to_vec()), None);
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "it was not waited for");
}

#[test]
fn a_process_that_dies_or_says_what_it_should_not_costs_the_text() {
    for line in
        ["exit 1", "kill -SEGV $$", "cat >/dev/null; exit 0", "printf '\\001\\377\\377\\377\\377'; sleep 600"]
    {
        let reader = reader(line);
        for _ in 0..2 {
            assert_eq!(reader.text(Kind::Pdf, b"x".to_vec()), None, "{line}");
        }
    }
}

#[test]
fn what_a_process_answers_is_the_text() {
    // `TEXT`, four bytes: once for each of two documents, whatever they are.
    let reader =
        reader("printf '\\001\\000\\000\\000\\004text'; printf '\\000\\000\\000\\000\\000'; sleep 600");
    assert_eq!(reader.text(Kind::Pdf, b"x".to_vec()).as_deref(), Some("text"));
    assert_eq!(reader.text(Kind::Pdf, b"x".to_vec()), None);
}

#[test]
fn a_program_that_is_not_there_is_told_of_and_nothing_else() {
    let reader = Reader::new(PathBuf::from("/nonexistent"), Vec::new(), Limits::default());
    assert_eq!(reader.text(Kind::Pdf, b"x".to_vec()), None);
}
