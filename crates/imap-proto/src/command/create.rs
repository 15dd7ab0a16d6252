//! CREATE, with the role of the new mailbox. RFC 3501 §6.3.3, RFC 6154 §3.

use model::{MailboxName, SpecialUse};

use crate::error::Error;
use crate::lex::Cursor;

/// CREATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The new mailbox. A separator at the end, which only says that names below it will follow, is gone.
    pub mailbox: MailboxName,
    /// How the name was sent, if the mailbox's name is spelt otherwise (RFC 9051 §6.3.9.7).
    pub sent_as: Option<String>,
    /// The roles that it shall have (RFC 6154 §3).
    pub special_use: Vec<SpecialUse>,
}

impl Create {
    pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.space()?;
        let (mailbox, sent_as) = cursor.new_mailbox()?;
        let mut create = Self { mailbox, sent_as, special_use: Vec::new() };
        if cursor.skip(b" ") {
            cursor.list("USE", |cursor| {
                if !cursor.keyword("USE") {
                    return Err(cursor.expected("USE"));
                }
                cursor.space()?;
                cursor.list_or_empty("a special-use attribute", |cursor| create.add_role(cursor))
            })?;
        }
        Ok(create)
    }

    fn add_role(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        let attribute = cursor.flag_text("a special-use attribute")?;
        let Some(role) = SpecialUse::from_attribute(attribute) else {
            return Err(crate::error::Refusal::SpecialUse { attribute: attribute.to_owned() }.into());
        };
        if !self.special_use.contains(&role) {
            self.special_use.push(role);
        }
        Ok(())
    }
}
