//! What the two processes say to each other: a number and bytes, each in turn.

use std::io::{self, Read, Write};

/// The largest document that is read, in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// Sends a number with bytes.
pub(crate) fn send(to: &mut impl Write, number: u8, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&[number])?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// The next number with its bytes, at most so many; `None` where the other side has ended.
pub(crate) fn receive(from: &mut impl Read, bytes_max: usize) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut number = [0];
    if from.read(&mut number)? == 0 {
        return Ok(None);
    }
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > bytes_max {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    let [number] = number;
    Ok(Some((number, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_received_within_the_limit() {
        let mut sent = Vec::new();
        send(&mut sent, 7, b"text").unwrap();
        assert_eq!(receive(&mut sent.as_slice(), 4).unwrap(), Some((7, b"text".to_vec())));
        assert_eq!(receive(&mut sent.as_slice(), 3).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(receive(&mut &sent[..6], 4).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(receive(&mut &sent[..0], 4).unwrap(), None);
    }
}
