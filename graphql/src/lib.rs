//! The GraphQL schema: the engine, as web clients talk to it. No axum, no SQL, no rules.
//!
//! The transport authenticates, calls [`attach`] on each request, and runs it on [`schema`]. Types are written by hand
//! beside the model's and converted; a new word, event or field of the model stops the build here. Answers carry
//! `extensions.cost`; each item of a subscription carries `extensions.cursor`, its place in the event log, which the
//! transport may send as the id of a server-sent event.

#![allow(clippy::unused_async, reason = "every resolver is async to the derive macros, whether it waits or not")]

mod admin;
mod alike;
mod automation;
mod batch;
mod category;
mod change;
mod cleanup;
mod comment;
mod connection;
mod context;
mod cost;
mod error;
mod event;
mod filter;
mod inbox;
mod known;
mod lasting;
mod loaders;
mod mail;
mod mutation;
mod node;
mod operations;
mod order;
mod person;
mod query;
mod quick;
mod scalars;
mod schema;
mod security;
mod sla;
mod statistics;
mod subscription;
mod ticket;
mod webhook;
mod words;

#[cfg(test)]
mod tests;

pub use context::{ResumeAfter, Viewer, attach};
pub use error::Fail;
pub use known::running;
pub use lasting::AsText;
pub use mutation::Mutation;
pub use operations::{Reprocess, Reprocessed};
pub use query::Query;
pub use schema::Schema;
pub use subscription::Subscription;

use async_graphql::SDLExportOptions;
use engine::Engine;
use operations::ServerInfo;
use std::sync::Arc;

/// What the schema allows.
#[derive(Clone)]
pub struct Options {
    /// Whether the schema may be asked for.
    pub introspection: bool,
    /// How deep an operation may be nested. The usual introspection query needs 15.
    pub max_depth: usize,
    /// How much an operation may cost: 1 for each field, lists as often as they are long.
    pub max_complexity: usize,
    /// The server's version, for `serverInfo`.
    pub version: String,
    /// What reads a quarantined message again; without it, `reprocessInbound` fails.
    pub reprocess: Option<Arc<dyn Reprocess>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            introspection: true,
            max_depth: 16,
            max_complexity: 10_000,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            reprocess: None,
        }
    }
}

/// The schema over an engine.
pub fn schema(engine: Engine, options: Options) -> Schema {
    let info = ServerInfo {
        version: options.version,
        introspection: options.introspection,
        max_depth: options.max_depth as i64,
        max_complexity: options.max_complexity as i64,
    };
    let cost = cost::Cost { max_depth: options.max_depth, max_complexity: options.max_complexity };
    let build = || {
        let mut builder = builder().data(engine.clone()).data(info.clone());
        if let Some(reprocess) = &options.reprocess {
            builder = builder.data(reprocess.clone());
        }
        if options.introspection { builder } else { builder.disable_introspection() }
    };
    Schema::new(engine.clone(), build, cost)
}

/// The schema's text, without an engine: always the same for the same code.
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .prefer_single_line_descriptions()
        .include_specified_by();
    builder().finish().sdl_with_options(options)
}

fn builder() -> async_graphql::SchemaBuilder<Query, Mutation, Subscription> {
    // Selections may not nest deeper than any sensible limit, whatever their cost: that protects the validation itself.
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription)
        .limit_recursive_depth(64)
        .limit_directives(50)
}
