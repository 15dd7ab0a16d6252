//! Whose an address is: users, aliases and groups, subaddresses, and what catches the rest of a domain.

use std::collections::HashSet;

use auth::{AliasName, DirectoryFault, LoginName};
use model::AccountId;

use crate::address::Address;
use crate::deliver::Delivery;
use crate::error::Undelivered;

/// How many aliases lead from one to the next at most.
pub const ALIAS_DEPTH_MAX: usize = 16;
/// How many users one address can stand for.
pub const RECIPIENT_USERS_MAX: usize = 5_000;

/// What the operator chooses about addresses.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The domain of addresses without one.
    pub default_domain: String,
    /// The domains that mail is kept for.
    pub domains: Vec<String>,
    /// Each of these characters may stand between a user and a detail, such as `+` (RFC 5233 §4). Empty for none.
    pub separators: String,
    /// Whether a detail names the folder that the mail goes to, where there is such a folder.
    pub detail_folders: bool,
    /// What this server calls itself.
    pub host_name: String,
    /// A message with more Received fields than this is in a loop.
    pub received_max: usize,
    /// Whether mail for a user over quota is refused for good, instead of being kept by its sender for another try.
    pub refuse_over_quota: bool,
}

/// An address that mail can be delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address as the message came to it, with a domain.
    pub(crate) address: String,
    /// Whose it is, each once.
    pub(crate) users: Vec<AccountId>,
    /// What follows the separator.
    pub(crate) detail: Option<String>,
}

impl Recipient {
    /// The address as the message came to it, with a domain.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// Where an address leads to, one step on.
enum Step {
    Users(Vec<AccountId>),
    Aliases(Vec<LoginName>),
    Nowhere,
}

impl Delivery {
    /// Whose an address is.
    ///
    /// # Errors
    /// [`Undelivered::UnknownDomain`], [`Undelivered::UnknownUser`], [`Undelivered::AliasTrouble`], or we failed.
    pub async fn recipient(&self, address: Address) -> Result<Recipient, Undelivered> {
        let address = address.in_domain(&self.rules.default_domain);
        let domain = self.domain_of(&address).ok_or(Undelivered::UnknownDomain)?;
        let shown = address.to_string();
        let found = |users, detail| Recipient { address: shown.clone(), users, detail };
        // A name may hold the separator itself, so the whole name is looked for first.
        if let Some(users) = self.users_of(&address.local, &domain).await? {
            return Ok(found(users, None));
        }
        if let Some((user, detail)) = address.split(&self.rules.separators)
            && let Some(users) = self.users_of(user, &domain).await?
        {
            return Ok(found(users, Some(detail.to_owned())));
        }
        match self.directory.alias(&AliasName::CatchAll(domain)).await.map_err(failed)? {
            Some(targets) => Ok(found(self.follow(targets, HashSet::new()).await?, None)),
            None => Err(Undelivered::UnknownUser),
        }
    }

    /// The addresses that an alias of exactly this name leads to, one step on; a user's own address leads to itself.
    ///
    /// # Errors
    /// We failed.
    pub async fn alias(&self, address: &Address) -> Result<Option<Vec<String>>, Undelivered> {
        let Some(domain) = self.domain_of(address) else { return Ok(None) };
        let name = match address.local.as_str() {
            "" => AliasName::CatchAll(domain),
            local => match LoginName::parse(&format!("{local}@{domain}"), &domain) {
                Ok(name) => AliasName::Address(name),
                Err(_) => return Ok(None),
            },
        };
        if let Some(targets) = self.directory.alias(&name).await.map_err(failed)? {
            return Ok(Some(targets.iter().map(LoginName::to_string).collect()));
        }
        let AliasName::Address(name) = name else { return Ok(None) };
        Ok(self.directory.find(&name).await.map_err(failed)?.map(|_| vec![name.to_string()]))
    }

    /// Whether mail is kept for the domain.
    #[must_use]
    pub fn keeps(&self, domain: &str) -> bool {
        self.domain_of(&Address { local: String::new(), domain: Some(domain.to_owned()) }).is_some()
    }

    /// The domain in the form that names are compared in, if it is one of ours.
    fn domain_of(&self, address: &Address) -> Option<String> {
        let domain = LoginName::parse("any", address.domain.as_deref()?).ok()?.domain().to_owned();
        self.rules.domains.contains(&domain).then_some(domain)
    }

    async fn users_of(&self, local: &str, domain: &str) -> Result<Option<Vec<AccountId>>, Undelivered> {
        // What is no name is nobody's.
        let Ok(name) = LoginName::parse(&format!("{local}@{domain}"), domain) else { return Ok(None) };
        match self.step(&name, false).await? {
            Step::Users(users) => Ok(Some(users)),
            Step::Aliases(targets) => {
                let followed = HashSet::from([name.as_str().to_owned()]);
                self.follow(targets, followed).await.map(Some)
            }
            Step::Nowhere => Ok(None),
        }
    }

    /// Follows aliases to their users. `followed` are those that were; where they lead to again, their user is meant.
    async fn follow(
        &self,
        targets: Vec<LoginName>,
        mut followed: HashSet<String>,
    ) -> Result<Vec<AccountId>, Undelivered> {
        let mut users = Vec::new();
        let mut seen = HashSet::new();
        let mut level = targets;
        for _ in 0..ALIAS_DEPTH_MAX {
            let mut next = Vec::new();
            for name in level {
                let again = followed.contains(name.as_str());
                match self.step(&name, again).await? {
                    Step::Users(found) => users.extend(found.into_iter().filter(|&user| seen.insert(user))),
                    Step::Aliases(targets) => {
                        followed.insert(name.as_str().to_owned());
                        next.extend(targets);
                    }
                    Step::Nowhere if again => {}
                    Step::Nowhere => tracing::warn!(%name, "an alias leads to an address that is nobody's"),
                }
                if users.len() + next.len() > RECIPIENT_USERS_MAX {
                    return Err(Undelivered::AliasTrouble);
                }
            }
            if next.is_empty() {
                return if users.is_empty() { Err(Undelivered::AliasTrouble) } else { Ok(users) };
            }
            level = next;
        }
        Err(Undelivered::AliasTrouble)
    }

    /// One step from a name; an alias that was followed before is passed over.
    async fn step(&self, name: &LoginName, followed: bool) -> Result<Step, Undelivered> {
        if !followed {
            let alias = AliasName::Address(name.clone());
            if let Some(targets) = self.directory.alias(&alias).await.map_err(failed)? {
                return Ok(Step::Aliases(targets));
            }
        }
        let user = self.directory.find(name).await.map_err(failed)?;
        Ok(user.map_or(Step::Nowhere, |user| Step::Users(vec![user.account])))
    }
}

fn failed(fault: DirectoryFault) -> Undelivered {
    tracing::error!(%fault, "a recipient could not be looked up");
    Undelivered::Failed
}

#[cfg(test)]
mod tests;
