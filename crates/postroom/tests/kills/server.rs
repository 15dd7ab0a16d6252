//! A real server process on a folder of its own, that can be killed and started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to answer after it was started.
const START: Duration = Duration::from_secs(60);

const POWER_LOSS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../testkit/power-loss");

/// The library that notes what is durable.
pub(crate) struct PowerLoss {
    library: PathBuf,
}

impl PowerLoss {
    pub(crate) fn build() -> Self {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("power-loss.so");
        let source = format!("{POWER_LOSS}/shim.c");
        let built = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .args([&source, "-ldl"])
            .status();
        assert!(built.unwrap().success(), "cc {source}");
        Self { library }
    }
}

/// A process that does not outlive its test, however that ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

pub(crate) struct Server {
    folder: tempfile::TempDir,
    /// Counts the lives of the data: each power cut leaves another folder.
    life: u32,
    power_loss: Option<PowerLoss>,
    process: Process,
    address: SocketAddr,
    imaps: SocketAddr,
    lmtp: SocketAddr,
}

impl Server {
    pub(crate) fn start(power_loss: Option<PowerLoss>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data-0")).unwrap();
        Self::launch(folder, 0, power_loss)
    }

    fn launch(folder: tempfile::TempDir, life: u32, power_loss: Option<PowerLoss>) -> Self {
        let data = folder.path().join(format!("data-{life}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_postroom"));
        command.args([
            "demo",
            "--empty",
            "--insecure-loopback",
            "--imaps",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
        ]);
        // The system chooses the ports: one that was free a moment ago may be taken when the server comes to it.
        command.args(["--imap", "127.0.0.1:0", "--lmtp", "127.0.0.1:0"]).arg("--data").arg(&data);
        command.args(["--user", "kills:kills-password-1", "--user", "other:kills-password-1"]);
        if let Some(power_loss) = &power_loss {
            let shadow = folder.path().join(format!("shadow-{life}"));
            seed_shadow(&data, &shadow);
            command.env("LD_PRELOAD", &power_loss.library);
            command.env("POWER_LOSS_ROOT", &data).env("POWER_LOSS_SHADOW", &shadow);
        }
        let log = std::fs::File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
        let said_before = log.metadata().unwrap().len() as usize;
        let process =
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let process = Process(process);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server =
            Self { folder, life, power_loss, process, address: nowhere, imaps: nowhere, lmtp: nowhere };
        server.wait_until_it_is_ready(said_before);
        server
    }

    /// Learns the addresses from the welcome, which comes when all are bound.
    fn wait_until_it_is_ready(&mut self, said_before: usize) {
        let start = Instant::now();
        loop {
            let log = self.log();
            let said = log.get(said_before..).unwrap_or_default();
            let bound = ["IMAP", "IMAPS", "LMTP"].map(|protocol| address_of(protocol, said));
            if let [Some(imap), Some(imaps), Some(lmtp)] = bound {
                (self.address, self.imaps, self.lmtp) = (imap, imaps, lmtp);
                return;
            }
            let ended = self.process.0.try_wait().unwrap();
            assert!(
                ended.is_none() && start.elapsed() < START,
                "the server did not start: {ended:?}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it speaks TLS from the first byte.
    pub(crate) fn imaps(&self) -> SocketAddr {
        self.imaps
    }

    /// The certificate that it made for itself.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.data().join("tls/certificate.pem")
    }

    /// The folder that it keeps everything in.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join(format!("data-{}", self.life))
    }

    pub(crate) fn lmtp(&self) -> SocketAddr {
        self.lmtp
    }

    pub(crate) fn kill(&mut self) {
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Starts on what the kill left; after a power cut, on what was synced alone.
    pub(crate) fn start_again(self) -> Self {
        let Self { folder, life, power_loss, .. } = self;
        let next = if power_loss.is_some() { life + 1 } else { life };
        if power_loss.is_some() {
            let path = |name: &str, life: u32| folder.path().join(format!("{name}-{life}"));
            let rebuild = Command::new("python3")
                .arg(format!("{POWER_LOSS}/rebuild.py"))
                .args([path("data", life), path("shadow", life), path("data", next)])
                .status();
            assert!(rebuild.unwrap().success());
            std::fs::remove_dir_all(path("data", life)).unwrap();
            std::fs::remove_dir_all(path("shadow", life)).unwrap();
        }
        Self::launch(folder, next, power_loss)
    }

    /// The server's own check, beside it while it runs.
    pub(crate) fn check(self) {
        let data = self.data();
        let check = Command::new(env!("CARGO_BIN_EXE_postroom"))
            .args(["check", "--hashes", "--data"])
            .arg(data)
            .output()
            .unwrap();
        assert!(
            check.status.success(),
            "{}{}",
            String::from_utf8_lossy(&check.stdout),
            String::from_utf8_lossy(&check.stderr)
        );
    }
}

/// What is there when a life begins has survived a power cut, so it is durable.
fn seed_shadow(data: &Path, shadow: &Path) {
    std::fs::create_dir(shadow).unwrap();
    let seed = Command::new("python3").arg(format!("{POWER_LOSS}/seed.py")).args([data, shadow]).status();
    assert!(seed.unwrap().success());
}

/// The address of a protocol, from a line such as `  IMAP   127.0.0.1:1143   with STARTTLS`.
fn address_of(protocol: &str, welcome: &str) -> Option<SocketAddr> {
    let mut lines = welcome.lines().filter_map(|line| line.trim_start().strip_prefix(protocol));
    lines.find_map(|rest| rest.split_whitespace().next()?.parse().ok())
}
