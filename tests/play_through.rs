//! The paper played through with real processes: protocol, four readers on four copies by packet, one of them interrupted by
//! `kill -9`, one packet tampered with, merge, STAPLE, Table 1, scoring session, Table 2.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball, driver, files, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::read_labels_nifti;
use osteon::session::{Command as Ask, EditCommand, StudyCommand, ToolCommand};
use osteon::study::{Assistance, ExamCode, Fractions, Protocol, ReadFile, ReaderCode, ReaderRule, ReadingRules, Study};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{Role, Standing};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The child's part in the play, set by the parent: `reader|path|home|stop`.
const PART: &str = "OSTEON_PLAY_PART";
const EXAMS: usize = 4;
/// Independent readers; R3 has R2's hand, so that their maps are the same although R3 is interrupted.
const READERS: [&str; 4] = ["R1", "R2", "R3", "R4"];
const HELPED: &str = "A1";

/// What a reader sees in an exam, which is known by where its image lies: slice, level, places.
fn strokes(reader: &str, exam: usize) -> Vec<(usize, u8, Vec<[f64; 2]>)> {
    let by = match reader {
        "R1" => 0.0,
        "R2" | "R3" => 1.0,
        _ => 2.0,
    };
    let at = 14.0 + exam as f64 * 2.0 + by;
    let mut all = vec![(2, 1, vec![[at, 20.0], [at + 8.0, 20.0]]), (3, 1, vec![[at, 20.0], [at + 8.0, 22.0]])];
    all.push((3, 2, vec![[at + 3.0, 20.0]]));
    // Level 3 is not in every exam.
    if exam.is_multiple_of(2) {
        all.push((4, 3, vec![[at + 4.0, 24.0]]));
    }
    all
}

fn paint(driver: &mut Driver, reader: &str) {
    let origin = driver.session().exam().unwrap().reading_image().grid().world_from_voxel().matrix()[0][3];
    driver.run(Ask::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    driver.run(Ask::Tool(ToolCommand::SizeMm(6.0)));
    for (slice, label, points) in strokes(reader, (origin - 20.0).round() as usize) {
        stroke(driver, slice, label, &points);
    }
    saved(driver);
}

/// The child: a reader at their own computer. With `stop` it never ends, and says which rows are on disk.
fn read_alone(part: &str) {
    let words: Vec<&str> = part.split('|').collect();
    let [reader, path, home, stop] = words[..] else { panic!("{part}") };
    let mut driver = driver(Path::new(home));
    open(&mut driver, Path::new(path));
    let role = Role::Reader(ReaderCode::new(reader).unwrap());
    if driver.session().role() != Some(&role) {
        driver.run_to_end("Entering", PATIENCE, Ask::Study(StudyCommand::ChooseRole(role))).unwrap();
    }
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some()).unwrap();
    println!("begins with {}", driver.session().exam().unwrap().code());
    for (at, code) in driver.session().exam_codes().into_iter().enumerate() {
        if driver.session().exams().iter().any(|e| e.code == code && e.sealed.iter().any(|r| r.as_str() == reader)) {
            continue;
        }
        driver.run(Ask::Study(StudyCommand::OpenExam(code.clone())));
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == code)).unwrap();
        paint(&mut driver, reader);
        if stop == "stop" && at == 1 {
            write_for_ever(&mut driver, &code);
        }
        driver.run(Ask::Edit(EditCommand::AllDone));
        saved(&mut driver);
        driver.run_to_end("Looking over", PATIENCE, Ask::Study(StudyCommand::Submit)).unwrap();
        driver.run(Ask::Study(StudyCommand::Seal));
        let is_sealed = |s: &osteon::session::Session| s.exam().is_some_and(|e| matches!(e.standing(), Standing::Sealed { .. }));
        driver.wait("Sealing", PATIENCE, |s| s.jobs().next().is_none() && is_sealed(s)).unwrap();
    }
}

/// Rows without end, each said once it is on disk; the parent ends this.
fn write_for_ever(driver: &mut Driver, exam: &ExamCode) -> ! {
    loop {
        for command in [EditCommand::Undo, EditCommand::Redo] {
            driver.run(Ask::Edit(command));
            saved(driver);
        }
        println!("saved {} of {exam}", driver.session().exam().unwrap().layers().next_row() - 1);
        std::io::stdout().flush().unwrap();
    }
}

fn reader_process(reader: &str, path: &Path, home: &Path, stop: bool) -> Child {
    let part = format!("{reader}|{}|{}|{}", path.display(), home.display(), if stop { "stop" } else { "go" });
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_paper_is_played_through", "--nocapture"])
        .env(PART, part)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn osteon(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osteon")).args(arguments).env("OSTEON_HOME", home).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the program and hands back what it prints.
fn must(home: &Path, arguments: &[&str]) -> String {
    let output = osteon(home, arguments);
    assert!(output.status.success(), "osteon {}: {}", arguments.join(" "), text(&output.stderr));
    text(&output.stdout)
}

/// Runs the program, which must refuse in one line that holds a word.
fn refused(home: &Path, arguments: &[&str], word: &str) {
    let output = osteon(home, arguments);
    let errors = text(&output.stderr);
    let said = errors.lines().filter(|line| line.starts_with("osteon: ")).collect::<Vec<_>>();
    assert_eq!(output.status.code(), Some(1), "osteon {}: {}{errors}", arguments.join(" "), text(&output.stdout));
    assert!(said.len() == 1 && said[0].contains(word), "{word}: {errors}");
}

fn s(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The coordinator makes the study: images in, then the rules.
fn make_study(home: &Path, root: &Path) -> Study {
    must(home, &["study", "init", s(root), "--name", "Marrow of four"]);
    let list = home.join("patients.csv");
    let mut csv = String::from("exam,patient\n");
    let mut import: Vec<String> = ["study", "import", s(root), "--patients", s(&list)].map(str::to_owned).to_vec();
    for number in 0..EXAMS {
        let file = home.join(format!("ball{number}.nii.gz"));
        osteon::io::write_image_nifti(&file, &ball(number as f64)).unwrap();
        csv += &format!("ball{number},child{number}\n");
        import.push(s(&file).to_owned());
    }
    fs::write(&list, csv).unwrap();
    must(home, &import.iter().map(String::as_str).collect::<Vec<_>>());
    let rule = |code: &str, assistance| ReaderRule { code: ReaderCode::new(code).unwrap(), assistance };
    let mut readers: Vec<ReaderRule> = READERS.iter().map(|code| rule(code, Assistance::None)).collect();
    readers.push(rule(HELPED, Assistance::FromStart));
    let rules = Protocol::sample().with_name("Marrow of four").with_readers(readers);
    let rules = rules.with_reading(ReadingRules { shuffled: true, ..ReadingRules::default() });
    let rules = rules.with_fractions(Fractions::new(0.5, 0.0, 0.5).unwrap());
    // A mistake in the file is named with its line, and nothing runs before it is mended.
    fs::write(root.join("study.toml"), rules.to_toml().replace("reads = 1", "reads = none")).unwrap();
    let line = 1 + rules.to_toml()[..rules.to_toml().find("reads = 1").unwrap()].matches('\n').count();
    refused(home, &["study", "status", s(root)], &format!("line {line}"));
    fs::write(root.join("study.toml"), rules.to_toml()).unwrap();
    Study::open(root).unwrap()
}

/// Four packets out, four readers at work (one of them killed on the way), four files back.
fn read_elsewhere(home: &Path, root: &Path, map: &Path) -> Vec<PathBuf> {
    let mut back = Vec::new();
    let mut at_work = Vec::new();
    for reader in READERS {
        let there = home.join(format!("hospital-{reader}"));
        fs::create_dir_all(&there).unwrap();
        let packet = there.join(format!("{reader}.osteonpacket"));
        must(home, &["packet", "make", s(root), "--reader", reader, s(&packet), "--code-map", s(map), "--seed", "11"]);
        let left = if reader == "R3" { Some(kill_while_painting(reader, &packet, &there)) } else { None };
        at_work.push((reader, left, there.clone(), packet.clone(), reader_process(reader, &packet, &there, false)));
    }
    for (reader, left, there, packet, child) in at_work {
        let output = child.wait_with_output().unwrap();
        let said = text(&output.stdout);
        assert!(output.status.success(), "{reader}: {said}");
        assert!(left.is_none_or(|exam| said.contains(&format!("begins with {exam}"))), "{reader} goes on where it was killed: {said}");
        let copy = must(&there, &["packet", "open", s(&packet)]);
        let file = there.join(format!("{reader}.osteonreturn"));
        let said = must(&there, &["packet", "return", copy.trim(), s(&file)]);
        assert!(said.starts_with(&format!("{EXAMS} sealed reads")) && said.contains("0 exams have none yet"), "{said}");
        back.push(file);
    }
    back
}

/// A reader whose process is killed while rows of the second exam are written; what was saved is there afterwards.
fn kill_while_painting(reader: &str, packet: &Path, there: &Path) -> ExamCode {
    let mut child = reader_process(reader, packet, there, true);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<String> = lines.filter(|line| line.contains("saved ")).take(5).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let words: Vec<&str> = said[4].split("saved ").nth(1).unwrap().split(" of ").collect();
    let (rows, exam) = (words[0].parse::<u64>().unwrap(), ExamCode::new(words[1]).unwrap());
    let copy = Study::open(Path::new(must(there, &["packet", "open", s(packet)]).trim())).unwrap();
    let (_, view) = ReadFile::open_read_only(&copy.layout().read(&ReaderCode::new(reader).unwrap(), &exam, 1)).unwrap();
    view.verify_chain().unwrap();
    assert!(view.count() >= rows, "{rows} rows were acknowledged, {} are there", view.count());
    exam
}

/// A byte changed on the way is refused with its reason and nothing is taken over; the honest files are, each once.
fn merge_all(home: &Path, root: &Path, map: &Path, back: &[PathBuf]) {
    let before = files(root);
    let mut bytes = fs::read(&back[3]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    let bad = home.join("tampered.osteonreturn");
    fs::write(&bad, bytes).unwrap();
    refused(home, &["packet", "merge", s(root), s(&bad), "--code-map", s(map)], "its checksum is another");
    assert_eq!(files(root), before, "a tampered packet left something behind");
    for (reader, file) in READERS.iter().zip(back) {
        let before = files(root);
        let said = must(home, &["packet", "merge", s(root), s(file), "--code-map", s(map)]);
        assert_eq!(said.lines().filter(|line| line.ends_with(&format!("by {reader}"))).count(), EXAMS, "{said}");
        let after = files(root);
        assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "merging {reader} changed another file");
        refused(home, &["packet", "merge", s(root), s(file), "--code-map", s(map)], "was merged before");
    }
    must(home, &["study", "check", s(root)]);
}

fn dice(a: &Labels, b: &Labels, is_in: &dyn Fn(u8) -> bool) -> Option<f64> {
    let (mut both, mut sum) = (0_u32, 0_u32);
    for n in 0..a.grid().voxel_count() {
        let voxel = a.grid().voxel(n);
        // The mask of a level in the consensus holds 1 wherever the level is.
        let (in_a, in_b) = (is_in(a.get(voxel)), b.get(voxel) == 1);
        both += u32::from(in_a && in_b);
        sum += u32::from(in_a) + u32::from(in_b);
    }
    (sum > 0).then(|| f64::from(2 * both) / f64::from(sum))
}

/// STAPLE of the exported masks by the command line, and Table 1 of the report: the same figures, counted here by hand.
fn consensus_and_table_1(home: &Path, root: &Path, study: &Study) {
    let masks = home.join("masks");
    must(home, &["export", s(root), s(&masks)]);
    let mut mean: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for record in study.exams().unwrap() {
        let of = |reader: &str| masks.join(format!("{}_{reader}_marrow.nii.gz", record.exam));
        let paths = READERS.map(of);
        let maps = paths.each_ref().map(|path| read_labels_nifti(path).unwrap());
        assert!(maps[1].same_labels(&maps[2]), "{}: the interrupted reader painted the same", record.exam);
        assert!(!maps[0].same_labels(&maps[1]) && !maps[3].same_labels(&maps[1]));
        let out = home.join(format!("staple-{}", record.exam));
        let mut arguments = vec!["consensus"];
        arguments.extend(paths.iter().map(|p| s(p)));
        arguments.extend(["--method", "staple", "--out", s(&out)]);
        must(home, &arguments);
        let label = read_labels_nifti(&out.join("label.nii.gz")).unwrap();
        for n in 0..label.grid().voxel_count() {
            let voxel = label.grid().voxel(n);
            let votes = maps.each_ref().map(|map| map.get(voxel));
            if votes.iter().all(|v| *v == votes[0]) {
                assert_eq!(label.get(voxel), votes[0], "all four agree on {voxel:?}");
            }
        }
        let levels: [(&str, &dyn Fn(u8) -> bool); 4] =
            [("1", &|l| l == 1), ("2", &|l| l == 2), ("3", &|l| l == 3), ("2+3", &|l| l == 2 || l == 3)];
        for (level, is_in) in levels {
            let mask = read_labels_nifti(&out.join(format!("mask_{level}.nii.gz"))).unwrap();
            for (reader, map) in READERS.into_iter().zip(&maps) {
                mean.entry((reader, level)).or_default().extend(dice(map, &mask, is_in));
            }
        }
    }
    must(home, &["report", s(root)]);
    let csv = fs::read_to_string(study.layout().results().join("report/table_1.csv")).unwrap();
    let head: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let place = |name: &str| head.iter().position(|h| *h == name).unwrap_or_else(|| panic!("{name} in {head:?}"));
    for ((reader, level), values) in mean {
        let is_it = |l: &Vec<&str>| l[place("who")] == reader && l[place("level")] == level && l[place("against")] == "consensus";
        let line = csv.lines().map(|l| l.split(',').collect::<Vec<_>>()).find(is_it);
        let line = line.unwrap_or_else(|| panic!("{reader}, {level} in {csv}"));
        assert_eq!(line[place("n")].parse::<usize>().unwrap(), values.len(), "{reader}, level {level}");
        let said: f64 = line[place("mean")].parse().unwrap();
        let counted = values.iter().sum::<f64>() / values.len() as f64;
        assert!((said - counted).abs() < 1e-6, "{reader}, level {level}: {said}, counted {counted}");
    }
}

/// The helped reader reads in the study itself, so that there is a model to score.
fn train_a_model(home: &Path, root: &Path) {
    let output = reader_process(HELPED, root, &home.join("beside"), false).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stdout));
    must(home, &["train", s(root), "--model", "marrow-A1", "--steps", "10"]);
}

/// Nothing in the study's folder tells which mask is the model's: no key by name, nor one by what is in it.
fn no_key_inside(root: &Path) {
    let all = files(root);
    assert!(all.keys().any(|path| path.ends_with("scores/S1/session.sqlite")), "the session lies in the study");
    for (path, bytes) in all {
        let says = bytes.windows(9).any(|w| w == b"\"sources\"") && bytes.windows(6).any(|w| w == b"\"M-01\"");
        let named = path.file_name().is_some_and(|name| name.to_string_lossy().contains("key"));
        assert!(!says && !named, "{} is a key inside the study", path.display());
    }
}

/// Four masks marked by a panel, locked, unblinded: the table's means and SD against sums made here.
fn score_and_table_2(home: &Path, root: &Path, study: &Study) {
    let make = ["score", "make", s(root), "--session", "S1", "--model", "marrow-A1"];
    let within = root.join("scores").join("S1.key.json");
    fs::create_dir_all(within.parent().unwrap()).unwrap();
    refused(home, &[&make[..], &["--key", s(&within)]].concat(), "the key of a scoring session must not be");
    let said = must(home, &make);
    no_key_inside(root);
    assert!(said.contains("4 masks"), "two test exams, model and consensus of each: {said}");
    refused(home, &["score", "table", s(root), "--session", "S1"], "not locked");
    refused(home, &["score", "lock", s(root), "--session", "S1"], "not every mask is marked");
    let mark_of = |mask: usize, target: usize| ((mask * 7 + target * 3) % 10) as f64 + 0.25;
    for mask in 0..4 {
        for (at, level) in ["1", "2", "3", "overall"].into_iter().enumerate() {
            let (code, mark) = (format!("M-0{}", mask + 1), mark_of(mask, at).to_string());
            must(home, &["score", "mark", s(root), "--session", "S1", "--mask", &code, "--level", level, "--mark", &mark]);
        }
    }
    must(home, &["score", "lock", s(root), "--session", "S1"]);
    refused(home, &["score", "mark", s(root), "--session", "S1", "--mask", "M-01", "--level", "1", "--mark", "0"], "was locked at");
    let covariates = home.join("covariates.csv");
    let exams: Vec<String> = study.exams().unwrap().iter().map(|e| e.exam.to_string()).collect();
    let lines: Vec<String> = exams.iter().enumerate().map(|(n, exam)| format!("{exam},{},15\n", 8 + n)).collect();
    fs::write(&covariates, format!("exam,age,slices\n{}", lines.concat())).unwrap();
    let json = home.join("table2.json");
    must(home, &["score", "table", s(root), "--session", "S1", "--covariates", s(&covariates), "--json", s(&json)]);
    let table: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let table = &table["tables"][0];
    let key: serde_json::Value =
        serde_json::from_slice(&fs::read(study.layout().score_key(&ExamCode::new("S1").unwrap()).unwrap()).unwrap()).unwrap();
    let are = |word: &str| (0..4).filter(|mask| key["sources"][format!("M-0{}", mask + 1)].get(word).is_some()).collect::<Vec<usize>>();
    for source in ["consensus", "model"] {
        let masks = are(source);
        assert_eq!(masks.len(), 2);
        for (at, level) in ["1", "2", "3", "overall"].into_iter().enumerate() {
            let marks: Vec<f64> = masks.iter().map(|mask| mark_of(*mask, at)).collect();
            let mean = f64::midpoint(marks[0], marks[1]);
            let sd = (marks[0] - marks[1]).abs() / 2.0_f64.sqrt();
            let said = &table["all"][level][source];
            assert!((said["mean"].as_f64().unwrap() - mean).abs() < 1e-9, "{source}, {level}: {said}");
            assert!((said["sd"].as_f64().unwrap() - sd).abs() < 1e-9 && said["n"] == 2, "{source}, {level}: {said}");
        }
    }
    assert_eq!(table["age_years"]["n"], 2);
    assert!(fs::read_to_string(study.layout().results().join("scores/S1-1.csv")).unwrap().contains("difference"));
    must(home, &["report", s(root)]);
    let page = fs::read_to_string(study.layout().results().join("report/report.html")).unwrap();
    assert!(page.contains("Masks scored by eye") && page.contains("Session S1, scored by panel"), "Table 2 stands in the report");
}

/// Who did what is listed for every journal, and a row changed afterwards is named.
fn audit(home: &Path, root: &Path, study: &Study) {
    let csv = must(home, &["study", "audit", s(root), "--csv", "-"]);
    for reader in READERS {
        assert_eq!(csv.lines().filter(|l| l.contains(&format!(",{reader},1,0,")) && l.contains(",sealed,")).count(), EXAMS, "{reader}");
    }
    assert!(csv.lines().any(|l| l.starts_with("S1,panel,0,")), "scores stand in the trail too");
    for action in ["locked", "unblinded"] {
        assert_eq!(csv.lines().filter(|l| l.starts_with("S1,,0,") && l.contains(&format!(",{action},"))).count(), 1, "{action}");
    }
    let exam = &study.exams().unwrap()[0].exam;
    let file = study.layout().read(&ReaderCode::new("R2").unwrap(), exam, 1);
    rusqlite::Connection::open(&file).unwrap().execute_batch("UPDATE journal SET reader = 'R1' WHERE n = 2").unwrap();
    refused(home, &["study", "audit", s(root), "--csv", s(&home.join("audit.csv"))], "row 2");
}

#[test]
fn the_paper_is_played_through() {
    if let Ok(part) = std::env::var(PART) {
        return read_alone(&part);
    }
    let home = tempfile::tempdir().unwrap();
    let (home, root, map) = (home.path(), home.path().join("study"), home.path().join("code-map.json"));
    let started = std::time::Instant::now();
    let done = |what: &str| println!("{what} after {:.1} s", started.elapsed().as_secs_f32());
    let study = make_study(home, &root);
    done("study made");
    let back = read_elsewhere(home, &root, &map);
    done("read");
    merge_all(home, &root, &map, &back);
    done("merged");
    train_a_model(home, &root);
    done("trained");
    consensus_and_table_1(home, &root, &study);
    done("Table 1");
    score_and_table_2(home, &root, &study);
    done("Table 2");
    audit(home, &root, &study);
    done("audited");
}
