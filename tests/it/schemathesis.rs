//! Other people's tools read our documents and hold the running server to them: schemathesis asks whatever the OpenAPI
//! document allows and much that it doesn't, newman runs the Postman collection.

use crate::api::HOOK_SECRET;
use crate::app::TestApp;
use crate::binary::{Done, finish};
use crate::peers;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// What it is pinned to; its checks grow with its versions.
const PACKAGE: &str = "schemathesis==4.32.5";
const MISSING: &str = "The test by schemathesis needs Python 3.10 or later with venv and pip, and PyPI.\n\
    On Debian or Ubuntu: apt-get install -y --no-install-recommends python3 python3-venv (`.ci/run` does it)";

/// Operations that refuse what their schema allows, because no schema can say the rule: how two days stand to each other, what
/// is deep inside metadata and how much of it, that somebody is an agent, where an address leads, what a header may be named,
/// which log a cursor is of, what a password is, when a day ends, that a name or an address stands for somebody or for a mailbox,
/// and that one of two is there.
const BEYOND_SCHEMAS: &[(&str, u16)] = &[
    ("GET /v1/tickets/stats", 400),
    ("GET /api/admin/audit-logs", 400),
    ("GET /api/admin/users", 400),
    ("POST /api/admin/users", 422),
    ("PUT /api/admin/users/{id}", 422),
    // A value that is not of the type that its sender says.
    ("POST /api/admin/configs", 400),
    ("POST /api/admin/configs", 422),
    ("PUT /api/admin/configs/{key}", 422),
    ("PUT /api/admin/configs/batch", 400),
    ("PUT /api/admin/configs/batch", 422),
    // What is in the file.
    ("POST /api/admin/configs/import", 400),
    ("POST /api/admin/configs/import", 422),
    ("PUT /api/admin/system/cleanup/config", 422),
    ("POST /api/admin/notifications", 422),
    ("GET /api/categories", 400),
    ("POST /api/categories", 422),
    ("PUT /api/categories/{id}", 422),
    ("GET /v1/tickets/sla-report", 400),
    ("POST /v1/tickets", 422),
    ("POST /v1/tickets/{id}/assign", 422),
    ("POST /v1/webhooks", 422),
    ("PATCH /v1/webhooks/{id}", 422),
    // What a file is, its content says.
    ("POST /api/upload", 422),
    // A request that asks for no WebSocket; schemathesis knows none.
    ("GET /api/ws", 400),
    ("POST /v1/webhooks/{id}/replay", 422),
    ("GET /api/user/login-history", 400),
    ("POST /api/auth/register", 422),
    ("POST /api/auth/login", 422),
    ("POST /api/auth/enable-otp", 422),
    ("POST /api/auth/disable-otp", 422),
    ("POST /api/auth/change-password", 422),
    ("POST /api/auth/reset-password", 422),
    ("PUT /api/user/profile", 422),
    ("PUT /api/admin/email-config", 422),
    ("POST /api/admin/email-config/test", 422),
    ("PUT /api/user/notification-preferences", 422),
    ("POST /api/tickets", 422),
    // It goes on from a notification that is about no ticket, to a ticket called `None`.
    ("GET /api/tickets/{id}", 400),
    ("PUT /api/tickets/{id}", 400),
    ("DELETE /api/tickets/{id}", 400),
    ("GET /api/tickets/{id}/attachments", 400),
    ("GET /api/tickets/{id}/comments", 400),
    ("POST /api/tickets/{id}/comments", 400),
    ("GET /api/tickets/{id}/history", 400),
    ("POST /api/tickets/{id}/restore", 400),
    ("POST /api/tickets/{id}/status", 400),
    ("POST /api/tickets/{id}/assign", 400),
    ("POST /api/tickets/{id}/transfer", 400),
    ("POST /api/tickets/{id}/escalate", 400),
    // Attachments are uploads of the caller's that nothing else holds.
    ("POST /api/tickets/{id}/comments", 422),
    ("PUT /api/tickets/{id}/comments/{comment_id}", 422),
    ("PUT /api/tickets/{id}", 422),
    ("POST /api/tickets/{id}/assign", 422),
    ("POST /api/tickets/{id}/transfer", 422),
    ("POST /api/admin/automation/sla", 422),
    ("PUT /api/admin/automation/sla/{id}", 422),
    ("POST /api/tickets/{id}/escalate", 422),
    ("POST /api/tickets/bulk-update", 422),
    ("POST /api/admin/automation/batch/update", 422),
    ("POST /api/admin/automation/quick-replies", 422),
    ("PUT /api/admin/automation/quick-replies/{id}", 422),
    ("POST /api/admin/automation/templates", 422),
    ("PUT /api/admin/automation/templates/{id}", 422),
    // A rule names people and fields, and operators that fit them.
    ("POST /api/admin/automation/rules", 400),
    ("PUT /api/admin/automation/rules/{id}", 400),
];

const PATIENCE: Duration = Duration::from_mins(8);

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_nothing() {
    let tool = spawn_blocking(install).await.unwrap();
    // It names mail servers that don't exist, and asks for test mails.
    let app = TestApp::with(&[("email.smtp_timeout_seconds", "1")]).await;
    let settings = tool.parent().unwrap().join("settings.toml");
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/schemathesis/hooks.py");
    std::fs::write(&settings, settings_for(&hooks, &app.admin.token)).unwrap();
    let mut command = Command::new(&tool);
    command.current_dir(tool.parent().unwrap()).arg("--config-file").arg(&settings);
    command.args(["run", &app.at("/openapi.json"), "--checks=all", "--phases=examples,coverage,fuzzing,stateful"]);
    command.args(["--max-examples=20", "--generation-deterministic"]);
    // One worker: CPython 3.11 fails now and then when two threads compile at the same time ("AST constructor recursion depth").
    command.args(["--workers=1", "--no-color", "--request-timeout=20", "--suppress-health-check=all"]);
    let done = tokio::time::timeout(PATIENCE, finish(command, Vec::new())).await;
    let Done { code, out, err } = done.expect("schemathesis is still at it; give it fewer examples");
    assert_eq!(code, 0, "schemathesis has findings:\n{out}\n{err}");
    assert!(out.contains("passed") || out.contains("No issues found"), "{out}");
    // It has registered webhooks.
    app.leave().await;
}

/// Callers are administrators; the hook has a secret of its own, and some operations know more than their schemas.
fn settings_for(hooks: &Path, token: &str) -> String {
    let hooks = hooks.display();
    // What is usual, and 413: a body that is too large is refused whatever is wrong inside.
    let refused = "\"4xx\", \"5xx\"";
    let mut settings = format!(
        "hooks = \"{hooks}\"\n\
         headers = {{ Authorization = \"Bearer {token}\" }}\n\
         checks.negative_data_rejection.expected-statuses = [{refused}]\n\
         [[operations]]\ninclude-path = \"/hooks/email\"\nheaders = {{ X-Hook-Secret = \"{HOOK_SECRET}\" }}\n"
    );
    let names: BTreeSet<&str> = BEYOND_SCHEMAS.iter().map(|(name, _)| *name).collect();
    for name in names {
        let own = BEYOND_SCHEMAS.iter().filter(|(known, _)| *known == name).map(|(_, status)| format!("\"{status}\""));
        let own = own.collect::<Vec<_>>().join(", ");
        let usual = r#""2xx", "3xx", "401", "403", "404", "409", "429""#;
        write!(
            settings,
            "[[operations]]\ninclude-name = \"{name}\"\n\
             checks.positive_data_acceptance.expected-statuses = [{usual}, {own}]\n"
        )
        .unwrap();
    }
    settings
}

/// A virtual environment below target/, made once for each version.
fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemathesis");
    let (tool, mark) = (folder.join("bin/schemathesis"), folder.join("installed"));
    if tool.is_file() && std::fs::read_to_string(&mark).is_ok_and(|installed| installed == PACKAGE) {
        return tool;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", PACKAGE]));
    std::fs::write(&mark, PACKAGE).unwrap();
    tool
}

fn run(command: &mut Command) {
    let done = command.output();
    let said = done.as_ref().map(|done| String::from_utf8_lossy(&done.stderr).into_owned()).unwrap_or_default();
    assert!(done.is_ok_and(|done| done.status.success()), "{command:?} failed: {said}\n{MISSING}");
}

#[tokio::test(flavor = "multi_thread")]
async fn newman_runs_the_postman_collection() {
    let folder = spawn_blocking(|| peers::install("newman", "newman")).await.unwrap();
    let app = TestApp::start().await;
    let variable = |key: &str, value: &str| ["--env-var".to_owned(), format!("{key}={value}")];
    let mut command = Command::new("node");
    command.arg(folder.join("node_modules/newman/bin/newman.js")).arg("run");
    command.arg(app.at("/docs/postman/ticket-api.json"));
    command.args(variable("base_url", &app.url)).args(variable("token", &app.admin.token));
    command.args(variable("hook_secret", HOOK_SECRET));
    command.args(["--timeout-request", "20000", "--timeout", "120000", "--disable-unicode", "--color", "off"]);
    command.args(["--reporters", "cli,json", "--reporter-json-export"]).arg(folder.join("report.json"));
    command.current_dir(&folder);
    let Done { code, out, err } = finish(command, Vec::new()).await;
    assert_eq!(code, 0, "newman has findings:\n{out}\n{err}");
    let report: Value = serde_json::from_slice(&std::fs::read(folder.join("report.json")).unwrap()).unwrap();
    let stats = &report["run"]["stats"];
    assert_eq!((&stats["requests"]["failed"], &stats["assertions"]["failed"]), (&json!(0), &json!(0)));
    assert!(stats["requests"]["total"].as_u64().unwrap() > 10, "{stats}");
}
