//! What tests need to run on both databases. Compiled with the feature `testing` only, never into the server.

pub mod postgres;
