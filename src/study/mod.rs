//! A study on disk: protocol, exams, readers, reads, split, models. No threads, no clock, no randomness of its own.

mod atlas;
mod clock;
mod code;
mod error;
mod exam;
mod import;
mod import_plan;
mod import_table;
mod incoming;
mod layout;
mod link;
mod meeting;
mod models;
mod packet;
mod patients;
mod protocol;
mod read;
mod score;
mod sealing;
mod sequence_naming;
mod sequence_role;
mod split;
mod status;
mod store;
mod worklist;

pub use atlas::{Atlas, AtlasExam, AtlasNotes, CalibrationResult, HiddenAtlasExam, LevelDice, calibration_study};
pub use clock::{duration_words, unix_seconds};
pub use code::{CodeError, ExamCode, ModelCode, PatientCode, ReaderCode, SequenceName};
pub use error::StudyError;
pub use exam::{AcquisitionRecord, ExamError, ExamRecord, FindingRecord, SequenceRecord, Side};
pub use import::{ImportReport, ImportedExam};
pub use import_plan::{ImportOptions, ImportPlan, import};
pub use import_table::{ImportTable, Look, PixelBox, PlannedExam, PlannedSequence};
pub use layout::Layout;
pub use link::LinkedSources;
pub use meeting::MEETING_READER;
pub use packet::{
    CodeMap, CodedExam, MadePacket, MergeReport, MergedRead, PacketCopy, PacketError, PacketKey, PacketOptions, SentBack, is_packet,
    make_packet, merge_packet, packet_id, reading_order, send_back, unpack,
};
pub use patients::{PatientMap, PatientMapError};
pub use protocol::{
    Assistance, Fractions, Protocol, ProtocolError, ReaderRule, ReadingRules, ScoringRules, TOOL_WORDS, WindowLimit, WindowRule,
};
pub use read::{JournalRow, LockOwner, Opener, ReadError, ReadFile, ReadHeader, ReadState, ReadView, Triage, TriageVerdict};
pub use score::{
    ANCHORS, Anchor, Covariate, Covariates, FORM_SLICES, Figures, FormRead, JOINTS, KeyPlace, Mark, ModelError, NewPlan,
    POSITIVE_HALF_SLICES, QUADRANTS, SacroiliacForm, ScoreFile, ScoreItem, ScoreKey, ScorePlan, ScoreRow, ScoreSource, ScoreState,
    ScoreTable, TableMark, TableRow, Target, form_majority, model_errors, new_score_session, save_tables, saved_tables, score_tables,
};
pub use sealing::{AuditEntry, AuditFilter, AuditJournal, AuditReport, Seal, SealSubject, SealWarning, seal_warnings};
pub use sequence_naming::Naming;
pub use sequence_role::{Recognised, SequenceRole, recognise};
pub use split::{Part, Split, SplitError, TrainableExams};
pub use status::{CheckReport, ExamStatus, ReadStatus};
pub use store::{ScaleFile, Study};
pub use worklist::{ReadingPlace, SliceRemark, SlicesSeen};
