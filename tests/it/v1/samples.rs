//! The document's own examples (seed 003 §7), cut out of a copy of it and run as a user would paste them, against the built
//! binary. Only the address and the tokens are filled in; the person with id 5 is the agent, as the examples assume.

use super::{call, get};
use crate::api::{each, items};
use crate::binary::{Binary, Home, finish};
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::task::spawn_blocking;

const DOCUMENT: &str = include_str!("../../peers/v1/seed-003.md");
const ADDRESS: &str = "https://api.example.com/v1";

/// The fenced block of a section that is written in a language.
fn sample(section: &str, language: &str) -> &'static str {
    let from = DOCUMENT.find(section).unwrap_or_else(|| panic!("no section {section}"));
    let fence = format!("```{language}\n");
    let begin = from + DOCUMENT[from..].find(&fence).unwrap() + fence.len();
    let end = begin + DOCUMENT[begin..].find("\n```").unwrap();
    &DOCUMENT[begin..end]
}

struct Desk {
    home: Home,
    server: Binary,
    user: String,
    agent: String,
}

impl Desk {
    async fn open() -> Self {
        let home = Home::new(false).await;
        let user = home.person("zhangsan@example.com", "user").await;
        for n in 2..5 {
            home.person(&format!("u{n}@example.com"), "user").await;
        }
        let agent = home.person("lisi@example.com", "agent").await;
        let server = home.serve().await;
        Self { home, server, user, agent }
    }

    /// Writes a script and runs it, which has to go well; answers what it printed.
    async fn run(&self, program: &Path, name: &str, text: &str) -> String {
        let path = self.home.path(name);
        std::fs::write(&path, text).unwrap();
        let mut command = Command::new(program);
        let search =
            std::env::join_paths([self.home.path("bin"), "/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()]);
        command
            .arg(&path)
            .env_clear()
            .env("PATH", search.unwrap())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.home.path("."));
        let done = finish(command, Vec::new()).await;
        assert_eq!(done.code, 0, "{name}: {}\n{}", done.out, done.err);
        done.out
    }

    fn filled(&self, sample: &str) -> String {
        assert!(sample.contains(ADDRESS));
        sample.replace(ADDRESS, &self.server.at("/v1"))
    }

    /// Runs lines of shell; where `jq` is missing, a few lines of Python do what the examples want of it.
    async fn shell(&self, name: &str, text: &str) -> Vec<Value> {
        if !Command::new("jq").arg("--version").output().is_ok_and(|out| out.status.success()) {
            let bin = self.home.path("bin");
            std::fs::create_dir_all(&bin).unwrap();
            std::fs::write(bin.join("jq"), JQ).unwrap();
            let made = Command::new("chmod").arg("+x").arg(bin.join("jq")).status().unwrap();
            assert!(made.success());
        }
        let out = self.run(Path::new("bash"), name, text).await;
        serde_json::Deserializer::from_str(&out).into_iter::<Value>().map(Result::unwrap).collect()
    }
}

/// `jq -r .data.ticket_id` and `jq -r .data[].id`.
const JQ: &str = "#!/usr/bin/env python3
import json, sys
data = json.load(sys.stdin)['data']
for one in data if isinstance(data, list) else [data]:
    print(one['id'] if isinstance(data, list) else one['ticket_id'])
";

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_and_the_queries_run_in_a_shell() {
    let desk = Desk::open().await;
    let walk = sample("### 7.1", "bash").replace("USER_TOKEN", &desk.user).replace("AGENT_TOKEN", &desk.agent);
    let answers = desk.shell("walk.sh", &format!("set -e\n{}\n", desk.filled(&walk))).await;
    assert_eq!(answers.len(), 5, "{answers:#?}");
    assert!(answers.iter().all(|answer| answer["success"] == true), "{answers:#?}");
    assert_eq!(answers[0]["data"]["assignee_id"], 5);
    assert_eq!((&answers[4]["data"]["ticket_id"], &answers[4]["data"]["status"]), (&json!(100_001), &json!("closed")));
    let detail = get(&desk.server, &desk.user, "/tickets/100001").await["data"].take();
    assert_eq!(
        (&detail["title"], &detail["status"], &detail["comments_count"]),
        (&json!("无法访问服务"), &json!("closed"), &json!(1))
    );

    // §7.3: all new tickets are given to the agent.
    let form = json!({ "title": "登录", "description": "d", "category": "account", "priority": "high" });
    for _ in 0..3 {
        assert_eq!(call(&desk.server, &desk.user, Method::POST, "/tickets", Some(&form)).await.0, 201);
    }
    let bulk = sample("### 7.3", "bash").replace("Bearer TOKEN", &format!("Bearer {}", desk.agent));
    let answers = desk.shell("bulk.sh", &format!("set -e\n{}\n", desk.filled(&bulk))).await;
    assert_eq!(answers.iter().filter(|answer| answer["data"]["status"] == "open").count(), 3, "{answers:#?}");
    // §7.2: four queries; the third has its Chinese word in the address as it is.
    let queries = sample("### 7.2", "bash").replace("Bearer TOKEN", &format!("Bearer {}", desk.agent));
    let answers = desk.shell("queries.sh", &format!("set -e\n{}\n", desk.filled(&queries))).await;
    let totals: Vec<i64> = answers.iter().map(|answer| answer["pagination"]["total"].as_i64().unwrap()).collect();
    assert_eq!(totals, [0, 0, 3, 4]);
    assert_eq!(items(&answers[3]["data"]).len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sample_runs() {
    let python = spawn_blocking(python).await.unwrap();
    let desk = Desk::open().await;
    let text = desk.filled(sample("### 7.4", "python")).replace("YOUR_TOKEN", &desk.user);
    let said = desk.run(&python, "sample.py", &text).await;
    let (_, page) = call(&desk.server, &desk.user, Method::GET, "/tickets", None).await;
    assert_eq!(said.trim(), format!("Created ticket: {}", page["data"][0]["number"].as_str().unwrap()));
    let comments = get(&desk.server, &desk.user, "/tickets/100001/comments").await;
    assert_eq!(each(&comments["data"], "content"), ["这是一条评论"]);
    // The one method that the sample defines and doesn't call.
    let more = "\nprint(client.get_ticket(ticket_id)['data']['title'])\n";
    assert!(desk.run(&python, "more.py", &(text + more)).await.trim_end().ends_with("测试工单"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_sample_runs() {
    let folder = spawn_blocking(typescript).await.unwrap();
    let desk = Desk::open().await;
    let mut text = desk.filled(sample("### 7.5", "typescript")).replace("YOUR_TOKEN", &desk.user);
    // What the sample keeps to itself is printed behind it.
    writeln!(text, "\nconsole.log(JSON.stringify({{ ticket, tickets }}));").unwrap();
    let source = desk.home.path("sample.ts");
    std::fs::write(&source, text).unwrap();
    let mut strip = Command::new("node");
    strip.arg(folder.join("strip.mjs")).arg(&source);
    let plain = finish(strip, Vec::new()).await.ok();
    let said = desk.run(Path::new("node"), "sample.mjs", &plain).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["ticket"]["success"], &said["ticket"]["data"]["ticket_id"]), (&json!(true), &json!(100_001)));
    assert_eq!(said["tickets"]["pagination"], json!({ "total": 0, "page": 1, "page_size": 20, "total_pages": 1 }));
    let comments = get(&desk.server, &desk.user, "/tickets/100001/comments").await;
    assert_eq!(each(&comments["data"], "content"), ["处理中"]);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Python that has `requests`: the machine's, or one in a virtual environment below target/.
fn python() -> PathBuf {
    let has = |python: &Path| {
        Command::new(python).args(["-c", "import requests"]).output().is_ok_and(|out| out.status.success())
    };
    let run = |program: &Path, words: &[&str]| {
        let out = Command::new(program).args(words).output().unwrap_or_else(|error| {
            panic!("the Python sample needs python3 (Debian: apt-get install -y python3 python3-venv): {error}")
        });
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    };
    let known = PathBuf::from(run(Path::new("python3"), &["-c", "import sys; print(sys.executable)"]));
    if has(&known) {
        return known;
    }
    let home = root().join("target/peers-python");
    let own = home.join("bin/python3");
    if !has(&own) {
        run(&known, &["-m", "venv", &home.display().to_string()]);
        run(&own, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "requests==2.34.2"]);
    }
    own
}

/// The TypeScript compiler below target/, which takes the types away as a bundler does.
fn typescript() -> PathBuf {
    let (from, to) = (root().join("tests/peers/v1"), root().join("target/peers-v1"));
    std::fs::create_dir_all(&to).unwrap();
    for name in ["package.json", "package-lock.json", "strip.mjs"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    if !to.join("node_modules/typescript/lib/typescript.js").is_file() {
        let words = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        let npm = Command::new("npm").args(words).current_dir(&to).output();
        let npm = npm.unwrap_or_else(|error| panic!("the TypeScript sample needs Node with npm: {error}"));
        assert!(npm.status.success(), "npm ci: {}", String::from_utf8_lossy(&npm.stderr));
    }
    to
}
