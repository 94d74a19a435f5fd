//! Writing a layer as a BINARY segmentation (PS3.3 A.51, C.8.20) that refers to its source images.

use super::super::super::error::IoError;
use super::super::super::save::atomic_write;
use super::super::super::source::{Plan, SourceVolume};
use super::super::data_set::View;
use super::super::load::{Loaded, load, read_bytes};
use super::super::stack::{Stack, dot};
use super::codes::{Code, SegmentMeaning};
use super::element::Elements;
use crate::volume::Labels;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SEG_CLASS: &str = "1.2.840.10008.5.1.4.1.1.66.4";
const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
/// Names this program; a random UUID (PS3.5 B.2) drawn once.
const IMPLEMENTATION: &str = "2.25.218316472913345286129451873330245187731";
const SEGMENTATION: Code = Code { value: "113076", scheme: "DCM", meaning: "Segmentation" };
const SOURCE_IMAGE: Code = Code { value: "121322", scheme: "DCM", meaning: "Source image for image processing operation" };

/// How the voxels of a segment came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// By a person's hand.
    Manual,
    /// By a person with a model's help.
    SemiAutomatic,
    /// By a model or a consensus alone.
    Automatic,
}

/// One label of the layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its number in the label map.
    pub value: u8,
    /// Words on screen.
    pub label: String,
    /// Coded meaning.
    pub meaning: SegmentMeaning,
    /// How it came to be.
    pub algorithm: Algorithm,
    /// sRGB.
    pub colour: [u8; 3],
}

/// What else the object says.
#[derive(Clone, Debug, PartialEq)]
pub struct SegNote {
    /// Series description, ASCII.
    pub description: String,
    /// Who made it: a reader's code.
    pub creator: String,
    /// When, `YYYYMMDD` and `HHMMSS`.
    pub date_time: [String; 2],
    /// Number of the new series.
    pub series_number: u32,
    /// Random numbers for series, instance and dimension organisation.
    pub uids: [u128; 3],
}

/// Writes the labels of one layer over the series that they were painted on. Slices without a label have no frame. Segments are
/// numbered from 1 in the order given (PS3.3 C.8.20.4 asks for it): with all labels of a scheme, number and label are the same.
///
/// # Errors
/// If the volume did not come from DICOM or lies on another grid, a source lacks what a segmentation must repeat, there is no
/// voxel to write, or the file cannot be written.
pub fn write_seg(path: &Path, source: &SourceVolume, labels: &Labels, segments: &[Segment], note: &SegNote) -> Result<(), IoError> {
    let Plan::Dicom(stack) = &source.plan else {
        return Err(IoError::unsupported(&source.path, "a DICOM segmentation needs the DICOM images that were read"));
    };
    let same_place = (0..3).all(|a| labels.grid().shape()[a] == stack.shape[a])
        && labels
            .grid()
            .world_from_voxel()
            .matrix()
            .iter()
            .flatten()
            .zip(stack.world_from_voxel.matrix().iter().flatten())
            .all(|(a, b)| (a - b).abs() < 1e-3);
    if !same_place {
        return Err(IoError::unsupported(&source.path, "the masks do not lie on the grid of these images; name the series that was read"));
    }
    let sources = Sources::open(stack)?;
    let frames = frames(labels, segments);
    if frames.is_empty() {
        return Err(IoError::unsupported(path, "there is no labelled voxel to write"));
    }
    let uid = |number: u128| format!("2.25.{number}");
    let instance = uid(note.uids[1]);
    let mut meta = Elements::default();
    meta.bytes(0x0002_0001, b"OB", vec![0, 1]).text(0x0002_0002, b"UI", SEG_CLASS).text(0x0002_0003, b"UI", &instance);
    meta.text(0x0002_0010, b"UI", EXPLICIT_LITTLE).text(0x0002_0012, b"UI", IMPLEMENTATION).text(0x0002_0013, b"SH", "OSTEON");
    let meta = meta.encode();
    let mut set = sources.general(note, &instance)?;
    image_and_segments(&mut set, stack, segments, frames.len());
    set.text(0x0020_000e, b"UI", &uid(note.uids[0]));
    dimensions(&mut set, &uid(note.uids[2]));
    shared_groups(&mut set, stack);
    per_frame_groups(&mut set, stack, &sources, &frames);
    set.bytes(0x7fe0_0010, b"OB", pack(labels, &frames, segments, stack.shape));
    let set = set.encode();
    Ok(atomic_write(path, |out| {
        out.write_all(&[0; 128])?;
        out.write_all(b"DICM")?;
        // Group length: the bytes of group 2 that follow it.
        out.write_all(&[2, 0, 0, 0, b'U', b'L', 4, 0])?;
        out.write_all(&(meta.len() as u32).to_le_bytes())?;
        out.write_all(&meta)?;
        out.write_all(&set)
    })?)
}

/// One segment on one slice.
struct SegFrame {
    /// Position in the list of segments.
    segment: usize,
    slice: usize,
}

/// Frames that hold a voxel, by segment, then slice.
fn frames(labels: &Labels, segments: &[Segment]) -> Vec<SegFrame> {
    let mut held: BTreeMap<(usize, usize), ()> = BTreeMap::new();
    labels.for_each_labelled(|voxel, label| {
        if let Some(segment) = segments.iter().position(|s| s.value == label) {
            held.entry((segment, voxel[2])).or_default();
        }
    });
    held.into_keys().map(|(segment, slice)| SegFrame { segment, slice }).collect()
}

/// One bit per pixel, the first pixel in the lowest bit, frames without a gap (PS3.5 8.1.1).
fn pack(labels: &Labels, frames: &[SegFrame], segments: &[Segment], shape: [usize; 3]) -> Vec<u8> {
    let plane = shape[0] * shape[1];
    let mut bits = vec![0_u8; (plane * frames.len()).div_ceil(8)];
    for (number, frame) in frames.iter().enumerate() {
        for j in 0..shape[1] {
            for i in 0..shape[0] {
                if labels.get([i, j, frame.slice]) == segments[frame.segment].value {
                    let at = number * plane + j * shape[0] + i;
                    bits[at / 8] |= 1 << (at % 8);
                }
            }
        }
    }
    bits
}

/// The source files that the stack names, opened again for what only they know.
struct Sources {
    files: BTreeMap<PathBuf, Loaded>,
    first: PathBuf,
}

impl Sources {
    fn open(stack: &Stack) -> Result<Self, IoError> {
        let mut files = BTreeMap::new();
        let first = stack.slices.first().map(|s| s.file.path.clone()).unwrap_or_default();
        for slice in &stack.slices {
            let path = &slice.file.path;
            if !files.contains_key(path) {
                let loaded = load(path, read_bytes(path)?)?;
                for (tag, name) in
                    [(0x0008_0016, "SOP class"), (0x0008_0018, "SOP instance"), (0x0020_000d, "study"), (0x0020_000e, "series")]
                {
                    if loaded.view().text(tag).is_none() {
                        return Err(IoError::unsupported(path, format!("a segmentation cannot refer to a file without a {name} UID")));
                    }
                }
                files.insert(path.clone(), loaded);
            }
        }
        Ok(Self { files, first })
    }

    fn view(&self, path: &Path) -> Option<View<'_>> {
        self.files.get(path).map(Loaded::view)
    }

    /// `SOP class` and `SOP instance` of a file.
    fn reference(&self, path: &Path) -> Elements {
        let mut item = Elements::default();
        if let Some(view) = self.view(path) {
            item.text(0x0008_1150, b"UI", &view.text(0x0008_0016).unwrap_or_default());
            item.text(0x0008_1155, b"UI", &view.text(0x0008_0018).unwrap_or_default());
        }
        item
    }

    /// Patient, study, series, equipment and common modules.
    fn general(&self, note: &SegNote, instance: &str) -> Result<Elements, IoError> {
        let Some(source) = self.view(&self.first) else {
            return Err(IoError::unsupported(&self.first, "the series has no file"));
        };
        let frame_of_reference = source
            .text(0x0020_0052)
            .ok_or_else(|| IoError::unsupported(&self.first, "a segmentation cannot refer to images without a frame of reference UID"))?;
        let mut set = Elements::default();
        set.copy_if_there(&source, 0x0008_0005, b"CS").text(0x0008_0008, b"CS", "DERIVED\\PRIMARY").text(0x0008_0016, b"UI", SEG_CLASS);
        set.text(0x0008_0018, b"UI", instance).copy(&source, 0x0008_0020, b"DA").copy(&source, 0x0008_0030, b"TM");
        let [date, time] = &note.date_time;
        set.text(0x0008_0021, b"DA", date).text(0x0008_0023, b"DA", date).text(0x0008_0031, b"TM", time).text(0x0008_0033, b"TM", time);
        set.copy(&source, 0x0008_0050, b"SH").text(0x0008_0060, b"CS", "SEG").text(0x0008_0070, b"LO", "Osteon");
        set.copy(&source, 0x0008_0090, b"PN").copy_if_there(&source, 0x0008_1030, b"LO");
        set.text(0x0008_103e, b"LO", &short(&note.description, 64)).text(0x0008_1090, b"LO", "Osteon");
        for (tag, vr) in [(0x0010_0010, b"PN"), (0x0010_0020, b"LO"), (0x0010_0030, b"DA"), (0x0010_0040, b"CS")] {
            set.copy(&source, tag, vr);
        }
        set.text(0x0018_1000, b"LO", "1").text(0x0018_1020, b"LO", env!("CARGO_PKG_VERSION"));
        set.copy(&source, 0x0020_000d, b"UI").copy(&source, 0x0020_0010, b"SH");
        set.text(0x0020_0011, b"IS", &note.series_number.to_string()).text(0x0020_0013, b"IS", "1");
        set.text(0x0020_0052, b"UI", &frame_of_reference).copy(&source, 0x0020_1040, b"LO");
        set.text(0x0070_0080, b"CS", "SEGMENTATION").text(0x0070_0081, b"LO", &short(&note.description, 64));
        set.text(0x0070_0084, b"PN", &format!("{}^", short(&note.creator, 60)));
        let mut by_series: BTreeMap<String, Vec<Elements>> = BTreeMap::new();
        for (path, file) in &self.files {
            by_series.entry(file.view().text(0x0020_000e).unwrap_or_default()).or_default().push(self.reference(path));
        }
        let series = by_series.into_iter().map(|(uid, instances)| {
            let mut item = Elements::default();
            item.sequence(0x0008_114a, instances).text(0x0020_000e, b"UI", &uid);
            item
        });
        set.sequence(0x0008_1115, series.collect());
        Ok(set)
    }
}

/// At most so many signs of plain ASCII; the source's character set may know no others.
fn short(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '-' }).filter(|c| *c != '\\').take(most).collect()
}

fn image_and_segments(set: &mut Elements, stack: &Stack, segments: &[Segment], frames: usize) {
    set.us(0x0028_0002, &[1]).text(0x0028_0004, b"CS", "MONOCHROME2").text(0x0028_0008, b"IS", &frames.to_string());
    set.us(0x0028_0010, &[stack.shape[1] as u16]).us(0x0028_0011, &[stack.shape[0] as u16]);
    set.us(0x0028_0100, &[1]).us(0x0028_0101, &[1]).us(0x0028_0102, &[0]).us(0x0028_0103, &[0]);
    set.text(0x0028_2110, b"CS", "00").text(0x0062_0001, b"CS", "BINARY").text(0x0062_0013, b"CS", "NO");
    let items = segments.iter().enumerate().map(|(at, segment)| {
        let mut item = Elements::default();
        let none = Elements::default;
        item.code(0x0062_0003, &segment.meaning.category, none()).us(0x0062_0004, &[(at + 1) as u16]);
        item.text(0x0062_0005, b"LO", &short(&segment.label, 64));
        let algorithm = match segment.algorithm {
            Algorithm::Manual => "MANUAL",
            Algorithm::SemiAutomatic => "SEMIAUTOMATIC",
            Algorithm::Automatic => "AUTOMATIC",
        };
        item.text(0x0062_0008, b"CS", algorithm);
        if segment.algorithm != Algorithm::Manual {
            item.text(0x0062_0009, b"LO", "Osteon U-Net");
        }
        item.us(0x0062_000d, &lab(segment.colour));
        let mut modifier = none();
        if let Some(side) = &segment.meaning.side {
            modifier.code(0x0062_0011, side, none());
        }
        item.code(0x0062_000f, &segment.meaning.of_type, modifier);
        if let Some(region) = &segment.meaning.region {
            item.code(0x0008_2218, region, none());
        }
        item
    });
    set.sequence(0x0062_0002, items.collect());
}

fn dimensions(set: &mut Elements, uid: &str) {
    let mut organisation = Elements::default();
    organisation.text(0x0020_9164, b"UI", uid);
    set.sequence(0x0020_9221, vec![organisation]);
    let index = |pointer: u32, group: u32, label: &str| {
        let mut item = Elements::default();
        item.text(0x0020_9164, b"UI", uid).at(0x0020_9165, pointer).at(0x0020_9167, group).text(0x0020_9421, b"LO", label);
        item
    };
    let segment = index(0x0062_000b, 0x0062_000a, "ReferencedSegmentNumber");
    set.sequence(0x0020_9222, vec![segment, index(0x0020_0032, 0x0020_9113, "ImagePositionPatient")]);
}

fn shared_groups(set: &mut Elements, stack: &Stack) {
    let (mut item, mut orientation, mut measures) = (Elements::default(), Elements::default(), Elements::default());
    let frame = stack.slices[0].frame();
    orientation.ds(0x0020_0037, &frame.orientation_lps.unwrap_or([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]));
    let spacing = stack.world_from_voxel.spacing().mm();
    // Along the normal (PS3.3 C.7.6.2.1), also where the step from slice to slice is oblique.
    let between_slices = match (stack.slices[0].directions(), stack.world_from_voxel.column(2)) {
        (Some([_, _, normal]), [x, y, z]) => dot([-x, -y, z], normal).abs(),
        (None, _) => spacing[2],
    };
    measures.ds(0x0018_0050, &[frame.thickness_mm.unwrap_or(between_slices)]).ds(0x0018_0088, &[between_slices]);
    measures.ds(0x0028_0030, &[spacing[1], spacing[0]]);
    item.sequence(0x0020_9116, vec![orientation]).sequence(0x0028_9110, vec![measures]);
    set.sequence(0x5200_9229, vec![item]);
}

fn per_frame_groups(set: &mut Elements, stack: &Stack, sources: &Sources, frames: &[SegFrame]) {
    let items = frames.iter().map(|frame| {
        let slice = &stack.slices[frame.slice];
        let (mut item, mut content, mut position, mut segment) =
            (Elements::default(), Elements::default(), Elements::default(), Elements::default());
        content.ul(0x0020_9157, &[frame.segment as u32 + 1, frame.slice as u32 + 1]);
        position.ds(0x0020_0032, &slice.frame().position_lps.unwrap_or_default());
        segment.us(0x0062_000b, &[frame.segment as u16 + 1]);
        let mut image = sources.reference(&slice.file.path);
        if slice.file.frames.len() > 1 {
            image.text(0x0008_1160, b"IS", &(slice.number + 1).to_string());
        }
        image.text(0x0028_135a, b"CS", "YES").code(0x0040_a170, &SOURCE_IMAGE, Elements::default());
        let mut derivation = Elements::default();
        derivation.sequence(0x0008_2112, vec![image]).code(0x0008_9215, &SEGMENTATION, Elements::default());
        item.sequence(0x0020_9111, vec![content]).sequence(0x0020_9113, vec![position]);
        item.sequence(0x0062_000a, vec![segment]).sequence(0x0008_9124, vec![derivation]);
        item
    });
    set.sequence(0x5200_9230, items.collect());
}

/// sRGB as CIELab with white point D50, scaled as PS3.3 C.10.7.1.1 asks.
fn lab([r, g, b]: [u8; 3]) -> [u16; 3] {
    let linear = |v: u8| {
        let v = f64::from(v) / 255.0;
        if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = [linear(r), linear(g), linear(b)];
    // sRGB to XYZ, adapted to D50 (Bradford; Lindbloom).
    let x = 0.436_074_7 * r + 0.385_064_9 * g + 0.143_080_4 * b;
    let y = 0.222_504_5 * r + 0.716_878_6 * g + 0.060_616_9 * b;
    let z = 0.013_932_2 * r + 0.097_104_5 * g + 0.714_173_3 * b;
    let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let (fx, fy, fz) = (f(x / 0.964_22), f(y), f(z / 0.825_21));
    let scaled = |value: f64, low: f64, high: f64| (((value - low) / (high - low)).clamp(0.0, 1.0) * 65_535.0).round() as u16;
    [scaled(116.0 * fy - 16.0, 0.0, 100.0), scaled(500.0 * (fx - fy), -128.0, 127.0), scaled(200.0 * (fy - fz), -128.0, 127.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_white_and_red_is_red() {
        assert_eq!(lab([0, 0, 0])[0], 0);
        let white = lab([255, 255, 255]);
        assert!(white[0] > 65_500 && white[1].abs_diff(32_896) < 30 && white[2].abs_diff(32_896) < 30, "{white:?}");
        // L* 54.3, a* 80.8, b* 69.9 (Lindbloom's calculator).
        let red = lab([255, 0, 0]);
        assert!(red[0].abs_diff(35_580) < 60 && red[1].abs_diff(53_660) < 80 && red[2].abs_diff(50_860) < 80, "{red:?}");
    }
}
