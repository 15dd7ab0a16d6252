//! NeoMutt: a reader at a screen, which resynchronises with QRESYNC from its cache when it is opened again.

use super::home::Home;
use super::screen::Screen;
use super::server::Server;
use super::{PASSWORD, USER, contents, fill, login};

fn configure(server: &Server, home: &Home) {
    let path = home.path().display();
    std::fs::create_dir(home.path().join("bodies")).unwrap();
    home.write(
        "neomuttrc",
        &format!(
            "set folder=\"imaps://localhost:{}/\" spoolfile=\"+INBOX\"\n\
             set imap_user=\"{USER}\" imap_pass=\"{PASSWORD}\" certificate_file=\"{}\"\n\
             set header_cache=\"{path}/headers\" message_cachedir=\"{path}/bodies\"\n\
             set imap_qresync=yes imap_idle=yes timeout=1 mail_check=1 sleep_time=0\n\
             set sort=mailbox-order delete=yes quit=yes confirmappend=no mark_old=no\n\
             set postponed=\"+Drafts\" editor=\"true\" abort_unmodified=no\n",
            server.imaps().port(),
            home.certificate().display(),
        ),
    );
}

fn open(home: &Home) -> Screen {
    Screen::start(home, "neomutt -n -F neomuttrc")
}

/// Goes to a message by its number in the list.
fn go_to(screen: &Screen, number: &str) {
    screen.write(number);
    screen.wait(&format!("Jump to message: {number}"));
    screen.press("Enter");
    screen.wait_without("Jump to message");
}

fn read_flag_and_delete(screen: &Screen) {
    go_to(screen, "1");
    screen.press("Enter");
    screen.wait("Body 1");
    screen.write("i");
    screen.wait("Msgs:6 New:5");
    go_to(screen, "2");
    screen.write("F");
    screen.wait("Flag:1");
    go_to(screen, "3");
    screen.write("d");
    screen.wait("Del:1");
    screen.write("$");
    screen.wait("Msgs:5 ");
    screen.wait_without("Message 3");
}

fn copy_and_save(screen: &Screen) {
    go_to(screen, "4");
    screen.write("C");
    screen.answer("Copy to mailbox", "=Projects");
    screen.wait_without("Copy to mailbox");
    screen.write("s");
    screen.answer("Save to mailbox", "=Archive");
    screen.wait("Del:1");
    screen.write("$");
    screen.wait("Msgs:4 ");
    screen.wait_without("Message 5");
}

fn search(screen: &Screen) {
    screen.write("l");
    screen.answer("Limit to messages matching:", "=b \"Body 4\"");
    screen.wait("Msgs:1/4");
    screen.write("l");
    screen.wait("Limit to messages matching: =b");
    screen.press("C-u");
    screen.answer("Limit to messages matching:", "all");
    screen.wait("Msgs:4 ");
}

fn postpone_a_draft(screen: &Screen) {
    screen.write("m");
    screen.answer("To:", "ada@example.org");
    screen.answer("Subject:", "Later");
    screen.wait("-- Attachments");
    screen.write("P");
    screen.wait("Message postponed");
}

fn change_mailbox(screen: &Screen, mailbox: &str) {
    screen.write("c");
    screen.wait("Open mailbox");
    screen.press("C-u");
    screen.answer("Open mailbox:", &format!("={mailbox}"));
    screen.wait(&format!("+{mailbox} [Msgs:"));
}

#[test]
fn neomutt_reads_and_changes_mail_and_finds_what_changed_meanwhile() {
    let server = Server::start(None);
    let home = Home::new(&server);
    configure(&server, &home);
    fill(&server, "INBOX", 1..=5);
    let mut client = login(&server);
    client.expect("CREATE Projects").unwrap();
    client.expect("CREATE Gr&APwA3w-e").unwrap();

    let screen = open(&home);
    screen.wait("Msgs:5 New:5");
    screen.wait("Message 5");
    // It idles, so it shows what comes.
    fill(&server, "INBOX", [6]);
    screen.wait("Msgs:6 New:6");
    read_flag_and_delete(&screen);
    copy_and_save(&screen);
    search(&screen);
    postpone_a_draft(&screen);
    change_mailbox(&screen, "Grüße");
    screen.write("q");
    screen.wait_for_the_end();
    let inbox = ["Message 1 \\Seen", "Message 2 \\Flagged", "Message 4", "Message 6"];
    assert_eq!(contents(&server, "INBOX"), inbox);
    assert_eq!(contents(&server, "Projects"), ["Message 5"]);
    assert_eq!(contents(&server, "Archive"), ["Message 5"]);
    assert_eq!(contents(&server, "Drafts"), ["Later \\Draft"]);

    // While it is away, one message goes, one is read and one comes.
    client.expect("SELECT INBOX").unwrap();
    client.expect("UID STORE 4 +FLAGS (\\Deleted)").unwrap();
    client.expect("UID EXPUNGE 4").unwrap();
    client.expect("UID STORE 6 +FLAGS (\\Seen)").unwrap();
    fill(&server, "INBOX", [7]);
    let screen = open(&home);
    screen.wait("Msgs:4 New:2 Flag:1");
    screen.wait("Message 7");
    screen.wait_without("Message 4");
    screen.write("q");
    screen.wait_for_the_end();
    let inbox = ["Message 1 \\Seen", "Message 2 \\Flagged", "Message 6 \\Seen", "Message 7"];
    assert_eq!(contents(&server, "INBOX"), inbox);
    server.check();
}
