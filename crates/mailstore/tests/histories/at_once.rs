//! Several changes of one mailbox at once, also beside the housekeeping.

use super::model::Request;
use super::world::{World, append, set, tell};
use ::model::{MailboxName, UidSet};
use mailstore::{Error, Mailbox, Store};
use std::collections::BTreeSet;
use std::sync::Arc;

impl World {
    /// Several changes of one mailbox at once: whatever their order was, their modseqs tell it.
    pub(super) async fn at_once(&mut self) {
        // Which of them would meet the limit is not to be foretold.
        if self.has_limit() {
            return;
        }
        let (on, to) = (self.some_folder(), self.some_folder());
        let requests = self.choose_several(&on, &to);
        tell(|| format!("at once on {on}: {requests:?}"));
        let mut tasks = Vec::new();
        for request in requests {
            let (store, mailbox, to) = (self.store.clone(), self.mailbox(&on), self.mailbox(&to));
            tasks.push(tokio::spawn(async move {
                let done = one_of_several(&store, &mailbox, &to, &request).await;
                (done, request)
            }));
        }
        match self.dice.below(4) {
            0 | 1 => self.store.tidy().await,
            2 => self.manifest_beside().await,
            _ => {}
        }
        let mut done = Vec::new();
        let mut failed = false;
        for task in tasks {
            let (modseq, request) = task.await.unwrap();
            match modseq {
                // Nothing changed: the modseq is that of the commit before it.
                Ok(None) => {}
                Ok(Some(modseq)) => done.push((modseq, request)),
                Err(Error::Failed(_)) => failed = true,
                Err(Error::Refused(refusal)) => panic!("{request:?} was refused: {refusal}"),
            }
        }
        done.sort_by_key(|(modseq, _)| *modseq);
        tell(|| format!("done {done:?}, failed {failed}"));
        for (_, request) in &done {
            self.model.apply(request, 0);
        }
        if failed {
            self.give_up_on(&[on, to]).await;
        }
    }

    /// Appends and changes of flags, and at most one move: another would find the messages gone.
    fn choose_several(&mut self, on: &MailboxName, to: &MailboxName) -> Vec<Request> {
        let uids: Vec<u32> = self.model.folders[on].mails.keys().copied().collect();
        let mut requests = Vec::new();
        for _ in 0..2 + self.dice.below(4) {
            requests.push(match self.dice.one_in(2) {
                true => Request::Append { to: on.clone(), mails: vec![self.mail()] },
                false => {
                    Request::Store { on: on.clone(), request: self.flags(&uids), modified: UidSet::new() }
                }
            });
        }
        let moving = self.dice.some(&uids);
        if self.dice.one_in(2) && !moving.is_empty() {
            let at = self.dice.below(requests.len() as u64) as usize;
            requests.insert(at, Request::Move { from: on.clone(), uids: moving, to: to.clone() });
        }
        requests
    }

    /// Several changes of mailboxes are unknown at once: what is there then becomes the truth, if it adds up.
    async fn give_up_on(&mut self, folders: &[MailboxName]) {
        self.reopen().await;
        let (mut known, mut there) = (Vec::new(), BTreeSet::new());
        for name in folders {
            known.extend(self.model.folders[name].mails.values().map(|mail| mail.content.clone()));
        }
        for name in folders {
            let folder = self.read_folder(name).await;
            there.extend(folder.mails.values().map(|mail| mail.content.clone()));
            self.model.folders.insert(name.clone(), folder);
        }
        assert!(known.iter().all(|content| there.contains(content)), "an acknowledged mail is there");
        self.clients.clear();
        self.compare().await;
    }
}

/// The modseq of a change; `None` if there was nothing to change.
async fn one_of_several(
    store: &Arc<Store>,
    on: &Mailbox,
    to: &Mailbox,
    request: &Request,
) -> Result<Option<::model::ModSeq>, Error> {
    Ok(match request {
        Request::Append { mails, .. } => Some(append(store, on, mails).await?),
        Request::Store { request, .. } => {
            let stored = on.store(request.clone()).await?;
            (!stored.changed.is_empty()).then_some(stored.modseq)
        }
        Request::Move { uids, .. } => Some(on.move_to(&set(uids), to).await?.modseq),
        _ => unreachable!("only these are made above"),
    })
}
