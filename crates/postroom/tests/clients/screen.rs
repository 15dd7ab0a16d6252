//! A client with a screen, driven by keys in a terminal of tmux. Nothing waits for a length of time: each step waits until
//! the screen shows what it is to show, and fails with the screen when that takes too long.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::home::Home;

/// How long a screen may take to show what a step waits for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the screen is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

pub(crate) struct Screen {
    folder: tempfile::TempDir,
}

impl Screen {
    /// Starts a client, as a shell would.
    pub(crate) fn start(home: &Home, client: &str) -> Self {
        let screen = Self { folder: tempfile::tempdir().unwrap() };
        // What a client says last is of interest when it ends too early.
        let configuration = screen.folder.path().join("tmux.conf");
        std::fs::write(&configuration, "set -g remain-on-exit on\n").unwrap();
        let mut tmux = screen.tmux();
        home.furnish(&mut tmux);
        tmux.arg("-f").arg(configuration).args(["new-session", "-d", "-x", "120", "-y", "40"]);
        // tmux's own word for it, `pane_dead_status`, does not come now and then.
        tmux.arg(format!("{client}; echo $? >{}", screen.status().display()));
        let started = tmux.output().unwrap();
        assert!(started.status.success(), "{}", super::said(&started));
        screen
    }

    /// Where the client's exit status is, once it has ended.
    fn status(&self) -> PathBuf {
        self.folder.path().join("status")
    }

    fn tmux(&self) -> Command {
        let mut command = Command::new("tmux");
        // Its own server; -u, because the client speaks UTF-8 whatever the tests run in.
        command.arg("-u").arg("-S").arg(self.folder.path().join("socket"));
        command
    }

    fn ask(&self, arguments: &[&str]) -> String {
        let output = self.tmux().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", super::said(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Presses one key by tmux's name of it: `Enter`, `C-u`.
    pub(crate) fn press(&self, key: &str) {
        self.ask(&["send-keys", key]);
    }

    /// Types text as it is.
    pub(crate) fn write(&self, text: &str) {
        assert!(!text.ends_with(';'), "tmux would end its command there");
        self.ask(&["send-keys", "-l", text]);
    }

    /// Waits for a question and answers it.
    pub(crate) fn answer(&self, question: &str, text: &str) {
        self.wait(question);
        self.write(text);
        self.press("Enter");
    }

    /// Waits until the screen has this text.
    pub(crate) fn wait(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen has this text no more.
    pub(crate) fn wait_without(&self, text: &str) {
        self.wait_until(&format!("no {text}"), |screen| !screen.contains(text));
    }

    /// Waits until the client has ended, which it has to do well.
    pub(crate) fn wait_for_the_end(self) {
        let start = Instant::now();
        let mut status = String::new();
        while !status.ends_with('\n') && start.elapsed() < PATIENCE {
            std::thread::sleep(INTERVAL);
            status = std::fs::read_to_string(self.status()).unwrap_or_default();
        }
        assert_eq!(status, "0\n", "how it has ended, if it has\n{}", self.shown());
    }

    fn wait_until(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let start = Instant::now();
        loop {
            let screen = self.shown();
            if is_there(&screen) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "waited for {what:?}, but there is:\n{screen}");
            std::thread::sleep(INTERVAL);
        }
    }

    fn shown(&self) -> String {
        self.ask(&["capture-pane", "-p"])
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.tmux().arg("kill-server").output();
    }
}
