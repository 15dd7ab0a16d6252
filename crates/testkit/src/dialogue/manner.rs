//! In what manner dialogues are played: as they are written, or with something switched on that must not matter.

use std::time::Instant;

use super::connection::{Connection, Reading};
use super::problem::Problem;
use super::script::Script;

/// What is switched on in every session before the dialogue has its say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Nothing.
    #[default]
    AsWritten,
    /// TLS, by STARTTLS; the greeting is handed on as if it came under TLS.
    Tls,
    /// Compression, from the login on (RFC 4978).
    Compressed,
    /// UIDONLY, from the login on (RFC 9586): what is said of messages is compared by UIDs, and the first message number
    /// that the dialogue uses has to be refused, which ends it.
    UidOnly,
}

impl Manner {
    /// Every manner with the name it has on the command line.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("as-written", Self::AsWritten),
        ("tls", Self::Tls),
        ("compressed", Self::Compressed),
        ("uidonly", Self::UidOnly),
    ];

    /// The capability that a dialogue is about which cannot be played in this manner: what is on already, or is taken
    /// off again.
    pub(crate) fn excludes(self, script: &Script) -> Option<&'static str> {
        let excluded: &[&str] = match self {
            Self::AsWritten => &[],
            Self::Tls => &["STARTTLS"],
            Self::Compressed => &["COMPRESS=DEFLATE", "UNAUTHENTICATE"],
            Self::UidOnly => &["UIDONLY", "UNAUTHENTICATE"],
        };
        excluded.iter().copied().find(|name| script.needs.iter().any(|need| need == name))
    }

    /// What is done to a new connection.
    pub(crate) fn connected(self, connection: &mut Connection, by: Instant) -> Result<(), Problem> {
        if self != Self::Tls {
            return Ok(());
        }
        let greeting = match connection.read(by)? {
            Reading::Response(greeting) => greeting,
            Reading::Silence => return Err(Problem::silence("a greeting")),
            Reading::Closed => return Err(Problem::closed("a greeting")),
        };
        connection.command(b"STARTTLS", by)?;
        connection.start_tls()?;
        connection.unread(&greeting);
        Ok(())
    }

    /// What is done when somebody has logged in.
    pub(crate) fn logged_in(self, connection: &mut Connection, by: Instant) -> Result<(), Problem> {
        match self {
            Self::AsWritten | Self::Tls => {}
            Self::Compressed => {
                connection.command(b"COMPRESS DEFLATE", by)?;
                connection.start_compression();
            }
            Self::UidOnly => {
                connection.command(b"ENABLE UIDONLY", by)?;
            }
        }
        Ok(())
    }
}
