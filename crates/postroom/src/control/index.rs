//! The server's side of `postroom index`.

use super::protocol::Reply;
use super::server::{Control, Replies, Undone};

impl Control {
    pub(super) async fn show_index(&self, login: Option<&str>, to: &mut Replies) -> Result<Reply, Undone> {
        for login in self.logins(login).await? {
            let size = self.store.index_size(&login).await?;
            let (messages, pending) = (size.emails, size.pending);
            let (text_bytes, bytes) = (size.text_bytes, size.bytes);
            to.send(&Reply::Indexed { login, messages, pending, text_bytes, bytes }).await?;
        }
        Ok(Reply::Done)
    }

    pub(super) async fn rebuild_index(&self, login: Option<&str>, to: &mut Replies) -> Result<Reply, Undone> {
        for login in self.logins(login).await? {
            self.store.rebuild_index(&login).await?;
            self.show_index(Some(&login), to).await?;
        }
        Ok(Reply::Done)
    }

    /// One user, or all.
    async fn logins(&self, login: Option<&str>) -> Result<Vec<String>, Undone> {
        Ok(match login {
            Some(login) => vec![self.any_login(login)?.to_string()],
            None => self.store.users().await?.into_iter().map(|user| user.login).collect(),
        })
    }
}
