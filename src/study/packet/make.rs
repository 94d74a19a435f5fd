//! Making a packet: one reader's exams under that reader's codes, and nothing that tells what they are in the study.

use super::code_map::{CodeMap, CodedExam, PacketKey};
use super::container::{Direction, pack};
use super::error::PacketError;
use super::order::{generator, passes};
use super::recode::copy_recoded;
use super::unpack::PacketCopy;
use crate::io::{Watch, folder_of, making_folder};
use crate::study::code::fresh_patient_code;
use crate::study::{
    Assistance, Atlas, ExamCode, ExamRecord, HiddenAtlasExam, Layout, ModelCode, Part, PatientCode, ReaderCode, ReaderRule, ReadingRules,
    Split, Study, StudyError,
};
use rand::{Rng, RngExt as _};
use std::fs;
use std::path::{Path, PathBuf};

/// What a packet is made of.
#[derive(Clone, Debug)]
pub struct PacketOptions {
    /// For whom.
    pub reader: ReaderCode,
    /// The file to write.
    pub out: PathBuf,
    /// The coordinator's code map, outside the study; made where there is none.
    pub code_map: PathBuf,
    /// What order and codes are drawn with; a random number where none is given.
    pub seed: Option<u64>,
    /// Make another packet for a reader who has one.
    pub again: bool,
    /// A model that may assist, with its version.
    pub model: Option<(ModelCode, u32)>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadePacket {
    /// Its number.
    pub packet: String,
    /// Exams in it, repeats counted.
    pub exams: usize,
    /// The file.
    pub out: PathBuf,
    /// Exams of the atlas that did not go along: this reader has still to read them.
    pub hidden: Vec<HiddenAtlasExam>,
}

/// Makes a packet and adds it to the code map. It is packed first and gets its name last, so that a packet that nobody can decode
/// is never left behind, and none that failed stands in the map.
///
/// # Errors
/// If the reader is unknown or has a packet, the study has no exams, the model must not go to this reader, the code map lies in
/// the study, or a file cannot be read or written.
pub fn make_packet(study: &Study, options: &PacketOptions, rng: &mut impl Rng, watch: &Watch<'_>) -> Result<MadePacket, StudyError> {
    let reader = &options.reader;
    let unknown = || StudyError::NoSuchReader { file: study.layout().protocol(), reader: reader.clone() };
    let rule = study.protocol().reader(reader).ok_or_else(unknown)?.clone();
    let mut map = CodeMap::open(&options.code_map, study.layout().root())?;
    map.refuse_second(reader, options.again)?;
    let records = study.exams()?;
    if records.is_empty() {
        let nothing = "no exams; import images first";
        return Err(PacketError::Empty { path: study.layout().root().to_owned(), nothing }.into());
    }
    let seed = options.seed.unwrap_or_else(|| rng.random());
    let packet = loop {
        let number = format!("{:016x}", rng.random::<u64>());
        if map.packet(&number).is_none() {
            break number;
        }
    };
    let exams = coded(study, &records, &map, reader, seed)?;
    let key = PacketKey { packet: packet.clone(), reader: reader.clone(), seed, exams };
    // Beside the packet, where the person can make room and knows it: a system's folder for temporary files may be memory.
    let folder = making_folder(folder_of(&options.out)).map_err(|e| PacketError::file(&options.out, e))?;
    let inside = Layout::new(folder.path());
    write_protocol(study, &rule, &inside)?;
    for (at, coded) in key.exams.iter().enumerate() {
        watch.report(at, key.exams.len());
        if watch.cancelled() {
            return Err(StudyError::Cancelled);
        }
        let record = records.iter().find(|r| r.exam == coded.exam).ok_or_else(unknown)?;
        copy_recoded(study.layout(), record, &coded.code, &coded.patient, &inside)?;
    }
    write_split(study, &rule, &records, &key, &inside)?;
    // What a reader may not look at does not travel, unless they calibrate on it.
    let mut hidden = Vec::new();
    if study.protocol().reading().atlas || study.protocol().pass_mark().is_some() {
        hidden = study.hidden_atlas_exams(reader)?;
        copy_atlas(&study.atlas(), &hidden, &inside)?;
    }
    if let Some((model, version)) = &options.model {
        copy_model(study, &rule, model, *version, &inside)?;
    }
    let copy = PacketCopy::new(packet.clone(), reader.clone());
    copy.save(&inside)?;
    let exams = key.exams.len();
    let packed = pack(folder.path(), Direction::Out, &packet, reader, &options.out)?;
    map.add(key, options.again)?;
    if let Err(error) = packed.put() {
        map.take_out(&packet)?;
        return Err(error.into());
    }
    Ok(MadePacket { packet, exams, out: options.out.clone(), hidden })
}

/// Codes in the order of reading: `001-K7QX`, unknown to every other packet and to the study.
fn coded(study: &Study, records: &[ExamRecord], map: &CodeMap, reader: &ReaderCode, seed: u64) -> Result<Vec<CodedExam>, StudyError> {
    const SIGNS: &[u8; 21] = b"BCDFGHJKLMNPQRSTVWXYZ";
    let ReadingRules { reads, repeats, shuffled, other_visits, .. } = study.protocol().reading();
    let mut rng = generator(seed);
    let listed: Vec<ExamCode> = records.iter().map(|r| r.exam.clone()).collect();
    let order = passes(&listed, reads, repeats, shuffled, &mut rng);
    let width = order.len().to_string().len().max(3);
    let (mut coded, mut firsts): (Vec<CodedExam>, Vec<CodedExam>) = Default::default();
    for (at, (exam, pass)) in order.into_iter().enumerate() {
        let code = loop {
            let word: String = (0..4).map(|_| char::from(SIGNS[rng.random_range(0..SIGNS.len())])).collect();
            let code = ExamCode::new(&format!("{:0width$}-{word}", at + 1))?;
            // The word alone is unique too: a number is what people misread.
            let taken = coded.iter().any(|c| c.code.as_str().ends_with(&word)) || map.has_code(&code) || listed.contains(&code);
            if !taken {
                break code;
            }
        };
        let of_study = |p: &PatientCode| records.iter().any(|r| r.patient == *p);
        let taken = |p: &PatientCode| of_study(p) || map.has_patient(p) || coded.iter().any(|c: &CodedExam| c.patient == *p);
        let fresh = fresh_patient_code(&mut rng, taken);
        // Visits keep together only where readers may see them so; an exam that comes again never tells whose it is.
        let owner = |e: &ExamCode| records.iter().find(|r| r.exam == *e).map(|r| &r.patient);
        let together = firsts.iter().find(|c: &&CodedExam| other_visits && pass == 1 && owner(&c.exam) == owner(&exam));
        let patient = together.map_or(fresh, |c| c.patient.clone());
        let present = study.read_numbers(reader, &exam)?.last().copied().unwrap_or(0);
        let one = CodedExam { code, exam, number: present + pass, patient };
        firsts.extend((pass == 1).then(|| one.clone()));
        coded.push(one);
    }
    Ok(coded)
}

/// The protocol with this reader alone; how often and in which order exams come is hidden in the codes.
fn write_protocol(study: &Study, rule: &ReaderRule, inside: &Layout) -> Result<(), StudyError> {
    let reading = ReadingRules { reads: 1, repeats: 0, shuffled: false, ..study.protocol().reading() };
    let protocol = study.protocol().clone().with_readers(vec![rule.clone()]).with_reading(reading).with_split_seed(0);
    write(&inside.protocol(), protocol.to_toml().as_bytes())
}

/// Which exams may train goes along only where a model may assist.
fn write_split(study: &Study, rule: &ReaderRule, records: &[ExamRecord], key: &PacketKey, inside: &Layout) -> Result<(), StudyError> {
    if rule.assistance == Assistance::None {
        return Ok(());
    }
    study.trainable()?;
    let split = Split::load(study.layout())?;
    let mut copy = Split::default();
    for coded in &key.exams {
        let part = records.iter().find(|r| r.exam == coded.exam).and_then(|r| split.part(&r.patient));
        copy.assign(coded.patient.clone(), part.unwrap_or(Part::Test));
    }
    copy.save(inside)?;
    Ok(())
}

/// The reference atlas: each exam as the study's own travel, for a reader need not know scanner or source of it either, with its
/// agreed mask and its notes. Its codes stay, for calibrations come back under them. What the reader has still to read stays behind.
fn copy_atlas(atlas: &Atlas, hidden: &[HiddenAtlasExam], inside: &Layout) -> Result<(), StudyError> {
    let to = Layout::new(inside.atlas());
    for record in atlas.records()?.into_iter().filter(|record| hidden.iter().all(|h| h.atlas != record.exam)) {
        let code = &record.exam;
        copy_recoded(atlas.layout(), &record, code, &record.patient, &to)?;
        let from = atlas.layout();
        copy_file(&from.atlas_mask(code), &to.atlas_mask(code))?;
        if from.atlas_notes(code).is_file() {
            copy_file(&from.atlas_notes(code), &to.atlas_notes(code))?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<(), StudyError> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(|e| PacketError::file(folder, e))?;
    fs::copy(from, to).map_err(|e| PacketError::file(from, e))?;
    Ok(())
}

/// The reader's own model, or another's where the protocol says so; under the reader's own name, without a word on what it learnt.
fn copy_model(study: &Study, rule: &ReaderRule, model: &ModelCode, version: u32, inside: &Layout) -> Result<(), StudyError> {
    let refused = |why| PacketError::Model { model: model.to_string(), reader: rule.code.clone(), why };
    let Some((layer, owner)) = model.as_str().split_once('-') else {
        return Err(refused("its name does not say who it learnt from; choose one such as marrow-R1").into());
    };
    if rule.assistance == Assistance::None {
        return Err(refused("the protocol lets this reader see no proposals").into());
    }
    if owner != rule.code.as_str() && !study.protocol().reading().others_models {
        return Err(refused("it learnt from another reader; the protocol allows that with others_models = true").into());
    }
    let from = study.layout().model_version(model, version);
    if !from.is_dir() {
        return Err(StudyError::NoSuchVersion { model: model.clone(), version });
    }
    let name = ModelCode::new(&format!("{layer}-{}", rule.code))?;
    let to = inside.model_version(&name, 1);
    let listed = study.layout().model_files(model, version).map_err(|e| PacketError::file(&from, e))?;
    for name in listed {
        copy_file(&from.join(&name), &to.join(&name))?;
    }
    let card = to.join("card.json");
    let damaged = |e: serde_json::Error| StudyError::Damaged { path: card.clone(), problem: e.to_string() };
    let mut value: serde_json::Value =
        serde_json::from_slice(&fs::read(&card).map_err(|e| PacketError::file(&card, e))?).map_err(damaged)?;
    // A line of `data_hashes` is exam, slices, hash, or of a folder's case name and hash: only the number of slices goes along.
    if let Some(lines) = value.get_mut("data_hashes").and_then(|v| v.as_array_mut()) {
        for line in lines.iter_mut() {
            let slices = line.as_str().and_then(|l| l.split(':').nth(1)).and_then(|n| n.parse::<u32>().ok()).unwrap_or(0);
            *line = format!("-:{slices}:-").into();
        }
    }
    // Which exams it learnt from would tell whose codes they are.
    ["learnt_slices", "learnt_images"].iter().for_each(|field| drop(value.as_object_mut().and_then(|card| card.remove(*field))));
    for (field, text) in [("parent", None), ("origin", None), ("created", Some(""))] {
        if let Some(value) = value.get_mut(field) {
            *value = text.into();
        }
    }
    if let Some(from) = value.get_mut("spec").and_then(|s| s.get_mut("labels_from")) {
        *from = if owner == rule.code.as_str() { owner.into() } else { "others".into() };
    }
    write(&card, &serde_json::to_vec_pretty(&value).map_err(damaged)?)?;
    write(&inside.model_current(&name), b"{ \"version\": 1 }\n")
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), StudyError> {
    Ok(crate::io::atomic_write(path, |out| out.write_all(bytes))?)
}
