//! The parts of a message that are neither text nor made of parts.

use std::ops::ControlFlow;

use crate::decode::{TransferEncoding, parameter};
use crate::mime::PartHeader;
use crate::structure::{Kind, Node, Tree};

/// Such a part.
#[derive(Clone, Debug)]
pub struct Attachment<'m> {
    /// Its media type, in lower case, such as `application/pdf` (RFC 2045 §5.1).
    pub media_type: String,
    /// The name of its file, if it has one (RFC 2183 §2.3, RFC 2045 §5.1).
    pub file_name: Option<String>,
    body: &'m [u8],
    encoding: TransferEncoding,
}

impl<'m> Attachment<'m> {
    /// Those of the message that has this tree, in its order, also of messages within it.
    #[must_use]
    pub fn all(message: &'m [u8], tree: &Tree) -> Vec<Self> {
        let mut found = Vec::new();
        gather(message, tree.root(), &mut found);
        found
    }

    fn of(message: &'m [u8], leaf: Node<'_>) -> Option<Self> {
        let header = PartHeader::parse(message.get(leaf.header())?);
        let content_type = header.content_type.filter(|of| !of.is_main("text"))?;
        let named = header.disposition.and_then(|of| parameter(&of.parameters, "filename"));
        let media_type = [&content_type.main[..], b"/", &content_type.sub].concat();
        Some(Self {
            media_type: String::from_utf8_lossy(&media_type).to_ascii_lowercase(),
            file_name: named.or_else(|| parameter(&content_type.parameters, "name")),
            body: message.get(leaf.body())?,
            encoding: TransferEncoding::named(header.encoding.as_deref().unwrap_or_default()),
        })
    }

    /// What it is, decoded; `None` if that is more than so many bytes.
    #[must_use]
    pub fn decode(&self, bytes_max: usize) -> Option<Vec<u8>> {
        let mut decoded = Vec::new();
        let all = self.encoding.decode_chunks(self.body, &mut |piece| {
            decoded.extend_from_slice(piece);
            if decoded.len() > bytes_max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        all.is_continue().then_some(decoded)
    }
}

/// It nests as deep as the tree does, which is bounded.
fn gather<'m>(message: &'m [u8], node: Node<'_>, found: &mut Vec<Attachment<'m>>) {
    match node.kind() {
        Kind::Leaf => found.extend(Attachment::of(message, node)),
        Kind::Multipart | Kind::Message => node.children().for_each(|child| gather(message, child, found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_found_with_type_name_and_content() {
        let message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
            Content-Type: Application/PDF; name=old.pdf\r\nContent-Transfer-Encoding: base64\r\n\
            Content-Disposition: attachment; filename*=utf-8''%C3%A4.pdf\r\n\r\nQUJD\r\n--b\r\n\
            Content-Type: message/rfc822\r\n\r\nContent-Type: image/png; name=\"x.png\"\r\n\r\nxyz\r\n--b--\r\n";
        let all = Attachment::all(message, &Tree::of(message));
        let told: Vec<_> =
            all.iter().map(|one| (one.media_type.as_str(), one.file_name.as_deref())).collect();
        assert_eq!(told, [("application/pdf", Some("ä.pdf")), ("image/png", Some("x.png"))]);
        assert_eq!(all[0].decode(3), Some(b"ABC".to_vec()));
        assert_eq!(all[0].decode(2), None);
        assert_eq!(all[1].decode(3), Some(b"xyz".to_vec()));
    }
}
