//! The session: private state that only `apply` and `absorb` change.

use super::atlas_state::AtlasState;
use super::compare_state::CompareState;
use super::conditions::ConditionsState;
use super::import_state::ImportState;
use super::keys::KeyMap;
use super::late::{Opening, changes_a_study};
use super::layout::PaneState;
use super::model_state::TrainingState;
use super::notice::{NoticeLevel, Notices};
use super::open_exam::OpenExam;
use super::review::ReviewState;
use super::scoring::Scoring;
use super::tool::ToolState;
use super::view_state::Workspace;
use super::{Command, Effect, Notice};
use crate::edit::History;
use crate::study::{Assistance, ExamCode, ReadingPlace};
use crate::volume::{LabelScheme, LayerKind};
use crate::worker::message::{
    AuditShown, CompareTable, Dirty, ExamSummary, FolderListing, PickPurpose, ReadChecked, Request, RequestId, Role, StandardScale,
    Standing, StudySummary,
};
use std::collections::BTreeMap;

/// A piece of work that runs elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What is being done.
    pub text: String,
    /// Between 0 and 1, if known.
    pub fraction: Option<f32>,
}

/// What waits until every row of the open read is on disk: leaving a read before that could lose what fails to be saved.
#[derive(Debug)]
pub(super) enum AfterSave {
    /// A command that leaves the exam.
    Command(Command),
    /// Another study, ready to be shown.
    Study(Box<StudySummary>),
}

/// A path written in the built-in entry, and the request that it went into.
#[derive(Debug)]
pub(super) struct PathTried {
    pub request: RequestId,
    pub purpose: PickPurpose,
    pub path: std::path::PathBuf,
    /// Why it came to nothing; `None` while it is under way.
    pub refused: Option<String>,
}

/// The open study, exam and everything on screen.
#[derive(Debug)]
pub struct Session {
    pub(super) study: Option<StudySummary>,
    pub(super) role: Option<Role>,
    pub(super) exam: Option<OpenExam>,
    pub(super) tool: ToolState,
    pub(super) workspace: Workspace,
    pub(super) training: TrainingState,
    pub(super) compare: CompareState,
    pub(super) review: ReviewState,
    pub(super) checked: Option<ReadChecked>,
    pub(super) scoring: Scoring,
    pub(super) audit: Option<AuditShown>,
    pub(super) atlas: AtlasState,
    pub(super) go_on_at: Option<ReadingPlace>,
    /// Slices at which exams were left in this sitting.
    pub(super) left_at: BTreeMap<ExamCode, usize>,
    pub(super) notices: Notices,
    pub(super) jobs: BTreeMap<RequestId, Job>,
    pub(super) next_request: u64,
    pub(super) path_entry: Option<PickPurpose>,
    /// What was asked for with a path that was written there, until it has come to something.
    pub(super) path_tried: Option<PathTried>,
    pub(super) listing: Option<FolderListing>,
    pub(super) help_open: bool,
    pub(super) form_hidden: bool,
    pub(super) palette_open: bool,
    pub(super) import: Option<ImportState>,
    pub(super) keys: KeyMap,
    pub(super) standard: Option<StandardScale>,
    pub(super) panes: PaneState,
    pub(super) conditions: ConditionsState,
    pub(super) quit_asked: bool,
    /// Leaving was refused once because a training runs.
    pub(super) leave_asked: bool,
    pub(super) protocol_changed: bool,
    pub(super) opening: Option<Opening>,
    /// What was asked for before this request belongs to an exam or a reader that is gone.
    pub(super) exam_since: RequestId,
    /// What was asked for up to this request was another person's.
    pub(super) person_since: RequestId,
    /// In which study something was asked for that changes one.
    pub(super) asked_in: BTreeMap<RequestId, std::path::PathBuf>,
    pub(super) operating: Option<RequestId>,
    pub(super) after_save: Option<AfterSave>,
    pub(super) seed: u64,
    pub(super) now: String,
    pub(super) sample_root: Option<std::path::PathBuf>,
    pub(super) hands: Hands,
    pub(super) schemes: [LabelScheme; 3],
    pub(super) undo_budget_bytes: usize,
}

/// Who works with a session, and so what it may begin by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hands {
    /// A reader before a window: sitting down opens the exam that they left off at, and begins its read where there is none.
    #[default]
    Reader,
    /// A command that writes to the exams it names, and to no other.
    Command,
    /// A command that only looks: no read is begun or written to, and no time of a machine counted as a reader's.
    Looking,
}

impl Session {
    /// An empty session. `seed` is where models start from.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            study: None,
            role: None,
            exam: None,
            tool: ToolState::default(),
            workspace: Workspace::default(),
            training: TrainingState::default(),
            compare: CompareState::default(),
            review: ReviewState::default(),
            checked: None,
            scoring: Scoring::default(),
            audit: None,
            atlas: AtlasState::default(),
            go_on_at: None,
            left_at: BTreeMap::new(),
            notices: Notices::default(),
            jobs: BTreeMap::new(),
            next_request: 0,
            path_entry: None,
            path_tried: None,
            listing: None,
            help_open: false,
            form_hidden: false,
            palette_open: false,
            import: None,
            keys: KeyMap::default(),
            standard: None,
            panes: PaneState::default(),
            conditions: ConditionsState::default(),
            quit_asked: false,
            leave_asked: false,
            protocol_changed: false,
            opening: None,
            exam_since: RequestId(0),
            person_since: RequestId(0),
            asked_in: BTreeMap::new(),
            operating: None,
            after_save: None,
            seed,
            now: String::new(),
            sample_root: None,
            hands: Hands::Reader,
            schemes: [LabelScheme::marrow(), LabelScheme::bones(&[]), LabelScheme::exclusion()],
            undo_budget_bytes: History::DEFAULT_BUDGET_BYTES,
        }
    }

    /// Bytes of memory for what undo needs; older steps come from the journal, so that undo stays without limit.
    #[must_use]
    pub const fn with_undo_budget_bytes(mut self, bytes: usize) -> Self {
        self.undo_budget_bytes = bytes;
        self
    }

    /// The same in the hands of somebody, or something, else than a reader before a window.
    #[must_use]
    pub const fn in_hands(mut self, hands: Hands) -> Self {
        self.hands = hands;
        self
    }

    /// Where `OpenSample` makes its study.
    #[must_use]
    pub fn with_sample_root(mut self, root: std::path::PathBuf) -> Self {
        self.sample_root = Some(root);
        self
    }

    /// The open study.
    #[must_use]
    pub const fn study(&self) -> Option<&StudySummary> {
        self.study.as_ref()
    }

    /// Who sits here; `None` before the person has said so.
    #[must_use]
    pub const fn role(&self) -> Option<&Role> {
        self.role.as_ref()
    }

    /// The exam on screen.
    #[must_use]
    pub const fn exam(&self) -> Option<&OpenExam> {
        self.exam.as_ref()
    }

    /// The tool in hand.
    #[must_use]
    pub const fn tool(&self) -> &ToolState {
        &self.tool
    }

    /// The workspace shown.
    #[must_use]
    pub const fn workspace(&self) -> Workspace {
        self.workspace
    }

    /// Training in progress.
    #[must_use]
    pub const fn training(&self) -> &TrainingState {
        &self.training
    }

    /// The Review workspace.
    #[must_use]
    pub const fn review(&self) -> &ReviewState {
        &self.review
    }

    /// The latest comparison of the study's exams.
    #[must_use]
    pub const fn compare(&self) -> Option<&CompareTable> {
        self.compare.table()
    }

    /// The Compare workspace.
    #[must_use]
    pub const fn comparison(&self) -> &CompareState {
        &self.compare
    }

    /// What was found when the open read was looked over before sealing; the person decides now.
    #[must_use]
    pub const fn checked(&self) -> Option<&ReadChecked> {
        self.checked.as_ref()
    }

    /// What the Score workspace shows.
    #[must_use]
    pub const fn scoring(&self) -> &Scoring {
        &self.scoring
    }

    /// The audit trail as it was walked last.
    #[must_use]
    pub const fn audit(&self) -> Option<&AuditShown> {
        self.audit.as_ref()
    }

    /// What random numbers start from.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Sentences on screen.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        self.notices.list()
    }

    /// Work that runs elsewhere.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// The purpose for which the built-in path entry is open.
    #[must_use]
    pub const fn path_entry(&self) -> Option<PickPurpose> {
        self.path_entry
    }

    /// Whether the Protocol page holds changes that are in no file.
    #[must_use]
    pub const fn protocol_changed(&self) -> bool {
        self.protocol_changed
    }

    /// The path that was written in the entry and came to nothing, to be mended there, and why it did.
    #[must_use]
    pub fn path_to_mend(&self) -> Option<(&std::path::Path, &str)> {
        let tried = self.path_tried.as_ref().filter(|tried| self.path_entry == Some(tried.purpose))?;
        Some((&tried.path, tried.refused.as_deref()?))
    }

    /// The folder listed in the path entry.
    #[must_use]
    pub const fn listing(&self) -> Option<&FolderListing> {
        self.listing.as_ref()
    }

    /// The import that waits for the person.
    #[must_use]
    pub const fn import(&self) -> Option<&ImportState> {
        self.import.as_ref()
    }

    /// Whether the help window is open.
    #[must_use]
    pub const fn help_open(&self) -> bool {
        self.help_open
    }

    /// Whether the palette is open.
    #[must_use]
    pub const fn palette_open(&self) -> bool {
        self.palette_open
    }

    /// The labels of a layer.
    #[must_use]
    pub const fn scheme(&self, layer: LayerKind) -> &LabelScheme {
        &self.schemes[layer.number()]
    }

    /// The exams of the study.
    #[must_use]
    pub fn exams(&self) -> &[ExamSummary] {
        self.study.as_ref().map_or(&[], |study| &study.exams)
    }

    /// Name of the model that this reader trains for the active layer; models of different readers never mix.
    /// None is trained for what is left out.
    #[must_use]
    pub fn model_name(&self) -> Option<String> {
        if self.tool.layer == LayerKind::Exclusion {
            return None;
        }
        let reader = self.role.as_ref()?.reader()?;
        Some(format!("{}-{reader}", self.tool.layer))
    }

    /// Current version of the reader's model.
    #[must_use]
    pub fn current_version(&self) -> Option<u32> {
        self.study.as_ref()?.current.get(&self.model_name()?).copied()
    }

    /// Whether the reader's policy allows proposals in this read.
    #[must_use]
    pub fn assistance_allowed(&self) -> bool {
        let (Some(study), Some(Role::Reader(reader))) = (&self.study, &self.role) else { return false };
        let standing = self.exam.as_ref().map(|e| &e.standing);
        let assisted = matches!(standing, Some(Standing::Writing { assisted: true, .. } | Standing::Viewing { assisted: true, .. }));
        let independent = matches!(standing, Some(Standing::Writing { assisted: false, .. } | Standing::Viewing { assisted: false, .. }));
        // With no exam before anybody nothing can be shown too early: once a read is sealed its reader may train on what is theirs.
        let assisted = assisted
            || (self.hands == Hands::Looking && self.exam.is_none() && study.exams.iter().any(|exam| exam.sealed.contains(reader)));
        study.protocol.reader(reader).is_some_and(|rule| match rule.assistance {
            Assistance::None => false,
            // A read that was begun as an independent one stays so, whatever the protocol says since.
            Assistance::FromStart => !independent,
            // Only in a read that was begun after the first one was sealed, and is tagged so.
            Assistance::AfterSeal => assisted,
        })
    }

    /// Voxels that changed since the last call, for the textures; empties the list.
    pub fn take_dirty(&mut self) -> Vec<Dirty> {
        self.exam.as_mut().map(|exam| std::mem::take(&mut exam.dirty)).unwrap_or_default()
    }

    /// Whether everything is on disk.
    #[must_use]
    pub fn all_saved(&self) -> bool {
        self.exam.as_ref().is_none_or(|exam| exam.unsaved.is_empty())
    }

    /// Whether the program can end with nothing lost: everything is on disk, and no training has weights that are not.
    #[must_use]
    pub fn may_close(&self) -> bool {
        self.all_saved() && !self.training.is_running()
    }

    pub(super) fn request(&mut self, text: &str, request: Request) -> Effect {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        if !text.is_empty() {
            self.jobs.insert(id, Job { text: text.to_owned(), fraction: None });
        }
        if let Some(study) = self.study.as_ref().filter(|_| changes_a_study(&request)) {
            self.asked_in.insert(id, study.root.clone());
        }
        Effect::Work(id, request)
    }

    pub(super) fn info(&mut self, text: impl Into<String>) {
        self.notices.push(NoticeLevel::Info, text);
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.notices.push(NoticeLevel::Warning, text);
    }

    pub(super) fn error(&mut self, text: impl Into<String>) {
        self.notices.push(NoticeLevel::Error, text);
    }
}
