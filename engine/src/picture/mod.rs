//! Pictures that people send: what they say about their maker is taken out of them, and a small one is made.
//!
//! Cleaning copies the parts of a file that draw the picture and leaves the others (place, camera, comments, hidden previews)
//! behind; nothing is compressed anew, and no pixel is unpacked. Only which way up it belongs is kept. Decoding happens for
//! the small picture alone, within a bound on memory. Everything here blocks, and is called where that is allowed.

mod exif;
mod gif;
mod jpeg;
mod png;
mod source;
mod thumbnail;
mod webp;

use model::media::PictureKind;
use source::Source;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::Path;

pub(crate) use thumbnail::thumbnail;

/// More pixels than any camera makes; a file that claims more is there to fill somebody's memory.
pub(crate) const MOST_PIXELS: u64 = 120_000_000;

/// What is known of a picture after it was copied. Width and height as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub width: u32,
    pub height: u32,
    /// As EXIF counts: 1 is upright, 5 to 8 lie on their side.
    pub orientation: u8,
}

impl Seen {
    /// Width and height as people see them.
    pub(crate) fn upright(self) -> (u32, u32) {
        if self.orientation >= 5 { (self.height, self.width) } else { (self.width, self.height) }
    }
}

/// Why a picture was not copied.
#[derive(Debug)]
pub(crate) enum Faulty {
    Io(io::Error),
    /// It is not what it begins as.
    Broken,
    /// It has more pixels than are taken.
    Vast,
}

impl From<io::Error> for Faulty {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Broken } else { Self::Io(error) }
    }
}

/// Copies a picture without what it says about its maker.
pub(crate) fn clean(kind: PictureKind, from: &Path, to: &Path) -> Result<Seen, Faulty> {
    let mut source = Source::new(BufReader::with_capacity(64 * 1024, File::open(from)?));
    let mut out = BufWriter::with_capacity(64 * 1024, File::create(to)?);
    let seen = match kind {
        PictureKind::Jpeg => jpeg::clean(&mut source, &mut out),
        PictureKind::Png => png::clean(&mut source, &mut out),
        PictureKind::Gif => gif::clean(&mut source, &mut out),
        PictureKind::WebP => webp::clean(&mut source, &mut out),
    }?;
    out.flush()?;
    Ok(seen)
}

/// A size that may be drawn.
fn sized(width: u32, height: u32) -> Result<Seen, Faulty> {
    match u64::from(width) * u64::from(height) {
        0 => Err(Faulty::Broken),
        pixels if pixels > MOST_PIXELS => Err(Faulty::Vast),
        _ => Ok(Seen { width, height, orientation: 1 }),
    }
}

#[cfg(test)]
mod tests;
