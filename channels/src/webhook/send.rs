//! One attempt: a signed POST, and what its answer means. 2xx is delivered; 410 is never; all else is later.
//!
//! No redirect is followed (whoever answers one could send us anywhere), no proxy is asked, and the log of an attempt holds
//! no secret: neither the signature's key nor the values of the endpoint's own headers.

use super::{Options, resolve};
use engine::{Delivery, Endpoint, Receipt, Trace, Undelivered, Unreachable, parse_address};
use model::Time;
use model::time::SECOND;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Map, Value, json};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

/// How much of an answer is kept.
const KEPT: usize = 1_024;
const CONNECT: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(20);

pub(super) fn client(options: &Options) -> reqwest::Result<Client> {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(resolve::Checked(options.reach)))
        .timeout(options.timeout)
        .connect_timeout(CONNECT.min(options.timeout))
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(4)
        .build()
}

/// What is sent, to whom.
pub(super) struct Post<'a> {
    pub client: &'a Client,
    pub options: &'a Options,
    pub endpoint: &'a Endpoint,
    /// The cursor of the event.
    pub event: String,
    pub delivery: &'a Delivery,
    pub now: Time,
}

impl Post<'_> {
    pub(super) async fn send(&self, trace: &mut Trace) -> Result<Receipt, Undelivered> {
        let never = |why: String| Undelivered::Never { why };
        let url = &self.endpoint.webhook.url;
        let (headers, shown) = self.headers().map_err(never)?;
        trace.request = Some(json!({ "method": "POST", "url": url, "headers": shown }));
        // Names are looked up and checked when the client connects; a host that is an address never gets there.
        let url = parse_address(url).map_err(|e| never(e.to_string()))?;
        self.options.reach.check_host(&url).map_err(|e| never(e.to_string()))?;
        let sent = self.client.post(url).headers(headers).body(self.delivery.body.clone().into_bytes()).send().await;
        let answer = sent.map_err(|e| Undelivered::Later { after: None, why: failure(&e, self.options.timeout) })?;
        let (status, after) = (answer.status(), retry_after(answer.headers(), self.now));
        trace.status = Some(status.as_u16());
        trace.answer = beginning(answer).await;
        judge(status, after)
    }

    /// The headers, and what the log may keep of them.
    fn headers(&self) -> Result<(HeaderMap, Map<String, Value>), String> {
        let body = self.delivery.body.as_bytes();
        let ours = [
            (CONTENT_TYPE, "application/json".to_owned()),
            (USER_AGENT, format!("Echodesk/{}", self.options.version)),
            (HeaderName::from_static("x-signature"), self.endpoint.sign(body)),
            (HeaderName::from_static("x-webhook-event"), self.delivery.topic.clone().unwrap_or_default()),
            (HeaderName::from_static("x-webhook-id"), self.event.clone()),
            (HeaderName::from_static("x-webhook-timestamp"), self.now.0.div_euclid(SECOND).to_string()),
        ];
        let (mut headers, mut shown) = (HeaderMap::new(), Map::new());
        for (name, value) in self.endpoint.webhook.headers.pairs() {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name} is no header"))?;
            let mut value =
                HeaderValue::from_str(value).map_err(|_| format!("{name} has a value that can't be sent"))?;
            value.set_sensitive(true);
            shown.insert(name.to_string(), "***".into());
            headers.insert(name, value);
        }
        // Ours come last: whatever a row holds, they stand.
        for (name, value) in ours {
            let sent = HeaderValue::from_str(&value).map_err(|_| format!("{name} has a value that can't be sent"))?;
            shown.insert(name.to_string(), value.into());
            headers.insert(name, sent);
        }
        Ok((headers, shown))
    }
}

fn judge(status: StatusCode, after: Option<Duration>) -> Result<Receipt, Undelivered> {
    if status.is_success() {
        return Ok(Receipt { id: None, delivered: true });
    }
    if status == StatusCode::GONE {
        return Err(Undelivered::Gone { why: "the endpoint answered 410 Gone".to_owned() });
    }
    let why = if status.is_redirection() {
        format!("the endpoint answered {status}: redirects are not followed, register the address that it leads to")
    } else {
        format!("the endpoint answered {status}")
    };
    Err(Undelivered::Later { after, why })
}

/// `Retry-After`: seconds, or an instant.
fn retry_after(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = Time::parse_http(text)?;
    u64::try_from(at.0 - now.0).ok().map(Duration::from_millis)
}

/// The beginning of an answer as text; how it goes on, or that it broke off, changes nothing.
async fn beginning(mut answer: Response) -> Option<String> {
    let mut bytes = Vec::new();
    while bytes.len() < KEPT
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(KEPT);
    let text = String::from_utf8_lossy(&bytes).replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}

/// Why nothing was answered, in a sentence; the innermost cause says most. Never the URL: it stands beside it.
fn failure(error: &reqwest::Error, patience: Duration) -> String {
    let mut cause = error.source();
    let mut innermost = String::new();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<Unreachable>() {
            return refused.to_string();
        }
        innermost = inner.to_string();
        cause = inner.source();
    }
    if error.is_timeout() {
        return format!("no answer within {} s", patience.as_secs());
    }
    let what = if error.is_connect() { "no connection" } else { "the request failed" };
    if innermost.is_empty() { what.to_owned() } else { format!("{what}: {innermost}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_mean_what_is_documented() {
        assert_eq!(judge(StatusCode::NO_CONTENT, None), Ok(Receipt { id: None, delivered: true }));
        assert!(matches!(judge(StatusCode::GONE, None), Err(Undelivered::Gone { .. })));
        for later in [400, 401, 404, 429, 500, 503] {
            let after = Some(Duration::from_secs(7));
            let told = judge(StatusCode::from_u16(later).unwrap(), after);
            assert!(matches!(told, Err(Undelivered::Later { after: Some(_), .. })), "{later}");
        }
        let Err(Undelivered::Later { why, .. }) = judge(StatusCode::FOUND, None) else { panic!() };
        assert!(why.contains("302") && why.contains("redirects are not followed"), "{why}");
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let inside = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // The name's own spelling is refused earlier; what is shown here is the resolver behind it.
        let url = format!("http://localhost:{}/", inside.local_addr().unwrap().port());
        let options = |private| Options {
            public_url: String::new(),
            timeout: Duration::from_secs(10),
            reach: engine::Reach { private },
            version: "0".to_owned(),
        };
        let refused = client(&options(false)).unwrap().post(&url).send().await.unwrap_err();
        let why = failure(&refused, Duration::from_secs(10));
        assert!(why.contains("localhost leads to") && why.contains("private or local address"), "{why}");
        let (allowed, ()) =
            tokio::join!(client(&options(true)).unwrap().post(&url).timeout(Duration::from_secs(2)).send(), async {
                drop(inside.accept().await);
            },);
        assert!(!failure(&allowed.unwrap_err(), Duration::ZERO).contains("private"), "it was connected to");
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_until_an_instant() {
        let now = Time::parse("2015-10-21T07:28:00Z").unwrap();
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(asked("120"), Some(Duration::from_mins(2)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:29:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:00:00 GMT"), None);
        assert_eq!(asked("soon"), None);
    }
}
