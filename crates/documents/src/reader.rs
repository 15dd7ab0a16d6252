//! The side that has documents read: it starts the process, and another where that one is gone or takes too long.

use std::ffi::OsString;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::Kind;
use crate::protocol::{DOCUMENT_BYTES_MAX, receive, send};
use crate::serve::TEXT;
use crate::sink::TEXT_BYTES_MAX;

/// How long the process is kept that has nothing to do.
const IDLE: Duration = Duration::from_secs(30);

/// What a document may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until the text of one has to be there.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10) }
    }
}

/// Has documents read, one at a time.
#[derive(Debug)]
pub struct Reader {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: Limits,
    process: Mutex<Option<Process>>,
}

/// A process that is running.
#[derive(Debug)]
struct Process {
    child: Child,
    documents: Sender<(Kind, Vec<u8>)>,
    texts: Receiver<io::Result<Option<String>>>,
}

impl Reader {
    /// `program` with these arguments calls [`crate::serve()`].
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<OsString>, limits: Limits) -> Self {
        Self { program, arguments, limits, process: Mutex::new(None) }
    }

    /// The text of a document; `None` where it has none that can be read within the limits. Blocks.
    pub fn text(&self, kind: Kind, document: Vec<u8>) -> Option<String> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return None;
        }
        let mut process = self.process.lock();
        if process.as_mut().is_none_or(|running| running.has_ended()) {
            let started = Process::start(&self.program, &self.arguments);
            let failed =
                |error: &io::Error| tracing::error!(%error, "no process can be started that reads documents");
            *process = started.inspect_err(failed).ok();
        }
        let running = process.as_ref()?;
        let answer = match running.documents.send((kind, document)) {
            Ok(()) => running.texts.recv_timeout(self.limits.time),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        match answer {
            Ok(Ok(text)) => text,
            broken => {
                let why = if matches!(broken, Err(RecvTimeoutError::Timeout)) {
                    "takes too long"
                } else {
                    "is too much"
                };
                tracing::warn!(?kind, "an attachment {why} to read; its text is not searched");
                // Its end ends the thread that waits for it.
                if let Some(running) = process.take() {
                    running.stop();
                }
                None
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(running) = self.process.get_mut().take() {
            running.stop();
        }
    }
}

impl Process {
    fn start(program: &std::path::Path, arguments: &[OsString]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir("/");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let ((documents, to_read), (read, texts)) = (channel(), channel());
        let talk = move || talk((input, output), &to_read, &read);
        thread::Builder::new().name("documents".to_owned()).spawn(talk)?;
        Ok(Self { child, documents, texts })
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn stop(mut self) {
        // It may have ended by itself.
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Passes documents on and texts back, until one side ends or nothing comes for a while; then the process ends too.
fn talk(
    (input, output): (ChildStdin, ChildStdout),
    documents: &Receiver<(Kind, Vec<u8>)>,
    texts: &Sender<io::Result<Option<String>>>,
) {
    let (mut input, mut output) = (BufWriter::new(input), BufReader::new(output));
    while let Ok((kind, document)) = documents.recv_timeout(IDLE) {
        let answer = send(&mut input, kind as u8, &document).and_then(|()| answer(&mut output));
        let is_broken = answer.is_err();
        if texts.send(answer).is_err() || is_broken {
            break;
        }
    }
}

fn answer(output: &mut BufReader<ChildStdout>) -> io::Result<Option<String>> {
    let (answer, text) = receive(output, TEXT_BYTES_MAX)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok((answer == TEXT).then(|| String::from_utf8_lossy(&text).into_owned()))
}
