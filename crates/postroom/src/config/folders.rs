//! The folders of a new account by domain and language: `[folders]`, `[[domain_folders]]`, and the names that mail
//! programs of each language use.

use model::{MailboxName, SpecialUse};

use super::keys;
use super::reader::Section;

/// A folder with the role it carries (RFC 6154).
pub(crate) type Folder = (MailboxName, Option<SpecialUse>);

/// The roles, with the key of each; the order is that of [`Language::names`].
const ROLES: [(&str, SpecialUse); 5] = [
    ("drafts", SpecialUse::Drafts),
    ("sent", SpecialUse::Sent),
    ("archive", SpecialUse::Archive),
    ("junk", SpecialUse::Junk),
    ("trash", SpecialUse::Trash),
];

/// A language that names of folders are known in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Language {
    /// Its tag (RFC 5646).
    tag: &'static str,
    /// What the roles are called.
    names: [&'static str; 5],
}

/// English, which holds where nothing is said, is the first.
const LANGUAGES: [Language; 18] = [
    Language { tag: "en", names: ["Drafts", "Sent", "Archive", "Junk", "Trash"] },
    Language { tag: "cs", names: ["Koncepty", "Odeslané", "Archiv", "Nevyžádané", "Koš"] },
    Language { tag: "da", names: ["Kladder", "Sendt", "Arkiv", "Uønsket", "Papirkurv"] },
    Language { tag: "de", names: ["Entwürfe", "Gesendet", "Archiv", "Spam", "Papierkorb"] },
    Language { tag: "es", names: ["Borradores", "Enviados", "Archivo", "No deseado", "Papelera"] },
    Language { tag: "fi", names: ["Luonnokset", "Lähetetyt", "Arkisto", "Roskaposti", "Roskakori"] },
    Language { tag: "fr", names: ["Brouillons", "Envoyés", "Archives", "Indésirables", "Corbeille"] },
    Language { tag: "it", names: ["Bozze", "Inviati", "Archivio", "Indesiderata", "Cestino"] },
    Language {
        tag: "ja", names: ["下書き", "送信済み", "アーカイブ", "迷惑メール", "ゴミ箱"]
    },
    Language { tag: "nb", names: ["Utkast", "Sendt", "Arkiv", "Søppelpost", "Papirkurv"] },
    Language { tag: "nl", names: ["Concepten", "Verzonden", "Archief", "Ongewenst", "Prullenbak"] },
    Language { tag: "pl", names: ["Szkice", "Wysłane", "Archiwum", "Spam", "Kosz"] },
    Language { tag: "pt", names: ["Rascunhos", "Enviados", "Arquivo", "Spam", "Lixo"] },
    Language {
        tag: "ru", names: ["Черновики", "Отправленные", "Архив", "Спам", "Корзина"]
    },
    Language { tag: "sv", names: ["Utkast", "Skickat", "Arkiv", "Skräppost", "Papperskorgen"] },
    Language { tag: "tr", names: ["Taslaklar", "Gönderilenler", "Arşiv", "Gereksiz", "Çöp Kutusu"] },
    Language {
        tag: "uk", names: ["Чернетки", "Надіслані", "Архів", "Спам", "Кошик"]
    },
    Language { tag: "zh", names: ["草稿", "已发送", "归档", "垃圾邮件", "已删除"] },
];

impl Language {
    /// The language of this tag; of `de-AT` that is `de`.
    ///
    /// # Errors
    /// None is known; the message names those that are.
    pub(crate) fn parse(tag: &str) -> Result<&'static Self, String> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let known = LANGUAGES.iter().find(|language| language.tag.eq_ignore_ascii_case(primary));
        known.ok_or_else(|| format!("{tag:?} is none of the languages {}", tags().join(", ")))
    }

    /// The folders, with the names of this language.
    pub(crate) fn folders(&self) -> Vec<Folder> {
        let named = ROLES.iter().zip(self.names);
        named.filter_map(|((_, role), name)| Some((MailboxName::new(name).ok()?, Some(*role)))).collect()
    }
}

fn tags() -> Vec<&'static str> {
    LANGUAGES.iter().map(|language| language.tag).collect()
}

/// Which folders a new account has besides INBOX.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DefaultFolders {
    usual: Vec<Folder>,
    /// What is said of single domains.
    by_domain: Vec<(String, Vec<Folder>)>,
}

impl Default for DefaultFolders {
    fn default() -> Self {
        Self { usual: LANGUAGES[0].folders(), by_domain: Vec::new() }
    }
}

impl DefaultFolders {
    /// The folders of a user of this domain.
    pub(crate) fn of(&self, domain: &str) -> &[Folder] {
        let said = self.by_domain.iter().find(|(of, _)| of == domain);
        said.map_or(&self.usual, |(_, folders)| folders)
    }
}

/// Reads `[folders]` and each `[[domain_folders]]`, whose domain must be one of `domains`.
pub(super) fn folders(root: &Section<'_>, domains: &[String]) -> DefaultFolders {
    let usual = named(&root.section(&keys::FOLDERS), &DefaultFolders::default().usual);
    let mut by_domain: Vec<(String, Vec<Folder>)> = Vec::new();
    for section in root.sections(&keys::DOMAIN_FOLDERS) {
        let folders = named(&section, &usual);
        let Some(domain) = domain(&section, domains) else { continue };
        if by_domain.iter().any(|(of, _)| *of == domain) {
            section.wrong("domain", format!("{domain:?} has a section already"));
        }
        by_domain.push((domain, folders));
    }
    DefaultFolders { usual, by_domain }
}

fn domain(section: &Section<'_>, domains: &[String]) -> Option<String> {
    if !section.has("domain") {
        section.wrong("domain", "is missing; write for example domain = \"example.org\"");
    }
    let right = format!("none of the domains here: {}", domains.join(", "));
    section.read("domain", &right, |text| auth::a_labels(text).ok().filter(|domain| domains.contains(domain)))
}

/// The folders as one section names them: in its language, else as `usual`, and by its own names before both.
fn named(section: &Section<'_>, usual: &[Folder]) -> Vec<Folder> {
    let right = format!("none of the languages {}", tags().join(", "));
    let language = section.read("language", &right, |tag| Language::parse(tag).ok());
    let mut folders = language.map_or_else(|| usual.to_vec(), Language::folders);
    for (place, (key, _)) in ROLES.iter().enumerate() {
        let said = section.read(key, "no mailbox name", |text| MailboxName::new(text).ok());
        if let (Some(said), Some((name, _))) = (said, folders.get_mut(place)) {
            *name = said;
        }
    }
    for (place, (key, _)) in ROLES.iter().enumerate() {
        let Some(((name, _), before)) = folders.get(..=place).and_then(<[Folder]>::split_last) else {
            continue;
        };
        if name.is_inbox() || before.iter().any(|(other, _)| other == name) {
            section.wrong(key, format!("{:?} is another mailbox already", name.as_str()));
        }
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_five_different_names_that_will_do() {
        for language in &LANGUAGES {
            let mut folders = language.folders();
            assert_eq!(folders.len(), ROLES.len(), "{}", language.tag);
            folders.sort();
            folders.dedup_by(|a, b| a.0 == b.0);
            assert_eq!(folders.len(), ROLES.len(), "{}", language.tag);
        }
    }

    #[test]
    fn a_region_does_not_matter() {
        assert_eq!(Language::parse("de-AT").unwrap().tag, "de");
        assert_eq!(Language::parse("PT_br").unwrap().tag, "pt");
        assert!(Language::parse("tlh").unwrap_err().starts_with("\"tlh\" is none of the languages en, cs"));
    }
}
