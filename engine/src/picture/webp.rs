//! WebP: chunks that draw are copied; EXIF, XMP and unknown ones are left behind. The sizes and flags at the beginning are set
//! right at the end.

use super::exif;
use super::source::Source;
use super::{Faulty, Seen, sized};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

const DRAWN: [&[u8; 4]; 7] = [b"VP8X", b"VP8 ", b"VP8L", b"ANIM", b"ANMF", b"ALPH", b"ICCP"];
/// Flags of what is left behind.
const HAS_EXIF: u8 = 0x08;
const HAS_XMP: u8 = 0x04;
/// Longest note that is read for the orientation.
const NOTE: u64 = 64 * 1024;

pub(super) fn clean<R: Read>(source: &mut Source<R>, out: &mut (impl Write + Seek)) -> Result<Seen, Faulty> {
    let head: [u8; 12] = source.array()?;
    if !head.starts_with(b"RIFF") || !head.ends_with(b"WEBP") {
        return Err(Faulty::Broken);
    }
    out.write_all(&head)?;
    let mut seen: Option<Seen> = None;
    let mut flags: Option<u8> = None;
    let mut orientation = 1;
    let mut size = 4_u64;
    loop {
        let kind: [u8; 4] = match source.array() {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            kind => kind?,
        };
        let length = u64::from(u32::from_le_bytes(source.array()?));
        let padded = length + length % 2;
        if kind == *b"EXIF" && length <= NOTE {
            let note = source.block(padded)?;
            let tiff = note.strip_prefix(b"Exif\0\0").unwrap_or(&note);
            orientation = exif::orientation(tiff).unwrap_or(1);
            continue;
        }
        if !DRAWN.contains(&&kind) {
            match source.skip(padded) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
                skipped => skipped?,
            }
            continue;
        }
        out.write_all(&kind)?;
        out.write_all(&u32::try_from(length).unwrap_or_default().to_le_bytes())?;
        let start = source.block(padded.min(10))?;
        if kind == *b"VP8X" {
            flags = start.first().copied();
        }
        seen = match seen {
            None => Some(size_of(kind, &start)?),
            known => known,
        };
        out.write_all(&start)?;
        source.copy(padded - start.len() as u64, out)?;
        size += 8 + padded;
    }
    let mut seen = seen.ok_or(Faulty::Broken)?;
    if let Some(flags) = flags {
        let mut kept = flags & !(HAS_EXIF | HAS_XMP);
        if orientation > 1 {
            seen.orientation = orientation;
            kept |= HAS_EXIF;
            out.write_all(b"EXIF\x1a\0\0\0")?;
            out.write_all(&exif::only(orientation))?;
            size += 8 + 26;
        }
        // The flags are the first byte of the first chunk.
        out.seek(SeekFrom::Start(20))?;
        out.write_all(&[kept])?;
    }
    out.seek(SeekFrom::Start(4))?;
    out.write_all(&u32::try_from(size).map_err(|_| Faulty::Broken)?.to_le_bytes())?;
    Ok(seen)
}

/// Width and height out of the first ten bytes of the first chunk.
#[expect(clippy::many_single_char_names, reason = "ten bytes in their order")]
fn size_of(kind: [u8; 4], start: &[u8]) -> Result<Seen, Faulty> {
    let &[a, b, c, d, e, f, g, h, i, j] = start else { return Err(Faulty::Broken) };
    match &kind {
        b"VP8X" => sized(u32::from_le_bytes([e, f, g, 0]) + 1, u32::from_le_bytes([h, i, j, 0]) + 1),
        b"VP8 " if [d, e, f] == [0x9d, 0x01, 0x2a] => {
            let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
            sized(side(g, h), side(i, j))
        }
        b"VP8L" if a == 0x2f => {
            let bits = u32::from_le_bytes([b, c, d, e]);
            sized((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
        }
        _ => Err(Faulty::Broken),
    }
}
