//! What a file is, by its first bytes first and by what it is called second.
//!
//! The bytes win: a program is refused whatever it is called, and what shows its type is kept under that. What shows none is
//! kept under its declared type only if files of that type show nothing: whatever calls itself a picture and is none is
//! text or bytes. It refuses to guess further; nothing that a browser could run is ever sent to it as such.

use crate::attachment::unsupported;
use crate::error::Result;

/// How many of the first bytes are looked at.
pub const HEAD: usize = 4_096;

/// Pictures that are read, cleaned and made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    Jpeg,
    Png,
    Gif,
    WebP,
}

impl PictureKind {
    pub fn of(media: &str) -> Option<Self> {
        match media {
            "image/jpeg" => Some(Self::Jpeg),
            "image/png" => Some(Self::Png),
            "image/gif" => Some(Self::Gif),
            "image/webp" => Some(Self::WebP),
            _ => None,
        }
    }
}

/// What a file that has no better name is.
pub const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain";

/// Where a mark stands, the mark, and what it stands for.
const MARKS: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
];

/// Programs of the systems that people have.
const PROGRAMS: &[&[u8]] = &[
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"dex\n",
    b"\0asm",
    b"L\0\0\0\x01\x14\x02\0",
];

/// What a text is that begins so, in lower case and after white space.
const WORDS: &[(&str, &str)] = &[
    ("<!doctype html", "text/html"),
    ("<html", "text/html"),
    ("<head", "text/html"),
    ("<body", "text/html"),
    ("<script", "text/html"),
    ("<iframe", "text/html"),
    ("<svg", "image/svg+xml"),
    ("<?xml", "application/xml"),
];

/// File name ending, its type, and the type that the bytes show (`""`: none).
const ENDINGS: &[(&str, &str, &str)] = &[
    ("jpg", "image/jpeg", "image/jpeg"),
    ("jpeg", "image/jpeg", "image/jpeg"),
    ("png", "image/png", "image/png"),
    ("gif", "image/gif", "image/gif"),
    ("webp", "image/webp", "image/webp"),
    ("avif", "image/avif", "image/avif"),
    ("heic", "image/heic", "image/heic"),
    ("tiff", "image/tiff", "image/tiff"),
    ("svg", "image/svg+xml", "image/svg+xml"),
    ("pdf", "application/pdf", "application/pdf"),
    ("zip", "application/zip", "application/zip"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/zip"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", "application/zip"),
    ("odt", "application/vnd.oasis.opendocument.text", "application/zip"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet", "application/zip"),
    ("odp", "application/vnd.oasis.opendocument.presentation", "application/zip"),
    ("epub", "application/epub+zip", "application/zip"),
    ("doc", "application/msword", "application/x-ole-storage"),
    ("xls", "application/vnd.ms-excel", "application/x-ole-storage"),
    ("ppt", "application/vnd.ms-powerpoint", "application/x-ole-storage"),
    ("msg", "application/vnd.ms-outlook", "application/x-ole-storage"),
    ("wps", "application/vnd.ms-works", "application/x-ole-storage"),
    ("rtf", "application/rtf", "application/rtf"),
    ("gz", "application/gzip", "application/gzip"),
    ("tgz", "application/gzip", "application/gzip"),
    ("bz2", "application/x-bzip2", "application/x-bzip2"),
    ("xz", "application/x-xz", "application/x-xz"),
    ("7z", "application/x-7z-compressed", "application/x-7z-compressed"),
    ("rar", "application/vnd.rar", "application/vnd.rar"),
    ("zst", "application/zstd", "application/zstd"),
    ("tar", "application/x-tar", "application/x-tar"),
    ("mp4", "video/mp4", "video/mp4"),
    ("mov", "video/quicktime", "video/quicktime"),
    ("webm", "video/webm", "video/webm"),
    ("mkv", "video/x-matroska", "video/webm"),
    ("avi", "video/x-msvideo", "video/x-msvideo"),
    ("m4a", "audio/mp4", "audio/mp4"),
    ("mp3", "audio/mpeg", "audio/mpeg"),
    ("ogg", "audio/ogg", "audio/ogg"),
    ("flac", "audio/flac", "audio/flac"),
    ("wav", "audio/wav", "audio/wav"),
    ("txt", TEXT, ""),
    ("log", TEXT, ""),
    ("md", "text/markdown", ""),
    ("csv", "text/csv", ""),
    ("json", "application/json", ""),
    ("xml", "application/xml", "application/xml"),
    ("html", "text/html", "text/html"),
    ("eml", "message/rfc822", ""),
];

/// The ending of a type's files, where it is ours to give.
pub fn ending(media: &str) -> Option<&'static str> {
    ENDINGS.iter().find(|(_, of, _)| *of == media).map(|(ending, _, _)| *ending)
}

/// The type that a file is kept under.
///
/// # Errors
/// `Invalid` for programs.
pub fn settle(filename: &str, declared: &str, head: &[u8]) -> Result<String> {
    let text = is_text(head);
    if let Some(program) = program(head, text) {
        return Err(unsupported(program));
    }
    let named = filename.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let named = named.and_then(|name| ENDINGS.iter().find(|(ending, _, _)| *ending == name));
    if let Some(shown) = shown(head, text) {
        // A document that is a ZIP file inside, and the like: the name says which.
        let finer = named.filter(|(_, _, shows)| *shows == shown).map(|(_, media, _)| *media);
        return Ok(finer.unwrap_or(shown).to_owned());
    }
    let claimed = if declared == BYTES { named.map_or(BYTES, |(_, media, _)| *media) } else { declared };
    let family = claimed.split('/').next().unwrap_or_default();
    let shows = matches!(family, "image" | "video" | "audio")
        || ENDINGS.iter().any(|(_, media, shows)| *media == claimed && !shows.is_empty() && *media != "text/html");
    Ok(match (shows, text) {
        (false, true) => claimed,
        // Bytes that call themselves text are none.
        (false, false) if family == "text" => BYTES,
        (false, false) => claimed,
        (true, true) => TEXT,
        (true, false) => BYTES,
    }
    .to_owned())
}

/// What the bytes show.
fn shown(head: &[u8], text: bool) -> Option<&'static str> {
    let at = |offset: usize, mark: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(mark));
    let found = MARKS.iter().find(|(offset, mark, _)| at(*offset, mark) && (*offset != 8 || at(0, b"RIFF")));
    if let Some((_, _, media)) = found {
        return Some(media);
    }
    let begin = beginning(head).filter(|_| text)?;
    WORDS.iter().find(|(word, _)| begin.starts_with(word)).map(|(_, media)| *media)
}

/// What kind of program it is, if it is one.
fn program(head: &[u8], text: bool) -> Option<&'static str> {
    // Two letters alone are a program's mark; a text may begin with them.
    if PROGRAMS.iter().any(|mark| head.starts_with(mark)) || (head.starts_with(b"MZ") && !text) {
        return Some("application/x-executable");
    }
    let begin = beginning(head)?;
    if begin.starts_with("#!") {
        return Some("application/x-sh");
    }
    (begin.starts_with("<?php") || begin.starts_with("<?=")).then_some("application/x-php")
}

/// The first words, in lower case, after a byte order mark and white space.
fn beginning(head: &[u8]) -> Option<String> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let first = head.get(..head.len().min(32))?;
    Some(String::from_utf8_lossy(first).to_ascii_lowercase())
}

/// Whether it reads as text: no control characters but those of texts. Old Chinese encodings are text, too.
fn is_text(head: &[u8]) -> bool {
    head.iter().all(|b| *b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_win() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
        for (name, declared, head, is) in [
            ("a.png", "image/png", png, "image/png"),
            ("a.jpg", "image/jpeg", png, "image/png"),
            ("a.pdf", "application/pdf", b"%PDF-1.7\n", "application/pdf"),
            ("手册.pdf", BYTES, b"%PDF-1.7\n", "application/pdf"),
            ("a.docx", BYTES, b"PK\x03\x04rest", ENDINGS[11].1),
            ("a.docx", "application/zip", b"PK\x03\x04rest", ENDINGS[11].1),
            ("a.zip", BYTES, b"PK\x03\x04rest", "application/zip"),
            ("a.pdf", "application/pdf", b"PK\x03\x04rest", "application/zip"),
            ("a.txt", BYTES, "日志".as_bytes(), "text/plain"),
            ("a.txt", "text/plain", b"\xc8\xd5\xd6\xbe", "text/plain"),
            ("a.csv", "text/csv", b"a,b\n1,2\n", "text/csv"),
            ("a.json", "application/json", b"{}", "application/json"),
            ("a.txt", "text/plain", b"MZ is two letters", "text/plain"),
            ("a.txt", "text/plain", b"\0\x01\x02", BYTES),
            ("a.png", "image/png", b"<script>alert(1)</script>", "text/html"),
            ("a.png", "image/png", b"not a picture", "text/plain"),
            ("a.png", "image/png", b"\0\x01\x02\x03", BYTES),
            ("a.png", "text/html; x", b"<!DOCTYPE html>", "text/html"),
            ("a.svg", "image/svg+xml", b"<svg xmlns='x'>", "image/svg+xml"),
            ("a.webp", BYTES, b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            ("a.unknown", "application/x-own", b"\0\x01", "application/x-own"),
            ("nothing", BYTES, b"", BYTES),
        ] {
            assert_eq!(settle(name, declared, head).unwrap(), is, "{name} {declared} {head:?}");
        }
    }

    #[test]
    fn programs_are_refused_whatever_they_are_called() {
        for head in [
            b"MZ\x90\0\x03".as_slice(),
            b"\x7fELF\x02",
            b"#!/bin/sh\necho",
            b"\xef\xbb\xbf#!/usr/bin/env python",
            b"<?php system('ls');",
            b"\n <?PHP ",
            b"<?= 1 ?>",
            b"\xca\xfe\xba\xbe",
        ] {
            let refused = settle("photo.png", "image/png", head).unwrap_err();
            let crate::Error::Invalid(problems) = &refused else { panic!("{refused:?}") };
            assert!(problems[0].is_unsupported(), "{problems:?}");
        }
    }
}
