//! What stands in attachments is found by FUZZY, and a malicious one costs nobody anything.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::limits::{IMAP, LOGIN, server};
use crate::running::Imap;
use crate::serving::Server;

const DOCX: &[u8] = include_bytes!("../../../documents/tests/samples/offer.docx");
const PDF: &[u8] = include_bytes!("../../../documents/tests/samples/invoice.pdf");

fn append(imap: &mut Imap, media_type: &str, name: &str, content: &[u8]) {
    let mail = format!(
        "Subject: attached\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee there.\r\n--b\r\n\
         Content-Type: {media_type}; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
        STANDARD.encode(content)
    );
    imap.ask(&format!("APPEND INBOX {{{}+}}\r\n{mail}", mail.len()));
}

/// Two documents, and some that are none.
fn filled(imap: &mut Imap) {
    assert!(imap.ask(LOGIN).pop().unwrap().contains(" OK "));
    append(imap, "application/pdf", "invoice.pdf", PDF);
    append(imap, "application/octet-stream", "offer.docx", DOCX);
    append(imap, "application/pdf", "cut.pdf", &PDF[..200]);
    append(
        imap,
        "application/pdf",
        "deep.pdf",
        &[b"%PDF-1.4\n1 0 obj\n".as_slice(), &b"[".repeat(200_000)].concat(),
    );
    append(imap, "application/octet-stream", "none.docx", &[7; 5000]);
    imap.ask("SELECT INBOX");
}

fn found(imap: &mut Imap, keys: &str) -> String {
    imap.ask(&format!("SEARCH {keys}")).into_iter().find(|line| line.starts_with("* SEARCH")).unwrap()
}

#[test]
fn the_text_of_attachments_is_found_by_what_is_like_it() {
    let server = server(IMAP);
    let mut imap = Imap::connect(server.address("imap"));
    filled(&mut imap);
    for (keys, numbers) in [
        ("FUZZY TEXT turbine", "* SEARCH 1"),
        ("FUZZY BODY \"invoice turbines\"", "* SEARCH 1"),
        ("FUZZY BODY generator", "* SEARCH 2"),
        ("FUZZY TEXT letterhaed", "* SEARCH 2"),
        ("FUZZY TEXT attached", "* SEARCH 1 2 3 4 5"),
        ("FUZZY SUBJECT turbine", "* SEARCH"),
        // RFC 9051 §6.4.4: these are the text parts.
        ("TEXT turbines", "* SEARCH"),
        ("BODY Generators", "* SEARCH"),
    ] {
        assert_eq!(found(&mut imap, keys).trim_end(), numbers, "{keys}");
    }
    // Enough that the index is asked; what is in it is found as before.
    for _ in 0..15 {
        imap.ask("APPEND INBOX {6+}\r\na: b\r\n");
    }
    let indexed = server.run(&["index", "rebuild", "--user", "cora"]);
    assert!(indexed.status.success(), "{indexed:?}");
    append(&mut imap, "application/pdf", "again.pdf", PDF);
    imap.ask("NOOP");
    assert_eq!(found(&mut imap, "FUZZY TEXT turbine").trim_end(), "* SEARCH 1 21");
    let scores = imap.ask("SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT turbines");
    assert!(scores.iter().any(|line| line.ends_with("ALL 1,21 RELEVANCY (100 100)\r\n")), "{scores:?}");
}

/// What a process may have, by its name in `/proc`, and whose child it is.
fn limits_of_the_reader(server: &Server) -> String {
    let parent = server.process.id().to_string();
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let threads = fs::read_dir(format!("/proc/{parent}/task")).unwrap().map(|thread| thread.unwrap().path());
    let of_threads = threads.map(|thread| fs::read_to_string(thread.join("children")).unwrap_or_default());
    let all = of_threads.fold(children, |all, more| all + &more);
    fs::read_to_string(format!("/proc/{}/limits", all.split_whitespace().next().unwrap())).unwrap()
}

#[test]
fn the_process_that_reads_attachments_may_have_little() {
    let server = server(IMAP);
    let mut imap = Imap::connect(server.address("imap"));
    filled(&mut imap);
    assert_eq!(found(&mut imap, "FUZZY TEXT turbine").trim_end(), "* SEARCH 1");
    let limits = limits_of_the_reader(&server);
    for (what, most) in [
        ("Max address space", 2 << 30),
        ("Max cpu time", 60),
        ("Max file size", 0),
        ("Max core file size", 0),
        ("Max open files", 3),
        ("Max processes", 0),
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        let soft: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
        assert!(soft <= most, "{what}: {limits}");
    }
}

#[test]
fn attachments_are_not_read_where_that_is_switched_off() {
    for (kinds, pdf, office) in [("[]", "* SEARCH", "* SEARCH"), ("[\"office\"]", "* SEARCH", "* SEARCH 2")] {
        let server = server(&format!("{IMAP}[search]\nattachments = {kinds}\n"));
        let mut imap = Imap::connect(server.address("imap"));
        filled(&mut imap);
        assert_eq!(found(&mut imap, "FUZZY TEXT turbine").trim_end(), pdf, "{kinds}");
        assert_eq!(found(&mut imap, "FUZZY TEXT generator").trim_end(), office, "{kinds}");
    }
}
