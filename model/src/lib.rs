//! Nouns and rules of a ticket service: what exists, who may do what, and what follows from a command.
//!
//! This crate answers for every rule. It does no IO, has no `async`, and never reads a clock: the time is an argument.
//! It derives no surface's traits: GraphQL, HTTP and SQL each have their own counterparts and convert by hand.

pub mod access;
pub mod actor;
pub mod attachment;
pub mod audit;
pub mod automation;
pub mod category;
pub mod cleanup;
pub mod command;
pub mod comment;
pub mod counters;
pub mod decide;
pub mod error;
pub mod event;
pub mod id;
pub mod inbound;
pub mod locale;
pub mod mail;
pub mod media;
pub mod notice;
pub mod number;
pub mod people;
pub mod policy;
pub mod query;
pub mod schedule;
pub mod search;
pub mod session;
pub mod setting;
pub mod sla;
pub mod text;
pub mod ticket;
pub mod time;
pub mod webhook;
pub mod wording;

pub use actor::{Actor, Scope};
pub use command::Command;
pub use error::{Error, Result};
pub use event::{Event, Recorded};
pub use time::Time;
