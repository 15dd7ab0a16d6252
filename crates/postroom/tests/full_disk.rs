//! A disk that fills up, and one that is read-only, on a small tmpfs of a mount namespace of its own.
//!
//! Below the reserve, APPEND is refused and deleting works. When another program takes the reserve too, the server stops
//! rather than guess, and what it acknowledged is there when there is space again.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it has to be")]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::client::Client;

/// The demo keeps a reserve of 256 MiB, and the engine sets space aside for its log.
const DISK: &str = "size=420m";
const PATIENCE: Duration = Duration::from_secs(60);

/// A mount namespace with a tmpfs, held open by a sleeping process.
struct Disk {
    holder: Child,
    mounted: PathBuf,
    folder: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = folder.path().join("disk");
        std::fs::create_dir(&mounted).unwrap();
        let script = format!(
            "mount -t tmpfs -o {DISK} tmpfs {0} && touch {0}/mounted && exec sleep 600",
            mounted.display()
        );
        // As root a namespace is had at once; anyone else becomes root of an own one.
        let holder = Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c", &script])
            .spawn()
            .unwrap();
        let disk = Self { holder, mounted, folder };
        let start = Instant::now();
        while !disk.seen_from_outside().join("mounted").exists() {
            assert!(start.elapsed() < PATIENCE, "no tmpfs");
            std::thread::sleep(Duration::from_millis(10));
        }
        disk
    }

    fn seen_from_outside(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.mounted.strip_prefix("/").unwrap())
    }

    /// A command that runs where the disk is mounted.
    fn inside(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "--user",
            "--mount",
            "--preserve-credentials",
            "--target",
            &self.holder.id().to_string(),
        ]);
        command.arg(program.as_ref());
        command
    }

    fn serve(&self, address: SocketAddr) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        self.inside(env!("CARGO_BIN_EXE_postroom"))
            .args([
                "demo",
                "--empty",
                "--insecure-loopback",
                "--imaps",
                "127.0.0.1:0",
                "--http",
                "127.0.0.1:0",
            ])
            .args(["--user", "disk:disk-password-1", "--imap", &address.to_string(), "--data"])
            .arg(self.mounted.join("data"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
    }
}

fn login(address: SocketAddr) -> Client {
    let start = Instant::now();
    loop {
        match Client::login(address, "disk", "disk-password-1") {
            Ok(client) => return client,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Text that does not compress.
fn message(number: usize) -> Vec<u8> {
    let mut state = number as u64 + 1;
    let mut text = format!("Subject: {number}\r\n\r\n").into_bytes();
    for n in 0..200_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(if n % 76 == 75 { b'\n' } else { 33 + ((state >> 40) % 90) as u8 });
    }
    text
}

fn exists(client: &mut Client) -> usize {
    let status = client.expect("STATUS INBOX (MESSAGES)").unwrap().untagged;
    let line = String::from_utf8_lossy(&status[0]).into_owned();
    line.split_once("MESSAGES ").unwrap().1.trim_end_matches(')').parse().unwrap()
}

#[test]
fn a_full_disk_refuses_mail_lets_it_be_deleted_and_loses_nothing() {
    let disk = Disk::mount();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = disk.serve(address);
    let mut client = login(address);
    let mut kept = 0;
    let refused = loop {
        let answer = client.append("INBOX", "", &message(kept)).unwrap();
        if !answer.is_ok() {
            break answer.tagged;
        }
        kept += 1;
        assert!(kept < 2000, "the disk never fills");
    };
    assert!(refused.starts_with("NO ") && kept > 20, "{refused} after {kept}");
    client.expect("SELECT INBOX").unwrap();
    client.expect("STORE 1:5 +FLAGS.SILENT (\\Deleted)").unwrap();
    client.expect("EXPUNGE").unwrap();
    kept -= 5;
    assert_eq!(exists(&mut client), kept);

    // Another program takes what is left.
    let filler = disk.seen_from_outside().join("filler");
    let filled = Command::new("dd")
        .args(["if=/dev/zero", "bs=1M"])
        .arg(format!("of={}", filler.display()))
        .output()
        .unwrap();
    assert!(!filled.status.success(), "dd ends with a full disk");
    let mut flagged = 0;
    while client.command("STORE 1 +FLAGS.SILENT (\\Flagged $A)").is_ok_and(|answer| answer.is_ok()) {
        flagged += 1;
        client.command("STORE 1 -FLAGS.SILENT (\\Flagged)").ok();
        assert!(flagged < 200_000, "a full disk takes changes for ever");
    }
    let ended = server.wait().unwrap();
    assert!(!ended.success(), "{}", disk.said());
    std::fs::remove_file(filler).unwrap();

    let mut server = disk.serve(address);
    assert_eq!(exists(&mut login(address)), kept);
    let check = disk
        .inside(env!("CARGO_BIN_EXE_postroom"))
        .args(["check", "--hashes", "--data"])
        .arg(disk.mounted.join("data"))
        .output();
    let check = check.unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_read_only_disk_is_refused_with_a_reason_and_served_again_when_it_is_not() {
    let disk = Disk::mount();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut server = disk.serve(address);
    assert!(login(address).append("INBOX", "", b"Subject: kept\r\n\r\n").unwrap().is_ok());
    server.kill().unwrap();
    server.wait().unwrap();
    let remount = |how: &str| {
        disk.inside("mount").args(["-o", &format!("remount,{how}")]).arg(&disk.mounted).status().unwrap()
    };
    assert!(remount("ro").success());
    assert!(!disk.serve(address).wait().unwrap().success());
    assert!(disk.said().contains("Read-only file system"), "{}", disk.said());
    assert!(remount("rw").success());
    let mut server = disk.serve(address);
    assert_eq!(exists(&mut login(address)), 1);
    server.kill().unwrap();
    server.wait().unwrap();
}
