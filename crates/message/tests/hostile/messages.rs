//! The messages, by what is wrong with them.

/// A name and how the message is made.
pub(crate) type Case = (&'static str, Box<dyn Fn() -> Vec<u8>>);

/// How deep things nest.
const LEVELS: usize = 10_000;
/// How often things repeat.
const MANY: usize = 100_000;
/// The length of what should be short, in bytes.
const LONG: usize = 2_000_000;
/// The length of a single header line, in bytes.
const LINE: usize = 50_000_000;

fn case(name: &'static str, make: impl Fn() -> String + 'static) -> Case {
    bytes(name, move || make().into_bytes())
}

fn bytes(name: &'static str, make: impl Fn() -> Vec<u8> + 'static) -> Case {
    (name, Box::new(make))
}

/// A message whose header is this field.
fn field(name: &'static str, value: impl Fn() -> String + 'static) -> Case {
    case(name, move || format!("{}\r\n\r\nbody\r\n", value()))
}

/// A message of that type and encoding.
fn body(name: &'static str, header: &'static str, make: impl Fn() -> String + 'static) -> Case {
    case(name, move || format!("{header}\r\n\r\n{}", make()))
}

/// One line for each number.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

pub(crate) fn nesting() -> Vec<Case> {
    let open =
        |n: usize| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\npreamble\r\n--b{n}\r\n");
    vec![
        case("multiparts, never closed", move || lines(LEVELS, open)),
        case("multiparts, all closed", move || {
            lines(LEVELS, open) + "\r\ntext" + &lines(LEVELS, |n| format!("\r\n--b{}--", LEVELS - 1 - n))
        }),
        case("multiparts of one boundary", || {
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".repeat(LEVELS)
                + "\r\ntext\r\n--b--\r\n"
        }),
        case("messages in messages", || {
            "Subject: one\r\nContent-Type: message/rfc822\r\n\r\n".repeat(LEVELS) + "text"
        }),
        case("messages in multiparts", || {
            lines(LEVELS, |n| {
                format!(
                    "Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/digest; boundary={n}\r\n\r\n--{n}\r\n"
                )
            })
        }),
        case("digests whose parts say nothing", || {
            lines(LEVELS, |n| format!("Content-Type: multipart/digest; boundary={n}\r\n\r\n--{n}\r\n\r\n"))
        }),
    ]
}

pub(crate) fn headers() -> Vec<Case> {
    vec![
        case("200,000 fields", || lines(2 * MANY, |n| format!("X-{n}: value\r\n")) + "\r\nbody"),
        case("200,000 fields of one name", || "Subject: again\r\nTo: a@b\r\n".repeat(2 * MANY)),
        case("200,000 lines without a colon", || "nothing\r\n".repeat(2 * MANY) + "\r\nbody"),
        case("200,000 continuation lines", || format!("Subject: a\r\n{}\r\n", " more\r\n".repeat(2 * MANY))),
        case("a line of 50 MB", || format!("Subject: {}\r\n\r\nbody", "x".repeat(LINE))),
        case("a line of 50 MB without a name", || "x".repeat(LINE)),
        case("a name of 2 MB", || format!("{}: x\r\n\r\nbody", "X".repeat(LONG))),
        case("nothing but colons", || ":\r\n".repeat(2 * MANY)),
        case("a long description in each part", || {
            let part = format!("--b\r\nContent-Description: {}\r\n\r\n", "x".repeat(50_000));
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(1000))
        }),
        case("messages with long headers in each part", || {
            let inner = format!("Subject: {}\r\nFrom: {}\r\n\r\n", "x".repeat(5000), "a@b,".repeat(5000));
            let part = format!("--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}");
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(500))
        }),
        case("an endless header in each part", || {
            let part = format!("--b\r\n{}\r\n\r\n", "X: y\r\n".repeat(300));
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", part.repeat(2000))
        }),
    ]
}

pub(crate) fn fields() -> Vec<Case> {
    vec![
        field("comments in comments", || format!("From: {}a@b", "(".repeat(MANY))),
        field("comments after comments", || format!("From: {}a@b", "(x)".repeat(MANY))),
        field("groups in groups", || format!("To: {}", "g:".repeat(MANY))),
        field("groups after groups", || format!("To: {}", "g:a@b;".repeat(MANY))),
        field("angles in angles", || format!("To: {}", "<".repeat(MANY))),
        field("routes", || format!("To: <{}:a@b>", "@r,".repeat(MANY))),
        field("commas", || format!("To: {}", ",".repeat(LONG))),
        field("addresses", || format!("To: {}", "a@b, ".repeat(MANY))),
        field("words", || format!("To: {}", "w ".repeat(MANY))),
        field("quotes", || format!("To: {}", "\"".repeat(MANY + 1))),
        field("backslashes", || format!("To: \"{}", "\\".repeat(MANY + 1))),
        field("address fields", || "From: a@b, c@d\r\n".repeat(MANY) + "To: e@f"),
        field("references", || format!("References: {}", lines(MANY, |n| format!("<{n}@x> ")))),
        field("an id without an end", || format!("Message-ID: <{}", "x".repeat(LONG))),
        field("replies", || format!("Subject: {}", "Re: ".repeat(MANY))),
        field("list names", || format!("Subject: {}", "[a] ".repeat(MANY))),
        field("forwards", || format!("Subject: {}{}", "[fwd: ".repeat(MANY), "]".repeat(MANY))),
        field("encoded words", || format!("Subject: {}", "=?utf-8?q?=C3=A4?= ".repeat(MANY))),
        field("encoded words of changing charsets", || {
            format!("Subject: {}", "=?koi8-r?b?0NI=?= =?utf-7?q?+AOQ-?= =?x?q?=FF?= ".repeat(MANY))
        }),
        field("encoded words in encoded words", || {
            format!("Subject: {}x{}", "=?utf-8?q?".repeat(MANY), "?=".repeat(MANY))
        }),
        field("encoded words without an end", || format!("Subject: {}", "=?utf-8?q?x".repeat(MANY))),
        field("signs of encoded words", || format!("Subject: {}", "=?".repeat(LONG / 2))),
        field("parameters", || {
            format!("Content-Type: text/plain{}", lines(MANY, |n| format!("; p{n}=\"v\"")))
        }),
        field("continued parameters", || {
            format!("Content-Type: text/plain{}", lines(MANY, |n| format!(";\r\n name*{n}*=%41")))
        }),
        field("a continued boundary", || {
            "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b; boundary*99999999999=c".to_owned()
        }),
        field("a boundary of 2 MB", || {
            format!("Content-Type: multipart/mixed; boundary=\"{}\"", "b".repeat(LONG))
        }),
        field("a parameter of 2 MB", || {
            format!("Content-Disposition: attachment; filename=\"{}\"", "%".repeat(LONG))
        }),
        field("languages", || format!("Content-Language: {}", "en, ".repeat(MANY))),
        field("a date of digits", || format!("Date: {}", "9".repeat(LONG))),
        field("a date of comments", || format!("Date: {}1 Jan 2024", "(".repeat(MANY))),
    ]
}

pub(crate) fn parts() -> Vec<Case> {
    const MIXED: &str = "Content-Type: multipart/mixed; boundary=abc";
    vec![
        body("no boundary at all", "Content-Type: multipart/mixed", || "--abc\r\n\r\ntext\r\n".to_owned()),
        body("an empty boundary", "Content-Type: multipart/mixed; boundary=\"\"", || "--\r\n".repeat(MANY)),
        body("another boundary", MIXED, || "--xyz\r\n\r\ntext\r\n--xyz--\r\n".to_owned()),
        body("a shorter boundary", MIXED, || "--ab\r\n\r\ntext\r\n--ab--\r\n".repeat(MANY)),
        body("a longer boundary", MIXED, || "--abcdef\r\n\r\ntext\r\n--abcdef--\r\n".to_owned()),
        body("two boundaries in one field", "Content-Type: multipart/mixed; boundary=a; boundary=b", || {
            "--b\r\n\r\nb\r\n--a\r\n\r\na\r\n--b--\r\n--a--\r\n".to_owned()
        }),
        body(
            "two content types",
            "Content-Type: multipart/mixed; boundary=a\r\nContent-Type: text/plain",
            || "--a\r\n\r\na\r\n--a--\r\n".to_owned(),
        ),
        body("the end first", MIXED, || "--abc--\r\n--abc\r\n\r\ntext".to_owned()),
        body("ends without a beginning", MIXED, || "--abc--\r\n".repeat(MANY)),
        body("empty parts", MIXED, || "--abc\r\n".repeat(MANY)),
        body("empty parts with blank lines", MIXED, || "--abc\r\n\r\n".repeat(MANY)),
        body("dashes", MIXED, || "--".repeat(LONG / 2)),
        body("lines of dashes", MIXED, || "--\r\n".repeat(2 * MANY)),
        body("boundaries that begin with each other", "Content-Type: multipart/mixed; boundary=b", || {
            let open = |n: usize| {
                let boundary = "b".repeat(n + 2);
                format!(
                    "--{}\r\nContent-Type: multipart/mixed; boundary={boundary}\r\n\r\n",
                    "b".repeat(n + 1)
                )
            };
            lines(500, open) + &"--b\r\n".repeat(MANY)
        }),
        body("parts cut in their headers", MIXED, || {
            "--abc\r\nContent-Type: message/rfc822\r\n".repeat(MANY)
        }),
    ]
}

pub(crate) fn content() -> Vec<Case> {
    const BASE64: &str = "Content-Transfer-Encoding: base64";
    const QUOTED: &str = "Content-Transfer-Encoding: quoted-printable";
    const HTML: &str = "Content-Type: text/html";
    vec![
        body("base64, cut", BASE64, || "aGVsbG8gd29ybGQ".to_owned()),
        body("base64 on one line", BASE64, || "aGVsbG8h".repeat(MANY) + "a"),
        body("base64 of padding", BASE64, || "=".repeat(LONG)),
        body("base64 that is none", BASE64, || "-_*\u{e4} \0".repeat(MANY)),
        body("quoted-printable of signs", QUOTED, || "=".repeat(LONG)),
        body("quoted-printable of padding", QUOTED, || format!("={}", " ".repeat(LONG)).repeat(2)),
        body("quoted-printable of soft breaks", QUOTED, || "=\r\n".repeat(2 * MANY)),
        body("quoted-printable, cut", QUOTED, || "caf=C3=".to_owned()),
        body("an encoding nobody knows", "Content-Transfer-Encoding: x-rot13", || "uryyb".to_owned()),
        body("an encoding of 2 MB", "Content-Transfer-Encoding: x", || "x".repeat(LONG)),
        body("a charset nobody knows", "Content-Type: text/plain; charset=x-none", || "\u{e4}".repeat(MANY)),
        body("UTF-7 of signs", "Content-Type: text/plain; charset=utf-7", || "+".repeat(LONG)),
        body("UTF-7 of shifts", "Content-Type: text/plain; charset=utf-7", || "+AOQ-+".repeat(MANY)),
        body("escapes of ISO 2022", "Content-Type: text/plain; charset=iso-2022-jp", || {
            "\x1b$B\x1b(B\x1b".repeat(MANY)
        }),
        body("UTF-16 of one byte", "Content-Type: text/plain; charset=utf-16", || "x".to_owned()),
        body("ligatures that decompose to many letters", "Content-Type: text/plain; charset=utf-8", || {
            "\u{fdfa}".repeat(MANY)
        }),
        body("tags without an end", HTML, || "<".repeat(LONG)),
        body("tags with quotes without an end", HTML, || "<a b='".repeat(MANY)),
        body("comments without an end", HTML, || "<!--".repeat(MANY)),
        body("quotations in quotations", HTML, || "<blockquote>x".repeat(MANY)),
        body("styles without an end", HTML, || "<style></".repeat(MANY)),
        body("entities without an end", HTML, || "&a#".repeat(MANY)),
        body("signs of entities", HTML, || "&".repeat(LONG)),
        body("quoted lines", "Content-Type: text/plain", || ">".repeat(MANY) + &"\r\n> x:".repeat(MANY)),
        body("one line of 50 MB", "Content-Type: text/plain", || "x".repeat(LINE)),
    ]
}

pub(crate) fn broken() -> Vec<Case> {
    vec![
        bytes("NULs", || vec![0; LONG]),
        bytes("NULs in fields", || {
            b"Sub\0ject: a\0b\r\nFrom: \"\0\" <\0@\0>\r\nContent-Type: text/\0; a=\0\r\nDate: \0\r\n\r\n\0"
                .to_vec()
        }),
        bytes("eight bits in fields", || {
            b"Subject: \xe4\xf6\xfc\r\nFrom: \xff\xfe <\x80@\xc3>\r\nContent-Type: text/plain; name=\xc0\xaf\r\n\
              Content-ID: \xed\xa0\x80\r\n\xff: \xff\r\n\r\n\xff\xff"
                .to_vec()
        }),
        bytes("every byte in fields", || {
            let every: Vec<u8> = (0..=255).filter(|b| !matches!(b, b'\r' | b'\n')).collect();
            [
                &b"Subject: "[..],
                &every,
                b"\r\nTo: ",
                &every,
                b"\r\nContent-Type: a/b; c=",
                &every,
                b"\r\n\r\n",
                &every,
            ]
            .concat()
        }),
        bytes("a boundary of eight bits", || {
            b"Content-Type: multipart/mixed; boundary=\"\xff\0\"\r\n\r\n--\xff\0\r\n\r\nx\r\n--\xff\0--"
                .to_vec()
        }),
        bytes("a byte order mark", || b"\xef\xbb\xbfSubject: x\r\n\r\nbody".to_vec()),
        bytes("bytes of UTF-16", || b"\xff\xfeS\0u\0b\0j\0e\0c\0t\0:\0 \0x\0\r\0\n\0\r\0\n\0".to_vec()),
        bytes("noise", || {
            let mut state = 1u32;
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            };
            (0..LONG).map(|_| next()).collect()
        }),
    ]
}

pub(crate) fn forms() -> Vec<Case> {
    vec![
        case("nothing", String::new),
        case("one line break", || "\r\n".to_owned()),
        case("a header without a body", || "Subject: x\r\nFrom: a@b\r\n".to_owned()),
        case("a header that ends anywhere", || "Subject: x\r\nFro".to_owned()),
        case("a body without a header", || "\r\nHello.\r\n".to_owned()),
        case("a body that was taken for a header", || "Hello, Ann:\r\nhow are you?\r\n\r\nBob".to_owned()),
        case("lines that end with LF", || {
            "Subject: x\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--\n".to_owned()
        }),
        case("lines that end with CR", || {
            "Subject: x\rContent-Type: multipart/mixed; boundary=a\r\r--a\r\rx\r--a--\r".to_owned()
        }),
        case("lines that end with anything", || {
            "Subject: x\r\r\nTo: a@b\n\rContent-Type: multipart/mixed;\r\r\n boundary=a\n\r\n--a\r\n\nx\r--a--\n".to_owned()
        }),
        case("a line of an mbox first", || {
            "From ann@example.org Mon Jan  1 00:00:00 2024\r\nSubject: x\r\n\r\nbody".to_owned()
        }),
        case("white space first", || " \r\n\t\r\nSubject: x\r\n\r\nbody".to_owned()),
        case("blank lines", || "\r\n".repeat(LONG / 2)),
        case("carriage returns", || "\r".repeat(LONG)),
    ]
}
