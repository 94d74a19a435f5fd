//! `osteon score`: scoring sessions without a window; the marks themselves are set in it, or one at a time here.

use super::output::{is_stdout, require_target, write_json};
use super::place::{self, clock};
use super::progress::Progress;
use super::{DEFAULT_SEED, Driver};
use crate::session::{Command, FileCommand, ScoreCommand as Ask, Session, StudyCommand};
use crate::study::{
    CodeError, Covariates, ExamCode, KeyPlace, Mark, ScoreFile, ScoreRow, ScoreTable, Study, Target, save_tables, score_tables,
};
use crate::worker::WorkerConfig;
use crate::worker::message::{NewScores, PickPurpose, Role, ScoreExams};
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3600);

/// What can be done with scoring sessions.
#[derive(Subcommand, Clone, Debug)]
pub enum ScoreCommand {
    /// Make a session of consensus and model masks, shuffled and without names
    Make(MakeArgs),
    /// Show the sessions of a study
    List {
        /// Folder of the study
        study: PathBuf,
    },
    /// Set one mark
    Mark(MarkArgs),
    /// Lock a session: its marks stand
    Lock {
        /// Folder of the study
        study: PathBuf,
        /// Name of the session
        #[arg(long)]
        session: String,
    },
    /// Unblind a locked session and write Table 2
    Table(TableArgs),
}

/// What `osteon score make` takes.
#[derive(Args, Clone, Debug)]
pub struct MakeArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Name of the session
    #[arg(long)]
    pub session: String,
    /// The model whose current version is scored
    #[arg(long)]
    pub model: String,
    /// Who marks: one name for a group that agrees on each mark, or several for each alone
    #[arg(long, value_delimiter = ',', default_value = "panel")]
    pub scorers: Vec<String>,
    /// Draw the order with this number instead of one that nobody knows (the key keeps it)
    #[arg(long)]
    pub seed: Option<u64>,
    /// Write the key there, outside the study, instead of into the folder STUDY-coordinator beside it
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Which exams: those of the test part, of test and validation part, or all
    #[arg(long, default_value = "test", value_parser = ScoreExams::ALL.map(ScoreExams::word))]
    pub exams: String,
}

/// What `osteon score mark` takes.
#[derive(Args, Clone, Debug)]
pub struct MarkArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Name of the session
    #[arg(long)]
    pub session: String,
    /// Who marks
    #[arg(long, default_value = "panel")]
    pub scorer: String,
    /// Code of the mask: M-01
    #[arg(long)]
    pub mask: String,
    /// 1, 2, 3 or overall
    #[arg(long)]
    pub level: String,
    /// 0 to 10
    #[arg(long)]
    pub mark: f64,
}

/// What `osteon score table` takes.
#[derive(Args, Clone, Debug)]
pub struct TableArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Name of the session
    #[arg(long)]
    pub session: String,
    /// Where the key is, if not in the folder STUDY-coordinator beside the study
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// CSV file with the column exam, and age, slices, slices_with_signal, sex, group, site where known; outside the study
    #[arg(long, value_name = "FILE")]
    pub covariates: Option<PathBuf>,
    /// Write the figures as JSON too (- = standard output)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// # Errors
/// One sentence that names the file and what to do.
pub fn run(command: ScoreCommand) -> Result<()> {
    match command {
        ScoreCommand::Make(args) => make(&args),
        ScoreCommand::List { study } => list(&Study::look(&study)?),
        ScoreCommand::Mark(args) => mark(&args),
        ScoreCommand::Lock { study, session } => {
            let session = session_name(&session)?;
            ScoreFile::open(&Study::open(&study)?.layout().score_file(&session), &clock())?.lock(&clock())?;
            println!("{session} is locked");
            Ok(())
        }
        ScoreCommand::Table(args) => table(&args),
    }
}

fn make(args: &MakeArgs) -> Result<()> {
    place::require_study(&args.study)?;
    let config =
        WorkerConfig { threads: place::all_threads(), scratch_root: place::data_home().join("scratch"), wake: Arc::new(|| {}), clock };
    let progress = Progress::new();
    let bar = progress.clone();
    let mut driver = Driver::new(Session::new(DEFAULT_SEED), config, Box::new(move |event| bar.follow(event)))?;
    driver.run_to_end("Opening", PATIENCE, Command::File(FileCommand::Use(PickPurpose::OpenFolder, args.study.clone())))?;
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator)))?;
    let new = NewScores {
        session: session_name(&args.session)?,
        model: args.model.clone(),
        scorers: args.scorers.clone(),
        seed: args.seed,
        key: args.key.clone(),
        exams: ScoreExams::ALL.into_iter().find(|e| e.word() == args.exams).unwrap_or_default(),
    };
    driver.run_to_end("Making the session", PATIENCE, Command::Score(Ask::Make(new)))?;
    progress.finish();
    let study = Study::open(&args.study)?;
    let file = ScoreFile::look(&study.layout().score_file(&session_name(&args.session)?))?;
    for line in &file.plan().left_out {
        eprintln!("{line}");
    }
    println!("{}: {} masks to be scored by {}", args.session, file.plan().items.len(), file.plan().scorers.join(", "));
    if let Ok(place) = KeyPlace::find(study.layout(), &file.plan().session, args.key.as_deref()) {
        println!("{} says which mask is the model's: show it to nobody who marks", place.path.display());
    }
    Ok(())
}

/// A session's name is a code like that of an exam, and is called by its own word.
fn session_name(text: &str) -> Result<ExamCode, CodeError> {
    ExamCode::new(text).map_err(|error| CodeError { what: "session name", ..error })
}

/// Every session that can be read; those that cannot are named last, and make the command fail.
fn list(study: &Study) -> Result<()> {
    let mut bad = Vec::new();
    for session in study.layout().score_sessions()? {
        let looked = ScoreFile::look(&study.layout().score_file(&session)).and_then(|file| Ok((file.plan().clone(), file.state()?)));
        let (plan, state) = match looked {
            Ok(found) => found,
            Err(error) => {
                bad.push(error.to_string());
                continue;
            }
        };
        let overall = state.marks.keys().filter(|(_, _, target)| *target == Target::Overall).count();
        let wanted = plan.items.len() * plan.scorers.len();
        let word = match (&state.locked, &state.unblinded) {
            (_, Some(_)) => ", unblinded",
            (Some(_), None) => ", locked",
            (None, None) => "",
        };
        println!("{session}: {} masks, {overall} of {wanted} marked overall{word}", plan.items.len());
    }
    let Some(last) = bad.pop() else { return Ok(()) };
    bad.iter().for_each(|why| eprintln!("{why}"));
    bail!("{last}")
}

fn mark(args: &MarkArgs) -> Result<()> {
    let study = Study::open(&args.study)?;
    let target = Target::from_word(&args.level).with_context(|| format!("{} is no level; write 1, 2, 3 or overall", args.level))?;
    let mark = Mark::of(args.mark).with_context(|| format!("{} is no mark; write a number from 0 to 10", args.mark))?;
    let mut file = ScoreFile::open(&study.layout().score_file(&session_name(&args.session)?), &clock())?;
    let (scorer, item) = (args.scorer.clone(), args.mask.clone());
    Ok(file.put(&ScoreRow { time: clock(), scorer, item, mark: Some((target, Some(mark))), comment: None })?)
}

fn table(args: &TableArgs) -> Result<()> {
    let study = Study::open(&args.study)?;
    let layout = study.layout();
    let session = session_name(&args.session)?;
    let covariates = args.covariates.as_deref().map(|path| Covariates::load(path, layout.root())).transpose()?.unwrap_or_default();
    let mut file = ScoreFile::open(&layout.score_file(&session), &clock())?;
    let list = args.covariates.as_deref().map(|path| covariates.remark(path, file.plan())).transpose()?.flatten();
    let place = KeyPlace::find(layout, &session, args.key.as_deref())?;
    for remark in place.remark().into_iter().chain(list) {
        eprintln!("{remark}");
    }
    // Before the session is unblinded: the key is read by this command, too.
    args.json.as_deref().map_or(Ok(()), |path| require_target(path, args.covariates.iter().chain([&place.path])))?;
    let key = file.unblind(&place.path, &clock())?;
    let tables = score_tables(file.plan(), &key, &file.state()?, &covariates);
    if tables.is_empty() {
        bail!("{session} holds no model's masks; make the session with a model");
    }
    // Nothing but JSON stands on the screen where that was asked for.
    let to_screen = args.json.as_deref().is_none_or(|path| !is_stdout(path));
    tables.iter().filter(|_| to_screen).for_each(|table| print!("{}", table_text(table)));
    let written = save_tables(layout, &tables)?;
    if to_screen {
        println!("Written to {}", written.display());
    } else {
        eprintln!("Written to {}", written.display());
    }
    if let Some(path) = &args.json {
        write_json(path, &json!({ "tables": tables.iter().map(as_json).collect::<Vec<_>>() }))?;
    }
    Ok(())
}

/// Table 2 in letters of one width, with its rules.
pub(super) fn table_text(table: &ScoreTable) -> String {
    let mut text = format!("Table 2, session {}, scored by {}: {} against {}\n", table.session, table.scorer, table.model, table.consensus);
    text += &format!("{:<12} {:<10} {:>20} {:>20} {:>20}\n", "", "", "consensus", "model", "difference");
    for (name, figures) in [("all marks", &table.all), ("without *", &table.without_flagged)] {
        for (target, figures) in Target::ALL.iter().zip(figures) {
            let words: Vec<String> = figures
                .iter()
                .map(|f| match (f.mean, f.sd) {
                    (Some(mean), Some(sd)) => format!("{mean:.2} ({sd:.2}), n {}", f.n),
                    (Some(mean), None) => format!("{mean:.2}, n {}", f.n),
                    _ => "–".to_owned(),
                })
                .collect();
            text += &format!("{name:<12} {:<10} {:>20} {:>20} {:>20}\n", target.name(), words[0], words[1], words[2]);
        }
    }
    for line in &table.left_out {
        text += &format!("Note: {line}.\n");
    }
    for rule in &table.rules {
        text += &format!("Rule. {rule}\n");
    }
    text
}

fn as_json(table: &ScoreTable) -> Value {
    let figures = |f: &crate::study::Figures| json!({ "n": f.n, "mean": f.mean, "sd": f.sd });
    let all = |rows: &[[crate::study::Figures; 3]; 4]| -> Value {
        let of =
            |r: &[crate::study::Figures; 3]| json!({"consensus": figures(&r[0]), "model": figures(&r[1]), "difference": figures(&r[2])});
        Target::ALL.iter().zip(rows).map(|(t, r)| (t.word().to_owned(), of(r))).collect::<serde_json::Map<_, _>>().into()
    };
    let mark = |m: Option<crate::study::TableMark>| m.map(|m| json!({"mark": m.value, "flagged": m.flagged}));
    let rows: Vec<Value> = table
        .rows
        .iter()
        .map(|row| {
            let marks: serde_json::Map<String, Value> = Target::ALL
                .iter()
                .enumerate()
                .map(|(at, t)| {
                    let [consensus, model] = row.marks[at];
                    let value = json!({"consensus": mark(consensus), "model": mark(model), "difference": row.difference(at, true)});
                    (t.word().to_owned(), value)
                })
                .collect();
            json!({"exam": row.exam, "age_years": row.age_years, "slices_with_signal": row.slices_with_signal,
                   "sex": row.words[0], "group": row.words[1], "site": row.words[2], "marks": marks})
        })
        .collect();
    json!({
        "session": table.session, "scorer": table.scorer, "model": table.model, "consensus": table.consensus, "rows": rows,
        "age_years": figures(&table.age_years), "slices_with_signal": figures(&table.slices_with_signal), "all": all(&table.all),
        "without_flagged": all(&table.without_flagged), "left_out": table.left_out, "rules": table.rules,
    })
}
