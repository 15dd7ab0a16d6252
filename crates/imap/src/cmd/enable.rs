//! ENABLE (RFC 5161 §3.1, RFC 6855 §3, RFC 7162 §3.1 and §3.2.3, RFC 9586 §3).

use imap_proto::command::Enable;
use imap_proto::extension::{Conditions, enabled_by};
use imap_proto::response;

use crate::io::Io;
use crate::reply::Done;
use crate::state::Authenticated;

impl Authenticated {
    pub(crate) fn enable(&mut self, enable: &Enable, now: Conditions, io: &mut Io) -> Done {
        // RFC 5161 §3.1: what cannot be enabled is passed over.
        let known = enable.capabilities.iter().filter_map(|name| enabled_by(name, now));
        let mut names: Vec<&str> = known.map(|extension| extension.capability).collect();
        names.sort_unstable();
        names.dedup();
        // RFC 7162 §3.2.3: QRESYNC brings CONDSTORE with it.
        self.enabled.qresync |= names.contains(&"QRESYNC");
        self.enabled.condstore |= self.enabled.qresync || names.contains(&"CONDSTORE");
        let dialect = &mut self.enabled.dialect;
        dialect.rev2 |= names.contains(&"IMAP4rev2");
        dialect.utf8_accept |= names.contains(&"UTF8=ACCEPT");
        dialect.uid_only |= names.contains(&"UIDONLY");
        io.set_dialect(*dialect);
        response::enabled(io.out(), &names);
        Done::new("ENABLE completed")
    }
}
