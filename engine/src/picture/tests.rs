//! Small pictures made here, with notes in them, and what is left of them.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "byte strings are references")]

use super::*;
use image::{DynamicImage, ImageFormat, RgbaImage};

const SECRET: &[u8] = b"GPS 31.2304N 121.4737E";

fn drawn(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let picture = RgbaImage::from_fn(width, height, |x, y| image::Rgba([x as u8, y as u8, 128, 255]));
    let picture = DynamicImage::ImageRgba8(picture);
    let picture = if format == ImageFormat::Jpeg { picture.to_rgb8().into() } else { picture };
    let mut bytes = io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn note(orientation: u8) -> Vec<u8> {
    [&exif::only(orientation), SECRET].concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    // The sum is not looked at where a chunk is left out.
    [&(content.len() as u32).to_be_bytes(), kind.as_slice(), content, &[0; 4]].concat()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker], ((content.len() + 2) as u16).to_be_bytes().as_slice(), content].concat()
}

fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let pad = vec![0; content.len() % 2];
    [kind.as_slice(), &(content.len() as u32).to_le_bytes(), content, &pad].concat()
}

/// A picture with notes wherever its format has a place for them.
fn noted(kind: PictureKind, orientation: u8) -> Vec<u8> {
    match kind {
        PictureKind::Jpeg => {
            let plain = drawn(ImageFormat::Jpeg, 400, 200);
            let exif = segment(0xe1, &[b"Exif\0\0".as_slice(), &note(orientation)].concat());
            let rest = [segment(0xe1, SECRET), segment(0xed, SECRET), segment(0xfe, SECRET), segment(0xe2, SECRET)];
            [&plain[..2], &exif, &rest.concat(), &plain[2..], SECRET].concat()
        }
        PictureKind::Png => {
            let plain = drawn(ImageFormat::Png, 400, 200);
            let notes = [chunk(b"eXIf", &note(orientation)), chunk(b"tEXt", SECRET), chunk(b"zzZz", SECRET)].concat();
            [&plain[..33], &notes, &plain[33..], SECRET].concat()
        }
        PictureKind::Gif => {
            let plain = drawn(ImageFormat::Gif, 400, 200);
            let table = 13 + table_of(plain[10]);
            let comment = [&[0x21, 0xfe, SECRET.len() as u8], SECRET, &[0]].concat();
            let program = [b"\x21\xff\x0bXMP DataXMP".as_slice(), &[SECRET.len() as u8], SECRET, &[0]].concat();
            [&plain[..table], &comment, &program, &plain[table..], SECRET].concat()
        }
        PictureKind::WebP => {
            let plain = drawn(ImageFormat::WebP, 400, 200);
            let extended = riff(b"VP8X", &[0x0c, 0, 0, 0, 143, 1, 0, 199, 0, 0]);
            let notes = [riff(b"EXIF", &note(orientation)), riff(b"XMP ", SECRET)].concat();
            [&plain[..12], &extended, &plain[12..], &notes].concat()
        }
    }
}

fn table_of(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn cleaned(kind: PictureKind, bytes: &[u8]) -> Result<(Seen, Vec<u8>), Faulty> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, bytes).unwrap();
    let seen = clean(kind, &from, &to)?;
    Ok((seen, std::fs::read(to).unwrap()))
}

const ALL: [(PictureKind, ImageFormat); 4] = [
    (PictureKind::Jpeg, ImageFormat::Jpeg),
    (PictureKind::Png, ImageFormat::Png),
    (PictureKind::Gif, ImageFormat::Gif),
    (PictureKind::WebP, ImageFormat::WebP),
];

#[test]
fn notes_are_gone_and_the_picture_is_the_same() {
    for (kind, format) in ALL {
        let (seen, clean) = cleaned(kind, &noted(kind, 6)).unwrap();
        assert!(!clean.windows(SECRET.len()).any(|w| w == SECRET), "{kind:?}");
        assert_eq!((seen.width, seen.height), (400, 200), "{kind:?}");
        let turned = if kind == PictureKind::Gif { 1 } else { 6 };
        assert_eq!(seen.orientation, turned, "{kind:?}");
        let before = image::load_from_memory_with_format(&drawn(format, 400, 200), format).unwrap();
        let after = image::load_from_memory_with_format(&clean, format).unwrap();
        assert_eq!(before.to_rgba8(), after.to_rgba8(), "{kind:?}");
        // Cleaning what is clean changes nothing, and what is upright gets no note.
        assert_eq!(cleaned(kind, &clean).unwrap(), (seen, clean), "{kind:?}");
        let (seen, upright) = cleaned(kind, &noted(kind, 1)).unwrap();
        assert_eq!(seen.orientation, 1);
        assert!(!upright.windows(4).any(|w| w == b"Exif" || w == b"eXIf" || w == b"EXIF"), "{kind:?}");
    }
}

#[test]
fn small_ones_are_upright() {
    for (kind, _) in ALL {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, noted(kind, 6)).unwrap();
        let seen = clean(kind, &from, &to).unwrap();
        let small = thumbnail(kind, &to, seen).unwrap().unwrap();
        let small = image::load_from_memory_with_format(&small, ImageFormat::Jpeg).unwrap();
        let upright = if kind == PictureKind::Gif { (320, 160) } else { (160, 320) };
        assert_eq!((small.width(), small.height()), upright, "{kind:?}");
    }
}

#[test]
fn what_is_cut_off_broken_or_vast_is_told_apart() {
    for (kind, format) in ALL {
        let whole = noted(kind, 6);
        for end in 0..whole.len().min(700) {
            // Whatever it is, it ends, and nothing is made up.
            if let Ok((seen, clean)) = cleaned(kind, &whole[..end]) {
                assert_eq!((seen.width, seen.height), (400, 200));
                assert!(!clean.windows(SECRET.len()).any(|w| w == SECRET), "{kind:?}");
            }
        }
        for broken in [b"".as_slice(), b"\x89PNG\r\n\x1a\nrest", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBP"] {
            assert!(matches!(cleaned(kind, broken), Err(Faulty::Broken)), "{kind:?} {broken:?}");
        }
        assert!(cleaned(kind, &drawn(format, 1, 1)).is_ok(), "{kind:?}");
    }
    // Thirty thousand pixels each way, in some forty bytes.
    let header = [&30_000_u32.to_be_bytes(), 30_000_u32.to_be_bytes().as_slice(), &[8, 6, 0, 0, 0]].concat();
    let vast = [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(b"IHDR", &header), &chunk(b"IDAT", &[0])].concat();
    assert!(matches!(cleaned(PictureKind::Png, &vast), Err(Faulty::Vast)));
    let seen = Seen { width: 10_000, height: 10_000, orientation: 1 };
    assert!(thumbnail(PictureKind::Png, Path::new("/nowhere"), seen).is_err(), "not even opened");
}
