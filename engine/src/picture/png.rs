//! PNG: chunks that draw are copied (those of animations, too), texts, times, places and unknown ones are left behind, and so
//! is what follows the end.

use super::exif;
use super::source::Source;
use super::{Faulty, Seen, sized};
use std::io::{ErrorKind, Read, Write};

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

const DRAWN: &[[u8; 4]] = &[
    *b"PLTE", *b"IDAT", *b"tRNS", *b"gAMA", *b"cHRM", *b"sRGB", *b"iCCP", *b"cICP", *b"sBIT", *b"bKGD", *b"pHYs",
    *b"hIST", *b"sPLT", *b"mDCV", *b"cLLI", *b"acTL", *b"fcTL", *b"fdAT",
];

/// Longest note that is read for the orientation.
const NOTE: u64 = 64 * 1024;

pub(super) fn clean<R: Read>(source: &mut Source<R>, out: &mut impl Write) -> Result<Seen, Faulty> {
    if source.array()? != SIGNATURE {
        return Err(Faulty::Broken);
    }
    let (length, kind) = head(source)?;
    if (length, kind) != (13, *b"IHDR") {
        return Err(Faulty::Broken);
    }
    let header = source.block(13)?;
    let [w1, w2, w3, w4, h1, h2, h3, h4, ..] = *header.as_slice() else { return Err(Faulty::Broken) };
    let mut seen = sized(u32::from_be_bytes([w1, w2, w3, w4]), u32::from_be_bytes([h1, h2, h3, h4]))?;
    source.skip(4)?;
    out.write_all(&SIGNATURE)?;
    write(out, *b"IHDR", &header)?;
    let mut drawn = false;
    loop {
        let (length, kind) = match head(source) {
            // Cut off: what there is of it can be seen.
            Err(Faulty::Broken) if drawn => break,
            head => head?,
        };
        if kind == *b"IEND" {
            break;
        }
        if kind == *b"eXIf" && length <= NOTE {
            seen.orientation = exif::orientation(&source.block(length)?).unwrap_or(1);
            source.skip(4)?;
        } else if DRAWN.contains(&kind) {
            drawn |= kind == *b"IDAT";
            out.write_all(&u32::try_from(length).unwrap_or_default().to_be_bytes())?;
            out.write_all(&kind)?;
            match source.copy(length + 4, out) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof && drawn => return Ok(seen),
                copied => copied?,
            }
        } else {
            source.skip(length + 4)?;
        }
    }
    if !drawn {
        return Err(Faulty::Broken);
    }
    if seen.orientation > 1 {
        write(out, *b"eXIf", &exif::only(seen.orientation))?;
    }
    write(out, *b"IEND", &[])?;
    Ok(seen)
}

/// A chunk's length and kind.
fn head<R: Read>(source: &mut Source<R>) -> Result<(u64, [u8; 4]), Faulty> {
    let length = u32::from_be_bytes(source.array()?);
    if length > 0x7fff_ffff {
        return Err(Faulty::Broken);
    }
    Ok((length.into(), source.array()?))
}

fn write(out: &mut impl Write, kind: [u8; 4], content: &[u8]) -> Result<(), Faulty> {
    out.write_all(&u32::try_from(content.len()).unwrap_or_default().to_be_bytes())?;
    out.write_all(&kind)?;
    out.write_all(content)?;
    Ok(out.write_all(&sum(kind.iter().chain(content)).to_be_bytes())?)
}

/// CRC-32 of the few bytes that we write ourselves.
fn sum<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    !bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
