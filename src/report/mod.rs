//! The report of a study: tables, figures (SVG), one self-contained HTML page and CSV files, byte for byte the same for
//! the same reads. Nothing here opens a file, asks the clock or makes its own randomness.

mod axis;
mod boxes;
mod chance;
mod confusion;
mod correction;
mod csv;
mod dice_table;
mod distance_table;
mod exams;
mod facts;
mod figures;
mod flow;
mod html;
mod input;
mod limits;
mod matrix;
mod measure;
mod method;
mod number;
mod origin;
mod page;
mod paired;
mod readers;
mod sacroiliac;
mod scatter;
mod scores;
mod series;
mod side;
mod svg;
mod table;
mod time;
mod who;

pub use correction::{CorrectionCurve, correction_plot};
pub use dice_table::{DiceLine, dice_lines};
pub use facts::{Excluded, ModelFacts, ReportFacts, SourceFact};
pub use figures::{AgainstConsensus, AmongReaders, Distances, LevelFigures, PairFigures, UnitFigures};
pub use input::{ExamReads, ReadMap, ReportError, ReportRules};
pub use measure::measure;
pub use origin::OriginFigures;
pub use page::{ReportFile, write_report};
pub use series::Described;
pub use who::Who;
