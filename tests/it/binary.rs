//! The built program as people run it: commands with their output, and a server that is killed, stopped and started
//! again on the same store.

use crate::api::{Api, HOOK_SECRET};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// How long a server may take to begin or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store: a data directory, a database, and the settings that all programs on it get.
pub struct Home {
    folder: TempDir,
    pub database_url: String,
    pub settings: Vec<(String, String)>,
}

/// The program that `TESTED_PROGRAM` named when the tests were built, such as the release that `.ci/run` makes; else the one
/// that was built with them.
const PROGRAM: &str = match option_env!("TESTED_PROGRAM") {
    Some(named) => named,
    None => env!("CARGO_BIN_EXE_echodesk"),
};

/// What a command said.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    /// What a command that has to succeed printed, without the last line break.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out.trim_end().to_owned()
    }
}

impl Home {
    pub async fn new(postgres: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = if postgres {
            store::testing::postgres::fresh_database().await
        } else {
            format!("sqlite://{}", folder.path().join("data/echodesk.db").display())
        };
        Self { folder, database_url, settings: Vec::new() }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// A place for a test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// The program with this store's settings, and nothing of the environment of whoever runs the tests.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8");
        command.env("ECHODESK_DATA_DIR", self.data_dir()).env("ECHODESK_DATABASE_URL", &self.database_url);
        command.env("ECHODESK_LISTEN", "127.0.0.1:0").env("ECHODESK_EMAIL__DOMAIN", "desk.example");
        command
            .env("ECHODESK_EMAIL__ADDRESSES", "support@desk.example")
            .env("ECHODESK_EMAIL__HOOK_SECRET", HOOK_SECRET);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, words: &[&str], input: &[u8]) -> Done {
        finish(self.command(words), input.to_vec()).await
    }

    /// Starts the server and waits until it listens.
    pub async fn serve(&self) -> Binary {
        let log = self.path("server.log");
        Binary::start(self.command(&["serve"]), &log).await
    }

    /// A token for whoever has this address, made by the command.
    pub async fn token(&self, who: &str) -> String {
        self.run(&["token", who], b"").await.ok()
    }

    /// Makes an account by the command and answers a token for it.
    pub async fn person(&self, email: &str, role: &str) -> String {
        self.run(&["user", "create", "--email", email, "--role", role], b"").await.ok();
        self.token(email).await
    }
}

/// Runs a command to its end.
pub async fn finish(mut command: Command, input: Vec<u8>) -> Done {
    let run = move || {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read its input is none the worse for it.
        let fed = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let out = child.wait_with_output().unwrap();
        fed.join().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Done { code: out.status.code().unwrap_or(-1), out: text(&out.stdout), err: text(&out.stderr) }
    };
    spawn_blocking(run).await.unwrap()
}

/// A running server of its own process; it is killed when it is dropped.
pub struct Binary {
    api: Api,
    child: Option<Child>,
    /// What it said on standard output before it listened.
    pub said: Vec<String>,
}

impl Binary {
    async fn start(mut command: Command, log: &Path) -> Self {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let (lines, said) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
        let listened = spawn_blocking(move || {
            let mut before = Vec::new();
            while let Ok(line) = said.recv_timeout(PATIENCE) {
                if let Some(url) = line.strip_prefix("listening on ") {
                    return Ok((url.to_owned(), before));
                }
                before.push(line);
            }
            Err(before)
        });
        match listened.await.unwrap() {
            Ok((url, said)) => Self { api: Api::new(url), child: Some(child), said },
            Err(before) => {
                child.kill().unwrap();
                let mut log_text = String::new();
                std::fs::File::open(log).unwrap().read_to_string(&mut log_text).unwrap();
                panic!("the server did not listen: {before:?}\n{log_text}");
            }
        }
    }

    pub fn api(&self) -> &Api {
        &self.api
    }

    /// kill -9
    pub async fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    }

    /// Sends SIGTERM; [`Binary::ended`] waits for the end.
    pub async fn terminate(&self) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &pid]);
        assert_eq!(finish(kill, Vec::new()).await.code, 0);
    }

    /// How it ended by itself.
    pub async fn ended(mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let waiting = spawn_blocking(move || child.wait().unwrap());
        tokio::time::timeout(PATIENCE, waiting).await.expect("the server does not end").unwrap()
    }
}

impl Deref for Binary {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}
