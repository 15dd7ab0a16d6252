//! Passwords that the server makes up: random, and easy to read out and to type.

use model::env::random;

/// Letters that are told apart in every font and typed alike on most keyboards.
const CONSONANTS: &[u8; 16] = b"bdfghjkmnprstvwx";
/// A power of two of them, so that a random byte picks each alike.
const VOWELS: &[u8; 4] = b"aeio";
/// Syllables in a group and groups in a password: 12 syllables of 6 bits are 72 bits.
const SYLLABLES: usize = 3;
const GROUPS: usize = 4;

/// A random password of 72 bits, such as `bafiko-wenodi-hasemo-tajixe`.
#[must_use]
pub fn readable_password() -> String {
    let chance = random::<{ SYLLABLES * GROUPS }>();
    let groups: Vec<String> =
        chance.chunks(SYLLABLES).map(|group| group.iter().map(syllable).collect()).collect();
    groups.join("-")
}

fn syllable(chance: &u8) -> String {
    let consonant = CONSONANTS[usize::from(chance >> 4)];
    let vowel = VOWELS[usize::from(chance & 3)];
    String::from_iter([char::from(consonant), char::from(vowel)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;

    #[test]
    fn a_made_up_password_is_readable_good_enough_and_new_each_time() {
        let made = readable_password();
        assert_eq!(made.len(), 27);
        assert!(
            made.split('-').all(|group| group.len() == 6 && group.chars().all(|c| c.is_ascii_lowercase()))
        );
        assert_eq!(Password::new(&made).check_strength(), Ok(()));
        assert_ne!(made, readable_password());
    }
}
