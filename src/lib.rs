//! The server: settings, command line, HTTP. It wires the parts together and answers for nothing that they decide.
//!
//! Surfaces live in `http`, each a module of its own; what a surface wants done, it asks of `engine::Engine`.

pub mod assembly;
pub mod bench;
pub mod cli;
pub mod config;
pub mod connections;
pub mod http;
pub mod memory;
pub mod server;
pub mod shutdown;
pub mod telemetry;
