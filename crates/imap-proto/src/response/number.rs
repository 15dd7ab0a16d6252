//! Numbers, written without going through the formatting machinery: FETCH writes several for each message.

/// The most digits a number has.
const DIGITS_MAX: usize = 20;

/// Appends a number in decimal.
pub fn number(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; DIGITS_MAX];
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
        used += 1;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(DIGITS_MAX - used..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_spelt_as_the_library_spells_it(n in any::<u64>(), shift in 0u32..64) {
            for n in [n >> shift, 0, u64::MAX] {
                let mut out = Vec::new();
                number(&mut out, n);
                prop_assert_eq!(String::from_utf8(out).unwrap(), n.to_string());
            }
        }
    }
}
