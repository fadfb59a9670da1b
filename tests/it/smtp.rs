//! A real mail server on loopback, as small as it can be: it speaks SMTP, with STARTTLS, TLS and AUTH, remembers what it was
//! handed, and fails as it is told.

use crate::api::soon;
use mail_parser::{Message, MessageParser};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A mail that was handed over, whatever was answered then.
#[derive(Debug, Clone)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub raw: Vec<u8>,
    pub encrypted: bool,
    /// Who had signed in, and by what.
    pub login: Option<String>,
}

impl Letter {
    pub fn read(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).unwrap()
    }

    pub fn subject(&self) -> String {
        self.read().subject().unwrap().to_owned()
    }

    pub fn text(&self) -> String {
        self.read().body_text(0).unwrap().replace("\r\n", "\n")
    }
}

/// How the next mail ends.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// This code at RCPT.
    Recipient(u16),
    /// This code after the message.
    Message(u16),
    /// It takes the message and says nothing, ever.
    Silence,
    /// It takes the message and hangs up.
    HangUp,
    /// It says nothing from MAIL on.
    Deaf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    None,
    StartTls,
    Tls,
}

struct Shared {
    letters: watch::Sender<Vec<Letter>>,
    faults: Mutex<VecDeque<Fault>>,
    /// Mails that were begun, and not handed over yet.
    begun: watch::Sender<usize>,
    /// What signs in, as `name:password`; anything else is refused.
    login: Option<&'static str>,
    tls: Option<TlsAcceptor>,
    protection: Protection,
}

pub struct MailServer {
    pub port: u16,
    /// Its certificate, which nobody has signed but itself.
    pub ca_file: PathBuf,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}
type Line = BufReader<Pin<Box<dyn Stream>>>;

impl MailServer {
    pub async fn start() -> Self {
        Self::with(Protection::None, None).await
    }

    pub async fn with(protection: Protection, login: Option<&'static str>) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        std::fs::write(&ca_file, made.cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth();
        let config = config.with_single_cert(vec![CertificateDer::from(made.cert)], key).unwrap();
        let tls = (protection != Protection::None).then(|| TlsAcceptor::from(Arc::new(config)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            letters: watch::Sender::new(Vec::new()),
            faults: Mutex::default(),
            begun: watch::Sender::new(0),
            login,
            tls,
            protection,
        });
        let answers = shared.clone();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = answers.clone();
                // Whoever hangs up in the middle is no fault of the server's.
                tokio::spawn(async move { converse(Box::pin(stream), shared).await.ok() });
            }
        });
        Self { port, ca_file, shared, serving, _folder: folder }
    }

    /// How the next mails end, in order; then they are taken again.
    pub fn fails(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().unwrap().extend(faults);
    }

    /// Waits until so many mails were handed over, and answers all that were.
    pub async fn letters(&self, count: usize) -> Vec<Letter> {
        let mut letters = self.shared.letters.subscribe();
        let enough = letters.wait_for(|all| all.len() >= count);
        soon(enough).await.unwrap().clone()
    }

    pub fn so_far(&self) -> Vec<Letter> {
        self.shared.letters.borrow().clone()
    }

    /// Waits until so many mails were begun.
    pub async fn begun(&self, count: usize) {
        let mut begun = self.shared.begun.subscribe();
        let enough = begun.wait_for(|all| *all >= count);
        soon(enough).await.unwrap();
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn say(line: &mut Line, text: &str) -> std::io::Result<()> {
    line.get_mut().write_all(format!("{text}\r\n").as_bytes()).await?;
    line.get_mut().flush().await
}

async fn hear(line: &mut Line) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    if line.read_line(&mut text).await? == 0 {
        return Ok(None);
    }
    Ok(Some(text.trim_end().to_owned()))
}

async fn protected(stream: Pin<Box<dyn Stream>>, shared: &Shared) -> std::io::Result<Line> {
    let tls = shared.tls.clone().unwrap().accept(stream).await?;
    Ok(BufReader::new(Box::pin(tls)))
}

fn angled(command: &str) -> String {
    let (_, rest) = command.split_once('<').unwrap_or_default();
    rest.split_once('>').unwrap_or_default().0.to_owned()
}

async fn converse(stream: Pin<Box<dyn Stream>>, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut encrypted = shared.protection == Protection::Tls;
    let mut line = if encrypted { protected(stream, &shared).await? } else { BufReader::new(stream) };
    say(&mut line, "220 mail.test ESMTP").await?;
    let (mut from, mut to, mut login, mut fault) = (String::new(), String::new(), None, None);
    while let Some(said) = hear(&mut line).await? {
        let verb = said.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let offered = shared.protection == Protection::StartTls && !encrypted;
                let mut lines = vec!["mail.test", "8BITMIME"];
                lines.extend(offered.then_some("STARTTLS"));
                lines.extend(shared.login.filter(|_| !offered).map(|_| "AUTH PLAIN LOGIN"));
                for (n, text) in lines.iter().enumerate() {
                    let mark = if n + 1 == lines.len() { ' ' } else { '-' };
                    say(&mut line, &format!("250{mark}{text}")).await?;
                }
            }
            "STARTTLS" => {
                say(&mut line, "220 go on").await?;
                line = protected(line.into_inner(), &shared).await?;
                encrypted = true;
            }
            "AUTH" => {
                let given = said.rsplit(' ').next().unwrap_or_default();
                let plain = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, given).unwrap();
                let words: Vec<&str> = std::str::from_utf8(&plain).unwrap().split('\0').collect();
                let name = format!("{}:{}", words[1], words[2]);
                if shared.login == Some(name.as_str()) {
                    login = Some(name);
                    say(&mut line, "235 welcome").await?;
                } else {
                    say(&mut line, "535 5.7.8 wrong name or password").await?;
                }
            }
            "MAIL" if shared.login.is_some() && login.is_none() => say(&mut line, "530 sign in first").await?,
            "MAIL" => {
                fault = shared.faults.lock().unwrap().pop_front();
                shared.begun.send_modify(|n| *n += 1);
                if matches!(fault, Some(Fault::Deaf)) {
                    return std::future::pending().await;
                }
                from = angled(&said);
                say(&mut line, "250 ok").await?;
            }
            "RCPT" => {
                to = angled(&said);
                match fault {
                    Some(Fault::Recipient(code)) => say(&mut line, &format!("{code} not this one")).await?,
                    _ => say(&mut line, "250 ok").await?,
                }
            }
            "DATA" => {
                say(&mut line, "354 go on").await?;
                let mut raw = Vec::new();
                loop {
                    let mut some = Vec::new();
                    if line.read_until(b'\n', &mut some).await? == 0 {
                        return Ok(());
                    }
                    if some == b".\r\n" {
                        break;
                    }
                    let stuffed = some.starts_with(b"..");
                    raw.extend_from_slice(&some[usize::from(stuffed)..]);
                }
                let (from, to, login) = (from.clone(), to.clone(), login.clone());
                shared.letters.send_modify(|all| all.push(Letter { from, to, raw, encrypted, login }));
                match fault {
                    Some(Fault::Message(code)) => say(&mut line, &format!("{code} not now")).await?,
                    Some(Fault::Silence) => return std::future::pending().await,
                    Some(Fault::HangUp) => return Ok(()),
                    _ => say(&mut line, "250 2.0.0 queued as 4711").await?,
                }
            }
            "QUIT" => return say(&mut line, "221 bye").await,
            _ => say(&mut line, "502 what?").await?,
        }
    }
    Ok(())
}
