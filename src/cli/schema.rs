//! `echodesk schema`: the GraphQL schema, as `schema.graphql` has it.

use super::failure::Failure;
use super::terminal;

pub fn run() -> Result<(), Failure> {
    terminal::print(&graphql::sdl())
}
