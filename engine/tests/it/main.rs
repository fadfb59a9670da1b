//! The engine on both databases: every test runs on SQLite and on PostgreSQL, in a store of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests fail by panicking")]
#![expect(clippy::wildcard_enum_match_arm, reason = "tests look for one thing")]

mod access;
mod accounts;
mod audit;
mod automation;
mod backup;
mod cleanup;
mod crash;
mod delivery;
mod files;
mod house;
mod intake;
mod life;
mod limits;
mod lists;
mod log;
mod mailing;
mod moves;
mod notifying;
mod once;
mod partial;
mod rebuild;
mod reports;
mod reset;
mod search;
mod second_factor;
mod settings;
mod sla;
mod timers;
mod told;
mod webhooks;
