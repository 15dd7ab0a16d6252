//! Asking for a password: from the terminal without showing it, or from the standard input of a script.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write, stdin};

use auth::PASSWORD_BYTES_MAX;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    /// There is nobody to ask.
    #[error(
        "there is no terminal to ask for the password; say --password-stdin and give it on the standard input"
    )]
    NoTerminal,
    /// Nothing came.
    #[error("no password was given")]
    Empty,
    /// It is longer than any password.
    #[error("a password has at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// It was typed differently the second time.
    #[error("the two passwords are not the same")]
    Different,
    /// The system refuses.
    #[error("cannot read the password: {0}")]
    System(#[from] io::Error),
}

/// A new password: the first line of the standard input, or typed twice at the terminal.
pub(crate) fn new_password(from_stdin: bool) -> Result<Zeroizing<String>, Unread> {
    if from_stdin {
        return first_line(&mut stdin().lock());
    }
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(|_| Unread::NoTerminal)?;
    let first = typed(&terminal, "New password: ")?;
    if typed(&terminal, "Again: ")? != first {
        return Err(Unread::Different);
    }
    Ok(first)
}

/// Whether whoever sits at the terminal says yes.
pub(crate) fn confirmed(question: &str) -> bool {
    if !stdin().is_terminal() {
        return false;
    }
    eprint!("{question} [yes/no] ");
    let mut answer = String::new();
    let read = stdin().lock().take(16).read_line(&mut answer);
    read.is_ok() && answer.trim().eq_ignore_ascii_case("yes")
}

fn typed(mut terminal: &File, prompt: &str) -> Result<Zeroizing<String>, Unread> {
    write!(terminal, "{prompt}")?;
    let line = {
        let _silent = Silent::begin(terminal)?;
        first_line(&mut BufReader::new(terminal))
    };
    writeln!(terminal)?;
    line
}

/// A terminal that does not show what is typed, until this is dropped.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // If it cannot be undone the user will notice; there is nothing else to do.
        let _undone = tcsetattr(self.terminal, OptionalActions::Flush, &self.before).is_ok();
    }
}

fn first_line(from: &mut impl BufRead) -> Result<Zeroizing<String>, Unread> {
    let limit = PASSWORD_BYTES_MAX + 2;
    let mut line = Zeroizing::new(String::with_capacity(limit));
    from.take(limit as u64).read_line(&mut line)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    match password.len() {
        0 => Err(Unread::Empty),
        1..=PASSWORD_BYTES_MAX => Ok(Zeroizing::new(password.to_owned())),
        _ => Err(Unread::TooLong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Unread> {
        first_line(&mut text.as_bytes()).map(|line| line.to_string())
    }

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(read("correct horse\nbattery\n").unwrap(), "correct horse");
        assert_eq!(read("correct horse\r\n").unwrap(), "correct horse");
        assert_eq!(read(" spaces \n").unwrap(), " spaces ");
        assert_eq!(read("no end").unwrap(), "no end");
    }

    #[test]
    fn nothing_and_too_much_are_no_password() {
        assert!(matches!(read(""), Err(Unread::Empty)));
        assert!(matches!(read("\n"), Err(Unread::Empty)));
        assert!(matches!(read(&"x".repeat(PASSWORD_BYTES_MAX + 1)), Err(Unread::TooLong)));
        assert!(read(&"x".repeat(PASSWORD_BYTES_MAX)).is_ok());
    }
}
