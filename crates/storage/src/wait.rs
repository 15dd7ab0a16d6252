//! Whether a read may wait for a disk.

/// Most reads are answered from memory, in less time than it takes to have another thread do them. Only those that are not
/// have to be done where they may block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The read takes as long as the disk does.
    Allowed,
    /// What memory does not answer is [`crate::Error::WouldWait`].
    Forbidden,
}
