//! Content-Transfer-Encoding: base64 and quoted-printable.
//!
//! Never fails: what is not in the alphabet is skipped or kept as it stands, because half a picture and a text with a
//! stray `=` are worth more than an error.

/// Decodes a body by the name its header gives. Unknown names (`7bit`, `8bit`, `binary`, nonsense) mean: as it is.
pub(super) fn decode(body: &[u8], encoding: &str) -> Vec<u8> {
    let encoding = encoding.trim();
    if encoding.eq_ignore_ascii_case("base64") {
        base64(body)
    } else if encoding.eq_ignore_ascii_case("quoted-printable") {
        quoted_printable(body)
    } else {
        body.to_vec()
    }
}

/// Skips everything outside the alphabet; padding in the middle (two encodings glued together) starts anew.
pub(super) fn base64(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let mut chunk = 0u32;
    let mut count = 0u8;
    for &byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                flush(&mut out, chunk, count);
                count = 0;
                continue;
            }
            _ => continue,
        };
        chunk = (chunk << 6) | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&[(chunk >> 16) as u8, (chunk >> 8) as u8, chunk as u8]);
            count = 0;
        }
    }
    flush(&mut out, chunk, count);
    out
}

fn flush(out: &mut Vec<u8>, chunk: u32, count: u8) {
    match count {
        2 => out.push((chunk >> 4) as u8),
        3 => out.extend_from_slice(&[(chunk >> 10) as u8, (chunk >> 2) as u8]),
        _ => {}
    }
}

pub(super) fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'=' {
            out.push(byte);
            continue;
        }
        if let Some((value, after)) = hex_pair(tail) {
            out.push(value);
            rest = after;
        } else if let Some(after) = soft_break(tail) {
            rest = after;
        } else {
            out.push(b'=');
        }
    }
    out
}

/// Two hex digits at the start of `bytes`, in either case, and what follows them.
pub(super) fn hex_pair(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&high, tail) = bytes.split_first()?;
    let (&low, tail) = tail.split_first()?;
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    Some(((high << 4 | low) as u8, tail))
}

/// After `=`: blanks that a relay added, then a line end. The end of the body counts too.
fn soft_break(bytes: &[u8]) -> Option<&[u8]> {
    // More blanks than this were written by a person (or by somebody who wants the loop to be quadratic).
    let blanks = bytes.iter().take(80).take_while(|&&b| b == b' ' || b == b'\t').count();
    match bytes.get(blanks..)? {
        [b'\r', b'\n', tail @ ..] | [b'\n' | b'\r', tail @ ..] => Some(tail),
        [] => Some(&[]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_forgiving() {
        for (text, want) in [
            ("aGVsbG8=", &b"hello"[..]),
            ("aGVs\r\nbG8", b"hello"),
            ("aGVs!bG8*", b"hello"),
            ("aGVsbG8=aGVsbG8=", b"hellohello"),
            ("====", b""),
            ("", b""),
            ("a", b""),
        ] {
            assert_eq!(base64(text.as_bytes()), want, "{text:?}");
        }
    }

    #[test]
    fn quoted_printable_is_forgiving() {
        for (text, want) in [
            ("caf=E9=\r\n!", &b"caf\xe9!"[..]),
            ("soft =  \r\nbreak", b"soft break"),
            ("1 = 2", b"1 = 2"),
            ("a=3db=3D=C", b"a=b==C"),
            ("end=", b"end"),
            ("=", b""),
        ] {
            assert_eq!(quoted_printable(text.as_bytes()), want, "{text:?}");
        }
    }

    #[test]
    fn unknown_encodings_are_taken_as_they_are() {
        assert_eq!(decode(b"a=3D", "x-nonsense"), b"a=3D");
        assert_eq!(decode(b"YQ==", " BASE64 "), b"a");
    }
}
