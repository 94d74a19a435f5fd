//! Pictures of the demo, drawn with the same arithmetic as the window.

use crate::gpu::{Layer, OverlayStyle, SliceFrame, SliceImage, SliceLabels, SliceView};
use crate::headless::Driver;
use crate::io::atomic_write;
use crate::session::WindowPreset;
use crate::space::SlicePlane;
use crate::study::{ExamCode, Study};
use crate::volume::{Image, LabelScheme, Labels, LayerKind};
use anyhow::{Context as _, Result, anyhow};
use image::{ImageFormat, RgbaImage};
use std::path::Path;
use std::sync::Arc;

/// Width and height of one pane in pixels.
const PANE: [u32; 2] = [480, 560];
/// Pixels between panes.
const GAP: u32 = 6;

/// The proposal on the open exam, on the slice where it suggests most: image, proposal, image with proposal and read.
///
/// # Errors
/// If the picture cannot be written.
pub(super) fn proposal(driver: &Driver, out: &Path) -> Result<()> {
    let exam = driver.session().exam().ok_or_else(|| anyhow!("no exam is open"))?;
    let Some(proposal) = exam.proposal() else { return Ok(()) };
    let image = exam.reading_image();
    let labels = &proposal.result.labels;
    let slice = fullest_slice(labels, exam.plane());
    let scheme = LabelScheme::marrow();
    let bare = pane(image, exam.plane(), slice, &[])?;
    let hatched = pane(image, exam.plane(), slice, &[(labels, OverlayStyle::proposal(&scheme))])?;
    let version = proposal.result.model_version.replace('/', "-v");
    save(&out.join(format!("proposal_{}_{version}.png", exam.code())), &[bare, hatched])
}

/// Every reader's marrow levels side by side on the slice where reader 1 painted most.
///
/// # Errors
/// If the picture cannot be written.
pub(super) fn readers(study: &Study, exam: &ExamCode, out: &Path) -> Result<()> {
    let record = study.exam(exam)?;
    let image = study.load_image(exam, &record.reading_sequence)?;
    let plane = SlicePlane::acquisition(image.grid().world_from_voxel(), image.grid().shape());
    let reads = study.reads_for_comparison(exam)?;
    let mut maps = Vec::new();
    for (_, view) in &reads {
        maps.push(view.state()?.labels(LayerKind::Marrow).clone());
    }
    let first = maps.first().context("the exam has no reads")?;
    let slice = fullest_slice(first, &plane);
    let scheme = LabelScheme::marrow();
    let mut panes = vec![pane(&image, &plane, slice, &[])?];
    for labels in &maps {
        panes.push(pane(&image, &plane, slice, &[(labels, OverlayStyle::paint(&scheme))])?);
    }
    save(&out.join(format!("readers_{exam}.png")), &panes)
}

fn fullest_slice(labels: &Labels, plane: &SlicePlane) -> usize {
    let mut counts = vec![0_usize; plane.slice_count()];
    labels.for_each_labelled(|voxel, _| counts[voxel[plane.slice_axis()]] += 1);
    (0..counts.len()).max_by_key(|&slice| counts[slice]).unwrap_or(0)
}

fn pane(image: &Image, plane: &SlicePlane, slice: usize, layers: &[(&Labels, OverlayStyle)]) -> Result<RgbaImage> {
    let window = WindowPreset::AirBlack.window(image);
    let view =
        SliceView::new(PANE).fitted(plane.size(), plane.pixel_mm(image.grid().world_from_voxel())).windowed(window.lower(), window.upper());
    let slice_image = Arc::new(SliceImage::extract(image, plane, slice)?);
    let mut drawn = Vec::new();
    for (labels, style) in layers {
        drawn.push(Layer { labels: Arc::new(SliceLabels::extract(labels, plane, slice)?), style: Arc::new(style.clone()) });
    }
    let pixels = SliceFrame::new(view, slice_image, drawn).render();
    RgbaImage::from_raw(PANE[0], PANE[1], pixels.into_iter().flatten().collect()).context("a picture has an odd size")
}

fn save(path: &Path, panes: &[RgbaImage]) -> Result<()> {
    let count = panes.len() as u32;
    let mut sheet = RgbaImage::from_pixel(count * PANE[0] + (count - 1) * GAP, PANE[1], image::Rgba([14, 16, 17, 255]));
    for (at, pane) in panes.iter().enumerate() {
        image::imageops::replace(&mut sheet, pane, i64::from(at as u32 * (PANE[0] + GAP)), 0);
    }
    let mut png = std::io::Cursor::new(Vec::new());
    sheet.write_to(&mut png, ImageFormat::Png)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(atomic_write(path, |w| w.write_all(png.get_ref()))?)
}
