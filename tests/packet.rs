//! Packets: four readers on four copies; a packet taken apart byte by byte; tampering and duplicates refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, files, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::Watch;
use osteon::session::{Command, StudyCommand};
use osteon::study::{
    Assistance, CodeMap, PacketOptions, Protocol, ReaderCode, ReaderRule, ReadingRules, Study, make_packet, merge_packet, send_back,
};
use osteon::volume::LayerKind;
use osteon::worker::message::{Role, Standing};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

fn code(text: &str) -> ReaderCode {
    ReaderCode::new(text).unwrap()
}

fn options(home: &Path, reader: &str) -> PacketOptions {
    PacketOptions {
        reader: code(reader),
        out: home.join(format!("{reader}.osteonpacket")),
        code_map: home.join("code-map.json"),
        seed: Some(reader.bytes().map(u64::from).sum()),
        again: false,
        model: None,
    }
}

fn rewrite(study: &Study, change: impl Fn(Protocol) -> Protocol) -> Study {
    fs::write(study.layout().protocol(), change(study.protocol().clone()).to_toml()).unwrap();
    Study::open(study.layout().root()).unwrap()
}

/// Paints and seals `reads` exams in a packet's copy, each with another label.
fn read_and_seal(driver: &mut Driver, reads: usize, label: u8) {
    for at in 0..reads {
        let codes = driver.session().exam_codes();
        driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(codes[at].clone()))).unwrap();
        stroke(driver, 3, label, &[[f64::from(10 + at as u8 * 3), 20.0]]);
        saved(driver);
        driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
        driver.run(Command::Study(StudyCommand::Seal));
        driver
            .wait("Sealing", PATIENCE, |s| {
                s.jobs().next().is_none() && s.exam().is_some_and(|e| matches!(e.standing(), Standing::Sealed { .. }))
            })
            .unwrap();
    }
}

#[test]
fn readers_work_on_copies_and_their_reads_come_home() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 3);
    let study = rewrite(&study, |p| p.with_reading(ReadingRules { repeats: 1, shuffled: true, ..ReadingRules::default() }));
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut returned = Vec::new();
    for (label, reader) in [(1, "R2"), (2, "R3")] {
        let options = options(home.path(), reader);
        let made = make_packet(&study, &options, &mut rng, &Watch::quiet()).unwrap();
        assert_eq!(made.exams, 4, "three exams and one of them twice");
        let again = make_packet(&study, &options, &mut rng, &Watch::quiet()).unwrap_err().to_string();
        assert!(again.contains("has a packet already"), "{again}");
        // The reader's computer: another home, the packet and nothing else.
        let there = home.path().join(format!("hospital-{reader}"));
        let mut driver = driver(&there);
        open(&mut driver, &options.out);
        assert_eq!(driver.session().role(), Some(&Role::Reader(code(reader))), "a packet has one reader, who is not asked");
        let root = driver.session().study().unwrap().root.clone();
        assert!(root.starts_with(there.join("packets")), "{}", root.display());
        let nothing = send_back(&Study::open(&root).unwrap(), &there.join("x")).unwrap_err().to_string();
        assert!(nothing.contains("no sealed read"), "{nothing}");
        read_and_seal(&mut driver, 4, label);
        drop(driver);
        let back = there.join("back");
        let sent = send_back(&Study::open(&root).unwrap(), &back).unwrap();
        assert_eq!((sent.reads, sent.left), (4, 0));
        returned.push((code(reader), back, options.code_map));
    }
    let map = CodeMap::open(&returned[0].2, study.layout().root()).unwrap();
    let [one, two] = map.packets() else { panic!("two packets") };
    assert_ne!(one.exams.iter().map(|e| &e.exam).collect::<Vec<_>>(), two.exams.iter().map(|e| &e.exam).collect::<Vec<_>>());
    let codes: BTreeSet<_> = map.packets().iter().flat_map(|p| &p.exams).map(|e| e.code.clone()).collect();
    assert_eq!(codes.len(), 8, "no code stands for two things");
    for (at, (reader, back, code_map)) in returned.iter().enumerate() {
        let before = files(study.layout().root());
        let report = merge_packet(&study, back, code_map).unwrap();
        assert_eq!((&report.reader, report.merged.len(), report.present.len()), (reader, 4, 0));
        let after = files(study.layout().root());
        let own = Path::new("reads").join(reader.as_str());
        assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "nothing that was there has changed");
        assert!(after.keys().filter(|path| !before.contains_key(*path)).all(|path| path.starts_with(&own)));
        // Each read lies under the study's code, with what was painted under the packet's.
        for coded in &map.packets()[at].exams {
            let (header, view) = osteon::study::ReadFile::open_read_only(&study.layout().read(reader, &coded.exam, coded.number)).unwrap();
            assert_eq!((&header.exam, header.number), (&coded.exam, coded.number));
            let place = map.packets()[at].exams.iter().position(|c| c.code == coded.code).unwrap();
            let centre = [10 + place * 3, 20, 3];
            assert_eq!(view.state().unwrap().labels(LayerKind::Marrow).get(centre), at as u8 + 1, "{}", coded.code);
        }
        let twice = merge_packet(&study, back, code_map).unwrap_err().to_string();
        assert!(twice.contains("was merged before") && !twice.contains('\n'), "{twice}");
        assert_eq!(files(study.layout().root()), after);
    }
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
    let reads: usize = study.status().unwrap().iter().flat_map(|e| &e.reads).filter(|r| r.sealed.is_some() && r.problem.is_none()).count();
    assert_eq!(reads, 8);
}

#[test]
fn what_was_tampered_with_is_refused_and_nothing_is_taken_over() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 2);
    let options = options(home.path(), "R2");
    make_packet(&study, &options, &mut ChaCha8Rng::seed_from_u64(1), &Watch::quiet()).unwrap();
    let there = home.path().join("there");
    let mut driver = driver(&there);
    open(&mut driver, &options.out);
    let root = driver.session().study().unwrap().root.clone();
    read_and_seal(&mut driver, 2, 1);
    drop(driver);
    let back = there.join("back");
    let copy = Study::open(&root).unwrap();
    send_back(&copy, &back).unwrap();
    let before = files(study.layout().root());
    let refused = |packet: &Path, word: &str| {
        let error = merge_packet(&study, packet, &options.code_map).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains('\n'), "{word}: {error}");
        assert_eq!(files(study.layout().root()), before, "{word}: something was taken over");
    };
    // A byte changed on the way.
    let whole = fs::read(&back).unwrap();
    let bad = there.join("bad");
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bad, &bytes).unwrap();
    refused(&bad, "its checksum is another");
    fs::write(&bad, &whole[..whole.len() - 40]).unwrap();
    refused(&bad, "was changed after it was made");
    refused(&options.out, "it goes the other way");
    refused(&study.layout().protocol(), "does not begin as one");
    // Changed in the reader's folder and packed anew, so that every checksum of the packet is right.
    let reader = code("R2");
    let exam = copy.layout().exam_codes().unwrap()[1].clone();
    let read = copy.layout().read(&reader, &exam, 1);
    let honest = fs::read(&read).unwrap();
    for (sql, word) in [
        ("UPDATE journal SET time = '2020-01-01T00:00:00Z' WHERE n = 1", "journal"),
        ("UPDATE meta SET value = '2020-01-01T00:00:00Z' WHERE key = 'sealed'", "another time than its seal"),
        ("CREATE TABLE more(x)", "changed after it was sealed"),
    ] {
        fs::write(&read, &honest).unwrap();
        rusqlite::Connection::open(&read).unwrap().execute_batch(sql).unwrap();
        send_back(&copy, &bad).unwrap();
        refused(&bad, word);
    }
    // Another exam's read in its place.
    let other = copy.layout().exam_codes().unwrap()[0].clone();
    for file in ["1.sqlite", "1.seal.json"] {
        fs::copy(copy.layout().exam_reads(&reader, &other).join(file), copy.layout().exam_reads(&reader, &exam).join(file)).unwrap();
    }
    send_back(&copy, &bad).unwrap();
    refused(&bad, "another exam's");
    // A map that knows nothing, and one inside the study.
    let error = merge_packet(&study, &back, &home.path().join("none.json")).unwrap_err().to_string();
    assert!(error.contains("does not know"), "{error}");
    let inside = PacketOptions { code_map: study.layout().root().join("map.json"), again: true, ..options.clone() };
    let error = make_packet(&study, &inside, &mut ChaCha8Rng::seed_from_u64(1), &Watch::quiet()).unwrap_err().to_string();
    assert!(error.contains("lies inside the study"), "{error}");
    // The honest one is taken; a second, other read of the same place is not.
    assert_eq!(merge_packet(&study, &back, &options.code_map).unwrap().merged.len(), 2);
    let after = files(study.layout().root());
    let file = study.layout().read(&reader, &study.exams().unwrap()[0].exam, 1);
    fs::remove_file(osteon::study::Layout::seal_of(&file)).unwrap();
    rusqlite::Connection::open(&file).unwrap().execute_batch("DELETE FROM meta WHERE key = 'sealed'").unwrap();
    let error = merge_packet(&study, &back, &options.code_map).unwrap_err().to_string();
    assert!(error.contains("has another read 1"), "{error}");
    assert_eq!(files(study.layout().root()).len(), after.len() - 1);
}

/// Everything a byte search could find in a packet: raw, each entry unpacked, and each image without gzip.
fn all_bytes(packet: &Path, unpacked: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = vec![(packet.to_owned(), fs::read(packet).unwrap())];
    for (path, bytes) in files(unpacked) {
        all.push((path.clone(), path.to_string_lossy().into_owned().into_bytes()));
        if path.extension().is_some_and(|e| e == "gz") {
            let mut plain = Vec::new();
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
            // The header of the image and of gzip; grey values are no words.
            plain.truncate(352);
            all.push((path.clone(), plain));
            all.push((path, bytes[..64].to_vec()));
        } else {
            all.push((path, bytes));
        }
    }
    all
}

/// An exam of the atlas whose record knows of scanner and source.
fn add_to_atlas(study: &Study, home: &Path) -> osteon::study::ExamCode {
    let (file, image) = (home.join("reference.nii.gz"), common::ball(50.0));
    osteon::io::write_image_nifti(&file, &image).unwrap();
    let mut mask = osteon::volume::Labels::empty(image.grid().clone());
    mask.set([20, 22, 4], 2);
    let (notes, options) = (osteon::study::AtlasNotes::parse("Clear."), osteon::study::ImportOptions::default());
    let volumes = osteon::io::read_path(&file, &Watch::quiet()).unwrap().volumes;
    let code = study.add_to_atlas(volumes, &mask, &notes, &options, &mut ChaCha8Rng::seed_from_u64(6), &Watch::quiet()).unwrap();
    let mut record = study.atlas().records().unwrap().remove(0);
    for sequence in &mut record.sequences {
        assert!(!sequence.sources.is_empty());
        sequence.acquisition.vendor = Some("SITEVENDOR".to_owned());
        sequence.acquisition.field_t = Some(2.893_620);
        sequence.acquisition.tr_ms = Some(4_321.5);
        sequence.sources = vec!["feedfacefeedface".to_owned()];
    }
    record.save(study.atlas().layout()).unwrap();
    code
}

#[test]
fn a_packet_taken_apart_holds_nothing_of_anybody_else() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 3);
    let rule = |reader: &str, assistance| ReaderRule { code: code(reader), assistance };
    let study = rewrite(&study, |p| {
        p.with_readers(vec![
            rule("READER-ALFA", Assistance::FromStart),
            rule("BRAVO-READER", Assistance::None),
            rule("CHARLIE", Assistance::None),
        ])
        .with_split_seed(7_654_321)
        .with_reading(ReadingRules { repeats: 2, shuffled: true, ..ReadingRules::default() })
    });
    // What another reader drew, what a record knows of scanner and source, and what a model learnt from.
    let exams = study.exams().unwrap();
    drop(study.new_read_for(&code("CHARLIE"), &exams[0].exam, "1999-12-31T23:59:59Z").unwrap());
    for exam in &exams {
        let mut record = exam.clone();
        for sequence in &mut record.sequences {
            sequence.acquisition.vendor = Some("SITEVENDOR".to_owned());
            sequence.acquisition.field_t = Some(2.893_620);
            sequence.acquisition.tr_ms = Some(4_321.5);
            sequence.sources = vec!["feedfacefeedface".to_owned()];
        }
        record.save(study.layout()).unwrap();
    }
    let of_atlas = add_to_atlas(&study, home.path());
    study.trainable().unwrap();
    let model = osteon::study::ModelCode::new("marrow-READER-ALFA").unwrap();
    let folder = study.layout().model_version(&model, 1);
    fs::create_dir_all(&folder).unwrap();
    let card = format!(
        r#"{{"spec":{{"labels_from":"READER-ALFA"}},"data_hashes":["{}:8:ab12"],"created":"1999-12-31","parent":"CHARLIE/1"}}"#,
        exams[0].exam
    );
    fs::write(folder.join("card.json"), card).unwrap();
    fs::write(folder.join("weights.safetensors"), [7_u8; 64]).unwrap();
    study.set_current_version(&model, 1).unwrap();
    // What lies about in folders that travel.
    for stray in [".DS_Store", ".osteon-a1.part", "a note on CHARLIE.txt"] {
        fs::write(folder.join(stray), "STRAYWORD").unwrap();
        for below in ["atlas", "atlas/notes", "atlas/exams"] {
            fs::write(study.layout().root().join(below).join(stray), "STRAYWORD").unwrap();
        }
    }

    let mut forbidden: Vec<String> = exams.iter().flat_map(|e| [e.exam.to_string(), e.patient.to_string()]).collect();
    forbidden.extend(["CHARLIE", "1999", "2026", "SITEVENDOR", "2.89362", "4321.5", "feedface", "7654321", "STRAYWORD"].map(str::to_owned));
    forbidden.push(study.layout().root().display().to_string());
    let map_path = home.path().join("code-map.json");
    for (reader, other, model) in [("READER-ALFA", "BRAVO-READER", Some((model, 1))), ("BRAVO-READER", "READER-ALFA", None)] {
        let wanted = PacketOptions { model, seed: Some(987_654_321_987), ..options(home.path(), reader) };
        make_packet(&study, &wanted, &mut ChaCha8Rng::seed_from_u64(3), &Watch::quiet()).unwrap();
        let unpacked = osteon::study::unpack(&wanted.out, &home.path().join("out")).unwrap();
        let map = CodeMap::open(&map_path, study.layout().root()).unwrap();
        let mut words = forbidden.clone();
        words.extend([other.to_owned(), "987654321987".to_owned()]);
        let others = map.packets().iter().filter(|p| p.reader.as_str() != reader).flat_map(|p| &p.exams);
        words.extend(others.flat_map(|e| [e.code.to_string(), e.patient.to_string()]));
        for (path, bytes) in all_bytes(&wanted.out, &unpacked) {
            for word in &words {
                let spellings = [word.clone(), word.to_lowercase(), word.to_uppercase()];
                let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
                let hit = spellings.iter().map(|s| s.as_bytes().to_vec()).chain([wide]).any(|w| bytes.windows(w.len()).any(|b| b == w));
                assert!(!hit, "{word} stands in {} of {reader}'s packet", path.display());
            }
        }
        // The atlas travels, under its own codes: calibrations come back under them.
        let atlas = Study::open(&unpacked).unwrap().atlas();
        assert_eq!(atlas.codes().unwrap(), std::slice::from_ref(&of_atlas));
        let exam = atlas.exam(&of_atlas).unwrap();
        assert_eq!((exam.notes.general.as_str(), exam.agreed.counts().of(2)), ("Clear.", 1));
        // An exam that comes twice cannot be told by its record: codes and patients are all different.
        let copy = Study::open(&unpacked).unwrap();
        let records = copy.exams().unwrap();
        assert_eq!(records.len(), 5);
        assert_eq!(records.iter().map(|r| &r.patient).collect::<BTreeSet<_>>().len(), 5);
        assert_eq!(copy.protocol().readers().len(), 1);
        let order: Vec<_> = map.packets().last().unwrap().exams.iter().map(|e| e.code.clone()).collect();
        assert_eq!(records.iter().map(|r| r.exam.clone()).collect::<Vec<_>>(), order, "the list's order is the order of reading");
        assert_eq!(copy.layout().split().exists(), reader == "READER-ALFA", "an independent reader is not told what an exam is for");
    }
    // An independent reader gets no model; a reader gets nobody else's unless the protocol says so.
    let alfa = osteon::study::ModelCode::new("marrow-READER-ALFA").unwrap();
    let refused = |reader: &str| {
        let wanted = PacketOptions { model: Some((alfa.clone(), 1)), again: true, ..options(home.path(), reader) };
        make_packet(&study, &wanted, &mut ChaCha8Rng::seed_from_u64(3), &Watch::quiet()).unwrap_err().to_string()
    };
    assert!(refused("BRAVO-READER").contains("no proposals"), "{}", refused("BRAVO-READER"));
}
