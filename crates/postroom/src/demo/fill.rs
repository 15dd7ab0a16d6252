//! Putting the sample mail into a new demo's first account.

use mailstore::Refusal;
use model::{Clock, Flags, MailboxName, NamedFlags, Rights, SystemClock};

use super::sample::{self, Sample};
use crate::assembly::Mail;
use crate::failure::Failure;

/// Fills the account of `login`.
///
/// # Errors
/// The store refuses or fails.
pub(super) async fn fill(mail: &Mail, login: &str) -> Result<(), Failure> {
    let refused = mailstore::Error::from;
    let user = mail.store.user(login)?.ok_or_else(|| refused(Refusal::AccountMissing))?;
    let access = mail.store.enter(user.account).await?;
    let now = i64::try_from(SystemClock.now().seconds()).unwrap_or_default();
    let samples = sample::all(now);
    for name in sample::MAILBOXES {
        let name = MailboxName::new(name).map_err(|error| refused(error.into()))?;
        let mailbox = access.mailbox(&name, Rights::INSERT).map_err(refused)?;
        let mut arrivals = Vec::new();
        for sample in samples.iter().filter(|sample| sample.mailbox == name.as_str()) {
            let mut intake = mail.store.receive();
            intake.write(&sample.letter.write())?;
            arrivals.push(intake.finish(&mailbox, flags(sample), Some(sample.letter.date)).await?);
        }
        mailbox.append(arrivals).await?;
    }
    Ok(())
}

fn flags(sample: &Sample) -> NamedFlags {
    let system = sample.flags.iter().fold(Flags::NONE, |all, &flag| all.with(flag));
    let keywords = sample.keywords.iter().filter_map(|name| model::Keyword::new(name).ok());
    NamedFlags { system, keywords: keywords.collect() }
}
