//! The text index of an account: which of its e-mails contain a piece of text, without a look at each.
//!
//! It is derived from the e-mails, whose text never changes, and covers those with ids below a mark; younger ones are for
//! the caller to look at, so that an answer is exact whether the index has caught up or not. It is written in the
//! background ([`build`]), in commits of its own, in nobody's way. What cannot be read of it is as if it were not there.

mod attachments;
mod build;
mod likeness;
mod rows;
mod tiers;

pub use attachments::AttachmentText;
pub(crate) use build::forget;
pub use likeness::{Likeness, LikenessAnswer};
pub use rows::IndexSize;
pub(crate) use rows::State;

use message::Attachment;
use message::text::{Needle, Piece};
use model::{AccountId, EmailId};
use roaring::RoaringTreemap;
use textindex::{Document, Field, Query, Source as _, Words};

use self::attachments::Reading;
use crate::access::Access;
use crate::error::{Error, Fault};
use rows::RowSource;

/// The text parts, and the headers of messages within.
const BODY: Field = Field { number: 0, words: Words::Plain };
/// The whole header: each field with its name.
const HEADER: Field = Field { number: 1, words: Words::Plain };
/// The fields of the header that are looked for so often that they have a field of the index each.
const NAMED: [(&str, Field); 8] = [
    ("subject", Field { number: 2, words: Words::Plain }),
    ("from", Field { number: 3, words: Words::Addresses }),
    ("to", Field { number: 4, words: Words::Addresses }),
    ("cc", Field { number: 5, words: Words::Addresses }),
    ("bcc", Field { number: 6, words: Words::Addresses }),
    ("sender", Field { number: 8, words: Words::Addresses }),
    ("reply-to", Field { number: 9, words: Words::Addresses }),
    ("list-id", Field { number: 10, words: Words::Addresses }),
];
/// The text of attachments: only what is asked for by likeness is looked for there, since SEARCH means the text parts (RFC 9051
/// §6.4.4).
const ATTACHMENTS: Field = Field { number: 7, words: Words::Plain };
/// E-mails with the term [`PARTIAL_TERM`] have more text than was indexed.
const PARTIAL: Field = Field { number: 255, words: Words::Plain };
const PARTIAL_TERM: &str = "X";
/// All fields.
const FIELDS: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255];

/// Where text is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextIn {
    /// What SEARCH BODY looks at.
    Body,
    /// What SEARCH TEXT looks at.
    Text,
    /// The header fields of this name.
    Header(String),
}

/// What the index knows of a text.
#[derive(Clone, Debug)]
pub struct TextAnswer {
    /// E-mails from here on are not indexed.
    until: EmailId,
    /// They contain it.
    sure: RoaringTreemap,
    /// They may contain it; all others below the mark do not.
    maybe: RoaringTreemap,
}

impl TextAnswer {
    /// Whether the e-mail contains the text; `None` if its text has to be looked at.
    #[must_use]
    pub fn says(&self, email: EmailId) -> Option<bool> {
        if email >= self.until {
            return None;
        }
        if self.sure.contains(email.0) {
            return Some(true);
        }
        (!self.maybe.contains(email.0)).then_some(false)
    }
}

impl TextIn {
    /// Queries that find, together, what contains the text, and whether exact answers to them are one to the whole; `None`
    /// if the index says nothing. The index has texts folded: of other comparators it knows what may be.
    fn queries(&self, needle: &Needle) -> Option<(Vec<Query>, bool)> {
        let query = |field| Query::new(needle.folded(), field);
        Some(match self {
            Self::Body => (vec![query(BODY)?], needle.is_folded()),
            Self::Text => (vec![query(BODY)?, query(HEADER)?], needle.is_folded()),
            Self::Header(name) => match NAMED.iter().find(|(named, _)| name.eq_ignore_ascii_case(named)) {
                Some((_, field)) if !needle.is_empty() => (vec![query(*field)?], needle.is_folded()),
                // Whatever is in a field is in the header; and so is its name, if that is all that is asked for.
                _ => (vec![query(HEADER).or_else(|| Query::new(&message::fold(name), HEADER))?], false),
            },
        })
    }
}

impl Access {
    /// What the index says of texts, in the order asked for; `None` where it says nothing.
    ///
    /// # Errors
    /// A fault of the store; that the index itself is damaged is none.
    pub async fn containing(&self, asked: Vec<(TextIn, Needle)>) -> Result<Vec<Option<TextAnswer>>, Error> {
        let account = self.account_id();
        let read = move |snapshot: &dyn storage::Snapshot| {
            let Some(state) = State::read(snapshot, account)? else {
                return Ok(vec![None; asked.len()]);
            };
            let answer = |(place, needle): &(TextIn, Needle)| {
                or_damaged(account, answer(snapshot, account, &state, place, needle)).flatten()
            };
            Ok(asked.iter().map(answer).collect())
        };
        self.shared().read(read).await
    }
}

/// The answer, or none where the index is damaged, which the log is told.
fn or_damaged<T>(account: AccountId, answer: Result<T, Fault>) -> Option<T> {
    let told = |error: &Fault| {
        tracing::error!(%account, %error, "the text index is damaged; `postroom index rebuild` makes it anew");
    };
    answer.inspect_err(told).ok()
}

fn answer(
    snapshot: &dyn storage::Snapshot,
    account: AccountId,
    state: &State,
    place: &TextIn,
    needle: &Needle,
) -> Result<Option<TextAnswer>, Fault> {
    let Some((queries, is_whole)) = place.queries(needle) else { return Ok(None) };
    let (mut sure, mut maybe) = (RoaringTreemap::new(), RoaringTreemap::new());
    for segment in &state.segments {
        let source = RowSource { snapshot, account, segment: segment.number };
        for query in &queries {
            let found = query.run(&source)?;
            match found.is_exact && is_whole {
                true => sure |= found.documents,
                false => maybe |= found.documents,
            }
        }
        if source.directory(PARTIAL.number)?.blocks() > 0
            && let Some(partial) = Query::new(PARTIAL_TERM, PARTIAL)
        {
            maybe |= partial.run(&source)?.documents;
        }
    }
    Ok(Some(TextAnswer { until: state.until, sure, maybe }))
}

/// Gives an e-mail's text to the index.
fn index_text(document: &mut Document<'_>, content: &[u8], tree: &message::Tree) {
    index_header(document, content, tree);
    index_body(document, content, tree);
}

fn push(document: &mut Document<'_>, field: Field, piece: Piece<'_>) {
    match piece {
        Piece::Text(text) => document.push(field, &message::fold(text)),
        Piece::Break => document.end(field),
    }
}

fn index_header(document: &mut Document<'_>, content: &[u8], tree: &message::Tree) {
    message::text::visit_header(content, tree, &mut |piece| push(document, HEADER, piece));
    let header = content.get(tree.root().header()).unwrap_or_default();
    for (name, field) in NAMED {
        for value in message::text::header_values(header, name) {
            push(document, field, Piece::Text(&value));
            push(document, field, Piece::Break);
        }
    }
}

fn index_body(document: &mut Document<'_>, content: &[u8], tree: &message::Tree) {
    let body = message::text::visit(content, tree, message::text::Scope::Body, &mut |piece| {
        push(document, BODY, piece);
        match document.is_full() {
            true => std::ops::ControlFlow::Break(()),
            false => std::ops::ControlFlow::Continue(()),
        }
    });
    document.end(BODY);
    if body.is_break() || document.is_full() {
        mark_partial(document);
    }
}

fn index_attachments(document: &mut Document<'_>, content: &[u8], tree: &message::Tree, reading: &Reading) {
    for attachment in Attachment::all(content, tree) {
        if document.is_full() {
            return;
        }
        if let Some(text) = reading.text_of(&attachment) {
            document.push(ATTACHMENTS, &message::fold(&text));
            document.end(ATTACHMENTS);
        }
    }
}

/// Notes that more text of the e-mail is to be looked at than the index has.
fn mark_partial(document: &mut Document<'_>) {
    document.push(PARTIAL, PARTIAL_TERM);
    document.end(PARTIAL);
}
