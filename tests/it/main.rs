//! The built server through its real surfaces, and the rules of the house.
//!
//! One binary, so that it links once. Every test has a store of its own and listens on port 0; nothing sleeps.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_collect,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "tests fail by panicking, and are read more often than they are run"
)]

mod api;
mod app;
mod binary;
mod held;
mod helpdesk;
mod live;
mod mail;
mod receiver;
mod smtp;

mod chats;
mod cors;
mod crash;
mod dialects;
mod docs;
mod documents;
mod doors;
mod graphql;
mod graphql_accounts;
mod graphql_fields;
mod graphql_files;
mod graphql_lasting;
mod graphql_limits;
mod limits;
mod mail_peers;
mod mailboxes;
mod mailer;
mod operations;
mod peers;
mod schema;
mod schemathesis;
mod statements;
mod story;
mod tidy;
mod v1;
mod webhooks;
