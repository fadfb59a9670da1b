//! Between the words of `/v1/webhooks` and the engine's, in both directions: pure, tested by table.
//!
//! What can be seen to be wrong without asking anybody is found at once; where an address leads, only the engine knows.

use super::super::convert::stamp;
use super::super::filter::page;
use super::wire::{self, DeliveryState};
use crate::http::field::Field;
use crate::http::query::{PageNumber, word};
use engine::{Attempt, Logged, NewWebhook, Replayed, WebhookEdit};
use model::Result;
use model::command::Edit;
use model::error::Problems;
use model::webhook::{self, Headers, Topic, Webhook};
use serde_json::{Map, Value};

/// Items on a page where nobody says how many.
const PAGE: i64 = 20;

type Pairs = Vec<(String, String)>;

pub fn create(form: wire::NewWebhook) -> Result<NewWebhook> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let url = form.url.required("url", p);
    url.as_deref().map(|url| p.take(webhook::url(url))).transpose()?;
    let new = NewWebhook {
        url: url.unwrap_or_default(),
        events: form.events.required("events", p).map(|words| events(&words, p)).transpose()?.unwrap_or_default(),
        active: form.active.optional("active", p),
        headers: headers(form.headers, p)?.unwrap_or_default(),
        description: form.description.optional("description", p),
        secret: secret(form.secret, p)?,
    };
    p.take(webhook::description(new.description.as_deref()))?;
    problems.finish()?;
    Ok(new)
}

pub fn edit(form: wire::WebhookEdit) -> Result<WebhookEdit> {
    let mut problems = Problems::default();
    let p = &mut problems;
    let url = form.url.optional("url", p);
    url.as_deref().map(|url| p.take(webhook::url(url))).transpose()?;
    let description = form.description.optional("description", p);
    p.take(webhook::description(description.as_deref()))?;
    let edit = WebhookEdit {
        url,
        events: form.events.optional("events", p).map(|words| events(&words, p)).transpose()?,
        active: form.active.optional("active", p),
        headers: headers(form.headers, p)?,
        description: description.map_or(Edit::Keep, |text| Edit::Set(Some(text))),
    };
    // Passed over in silence, it would leave whoever sent it with signatures that don't fit.
    if !matches!(form.secret, Field::Absent) {
        p.add("secret", "is changed by POST rotate-secret");
    }
    problems.finish()?;
    Ok(edit)
}

fn events(words: &[String], problems: &mut Problems) -> Result<Vec<Topic>> {
    let read = Topic::list(words).and_then(|topics| webhook::events(&topics));
    Ok(problems.take(read)?.unwrap_or_default())
}

fn headers(given: Field<Map<String, Value>>, problems: &mut Problems) -> Result<Option<Pairs>> {
    let Some(given) = given.optional("headers", problems) else { return Ok(None) };
    let mut pairs = Pairs::with_capacity(given.len());
    for (name, value) in given {
        match value {
            Value::String(value) => pairs.push((name, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                problems.add("headers", format!("must have a string as the value of {name}"));
            }
        }
    }
    problems.take(Headers::parse(pairs.clone()))?;
    Ok(Some(pairs))
}

fn secret(given: Field<String>, problems: &mut Problems) -> Result<Option<String>> {
    let secret = given.optional("secret", problems);
    secret.as_deref().map(|secret| problems.take(webhook::secret(secret))).transpose()?;
    Ok(secret)
}

pub fn rotate(form: wire::NewSecret) -> Result<Option<String>> {
    let mut problems = Problems::default();
    let secret = secret(form.secret, &mut problems)?;
    problems.finish()?;
    Ok(secret)
}

pub fn replay(form: wire::Replay) -> Result<String> {
    let mut problems = Problems::default();
    let after = form.after.required("after", &mut problems).unwrap_or_default();
    problems.finish()?;
    Ok(after)
}

pub fn webhooks(query: &wire::WebhooksQuery) -> Result<PageNumber> {
    let mut problems = Problems::default();
    let page = page(query.page.as_deref(), query.page_size.as_deref(), PAGE, &mut problems);
    problems.finish()?;
    Ok(page)
}

pub fn deliveries(query: &wire::DeliveriesQuery) -> Result<(Option<&'static str>, PageNumber)> {
    let mut problems = Problems::default();
    let page = page(query.page.as_deref(), query.page_size.as_deref(), PAGE, &mut problems);
    let words = DeliveryState::ALL.map(DeliveryState::word);
    let state = word("state", query.state.as_deref(), &words, DeliveryState::parse, &mut problems);
    problems.finish()?;
    Ok((state.map(DeliveryState::word), page))
}

pub fn shown(webhook: &Webhook) -> wire::Webhook {
    wire::Webhook {
        id: webhook.id.0,
        url: webhook.url.clone(),
        events: webhook.events.iter().copied().map(Into::into).collect(),
        active: webhook.active,
        headers: webhook.headers.pairs().iter().cloned().collect(),
        description: webhook.description.clone(),
        created_at: stamp(webhook.created_at),
        updated_at: stamp(webhook.updated_at),
        disabled_at: webhook.disabled_at.map(stamp),
        disabled_reason: webhook.disabled_why.clone(),
        failing_since: webhook.failing_since.map(stamp),
    }
}

pub fn with_secret((webhook, secret): (Webhook, String)) -> wire::WebhookWithSecret {
    wire::WebhookWithSecret { webhook: shown(&webhook), secret }
}

pub fn delivery(logged: Logged) -> wire::WebhookDelivery {
    let Logged { delivery, cursor, attempts } = logged;
    wire::WebhookDelivery {
        id: delivery.id.0,
        webhook_id: delivery.webhook.map(|id| id.0),
        event: delivery.topic.as_deref().and_then(Topic::parse).map(Into::into),
        cursor: cursor.to_string(),
        ticket_id: delivery.ticket.map(|id| id.0),
        state: DeliveryState::parse(&delivery.state),
        error: delivery.why,
        body: delivery.body,
        created_at: stamp(delivery.created_at),
        next_attempt_at: delivery.settled_at.is_none().then(|| stamp(delivery.due_at)),
        settled_at: delivery.settled_at.map(stamp),
        attempts_count: delivery.attempts,
        attempts: attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(attempt: Attempt) -> wire::WebhookAttempt {
    wire::WebhookAttempt {
        number: attempt.number,
        at: stamp(attempt.at),
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        request: attempt.request.as_deref().and_then(|json| serde_json::from_str(json).ok()),
        answer: attempt.answer,
        error: attempt.error,
    }
}

pub fn replayed(told: &Replayed) -> wire::WebhookReplayed {
    let Replayed { deliveries, cursor, complete } = told;
    wire::WebhookReplayed { deliveries: *deliveries as i64, cursor: cursor.to_string(), complete: *complete }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Error;
    use serde_json::json;

    fn bad<T>(told: Result<T>) -> Vec<&'static str> {
        match told {
            Err(Error::Invalid(all)) => all.into_iter().map(|problem| problem.field).collect(),
            _ => Vec::new(),
        }
    }

    fn read<T: serde::de::DeserializeOwned>(json: Value) -> T {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let long = "x".repeat(501);
        let all = json!({ "url": "nonsense", "secret": "", "events": ["ticket.burnt"], "headers": { "Host": "x", "A": 1 },
            "active": "yes", "description": long });
        let told = ["url", "events", "active", "headers", "headers", "secret", "description"];
        assert_eq!(bad(create(read(all.clone()))), told);
        assert_eq!(bad(edit(read(all))), ["url", "description", "events", "active", "headers", "headers", "secret"]);
        assert_eq!(bad(create(read(json!({})))), ["url", "events"]);
        assert_eq!(bad(create(read(json!({ "url": "https://a.example", "events": [] })))), ["events"]);
        assert_eq!(bad(edit(read(json!({ "url": "", "events": [], "secret": "mine" })))), ["url", "events", "secret"]);
        assert_eq!(bad(rotate(read(json!({ "secret": 5 })))), ["secret"]);
        assert_eq!(bad(replay(read(json!({})))), ["after"]);
        let query = json!({ "page": "x", "page_size": "1.5", "state": "lost" });
        assert_eq!(bad(deliveries(&read(query))), ["page", "page_size", "state"]);
    }

    #[test]
    fn what_is_left_out_stays_and_an_empty_description_goes() {
        let kept = edit(read(json!({ "description": null }))).unwrap();
        assert!(kept.url.is_none() && kept.headers.is_none() && matches!(kept.description, Edit::Keep));
        let gone = edit(read(json!({ "description": "", "headers": {}, "active": false }))).unwrap();
        assert!(matches!(gone.description, Edit::Set(Some(text)) if text.is_empty()));
        assert_eq!((gone.headers, gone.active), (Some(Vec::new()), Some(false)));
    }

    #[test]
    fn the_seven_events_are_spelled_as_in_the_document() {
        for topic in Topic::ALL {
            assert_eq!(serde_json::to_value(wire::WebhookEvent::from(topic)).unwrap(), topic.word());
        }
        for state in DeliveryState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
