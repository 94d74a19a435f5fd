//! The table itself.

use super::{Action, Group};
use crate::consensus::Method;
use crate::session::Layout;
use crate::session::{
    AdoptWhat, Command, CompareCommand, EditCommand, FileCommand, FormCommand, LabelSet, ModelCommand, OpenExam, PointerCommand,
    PointerState, ScoreCommand, Session, ShapeCommand, StudyCommand, Tool, ToolCommand, ViewCommand, WindowPreset, Workspace,
};
use crate::views::facts::{is_coordinator, may_ask_model, may_propose, painting, reader, reading, versions};
use crate::volume::LayerKind;
use crate::worker::message::{PickPurpose, Standing};
use egui::{Key, KeyboardShortcut, Modifiers};

const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

const fn plain(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::NONE, key))
}

const fn shift(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::SHIFT, key))
}

const fn ctrl(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND, key))
}

const fn alt(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::ALT, key))
}

const fn ctrl_shift(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(CTRL_SHIFT, key))
}

const NO_KEYS: &[KeyboardShortcut] = &[];

/// An action without further keys that holding the key down does not repeat.
const fn act(
    id: &'static str,
    group: Group,
    name: &'static str,
    key: Option<KeyboardShortcut>,
    tooltip: &'static str,
    command: fn(&Session) -> Option<Command>,
) -> Action {
    Action { id, name, key, also: NO_KEYS, tooltip, group, repeats: false, command }
}

/// The same with further keys.
const fn also(action: Action, also: &'static [KeyboardShortcut]) -> Action {
    Action { also, ..action }
}

/// The same, repeated while the key is held down.
const fn repeating(action: Action) -> Action {
    Action { repeats: true, ..action }
}

fn file(command: FileCommand) -> Option<Command> {
    Some(Command::File(command))
}

fn label(s: &Session, value: u8) -> Option<Command> {
    painting(s)?;
    s.scheme(s.tool().layer).class(value).map(|_| Command::Tool(ToolCommand::Label(value)))
}

fn tool(s: &Session, tool: Tool) -> Option<Command> {
    painting(s).filter(|_| s.tool_allowed(tool.word())).map(|_| Command::Tool(ToolCommand::Choose(tool)))
}

fn setting(s: &Session, command: ToolCommand) -> Option<Command> {
    painting(s).map(|_| Command::Tool(command))
}

fn shape(s: &Session, command: ShapeCommand) -> Option<Command> {
    edit(s, EditCommand::Shape(command)).filter(|_| s.tool_allowed("shapes"))
}

fn edit(s: &Session, command: EditCommand) -> Option<Command> {
    painting(s).map(|_| Command::Edit(command))
}

/// Possible while the form is on screen, in a read that may be changed.
fn form(s: &Session, command: FormCommand) -> Option<Command> {
    painting(s).filter(|_| s.form_shown()).map(|_| Command::Edit(EditCommand::Form(command)))
}

fn view(s: &Session, command: ViewCommand) -> Option<Command> {
    reading(s).map(|_| Command::View(command))
}

fn adopt(s: &Session, what: AdoptWhat) -> Option<Command> {
    painting(s)?.proposal().map(|_| Command::Edit(EditCommand::Adopt(what)))
}

fn model(s: &Session, possible: bool, command: ModelCommand) -> Option<Command> {
    (possible && reader(s).is_some()).then_some(Command::Model(command))
}

/// Zooms around the middle of the pane.
fn zoom(s: &Session, factor: f32) -> Option<Command> {
    reading(s).map(|exam| Command::View(ViewCommand::Zoom { factor, anchor_uv: exam.view().centre_uv }))
}

fn workspace(s: &Session, workspace: Workspace) -> Option<Command> {
    s.role().map(|_| Command::View(ViewCommand::Workspace(workspace)))
}

fn compare(s: &Session, command: CompareCommand) -> Option<Command> {
    (s.workspace() == Workspace::Compare && is_coordinator(s)).then_some(Command::Compare(command))
}

fn last_slice(s: &Session) -> usize {
    s.exam().map_or(0, |e| e.plane().slice_count() - 1)
}

const REDO_ALSO: &[KeyboardShortcut] = &[KeyboardShortcut::new(CTRL_SHIFT, Key::Z)];
const ERASE_ALSO: &[KeyboardShortcut] = &[KeyboardShortcut::new(Modifiers::NONE, Key::Num0)];
const PALETTE_ALSO: &[KeyboardShortcut] = &[KeyboardShortcut::new(Modifiers::NONE, Key::Slash)];
const NEXT_ALSO: &[KeyboardShortcut] =
    &[KeyboardShortcut::new(Modifiers::NONE, Key::ArrowDown), KeyboardShortcut::new(Modifiers::NONE, Key::ArrowRight)];
const PREVIOUS_ALSO: &[KeyboardShortcut] =
    &[KeyboardShortcut::new(Modifiers::NONE, Key::ArrowUp), KeyboardShortcut::new(Modifiers::NONE, Key::ArrowLeft)];
const ZOOM_IN_ALSO: &[KeyboardShortcut] = &[KeyboardShortcut::new(Modifiers::NONE, Key::Equals)];

/// Every action, in the order of menu and help.
#[rustfmt::skip] // One line an action: a table to be read across.
pub const ACTIONS: &[Action] = &[
    act("open_folder", Group::File, "Open study or folder…", ctrl(Key::O), "Opens a study, or a folder with DICOM or NIfTI images", |_| file(FileCommand::Pick(PickPurpose::OpenFolder))),
    act("open_file", Group::File, "Open images from a file…", ctrl_shift(Key::O), "Opens one image file without making a study first", |_| file(FileCommand::Pick(PickPurpose::OpenFile))),
    act("new_study", Group::File, "New study…", ctrl_shift(Key::N), "Makes a study with the sample rules in a new folder; readers and rules are set on the Protocol page", |_| file(FileCommand::Pick(PickPurpose::NewStudy))),
    act("sample", Group::File, "Try the sample study", ctrl(Key::T), "Makes a small study with a synthetic knee and opens it", |_| file(FileCommand::OpenSample)),
    act("import", Group::File, "Import images…", ctrl(Key::I), "Brings images into the open study, without names and dates", |s| s.study().and_then(|_| file(FileCommand::Pick(PickPurpose::Import)))),
    act("import-mask", Group::File, "Import a mask…", ctrl_shift(Key::I), "Reads a NIfTI or DICOM mask made elsewhere into the active layer, as one step", |s| s.exam().filter(|e| e.is_writable()).and_then(|_| file(FileCommand::Pick(PickPurpose::ImportMask)))),
    act("export", Group::File, "Export masks…", ctrl(Key::E), "Writes masks as NIfTI files: your own, or all as coordinator", |s| s.study().and(s.role()).and_then(|_| file(FileCommand::Pick(PickPurpose::Export)))),
    act("report", Group::File, "Write report", ctrl_shift(Key::R), "Writes tables and figures of all finished reads as one page; for the coordinator", |s| is_coordinator(s).then(|| Command::Study(StudyCommand::Report(Box::default())))),
    act("export-nnunet", Group::File, "Export for nnU-Net…", ctrl_shift(Key::E), "Writes images and finished masks in nnU-Net's raw layout", |s| s.study().and(s.role()).and_then(|_| file(FileCommand::Pick(PickPurpose::ExportNnUnet)))),
    act("export-bids", Group::File, "Export as BIDS…", alt(Key::E), "Writes masks as BIDS derivatives", |s| s.study().and(s.role()).and_then(|_| file(FileCommand::Pick(PickPurpose::ExportBids)))),
    act("save_again", Group::File, "Save again", ctrl(Key::S), "Writes the changes again that could not be saved", |s| s.exam().and_then(|e| e.save_error()).and_then(|_| file(FileCommand::RetrySave))),
    act("cancel_jobs", Group::File, "Cancel running work", ctrl(Key::Backspace), "Stops what runs beside the window", |s| s.jobs().next().and_then(|_| file(FileCommand::CancelJobs))),
    act("leave_role", Group::File, "Change reader…", ctrl(Key::L), "Closes the read and asks who sits here", |s| s.role().map(|_| Command::Study(StudyCommand::LeaveRole))),
    act("quit", Group::File, "Quit", ctrl(Key::Q), "Leaves the program once everything is on disk", |_| file(FileCommand::Quit)),
    act("label_1", Group::Paint, "Label 1", plain(Key::Num1), "Paints with the first label of the layer", |s| label(s, 1)),
    act("label_2", Group::Paint, "Label 2", plain(Key::Num2), "Paints with the second label of the layer", |s| label(s, 2)),
    act("label_3", Group::Paint, "Label 3", plain(Key::Num3), "Paints with the third label of the layer", |s| label(s, 3)),
    act("label_4", Group::Paint, "Label 4", plain(Key::Num4), "Paints with the fourth label of the layer", |s| label(s, 4)),
    act("label_5", Group::Paint, "Label 5", plain(Key::Num5), "Paints with the fifth label of the layer", |s| label(s, 5)),
    act("label_6", Group::Paint, "Label 6", plain(Key::Num6), "Paints with the sixth label of the layer", |s| label(s, 6)),
    act("label_7", Group::Paint, "Label 7", plain(Key::Num7), "Paints with the seventh label of the layer", |s| label(s, 7)),
    act("label_8", Group::Paint, "Label 8", plain(Key::Num8), "Paints with the eighth label of the layer", |s| label(s, 8)),
    act("label_9", Group::Paint, "Label 9", plain(Key::Num9), "Paints with the ninth label of the layer", |s| label(s, 9)),
    act("brush", Group::Paint, "Brush", plain(Key::B), "Paints the label with a round brush", |s| tool(s, Tool::Brush)),
    also(act("erase", Group::Paint, "Erase", plain(Key::E), "Takes labels away with a round brush", |s| tool(s, Tool::Eraser)), ERASE_ALSO),
    act("relabel", Group::Paint, "Relabel", plain(Key::R), "Changes the label that the stroke starts on into the active one, and nothing else", |s| tool(s, Tool::Relabel)),
    also(act("lasso", Group::Paint, "Lasso", plain(Key::L), "Labels what lies inside a loop, or inside a polygon of clicked corners", |s| tool(s, Tool::Lasso)), &[KeyboardShortcut::new(Modifiers::SHIFT, Key::A)]),
    also(act("outline", Group::Paint, "Outline", plain(Key::O), "Draws a bone's outline point by point", |s| tool(s, Tool::Outline)), &[KeyboardShortcut::new(Modifiers::SHIFT, Key::C)]),
    act("livewire", Group::Paint, "Livewire", plain(Key::W), "Draws an outline that follows edges from click to click", |s| tool(s, Tool::Livewire)),
    act("fill", Group::Paint, "Fill", plain(Key::F), "Fills a connected area of one label, bounded by grey values where wanted", |s| tool(s, Tool::Fill)),
    act("threshold", Group::Paint, "Threshold", plain(Key::T), "Labels a band of grey values, shown before it is done", |s| tool(s, Tool::Threshold)),
    act("levels", Group::Paint, "Three levels", shift(Key::T), "Labels three levels by grey value, measured against fatty marrow", |s| tool(s, Tool::Levels)),
    act("square", Group::Paint, "Metaphysis square", shift(Key::Q), "Sets the square on the physis that belongs to the region of interest", |s| tool(s, Tool::Square)),
    act("adopt_brush", Group::Paint, "Adopt", plain(Key::A), "Adopts the proposal where it brushes", |s| painting(s)?.proposal().and_then(|_| tool(s, Tool::AdoptBrush))),
    act("measure", Group::Paint, "Measure", plain(Key::M), "Measures distances, angles and grey values", |s| reading(s).map(|_| Command::Tool(ToolCommand::Choose(Tool::Measure)))),
    act("clear_measures", Group::Paint, "Clear measures", shift(Key::M), "Takes the measures of the slice shown away", |s| reading(s).filter(|e| e.measures().iter().any(|m| m.slice() == e.view().slice)).and_then(|_| view(s, ViewCommand::ClearMeasures))),
    act("reference", Group::Paint, "Fatty-marrow reference", plain(Key::Y), "Places the disc of fatty marrow that grey levels are scaled to", |s| tool(s, Tool::Reference)),
    act("clear_reference", Group::Paint, "Clear the reference", alt(Key::Y), "Takes the fatty-marrow reference away", |s| painting(s)?.layers().reference().and_then(|_| edit(s, EditCommand::ClearReference))),
    repeating(also(act("smaller", Group::Paint, "Smaller brush", plain(Key::OpenBracket), "Makes the brush one step smaller", |s| painting(s).map(|_| Command::Tool(ToolCommand::StepSize(-1)))), &[KeyboardShortcut::new(Modifiers::ALT, Key::D)])),
    repeating(also(act("larger", Group::Paint, "Larger brush", plain(Key::CloseBracket), "Makes the brush one step larger", |s| painting(s).map(|_| Command::Tool(ToolCommand::StepSize(1)))), &[KeyboardShortcut::new(Modifiers::ALT, Key::F)])),
    act("switch_layer", Group::Paint, "Switch layer", plain(Key::X), "Changes between marrow and bone", |s| painting(s).map(|_| Command::Tool(ToolCommand::Layer(other_layer(s.tool().layer))))),
    act("brush_shape", Group::Paint, "Round or square tip", shift(Key::B), "Changes between a round and a square tip of the brush", |s| setting(s, ToolCommand::ToggleBrushShape)),
    act("brush_3d", Group::Paint, "Brush through slices", shift(Key::D), "Lets the brush reach into neighbouring slices, as a ball or cube", |s| setting(s, ToolCommand::ToggleThreeD)),
    act("exclusion_layer", Group::Paint, "Exclusion layer", shift(Key::X), "Paints where marrow must not be painted: physis, vessels", |s| setting(s, ToolCommand::Layer(LayerKind::Exclusion))),
    act("inside_bone", Group::Paint, "Only inside bone", plain(Key::N), "Keeps marrow paint within the bone layer", |s| setting(s, ToolCommand::ToggleInsideBone)),
    act("inside_band", Group::Paint, "Only grey values of the band", shift(Key::N), "Paints only grey values between the two bounds", |s| setting(s, ToolCommand::ToggleInsideBand)),
    act("inside_region", Group::Paint, "Only inside the region", shift(Key::U), "Keeps marrow paint within epiphysis and metaphysis square", |s| setting(s, ToolCommand::ToggleInsideRegion)),
    act("over_background", Group::Paint, "Paint over everything or background", plain(Key::U), "Paints over every label, or only where nothing is painted yet", |s| setting(s, ToolCommand::Over(match s.tool().rules.over { None => Some(LabelSet::of(&[0])), Some(_) => None }))),
    repeating(act("undo", Group::Edit, "Undo", ctrl(Key::Z), "Takes the last step back", |s| painting(s).filter(|e| e.is_drawing() || e.layers().history().next_undo().is_some()).and_then(|_| edit(s, EditCommand::Undo)))),
    repeating(also(act("redo", Group::Edit, "Redo", ctrl(Key::Y), "Does again what was taken back", |s| painting(s)?.layers().history().next_redo().and_then(|_| edit(s, EditCommand::Redo))), REDO_ALSO)),
    act("slice_done", Group::Edit, "Slice done", plain(Key::D), "Marks the slice done for the active layer, or not done again", |s| edit(s, EditCommand::ToggleDone)),
    act("flag_slice", Group::Edit, "Flag the slice", ctrl(Key::F), "Flags the slice to come back to it, or takes the flag away", |s| edit(s, EditCommand::ToggleFlag)),
    act("comment_slice", Group::Edit, "Comment on the slice", ctrl_shift(Key::F), "Writes a comment on the slice shown; Enter ends it", |s| edit(s, EditCommand::BeginComment)),
    act("all_done", Group::Edit, "All slices done", ctrl_shift(Key::D), "Marks every slice of the exam done for the active layer", |s| edit(s, EditCommand::AllDone)),
    act("submit", Group::Edit, "Submit this read…", ctrl(Key::Enter), "Looks the read over, then seals it when you say so", |s| painting(s).map(|_| Command::Study(StudyCommand::Submit))),
    act("seal", Group::Edit, "Seal this read", ctrl_shift(Key::S), "Seals the read that was looked over: from then on it can only be looked at", |s| s.checked().map(|_| Command::Study(StudyCommand::Seal))),
    act("read_again", Group::Edit, "Read again", alt(Key::R), "Begins a new, empty read of the exam beside the sealed one", |s| reading(s).filter(|e| matches!(e.standing(), Standing::Sealed { .. })).map(|_| Command::Study(StudyCommand::ReadAgain))),
    act("whole_exam", Group::Edit, "Shapes of the whole exam", shift(Key::E), "Lets operations and thresholds work on the whole exam, or on the slice shown", |s| setting(s, ToolCommand::ToggleWholeExam)),
    act("interpolate", Group::Edit, "Interpolate", plain(Key::I), "Fills the slices between the painted ones before and after", |s| shape(s, ShapeCommand::Interpolate)),
    act("interpolate_all", Group::Edit, "Interpolate all gaps", shift(Key::I), "Fills every gap between painted slices", |s| shape(s, ShapeCommand::InterpolateAll)),
    act("copy_previous", Group::Edit, "Copy from the slice before", plain(Key::Semicolon), "Takes over what is painted on the slice before", |s| shape(s, ShapeCommand::CopyPrevious)),
    act("copy_next", Group::Edit, "Copy from the slice after", plain(Key::Quote), "Takes over what is painted on the slice after", |s| shape(s, ShapeCommand::CopyNext)),
    act("grow", Group::Edit, "Grow from seeds", shift(Key::G), "Lets labels spread into connected tissue that looks like them", |s| shape(s, ShapeCommand::Grow)),
    act("smooth_label", Group::Edit, "Smooth the label", shift(Key::S), "Rounds the border of the active label off", |s| shape(s, ShapeCommand::Smooth)),
    act("fill_holes", Group::Edit, "Fill holes", shift(Key::F), "Fills what the active label surrounds", |s| shape(s, ShapeCommand::FillHoles)),
    act("remove_islands", Group::Edit, "Remove islands", shift(Key::R), "Takes small parts of the active label away", |s| shape(s, ShapeCommand::RemoveIslands)),
    act("margin_out", Group::Edit, "Margin outwards", shift(Key::W), "Makes the active label wider by a margin", |s| shape(s, ShapeCommand::MarginOut)),
    act("margin_in", Group::Edit, "Margin inwards", shift(Key::L), "Takes a margin off the active label", |s| shape(s, ShapeCommand::MarginIn)),
    act("corner_delete", Group::Edit, "Delete the corner", shift(Key::Delete), "Removes the corner of an outline under the pointer", |s| painting(s).filter(|_| s.tool().tool == Tool::Outline).and_then(|_| edit(s, EditCommand::DeleteCorner))),
    act("outline_smooth", Group::Edit, "Smooth the outline", shift(Key::O), "Rounds the corners of the selected outline off", |s| painting(s).filter(|e| e.selected_outline().is_some()).and_then(|_| edit(s, EditCommand::SmoothOutline))),
    act("square_flip", Group::Edit, "Turn the square", shift(Key::Y), "Lets the metaphysis square extend to the other side of the physis", |s| painting(s).filter(|e| e.selected_square().is_some()).and_then(|_| edit(s, EditCommand::FlipSquare))),
    act("outline_close", Group::Edit, "Close the outline", plain(Key::C), "Closes the outline or polygon that is drawn, or labels what a preview shows; Enter does so too", |s| painting(s).filter(|e| e.can_finish()).map(|_| Command::Pointer(PointerCommand::Finish))),
    act("outline_delete", Group::Edit, "Delete the outline", plain(Key::Delete), "Removes the outline or square that is selected or drawn", |s| painting(s).filter(|e| e.selected_outline().is_some() || !e.draft().is_empty() || e.wire().is_some() || (s.tool().tool == Tool::Square && e.selected_square().is_some())).and_then(|_| edit(s, EditCommand::DeleteOutline))),
    act("cancel_gesture", Group::Edit, "Give up the gesture", plain(Key::Escape), "Ends the stroke, loop or outline under way without a trace", |s| painting(s).filter(|e| *e.pointer() != PointerState::Idle || !e.draft().is_empty() || e.wire().is_some() || e.layers().gesture_open()).map(|_| Command::Pointer(PointerCommand::Cancel))),
    repeating(also(act("next_slice", Group::Go, "Next slice", plain(Key::PageDown), "Goes one slice further; the wheel does so too", |s| view(s, ViewCommand::StepSlice(1))), NEXT_ALSO)),
    repeating(also(act("previous_slice", Group::Go, "Previous slice", plain(Key::PageUp), "Goes one slice back; the wheel does so too", |s| view(s, ViewCommand::StepSlice(-1))), PREVIOUS_ALSO)),
    act("first_slice", Group::Go, "First slice", plain(Key::Home), "Goes to the first slice", |s| view(s, ViewCommand::Slice(0))),
    act("last_slice", Group::Go, "Last slice", plain(Key::End), "Goes to the last slice", |s| view(s, ViewCommand::Slice(last_slice(s)))),
    act("next_exam", Group::Go, "Next exam", ctrl(Key::PageDown), "Opens the next exam of the list", |s| s.exam().map(|_| Command::Study(StudyCommand::StepExam(1)))),
    act("previous_exam", Group::Go, "Previous exam", ctrl(Key::PageUp), "Opens the exam before in the list", |s| s.exam().map(|_| Command::Study(StudyCommand::StepExam(-1)))),
    act("overlay", Group::View, "Paint on or off", plain(Key::Space), "Shows or hides all paint and proposals", |s| view(s, ViewCommand::ToggleOverlay)),
    act("patterns", Group::View, "Patterns", plain(Key::H), "Gives each level a pattern besides its colour", |s| view(s, ViewCommand::TogglePatterns)),
    act("smooth", Group::View, "Smooth picture", plain(Key::S), "Smooth grey values, or every voxel a square", |s| view(s, ViewCommand::ToggleSmooth)),
    act("fit", Group::View, "Fit to the pane", plain(Key::V), "Shows the whole slice", |s| view(s, ViewCommand::Fit)),
    repeating(also(act("zoom_in", Group::View, "Zoom in", plain(Key::Plus), "Enlarges the picture; Ctrl and wheel do so at the pointer", |s| zoom(s, 1.25)), ZOOM_IN_ALSO)),
    repeating(act("zoom_out", Group::View, "Zoom out", plain(Key::Minus), "Makes the picture smaller", |s| zoom(s, 0.8))),
    act("next_sequence", Group::View, "Next sequence", plain(Key::Q), "Shows the exam's next sequence in the large pane", |s| reading(s).filter(|e| e.sequences().len() > 1).and_then(|e| view(s, ViewCommand::Sequence((e.view().sequence + 1) % e.sequences().len())))),
    act("next_visit", Group::View, "Another visit beside", shift(Key::V), "Shows the patient's other visits beside the picture, one after the other, where the protocol allows", |s| reading(s).filter(|e| !e.visits().is_empty()).and_then(|_| view(s, ViewCommand::NextVisit))),
    repeating(act("visit_further", Group::View, "Other visit: next slice", ctrl_shift(Key::PageDown), "Moves the other visit one slice further against the exam; the wheel over it does so too", |s| reading(s).filter(|e| e.view().visit.is_some()).and_then(|_| view(s, ViewCommand::ShiftVisit(1))))),
    repeating(act("visit_back", Group::View, "Other visit: previous slice", ctrl_shift(Key::PageUp), "Moves the other visit one slice back against the exam; the wheel over it does so too", |s| reading(s).filter(|e| e.view().visit.is_some()).and_then(|_| view(s, ViewCommand::ShiftVisit(-1))))),
    act("window_auto", Group::View, "Window: auto", ctrl(Key::Num1), "Shows the 1st percentile black and the 99.5th white", |s| view(s, ViewCommand::Preset(WindowPreset::Auto))),
    act("window_full", Group::View, "Window: full", ctrl(Key::Num2), "Shows every grey value", |s| view(s, ViewCommand::Preset(WindowPreset::Full))),
    act("window_air_black", Group::View, "Window: air black", ctrl(Key::Num3), "Shows air black and scales the rest to fatty marrow", |s| view(s, ViewCommand::Preset(WindowPreset::AirBlack))),
    act("window_bright", Group::View, "Window: bright", ctrl(Key::Num4), "Shows the upper half of the grey values", |s| view(s, ViewCommand::Preset(WindowPreset::Bright))),
    act("window_rule", Group::View, "Window: by the rule", ctrl(Key::Num0), "Goes back to the window that the protocol's rule gives", |s| s.display_rule().and_then(|_| view(s, ViewCommand::FollowRule))),
    act("layout_one", Group::View, "Layout: one pane", shift(Key::F1), "Shows the acquisition plane alone", |s| view(s, ViewCommand::Layout(Layout::One))),
    act("layout_companions", Group::View, "Layout: one large", shift(Key::F2), "Shows the acquisition plane large, its companion and the other planes beside it", |s| view(s, ViewCommand::Layout(Layout::Companions))),
    act("layout_quad", Group::View, "Layout: four panes", shift(Key::F3), "Shows the acquisition plane, its companion and the two other planes in one size", |s| view(s, ViewCommand::Layout(Layout::Quad))),
    act("layout_side", Group::View, "Layout: side by side", shift(Key::F4), "Shows the acquisition plane and its companion in one size", |s| view(s, ViewCommand::Layout(Layout::SideBySide))),
    act("crosshair", Group::View, "Crosshair", shift(Key::H), "Shows or hides the lines where the panes cut each other", |s| view(s, ViewCommand::ToggleCrosshair)),
    act("cursor_here", Group::View, "All panes here", plain(Key::J), "Brings the point under the pointer on screen in every pane; Shift and moving does so all the time", |s| reading(s)?.hovered_voxel().and_then(|voxel| view(s, ViewCommand::Cursor(voxel)))),
    act("magnifier", Group::View, "Magnifier", plain(Key::Z), "Shows a lens at the pointer while the key is held", |s| view(s, ViewCommand::Magnifier(true))),
    act("pen_pressure", Group::Paint, "Pen pressure", alt(Key::B), "Lets a pen's pressure make the brush larger and smaller", |s| painting(s).map(|_| Command::View(ViewCommand::TogglePenPressure))),
    act("cine", Group::Go, "Cine", plain(Key::K), "Lets the slices run by themselves, or stops them", |s| view(s, ViewCommand::ToggleCine)),
    repeating(act("cine_slower", Group::Go, "Cine slower", ctrl(Key::Comma), "Fewer slices per second", |s| view(s, ViewCommand::StepCineRate(-1)))),
    repeating(act("cine_faster", Group::Go, "Cine faster", ctrl(Key::Period), "More slices per second", |s| view(s, ViewCommand::StepCineRate(1)))),
    act("standardised", Group::View, "Standardised grey values", ctrl(Key::Num5), "Shows grey values on the study's standard scale (Nyúl and Udupa), or as they are", |s| view(s, ViewCommand::ToggleStandardised)),
    act("show_marrow", Group::View, "Marrow on or off", ctrl(Key::M), "Shows or hides the marrow layer", |s| view(s, ViewCommand::ToggleLayer(LayerKind::Marrow))),
    act("show_exclusion", Group::View, "Exclusion on or off", ctrl_shift(Key::B), "Shows or hides physis and vessels", |s| view(s, ViewCommand::ToggleLayer(LayerKind::Exclusion))),
    act("show_bone", Group::View, "Bone on or off", ctrl(Key::B), "Shows or hides the bone layer", |s| view(s, ViewCommand::ToggleLayer(LayerKind::Bone))),
    also(act("propose_slice", Group::Model, "Propose slice", plain(Key::P), "Lets the model suggest labels for the slice shown", |s| model(s, may_propose(s), ModelCommand::ProposeSlice)), &[KeyboardShortcut::new(Modifiers::ALT, Key::W)]),
    act("propose_exam", Group::Model, "Propose exam", shift(Key::P), "Lets the model suggest labels for all slices", |s| model(s, may_propose(s), ModelCommand::ProposeExam)),
    also(act("adopt_slice", Group::Model, "Adopt slice", plain(Key::Enter), "Takes the proposal over on the slice shown, except where you painted since", |s| painting(s).filter(|e| !e.can_finish()).and_then(|_| adopt(s, AdoptWhat::Slice))), &[KeyboardShortcut::new(Modifiers::ALT, Key::X)]),
    act("adopt_all", Group::Model, "Adopt all slices", shift(Key::Enter), "Takes the proposal over on every slice it covers", |s| adopt(s, AdoptWhat::All)),
    act("adopt_part", Group::Model, "Adopt the part under the pointer", plain(Key::G), "Takes one connected part of the proposal over", |s| adopt(s, AdoptWhat::Part)),
    act("adopt_over_hand", Group::Model, "Adopt slice over own paint", ctrl_shift(Key::Enter), "Takes the proposal over on the slice, also over what you painted since", |s| adopt(s, AdoptWhat::SliceOverHand)),
    also(act("dismiss", Group::Model, "Dismiss proposal", plain(Key::Backspace), "Takes the proposal off the screen", |s| painting(s)?.proposal().and_then(|_| edit(s, EditCommand::DismissProposal))), &[KeyboardShortcut::new(Modifiers::ALT, Key::V)]),
    act("train", Group::Model, "Train", ctrl(Key::R), "Trains on the slices that you marked done", |s| model(s, s.assistance_allowed() && !s.training().is_running(), ModelCommand::Train)),
    act("pause", Group::Model, "Pause training", ctrl(Key::P), "Holds the training after the step in progress", |s| model(s, s.training().is_running() && !s.training().is_paused(), ModelCommand::Pause)),
    act("resume", Group::Model, "Resume training", ctrl_shift(Key::P), "Goes on with the training", |s| model(s, s.training().is_paused(), ModelCommand::Resume)),
    act("review_accept", Group::Model, "Accept the exam", plain(Key::Enter), "Takes the proposal over whole: the exam joins the training set as accepted, and the next one comes", |s| reviewing(s).filter(|_| s.may_accept()).map(|_| Command::Model(ModelCommand::Accept))),
    act("review_refuse", Group::Model, "Refuse the exam", plain(Key::Backspace), "Refuses the proposal and goes to the next exam, or takes an acceptance back", |s| reviewing(s).filter(|e| e.proposal().is_some() || e.triage().is_accepted(LayerKind::Marrow)).map(|_| Command::Model(ModelCommand::Refuse))),
    act("doubt", Group::Model, "Where the model is unsure", ctrl(Key::U), "Colours the slice by how unsure the model is: nothing where it is sure, orange to white where it is not", |s| model(s, may_ask_model(s), ModelCommand::ToggleDoubt)),
    act("begin_shipped", Group::Model, "Begin with the shipped model", alt(Key::G), "Makes the model that comes with the program the first version; it learnt from synthetic knees alone", |s| model(s, s.assistance_allowed() && !s.training().is_running() && versions(s).is_empty(), ModelCommand::BeginShipped)),
    act("roll_back", Group::Model, "Go back a version", alt(Key::Z), "Makes the version current that the current one was trained from; nothing is lost", |s| earlier_version(s).and_then(|v| model(s, s.assistance_allowed(), ModelCommand::MakeCurrent(v)))),
    act("compare_newest", Group::Model, "Compare the newest version", alt(Key::C), "Judges the newest version and the current one on the same slices", |s| newest_beside_current(s).and_then(|v| model(s, s.assistance_allowed(), ModelCommand::Compare(v)))),
    act("ablate", Group::Model, "Train with and without accepted exams", alt(Key::T), "Trains twice from the same start and compares; no version is saved", |s| model(s, s.assistance_allowed() && !s.training().is_running() && any_accepted(s), ModelCommand::Ablate)),
    act("cancel_training", Group::Model, "Cancel training", ctrl_shift(Key::X), "Stops the training and keeps the best version so far", |s| model(s, s.training().is_running(), ModelCommand::Cancel)),
    act("read", Group::Window, "Read", plain(Key::F2), "Workspace for reading and painting", |s| workspace(s, Workspace::Read)),
    act("review", Group::Window, "Review", plain(Key::F3), "Workspace for proposals on exams you have not read: accept or refuse each", |s| s.review_reader().and_then(|_| workspace(s, Workspace::Review))),
    act("compare", Group::Window, "Compare", plain(Key::F4), "Workspace for agreement of readers, model and consensus", |s| workspace(s, Workspace::Compare)),
    act("score", Group::Window, "Score", plain(Key::F5), "Workspace for marking masks by eye, blinded", |s| workspace(s, Workspace::Score)),
    act("models", Group::Window, "Models", plain(Key::F6), "Workspace for versions of the model", |s| workspace(s, Workspace::Models)),
    act("protocol", Group::Window, "Protocol", plain(Key::F7), "Workspace for the rules of the study, as a form and as the file", |s| workspace(s, Workspace::Protocol)),
    act("form_1", Group::Edit, "Right upper iliac", alt(Key::Num1), "Marks the right joint's upper iliac quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 0, quadrant: 0 })),
    act("form_2", Group::Edit, "Right upper sacral", alt(Key::Num2), "Marks the right joint's upper sacral quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 0, quadrant: 1 })),
    act("form_3", Group::Edit, "Right lower iliac", alt(Key::Num3), "Marks the right joint's lower iliac quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 0, quadrant: 2 })),
    act("form_4", Group::Edit, "Right lower sacral", alt(Key::Num4), "Marks the right joint's lower sacral quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 0, quadrant: 3 })),
    act("form_5", Group::Edit, "Left upper iliac", alt(Key::Num5), "Marks the left joint's upper iliac quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 1, quadrant: 0 })),
    act("form_6", Group::Edit, "Left upper sacral", alt(Key::Num6), "Marks the left joint's upper sacral quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 1, quadrant: 1 })),
    act("form_7", Group::Edit, "Left lower iliac", alt(Key::Num7), "Marks the left joint's lower iliac quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 1, quadrant: 2 })),
    act("form_8", Group::Edit, "Left lower sacral", alt(Key::Num8), "Marks the left joint's lower sacral quadrant inflamed on this slice, or not", |s| form(s, FormCommand::ToggleHere { joint: 1, quadrant: 3 })),
    act("form_start", Group::Edit, "Six slices from here", alt(Key::S), "Chooses this slice and the five after it for the sacro-iliac form", |s| form(s, FormCommand::Start)),
    act("form_positive", Group::Edit, "Inflammation", alt(Key::P), "Your opinion: the patient has inflammation; again takes it back", |s| form(s, FormCommand::Opinion((painting(s)?.form().opinion() != Some(true)).then_some(true)))),
    act("form_negative", Group::Edit, "No inflammation", alt(Key::N), "Your opinion: the patient has no inflammation; again takes it back", |s| form(s, FormCommand::Opinion((painting(s)?.form().opinion() != Some(false)).then_some(false)))),
    act("form", Group::View, "Sacro-iliac form on or off", plain(Key::F10), "Shows or hides the form where the protocol asks for it", |s| s.study().filter(|t| t.protocol.sacroiliac()).and_then(|_| view(s, ViewCommand::ToggleForm))),
    act("atlas", Group::View, "Atlas beside", plain(Key::F9), "Shows or hides an exam with its agreed mask and notes beside the picture, at the same window", |s| (s.workspace() == Workspace::Read).then_some(())
        .and_then(|()| reading(s)).and_then(|_| s.study()).filter(|t| s.atlas_allowed() && (t.atlas.exams > 0 || t.atlas.calibrates.is_some())).map(|_| Command::View(ViewCommand::ToggleAtlas))),
    act("atlas_next", Group::View, "Next atlas exam", ctrl(Key::F9), "Shows the next exam of the atlas", |s| s.atlas().shown().filter(|a| a.at + 1 < a.codes.len()).and_then(|_| view(s, ViewCommand::StepAtlas(1)))),
    act("atlas_add", Group::File, "Add to the atlas…", alt(Key::A), "Takes the open exam into the atlas with the mask that was agreed on and notes for readers", |s| study_of_coordinator(s).filter(|()| !s.calibrates() && s.workspace() != Workspace::Score)
        .and(s.exam()).map(|_| Command::Study(StudyCommand::BeginAtlasExam))),
    act("calibrate", Group::File, "Calibrate", shift(Key::F9), "Paint exams of the atlas and see Dice and differences; the study waits meanwhile", |s| s.study().filter(|t| t.atlas.exams > 0 && t.atlas.calibrates.is_none()).and_then(|_| reader(s)).map(|_| Command::Study(StudyCommand::Calibrate))),
    act("calibrate_end", Group::File, "Back to the study", ctrl_shift(Key::F9), "Leaves the calibration; its results are kept", |s| s.calibrates().then_some(Command::Study(StudyCommand::EndCalibration))),
    act("audit", Group::Window, "Audit", plain(Key::F8), "Workspace for the audit trail: who did what when, and whether every journal is what was written", |s| workspace(s, Workspace::Audit)),
    act("packets", Group::File, "Make packets…", ctrl_shift(Key::K), "Writes a file for each reader with exams under codes of their own, for another place", |s| study_of_coordinator(s).and_then(|()| file(FileCommand::Pick(PickPurpose::Packets)))),
    act("packet_merge", Group::File, "Merge what came back…", ctrl_shift(Key::M), "Takes over the sealed reads of a packet, checked", |s| study_of_coordinator(s).and_then(|()| file(FileCommand::Pick(PickPurpose::PacketMerge)))),
    act("packet_return", Group::File, "Send reads back…", alt(Key::K), "Writes the sealed reads of a packet into one file for the coordinator", |s| s.study().filter(|t| t.packet.is_some()).and_then(|_| file(FileCommand::Pick(PickPurpose::PacketReturn)))),
    act("score_next", Group::Go, "Next mask", ctrl(Key::ArrowRight), "Shows the next mask to be scored", |s| score_step(s, 1)),
    act("score_previous", Group::Go, "Previous mask", ctrl(Key::ArrowLeft), "Shows the mask before again", |s| score_step(s, -1)),
    act("score_lock", Group::Edit, "Lock the session", ctrl_shift(Key::L), "Makes the marks stand; possible once every mask is marked overall", |s| s.scoring().open().filter(|o| o.is_complete() && o.locked().is_none()).map(|_| Command::Score(ScoreCommand::Lock))),
    act("score_close", Group::Go, "Leave the session", alt(Key::Q), "Goes back to the list; the session goes on where it was left", |s| s.scoring().open().map(|_| Command::Score(ScoreCommand::Close))),
    act("compare_reads", Group::Window, "Compare reads", ctrl_shift(Key::C), "Works out agreement over all reads; for the coordinator", |s| is_coordinator(s).then_some(Command::Study(StudyCommand::Compare))),
    repeating(act("compare_next", Group::Compare, "Next finding", plain(Key::K), "Goes to the next tied cluster or lesion that not all readers found", |s| compare(s, CompareCommand::StepFinding(1)).filter(|_| !s.comparison().findings().is_empty()))),
    repeating(act("compare_previous", Group::Compare, "Previous finding", shift(Key::K), "Goes to the tied cluster or lesion before", |s| compare(s, CompareCommand::StepFinding(-1)).filter(|_| !s.comparison().findings().is_empty()))),
    repeating(act("compare_map", Group::Compare, "Next map", plain(Key::J), "Shows the next map: consensus, probability, disagreement, each reader's", |s| compare(s, CompareCommand::StepShown(1)))),
    repeating(act("compare_map_before", Group::Compare, "Previous map", shift(Key::J), "Shows the map before", |s| compare(s, CompareCommand::StepShown(-1)))),
    act("compare_level", Group::Compare, "Next level", plain(Key::Period), "Shows probability and figures of the next level: 1, 2, 3, 2+3", |s| compare(s, CompareCommand::Level((s.comparison().level() + 1) % 4))),
    act("compare_staple", Group::Compare, "Consensus by STAPLE", plain(Key::Num1), "Makes the consensus by binary STAPLE per level", |s| compare(s, CompareCommand::Method(Method::Staple))),
    act("compare_joint", Group::Compare, "Consensus by joint STAPLE", plain(Key::Num2), "Makes the consensus by STAPLE of all labels at once", |s| compare(s, CompareCommand::Method(Method::Joint))),
    act("compare_majority", Group::Compare, "Consensus by majority", plain(Key::Num3), "Makes the consensus by the most votes; a tie is undecided", |s| compare(s, CompareCommand::Method(Method::Majority))),
    act("compare_simple", Group::Compare, "Consensus by SIMPLE", plain(Key::Num4), "Makes the consensus by selective and iterative weighting of readers", |s| compare(s, CompareCommand::Method(Method::Simple))),
    act("adopt_consensus", Group::Compare, "Begin a meeting's read", ctrl_shift(Key::A), "Makes a new read for the consensus meeting that begins with this consensus; no other read is touched", |s| compare(s, CompareCommand::Adopt).filter(|_| s.comparison().exam().is_some())),
    also(act("palette", Group::Window, "Find an action", ctrl(Key::K), "Lists everything that can be done, by name", |_| Some(Command::View(ViewCommand::TogglePalette))), PALETTE_ALSO),
    act("conditions", Group::Window, "Light and monitor…", alt(Key::M), "Shows the grey-scale test pattern and logs room light and monitor", |s| s.role().map(|_| Command::View(ViewCommand::ToggleConditions))),
    act("help", Group::Window, "Help", plain(Key::F1), "Lists all keys and what the mouse does", |_| Some(Command::View(ViewCommand::ToggleHelp))),
    act("dismiss_notices", Group::Window, "Dismiss all notices", shift(Key::Escape), "Takes all notices from the screen", |s| (!s.notices().is_empty()).then_some(Command::View(ViewCommand::DismissNotices))),
];

/// The exam in Review.
fn reviewing(s: &Session) -> Option<&OpenExam> {
    s.exam().filter(|e| e.is_writable() && s.workspace() == Workspace::Review)
}

/// The version that the current one was trained from.
fn earlier_version(s: &Session) -> Option<u32> {
    let current = s.current_version()?;
    let all = versions(s);
    let parent = all.iter().find(|v| v.version == current)?.parent?;
    all.iter().any(|v| v.version == parent).then_some(parent)
}

fn newest_beside_current(s: &Session) -> Option<[u32; 2]> {
    let (current, newest) = (s.current_version()?, versions(s).iter().map(|v| v.version).max()?);
    (newest != current).then_some([current, newest])
}

fn any_accepted(s: &Session) -> bool {
    reader(s).is_some_and(|reader| s.exams().iter().any(|e| e.accepted.contains(reader)))
}

fn study_of_coordinator(s: &Session) -> Option<()> {
    (is_coordinator(s) && s.study().is_some_and(|t| t.packet.is_none() && !t.scratch)).then_some(())
}

fn score_step(s: &Session, by: i32) -> Option<Command> {
    let open = s.scoring().open()?;
    open.at().checked_add_signed(by as isize).filter(|at| *at < open.plan().items.len()).map(|_| Command::Score(ScoreCommand::Step(by)))
}

const fn other_layer(layer: LayerKind) -> LayerKind {
    match layer {
        LayerKind::Marrow => LayerKind::Bone,
        LayerKind::Bone | LayerKind::Exclusion => LayerKind::Marrow,
    }
}
