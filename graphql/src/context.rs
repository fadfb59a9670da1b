//! What a request carries: who calls, from where, and the loaders that belong to them.
//!
//! The transport authenticates and calls [`attach`]; resolvers reach the engine through [`Call`] and nothing else.

use crate::error::{Fail, Result};
use crate::loaders::{LateLoaders, Loaders};
use async_graphql::{Context, Request};
use engine::{Caller, Engine};
use model::{Actor, Error};

/// Who calls, and what sessions and the audit log keep of where from.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub actor: Actor,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// The `Idempotency-Key` of the HTTP request: what `clientMutationId` is for a mutation that has none of its own.
    pub idempotency_key: Option<String>,
}

impl Viewer {
    /// Nobody: what a request without credentials runs as.
    pub fn anonymous() -> Self {
        Self { actor: Actor::Anonymous, ip: None, user_agent: None, idempotency_key: None }
    }
}

/// The cursor that a reconnecting client saw last (`Last-Event-ID` of server-sent events): the default of a
/// subscription's `after`. The transport puts it into the request's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeAfter(pub String);

/// Gives a request what the resolvers read: the viewer, and loaders that see what the viewer sees.
pub fn attach(request: Request, engine: &Engine, viewer: Viewer) -> Request {
    let loaders = LateLoaders::new(engine, &viewer.actor);
    request.data(viewer).data(loaders)
}

/// A resolver's way to the engine.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub engine: &'a Engine,
    pub viewer: &'a Viewer,
    pub loaders: &'a Loaders,
    /// The name under which the field answers: it tells the mutations of one request apart.
    field: &'a str,
}

impl<'a> Call<'a> {
    pub(crate) fn of(ctx: &Context<'a>) -> Result<Self> {
        let field = ctx.item.node.response_key().node.as_str();
        Ok(Self { engine: data(ctx)?, viewer: data(ctx)?, loaders: data::<LateLoaders>(ctx)?.get(), field })
    }

    pub(crate) fn actor(self) -> &'a Actor {
        &self.viewer.actor
    }

    pub(crate) fn is_staff(self) -> bool {
        self.viewer.actor.is_staff()
    }

    /// The caller of a command; the client's id for it makes a repetition harmless.
    pub(crate) fn caller(self, client_mutation_id: Option<&str>, expected_version: Option<i64>) -> Caller {
        let caller = Caller::new(self.viewer.actor.clone());
        let mut caller = match client_mutation_id {
            Some(id) => caller.keyed(Some(id.to_owned())),
            None => caller.keyed_among(self.viewer.idempotency_key.as_deref(), self.field),
        };
        caller.expected_version = expected_version;
        caller
    }
}

fn data<'a, D: Send + Sync + 'static>(ctx: &Context<'a>) -> Result<&'a D> {
    ctx.data_opt::<D>()
        .ok_or_else(|| Fail(Error::internal(format!("the request carries no {}", std::any::type_name::<D>()))))
}
