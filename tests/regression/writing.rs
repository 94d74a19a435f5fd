//! Files that commands once wrote over: those of a study, and those that they were reading.

use super::{osteon, refused};
use crate::common::{ball, ball_study, files};
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::study::{ExamCode, Mark, NewPlan, ReaderCode, ScoreFile, ScoreRow, ScoreSource, Study, Target, new_score_session};
use osteon::volume::Labels;
use std::fs;
use std::path::Path;

const NOW: &str = "2026-11-21T10:00:00Z";

/// Figures were written over a sealed read, the protocol, an image of an exam: whatever `--csv`, `--json` and `--svg` named.
#[test]
fn figures_replace_nothing_of_a_study() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let study = ball_study(Path::new(&at("study")), 1);
    let exam = study.exams().unwrap()[0].exam.clone();
    let (_, file) = study.open_read_for(&ReaderCode::new("R2").unwrap(), &exam, NOW).unwrap();
    study.seal_read(file, NOW).unwrap();
    let (read, protocol) = (at(&format!("study/reads/R2/{exam}/1.sqlite")), at("study/study.toml"));
    let mask = write_mask(home.path(), "mask.nii.gz", 1);
    fs::write(at("binary_scores.csv"), "y_true,score\n0,0.2\n1,0.9\n1,0.4\n0,0.6\n").unwrap();
    let (study, new) = (at("study"), at("study/figures.json"));
    let before = files(Path::new(&study));
    for args in [
        &["study", "audit", &study, "--csv", &read][..],
        &["study", "audit", &study, "--json", &protocol],
        &["study", "forms", &study, "--csv", &read],
        &["evaluate", &study, "--model", "marrow-R1", "--json", &protocol],
        &["train", &study, "--model", "marrow-R1", "--json", &protocol],
        &["propose", &study, "--model", "marrow-R1", "--json", &protocol],
        &["agreement", &mask, &mask, "--json", &read],
        &["stats", &at(""), "--json", &new],
        &["bench", "unet", "--json", &protocol],
        &["phantom", &at("study/exams/new")],
        &["model", "export", "models/marrow", &new],
    ] {
        let said = refused(home.path(), args);
        assert!(said.contains("which takes no other files; choose a place outside it, or below"), "{args:?}: {said}");
        assert!(files(Path::new(&study)) == before, "{args:?}");
    }
    let results = at("study/results/audit.csv");
    let (fine, _, said) = osteon(home.path(), &["study", "audit", &study, "--csv", &results]);
    assert!(fine && fs::read_to_string(&results).unwrap().lines().count() > 1, "{said}");
}

fn write_mask(home: &Path, name: &str, label: u8) -> String {
    let file = home.join(name);
    let mut labels = Labels::empty(ball(0.0).grid().clone());
    (18..22).for_each(|i| labels.set([i, 22, 4], label));
    write_labels_nifti(&file, &labels, "test").unwrap();
    file.to_str().unwrap().to_owned()
}

/// A slip in the name of a result once wrote over a mask, an image, a table that the command had just read.
#[test]
fn results_replace_none_of_what_they_are_made_of() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    for folder in ["c", "d"] {
        fs::create_dir(at(folder)).unwrap();
    }
    let (one, two, three) = (
        write_mask(home.path(), "c/label.nii.gz", 1),
        write_mask(home.path(), "c/mask_2.nii.gz", 2),
        write_mask(home.path(), "d/other.nii.gz", 2),
    );
    let image = at("k_water.nii.gz");
    write_image_nifti(Path::new(&image), &ball(0.0)).unwrap();
    fs::copy(&one, at("k_reader1.nii.gz")).unwrap();
    fs::write(at("binary_scores.csv"), "y_true,score\n0,0.2\n1,0.9\n1,0.4\n0,0.6\n").unwrap();
    fs::write(at("plan.json"), "{}").unwrap();
    let (images, masks, roundabout, table) =
        (at("*_water.nii.gz"), at("*_reader1.nii.gz"), at("d/../c/label.nii.gz"), at("binary_scores.csv"));
    let train = ["train", "--images", &images, "--labels", &masks, "--out", &at("model")];
    let curve = ["bench", "loop", "--images", &images, "--labels", &masks];
    fs::copy(&image, at("l_water.nii.gz")).unwrap();
    fs::copy(&one, at("l_reader1.nii.gz")).unwrap();
    let before = files(home.path());
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/marrow");
    let card = format!("{model}/card.json");
    for args in [
        &["agreement", &one, &three, "--json", &roundabout][..],
        &["consensus", &one, &three, "--method", "majority", "--out", &at("c")],
        &["consensus", &two, &three, "--method", "majority", "--out", &at("c")],
        &["stats", &at(""), "--json", &table],
        &["propose", "--images", &image, "--model", model, "--out", &at("out"), "--json", &image],
        &["propose", "--images", &image, "--model", model, "--out", &at("out"), "--json", &card],
        &["evaluate", model, "--images", &images, "--truth", &masks, "--json", &at("k_reader1.nii.gz")],
        &["evaluate", model, "--images", &images, "--truth", &masks, "--json", &card],
        &[&train[..], &["--json", &image]].concat(),
        &[&train[..], &["--spec", &at("plan.json"), "--json", &at("plan.json")]].concat(),
        &[&curve[..], &["--json", &image]].concat(),
        &[&curve[..], &["--svg", &at("k_reader1.nii.gz")]].concat(),
        &[&curve[..], &["--json", &at("new"), "--svg", &at("d/../new")]].concat(),
    ] {
        let said = refused(home.path(), args);
        assert!(said.contains("is a file that this command reads or writes besides; choose another name"), "{args:?}: {said}");
        fs::remove_dir(at("out")).ok();
        fs::remove_dir_all(at("home")).ok();
        assert!(files(home.path()) == before, "{args:?}");
    }
    assert!(osteon(home.path(), &["agreement", &one, &three, "--json", &at("d/figures.json")]).0);
}

/// A locked session of one exam with a mask of a model and one of the readers.
fn scored(study: &Study) -> ExamCode {
    let record = &study.exams().unwrap()[0];
    let image = study.load_image(&record.exam, &record.reading_sequence).unwrap();
    let mask = |source| {
        let mut labels = Labels::empty(image.grid().clone());
        labels.set([20, 22, 4], 1);
        (record.exam.clone(), source, labels, 2)
    };
    let masks = vec![mask(ScoreSource::Consensus("STAPLE".into())), mask(ScoreSource::Model("marrow-R1/1".into()))];
    let (session, scorers) = (ExamCode::new("S1").unwrap(), ["panel".to_owned()]);
    let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    new_score_session(study, plan, masks, 4, None).unwrap();
    let mut file = ScoreFile::open(&study.layout().score_file(&session), NOW).unwrap();
    for item in ["M-01", "M-02"] {
        for target in Target::ALL {
            let mark = Some((target, Mark::of(3.0)));
            file.put(&ScoreRow { time: NOW.into(), scorer: "panel".into(), item: item.into(), mark, comment: None }).unwrap();
        }
    }
    file.lock(NOW).unwrap();
    record.exam.clone()
}

/// Table 2 as JSON could replace the list of ages or the session's key, and began with the table in letters.
#[test]
fn table_2_as_json_replaces_neither_list_nor_key_and_stands_alone_on_the_screen() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let study = ball_study(Path::new(&at("study")), 1);
    let exam = scored(&study);
    fs::write(at("ages.csv"), format!("exam,age\n{exam},13\n")).unwrap();
    let key = study.layout().score_key(&ExamCode::new("S1").unwrap()).unwrap();
    let table = ["score", "table", &at("study"), "--session", "S1", "--covariates", &at("ages.csv"), "--json"];
    let before = files(home.path());
    for json in [at("ages.csv"), key.to_str().unwrap().to_owned()] {
        let said = refused(home.path(), &[&table[..], &[json.as_str()]].concat());
        assert!(said.starts_with(&format!("osteon: {json} is a file that this command reads")), "{said}");
        assert!(files(home.path()) == before, "it was unblinded");
    }
    let (fine, out, said) = osteon(home.path(), &[&table[..], &["-"]].concat());
    let figures: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(fine && figures["tables"][0]["session"] == "S1" && said.contains("Written to"), "{out}{said}");
}
