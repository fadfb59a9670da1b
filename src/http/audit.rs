//! The audit log's eye on HTTP: every request that may change something, with who asked, from where, and what came of it.
//!
//! The layer `observe` opens a watch for each such request; whoever finds out who calls says so (`engine::acts`), and the answer
//! closes it. A request whose client goes away in the middle is noted, too. Neither bodies nor query strings are looked at.
//! GraphQL's mutations note themselves, by their own names, on every transport (`graphql/src/mutation/mod.rs`), and so does
//! mail that was taken in.

use super::App;
use super::graphql::ClientAddress;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use engine::{Act, Engine, Who, act_of, hearing, took};
use model::Actor;
use std::time::Instant;

/// The status of a request whose client did not wait for the answer.
const GONE: i64 = 499;

/// A request that is being watched.
pub struct Watch {
    engine: Engine,
    who: Who,
    began: Instant,
    act: Option<Act>,
    /// Where what went well notes itself.
    only_refusals: bool,
}

impl Watch {
    /// Watches a request of a route, if it may change something.
    pub fn open(app: &App, route: &str, request: &Request) -> Option<Self> {
        let method = request.method();
        let changes = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(method);
        if !changes || route.starts_with("/graphql") {
            return None;
        }
        let act = Act {
            action: format!("{method} {route}"),
            method: method.to_string(),
            path: request.uri().path().to_owned(),
            client_ip: request.extensions().get::<ClientAddress>().map(|client| client.0.to_string()),
            ..act_of(&Actor::Anonymous)
        };
        Some(Self {
            engine: app.engine.clone(),
            who: Who::default(),
            began: Instant::now(),
            act: Some(act),
            only_refusals: route.starts_with("/hooks/"),
        })
    }

    /// Carries the request out where it is heard who acts.
    pub fn over<F: Future>(&self, request: F) -> impl Future<Output = F::Output> + use<F> {
        hearing(Who::clone(&self.who), request)
    }

    pub async fn answered(mut self, status: StatusCode) {
        if let Some(act) = self.finished(i64::from(status.as_u16())) {
            self.engine.note(act).await;
        }
    }

    fn finished(&mut self, status: i64) -> Option<Act> {
        let mut act = self.act.take()?;
        if let Some(actor) = self.who.get() {
            act = Act { user: actor.user(), role: actor.role(), ..act };
        }
        act.status = status;
        act.latency_ms = took(self.began);
        (status >= 400 || !self.only_refusals).then_some(act)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(act) = self.finished(GONE) {
            self.engine.note_soon(act);
        }
    }
}
