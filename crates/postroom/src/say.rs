//! What commands say on the standard output. Who no longer listens misses it: that is no failure of the command.

use std::fmt::Display;
use std::io::{Write, stdout};

/// Says one line.
pub(crate) fn say(line: impl Display) {
    let mut out = stdout().lock();
    let _heard = writeln!(out, "{line}").and_then(|()| out.flush()).is_ok();
}
