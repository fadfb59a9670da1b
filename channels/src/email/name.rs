//! Names for attachments that are safe to write, show and send on.
//!
//! Keeps what the sender called the file as far as that is harmless; makes a name up where there is none.

const LONGEST: usize = 200;
const LONGEST_EXTENSION: usize = 20;

/// A file name for the `number`th part (from 1).
pub(super) fn file_name(given: Option<&str>, content_type: &str, number: usize) -> String {
    let cleaned = given.map(clean).unwrap_or_default();
    if cleaned.is_empty() { format!("attachment-{number}.{}", extension(content_type)) } else { shorten(&cleaned) }
}

fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\', '\u{2044}', '\u{2215}']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|&c| !invisible(c)).map(|c| if reserved(c) { '_' } else { c }).collect();
    // Leading dots hide a file, trailing ones vanish on Windows; "." and ".." are directories.
    kept.trim().trim_matches('.').trim().to_owned()
}

/// Control characters, and those that reorder text: `exe.gnp` must not read as `png.exe`.
fn invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fffd}')
}

fn reserved(c: char) -> bool {
    matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    let tail = name.rsplit_once('.').map(|(_, extension)| extension).filter(|e| e.chars().count() <= LONGEST_EXTENSION);
    let room = LONGEST - tail.map_or(0, |extension| extension.chars().count() + 1);
    let stem: String = name.chars().take(room).collect();
    tail.map_or(stem.clone(), |extension| format!("{stem}.{extension}"))
}

fn extension(content_type: &str) -> &'static str {
    match content_type {
        "image/png" => "png",
        "image/jpeg" | "image/jpg" | "image/pjpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/bmp" => "bmp",
        "image/heic" => "heic",
        "image/svg+xml" => "svg",
        "image/tiff" => "tiff",
        "application/pdf" => "pdf",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "application/gzip" => "gz",
        "application/json" => "json",
        "application/xml" | "text/xml" => "xml",
        "application/msword" => "doc",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/ms-tnef" | "application/vnd.ms-tnef" => "dat",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "text/html" => "html",
        "text/calendar" | "application/ics" => "ics",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" => "vcf",
        "message/rfc822" | "message/global" => "eml",
        "audio/mpeg" => "mp3",
        "audio/wav" | "audio/x-wav" => "wav",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        _ if content_type.starts_with("text/") || content_type.starts_with("message/") => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (given, kind, want) in [
            (Some("报告.pdf"), "application/pdf", "报告.pdf"),
            (Some("../../etc/passwd"), "text/plain", "passwd"),
            (Some("C:\\Users\\li\\图.png"), "image/png", "图.png"),
            (Some("a\u{0}b\r\n.txt"), "text/plain", "ab.txt"),
            (Some("photo\u{202e}gnp.exe"), "image/png", "photognp.exe"),
            (Some("what?<now>.txt"), "text/plain", "what__now_.txt"),
            (Some(".."), "image/png", "attachment-3.png"),
            (Some("  "), "application/octet-stream", "attachment-3.bin"),
            (None, "text/calendar", "attachment-3.ics"),
            (None, "message/rfc822", "attachment-3.eml"),
            (None, "text/x-log", "attachment-3.txt"),
            (Some(".htaccess"), "text/plain", "htaccess"),
        ] {
            assert_eq!(file_name(given, kind, 3), want, "{given:?}");
        }
    }

    #[test]
    fn long_names_keep_their_extension() {
        let long = format!("{}.tar", "长".repeat(500));
        let name = file_name(Some(&long), "application/x-tar", 1);
        assert_eq!(name.chars().count(), LONGEST);
        assert_eq!(name.rsplit_once('.').unwrap().1, "tar");
        assert_eq!(file_name(Some(&format!("a.{}", "b".repeat(300))), "", 1).chars().count(), LONGEST);
    }
}
