//! OfflineIMAP: a mirror of the whole account in Maildirs, kept the same on both sides.

use std::path::{Path, PathBuf};

use super::home::Home;
use super::server::Server;
use super::{PASSWORD, USER, contents, fill, login, maildir, message, run};

/// Messages that it carries at first.
const MESSAGES: usize = 150;

struct Mirror {
    home: Home,
    configuration: PathBuf,
}

impl Mirror {
    fn new(server: &Server) -> Self {
        let home = Home::new(server);
        let (path, certificate) = (home.path().display(), home.certificate());
        let text = format!(
            "[general]\naccounts = here\nmetadata = {path}/metadata\nui = basic\nfsync = false\n\n\
             [Account here]\nlocalrepository = near\nremoterepository = far\n\n\
             [Repository near]\ntype = Maildir\nlocalfolders = {path}/mail\n\n\
             [Repository far]\ntype = IMAP\nremotehost = localhost\nremoteport = {}\nremoteuser = {USER}\n\
             remotepass = {PASSWORD}\nssl = yes\nsslcacertfile = {}\n",
            server.imaps().port(),
            certificate.display(),
        );
        let configuration = home.write("offlineimaprc", &text);
        Self { home, configuration }
    }

    fn sync(&self) {
        run(self.home.command("offlineimap").arg("-o").arg("-c").arg(&self.configuration));
    }

    fn maildir(&self, mailbox: &str) -> PathBuf {
        self.home.path().join("mail").join(mailbox)
    }
}

fn deliver(maildir: &Path, number: usize) {
    for folder in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    let text = message(number).replace("\r\n", "\n");
    std::fs::write(maildir.join("new").join(format!("{number}.here")), text).unwrap();
}

#[test]
fn offlineimap_mirrors_an_account_and_then_carries_changes_of_both_sides() {
    let server = Server::start(None);
    fill(&server, "INBOX", 1..=MESSAGES);
    let mirror = Mirror::new(&server);
    mirror.sync();
    let inbox = mirror.maildir("INBOX");
    assert_eq!(maildir::files(&inbox).len(), MESSAGES);

    // Here: one is flagged, one deleted, one new, and there is a new folder with a message.
    maildir::flag(&inbox, "Message 1", "FS");
    std::fs::remove_file(maildir::find(&inbox, "Message 2")).unwrap();
    deliver(&inbox, 901);
    deliver(&mirror.maildir("Made here"), 902);
    // There: the same.
    let mut client = login(&server);
    client.expect("SELECT INBOX").unwrap();
    client.expect("UID STORE 3 +FLAGS (\\Answered)").unwrap();
    client.expect("UID STORE 4 +FLAGS (\\Deleted)").unwrap();
    client.expect("UID EXPUNGE 4").unwrap();
    fill(&server, "INBOX", [903]);
    client.expect("CREATE There").unwrap();
    fill(&server, "There", [904]);
    mirror.sync();

    let far = contents(&server, "INBOX");
    assert_eq!(far[..3], ["Message 1 \\Flagged \\Seen", "Message 3 \\Answered", "Message 5"]);
    assert_eq!(far[MESSAGES - 2..], ["Message 903", "Message 901"]);
    assert_eq!(contents(&server, "\"Made here\""), ["Message 902"]);
    let near = maildir::contents(&inbox);
    assert_eq!(near.len(), far.len());
    for line in ["Message 1 FS", "Message 3 R", "Message 901", "Message 903"] {
        assert!(near.iter().any(|near| near == line), "{line} in {near:?}");
    }
    assert_eq!(maildir::contents(&mirror.maildir("There")), ["Message 904"]);

    // Both sides are the same now, so another run changes neither.
    mirror.sync();
    assert_eq!(contents(&server, "INBOX"), far);
    assert_eq!(maildir::contents(&inbox), near);
    server.check();
}
