//! GIF: pictures and the blocks that play them are copied; comments and the notes of programs are left behind.

use super::source::Source;
use super::{Faulty, Seen, sized};
use std::io::{ErrorKind, Read, Write};

/// Programs' blocks that say how often an animation repeats.
const PLAYED: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

pub(super) fn clean<R: Read>(source: &mut Source<R>, out: &mut impl Write) -> Result<Seen, Faulty> {
    let head: [u8; 13] = source.array()?;
    let [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', w1, w2, h1, h2, flags, ..] = head else {
        return Err(Faulty::Broken);
    };
    let seen = sized(u16::from_le_bytes([w1, w2]).into(), u16::from_le_bytes([h1, h2]).into())?;
    out.write_all(&head)?;
    source.copy(table(flags), out)?;
    let mut drawn = false;
    loop {
        let block = match source.byte() {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && drawn => 0x3b,
            byte => byte?,
        };
        match block {
            0x3b => break,
            0x2c => {
                let descriptor: [u8; 9] = source.array()?;
                out.write_all(&[0x2c])?;
                out.write_all(&descriptor)?;
                let [.., flags] = descriptor;
                source.copy(table(flags) + 1, out)?;
                blocks(source, out)?;
                drawn = true;
            }
            0x21 => extension(source, out)?,
            _ => return Err(Faulty::Broken),
        }
    }
    out.write_all(&[0x3b])?;
    if drawn { Ok(seen) } else { Err(Faulty::Broken) }
}

/// The size of a colour table, which the lowest bits of its flags tell.
fn table(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << (u32::from(flags & 7) + 1) }
}

fn extension<R: Read>(source: &mut Source<R>, out: &mut impl Write) -> Result<(), Faulty> {
    let label = source.byte()?;
    match label {
        // How the next picture is shown.
        0xf9 => {
            out.write_all(&[0x21, label])?;
            blocks(source, out)
        }
        0xff => {
            let length = source.byte()?;
            let name = source.block(length.into())?;
            if !PLAYED.contains(&name.as_slice()) {
                return blocks(source, &mut std::io::sink());
            }
            out.write_all(&[0x21, label, length])?;
            out.write_all(&name)?;
            blocks(source, out)
        }
        _ => blocks(source, &mut std::io::sink()),
    }
}

/// Copies blocks, each led by its length, up to the empty one.
fn blocks<R: Read>(source: &mut Source<R>, out: &mut impl Write) -> Result<(), Faulty> {
    loop {
        let length = source.byte()?;
        out.write_all(&[length])?;
        if length == 0 {
            return Ok(());
        }
        source.copy(length.into(), out)?;
    }
}
