//! A throw-away PostgreSQL for tests, from the machine's own binaries: one cluster per test process, started on first
//! use.
//!
//! It answers for leaving nothing behind, however the process ends: a shell in a process group of its own owns the
//! server and reads a pipe whose other end only the test process holds. When that end closes (exit, panic, kill -9),
//! the shell stops the server and removes its directory. `TEST_POSTGRES_URL` names a server to use instead; databases
//! made on it stay.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a slow machine may take to make and start a cluster; two seconds are usual.
const PATIENCE: Duration = Duration::from_mins(3);

/// Owns the server: $1 its binaries, $2 its directory, $3 its port. Signals of the terminal are not for this shell.
/// A server that is asked to quit while it is still starting may not hear it, so it is asked more than once.
const OWNER: &str = r#"
trap '' INT TERM HUP
quit() { for try in 1 2 3 4 5 6 7 8 9; do kill -QUIT "$server" || return; sleep 0.2; done; kill -KILL "$server"; }
stop() { [ -z "$server" ] || { quit 2>/dev/null; wait "$server"; }; cd /; rm -rf "$2"; }
init() { "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale="$3" --no-sync --no-instructions; }
init "$1" "$2" C.UTF-8 || { rm -rf "$2/data"; init "$1" "$2" C; } || { stop "$@"; exit 1; }
"$1/postgres" -D "$2/data" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c max_connections=300 -c fsync=off -c full_page_writes=off -c dynamic_shared_memory_type=mmap \
    -c log_min_messages=warning </dev/null &
server=$!
cat >/dev/null
stop "$@"
"#;

struct Cluster {
    url: String,
    /// Never waited for: the pipe to it closes when this process ends, and that is its signal.
    _owner: Option<Child>,
}

/// The server's address with its administrative database, `postgres://postgres@127.0.0.1:PORT/postgres`.
///
/// Starts the cluster on first use, which blocks for a second or two. Panics, saying what is missing, where it cannot.
pub fn server_url() -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(cluster).url.clone()
}

/// A new, empty database; returns its address. Nobody else gets the same one.
pub async fn fresh_database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let server = tokio::task::spawn_blocking(server_url).await.unwrap_or_else(|error| panic!("{error}"));
    let mut admin =
        PgConnection::connect(&server).await.unwrap_or_else(|error| panic!("{server} does not answer: {error}"));
    loop {
        let name = format!("echodesk_test_{}_{}", NUMBER.fetch_add(1, Ordering::Relaxed), std::process::id());
        let made = sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0")));
        match made.execute(&mut admin).await {
            Ok(_) => {
                _ = admin.close().await;
                return with_database(&server, &name);
            }
            // A server that was named from outside may keep databases of an earlier process with our number.
            Err(error) if error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("42P04")) => {}
            Err(error) => panic!("no database could be made on {server}: {error}"),
        }
    }
}

/// The same server, another database: the path is what lies between the authority and the `?`.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(address, query)| (address, Some(query)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let authority = rest.split('/').next().unwrap_or(rest);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{authority}/{name}{query}")
}

#[expect(clippy::disallowed_methods, reason = "names a server for tests; the server itself never sees this code")]
fn cluster() -> Cluster {
    if let Some(url) = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty()) {
        return Cluster { url, _owner: None };
    }
    let binaries = binaries().unwrap_or_else(install);
    let mut last_words = String::new();
    // Between finding a free port and taking it, somebody else may take it.
    for _ in 0..5 {
        match start(&binaries) {
            Ok(cluster) => return cluster,
            Err(Failed::PortTaken) => {}
            Err(Failed::Because(why)) => {
                last_words = why;
                break;
            }
        }
    }
    panic!("PostgreSQL from {} did not start.\n{last_words}", binaries.display());
}

enum Failed {
    PortTaken,
    Because(String),
}

fn start(binaries: &Path) -> Result<Cluster, Failed> {
    let because = |what: &'static str| move |error: std::io::Error| Failed::Because(format!("{what}: {error}"));
    let account = Account::of_this_process();
    let directory = account.directory()?;
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|socket| socket.local_addr())
        .map_err(because("no free port"))?
        .port();
    let mut log = File::options()
        .create_new(true)
        .read(true)
        .append(true)
        .open(directory.join("log"))
        .map_err(because("no log file"))?;
    let mut owner = account.command("sh");
    owner.args(["-c", OWNER, "echodesk-test-postgres"]).arg(binaries).arg(&directory).arg(port.to_string());
    owner.current_dir(&directory).env("LC_ALL", "C").stdin(Stdio::piped());
    let outputs = log.try_clone().and_then(|out| Ok((out, log.try_clone()?))).map_err(because("the log"))?;
    let mut owner = owner.stdout(outputs.0).stderr(outputs.1).process_group(0).spawn().map_err(because("sh"))?;

    let pid_file = directory.join("data/postmaster.pid");
    let begun = Instant::now();
    let failure = loop {
        let status = fs::read_to_string(&pid_file).unwrap_or_default();
        if status.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
            let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
            return Ok(Cluster { url, _owner: Some(owner) });
        }
        let said = read(&mut log);
        if said.contains("FATAL:") || matches!(owner.try_wait(), Ok(Some(_)) | Err(_)) {
            break said;
        }
        if begun.elapsed() > PATIENCE {
            break format!("It was not ready after {} seconds.\n{said}", PATIENCE.as_secs());
        }
        pause();
    };
    drop(owner.stdin.take());
    _ = owner.wait();
    _ = fs::remove_dir_all(&directory);
    Err(if failure.contains("Address already in use") { Failed::PortTaken } else { Failed::Because(failure) })
}

#[expect(clippy::disallowed_methods, reason = "the first caller blocks until the server is there in any case")]
fn pause() {
    std::thread::sleep(Duration::from_millis(15));
}

fn read(log: &mut File) -> String {
    let mut said = Vec::new();
    _ = log.seek(SeekFrom::Start(0)).and_then(|_| log.read_to_end(&mut said));
    String::from_utf8_lossy(&said).into_owned()
}

/// Whom the server runs as: PostgreSQL refuses root, so root lends it another account.
struct Account {
    /// Users and groups by number; `None` keeps this process's own.
    lent: Option<(u32, u32)>,
}

impl Account {
    fn of_this_process() -> Self {
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let number = |name: &str| {
            let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2).map(str::parse);
            Some((fields.next()?.ok()?, fields.next()?.ok()?))
        };
        Self { lent: root.then(|| number("postgres").or_else(|| number("nobody")).unwrap_or((65_534, 65_534))) }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.lent {
            // With a user, the standard library also drops root's other groups.
            command.uid(user).gid(group);
        }
        command
    }

    /// A new directory that belongs to the account, where the account can get to: root's own TMPDIR may be closed to
    /// it.
    fn directory(&self) -> Result<PathBuf, Failed> {
        let mut tried = Vec::new();
        for parent in
            [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp"), PathBuf::from("/dev/shm")]
        {
            let made = tempfile::Builder::new().prefix("echodesk-pg-").tempdir_in(&parent);
            match made.and_then(|made| self.give(made)) {
                Ok(directory) => return Ok(directory),
                Err(error) => tried.push(format!("{}: {error}", parent.display())),
            }
        }
        Err(Failed::Because(format!("No directory for the cluster.\n{}", tried.join("\n"))))
    }

    fn give(&self, made: tempfile::TempDir) -> std::io::Result<PathBuf> {
        let Some((user, group)) = self.lent else { return Ok(made.keep()) };
        chown(made.path(), Some(user), Some(group))?;
        let entered = self.command("test").arg("-w").arg(made.path()).current_dir("/").status()?;
        if entered.success() {
            Ok(made.keep())
        } else {
            Err(std::io::Error::other("closed to the account of the server"))
        }
    }
}

/// The directory of `initdb` and `postgres`: what Debian installs, newest first, else what is on the PATH.
fn binaries() -> Option<PathBuf> {
    let complete = |directory: &PathBuf| directory.join("initdb").is_file() && directory.join("postgres").is_file();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, directory)| complete(directory))
        .collect();
    found.sort();
    found.pop().map(|(_, directory)| directory).or_else(|| on_the_path().find(complete))
}

/// Links are followed: the link may stand alone on the PATH while the programs stand together.
#[expect(clippy::disallowed_methods, reason = "looks for the test server's programs")]
fn on_the_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.into_iter().filter_map(|place| Some(place.join("initdb").canonicalize().ok()?.parent()?.to_owned()))
}

/// Debian's package where none is there, when this process may install one.
fn install() -> PathBuf {
    let missing = "The tests need PostgreSQL (initdb and postgres), and there is none on this machine.\n\
                   On Debian or Ubuntu: apt-get install -y --no-install-recommends postgresql\n\
                   Elsewhere put its programs on the PATH, or name a server: TEST_POSTGRES_URL=postgres://…";
    let account = Account::of_this_process();
    let apt = Path::new("/usr/bin/apt-get");
    assert!(account.lent.is_some() && apt.is_file(), "{missing}");
    // Several test processes may find it missing at the same time.
    let lock = File::create("/var/lib/apt/echodesk-test.lock").unwrap_or_else(|error| panic!("{error}"));
    lock.lock().unwrap_or_else(|error| panic!("{error}"));
    if let Some(found) = binaries() {
        return found;
    }
    for arguments in [&["update"][..], &["install", "-y", "--no-install-recommends", "postgresql"]] {
        eprintln!("PostgreSQL is missing: apt-get {}", arguments.join(" "));
        let mut command = Command::new(apt);
        command.args(["-q", "-o", "DPkg::Lock::Timeout=300"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        // What it prints belongs to people, not to the output of the tests.
        let done = command.stdin(Stdio::null()).stdout(std::io::stderr()).status();
        assert!(done.is_ok_and(|status| status.success()), "apt-get failed.\n{missing}");
    }
    binaries().unwrap_or_else(|| panic!("{missing}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_all_but_the_database() {
        for (server, address) in [
            ("postgres://postgres@127.0.0.1:5432/postgres", "postgres://postgres@127.0.0.1:5432/db"),
            ("postgres://u:p@h", "postgres://u:p@h/db"),
            ("postgres://u@h/x?sslmode=disable", "postgres://u@h/db?sslmode=disable"),
        ] {
            assert_eq!(with_database(server, "db"), address);
        }
    }

    #[tokio::test]
    async fn databases_are_fresh_and_hold_any_text() {
        let (one, two) = tokio::join!(fresh_database(), fresh_database());
        assert_ne!(one, two);
        let mut connection = PgConnection::connect(&one).await.unwrap();
        let text: String = sqlx::query_scalar("SELECT '工单'::text").fetch_one(&mut connection).await.unwrap();
        assert_eq!(text, "工单");
    }
}
