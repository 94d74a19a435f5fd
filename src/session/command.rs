//! Everything a person can ask for. Views push these; only [`super::Session::apply`] acts on them.

use super::compare_command::CompareCommand;
use super::conditions::Conditions;
use super::display::WindowPreset;
use super::layout::Layout;
use super::model_command::ModelCommand;
use super::tool::Tool;
use super::view_state::Workspace;
use crate::edit::tools::LabelSet;
use crate::study::{AuditFilter, ExamCode, Look, Mark, PixelBox, SequenceName, Target};
use crate::volume::LayerKind;
use crate::worker::message::{AtlasMask, ExportHow, NewScores, PickPurpose, ReportChoice, Role};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One request of the person.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Opening, importing, exporting, leaving.
    File(FileCommand),
    /// Study, role and exams.
    Study(StudyCommand),
    /// What is seen and how.
    View(ViewCommand),
    /// Tools and what they paint with.
    Tool(ToolCommand),
    /// The pointer on the picture, in in-plane pixel coordinates.
    Pointer(PointerCommand),
    /// Changes to the read other than by pointer.
    Edit(EditCommand),
    /// Training, proposals, versions.
    Model(ModelCommand),
    /// Comparing reads (coordinator).
    Compare(CompareCommand),
    /// The import that is being looked at.
    Import(ImportCommand),
    /// Scoring masks by eye.
    Score(ScoreCommand),
}

/// Scoring.
#[derive(Clone, Debug, PartialEq)]
pub enum ScoreCommand {
    /// Make a session (coordinator).
    Make(NewScores),
    /// Mark in a session.
    Open {
        /// The session.
        session: ExamCode,
        /// Who marks.
        scorer: String,
    },
    /// Leave the session; it goes on where it was left.
    Close,
    /// Go to a mask, from 0.
    Go(usize),
    /// Go so many masks further.
    Step(i32),
    /// Set a mark on the mask shown, or take it away.
    Mark(Target, Option<Mark>),
    /// Move a mark by hundredths.
    Nudge(Target, i32),
    /// What is written so far of the comment on the mask shown.
    WriteComment(String),
    /// The comment that is being written is finished.
    EndComment,
    /// Show or hide marks as numbers.
    ToggleNumbers,
    /// Lock the session: its marks stand.
    Lock,
    /// Unblind a locked session and make Table 2 (coordinator).
    Unblind {
        /// The session.
        session: ExamCode,
        /// Where the key is, if not in the coordinator's folder.
        key: Option<PathBuf>,
        /// Age and slices with signal.
        covariates: Option<PathBuf>,
    },
    /// Choose the key of a locked session, then unblind it (coordinator).
    FindKey(ExamCode),
}

/// What a person says of an import before it happens; places are exam and sequence of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum ImportCommand {
    /// Show a sequence.
    Show([usize; 2]),
    /// Show one of its slices, or the brightest of all.
    Slice(Option<usize>),
    /// Import a sequence, or leave it out.
    Choose([usize; 2], bool),
    /// Call a sequence something else.
    Rename([usize; 2], SequenceName),
    /// Let a sequence be the one that is read.
    Read([usize; 2]),
    /// What a person saw of a sequence's pixels.
    Look([usize; 2], Look),
    /// Nothing that waits shows a name.
    AllClean,
    /// Black out a rectangle of a sequence.
    Mask([usize; 2], PixelBox),
    /// Import what is chosen.
    Go,
    /// Import nothing.
    Cancel,
}

/// Files.
#[derive(Clone, Debug, PartialEq)]
pub enum FileCommand {
    /// Ask for a path, by the system's dialog or by the built-in entry.
    Pick(PickPurpose),
    /// Use a path for a purpose (typed, picked or dropped).
    Use(PickPurpose, PathBuf),
    /// Read a mask made elsewhere into the active layer of the open exam.
    ImportMask(PathBuf, MaskOptions),
    /// Write masks into a folder.
    Export(ExportHow, PathBuf),
    /// Show the built-in path entry for a purpose.
    ShowPathEntry(PickPurpose),
    /// List a folder in the built-in path entry.
    List(PathBuf),
    /// Close the built-in path entry.
    ClosePathEntry,
    /// Make and open the sample study.
    OpenSample,
    /// Write rows again that could not be saved.
    RetrySave,
    /// Stop a running job.
    CancelJobs,
    /// Leave the program.
    Quit,
}

/// The study.
#[derive(Clone, Debug, PartialEq)]
pub enum StudyCommand {
    /// Say who sits here.
    ChooseRole(Role),
    /// Change reader or coordinator.
    LeaveRole,
    /// Open an exam.
    OpenExam(ExamCode),
    /// Confirm the reading conditions as answered.
    ConfirmConditions,
    /// The exam this many places further in the list.
    StepExam(i32),
    /// Look the open read over before it is sealed.
    Submit,
    /// Seal the open read.
    Seal,
    /// Go on reading instead.
    CancelSubmit,
    /// Write the rules of the study (coordinator).
    SaveProtocol(String),
    /// Draw the split now, by the shares as they are written (coordinator).
    DrawSplit,
    /// Begin a new read beside the sealed one.
    ReadAgain,
    /// Compare all reads (coordinator).
    Compare,
    /// Paint exams of the atlas and see how far from it one is (reader).
    Calibrate,
    /// Back to the study.
    EndCalibration,
    /// Choose what the open exam goes into the atlas with (coordinator).
    BeginAtlasExam,
    /// Leave the atlas as it is.
    CancelAtlasExam,
    /// Take the exam into the atlas.
    AddToAtlas {
        /// The mask that was agreed on.
        mask: AtlasMask,
        /// What to say of it.
        notes: String,
    },
    /// Walk the journals and show the entries of those chosen.
    Audit(AuditFilter),
    /// Write the report of all finished reads (coordinator).
    Report(Box<ReportChoice>),
}

/// Looking.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewCommand {
    /// Go to a slice (from 0).
    Slice(usize),
    /// Move by slices.
    StepSlice(i32),
    /// Set the grey values shown black and white.
    Window {
        /// Shown black.
        lower: f32,
        /// Shown white.
        upper: f32,
    },
    /// Change window and level by a drag in screen points: right widens, down darkens.
    DragWindow {
        /// To the right.
        dx: f32,
        /// Downwards.
        dy: f32,
    },
    /// Use a preset.
    Preset(WindowPreset),
    /// Back to the window that the protocol's rule gives.
    FollowRule,
    /// Grey values on the study's standard scale, or as they are.
    ToggleStandardised,
    /// Zoom by a factor around an in-plane pixel.
    Zoom {
        /// Above 1 enlarges.
        factor: f32,
        /// Stays where it is.
        anchor_uv: [f32; 2],
    },
    /// Move the picture by in-plane pixels.
    Pan {
        /// In-plane pixels.
        by_uv: [f32; 2],
    },
    /// Fit the slice to the pane.
    Fit,
    /// Smooth or nearest.
    ToggleSmooth,
    /// Hide or show all paint.
    ToggleOverlay,
    /// Opacity of fills, 0 to 1.
    Opacity(f32),
    /// A pattern per level.
    TogglePatterns,
    /// Show or hide a layer.
    ToggleLayer(LayerKind),
    /// Show another sequence of the exam.
    Sequence(usize),
    /// Lay the panes out.
    Layout(Layout),
    /// Show or hide the lines where panes cut each other.
    ToggleCrosshair,
    /// Bring a voxel of the reading grid on screen in every pane.
    Cursor([usize; 3]),
    /// Show or hide the lens at the pointer.
    Magnifier(bool),
    /// Let slices run by themselves, or stop them.
    ToggleCine,
    /// The patient's next other visit beside the picture; after the last one the sequence again.
    NextVisit,
    /// Moves that visit by slices against the exam.
    ShiftVisit(i32),
    /// Faster or slower.
    StepCineRate(i32),
    /// The next slice of a cine.
    CineStep,
    /// Change the key of an action (by id); `None` goes back to the usual ones, an empty word takes it away.
    BindKey {
        /// The action's id.
        action: String,
        /// The key in words.
        key: Option<String>,
    },
    /// Brush size by pen pressure, or not.
    TogglePenPressure,
    /// Show or hide the sacro-iliac form.
    ToggleForm,
    /// Show or hide the atlas beside the picture.
    ToggleAtlas,
    /// The exam of the atlas this many places further.
    StepAtlas(i32),
    /// Move by slices of the atlas alone.
    ScrollAtlas(i32),
    /// Show the test pattern, or go back to the exam.
    ToggleConditions,
    /// What the reader says of room and monitor, not yet confirmed.
    Conditions(Conditions),
    /// Change the workspace.
    Workspace(Workspace),
    /// Show or hide the help window.
    ToggleHelp,
    /// Show or hide the command palette.
    TogglePalette,
    /// Where the pointer is, in in-plane pixels; `None` outside the picture.
    Hover(Option<[f32; 2]>),
    /// Take all measures of the slice shown away.
    ClearMeasures,
    /// Take a notice away.
    DismissNotice(u64),
    /// The Protocol page holds changes that are in no file, or holds none any more.
    ProtocolChanged(bool),
    /// Takes all notices away.
    DismissNotices,
}

/// Tools.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToolCommand {
    /// Take a tool.
    Choose(Tool),
    /// Brush diameter in mm.
    SizeMm(f32),
    /// Next larger or smaller brush.
    StepSize(i32),
    /// Label to paint with; chooses the brush if the eraser was in hand.
    Label(u8),
    /// Layer to paint on.
    Layer(LayerKind),
    /// Disc or square.
    ToggleBrushShape,
    /// Into neighbouring slices, or not.
    ToggleThreeD,
    /// Marrow only inside bone.
    ToggleInsideBone,
    /// Only grey values within the band.
    ToggleInsideBand,
    /// Only within the region of the metaphysis squares.
    ToggleInsideRegion,
    /// Operations on the slice shown, or on the whole exam.
    ToggleWholeExam,
    /// Size of margins and smoothing in mm.
    ByMm(f32),
    /// Islands below this go, in mm³.
    IslandMm3(f32),
    /// How many standard deviations labels may grow into.
    Spread(f32),
    /// From where a level (1 to 3) begins, as a multiple of fatty marrow.
    LevelFrom(u8, f32),
    /// How far grey values may differ in a fill.
    Tolerance(Option<f32>),
    /// Gaps that a fill does not pass, in mm.
    GapMm(f32),
    /// Over which labels (0 = background); `None` = over all.
    Over(Option<LabelSet>),
    /// Lower grey value of the band.
    ThresholdLower(f32),
    /// Upper grey value of the band.
    ThresholdUpper(f32),
}

/// Pointer on the picture; positions are in-plane pixels (u, v), centres are whole numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum PointerCommand {
    /// Button down.
    Down([f64; 2]),
    /// How hard a pen presses from here on, 0 to 1.
    Pressure(f32),
    /// Every position since the last frame, in order.
    Move(Vec<[f64; 2]>),
    /// Button up.
    Up,
    /// Finish what takes several clicks (close an outline).
    Finish,
    /// Give up what is under way.
    Cancel,
}

/// Changes without the pointer.
#[derive(Clone, Debug, PartialEq)]
pub enum EditCommand {
    /// Take the last step back.
    Undo,
    /// Do it again.
    Redo,
    /// Undo or redo until this row is the last one done.
    GoToRow(u64),
    /// Mark the slice done or not done.
    ToggleDone,
    /// Flag the slice shown, to come back to it, or take the flag away.
    ToggleFlag,
    /// Begin to write a comment on the slice shown.
    BeginComment,
    /// What is written so far of the comment on the slice shown.
    WriteComment(String),
    /// The comment that is being written is finished.
    EndComment,
    /// The sacro-iliac form.
    Form(FormCommand),
    /// Mark all slices done.
    AllDone,
    /// Take the fatty-marrow reference away.
    ClearReference,
    /// Remove the outline (or metaphysis square) that is selected.
    DeleteOutline,
    /// Remove the corner of an outline under the pointer.
    DeleteCorner,
    /// Round the selected outline off.
    SmoothOutline,
    /// Turn the selected metaphysis square to the other side of the physis.
    FlipSquare,
    /// Change whole shapes of the active layer.
    Shape(ShapeCommand),
    /// Adopt the proposal.
    Adopt(AdoptWhat),
    /// Throw the proposal away.
    DismissProposal,
}

/// Filling in the sacro-iliac form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormCommand {
    /// Choose the six slices from the one shown on.
    Start,
    /// Turn a quadrant from no to yes or back, on the slice at a place of the six.
    Toggle {
        /// Place among the six, from 0.
        place: usize,
        /// 0 right, 1 left.
        joint: usize,
        /// 0 to 3.
        quadrant: usize,
    },
    /// The same on the slice shown.
    ToggleHere {
        /// 0 right, 1 left.
        joint: usize,
        /// 0 to 3.
        quadrant: usize,
    },
    /// What the reader thinks of the patient.
    Opinion(Option<bool>),
}

/// Operations on whole shapes; each is one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeCommand {
    /// Fill the gap between painted slices at or beside the slice shown.
    Interpolate,
    /// Fill every gap.
    InterpolateAll,
    /// Take over the slice before.
    CopyPrevious,
    /// Take over the slice after.
    CopyNext,
    /// Let labels spread into what looks like them.
    Grow,
    /// Round the label's border off.
    Smooth,
    /// Fill what the label surrounds.
    FillHoles,
    /// Take small parts away.
    RemoveIslands,
    /// Make the label larger.
    MarginOut,
    /// Make the label smaller.
    MarginIn,
}

/// Which part of a proposal to adopt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptWhat {
    /// Everything.
    All,
    /// The slice that is shown.
    Slice,
    /// The connected part under the pointer.
    Part,
    /// The slice that is shown, also over what was changed by hand since.
    SliceOverHand,
}

/// How a mask made elsewhere is taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskOptions {
    /// What becomes of labels: theirs to ours; 0 leaves one out.
    pub map: BTreeMap<u8, u8>,
    /// Whether a mask on another grid is resampled.
    pub resample: bool,
    /// Whether labels that are there stay where the mask is empty; else the layer becomes the mask (of bones, those that it holds).
    pub add: bool,
}
