//! SEARCH FUZZY: which e-mails have words like those asked for, and how much they fit (RFC 6203).
//!
//! It depends on nothing but the e-mail, so that an e-mail that is not indexed yet fits as it does once it is; but for attachments,
//! which a search reads as far as it has time.

use std::collections::HashMap;
use std::sync::Arc;

use message::Tree;
use model::EmailId;
use textindex::{Batch, Resemblance, Weighed};

use super::attachments::Reading;
use super::{ATTACHMENTS, BODY, HEADER, NAMED, State, TextIn, index_attachments, index_body, index_header};
use crate::access::Access;
use crate::error::{Error, Fault};
use crate::index::rows::RowSource;

/// What a word counts in a header field that most searches mean, in other fields, and in the text.
const WEIGHT_SUBJECT: f32 = 1.0;
const WEIGHT_ADDRESS: f32 = 0.9;
const WEIGHT_TEXT: f32 = 0.7;
const WEIGHT_HEADER: f32 = 0.5;
const WEIGHT_ATTACHMENT: f32 = 0.6;

/// Words that are looked for, and where.
#[derive(Clone, Debug)]
pub struct Likeness {
    place: TextIn,
    words: Resemblance,
    /// Of e-mails that are not indexed.
    attachments: Option<Arc<Reading>>,
}

/// What the index knows of it.
#[derive(Clone, Debug)]
pub struct LikenessAnswer {
    /// E-mails from here on are not indexed.
    until: EmailId,
    scores: HashMap<u64, f32>,
}

impl LikenessAnswer {
    /// How much an e-mail fits, up to 1, and 0 if it does not; `None` if its text has to be looked at.
    #[must_use]
    pub fn says(&self, email: EmailId) -> Option<f32> {
        (email < self.until).then(|| self.scores.get(&email.0).copied().unwrap_or(0.0))
    }
}

impl Likeness {
    /// `None` if there is no word in the text, or if it is for a header field that has no words of its own in the index: then
    /// it is for a search that is exact.
    #[must_use]
    pub fn new(place: TextIn, text: &str) -> Option<Self> {
        let words = Resemblance::new(&message::fold(text))?;
        let likeness = Self { place, words, attachments: None };
        (!likeness.fields().is_empty()).then_some(likeness)
    }

    /// Whether the header is all that it looks at.
    #[must_use]
    pub const fn is_of_header(&self) -> bool {
        matches!(self.place, TextIn::Header(_))
    }

    /// How much a message fits, up to 1; 0 if it does not. Of one whose header is all that is looked at, the rest need not be there.
    #[must_use]
    pub fn of(&self, content: &[u8], tree: &Tree) -> f32 {
        let mut batch = Batch::default();
        let mut document = batch.document(0);
        index_header(&mut document, content, tree);
        if !self.is_of_header() {
            index_body(&mut document, content, tree);
            if let Some(reading) = &self.attachments {
                index_attachments(&mut document, content, tree, reading);
            }
        }
        let scores = self.words.run(&self.fields(), &batch.finish());
        scores.ok().and_then(|scores| scores.get(&0).copied()).unwrap_or(0.0)
    }

    fn fields(&self) -> Vec<Weighed> {
        let weight = |name: &str| if name == "subject" { WEIGHT_SUBJECT } else { WEIGHT_ADDRESS };
        match &self.place {
            TextIn::Body => vec![(BODY, 1.0), (ATTACHMENTS, WEIGHT_ATTACHMENT)],
            TextIn::Text => {
                let named = NAMED.iter().map(|&(name, field)| (field, weight(name)));
                let others = [(HEADER, WEIGHT_HEADER), (BODY, WEIGHT_TEXT), (ATTACHMENTS, WEIGHT_ATTACHMENT)];
                named.chain(others).collect()
            }
            TextIn::Header(name) => {
                let named = NAMED.iter().filter(|(named, _)| name.eq_ignore_ascii_case(named));
                named.map(|&(_, field)| (field, 1.0)).collect()
            }
        }
    }
}

impl Access {
    /// Makes likenesses as [`Likeness::new`] does, but of attachments as well, where their text is read: those of one search,
    /// which share the time for it.
    pub fn likenesses(&self) -> impl Fn(TextIn, &str) -> Option<Likeness> + use<> {
        let attachments =
            self.shared().options.attachments.clone().map(|reader| Arc::new(Reading::new(reader)));
        move |place, text| Some(Likeness { attachments: attachments.clone(), ..Likeness::new(place, text)? })
    }

    /// What the index says of likenesses, in the order asked for; `None` where it says nothing.
    ///
    /// # Errors
    /// A fault of the store; that the index itself is damaged is none.
    pub async fn resembling(&self, asked: Vec<Likeness>) -> Result<Vec<Option<LikenessAnswer>>, Error> {
        let account = self.account_id();
        let read = move |snapshot: &dyn storage::Snapshot| {
            let Some(state) = State::read(snapshot, account)? else {
                return Ok(vec![None; asked.len()]);
            };
            let answer = |likeness: &Likeness| -> Result<LikenessAnswer, Fault> {
                let mut scores = HashMap::new();
                for segment in &state.segments {
                    let source = RowSource { snapshot, account, segment: segment.number };
                    // No e-mail is in two segments.
                    scores.extend(likeness.words.run(&likeness.fields(), &source)?);
                }
                Ok(LikenessAnswer { until: state.until, scores })
            };
            let answer = |likeness| super::or_damaged(account, answer(likeness));
            Ok(asked.iter().map(answer).collect())
        };
        self.shared().read(read).await
    }
}
