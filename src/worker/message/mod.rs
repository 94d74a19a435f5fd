//! What the window and the workers say to each other: plain data, no threads.

mod atlas;
mod audit;
mod compare;
mod doubt;
mod event;
mod import;
mod mask;
mod operate;
mod packet;
mod report;
mod request;
mod score;
mod seal;
mod standard;
mod study;
mod training;

pub use atlas::{AtlasAsk, AtlasMask, AtlasRequest, AtlasShown, AtlasSummary, Calibrated};
pub use audit::{AuditRequest, AuditShown};
pub use compare::{
    AdoptConsensusRequest, CompareCell, CompareChoice, CompareExam, CompareLevel, CompareLine, CompareRequest, CompareTable, ComparedExam,
    ComparedMap, MapOf, ModelVersion, voters,
};
pub use doubt::{DoubtMap, ExamGain, RankRequest, Ranking};
pub use event::{Event, FolderListing, Outcome};
pub use import::{ImportLook, ImportPreview, ImportSource};
pub use mask::{MaskRead, MaskRequest};
pub use operate::{OperateRequest, Operated};
pub use packet::{PacketAsk, PacketRequest};
pub use report::{REPORT_SEED, ReportChoice, ReportWritten};
pub use request::{ExportHow, OpenHow, PickPurpose, Request, RequestId, Role};
pub use score::{NewScores, ScoreAsk, ScoreExams, ScoreOutcome, ScoreRequest, ScoreRowRequest, ScoreSummary};
pub use seal::{CheckReadRequest, ReadChecked, SealEnded, SealRequest, Standing};
pub use standard::StandardScale;
pub use study::{Dirty, ExamSummary, LoadedExam, StudySummary, VersionSummary};
pub use training::{
    Ablated, GaveUp, Interest, JudgeRequest, LabelDice, NetWish, OpenReadSnapshot, ProposalResult, ProposeRequest, TrainControl,
    TrainProgress, TrainRequest, TrainedVersion, VersionsJudged, overtaken_words,
};
