//! Which documents there are, and how to tell.

/// A family of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PDF.
    Pdf = 1,
    /// Office Open XML and OpenDocument: texts, tables and slides.
    Office = 2,
}

/// Subtypes of `application` by which documents are known.
const OFFICE_TYPES: [&str; 2] = ["vnd.openxmlformats-officedocument.", "vnd.oasis.opendocument."];
/// Endings of file names, for the many that are sent as mere bytes.
const OFFICE_ENDINGS: [&str; 6] = ["docx", "xlsx", "pptx", "odt", "ods", "odp"];

impl Kind {
    /// All of them, by their names in the configuration.
    pub const ALL: [(&str, Self); 2] = [("pdf", Self::Pdf), ("office", Self::Office)];

    /// All of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        Self::ALL.map(|(_, kind)| kind).to_vec()
    }

    /// By its media type, or by the ending of its file's name.
    #[must_use]
    pub fn of(media_type: &str, file_name: Option<&str>) -> Option<Self> {
        let subtype = media_type.to_ascii_lowercase();
        let subtype = subtype.strip_prefix("application/").unwrap_or_default();
        if matches!(subtype, "pdf" | "x-pdf") {
            return Some(Self::Pdf);
        }
        if OFFICE_TYPES.iter().any(|begin| subtype.starts_with(begin)) {
            return Some(Self::Office);
        }
        let ending = file_name.and_then(|name| name.rsplit_once('.'))?.1.to_ascii_lowercase();
        match ending.as_str() {
            "pdf" => Some(Self::Pdf),
            ending if OFFICE_ENDINGS.contains(&ending) => Some(Self::Office),
            _ => None,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::all().into_iter().find(|kind| *kind as u8 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_known_by_type_or_name() {
        let office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (media_type, file_name, kind) in [
            ("application/pdf", None, Some(Kind::Pdf)),
            ("Application/PDF", Some("x.docx"), Some(Kind::Pdf)),
            (office, None, Some(Kind::Office)),
            ("application/vnd.oasis.opendocument.text", None, Some(Kind::Office)),
            ("application/octet-stream", Some("Offer.PDF"), Some(Kind::Pdf)),
            ("application/octet-stream", Some("a.b.xlsx"), Some(Kind::Office)),
            ("application/octet-stream", Some("pdf"), None),
            ("image/png", Some("x.png"), None),
            ("", None, None),
        ] {
            assert_eq!(Kind::of(media_type, file_name), kind, "{media_type} {file_name:?}");
        }
    }

    #[test]
    fn each_has_a_number() {
        assert!(Kind::ALL.iter().all(|(_, kind)| Kind::from_number(*kind as u8) == Some(*kind)));
        assert_eq!(Kind::from_number(0), None);
    }
}
