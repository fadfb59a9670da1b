//! Our mail against other people's programs: aiosmtpd takes it, Python's own parser reads it, dkimpy verifies its signature.

use crate::app::TestApp;
use crate::helpdesk;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tokio::task::spawn_blocking;

const PACKAGES: [&str; 3] = ["aiosmtpd==1.4.6", "dkimpy==1.1.8", "pynacl==1.5.0"];
const MISSING: &str = "The test by aiosmtpd and dkimpy needs Python 3.10 or later with venv and pip, PyPI, and openssl.\n\
    On Debian or Ubuntu: apt-get install -y --no-install-recommends python3 python3-venv openssl (`.ci/run` does it)";

/// The program, and what it prints.
struct Peer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: String,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_programs_take_read_and_verify_our_mail() {
    let python = spawn_blocking(install).await.unwrap();
    for kind in ["ed25519", "rsa"] {
        let folder = tempfile::tempdir().unwrap();
        let (program, place) = (python.clone(), folder.path().to_owned());
        let mut peer = spawn_blocking(move || start(&program, &place, kind)).await.unwrap();
        let key = folder.path().join("key.pem").display().to_string();
        let settings = [
            ("email.smtp_host", "127.0.0.1"),
            ("email.smtp_port", peer.port.as_str()),
            ("email.smtp_tls", "none"),
            ("email.smtp_from", "noreply@desk.example"),
            ("email.smtp_from_name", "工单系统，一个名字"),
            ("email.dkim_domain", "desk.example"),
            ("email.dkim_selector", "desk"),
            ("email.dkim_key_file", key.as_str()),
        ];
        let app = TestApp::with(&settings).await;
        let to = json!({ "test_email": "test@example.com" });
        let told = helpdesk::send(&app, &app.admin.token, Method::POST, "/admin/email-config/test", to).await;
        assert_eq!(told["status"], "success", "{told}");
        let heard = spawn_blocking(move || peer.lines.next().unwrap().unwrap()).await.unwrap();
        let heard: Value = serde_json::from_str(&heard).unwrap();
        assert_eq!(
            (&heard["signed"], &heard["forged"], &heard["cut"]),
            (&json!(true), &json!(false), &json!(false)),
            "{heard:#}"
        );
        assert_eq!((&heard["from"], &heard["to"]), (&json!("noreply@desk.example"), &json!(["test@example.com"])));
        assert_eq!((&heard["subject"], &heard["defects"]), (&json!("测试邮件"), &json!([])));
        assert_eq!(heard["parts"], json!(["multipart/alternative", "text/plain", "text/html"]));
        assert!(heard["text"].as_str().unwrap().contains("说明邮件发送设置正确"));
    }
}

fn start(python: &Path, folder: &Path, kind: &str) -> Peer {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/mail/receive.py");
    let mut command = Command::new(python);
    command.arg(script).arg(folder).arg(kind).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}\n{MISSING}"));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap_or_else(|| panic!("it did not begin\n{MISSING}")).unwrap();
    Peer { child, lines, port }
}

/// A virtual environment below target/, made once for each set of versions.
fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mail-peers");
    let (python, mark) = (folder.join("bin/python"), folder.join("installed"));
    let wanted = PACKAGES.join(" ");
    if python.is_file() && std::fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
        return python;
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
    run(Command::new(folder.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check"])
        .args(PACKAGES));
    std::fs::write(&mark, wanted).unwrap();
    python
}

fn run(command: &mut Command) {
    let done = command.output();
    let said = done.as_ref().map(|done| String::from_utf8_lossy(&done.stderr).into_owned()).unwrap_or_default();
    assert!(done.is_ok_and(|done| done.status.success()), "{command:?} failed: {said}\n{MISSING}");
}
