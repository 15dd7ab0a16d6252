//! `[[capabilities]]`: which capabilities of IMAP are offered to whom.

use ::imap::{CapabilitySet, Switch, switchable};
use auth::{LoginName, Mechanism};
use ipnet::IpNet;

use super::keys;
use super::reader::Section;

/// The choices, in the order of the file.
pub(super) fn switches(root: &Section<'_>, default_domain: Option<&str>) -> Vec<Switch> {
    root.sections(&keys::CAPABILITIES).iter().map(|section| switch(section, default_domain)).collect()
}

fn switch(section: &Section<'_>, default_domain: Option<&str>) -> Switch {
    if !section.has("on") && !section.has("off") {
        section.wrong(
            "off",
            "is missing; write for example off = [\"COMPRESS=DEFLATE\"], or on = [\"UIDONLY\"]",
        );
    }
    let (on, off) = (capabilities(section, "on"), capabilities(section, "off"));
    let mut mechanisms = Mechanism::ALL.map(|mechanism| format!("AUTH={}", mechanism.name())).into_iter();
    if section.has("users")
        && let Some(mechanism) = mechanisms.find(|mechanism| on.union(off).contains(mechanism))
    {
        section.wrong("users", format!("cannot hold for {mechanism}: before login nobody is any of them"));
    }
    Switch {
        on,
        off,
        users: section
            .each("users", "no login name, such as \"mia@example.org\"", |text| {
                LoginName::parse(text, default_domain?).ok().map(|login| login.to_string())
            })
            .unwrap_or_default(),
        addresses: section
            .each("addresses", "no address or range, such as \"192.0.2.0/24\"", range)
            .unwrap_or_default(),
    }
}

fn capabilities(section: &Section<'_>, key: &str) -> CapabilitySet {
    let right = "no capability that can be switched; docs/rfc/support.md lists all";
    section.each(key, right, switchable).into_iter().flatten().collect()
}

/// A range, or a single address.
fn range(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().ok().map(|address: std::net::IpAddr| address.into()))
}
