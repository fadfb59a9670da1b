//! Items of streams that many readers get alike: each is resolved once, and written for the others as the text that it was.
//!
//! Such are events of which nothing is selected but what the log decides, for readers who are the same person by the same
//! credential and asked in the same words. Whether a reader may see an event is still asked for each (`Engine::events`); only
//! the text is shared.

use crate::lasting;
use crate::order::Order;
use async_graphql::{Request, Response, Value};
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Items of one kind of stream that are kept for those who have not come to them yet.
const KEPT: usize = 16;
/// Longer ones are resolved each time.
const LONGEST: usize = 16 * 1024;

/// The streams of those who listen just now.
#[derive(Default)]
pub(crate) struct Alike(Mutex<HashMap<String, Weak<Line>>>);

/// What the last items of equal streams are as text, by their places in the log.
pub(crate) struct Line {
    order: Arc<Order>,
    last: Mutex<VecDeque<(String, Bytes)>>,
}

impl Alike {
    /// The line that a stream shares with its equals, if it may.
    pub(crate) fn line(&self, request: &mut Request, order: &Arc<Order>) -> Option<Arc<Line>> {
        let asked = lasting::asked(request).filter(|_| lasting::is_alike(request))?;
        let mut lines = lock(&self.0);
        if let Some(line) = lines.get(&asked).and_then(Weak::upgrade) {
            return Some(line);
        }
        lines.retain(|_, line| line.strong_count() > 0);
        let line = Arc::new(Line { order: order.clone(), last: Mutex::default() });
        lines.insert(asked, Arc::downgrade(&line));
        Some(line)
    }
}

impl Line {
    /// The item at this place, as text.
    pub(crate) fn get(&self, cursor: &str) -> Option<Value> {
        let last = lock(&self.last);
        // Everybody is near the end.
        let (_, text) = last.iter().rev().find(|(at, _)| at == cursor)?;
        Some(Value::Binary(text.clone()))
    }

    /// Keeps an item for the others, and answers it as text, if that can be.
    pub(crate) fn keep(&self, cursor: &str, field: &str, mut item: Value) -> Value {
        self.order.put_below(field, &mut item);
        let Ok(text) = serde_json::to_vec(&item) else { return item };
        if text.len() > LONGEST {
            return item;
        }
        let text = Bytes::from(text);
        let mut last = lock(&self.last);
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back((cursor.to_owned(), text.clone()));
        Value::Binary(text)
    }
}

/// The whole answer as text, where its only field is.
pub(crate) fn around(response: &mut Response) {
    let Value::Object(fields) = &response.data else { return };
    let Some((name, Value::Binary(item))) = fields.first().filter(|_| fields.len() == 1) else { return };
    response.data = Value::Binary([b"{\"", name.as_bytes(), b"\":", item, b"}"].concat().into());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::value;

    #[test]
    fn an_item_is_kept_in_order_and_for_a_while() {
        let order = Arc::new(Order::of(&mut Request::new("subscription { e: events { cursor type } }")));
        let line = Line { order, last: Mutex::default() };
        let kept = line.keep("a.1", "e", value!({ "type": "X", "cursor": "a.1" }));
        let mut response = Response::new(value!({ "e": 0 }));
        if let Value::Object(fields) = &mut response.data {
            fields.insert(async_graphql::Name::new("e"), kept.clone());
        }
        around(&mut response);
        assert_eq!(response.data, Value::Binary(Bytes::from_static(br#"{"e":{"cursor":"a.1","type":"X"}}"#)));
        assert_eq!(line.get("a.1"), Some(kept));
        for n in 2..2 + KEPT {
            line.keep(&format!("a.{n}"), "e", value!({ "cursor": n }));
        }
        assert_eq!(line.get("a.1"), None);
        assert!(line.get(&format!("a.{}", 1 + KEPT)).is_some());
        let long = value!({ "cursor": "x".repeat(LONGEST) });
        assert_eq!(line.keep("a.99", "e", long.clone()), long);
    }

    #[test]
    fn what_is_no_text_stays_as_it_is() {
        for data in [value!({ "a": 1 }), value!(null), value!({})] {
            let mut response = Response::new(data.clone());
            around(&mut response);
            assert_eq!(response.data, data);
        }
    }
}
