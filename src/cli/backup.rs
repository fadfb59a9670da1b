//! `echodesk backup`: everything in one file, taken from one moment while the server goes on.
//!
//! The file appears under its name only when it is complete and on the disk; until then it is `FILE.part`. It has password
//! hashes and all mails in it, so only its owner may read it.

use super::archive::{DATABASE, Digest, FILES, FORMAT, MANIFEST, Manifest};
use super::failure::Failure;
use super::{open, terminal};
use crate::config::Config;
use clap::Args;
use engine::{Engine, Tolerate as _};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Files that are asked for at a time.
const PAGE: usize = 500;

#[derive(Debug, Args)]
pub struct Backup {
    /// The file to write, a .tar.gz; one that is there is replaced when the new one is complete
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A file to copy: its digest and where it lies.
struct Stored {
    sha256: String,
    path: PathBuf,
}

impl Backup {
    pub async fn run(self, config: &Config) -> Result<(), Failure> {
        let engine = open(config).await?;
        let part = part_of(&self.file);
        let written = self.write(&engine, &part).await;
        engine.close().await;
        if written.is_err() && part.exists() {
            std::fs::remove_file(&part).tolerate("removing the unfinished backup");
        }
        let manifest = written?;
        if manifest.missing_files > 0 {
            let missing = terminal::count(manifest.missing_files, "file is", "files are");
            eprintln!("warning: {missing} missing in the data directory, and in the backup.");
        }
        let rows = terminal::count(manifest.rows, "row", "rows");
        let files = terminal::count(manifest.files, "file", "files");
        terminal::say(format_args!("Backed up {rows} and {files} to {}.", self.file.display()))
    }

    async fn write(&self, engine: &Engine, part: &Path) -> Result<Manifest, Failure> {
        let cannot = |error: io::Error| Failure::doing(format_args!("{} cannot be written", part.display()), error);
        let folder = folder_of(part);
        // Made first: a folder that cannot be written is found out before the work.
        let target = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part);
        let target = target.map_err(cannot)?;
        let spool = tempfile::tempfile_in(folder).map_err(cannot)?;
        let cursor = engine.cursor().to_string();
        let mut database = Lines::new(spool);
        let rows = engine.backup(|line| database.add(line)).await?;
        let (mut spool, lines, database_sha256) = database.finish().map_err(cannot)?;
        let (files, missing_files) = stored(engine).await?;
        let manifest = Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at: engine.now().rfc3339(),
            cursor,
            rows,
            lines,
            database_sha256,
            files: files.len() as u64,
            file_bytes: files.iter().filter_map(|file| file.path.metadata().ok()).map(|meta| meta.len()).sum(),
            missing_files,
        };
        let seconds = u64::try_from(engine.now().0 / 1_000).unwrap_or_default();
        let mut archive = Archive::new(target, seconds);
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Failure::doing("The manifest", error))?;
        archive.add(MANIFEST, text.len() as u64, text.as_slice()).map_err(cannot)?;
        let size = spool.seek(SeekFrom::End(0)).map_err(cannot)?;
        spool.rewind().map_err(cannot)?;
        archive.add(DATABASE, size, &spool).map_err(cannot)?;
        let bar = terminal::progress("Files", manifest.files);
        for Stored { sha256, path } in files {
            let copied = File::open(&path).and_then(|file| {
                let size = file.metadata()?.len();
                archive.add(&format!("{FILES}{sha256}"), size, file)
            });
            copied.map_err(|error| Failure::doing(format_args!("{} cannot be copied", path.display()), error))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        archive.finish().map_err(cannot)?;
        let named = std::fs::rename(part, &self.file).and_then(|()| File::open(folder)?.sync_all());
        named.map_err(|error| Failure::doing(format_args!("{} cannot be written", self.file.display()), error))?;
        Ok(manifest)
    }
}

/// The files that the database names, and how many of them are missing.
async fn stored(engine: &Engine) -> Result<(Vec<Stored>, u64), Failure> {
    let (mut files, mut missing) = (Vec::new(), 0);
    let mut after = String::new();
    loop {
        let page = engine.files(&after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok((files, missing)) };
        after.clone_from(last);
        for (sha256, _) in page {
            match engine.file_path(&sha256).filter(|path| path.exists()) {
                Some(path) => files.push(Stored { sha256, path }),
                None => missing += 1,
            }
        }
    }
}

/// `FILE.part`, beside the file.
fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The database's part on its way to a temporary file: a tar entry has to know its size beforehand.
struct Lines {
    spool: BufWriter<File>,
    digest: Digest,
    lines: u64,
}

impl Lines {
    fn new(spool: File) -> Self {
        Self { spool: BufWriter::new(spool), digest: Digest::default(), lines: 0 }
    }

    fn add(&mut self, line: &str) -> model::Result<()> {
        self.digest.update(line.as_bytes());
        self.digest.update(b"\n");
        self.lines += 1;
        let written = self.spool.write_all(line.as_bytes()).and_then(|()| self.spool.write_all(b"\n"));
        written.map_err(|error| model::Error::internal(format!("the backup cannot be written: {error}")))
    }

    fn finish(self) -> io::Result<(File, u64, String)> {
        let file = self.spool.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok((file, self.lines, self.digest.hex()))
    }
}

/// A tar.gz that is on the disk when it is finished.
struct Archive {
    tar: tar::Builder<GzEncoder<BufWriter<File>>>,
    seconds: u64,
}

impl Archive {
    fn new(file: File, seconds: u64) -> Self {
        Self { tar: tar::Builder::new(GzEncoder::new(BufWriter::new(file), Compression::fast())), seconds }
    }

    fn add(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.seconds);
        // A file that grows meanwhile must not shift what follows.
        self.tar.append_data(&mut header, name, content.take(size))
    }

    fn finish(self) -> io::Result<()> {
        let file = self.tar.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    }
}
