//! A small JPEG of a picture. What can't be drawn within the bound on memory has none, which is no error.

use super::Seen;
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use model::media::PictureKind;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The longest side of a small picture.
const SIDE: u32 = 320;
const QUALITY: u8 = 80;
/// What drawing one picture may take of the memory.
const MEMORY: u64 = 128 << 20;

/// The small one, upright; `None` where the picture itself is small.
pub(crate) fn thumbnail(kind: PictureKind, path: &Path, seen: Seen) -> Result<Option<Vec<u8>>, String> {
    if seen.width <= SIDE && seen.height <= SIDE {
        return Ok(None);
    }
    // Three bytes a pixel are the least that it takes.
    if u64::from(seen.width) * u64::from(seen.height) * 3 > MEMORY {
        return Err("it is too large to be drawn".to_owned());
    }
    let format = match kind {
        PictureKind::Jpeg => ImageFormat::Jpeg,
        PictureKind::Png => ImageFormat::Png,
        PictureKind::Gif => ImageFormat::Gif,
        PictureKind::WebP => ImageFormat::WebP,
    };
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut reader = ImageReader::with_format(BufReader::new(file), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let whole = reader.decode().map_err(|error| error.to_string())?;
    let mut small = whole.thumbnail(SIDE, SIDE);
    drop(whole);
    small.apply_orientation(Orientation::from_exif(seen.orientation).unwrap_or(Orientation::NoTransforms));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&on_white(&small)).map_err(|e| e.to_string())?;
    Ok(Some(bytes))
}

/// JPEG knows no transparency: what shines through is white.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let picture = picture.to_rgba8();
    let blend = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        u8::try_from((colour * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        Rgb([blend(red, alpha), blend(green, alpha), blend(blue, alpha)])
    })
}
