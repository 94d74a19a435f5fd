//! `osteon study split`: who trains, validates and tests, fixed before anybody learns or reads.

use super::part_word;
use crate::study::{ExamCode, ExamRecord, Part, PatientCode, Split, Study};
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is wanted.
#[derive(Args, Clone, Debug)]
pub struct SplitArgs {
    /// Folder of the study
    dir: PathBuf,
    /// Exams or patients that test, chosen by hand: these patients test, the others are drawn to the protocol's shares
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    test: Vec<String>,
    /// Exams or patients that validate, chosen by hand
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    validate: Vec<String>,
    /// Exams or patients that train, chosen by hand
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    train: Vec<String>,
}

/// # Errors
/// One sentence, if a code is unknown or a patient has another part already; then nothing is changed.
pub fn run(args: &SplitArgs) -> Result<()> {
    let study = Study::open(&args.dir)?;
    let exams = study.exams()?;
    if exams.is_empty() {
        bail!("{} holds no exam yet; import images first, then draw the split.", args.dir.display());
    }
    let recorded = Split::load(study.layout())?;
    let mut chosen: BTreeMap<PatientCode, Part> = BTreeMap::new();
    for (codes, part) in [(&args.test, Part::Test), (&args.validate, Part::Validate), (&args.train, Part::Train)] {
        for code in codes {
            let patient = patient_of(&exams, code.trim())?;
            let former = recorded.part(&patient).or_else(|| chosen.get(&patient).copied()).filter(|former| *former != part);
            if let Some(former) = former {
                let (former, part) = (part_word(former), part_word(part));
                bail!("{code}: its patient's part is {former}, which stays; take it out of --{part}.");
            }
            chosen.insert(patient, part);
        }
    }
    if !chosen.is_empty() {
        // What another program gave a patient meanwhile stays.
        Split::change(study.layout(), |split| chosen.into_iter().for_each(|(patient, part)| _ = split.assign(patient, part)))?;
    }
    let split = study.drawn_split()?;
    for part in [Part::Train, Part::Validate, Part::Test] {
        let of_part: Vec<&str> = exams.iter().filter(|e| split.part(&e.patient) == Some(part)).map(|e| e.exam.as_str()).collect();
        println!("{:9} {:4}  {}", part_word(part), of_part.len(), of_part.join(" "));
    }
    Ok(())
}

/// The patient that a code of an exam or of a patient stands for.
fn patient_of(exams: &[ExamRecord], code: &str) -> Result<PatientCode> {
    let exam = ExamCode::new(code).ok();
    let named = |record: &&ExamRecord| Some(&record.exam) == exam.as_ref() || record.patient.as_str() == code;
    match exams.iter().find(named) {
        Some(record) => Ok(record.patient.clone()),
        None => bail!("{code} is neither an exam nor a patient of the study; see `osteon study status`."),
    }
}
