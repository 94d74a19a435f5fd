//! Packets from the window, and the protocol written from it.

use super::files::finish;
use super::hub::WorkerConfig;
use super::message::{Outcome, PacketAsk, PacketRequest};
use super::summary::summarise;
use super::task::Task;
use crate::io::{Watch, atomic_write};
use crate::study::{
    CodeMap, HiddenAtlasExam, Layout, MEETING_READER, PacketOptions, Protocol, ReaderRule, Study, make_packet, merge_packet, send_back,
};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::path::Path;

/// The code map's name beside the packets that the window makes.
const CODE_MAP: &str = "code-map.json";

/// Does what is asked; the study comes back as it is then.
pub(super) fn packet(task: &Task, config: &WorkerConfig, request: &PacketRequest) -> Outcome {
    let text = match &request.what {
        PacketAsk::Make { folder } => make(task, &request.root, folder),
        PacketAsk::Return { folder } => give_back(&request.root, folder),
        PacketAsk::Merge { file } => merge(&request.root, file),
    };
    match text.and_then(|text| Ok((text, summarise(&request.root, &config.scratch_root, Vec::new())?))) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok((text, study)) => Outcome::PacketDone { text, study: Box::new(study) },
        Err(why) => Outcome::Failed(why),
    }
}

/// A packet for every reader who has none, with the code map beside them; the folder is made.
fn make(task: &Task, root: &Path, folder: &Path) -> Result<String, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let code_map = folder.join(CODE_MAP);
    let map = CodeMap::open(&code_map, root).map_err(|e| e.to_string())?;
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| format!("The system gives no random numbers: {e}"))?;
    let mut rng = ChaCha8Rng::from_seed(seed);
    let (mut made, mut hidden) = (Vec::new(), Vec::new());
    let has_one = |rule: &&ReaderRule| map.packets().iter().any(|p| p.reader == rule.code);
    let rules = study.protocol().readers().iter().filter(|rule| rule.code.as_str() != MEETING_READER && !has_one(rule));
    let wanted: Vec<_> = rules.map(|rule| (rule, folder.join(format!("{}.osteonpacket", rule.code)))).collect();
    // A folder was chosen and nobody said that files in it may go: a packet that the map does not know is another study's.
    if let Some((_, out)) = wanted.iter().find(|(_, out)| out.exists()) {
        return Err(format!(
            "{} is there already and {} does not know it: choose another folder; nothing was written.",
            out.display(),
            code_map.display()
        ));
    }
    for (rule, out) in wanted {
        let options = PacketOptions { reader: rule.code.clone(), out, code_map: code_map.clone(), seed: None, again: false, model: None };
        let report = |done: usize, total: usize| {
            task.progress(format!("Packing for reader {}", rule.code), (total > 0).then(|| done as f32 / total as f32));
        };
        let cancelled = || task.cancel.is_cancelled();
        let packet = make_packet(&study, &options, &mut rng, &Watch::new(&report, &cancelled)).map_err(|e| e.to_string())?;
        hidden.extend(packet.hidden.iter().map(|hidden| format!(" {}", hidden.sentence())));
        made.push(rule.code.to_string());
    }
    if made.is_empty() {
        return Err(format!("Every reader has a packet already, says {}: merge what comes back.", code_map.display()));
    }
    Ok(format!(
        "Packets for {} lie in {}; {CODE_MAP} there tells which exam is which: send it to nobody.{}",
        made.join(", "),
        folder.display(),
        hidden.concat()
    ))
}

fn give_back(root: &Path, folder: &Path) -> Result<String, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let reader = study.packet().map_err(|e| e.to_string())?.map_or_else(String::new, |copy| copy.reader.to_string());
    Layout::refuse_target(folder).map_err(|e| e.to_string())?;
    let sent = send_back(&study, &folder.join(format!("{reader}.osteonreturn"))).map_err(|e| e.to_string())?;
    let left = match sent.left {
        0 => String::new(),
        n => format!(" {n} exams have no sealed read yet."),
    };
    Ok(format!("{} sealed reads lie in {}: send it to the coordinator.{left}", sent.reads, sent.out.display()))
}

fn merge(root: &Path, file: &Path) -> Result<String, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let code_map = file.with_file_name(CODE_MAP);
    if !code_map.is_file() {
        return Err(format!("{} is not there: put the file that came back beside the code map and choose it again.", code_map.display()));
    }
    let report = merge_packet(&study, file, &code_map).map_err(|e| e.to_string())?;
    let calibrations = if report.calibrations == 0 { String::new() } else { format!(" {} new calibrations.", report.calibrations) };
    let (merged, present) = (report.merged.len(), report.present.len());
    Ok(format!("{merged} reads of {} taken over, {present} were there already.{calibrations}", report.reader))
}

/// Writes the protocol; a text with a mistake, or one that forgets a reader who has reads, is refused and nothing is written.
pub(super) fn save_protocol(task: &Task, config: &WorkerConfig, root: &Path, text: &str, base: &str) -> Outcome {
    let save = || -> Result<(), String> {
        let study = Study::open(root).map_err(|e| e.to_string())?;
        let path = study.layout().protocol();
        if study.protocol_text().map_err(|e| e.to_string())? != base {
            return Err(format!(
                "{} was changed by somebody else meanwhile: open the study again and make your change there; nothing was written.",
                path.display()
            ));
        }
        let protocol = Protocol::parse(text, &path.display().to_string()).map_err(|e| e.to_string())?;
        for reader in study.layout().readers().map_err(|e| format!("The reads cannot be listed: {e}"))? {
            if protocol.reader(&reader).is_none() {
                return Err(format!("Reader {reader} has reads in this study and must stay in the protocol; nothing was written."));
            }
        }
        if protocol.bones() != study.protocol().bones() && !study.layout().readers().unwrap_or_default().is_empty() {
            return Err(
                "The bones cannot change once there are reads: their labels would mean something else; nothing was written.".to_owned()
            );
        }
        atomic_write(&path, |out| out.write_all(text.as_bytes())).map_err(|e| e.to_string())
    };
    // Whoever adds a reader hears what that reader does not see.
    let hidden = || Study::open(root).and_then(|study| study.hidden_from_readers()).map_err(|e| e.to_string());
    let remarks = |()| Ok(hidden()?.iter().map(HiddenAtlasExam::sentence).collect());
    finish(task, save().and_then(remarks).and_then(|remarks| summarise(root, &config.scratch_root, remarks)))
}
