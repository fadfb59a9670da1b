//! The server: settings, command line, HTTP. It wires the parts together and answers for nothing that they decide.
//!
//! Surfaces live in `http`, each a module of its own; what a surface wants done, it asks of `engine::Engine`.

pub mod config;
pub mod telemetry;
pub mod shutdown;
pub mod assembly;
pub mod http;
pub mod server;
pub mod cli;
