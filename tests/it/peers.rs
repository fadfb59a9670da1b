//! Clients of other people against our server: graphql-http's audits, graphql-ws, graphql-sse, `ws`, all under Node.

use crate::app::{PASSWORD, TestApp};
use model::people::Role;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::task::spawn_blocking;

const MISSING: &str = "The tests against other people's clients need Node 18 or later with npm.\n\
    On Debian or Ubuntu: apt-get install -y --no-install-recommends nodejs npm (`.ci/run` does it)";

const SUBSCRIPTION: &str = "subscription { events { cursor } }";

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_other_people_get_on_with_us() {
    let folder = spawn_blocking(|| install("graphql", "graphql-ws")).await.unwrap();
    let settings = [("graphql.connection_init_timeout_seconds", "2"), ("graphql.max_subscriptions_per_socket", "5")];
    let app = TestApp::with(&settings).await;
    let url = app.at("/graphql");
    let trigger = r#"mutation { openTicket(input: { title: "t", description: "d" }) { ticket { id } } }"#;
    let environment = [("TRIGGER", trigger), ("SUBSCRIPTION", SUBSCRIPTION), ("CAP", "5"), ("INIT_WAIT_MS", "10000")];
    node(&folder, "all.mjs", &[&url, &app.agent.token], &environment).await;
    // What ends a session needs one; each script ends its own.
    app.with_password("petra", Role::Agent).await;
    for script in ["ws.mjs", "sse.mjs"] {
        let sign_in = json!({ "login": "petra", "password": PASSWORD });
        let session = app.done("", "signIn", "accessToken", sign_in).await;
        let token = session["accessToken"].as_str().unwrap();
        let revoke = "mutation { signOut { signedOut } }";
        let only = [("REVOKE", revoke), ("ONLY", "a session that ends"), ("SUBSCRIPTION", SUBSCRIPTION)];
        node(&folder, script, &[&url, token], &only).await;
    }
}

/// Runs a script, which has to be content.
pub async fn node(folder: &Path, script: &str, words: &[&str], environment: &[(&str, &str)]) {
    let mut command = Command::new("node");
    command.arg(folder.join(script)).args(words).envs(environment.iter().copied());
    let done = crate::binary::finish(command, Vec::new()).await;
    println!("{}", done.out);
    assert_eq!(done.code, 0, "{script}: {}\n{}", done.out, done.err);
}

/// Copies a folder of tests/peers to target/ and installs there what it needs, unless it is there already; `proof` is one of
/// its packages.
pub fn install(name: &str, proof: &str) -> PathBuf {
    for program in ["node", "npm"] {
        let there = Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
        assert!(there, "`{program}` is missing. {MISSING}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (from, to) = (root.join("tests/peers").join(name), root.join("target/peers").join(name));
    std::fs::create_dir_all(&to).unwrap();
    let wanted = std::fs::read(from.join("package.json")).unwrap();
    let installed = std::fs::read(to.join("installed.json")).unwrap_or_default();
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
    if installed != wanted || !to.join("node_modules").join(proof).is_dir() {
        let locked = to.join("package-lock.json").is_file() && from.join("package-lock.json").is_file();
        let how = if locked { "ci" } else { "install" };
        let npm = Command::new("npm")
            .args([how, "--no-audit", "--no-fund", "--ignore-scripts"])
            .current_dir(&to)
            .output()
            .unwrap();
        assert!(npm.status.success(), "npm {how} failed: {}\n{MISSING}", String::from_utf8_lossy(&npm.stderr));
        std::fs::write(to.join("installed.json"), &wanted).unwrap();
    }
    to
}
