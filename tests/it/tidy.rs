//! The rules of the house that neither the compiler nor clippy holds: who may use whom, where SQL stands, how files
//! look.
//!
//! Each rule reads the sources as text and fails with every place and the rule that it breaks. A new dependency gets
//! its name into `ALLOWED` below, which is the point: somebody has to think about it here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Crate, and what it may depend on, in `[dependencies]` or `[dev-dependencies]` (house.md, section 3).
const ALLOWED: &[(&str, &str)] = &[
    ("model", "serde serde_json thiserror chrono"),
    ("store", "model sqlx rusqlite serde serde_json tokio futures-util tempfile tracing thiserror"),
    (
        "engine",
        "model store tokio tokio-stream futures-util async-stream tracing serde serde_json jsonwebtoken signature argon2 ring \
         base64 moka bytes metrics thiserror tempfile url image qrcode png",
    ),
    (
        "graphql",
        "model engine async-graphql futures-util async-stream serde serde_json base64 bytes tokio tracing moka tempfile",
    ),
    (
        "channels",
        "model engine serenity teloxide lettre mail-parser html2text encoding_rs chardetng reqwest serde serde_json \
         tracing ring base64 tokio futures-util bytes",
    ),
];

/// The root package may use everything but these.
const ROOT_NEVER: &[&str] = &["sqlx", "rusqlite", "libsqlite3-sys", "serenity", "teloxide", "lettre", "mail-parser"];

/// Folder, and what its code must not name although it compiles there.
const NEVER_NAMED: &[(&str, &[&str], &str)] = &[
    (
        "model/src",
        &["tokio::", "sqlx::", "rusqlite::", "axum::", "async_graphql::", "SystemTime", "std::fs", "std::net"],
        "no IO, no clock",
    ),
    ("model/src", &["async fn", "async move", "SimpleObject", "FromRow", "ToSchema"], "no async, no surface's traits"),
    ("store/src", &["engine::", "model::decide", "axum::", "async_graphql::"], "the store decides nothing"),
    ("engine/src", &["sqlx::", "rusqlite::", "axum::", "async_graphql::"], "the engine knows neither SQL nor surfaces"),
    ("graphql/src", &["store::", "sqlx::", "rusqlite::", "axum::"], "a surface calls the engine"),
    ("channels/src", &["store::", "sqlx::", "rusqlite::", "axum::", "graphql::"], "a surface calls the engine"),
    ("src", &["sqlx::", "rusqlite::", "model::decide"], "the server wires; rules and SQL stand elsewhere"),
];

/// Surfaces that stand side by side and must not call each other: parent folder, path in code, names.
const NEIGHBOURS: &[(&str, &str, &[&str])] = &[
    ("src/http", "crate::http::", &["v1", "api", "usercenter", "legacy"]),
    ("channels/src", "crate::", &["discord", "telegram", "email", "mailer", "webhook", "game"]),
];

/// Never linked: OpenSSL and AWS-LC need a C tool chain and are second TLS stacks, `rsa` has an open timing leak,
/// async-std is a second runtime. `deny.toml` says the same to cargo-deny.
const BANNED: &[&str] = &["openssl-sys", "native-tls", "aws-lc-sys", "aws-lc-rs", "rsa", "async-std"];

const LONGEST_FILE: usize = 600;

struct Source {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below these folders with this extension, by their path from the root, sorted.
fn files(folders: &[&str], extension: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(root()).unwrap().display().to_string(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no .{extension} below {folders:?}");
    found
}

fn code() -> Vec<Source> {
    files(&["model/src", "store/src", "engine/src", "graphql/src", "channels/src", "src"], "rs")
}

fn code_and_tests() -> Vec<Source> {
    let mut all = code();
    all.extend(files(&["tests/it"], "rs"));
    all
}

fn hold(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}\n  {}", broken.join("\n  "));
}

/// Line by line: what is code, and what stands in string literals. Comments are in neither.
struct Line {
    number: usize,
    code: String,
    strings: String,
}

/// Takes Rust apart, roughly: strings (raw ones too), characters, nested comments. A string counts for its first line.
fn lines(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let mut lines = vec![Line { number: 1, code: String::new(), strings: String::new() }];
    let (mut at, mut number) = (0, 1);
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    while at < chars.len() {
        let begun = at;
        let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
        let raw = chars[at] == 'r' && !after_word && chars.get(at + 1 + hashes) == Some(&'"');
        let mut string = None;
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            let mut depth = 0;
            loop {
                let (opens, closes) = (starts(at, "/*"), starts(at, "*/"));
                depth = depth + usize::from(opens) - usize::from(closes);
                at += if opens || closes { 2 } else { 1 };
                if depth == 0 || at >= chars.len() {
                    break;
                }
            }
        } else if raw {
            let close = format!("\"{}", "#".repeat(hashes));
            at += 2 + hashes;
            let from = at;
            while at < chars.len() && !starts(at, &close) {
                at += 1;
            }
            string = Some(chars[from..at].iter().collect::<String>());
            at += close.len();
        } else if chars[at] == '"' {
            at += 1;
            let from = at;
            while at < chars.len() && chars[at] != '"' {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            string = Some(chars[from..at.min(chars.len())].iter().collect());
            at += 1;
        } else if chars[at] == '\'' && (starts(at + 1, "\\") || chars.get(at + 2) == Some(&'\'')) {
            at += if chars.get(at + 1) == Some(&'\\') { 3 } else { 2 };
            while at < chars.len() && chars[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else {
            lines.last_mut().unwrap().code.push(chars[at]);
            at += 1;
        }
        if let Some(string) = string {
            let line = lines.last_mut().unwrap();
            line.strings.push_str(&string);
            line.strings.push('\u{1}');
        }
        for _ in chars[begun..at.min(chars.len())].iter().filter(|c| **c == '\n') {
            number += 1;
            lines.push(Line { number, code: String::new(), strings: String::new() });
        }
    }
    lines
}

/// What is left without tests: files of tests are empty, and a file ends where its `#[cfg(test)] mod … {` begins.
fn without_tests(source: &Source) -> Vec<Line> {
    if source.path.ends_with("/tests.rs") || source.path.contains("/tests/") || source.path.contains("/testing/") {
        return Vec::new();
    }
    let mut lines = lines(&source.text);
    let tests = lines.windows(2).position(|pair| {
        pair[0].code.trim() == "#[cfg(test)]" && pair[1].code.starts_with("mod ") && pair[1].code.contains('{')
    });
    lines.truncate(tests.unwrap_or(lines.len()));
    lines
}

/// Whether `name` stands in `code` and does not merely end another word (`restore::` is not `store::`).
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        let word = |c: char| c.is_alphanumeric() || c == '_';
        // `crate::store::` is a module of the crate itself.
        !before.is_some_and(word)
            && !code[..at].ends_with("crate::")
            && !code[..at].ends_with("super::")
            && !code[..at].ends_with("self::")
            && (name.ends_with(':') || !after.is_some_and(word))
    })
}

/// (line, section, dependency, rest) of a Cargo.toml.
fn dependencies(manifest: &str) -> Vec<(usize, String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for (index, line) in manifest.lines().enumerate() {
        let line = line.split('#').next().unwrap().trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            if let Some((kind, dependency)) = name.rsplit_once("dependencies.") {
                found.push((index + 1, format!("{kind}dependencies"), dependency.to_owned(), String::new()));
            }
        } else if section.ends_with("dependencies") && line.contains('=') {
            let name = line.split(['=', '.', ' ']).next().unwrap();
            found.push((index + 1, section.clone(), name.to_owned(), line.to_owned()));
        }
    }
    found
}

fn looks_like_sql(literal: &str) -> bool {
    let words = literal.replace("\\n", " ").replace(['\n', '\\'], " ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let in_order = |text: &str, first: &str, second: &str| {
        text.find(first).is_some_and(|at| text[at..].contains(second)) && !second.is_empty()
    };
    let pairs = [("SELECT ", " FROM "), ("UPDATE ", " SET "), ("INSERT INTO ", "("), ("DELETE FROM ", " ")];
    pairs.iter().any(|(first, second)| {
        let (low_first, low_second) = (first.to_lowercase(), second.to_lowercase());
        in_order(&words, first, second) || (words.starts_with(&low_first) && in_order(&words, &low_first, &low_second))
    })
}

#[test]
fn crates_depend_on_what_the_table_allows() {
    let mut broken = Vec::new();
    for (folder, allowed) in ALLOWED {
        let path = format!("{folder}/Cargo.toml");
        for (line, section, name, _) in dependencies(&read(&path)) {
            if !allowed.split(' ').any(|one| one == name) {
                broken.push(format!("{path}:{line}: {folder} may not use `{name}` [{section}]"));
            }
        }
    }
    for (line, section, name, _) in dependencies(&read("Cargo.toml")) {
        // Tests read the mail that we send by a parser that did not write it.
        let for_tests = (section.as_str(), name.as_str()) == ("dev-dependencies", "mail-parser");
        if !section.starts_with("workspace") && !for_tests && ROOT_NEVER.contains(&name.as_str()) {
            broken.push(format!("Cargo.toml:{line}: the server may not use `{name}` [{section}]"));
        }
    }
    hold("Arrows point only inward (house.md, section 3; the table is ALLOWED in tests/it/tidy.rs):", broken);
}

#[test]
fn every_member_is_in_the_table_and_takes_its_versions_from_the_workspace() {
    let manifest = read("Cargo.toml");
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    let mut broken = Vec::new();
    for member in members.split('"').skip(1).step_by(2) {
        if !ALLOWED.iter().any(|(folder, _)| *folder == member) {
            broken.push(format!("Cargo.toml: `{member}` has no row in ALLOWED"));
        }
    }
    for path in ALLOWED.iter().map(|(folder, _)| format!("{folder}/Cargo.toml")).chain(["Cargo.toml".to_owned()]) {
        for (line, section, name, rest) in dependencies(&read(&path)) {
            if !section.starts_with("workspace") && !rest.replace(' ', "").contains("workspace=true") {
                broken.push(format!("{path}:{line}: `{name}` is not `workspace = true`"));
            }
        }
    }
    hold("One place for every version: [workspace.dependencies] (house.md, section 2):", broken);
}

#[test]
fn nobody_names_what_is_not_theirs() {
    let mut broken = Vec::new();
    for source in code() {
        for line in without_tests(&source) {
            for (folder, forbidden, why) in NEVER_NAMED {
                let here = source.path.starts_with(&format!("{folder}/"));
                for name in forbidden.iter().filter(|name| here && names(&line.code, name)) {
                    broken.push(format!("{}:{}: `{name}`: {why}", source.path, line.number));
                }
            }
        }
    }
    hold("What a crate must never name (house.md, section 3):", broken);
}

#[test]
fn no_surface_imports_its_neighbour() {
    let mut broken = Vec::new();
    for source in code() {
        for (parent, path, surfaces) in NEIGHBOURS {
            let own = source.path.strip_prefix(&format!("{parent}/")).and_then(|rest| rest.split(['/', '.']).next());
            let Some(own) = own.filter(|own| surfaces.contains(own)) else { continue };
            for line in without_tests(&source) {
                for other in surfaces.iter().filter(|other| **other != own) {
                    if line.code.contains(&format!("{path}{other}::")) {
                        broken.push(format!("{}:{}: `{own}` names `{other}`", source.path, line.number));
                    }
                }
            }
        }
    }
    hold("No surface imports another surface (house.md, invariant 5):", broken);
}

#[test]
fn sql_stands_in_the_store_only() {
    let mut broken = Vec::new();
    for source in code().iter().filter(|source| !source.path.starts_with("store/")) {
        for line in without_tests(source) {
            for literal in line.strings.split('\u{1}').filter(|literal| looks_like_sql(literal)) {
                let shown: String = literal.chars().take(60).collect();
                broken.push(format!("{}:{}: {shown:?}", source.path, line.number));
            }
        }
    }
    hold("SQL stands only in store/ and migrations/ (house.md, invariant 2):", broken);
}

/// SQLite prepares a statement anew for each value that is bound to a bare `LIMIT`.
fn is_planned_anew(literal: &str) -> bool {
    literal.contains("LIMIT $") || literal.contains("LIMIT ?") || literal.ends_with("LIMIT ")
}

#[test]
fn no_statement_is_planned_for_each_limit() {
    let mut broken = Vec::new();
    for source in code().iter().filter(|source| source.path.starts_with("store/")) {
        for line in without_tests(source) {
            if line.strings.split('\u{1}').any(is_planned_anew) {
                broken.push(format!("{}:{}", source.path, line.number));
            }
        }
    }
    hold("A bound LIMIT is computed (`Sql::push_limit`, or CAST($n AS BIGINT)):", broken);
}

#[test]
fn one_file_is_unsafe() {
    let mut broken = Vec::new();
    for source in code_and_tests().iter().filter(|source| source.path != "src/memory.rs") {
        let all = lines(&source.text);
        let said = all
            .iter()
            .filter(|line| line.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe"));
        broken.extend(said.map(|line| format!("{}:{}", source.path, line.number)));
    }
    hold("Only src/memory.rs says `unsafe` (ARCHITECTURE.md, decisions):", broken);
}

#[test]
fn migrations_come_in_twins() {
    let names = |database: &str| -> BTreeSet<String> {
        let folder = root().join("migrations").join(database);
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().into_string().unwrap()).filter(|name| name.ends_with(".sql")).collect()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    let lonely = sqlite.symmetric_difference(&postgres);
    let broken = lonely.map(|name| format!("migrations/{{sqlite,postgres}}/{name} stands on one side only")).collect();
    hold("Each declared difference has its twin (house.md, section 6):", broken);
}

#[test]
fn files_are_short_nouns_that_introduce_themselves() {
    let mut broken = Vec::new();
    for source in code_and_tests() {
        let Source { path, text } = &source;
        let length = without_tests(&source).len();
        if length > LONGEST_FILE && !path.starts_with("tests/") {
            broken.push(format!("{path}:{LONGEST_FILE}: {length} lines; split it before {LONGEST_FILE}"));
        }
        let parts: Vec<&str> = path.split(['/', '.']).collect();
        if ["utils", "util", "helpers", "helper", "common", "misc"].iter().any(|name| parts.contains(name)) {
            broken.push(format!("{path}:1: files are nouns; no utils, helpers, common"));
        }
        if !text.trim_start().starts_with("//!") {
            broken.push(format!("{path}:1: a module opens with `//!`: what it answers for, what it refuses"));
        }
    }
    hold("How files look (house.md, section 8, rules 7, 10, 11):", broken);
}

#[test]
fn tests_are_never_switched_off_and_never_sleep() {
    let mut broken = Vec::new();
    for source in code_and_tests() {
        for line in lines(&source.text) {
            let code: String = line.code.split_whitespace().collect();
            if code.contains("#[ignore") || (code.contains("cfg_attr(") && names(&code, "ignore")) {
                broken.push(format!("{}:{}: #[ignore]", source.path, line.number));
            }
            if source.path.starts_with("tests/it/") && names(&code, "sleep") && code.contains("sleep(") {
                broken.push(format!("{}:{}: sleep(: wait for an event", source.path, line.number));
            }
        }
    }
    hold("No #[ignore], no sleeps (house.md, section 8, rule 8):", broken);
}

#[test]
fn nothing_banned_is_linked() {
    let lock = read("Cargo.lock");
    let deny = read("deny.toml");
    let mut broken = Vec::new();
    for banned in BANNED {
        if let Some(index) = lock.lines().position(|line| line == format!("name = \"{banned}\"")) {
            broken.push(format!("Cargo.lock:{}: {banned}; `cargo tree -i {banned}` says who brings it", index + 1));
        }
        if !deny.contains(&format!("crate = \"{banned}\"")) {
            broken.push(format!("deny.toml:1: does not ban {banned}"));
        }
    }
    hold("Banned crates:", broken);
}

/// The rules above find nothing in a tidy house, so what they look for is shown to them here.
#[test]
fn the_rules_find_what_they_look_for() {
    for (literal, sql) in [
        ("SELECT id FROM tickets", true),
        ("SELECT id,\\n    title FROM tickets", true),
        ("select 1 from x", true),
        ("UPDATE tickets SET a = $1", true),
        ("INSERT INTO t (a) VALUES ($1)", true),
        ("DELETE FROM t WHERE id = $1", true),
        ("Select a ticket from the list", false),
        ("Update the ticket, then set its status", false),
        ("FROM here SELECT ", false),
    ] {
        assert_eq!(looks_like_sql(literal), sql, "{literal}");
    }
    assert!(is_planned_anew("SELECT id FROM t LIMIT $2") && is_planned_anew(" ORDER BY id LIMIT "));
    assert!(!is_planned_anew("SELECT id FROM t LIMIT 10") && !is_planned_anew(" LIMIT CAST($1 AS BIGINT)"));
    let text = "let a = \"x\\\"y\"; // \"no\"\nlet b = 'c'; let c = '\\''; /* /* \" */ */ fn f<'a>() {}\nr#\"raw \" here\"#\nend\n";
    let lines = lines(text);
    let seen: Vec<(usize, &str)> =
        lines.iter().map(|line| (line.number, line.strings.trim_end_matches('\u{1}'))).collect();
    assert_eq!(seen, [(1, "x\\\"y"), (2, ""), (3, "raw \" here"), (4, ""), (5, "")]);
    assert_eq!(lines[1].code.trim_end(), "let b = ; let c = ;  fn f<'a>() {}");
    assert_eq!(lines[3].code.trim_end(), "end");

    assert!(names("use store::Store;", "store::") && names("x(sqlx::query)", "sqlx::"));
    assert!(!names("restore::x", "store::") && !names("crate::store::x", "store::") && !names("FromRows", "FromRow"));

    let source = Source { path: "a/src/b.rs".into(), text: "one\n#[cfg(test)]\nmod tests {\n}\n".into() };
    assert_eq!(without_tests(&source).len(), 1);

    let manifest = "[dependencies]\nserde.workspace = true # why\nsqlx = { version = \"1\" }\n[dev-dependencies.axum]\n[lints]\nworkspace = true\n";
    let names: Vec<(usize, String)> =
        dependencies(manifest).into_iter().map(|(line, _, name, _)| (line, name)).collect();
    assert_eq!(names, [(2, "serde".into()), (3, "sqlx".into()), (4, "axum".into())]);
}
