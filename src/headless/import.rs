//! `osteon study import`: reads the sources, shows what would become of them, imports.

use super::place;
use super::progress::Progress;
use crate::io::{self, SourceVolume, Watch};
use crate::study::{ImportOptions, ImportPlan, ImportReport, ImportTable, Look, PatientMap, SequenceName, Study, StudyError};
use anyhow::{Error, Result, anyhow, bail};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is imported, and how.
pub(super) struct ImportJob {
    /// Folder of the study.
    pub study: PathBuf,
    /// Files and folders.
    pub images: Vec<PathBuf>,
    /// What the person said.
    pub options: ImportOptions,
    /// Table of names.
    pub roles: Option<PathBuf>,
    /// Show, and import nothing.
    pub dry_run: bool,
}

/// # Errors
/// One sentence that names the file and what to do.
pub(super) fn run(job: &ImportJob) -> Result<()> {
    let study = Study::open(&job.study)?;
    let progress = Progress::new();
    let report = |done: usize, total: usize| progress.at(done as f32 / total.max(1) as f32, "Importing");
    let watch = Watch::new(&report, &|| false);
    let volumes = read(&job.images, &watch)?;
    let mut plan = ImportPlan::new(study.layout(), study.protocol(), volumes, &job.options)?;
    if let Some(file) = &job.roles {
        let table = named(plan.table().clone(), file, &job.options)?;
        plan.correct(table).map_err(|why| anyhow!("{}: {why}", file.display()))?;
    }
    progress.finish();
    plan.left_out().iter().for_each(|(path, why)| eprintln!("left out: {}: {why}", path.display()));
    show(plan.table());
    require_reading(plan.table(), job.options.reading.as_ref())?;
    if job.dry_run {
        tell_failed(plan.refused());
        return Ok(());
    }
    let known = plan.table().already_there.clone();
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| anyhow!("the system gives no random numbers: {e}"))?;
    let progress = Progress::new();
    let report = |done: usize, total: usize| progress.at(done as f32 / total.max(1) as f32, "Importing");
    let report = plan.carry_out(study.layout(), &mut ChaCha8Rng::from_seed(seed), &Watch::new(&report, &|| false)).map_err(remedies)?;
    progress.finish();
    // Meanwhile another program may have brought the same.
    let late = report.already_there.iter().filter(|path| !known.contains(path));
    late.for_each(|path| eprintln!("the study has {} already", path.display()));
    outcome(&job.study, &report)
}

fn read(images: &[PathBuf], watch: &Watch<'_>) -> Result<Vec<SourceVolume>> {
    let (mut read, mut keep) = (Vec::new(), io::KeepBytes::default());
    for path in images {
        place::require_path(path)?;
        let reading = io::read_path_within(path, watch, &mut keep)?;
        for skipped in &reading.skipped {
            eprintln!("skipped {}: {}", skipped.path.display(), skipped.why);
        }
        read.push(reading.volumes);
    }
    Ok(once(read))
}

/// Leaves out what two of the named places both hold: a file beside its folder, a folder named twice. Volumes of one place are
/// different ones, even where one file holds them all.
fn once(read: Vec<Vec<SourceVolume>>) -> Vec<SourceVolume> {
    let files_of = |volume: &SourceVolume| -> BTreeSet<PathBuf> {
        volume.sources().iter().map(|s| s.path.canonicalize().unwrap_or_else(|_| s.path.clone())).collect()
    };
    let files: Vec<Vec<BTreeSet<PathBuf>>> = read.iter().map(|volumes| volumes.iter().map(files_of).collect()).collect();
    let mut holders: BTreeMap<&PathBuf, Vec<(usize, &BTreeSet<PathBuf>)>> = BTreeMap::new();
    for (place, volumes) in files.iter().enumerate() {
        for of_volume in volumes {
            of_volume.iter().for_each(|file| holders.entry(file).or_default().push((place, of_volume)));
        }
    }
    let is_brought = |place: usize, own: &BTreeSet<PathBuf>| {
        let same = own.first().and_then(|file| holders.get(file)).into_iter().flatten();
        let whole =
            |(at, other): &(usize, &BTreeSet<PathBuf>)| *at != place && own.is_subset(other) && (own.len() < other.len() || *at < place);
        same.into_iter().any(whole)
    };
    let mut kept = Vec::new();
    for (place, volumes) in read.into_iter().enumerate() {
        for (at, volume) in volumes.into_iter().enumerate() {
            if is_brought(place, &files[place][at]) {
                eprintln!("left out: {}: it comes in with another of the places named", volume.path().display());
            } else {
                kept.push(volume);
            }
        }
    }
    kept
}

/// Gives sequences the names of a table, whose first column is a file's name or what the import calls the source.
fn named(mut table: ImportTable, file: &Path, options: &ImportOptions) -> Result<ImportTable> {
    let roles = PatientMap::load_columns(file, ["source", "sequence"])?;
    let rows: Vec<([usize; 2], String, String)> = table
        .sequences()
        .map(|(at, s)| (at, s.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(), s.source_name.clone()))
        .collect();
    for (source, name) in roles.entries() {
        let name = SequenceName::new(name).map_err(|e| anyhow!("{}: {e}", file.display()))?;
        let fits: Vec<[usize; 2]> = rows.iter().filter(|(_, f, n)| f == source || n == source).map(|(at, ..)| *at).collect();
        if fits.is_empty() {
            bail!("{}: no image is called {source:?}: take the words of the second column that --dry-run prints", file.display());
        }
        for at in fits {
            if !table.rename(at, &name) {
                bail!("{}: an exam has two sequences {name}: give {source:?} another name", file.display());
            }
        }
    }
    if let Some(name) = &options.reading {
        table.read_everywhere(name);
    }
    Ok(table)
}

/// A sequence to be read that no exam has is a slip of the pen; one that some exams lack is not.
fn require_reading(table: &ImportTable, wish: Option<&SequenceName>) -> Result<()> {
    let there: BTreeSet<&str> = table.sequences().map(|(_, sequence)| sequence.name.as_str()).collect();
    match wish.filter(|wish| !there.is_empty() && !there.contains(wish.as_str())) {
        Some(wish) => {
            let there: Vec<&str> = there.into_iter().collect();
            bail!("--reading {wish}: none of these exams has that sequence; they have {}", there.join(", "))
        }
        None => Ok(()),
    }
}

/// The table of what is imported, on stderr: it names the sources, which nothing on stdout does.
fn show(table: &ImportTable) {
    for path in &table.already_there {
        eprintln!("the study has {} already", path.display());
    }
    for (number, exam) in table.exams.iter().enumerate() {
        let whose = match (exam.patient, exam.known_patient) {
            (Some(n), true) => format!("patient {n}, known to the link list"),
            (Some(n), false) => format!("patient {n}"),
            (None, _) => "a patient of its own: the source does not say whose it is".to_owned(),
        };
        eprintln!("exam {} ({whose})", number + 1);
        for (at, sequence) in exam.sequences.iter().enumerate() {
            let read = if at == exam.reading { "read" } else { "beside" };
            let told = if sequence.told_by.is_empty() { "nothing tells what it is".to_owned() } else { format!("by {}", sequence.told_by) };
            let [i, j, k] = sequence.shape;
            let look = match &sequence.look {
                Look::Waiting => "; WAITS: its pixels may show a name",
                Look::Masked(_) => "; blacked out in part",
                Look::Clean | Look::NotNeeded | Look::NotSaid => "",
            };
            eprintln!("  {read:6} {:12} {:24} {i} x {j} x {k}, {told}{look}", sequence.name.as_str(), sequence.source_name);
            for finding in &sequence.findings {
                eprintln!("         {finding}");
            }
        }
    }
}

/// The window has buttons for what is said here.
fn remedies(why: StudyError) -> Error {
    let StudyError::BurnedIn { path } = why else { return why.into() };
    anyhow!(
        "{} may show the patient's name in its pixels: look at it, then import again with --confirm-pictures if it shows none, or with \
         --mask X0,Y0,X1,Y1 over the name",
        path.display()
    )
}

fn tell_failed(failed: &[(PathBuf, String)]) {
    for (path, why) in failed {
        eprintln!("not imported: {}: {why}", path.display());
    }
}

fn outcome(study: &Path, report: &ImportReport) -> Result<()> {
    tell_failed(&report.failed);
    for exam in &report.exams {
        let names: Vec<String> = exam.sequences.iter().map(ToString::to_string).collect();
        println!("{} (patient {}): {}", exam.exam, exam.patient, names.join(", "));
    }
    if report.exams.is_empty() {
        bail!("{}: no new exam came of these images; see the lines above for why", study.display());
    }
    Ok(())
}
