//! What each command may say and may not.

use proptest::prelude::*;

use super::*;

fn read(line: &str) -> Result<Command, Violation> {
    parse(line.as_bytes())
}

fn address(text: &str) -> Address {
    Address::plain(text)
}

#[test]
fn every_command_is_read_in_any_case() {
    let mail = |mail: Mail| Command::Mail(Mail { sender: Some(address("a@b.example")), ..mail });
    for (line, command) in [
        ("LHLO mx.example.org", Command::Lhlo("mx.example.org".to_owned())),
        ("lhlo [192.0.2.1]", Command::Lhlo("[192.0.2.1]".to_owned())),
        ("MAIL FROM:<>", Command::Mail(Mail::default())),
        ("mail from:<a@b.example>", mail(Mail::default())),
        ("MAIL FROM: <a@b.example> ", mail(Mail::default())),
        ("MAIL FROM:<a@b.example> SIZE=100", mail(Mail { size: Some(100), ..Mail::default() })),
        ("MAIL FROM:<a@b.example> body=8bitmime SMTPUTF8", mail(Mail { is_utf8: true, ..Mail::default() })),
        (
            "MAIL FROM:<a@b.example> SIZE=99999999999999999999 BODY=7BIT",
            mail(Mail { size: Some(u64::MAX), ..Mail::default() }),
        ),
        ("RCPT TO:<a@b.example>", Command::Rcpt(address("a@b.example"))),
        ("rcpt to:<a>", Command::Rcpt(address("a"))),
        ("DATA", Command::Data),
        ("BDAT 0", Command::Bdat { bytes: 0, last: false }),
        ("bdat 86 last", Command::Bdat { bytes: 86, last: true }),
        ("RSET", Command::Rset),
        ("NOOP", Command::Noop),
        ("NOOP whatever", Command::Noop),
        ("VRFY ada", Command::Vrfy),
        ("HELP", Command::Help),
        ("HELP MAIL", Command::Help),
        ("QUIT  ", Command::Quit),
    ] {
        assert_eq!(read(line), Ok(command), "{line}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for line in ["LHLO", "LHLO (x)", "LHLO a b", "MAIL", "MAIL <a@b>", "RCPT FROM:<a@b>", "DATA x", "VRFY"] {
        assert!(matches!(read(line), Err(Violation::Syntax(_))), "{line}");
    }
    for line in ["BDAT", "BDAT x", "BDAT -1", "BDAT 1 MORE", "BDAT 1 LAST LAST", "BDAT 99999999999999999999"]
    {
        assert!(matches!(read(line), Err(Violation::Syntax(_))), "{line}");
    }
    for line in [
        "MAIL FROM:<a@b> SIZE",
        "MAIL FROM:<a@b> SIZE=x",
        "MAIL FROM:<a@b> BODY=BINARYMIME",
        "MAIL FROM:<a@b> SMTPUTF8=1",
        "MAIL FROM:<a@b> SIZE=1 SIZE=1",
    ] {
        assert!(matches!(read(line), Err(Violation::BadParameter(_))), "{line}");
    }
    for line in ["MAIL FROM:<a@b> RET=FULL", "RCPT TO:<a@b> NOTIFY=NEVER"] {
        assert!(matches!(read(line), Err(Violation::UnknownParameter(_))), "{line}");
    }
    assert_eq!(read("RCPT TO:<>"), Err(Violation::Path(PathFault::Null)));
    assert_eq!(
        read("MAIL FROM:<a@b>SIZE=1"),
        Err(Violation::Syntax("parameters after a space, each as NAME or NAME=VALUE"))
    );
    assert_eq!(read("HELO x"), Err(Violation::Smtp));
    assert_eq!(read("EHLO x"), Err(Violation::Smtp));
    assert_eq!(read("EXPN staff"), Err(Violation::NotOffered));
    assert_eq!(read("TURN"), Err(Violation::UnknownCommand));
    assert_eq!(read(""), Err(Violation::UnknownCommand));
    assert_eq!(parse(b"MAIL FROM:<\xff@b>"), Err(Violation::NotUtf8));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(size in proptest::option::of(0..u64::MAX), is_utf8: bool, local in "[a-z]{1,9}") {
        let mail = Mail { sender: Some(address(&format!("{local}@b.example"))), size, is_utf8 };
        let size = size.map(|size| format!(" SIZE={size}")).unwrap_or_default();
        let utf8 = if is_utf8 { " SMTPUTF8" } else { "" };
        prop_assert_eq!(read(&format!("MAIL FROM:<{local}@b.example>{size}{utf8}")), Ok(Command::Mail(mail)));
    }

    #[test]
    fn no_line_is_too_much(line in "(LHLO|MAIL|RCPT|BDAT|MAIL FROM:|RCPT TO:|[A-Z]{0,5}) ?[\\PC]{0,60}") {
        let _read_or_refused = read(&line);
    }
}
