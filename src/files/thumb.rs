//! Smaller pictures of pictures.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// Pixels of a picture that is decoded. A file of some kilobytes can claim to be any size.
const PIXELS_MAX: u64 = 50_000_000;
/// Bytes that decoding may take.
const DECODE_BYTES_MAX: u64 = 256 << 20;
/// Pixels on one side of a thumb.
const SIDE_MAX: u32 = 8192;
/// Bytes of a file that thumbs are made of.
pub(super) const SOURCE_MAX: u64 = 256 << 20;
/// 1 to 100.
const JPEG_QUALITY: u8 = 90;

/// The size of a thumb, such as `100x100`, `100x100t`, `0x50`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThumbSize {
    width: u32,
    height: u32,
    fit: Fit,
}

/// A thumb of some size, written in some way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumb {
    /// How large.
    pub size: ThumbSize,
    /// Written how.
    pub format: ThumbFormat,
}

/// How a thumb is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThumbFormat {
    /// As its picture is, or as PNG.
    #[default]
    Original,
    /// As WebP, without loss.
    WebP,
}

impl Thumb {
    /// What tells its versions from those of other forms of the same file.
    pub fn variant(self) -> &'static str {
        match self.format {
            ThumbFormat::Original => "-t",
            ThumbFormat::WebP => "-w",
        }
    }

    /// What the thumb of a file called `name` is called.
    pub fn name(self, name: &str) -> String {
        match self.format {
            ThumbFormat::Original => format!("{}_{name}", self.size),
            ThumbFormat::WebP => format!("{}_{name}.webp", self.size),
        }
    }
}

/// What becomes of a picture of other proportions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Its middle stays.
    Center,
    /// Its top stays.
    Top,
    /// Its bottom stays.
    Bottom,
    /// All of it stays, and the thumb is smaller on one side.
    Inside,
}

/// Why there is no thumb.
#[derive(Debug, thiserror::Error)]
pub enum ThumbError {
    /// The file is no picture that thumbs are made of.
    #[error("not a picture")]
    NoPicture,
    /// The picture has too many pixels, or the thumb would.
    #[error("too many pixels: {0} x {1}")]
    TooLarge(u32, u32),
    /// The file is longer than files that thumbs are made of.
    #[error("too long: {0} bytes")]
    TooLong(u64),
    /// The picture is more than the decoder can take.
    #[error("the decoder panicked")]
    Panicked,
    /// The picture is broken.
    #[error("the picture cannot be decoded: {0}")]
    Image(#[from] ImageError),
    /// What the disk says.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl ThumbSize {
    /// The size that `text` names; `None` when it is malformed or both sides are 0.
    pub fn parse(text: &str) -> Option<Self> {
        let (sides, fit) = match text.as_bytes().last()? {
            b't' => (&text[..text.len() - 1], Fit::Top),
            b'b' => (&text[..text.len() - 1], Fit::Bottom),
            b'f' => (&text[..text.len() - 1], Fit::Inside),
            _ => (text, Fit::Center),
        };
        let (width, height) = sides.split_once('x')?;
        let side = |digits: &str| {
            let is_plain = digits.bytes().all(|b| b.is_ascii_digit()) && digits == "0"
                || !digits.starts_with(['0', '+']);
            digits.parse::<u32>().ok().filter(|side| is_plain && *side <= SIDE_MAX)
        };
        let (width, height) = (side(width)?, side(height)?);
        (width > 0 || height > 0).then_some(Self { width, height, fit })
    }
}

impl fmt::Display for ThumbSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = match self.fit {
            Fit::Center => "",
            Fit::Top => "t",
            Fit::Bottom => "b",
            Fit::Inside => "f",
        };
        write!(f, "{}x{}{fit}", self.width, self.height)
    }
}

/// Writes the thumb of the picture in `source` to `target`.
///
/// Takes at most some hundred megabytes, whatever the file claims to be. Turned as the camera was
/// held; of animations, the first picture.
pub(super) fn render(source: File, wanted: Thumb, target: File) -> Result<(), ThumbError> {
    let mut reader = ImageReader::new(BufReader::new(source)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let format = reader.format().ok_or(ThumbError::NoPicture)?;
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(ThumbError::TooLarge(width, height));
    }
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    write(&resized(&picture, wanted.size)?, format, wanted.format, target)
}

fn resized(picture: &DynamicImage, size: ThumbSize) -> Result<DynamicImage, ThumbError> {
    let plan = Plan::of(picture.width(), picture.height(), size);
    if plan.width > SIDE_MAX || plan.height > SIDE_MAX {
        return Err(ThumbError::TooLarge(plan.width, plan.height));
    }
    let Crop { x, y, width, height } = plan.crop;
    let part = picture.crop_imm(x, y, width, height);
    Ok(part.resize_exact(plan.width, plan.height, FilterType::Triangle))
}

fn write(
    thumb: &DynamicImage,
    format: ImageFormat,
    wanted: ThumbFormat,
    target: File,
) -> Result<(), ThumbError> {
    let mut writer = BufWriter::new(target);
    match format {
        _ if wanted == ThumbFormat::WebP => {
            let encoder = WebPEncoder::new_lossless(&mut writer);
            thumb.to_rgba8().write_with_encoder(encoder)?;
        }
        ImageFormat::Jpeg => {
            thumb
                .to_rgb8()
                .write_with_encoder(JpegEncoder::new_with_quality(&mut writer, JPEG_QUALITY))?;
        }
        ImageFormat::Gif => {
            let mut encoder = image::codecs::gif::GifEncoder::new(&mut writer);
            encoder.encode_frame(image::Frame::new(thumb.to_rgba8()))?;
        }
        _ => {
            let encoder = image::codecs::png::PngEncoder::new(&mut writer);
            thumb.write_with_encoder(encoder)?;
        }
    }
    writer.flush()?;
    Ok(())
}

/// Which part of a picture becomes a thumb of which size.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    crop: Crop,
    width: u32,
    height: u32,
}

#[derive(Debug, PartialEq, Eq)]
struct Crop {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Plan {
    fn of(width: u32, height: u32, size: ThumbSize) -> Self {
        let whole = Crop { x: 0, y: 0, width, height };
        let scaled = |side: u32, by: u32, of: u32| {
            let scaled = (f64::from(side) * f64::from(by) / f64::from(of)).round();
            // Beyond the range it becomes the largest, which is refused.
            (scaled as u32).max(1)
        };
        match (size.width, size.height, size.fit) {
            (0, wanted, _) => {
                Self { crop: whole, width: scaled(width, wanted, height), height: wanted }
            }
            (wanted, 0, _) => {
                Self { crop: whole, width: wanted, height: scaled(height, wanted, width) }
            }
            (max_width, max_height, Fit::Inside) => {
                if width <= max_width && height <= max_height {
                    return Self { crop: whole, width, height };
                }
                // Whether the width is what has to give.
                let is_wide = u64::from(width) * u64::from(max_height)
                    >= u64::from(height) * u64::from(max_width);
                if is_wide {
                    let height = scaled(height, max_width, width);
                    Self { crop: whole, width: max_width, height }
                } else {
                    let width = scaled(width, max_height, height);
                    Self { crop: whole, width, height: max_height }
                }
            }
            (wanted_width, wanted_height, fit) => {
                let is_wide = u64::from(width) * u64::from(wanted_height)
                    >= u64::from(height) * u64::from(wanted_width);
                let crop = if is_wide {
                    let part = scaled(height, wanted_width, wanted_height).min(width);
                    Crop { x: (width - part) / 2, width: part, ..whole }
                } else {
                    let part = scaled(width, wanted_height, wanted_width).min(height);
                    let y = match fit {
                        Fit::Top => 0,
                        Fit::Bottom => height - part,
                        Fit::Center | Fit::Inside => (height - part) / 2,
                    };
                    Crop { y, height: part, ..whole }
                };
                Self { crop, width: wanted_width, height: wanted_height }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Read, Seek};

    use image::{Rgb, RgbImage};

    use super::*;

    /// A picture whose upper half is red and whose lower half is blue.
    pub(in crate::files) fn png(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |_, y| {
            if y < height / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) }
        });
        let mut bytes = io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn rendered(source: &[u8], size: &str) -> Result<Vec<u8>, ThumbError> {
        let mut input = tempfile::tempfile().unwrap();
        input.write_all(source).unwrap();
        input.rewind().unwrap();
        let mut output = tempfile::tempfile().unwrap();
        let (size, format) = match size.strip_suffix(".webp") {
            Some(size) => (size, ThumbFormat::WebP),
            None => (size, ThumbFormat::Original),
        };
        let wanted = Thumb { size: ThumbSize::parse(size).unwrap(), format };
        render(input, wanted, output.try_clone().unwrap())?;
        output.rewind().unwrap();
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).unwrap();
        Ok(bytes)
    }

    #[test]
    fn sizes_are_read_and_written() {
        for text in ["100x100", "1x2t", "1x2b", "1x2f", "0x50", "50x0"] {
            assert_eq!(ThumbSize::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "x", "0x0", "0x0t", "1x", "x1", "1x1x", "-1x1", "+1x1", "1x1é", "99999x1"]
        {
            assert_eq!(ThumbSize::parse(text), None, "{text}");
        }
    }

    #[test]
    fn thumbs_have_the_size_that_was_asked_for() {
        let wide = png(80, 40);
        for (size, expected) in [
            ("20x20", (20, 20)),
            ("20x20t", (20, 20)),
            ("20x20f", (20, 10)),
            ("100x100f", (80, 40)),
            ("0x20", (40, 20)),
            ("20x0", (20, 10)),
            ("160x0", (160, 80)),
        ] {
            let thumb = image::load_from_memory(&rendered(&wide, size).unwrap()).unwrap();
            assert_eq!((thumb.width(), thumb.height()), expected, "{size}");
        }
    }

    #[test]
    fn the_letter_says_what_stays() {
        let tall = png(20, 80);
        let color = |size: &str| {
            let thumb = image::load_from_memory(&rendered(&tall, size).unwrap()).unwrap().to_rgb8();
            (thumb.get_pixel(10, 1).0, thumb.get_pixel(10, 18).0)
        };
        let (red, blue) = ([255, 0, 0], [0, 0, 255]);
        assert_eq!(color("20x20t"), (red, red));
        assert_eq!(color("20x20b"), (blue, blue));
        assert_eq!(color("20x20"), (red, blue));
    }

    #[test]
    fn formats_stay_but_webp_becomes_png_unless_asked_for() {
        let picture = RgbImage::new(8, 8);
        for (format, expected) in [
            (ImageFormat::Png, ImageFormat::Png),
            (ImageFormat::Jpeg, ImageFormat::Jpeg),
            (ImageFormat::Gif, ImageFormat::Gif),
            (ImageFormat::WebP, ImageFormat::Png),
        ] {
            let mut bytes = io::Cursor::new(Vec::new());
            picture.write_to(&mut bytes, format).unwrap();
            let thumb = rendered(bytes.get_ref(), "4x4").unwrap();
            assert_eq!(image::guess_format(&thumb).unwrap(), expected);
            let thumb = rendered(bytes.get_ref(), "4x4.webp").unwrap();
            assert_eq!(image::guess_format(&thumb).unwrap(), ImageFormat::WebP);
        }
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_not_decoded() {
        let mut bomb = png(1, 1);
        // Width and height are in the first chunk, behind the signature; its checksum follows.
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let crc = crc32fast::hash(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(rendered(&bomb, "10x10"), Err(ThumbError::TooLarge(65535, 65535))));
        assert!(matches!(rendered(b"text", "10x10"), Err(ThumbError::NoPicture)));
        assert!(matches!(rendered(&png(8, 8)[..40], "10x10"), Err(ThumbError::Image(_))));
    }
}
