//! Manifests are written in between, and at the end of some histories only the segments are left.

use super::model::Model;
use super::world::{World, tell};
use ::model::{Clock as _, MailboxName};
use mailstore::{Loss, RECOVERED};
use std::collections::BTreeSet;
use std::sync::Arc;
use storage::MemoryEngine;

/// What a manifest may be of: the account, and how many mails had been written by then.
pub(super) type Manifested = (Model, u64);

impl World {
    /// Writes manifests. What goes wrong there is only logged, and then nobody knows whether there is a new one.
    pub(super) async fn manifest(&mut self) {
        // Where nothing has changed, there is none newer: mail that was never acknowledged may be newer than it.
        let same = self.manifested.iter().filter(|(model, _)| *model == self.model);
        let same = same.map(|(_, written)| *written).min();
        let newest = if self.manifested.is_empty() { 0 } else { self.written };
        let there = (self.model.clone(), same.unwrap_or(newest));
        let written = self.store.write_manifests().await;
        if written.is_err() || self.access.watch().failed() {
            if !self.manifested.is_empty() {
                self.manifested.push(there);
            }
            self.power_cut(None).await;
        } else {
            self.manifested = vec![there];
        }
    }

    /// Writes manifests while other things happen. Nobody knows what is in them.
    pub(super) async fn manifest_beside(&mut self) {
        self.manifested.clear();
        // A store that has failed is found out by those other things.
        let _written = self.store.write_manifests().await;
    }

    /// The engine is lost, and the power too.
    pub(super) async fn lose_the_engine(&mut self) {
        tell(|| "only the segments are left".to_owned());
        self.disk = self.disk.crash(self.dice.next());
        self.engine = Arc::new(MemoryEngine::default());
        let report = mailstore::rebuild(&self.disk, &*self.engine, self.clock.now()).unwrap();
        for loss in &report.losses {
            assert!(matches!(loss, Loss::Message { .. }), "{loss}");
        }
        self.open_without_faults().await;
        let there = self.read().await;
        tell(|| format!("{} mails recovered", report.recovered));
        let differences: Vec<String> =
            self.manifested.iter().filter_map(|m| self.differs(&there, m)).collect();
        let is_one_of_them = self.manifested.is_empty() || differences.len() < self.manifested.len();
        assert!(is_one_of_them, "{differences:#?}\nin {there:?}");
        assert!(contents(&self.model).is_subset(&contents(&there)), "mail is missing in {there:?}");
        let problems = self.store.check(None, true).await.unwrap().problems;
        assert_eq!(problems, [], "the check after a rebuild");
    }

    /// What is there that should not be, or is not there that should, if this was the last manifest.
    fn differs(&self, there: &Model, (manifest, written): &Manifested) -> Option<String> {
        let recovered = MailboxName::new(RECOVERED).unwrap();
        let now = contents(&self.model);
        let mut rest = there.clone();
        if let Some(folder) = rest.folders.remove(&recovered) {
            rest.subscribed.remove(&recovered);
            let back = folder.mails.values().find(|mail| number(&mail.content) <= *written);
            if let Some(back) = back {
                return Some(format!("{back:?} is older than the manifest of {written} mails"));
            }
        }
        let mut expected = manifest.clone();
        for (name, folder) in &mut expected.folders {
            let found = rest.folders.get(name)?;
            if found.uid_validity <= folder.uid_validity {
                return Some(format!("UIDVALIDITY of {name} is {}", found.uid_validity));
            }
            folder.uid_validity = found.uid_validity;
            // What was expunged after the manifest may be there, or be compacted away.
            folder.mails.retain(|uid, mail| now.contains(&mail.content) || found.mails.contains_key(uid));
        }
        (rest != expected).then(|| format!("{expected:?} was expected"))
    }
}

fn contents(model: &Model) -> BTreeSet<Vec<u8>> {
    let mails = model.folders.values().flat_map(|folder| folder.mails.values());
    mails.map(|mail| mail.content.clone()).collect()
}

/// Which mail it is: `Subject: mail 7`.
fn number(content: &[u8]) -> u64 {
    let text = std::str::from_utf8(content).unwrap();
    text.lines().next().unwrap().trim_start_matches("Subject: mail ").parse().unwrap()
}
