//! Base64 (RFC 2045 §6.8), in pieces of any size.

/// What `VALUES` holds for bytes that are not of the alphabet.
const FOREIGN: u8 = 0xff;

/// The value of each byte.
const VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [FOREIGN; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Decodes base64 piece by piece. A padding sign ends a group, not the text: some mailers join several.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bits: u32,
    /// How many characters of the current group were seen.
    count: u8,
}

impl Decoder {
    /// Decodes a piece.
    pub(super) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) {
        out.reserve(text.len() / 4 * 3 + 3);
        for &byte in text {
            let value = VALUES.get(usize::from(byte)).copied().unwrap_or(FOREIGN);
            if value != FOREIGN {
                self.bits = self.bits << 6 | u32::from(value);
                self.count += 1;
                // Bytes are given as soon as they are whole, so that a lost end loses nothing else.
                match self.count {
                    2 => out.push((self.bits >> 4) as u8),
                    3 => out.push((self.bits >> 2) as u8),
                    4 => {
                        out.push(self.bits as u8);
                        self.count = 0;
                    }
                    _ => {}
                }
            } else if byte == b'=' {
                self.count = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::base64;

    #[test]
    fn damaged_base64_gives_what_can_be_read() {
        assert_eq!(base64(b"aGVs\r\n bG8h"), b"hello!");
        assert_eq!(base64(b"aGk=aGk="), b"hihi");
        assert_eq!(base64(b"aGk"), b"hi");
        assert_eq!(base64(b"a-G*k="), b"hi");
        assert_eq!(base64(b"===="), b"");
    }
}
