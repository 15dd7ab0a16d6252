//! Giving up root after the low ports are bound.
//!
//! Three ways lead to ports 143 and 993: socket activation ([`crate::Inherited`]), the capability
//! `CAP_NET_BIND_SERVICE`, and binding as root followed by [`User::become_it`]. The C library's
//! `setuid` and its kin, which are called here, change every thread of the process; the kernel's own
//! calls change one thread only. Still, do it before the runtime starts and before any file is made:
//! what was opened or created earlier belongs to root.

use nix::unistd::{self, Gid, Group, Uid};

/// A user and group of this machine to run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: String,
    uid: Uid,
    gid: Gid,
}

/// Why the process cannot run as the user it should.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeFault {
    /// The machine knows no such user.
    #[error("there is no user {name:?} on this machine")]
    NoSuchUser {
        /// The configured name.
        name: String,
    },
    /// The machine knows no such group.
    #[error("there is no group {name:?} on this machine")]
    NoSuchGroup {
        /// The configured name.
        name: String,
    },
    /// The configured user is root itself.
    #[error("user {name:?} is root: name a user without privileges")]
    StillRoot {
        /// The configured name.
        name: String,
    },
    /// Only root can become somebody else.
    #[error("only root can become user {name:?}; start as that user, or leave `user` out")]
    NotRoot {
        /// The configured name.
        name: String,
    },
    /// The operating system said no.
    #[error("cannot become user {name:?}: {call} failed: {source}")]
    System {
        /// The configured name.
        name: String,
        /// The call that failed.
        call: &'static str,
        /// What it answered.
        source: nix::Error,
    },
    /// Root could be taken back, so nothing was given up.
    #[error("after becoming user {name:?} root could be had again; refusing to go on")]
    Undone {
        /// The configured name.
        name: String,
    },
}

/// Whether the process runs as root.
#[must_use]
pub fn is_root() -> bool {
    unistd::geteuid().is_root()
}

impl User {
    /// Looks up `name`, and the group to run with: `group` if given, else the user's own.
    ///
    /// # Errors
    /// There is no such user or group, the user is root, or they cannot be looked up.
    pub fn find(name: &str, group: Option<&str>) -> Result<Self, PrivilegeFault> {
        let system = |call| move |source| PrivilegeFault::System { name: name.to_owned(), call, source };
        let user = unistd::User::from_name(name)
            .map_err(system("getpwnam"))?
            .ok_or_else(|| PrivilegeFault::NoSuchUser { name: name.to_owned() })?;
        if user.uid.is_root() {
            return Err(PrivilegeFault::StillRoot { name: name.to_owned() });
        }
        let gid = match group {
            None => user.gid,
            Some(group) => {
                Group::from_name(group)
                    .map_err(system("getgrnam"))?
                    .ok_or_else(|| PrivilegeFault::NoSuchGroup { name: group.to_owned() })?
                    .gid
            }
        };
        Ok(Self { name: name.to_owned(), uid: user.uid, gid })
    }

    /// Whether the process runs as this user already.
    #[must_use]
    pub fn is_current(&self) -> bool {
        unistd::getuid() == self.uid && unistd::geteuid() == self.uid
    }

    /// Makes the whole process run as this user, for good. Does nothing when it does already.
    ///
    /// # Errors
    /// The process is not root, the system refuses, or root could be had again. After an error the
    /// process may be half way and should end.
    pub fn become_it(&self) -> Result<(), PrivilegeFault> {
        if self.is_current() {
            return Ok(());
        }
        if !is_root() {
            return Err(PrivilegeFault::NotRoot { name: self.name.clone() });
        }
        // ORDER: groups first, the user last: only root may change groups.
        self.call("setgroups", unistd::setgroups(&[self.gid]))?;
        self.call("setresgid", unistd::setresgid(self.gid, self.gid, self.gid))?;
        self.call("setresuid", unistd::setresuid(self.uid, self.uid, self.uid))?;
        let root_again =
            unistd::setuid(Uid::from_raw(0)).is_ok() || unistd::seteuid(Uid::from_raw(0)).is_ok();
        if root_again || !self.is_current() {
            return Err(PrivilegeFault::Undone { name: self.name.clone() });
        }
        Ok(())
    }

    /// The user's and the group's number, to give files to them while still root.
    #[must_use]
    pub fn owner(&self) -> (u32, u32) {
        (self.uid.as_raw(), self.gid.as_raw())
    }

    fn call(&self, call: &'static str, answer: nix::Result<()>) -> Result<(), PrivilegeFault> {
        answer.map_err(|source| PrivilegeFault::System { name: self.name.clone(), call, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_user_is_named_in_the_error() {
        let fault = User::find("nobody-of-that-name", None).unwrap_err();
        assert_eq!(fault.to_string(), r#"there is no user "nobody-of-that-name" on this machine"#);
    }

    #[test]
    fn root_is_no_user_to_drop_to() {
        let fault = User::find("root", None).unwrap_err();
        assert!(matches!(fault, PrivilegeFault::StillRoot { .. }), "{fault}");
    }

    #[test]
    fn an_unknown_group_is_named_in_the_error() {
        let fault = User::find("nobody", Some("no-such-group")).unwrap_err();
        assert!(matches!(fault, PrivilegeFault::NoSuchGroup { .. }), "{fault}");
    }
}
