//! `echodesk restore`: a backup into an empty store, on whichever database that lies.
//!
//! Everything is verified before the database is touched: a damaged backup leaves the store as empty as it was, and files
//! that were copied already are harmless, because they are named by their content.

use super::archive::{DATABASE, FORMAT, MANIFEST, Manifest, copy_digested, file_digest};
use super::failure::Failure;
use super::{open, reindex, terminal};
use crate::config::Config;
use crate::server::lock;
use clap::Args;
use engine::Engine;
use flate2::read::GzDecoder;
use model::id::Seq;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// A manifest is small; more is no manifest.
const LARGEST_MANIFEST: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub struct Restore {
    /// The backup to read
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What the archive held, verified.
struct Unpacked {
    manifest: Manifest,
    /// The database's lines, from the first.
    database: File,
    files: u64,
}

impl Restore {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let file = File::open(&self.file)
            .map_err(|error| Failure::doing(format_args!("{} cannot be read", self.file.display()), error))?;
        let engine = open(config).await?;
        let _held = lock(config)?;
        let restored = self.restore(&engine, config, file).await;
        engine.close().await;
        let (manifest, tickets) = restored?;
        let rows = terminal::count(manifest.rows, "row", "rows");
        let files = terminal::count(manifest.files, "file", "files");
        let tickets = terminal::count(tickets, "ticket", "tickets");
        terminal::say(format_args!("Restored {rows} and {files} of {}; indexed {tickets}.", manifest.created_at))
    }

    async fn restore(&self, engine: &Engine, config: &Config, file: File) -> Result<(Manifest, u64), Failure> {
        if engine.cursor().seq != Seq(0) {
            return Err(Failure::new(format!(
                "The store at {} is not empty: a backup is restored into an empty one. Name another data_dir or \
                 database_url.",
                config.database_url
            )));
        }
        let Unpacked { manifest, database, files } = unpack(engine, file, &config.data_dir).await?;
        if files != manifest.files {
            return Err(damaged(format_args!("it has {files} of {} files", manifest.files)));
        }
        let bar = terminal::progress("Rows", manifest.lines);
        let counted = bar.clone();
        let lines = BufReader::new(database).lines().inspect(move |_| counted.inc(1));
        engine.restore(lines).await?;
        bar.finish_and_clear();
        let tickets = reindex::reindex(engine).await?;
        Ok((manifest, tickets))
    }
}

fn damaged(why: impl std::fmt::Display) -> Failure {
    Failure::doing("The backup is damaged", why)
}

/// Reads the archive to its end: the files go to the store, the database's lines to a temporary file.
async fn unpack(engine: &Engine, file: File, folder: &Path) -> Result<Unpacked, Failure> {
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut entries = archive.entries().map_err(damaged)?;
    let manifest = entries.next().ok_or_else(|| damaged("it is empty"))?.map_err(damaged)?;
    let manifest = read_manifest(manifest)?;
    let mut database = None;
    let mut files = 0;
    let bar = terminal::progress("Files", manifest.files);
    for entry in entries {
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if name == DATABASE {
            database = Some(spool(&mut entry, folder, &manifest)?);
        } else if let Some(sha256) = file_digest(&name) {
            keep(engine, &mut entry, sha256, folder).await?;
            files += 1;
            bar.inc(1);
        } else {
            return Err(damaged(format_args!("`{name}` does not belong into it")));
        }
    }
    bar.finish_and_clear();
    let database = database.ok_or_else(|| damaged(format_args!("it has no {DATABASE}")))?;
    Ok(Unpacked { manifest, database, files })
}

fn read_manifest<R: Read>(entry: tar::Entry<'_, R>) -> Result<Manifest, Failure> {
    if *entry.path_bytes() != *MANIFEST.as_bytes() {
        return Err(damaged(format_args!("it does not begin with {MANIFEST}")));
    }
    let mut text = String::new();
    entry.take(LARGEST_MANIFEST).read_to_string(&mut text).map_err(damaged)?;
    let form: serde_json::Value = serde_json::from_str(&text).map_err(damaged)?;
    let format = form.get("format").and_then(serde_json::Value::as_u64);
    if format != Some(u64::from(FORMAT)) {
        let format = format.map_or_else(|| "unknown".to_owned(), |format| format.to_string());
        return Err(Failure::new(format!(
            "The backup has the format {format}; this version reads the format {FORMAT}. Use the version that wrote it."
        )));
    }
    serde_json::from_value(form).map_err(damaged)
}

fn spool(entry: &mut impl Read, folder: &Path, manifest: &Manifest) -> Result<File, Failure> {
    let cannot = |error| Failure::doing("The backup cannot be unpacked", error);
    let mut spool = BufWriter::new(tempfile::tempfile_in(folder).map_err(cannot)?);
    let (digest, _) = copy_digested(entry, &mut spool).map_err(cannot)?;
    spool.flush().map_err(cannot)?;
    if digest != manifest.database_sha256 {
        return Err(damaged(format_args!("the digest of {DATABASE} is another")));
    }
    let mut file = spool.into_inner().map_err(|error| cannot(error.into_error()))?;
    file.rewind().map_err(cannot)?;
    Ok(file)
}

async fn keep(engine: &Engine, entry: &mut impl Read, sha256: &str, folder: &Path) -> Result<(), Failure> {
    let cannot = |error| Failure::doing(format_args!("The file {sha256} cannot be unpacked"), error);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(cannot)?;
    let (digest, _) = copy_digested(entry, &mut file).map_err(cannot)?;
    if digest != sha256 {
        return Err(damaged(format_args!("the file {sha256} has another content")));
    }
    file.as_file().sync_all().map_err(cannot)?;
    Ok(engine.adopt_file(sha256, file.path()).await?)
}
