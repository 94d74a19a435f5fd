//! A simulated reader's hand: it paints through the same commands as a person with a mouse.

use crate::headless::Driver;
use crate::io::write_labels_nifti;
use crate::phantom::{SimulatedStroke, strokes_for};
use crate::session::{Command, EditCommand, FileCommand, MaskOptions, PointerCommand, Session, Tool, ToolCommand, ViewCommand};
use crate::volume::{Labels, LayerKind};
use anyhow::{Result, anyhow};
use std::time::Duration;

/// Longest wait for the journal.
const PATIENCE: Duration = Duration::from_secs(60);

/// What painting cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effort {
    /// Strokes made.
    pub strokes: usize,
    /// Voxels whose label changed.
    pub voxels: usize,
}

/// Paints `target` on a slice of the open exam, over what is there, and marks the slice done.
///
/// # Errors
/// If no exam is open or the journal does not take the strokes.
pub fn paint_slice(driver: &mut Driver, target: &Labels, slice: usize) -> Result<Effort> {
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    driver.run(Command::View(ViewCommand::Slice(slice)));
    let exam = driver.session().exam().ok_or_else(|| anyhow!("no exam is open"))?;
    let plane = *exam.plane();
    let before = exam.layers().labels(LayerKind::Marrow).clone();
    let wanted = strokes_for(target, &plane, slice);
    let wrong = differing(&before, target, &plane, slice);
    let mut effort = Effort { strokes: 0, voxels: wrong };
    if wrong > 0 {
        // On a bare slice the strokes build the target; on one that holds an adopted proposal they would paint over what is
        // right already, so a hand corrects the differing places only.
        let bare = (0..plane.size()[1]).all(|v| (0..plane.size()[0]).all(|u| before.get(plane.voxel(slice, [u, v])) == 0));
        let strokes = if bare { wanted } else { corrections(&before, target, &plane, slice) };
        for stroke in &strokes {
            make_stroke(driver, stroke);
        }
        effort.strokes = strokes.len();
    }
    if !driver.session().exam().is_some_and(|e| e.layers().is_done(LayerKind::Marrow, slice)) {
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    driver.wait("Saving", PATIENCE, |s| s.all_saved())?;
    Ok(effort)
}

/// A read made in another program: the mask becomes one step on the open exam, and every slice is done.
///
/// # Errors
/// If the mask does not fit, or the journal does not take it.
pub fn bring_mask(driver: &mut Driver, mask: &Labels) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("mask.nii.gz");
    write_labels_nifti(&file, mask, "Simulated read")?;
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    driver.run_to_end("Importing a mask", PATIENCE, Command::File(FileCommand::ImportMask(file, MaskOptions::default())))?;
    driver.run(Command::Edit(EditCommand::AllDone));
    driver.wait("Saving", PATIENCE, Session::all_saved)
}

fn make_stroke(driver: &mut Driver, stroke: &SimulatedStroke) {
    let Some((&first, rest)) = stroke.points.split_first() else { return };
    let size_mm = (stroke.radius_mm * 2.0) as f32;
    if stroke.label == 0 {
        driver.run(Command::Tool(ToolCommand::Choose(Tool::Eraser)));
    } else {
        driver.run(Command::Tool(ToolCommand::Choose(Tool::Brush)));
        driver.run(Command::Tool(ToolCommand::Label(stroke.label)));
    }
    driver.run(Command::Tool(ToolCommand::SizeMm(size_mm)));
    driver.run(Command::Pointer(PointerCommand::Down(first)));
    if !rest.is_empty() {
        driver.run(Command::Pointer(PointerCommand::Move(rest.to_vec())));
    }
    driver.run(Command::Pointer(PointerCommand::Up));
}

fn differing(labels: &Labels, target: &Labels, plane: &crate::space::SlicePlane, slice: usize) -> usize {
    let [width, height] = plane.size();
    let voxels = (0..height).flat_map(|v| (0..width).map(move |u| [u, v]));
    voxels.map(|uv| plane.voxel(slice, uv)).filter(|&v| labels.get(v) != target.get(v)).count()
}

/// Strokes with the smallest brush along every row of pixels that differs: one stroke per row and label.
fn corrections(labels: &Labels, target: &Labels, plane: &crate::space::SlicePlane, slice: usize) -> Vec<SimulatedStroke> {
    let [width, height] = plane.size();
    let mut strokes: Vec<SimulatedStroke> = Vec::new();
    for v in 0..height {
        let mut open: Option<(u8, usize)> = None;
        for u in 0..=width {
            let wanted = (u < width)
                .then(|| plane.voxel(slice, [u, v]))
                .filter(|&voxel| labels.get(voxel) != target.get(voxel))
                .map(|voxel| target.get(voxel));
            if let Some((label, start)) = open
                && wanted != Some(label)
            {
                let ends = vec![[start as f64, v as f64], [(u - 1) as f64, v as f64]];
                strokes.push(SimulatedStroke { label, radius_mm: 0.25, points: ends });
                open = None;
            }
            if open.is_none() {
                open = wanted.map(|label| (label, u));
            }
        }
    }
    strokes
}
