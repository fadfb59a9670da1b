//! Pages that are made from the code are what the code makes; `UPDATE_DOCS=1` writes them anew.

use std::path::Path;

#[test]
fn settings_md_is_made_from_the_defaults() {
    page("SETTINGS.md", &echodesk::config::settings_markdown());
}

#[expect(clippy::disallowed_methods, reason = "a switch for whoever runs the tests")]
fn page(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(there.lines()).position(|(made, there)| made != there);
    let line = differs.unwrap_or_else(|| made.lines().count().min(there.lines().count())) + 1;
    assert!(there == made, "{name}:{line} is stale. Run: UPDATE_DOCS=1 cargo test --test it docs");
}
