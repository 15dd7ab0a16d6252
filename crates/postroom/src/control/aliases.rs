//! Aliases and groups, as the command line makes and removes them.

use std::collections::HashMap;

use auth::AliasName;

use super::protocol::Reply;
use super::server::{Control, Replies, Undone, address};

impl Control {
    pub(super) async fn do_alias_add(&self, name: &str, target: &str) -> Result<Reply, Undone> {
        let name = self.alias_name(name)?;
        if !self.domains.iter().any(|domain| domain == name.domain()) {
            let ours = self.domains.join(", ");
            return Err(Undone::Refused(format!("{:?} is none of the domains here: {ours}", name.domain())));
        }
        // Mail is not sent elsewhere from here, so it must lead to somebody here.
        let target = self.login(target).map_err(Undone::Refused)?;
        let alias = match name {
            AliasName::Address(name) => address(name),
            AliasName::CatchAll(_) => name.to_string().into(),
        };
        self.store.add_to_alias(alias, &[target.to_string()]).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn do_alias_list(&self, to: &mut Replies) -> Result<Reply, Undone> {
        let aliases = self.store.aliases().await?;
        let users = self.store.users().await?;
        // Addresses are shown as they were written when what they are of was made.
        let of_users = users.iter().map(|user| (user.login.as_str(), user.spelling.as_deref()));
        let of_aliases = aliases.iter().map(|alias| (alias.name.as_str(), alias.spelling.as_deref()));
        let spellings: HashMap<&str, &str> =
            of_users.chain(of_aliases).filter_map(|(name, spelling)| Some((name, spelling?))).collect();
        let shown =
            |name: &String| spellings.get(name.as_str()).map_or_else(|| name.clone(), |s| (*s).to_owned());
        for alias in &aliases {
            for target in &alias.targets {
                to.send(&Reply::Alias { name: shown(&alias.name), target: shown(target) }).await?;
            }
        }
        Ok(Reply::Done)
    }

    pub(super) async fn do_alias_remove(&self, name: &str, target: Option<&str>) -> Result<Reply, Undone> {
        let name = self.alias_name(name)?.to_string();
        let targets = match target {
            Some(target) => vec![self.any_login(target)?.to_string()],
            None => Vec::new(),
        };
        match self.store.remove_from_alias(&name, &targets).await? {
            true => Ok(Reply::Done),
            false => Err(Undone::Refused(match targets.first() {
                Some(target) => format!("{name} does not lead to {target}"),
                None => format!("there is no alias {name}"),
            })),
        }
    }

    fn alias_name(&self, name: &str) -> Result<AliasName, Undone> {
        let parsed = AliasName::parse(name, &self.default_domain);
        parsed.map_err(|error| Undone::Refused(format!("{name:?}: {error}")))
    }
}
