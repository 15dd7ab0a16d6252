//! Alpine: a reader at a screen that works by message numbers, as C-Client does.

use super::home::Home;
use super::screen::Screen;
use super::server::Server;
use super::{PASSWORD, USER, contents, fill, login};

/// What spares the test questions that are not about mail.
const FEATURES: &str = "disable-password-file-saving, enable-flag-cmd, enable-jump-cmd, quit-without-confirm, \
                        expunge-without-confirm";

fn open(server: &Server, home: &Home) -> Screen {
    let account = format!("{{localhost:{}/ssl/user={USER}}}", server.imaps().port());
    let configuration = home.write(
        "pinerc",
        &format!(
            "user-domain=example.org\ninbox-path={account}INBOX\nfolder-collections=Mail {account}[]\n\
             feature-list={FEATURES}\nlast-version-used=9.99\n"
        ),
    );
    let screen = Screen::start(home, &format!("alpine -i -p {}", configuration.display()));
    screen.answer("ENTER PASSWORD", PASSWORD);
    screen
}

/// Goes to a message by its number, of so many in the list.
fn go_to(screen: &Screen, number: usize, of: usize) {
    screen.write("J");
    screen.answer("Message number to jump to", &number.to_string());
    screen.wait(&format!("Message {number} of {of}"));
}

#[test]
fn alpine_reads_flags_saves_and_expunges() {
    let server = Server::start(None);
    let home = Home::new(&server);
    fill(&server, "INBOX", 1..=5);
    login(&server).expect("CREATE Projects").unwrap();

    let screen = open(&server, &home);
    screen.wait("Message 1 of 5");
    screen.wait("Ada ");
    screen.press("Enter");
    screen.wait("Body 1");
    screen.write("i");
    screen.wait("MESSAGE INDEX");
    go_to(&screen, 2, 5);
    screen.write("*");
    screen.wait("or Important ?");
    screen.write("*");
    screen.wait("* N   2 ");
    // What came meanwhile is shown when it is asked to look.
    fill(&server, "INBOX", [6]);
    screen.press("C-l");
    screen.wait("Message 2 of 6");
    go_to(&screen, 3, 6);
    screen.write("D");
    screen.wait("  D   3 ");
    go_to(&screen, 4, 6);
    screen.write("S");
    screen.answer("SAVE Msg #4 to folder", "Projects");
    screen.wait("  D   4 ");
    screen.write("X");
    screen.wait(" of 4 ");
    screen.wait_without("  D   ");

    // The list of folders, and another of them.
    screen.write("<");
    screen.wait("FOLDER LIST");
    screen.wait("Projects");
    screen.write("g");
    screen.answer("GOTO folder", "Projects");
    screen.wait("Message 1 of 1");
    screen.write("q");
    screen.wait_for_the_end();

    let inbox = ["Message 1 \\Seen", "Message 2 \\Flagged", "Message 5", "Message 6"];
    assert_eq!(contents(&server, "INBOX"), inbox);
    assert_eq!(contents(&server, "Projects"), ["Message 4"]);
    server.check();
}
