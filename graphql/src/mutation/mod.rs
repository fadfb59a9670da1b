//! Mutations: one for each command, with an input and a payload of its own.
//!
//! They read inputs and answer payloads; what the command means and whether it is allowed, the engine decides. What a
//! person can put right is answered in `userErrors`; missing sign-in, overload and our own faults are top-level errors.

mod accounts;
mod automation;
mod bulk;
mod comments;
mod house;
mod mail;
mod people;
mod security;
mod sla;
mod system;
mod tickets;
mod together;
mod webhooks;
mod workflow;

use crate::context::Call;
use crate::error::{Result, UserError, user_errors};
use async_graphql::{Context, MaybeUndefined, MergedObject};
use engine::{Act, Caller, Who, act_of, hearing, status_of, took};
use model::command::Edit;
use std::future::Future;
use std::time::Instant;

/// What can be done. Every mutation takes one `input` and answers a payload with the changed object and `userErrors`.
#[derive(MergedObject, Default)]
pub struct Mutation(
    tickets::Tickets,
    workflow::Workflow,
    together::Together,
    bulk::Bulk,
    comments::Comments,
    people::People,
    accounts::Accounts,
    security::Security,
    house::House,
    webhooks::Webhooks,
    mail::Mail,
    automation::Automation,
    system::System,
    sla::Sla,
);

/// What a mutation came to: the object, or what is wrong.
pub(crate) struct Answer<T> {
    pub object: Option<T>,
    pub errors: Vec<UserError>,
    pub client_mutation_id: Option<String>,
}

/// Declares payloads: the object under its name, `userErrors`, `clientMutationId`.
macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $object:ty })+) => {$(
        $(#[$doc])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_doc])*
            $field: Option<$object>,
            /// What is wrong with the request; empty if it was carried out.
            user_errors: Vec<$crate::error::UserError>,
            /// The `clientMutationId` of the input.
            client_mutation_id: Option<String>,
        }

        impl From<$crate::mutation::Answer<$object>> for $name {
            fn from(answer: $crate::mutation::Answer<$object>) -> Self {
                Self { $field: answer.object, user_errors: answer.errors, client_mutation_id: answer.client_mutation_id }
            }
        }
    )+};
}
pub(crate) use payloads;

/// What comes with every input beside what it is about.
#[derive(Default)]
pub(crate) struct Sent {
    pub client_mutation_id: Option<String>,
    pub expected_version: Option<i64>,
}

impl Sent {
    pub(crate) fn id(client_mutation_id: Option<String>) -> Self {
        Self { client_mutation_id, expected_version: None }
    }
}

/// What is left out stays, null takes away.
pub(crate) fn edit<T>(field: MaybeUndefined<T>) -> Edit<Option<T>> {
    match field {
        MaybeUndefined::Undefined => Edit::Keep,
        MaybeUndefined::Null => Edit::Set(None),
        MaybeUndefined::Value(value) => Edit::Set(Some(value)),
    }
}

/// Runs a command and puts its answer into a payload.
pub(crate) async fn run<'a, T, P, F>(
    ctx: &Context<'a>,
    sent: Sent,
    command: impl FnOnce(Call<'a>, Caller) -> F,
) -> Result<P>
where
    F: Future<Output = model::Result<T>>,
    P: From<Answer<T>>,
{
    let call = Call::of(ctx)?;
    let caller = call.caller(sent.client_mutation_id.as_deref(), sent.expected_version);
    let began = Instant::now();
    let who = Who::default();
    let done = hearing(Who::clone(&who), command(call, caller)).await;
    let act = Act { latency_ms: took(began), status: status_of(&done), ..act_of(who.get().unwrap_or(call.actor())) };
    note(ctx, call, act).await;
    // Mutations of one request run one after the other: the next must not see what was true before this one.
    call.loaders.forget();
    let (object, errors) = match done {
        Ok(object) => (Some(object), Vec::new()),
        Err(error) => (None, user_errors(error)?),
    };
    Ok(P::from(Answer { object, errors, client_mutation_id: sent.client_mutation_id }))
}

/// Every mutation stands in the audit log, by its own name whatever the client calls it, with what came of it.
async fn note(ctx: &Context<'_>, call: Call<'_>, act: Act) {
    call.engine
        .note(Act {
            action: format!("mutation {}", ctx.item.node.name.node),
            method: "POST".to_owned(),
            path: "/graphql".to_owned(),
            client_ip: call.viewer.ip.clone(),
            ..act
        })
        .await;
}
