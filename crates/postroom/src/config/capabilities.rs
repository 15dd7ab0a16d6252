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
        users: each(section, "users", "no login name, such as \"mia@example.org\"", |text| {
            LoginName::parse(text, default_domain?).ok().map(|login| login.to_string())
        }),
        addresses: each(section, "addresses", "no address or range, such as \"192.0.2.0/24\"", range),
    }
}

fn capabilities(section: &Section<'_>, key: &str) -> CapabilitySet {
    each(section, key, "no capability that can be switched; docs/rfc/support.md lists all", switchable)
        .into_iter()
        .collect()
}

/// A range, or a single address.
fn range(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().ok().map(|address: std::net::IpAddr| address.into()))
}

/// The values of a list, each of which `read` understands; `right` says what a value is that it does not.
fn each<T>(section: &Section<'_>, key: &str, right: &str, read: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let texts = section.texts(key).unwrap_or_default();
    let mut values = Vec::with_capacity(texts.len());
    for text in texts {
        match read(text) {
            Some(value) => values.push(value),
            None => section.wrong(key, format!("{text:?} is {right}")),
        }
    }
    values
}
