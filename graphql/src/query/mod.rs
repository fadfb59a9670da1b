//! Queries, by who needs them. They read; what may be read, the engine decides.

mod admin;
mod automation;
mod house;
mod people;
mod security;
mod tickets;

use async_graphql::MergedObject;

/// What can be asked. Every answer can say `asOf`: the place in the event log that it is true for.
#[derive(MergedObject, Default)]
pub struct Query(
    tickets::Tickets,
    people::People,
    security::Security,
    house::House,
    admin::Admin,
    automation::Automation,
);
