//! A Postfix of the test's own.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long anything may take.
const WITHIN: Duration = Duration::from_secs(60);
const POSTFIX: &str = "/usr/sbin/postfix";

/// The services that receive mail, keep it and hand it over; none of them in a chroot.
const MASTER: &str = "\
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
";

/// A Postfix that runs until the value is dropped.
pub(crate) struct Postfix {
    config: PathBuf,
    log: PathBuf,
    address: SocketAddr,
}

/// A mail server that sends mail to it.
pub(crate) struct Smtp(BufReader<TcpStream>);

impl Postfix {
    /// Starts one below `root` that hands mail over at the sockets `lmtp` and `socketmap` of that folder.
    pub(crate) fn start(root: &Path) -> Self {
        assert!(Path::new(POSTFIX).exists(), "Postfix is missing: crates/testkit/install-packages.sh");
        let folder = |name: &str| {
            let path = root.join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let (config, queue, data) = (folder("etc"), folder("queue"), folder("lib"));
        let postfix = number("-u");
        chown(&data, Some(postfix), None).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = root.join("maillog");
        let shown = root.display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {}\ndata_directory = {}\nmyhostname = mx.example.org\n\
             mydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             smtpd_recipient_restrictions = reject_unauth_destination\nalias_maps =\nalias_database =\n\
             maillog_file = {}\nmaillog_file_prefixes = {shown}\nsmtputf8_enable = yes\n\
             virtual_transport = lmtp:unix:{shown}/lmtp\n\
             virtual_mailbox_domains = socketmap:unix:{shown}/socketmap:domains\n\
             virtual_mailbox_maps = socketmap:unix:{shown}/socketmap:mailboxes\n",
            queue.display(),
            data.display(),
            log.display()
        );
        std::fs::write(config.join("main.cf"), main).unwrap();
        let master = format!("{address} inet n - n - - smtpd\n{MASTER}");
        std::fs::write(config.join("master.cf"), master).unwrap();
        let started = Command::new(POSTFIX).arg("-c").arg(&config).arg("start").output().unwrap();
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        Self { config, log, address }
    }

    /// A connection that has been greeted.
    pub(crate) fn smtp(&self) -> Smtp {
        let start = Instant::now();
        let stream = loop {
            match TcpStream::connect(self.address) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < WITHIN, "{error}\n{}", self.log()),
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        stream.set_read_timeout(Some(WITHIN)).unwrap();
        let mut smtp = Smtp(BufReader::new(stream));
        smtp.expect("220");
        smtp.say("EHLO client.example", "250");
        smtp
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // It may not have started.
        let _stopped = Command::new(POSTFIX).arg("-c").arg(&self.config).arg("abort").output();
    }
}

impl Smtp {
    /// Says a line, or several, and expects an answer that begins so.
    pub(crate) fn say(&mut self, text: &str, answer: &str) {
        self.0.get_mut().write_all(format!("{text}\r\n").as_bytes()).unwrap();
        self.expect(answer);
    }

    fn expect(&mut self, begin: &str) {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            assert!(line.starts_with(begin), "{line:?} is not {begin}");
            if line.as_bytes().get(3) != Some(&b'-') {
                return;
            }
        }
    }
}

/// The number of the user that Postfix's services run as.
fn number(option: &str) -> u32 {
    let id = Command::new("id").args([option, "postfix"]).output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim().parse().unwrap()
}
