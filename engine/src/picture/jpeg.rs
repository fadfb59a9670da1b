//! JPEG: segments that draw are copied, what cameras and editors note is left behind, and so is what follows the end
//! (a second picture with a place of its own, a film).

use super::exif;
use super::source::Source;
use super::{Faulty, Seen, sized};
use std::io::{ErrorKind, Read, Write};

const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
/// Adobe's: without it, the colours of some pictures are read wrongly.
const APP14: u8 = 0xee;
const COMMENT: u8 = 0xfe;
const EXIF: &[u8] = b"Exif\0\0";

pub(super) fn clean<R: Read>(source: &mut Source<R>, out: &mut impl Write) -> Result<Seen, Faulty> {
    if source.array()? != [0xff, 0xd8] {
        return Err(Faulty::Broken);
    }
    out.write_all(&[0xff, 0xd8])?;
    let mut seen: Option<Seen> = None;
    let mut orientation = 1;
    let mut noted = false;
    let mut marker = next(source)?;
    loop {
        match marker {
            0xd9 => break,
            // They have no length.
            0x01 | 0xd0..=0xd7 => out.write_all(&[0xff, marker])?,
            APP0..=0xef | COMMENT => {
                let block = segment(source)?;
                let keeps = match marker {
                    APP0 => block.starts_with(b"JFIF\0"),
                    APP2 => block.starts_with(b"ICC_PROFILE\0"),
                    APP14 => block.starts_with(b"Adobe"),
                    _ => false,
                };
                if keeps {
                    write(out, marker, &block)?;
                } else if marker == APP1
                    && let Some(tiff) = block.strip_prefix(EXIF)
                {
                    orientation = exif::orientation(tiff).unwrap_or(orientation);
                }
            }
            _ => {
                if orientation > 1 && !noted {
                    write(out, APP1, &[EXIF, &exif::only(orientation)].concat())?;
                    noted = true;
                }
                let block = segment(source)?;
                write(out, marker, &block)?;
                let frame = matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
                if frame && let [_, h1, h2, w1, w2, ..] = *block.as_slice() {
                    let (width, height) = (u16::from_be_bytes([w1, w2]), u16::from_be_bytes([h1, h2]));
                    seen = Some(sized(width.into(), height.into())?);
                }
                if marker == 0xda {
                    match scan(source, out)? {
                        Some(found) => {
                            marker = found;
                            continue;
                        }
                        // Cut off: what there is of it can be seen.
                        None => break,
                    }
                }
            }
        }
        marker = next(source)?;
    }
    out.write_all(&[0xff, 0xd9])?;
    seen.map(|seen| Seen { orientation: if noted { orientation } else { 1 }, ..seen }).ok_or(Faulty::Broken)
}

/// The next marker.
fn next<R: Read>(source: &mut Source<R>) -> Result<u8, Faulty> {
    if source.byte()? != 0xff {
        return Err(Faulty::Broken);
    }
    filled(source).map_err(Into::into)
}

/// The code after 0xff, of which there may be several.
fn filled<R: Read>(source: &mut Source<R>) -> std::io::Result<u8> {
    loop {
        match source.byte()? {
            0xff => {}
            code => return Ok(code),
        }
    }
}

/// A segment's content; its length counts itself.
fn segment<R: Read>(source: &mut Source<R>) -> Result<Vec<u8>, Faulty> {
    let length = u64::from(u16::from_be_bytes(source.array()?));
    let length = length.checked_sub(2).ok_or(Faulty::Broken)?;
    Ok(source.block(length)?)
}

fn write(out: &mut impl Write, marker: u8, block: &[u8]) -> Result<(), Faulty> {
    let length = u16::try_from(block.len() + 2).map_err(|_| Faulty::Broken)?;
    out.write_all(&[0xff, marker])?;
    out.write_all(&length.to_be_bytes())?;
    Ok(out.write_all(block)?)
}

/// Copies compressed data up to the marker that ends it; `None` where the file ends first.
fn scan<R: Read>(source: &mut Source<R>, out: &mut impl Write) -> Result<Option<u8>, Faulty> {
    loop {
        let byte = match source.byte() {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            byte => byte?,
        };
        if byte != 0xff {
            out.write_all(&[byte])?;
            continue;
        }
        match filled(source) {
            Ok(code @ (0 | 0xd0..=0xd7)) => out.write_all(&[0xff, code])?,
            Ok(marker) => return Ok(Some(marker)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}
