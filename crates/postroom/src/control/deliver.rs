//! A message from the command line to its recipients.

use delivery::{Address, Delivery, Incoming, Recipient, Trace, Undelivered, Via};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::protocol::{NotDelivered, Reply};
use super::server::Undone;

/// A message's bytes are taken in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;
/// Bytes of a message's id in the log and in Received.
const ID_BYTES: usize = 8;

/// `sysexits.h`: the message cannot be taken.
const EX_DATAERR: u8 = 65;
/// There is no such user.
const EX_NOUSER: u8 = 67;
/// There is no room for it.
const EX_CANTCREAT: u8 = 73;
/// A later try may succeed.
pub(crate) const EX_TEMPFAIL: u8 = 75;

/// Delivers the message that comes from `from`, which is read to its end also when it is refused.
pub(super) async fn deliver(
    delivery: &Delivery,
    to: &[String],
    sender: &str,
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Reply, Undone> {
    let id = format!("{:016x}", u64::from_be_bytes(model::env::random::<ID_BYTES>()));
    let taken = take(delivery.receive(&Trace { via: Via::CommandLine, id: id.clone() }), from).await?;
    let mut outcomes: Vec<Result<(), Undelivered>> = vec![Ok(()); to.len()];
    let (mut places, mut recipients) = (Vec::new(), Vec::new());
    for (number, (outcome, address)) in outcomes.iter_mut().zip(to).enumerate() {
        match delivery.recipient(Address::plain(address)).await {
            Ok(recipient) => {
                places.push(number);
                recipients.push(recipient);
            }
            Err(undelivered) => *outcome = Err(undelivered),
        }
    }
    let delivered = bring(delivery, taken, sender, &recipients).await;
    for (number, done) in places.into_iter().zip(delivered) {
        if let Some(outcome) = outcomes.get_mut(number) {
            *outcome = done;
        }
    }
    for (to, outcome) in to.iter().zip(&outcomes) {
        tracing::info!(id, from = sender, to, delivered = outcome.is_ok(), "delivery from the command line");
    }
    Ok(Reply::Delivered {
        undelivered: outcomes.into_iter().map(|outcome| outcome.err().map(told)).collect(),
    })
}

async fn bring(
    delivery: &Delivery,
    taken: Result<Incoming, Undelivered>,
    sender: &str,
    recipients: &[Recipient],
) -> Vec<Result<(), Undelivered>> {
    match taken {
        Ok(incoming) => delivery.deliver(incoming, sender, recipients).await,
        Err(undelivered) => vec![Err(undelivered); recipients.len()],
    }
}

/// Reads a message to its end.
async fn take(
    mut taken: Result<Incoming, Undelivered>,
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Result<Incoming, Undelivered>, Undone> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return Ok(taken);
        }
        if let Ok(incoming) = &mut taken
            && let Err(undelivered) = incoming.write(piece.get(..read).unwrap_or_default())
        {
            taken = Err(undelivered);
        }
    }
}

fn told(undelivered: Undelivered) -> NotDelivered {
    let exit = match undelivered {
        Undelivered::UnknownDomain | Undelivered::UnknownUser => EX_NOUSER,
        Undelivered::TooBig { .. } | Undelivered::Nul | Undelivered::Loop => EX_DATAERR,
        Undelivered::OverQuota { for_good: true } | Undelivered::MailboxFull => EX_CANTCREAT,
        Undelivered::OverQuota { for_good: false }
        | Undelivered::AliasTrouble
        | Undelivered::NoSpace
        | Undelivered::Failed => EX_TEMPFAIL,
    };
    NotDelivered { exit, why: undelivered.to_string() }
}
