//! Aliases and groups, as the command line makes and removes them.

use auth::AliasName;

use super::protocol::Reply;
use super::server::{Control, Replies, Undone};

impl Control {
    pub(super) async fn do_alias_add(&self, name: &str, target: &str) -> Result<Reply, Undone> {
        let name = self.alias_name(name)?;
        if !self.domains.iter().any(|domain| domain == name.domain()) {
            let ours = self.domains.join(", ");
            return Err(Undone::Refused(format!("{:?} is none of the domains here: {ours}", name.domain())));
        }
        // Mail is not sent elsewhere from here, so it must lead to somebody here.
        let target = self.login(target).map_err(Undone::Refused)?;
        self.store.add_to_alias(&name.to_string(), &[target.to_string()]).await?;
        Ok(Reply::Done)
    }

    pub(super) async fn do_alias_list(&self, to: &mut Replies) -> Result<Reply, Undone> {
        for alias in self.store.aliases().await? {
            for target in alias.targets {
                to.send(&Reply::Alias { name: alias.name.clone(), target }).await?;
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
