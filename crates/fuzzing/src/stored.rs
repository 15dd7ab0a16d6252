//! Bytes of the store: whatever a row holds, it is read or refused, and what was read is written the same again.

use mailstore::stored::{FORMS, read_and_write};

/// A stored value. The first byte chooses its form.
pub(crate) fn stored(data: &[u8]) {
    let Some((&choice, value)) = data.split_first() else { return };
    let form = FORMS[usize::from(choice) % FORMS.len()];
    if let Ok(written) = read_and_write(form, value) {
        assert_eq!(read_and_write(form, &written).as_ref(), Ok(&written), "{form:?}");
    }
}
