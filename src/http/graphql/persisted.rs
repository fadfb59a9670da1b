//! Documents that were seen before: parsed once, found again by the SHA-256 of their text.
//! One cache serves both ordinary queries (the text need not be parsed again) and Apollo's automatic persisted
//! queries (the text need not even be sent). Bounded by entries and by bytes; what is not used falls out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Extensions, Value};
use ring::digest::{SHA256, digest};

use super::document::{Document, DocumentLimits};
use super::problem::Problem;

type Hash = [u8; 32];

/// Text above this size is not remembered: it is rare, and a few of them would push everything else out.
const LARGEST: usize = 32 * 1024;

/// The documents that are remembered.
pub(super) struct Documents {
    limits: DocumentLimits,
    capacity: usize,
    generations: Mutex<Generations>,
}

/// Two generations stand in for a list ordered by use: what is asked for moves to the young one, and when that is
/// full the old one is dropped whole. Finding is one look-up, and nothing is ordered.
#[derive(Default)]
struct Generations {
    young: HashMap<Hash, Arc<Document>>,
    old: HashMap<Hash, Arc<Document>>,
    young_bytes: usize,
}

impl Documents {
    /// Remembers at most about `capacity` documents; none if it is 0, and then persisted queries are refused.
    pub(super) fn new(capacity: usize, limits: DocumentLimits) -> Self {
        Self { limits, capacity, generations: Mutex::default() }
    }

    /// Finds or parses the document that a request names by text, by hash, or by both.
    pub(super) fn resolve(&self, query: Option<String>, extensions: &Extensions) -> Result<Arc<Document>, Problem> {
        let query = query.filter(|text| !text.is_empty());
        match (query, extensions.get("persistedQuery")) {
            (Some(text), None) => self.by_text(text),
            (None, None) => Err(Problem::bad_request("The request has no `query`")),
            (query, Some(persisted)) => self.persisted(query, persisted),
        }
    }

    fn persisted(&self, query: Option<String>, persisted: &Value) -> Result<Arc<Document>, Problem> {
        if self.capacity == 0 {
            return match query {
                Some(text) => self.by_text(text),
                None => Err(Problem::persisted("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")),
            };
        }
        let hash = requested_hash(persisted)?;
        match query {
            None => self
                .find(&hash)
                .ok_or_else(|| Problem::persisted("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")),
            Some(text) if hash_of(&text) == hash => self.parse(text, hash),
            Some(_) => Err(Problem::bad_request("`sha256Hash` is not the SHA-256 of `query`")),
        }
    }

    fn by_text(&self, text: String) -> Result<Arc<Document>, Problem> {
        if self.capacity == 0 || text.len() > LARGEST {
            return Document::parse(text, self.limits).map(Arc::new);
        }
        let hash = hash_of(&text);
        self.parse(text, hash)
    }

    fn parse(&self, text: String, hash: Hash) -> Result<Arc<Document>, Problem> {
        if let Some(document) = self.find(&hash) {
            return Ok(document);
        }
        let document = Arc::new(Document::parse(text, self.limits)?);
        if document.text.len() <= LARGEST {
            self.change(|generations| generations.put(hash, document.clone(), self.capacity));
        }
        Ok(document)
    }

    fn find(&self, hash: &Hash) -> Option<Arc<Document>> {
        self.change(|generations| generations.get(hash, self.capacity))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Generations) -> T) -> T {
        // A panic cannot leave the maps half changed, so a poisoned lock is as good as any.
        change(&mut self.generations.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generations {
    fn get(&mut self, hash: &Hash, capacity: usize) -> Option<Arc<Document>> {
        if let Some(document) = self.young.get(hash) {
            return Some(document.clone());
        }
        let document = self.old.remove(hash)?;
        self.put(*hash, document.clone(), capacity);
        Some(document)
    }

    fn put(&mut self, hash: Hash, document: Arc<Document>, capacity: usize) {
        let bytes = document.text.len();
        // On average a document may take an eighth of the largest.
        let room = (capacity / 2).max(1);
        if self.young.len() >= room || self.young_bytes + bytes > room * LARGEST / 8 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(hash, document);
    }
}

fn hash_of(text: &str) -> Hash {
    let mut hash = [0; 32];
    hash.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()).for_each(|(to, from)| *to = *from);
    hash
}

fn requested_hash(persisted: &Value) -> Result<Hash, Problem> {
    let Value::Object(persisted) = persisted else {
        return Err(Problem::bad_request("`extensions.persistedQuery` must be an object"));
    };
    if !matches!(persisted.get("version"), Some(Value::Number(version)) if version.as_u64() == Some(1)) {
        return Err(Problem::bad_request("Only version 1 of persisted queries is known here"));
    }
    let Some(Value::String(text)) = persisted.get("sha256Hash") else {
        return Err(Problem::bad_request("`extensions.persistedQuery.sha256Hash` must be a string"));
    };
    parse_hash(text).ok_or_else(|| Problem::bad_request("`sha256Hash` must be 64 hexadecimal digits"))
}

fn parse_hash(text: &str) -> Option<Hash> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;

    const LIMITS: DocumentLimits = DocumentLimits { bytes: 100_000, selections: 1_000, introspection: true };
    const TEXT: &str = "{ a }";

    fn hex(text: &str) -> String {
        hash_of(text).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    fn extensions(hash: &str) -> Extensions {
        let persisted = value!({ "version": 1, "sha256Hash": hash });
        Extensions(std::iter::once(("persistedQuery".to_owned(), persisted)).collect())
    }

    #[test]
    fn a_hash_is_unknown_until_its_text_was_sent() {
        let documents = Documents::new(10, LIMITS);
        let by_hash = extensions(&hex(TEXT));
        assert_eq!(documents.resolve(None, &by_hash).unwrap_err().code(), "PERSISTED_QUERY_NOT_FOUND");
        let first = documents.resolve(Some(TEXT.to_owned()), &by_hash).unwrap();
        let again = documents.resolve(None, &extensions(&hex(TEXT).to_uppercase())).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert!(Arc::ptr_eq(&first, &documents.resolve(Some(TEXT.to_owned()), &Extensions::default()).unwrap()));
    }

    #[test]
    fn refusals() {
        let documents = Documents::new(10, LIMITS);
        for hash in [hex("{ b }").as_str(), "", "abc", "zz"] {
            let refused = documents.resolve(Some(TEXT.to_owned()), &extensions(hash)).unwrap_err();
            assert_eq!((refused.code().as_str(), refused.status.as_u16()), ("BAD_REQUEST", 400), "{hash}");
        }
        let off = Documents::new(0, LIMITS);
        assert_eq!(off.resolve(None, &extensions(&hex(TEXT))).unwrap_err().code(), "PERSISTED_QUERY_NOT_SUPPORTED");
    }

    #[test]
    fn it_stays_bounded_and_keeps_what_is_used() {
        let documents = Documents::new(10, LIMITS);
        let kept = documents.resolve(Some(TEXT.to_owned()), &Extensions::default()).unwrap();
        for n in 0..100 {
            documents.resolve(Some(format!("{{ a{n} }}")), &Extensions::default()).unwrap();
            let found = documents.resolve(Some(TEXT.to_owned()), &Extensions::default()).unwrap();
            assert!(Arc::ptr_eq(&kept, &found), "after {n}");
        }
        let generations = documents.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 10);
    }
}
