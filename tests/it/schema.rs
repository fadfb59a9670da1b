//! `schema.graphql` at the root is what the code makes; `UPDATE_DOCS=1` writes it anew.

use std::path::Path;

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
fn schema_graphql_is_made_from_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let made = graphql::sdl();
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(there.lines()).position(|(made, there)| made != there);
    let line = differs.unwrap_or_else(|| made.lines().count().min(there.lines().count())) + 1;
    assert!(there == made, "schema.graphql:{line} is stale. Run: UPDATE_DOCS=1 cargo test --test it schema");
}
