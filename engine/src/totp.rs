//! One-time codes by the clock: RFC 6238 with SHA-1, six digits and thirty seconds, which is what every authenticator app
//! reads. Pure: whether a code was used before is for `model::decide`.
//!
//! It is two dozen lines over ring's HMAC; a crate for it would bring a second HMAC and a second source of randomness.

use crate::secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Error, Result, Time};

/// Milliseconds of a step.
const STEP: i64 = 30_000;
/// What apps call us.
const ISSUER: &str = "Echodesk";
/// RFC 4648.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step whose code this is: the current one, or a neighbour of it, because clocks differ and people type slowly.
pub(crate) fn accepted(secret: &str, code: &str, now: Time) -> Option<i64> {
    let key = unbase32(secret)?;
    let step = now.0.div_euclid(STEP);
    [step, step - 1, step + 1].into_iter().find(|step| secret::same_secret(&self::code(&key, *step), code))
}

fn code(key: &[u8], step: i64) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = ring::hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes.last().copied().unwrap_or_default() & 15);
    let four = bytes.iter().skip(at).take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (four & 0x7fff_ffff) % 1_000_000)
}

/// Twenty random bytes, as apps take them.
pub(crate) fn new_secret() -> Result<String> {
    Ok(base32(&secret::random_bytes(20)?))
}

/// Letters and digits that can't be mistaken for each other, in fours: eight random bytes, of which sixty bits are shown.
pub(crate) fn new_backup_code() -> Result<String> {
    let text: String = base32(&secret::random_bytes(8)?).chars().take(12).collect();
    let mut code = String::with_capacity(14);
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    Ok(code)
}

/// A code as somebody typed it: in which case, with which dashes and spaces, doesn't matter.
pub(crate) fn plain(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
}

/// What an app reads, as text.
pub(crate) fn otpauth_url(secret: &str, account: &str) -> Result<String> {
    let mut url = url::Url::parse("otpauth://totp/").map_err(Error::internal)?;
    url.path_segments_mut()
        .map_err(|()| Error::internal("no path"))?
        .pop_if_empty()
        .push(&format!("{ISSUER}:{account}"));
    url.query_pairs_mut()
        .append_pair("secret", secret)
        .append_pair("issuer", ISSUER)
        .append_pair("algorithm", "SHA1")
        .append_pair("digits", "6")
        .append_pair("period", "30");
    Ok(url.into())
}

/// Light modules around the code, and pixels of a module.
const QUIET: usize = 4;
const SCALE: usize = 5;

/// A text as a QR code: a PNG, as a `data:` URL.
pub(crate) fn qr_code(text: &str) -> Result<String> {
    let code = qrcode::QrCode::new(text.as_bytes()).map_err(Error::internal)?;
    let (width, colors) = (code.width(), code.to_colors());
    let dark = |x: usize, y: usize| {
        let (x, y) = (x.checked_sub(QUIET), y.checked_sub(QUIET));
        let place = x.zip(y).filter(|(x, y)| *x < width && *y < width).map(|(x, y)| y * width + x);
        place.and_then(|at| colors.get(at)) == Some(&qrcode::Color::Dark)
    };
    let side = (width + 2 * QUIET) * SCALE;
    // One bit a pixel, rows padded to whole bytes, 1 for white.
    let row = |y: usize| -> Vec<u8> {
        let bits: Vec<bool> = (0..side).map(|x| !dark(x / SCALE, y / SCALE)).collect();
        let byte =
            |bits: &[bool]| bits.iter().enumerate().fold(0_u8, |byte, (at, bit)| byte | u8::from(*bit) << (7 - at));
        bits.chunks(8).map(byte).collect()
    };
    let pixels: Vec<u8> = (0..side).flat_map(row).collect();
    let mut png = Vec::new();
    let side = u32::try_from(side).map_err(Error::internal)?;
    let mut encoder = png::Encoder::new(&mut png, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    writer.write_image_data(&pixels).map_err(Error::internal)?;
    writer.finish().map_err(Error::internal)?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

fn base32(bytes: &[u8]) -> String {
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.extend(ALPHABET.get((held >> bits & 31) as usize).map(|letter| char::from(*letter)));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.extend(ALPHABET.get((held << (5 - bits) & 31) as usize).map(|letter| char::from(*letter)));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        held = held << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 255).ok()?);
        }
        held &= (1 << bits) - 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B; its codes have eight digits, of which ours are the last six.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(b"12345678901234567890", seconds / 30), eight.split_at(2).1, "{seconds}");
        }
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, coded) in
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(plain.as_bytes()), coded);
            assert_eq!(unbase32(coded).unwrap(), plain.as_bytes());
        }
        assert_eq!(unbase32("MZ1"), None);
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after() {
        let secret = new_secret().unwrap();
        let now = Time(1_767_578_400_000);
        let code = code(&unbase32(&secret).unwrap(), now.0 / STEP);
        for (ms, good) in [(0, true), (STEP, true), (-STEP, true), (2 * STEP, false), (-2 * STEP, false)] {
            assert_eq!(accepted(&secret, &code, now.plus(ms)).is_some(), good, "{ms}");
        }
        assert_eq!(accepted(&secret, &code, now.plus(STEP)), Some(now.0 / STEP), "the step is the code's own");
        assert_eq!(accepted(&secret, "", now), None);
    }

    #[test]
    fn what_an_app_reads() {
        let url = otpauth_url("ABC", "张三 a/b@example.org").unwrap();
        let account = "%E5%BC%A0%E4%B8%89%20a%2Fb@example.org";
        assert_eq!(
            url,
            format!("otpauth://totp/Echodesk:{account}?secret=ABC&issuer=Echodesk&algorithm=SHA1&digits=6&period=30")
        );
        let png = STANDARD.decode(qr_code(&url).unwrap().strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width, info.height);
        assert_eq!(pixels[0], 255, "a light margin");
        assert!(pixels.iter().any(|byte| *byte != 255));
        let code = new_backup_code().unwrap();
        assert_eq!(code.len(), 14);
        assert_eq!(plain(&code.to_lowercase().replace('-', " ")), plain(&code));
    }
}
