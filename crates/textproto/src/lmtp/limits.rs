//! Every bound of an LMTP session, with what holds where nothing is configured.

use std::time::Duration;

/// The longest local part (RFC 5321 §4.5.3.1.1), in bytes.
pub(super) const LOCAL_BYTES_MAX: usize = 64;
/// The longest domain (RFC 5321 §4.5.3.1.2), in bytes.
pub(super) const DOMAIN_BYTES_MAX: usize = 255;
/// The longest path with its angle brackets (RFC 5321 §4.5.3.1.3), in bytes.
pub(super) const PATH_BYTES_MAX: usize = 256;
/// Parameters that a command may have; we know three.
pub(super) const PARAMETERS_MAX: usize = 16;
/// Of a message or chunk that is refused, so many times the largest message are read and thrown away, so that the
/// answer reaches the client. A client that sends more is cut off.
pub(super) const DISCARD_MESSAGES_MAX: u64 = 4;

/// What becomes of a CR or an LF that is not part of a CRLF. Neither ever ends a line of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BareLineEnds {
    /// The message is refused (RFC 5321 §2.3.8): what one program takes for the end of a line and another does not can
    /// hide a header field.
    #[default]
    Refuse,
    /// Each is made a CRLF.
    Convert,
}

/// What the operator can choose.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest command line with its CRLF, in bytes. RFC 5321 §4.5.3.1.4 asks for 512, and each extension for more.
    pub command_line_bytes: usize,
    /// The longest line of a message with its CRLF, in bytes. RFC 5321 §4.5.3.1.6 allows 1000; what is sent is often longer.
    pub text_line_bytes: usize,
    /// The most recipients of one message; RFC 5321 §4.5.3.1.8 asks for at least 100.
    pub recipients: usize,
    /// How long the client may be silent, and how long it may take to read an answer; RFC 5321 §4.5.3.2.7 asks for 5 minutes.
    pub timeout: Duration,
    /// After so many commands in a row that are refused as wrong, the client is sent away.
    pub bad_commands_max: u32,
    /// What becomes of bare CR and LF in messages.
    pub bare_line_ends: BareLineEnds,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            command_line_bytes: 4096,
            text_line_bytes: 1 << 20,
            recipients: 1000,
            timeout: Duration::from_secs(300),
            bad_commands_max: 20,
            bare_line_ends: BareLineEnds::Refuse,
        }
    }
}
