//! The engine behind the GraphQL transport: who calls, what a request carries, when a session is over.
//!
//! It translates between the two and decides nothing; the other routes ask it, too, who calls.

use super::answer::Refusal;
use super::graphql::{ClientInfo, Gate, Refused, Transport};
use async_graphql::Request;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use channels::email::MailIntake;
use engine::{Caller, Engine};
use graphql::Viewer;
use model::error::Problem;
use model::id::InboundId;
use model::{Actor, Error};
use std::sync::Arc;

/// The engine and its schema. A clone is cheap.
#[derive(Clone)]
pub struct EngineGate {
    engine: Engine,
    schema: Arc<graphql::Schema>,
}

impl EngineGate {
    pub fn new(engine: Engine, schema: graphql::Schema) -> Self {
        Self { engine, schema: Arc::new(schema) }
    }
}

impl Gate for EngineGate {
    type Caller = Actor;
    type Schema = graphql::Schema;

    fn schema(&self) -> &graphql::Schema {
        &self.schema
    }

    async fn authenticate(&self, authorization: Option<&str>, _: &ClientInfo) -> Result<Option<Actor>, Refused> {
        match self.engine.authenticate(authorization).await {
            Ok(Actor::Anonymous) => Ok(None),
            Ok(actor) => {
                note(&actor);
                Ok(Some(actor))
            }
            Err(error) => Err(refused(error)),
        }
    }

    fn attach(&self, request: Request, caller: Option<&Actor>, info: &ClientInfo) -> Result<Request, Refused> {
        let viewer = Viewer {
            actor: caller.cloned().unwrap_or(Actor::Anonymous),
            ip: info.address.map(|address| address.to_string()),
            user_agent: info.user_agent().map(str::to_owned),
            // On a socket the header came with the upgrade and would speak for every operation: there it doesn't count.
            idempotency_key: match info.transport {
                Transport::Http | Transport::Events => key(&info.headers)
                    .map_err(|Problem { problem, .. }| Refused::Malformed(format!("Idempotency-Key {problem}")))?,
                Transport::Socket => None,
            },
        };
        Ok(graphql::attach(request, &self.engine, viewer))
    }

    fn user(&self, caller: &Actor) -> i64 {
        caller.user().map_or(0, |user| user.0)
    }

    fn ended(&self, caller: &Actor) -> impl Future<Output = ()> + Send + 'static {
        self.engine.ended(caller)
    }
}

/// Reads quarantined mail again, for the schema.
pub struct Reread(pub MailIntake);

impl graphql::Reprocess for Reread {
    fn reprocess<'a>(&'a self, by: &'a Caller, id: InboundId) -> graphql::Reprocessed<'a> {
        Box::pin(async move {
            let done = self.0.reprocess(by, id).await?;
            Ok(done.outcome.ticket().map(|(ticket, _)| ticket))
        })
    }
}

fn refused(error: Error) -> Refused {
    match error {
        Error::Unauthenticated { why, .. } => Refused::Unauthenticated(why),
        Error::Forbidden { .. } => Refused::Forbidden(error.to_string()),
        Error::Internal(why) => {
            tracing::error!(why, "a credential could not be looked at");
            Refused::Unavailable("who calls cannot be told at the moment; try again".to_owned())
        }
        Error::Busy { .. } => Refused::Unavailable(error.to_string()),
        Error::NotFound { .. }
        | Error::Invalid(_)
        | Error::InvalidTransition { .. }
        | Error::Conflict { .. }
        | Error::ResyncRequired
        | Error::TooLarge { .. } => Refused::Unauthenticated(error.to_string()),
    }
}

/// Who calls a route that is not GraphQL. Nobody is [`Actor::Anonymous`].
pub async fn actor(engine: &Engine, headers: &HeaderMap) -> Result<Actor, Refusal> {
    let actor = identify(engine, headers).await?;
    note(&actor);
    Ok(actor)
}

/// The same, for whoever says in other words what is wrong with the credential.
pub async fn identify(engine: &Engine, headers: &HeaderMap) -> model::Result<Actor> {
    engine.authenticate(credential(headers).as_deref()).await
}

/// What a caller names themselves by: `Authorization`, else `X-API-Key`.
pub fn credential(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(AUTHORIZATION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let key = || headers.get("x-api-key").map(|key| format!("ApiKey {}", String::from_utf8_lossy(key.as_bytes())));
    given.or_else(key)
}

/// The key that protects a request from being carried out twice. One that can't be read is refused: passed over, it would let
/// things be done twice. How long it may be, the engine says.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let key = headers.get("idempotency-key").map(|key| key.to_str().map(str::to_owned)).transpose();
    key.map_err(|_| Problem { field: "idempotency_key", problem: "must be ASCII".to_owned() })
}

/// Puts the caller into the request's log lines, and into the audit log's.
pub fn note(actor: &Actor) {
    engine::acts(actor);
    if let Some(user) = actor.user() {
        tracing::Span::current().record("user", user.0);
    }
}
