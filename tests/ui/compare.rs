//! The Compare workspace, driven as a person would.

use super::desk::{Desk, harness};
use super::{Window, can_render, click, press, shot};
use egui::{Key, vec2};
use egui_kittest::kittest::Queryable as _;
use osteon::consensus::{
    Consensus, MARROW_LEVELS, Method, UNDECIDED, VotePatterns, disagreement, lesions, parts_of, pattern_dice, vote_entropy,
};
use osteon::session::{Command, CompareCommand, ComparePage, Effect, ShownMap, StudyCommand, ViewCommand, Workspace};
use osteon::study::ExamCode;
use osteon::volume::Labels;
use osteon::worker::message::{
    CompareCell, CompareExam, CompareLevel, CompareLine, CompareTable, ComparedExam, ComparedMap, MapOf, Outcome, Request, RequestId, Role,
};

/// What one reader painted: blobs in the femur, moved and resized by the reader's number.
fn read(desk: &Desk, reader: usize) -> Labels {
    let grid = desk.session.exam().unwrap().reading_image().grid().clone();
    let mut labels = Labels::empty(grid.clone());
    let shift = [0.0, 3.0, -2.0, 1.5][reader];
    for index in 0..grid.voxel_count() {
        let [i, j, k] = grid.voxel(index);
        let (x, y, z) = (i as f64 - shift, j as f64 + shift / 2.0, (k as f64 - 7.0) * 3.0);
        let blob = |at: [f64; 2], size: f64| (x - at[0]).hypot((y - at[1]) * 1.4).hypot(z) < size;
        let label = if blob([72.0, 110.0], 5.0) && reader != 2 {
            3
        } else if blob([73.0, 110.0], 10.0 + shift) {
            2
        } else if blob([76.0, 108.0], 24.0 + shift) || (reader == 1 && blob([92.0, 66.0], 9.0)) || (reader == 3 && blob([70.0, 66.0], 7.0))
        {
            1
        } else {
            0
        };
        if label > 0 {
            labels.set([i, j, k], label);
        }
    }
    labels
}

fn level(patterns: &VotePatterns, consensus: &Consensus, at: usize, maps: &[ComparedMap]) -> CompareLevel {
    let (table, votes) = (patterns.table(), patterns.table().select(&[0, 1, 2]));
    let level = &consensus.levels()[at];
    let positive = votes.to_origin(level.positive());
    let places = patterns.places(2);
    let holds = |map: usize, p: usize| MARROW_LEVELS[at].contains(&table.votes(p)[map]);
    let pair = |a: usize, b: usize| CompareCell {
        dice: pattern_dice(table, |p| holds(a, p), |p| holds(b, p)),
        at: places.busiest(|p| holds(a, p) != holds(b, p)).map(|slice| slice.centre),
    };
    let against = |map: usize| CompareCell {
        dice: pattern_dice(table, |p| holds(map, p), |p| positive[p]),
        at: places.busiest(|p| holds(map, p) != positive[p]).map(|slice| slice.centre),
    };
    let n = maps.len();
    CompareLevel {
        name: level.name(),
        estimable: level.is_estimable(),
        voxels: 1,
        against: (0..n).map(against).collect(),
        others: (0..n).map(|map| against(map).dice.map(|dice| dice * 0.93)).collect(),
        sensitivity: consensus.staple()[at].sensitivity().to_vec(),
        specificity: consensus.staple()[at].specificity().to_vec(),
        pairs: (0..n * n).map(|cell| pair(cell / n, cell % n)).collect(),
        lesions: lesions(&maps.iter().take(3).map(|map| &map.labels).collect::<Vec<_>>(), MARROW_LEVELS[at]),
    }
}

/// The open exam read by three readers and a model.
fn compared(desk: &Desk) -> ComparedExam {
    let reader = |n: usize| ComparedMap { name: format!("R{}", n + 1), of: MapOf::Reader { assisted: false }, labels: read(desk, n) };
    let model = ComparedMap { name: "marrow-R2/7".to_owned(), of: MapOf::Model, labels: read(desk, 3) };
    let maps: Vec<ComparedMap> = (0..3).map(reader).chain([model]).collect();
    let patterns = VotePatterns::count(&maps.iter().map(|map| &map.labels).collect::<Vec<_>>()).unwrap();
    let votes = patterns.table().select(&[0, 1, 2]);
    let consensus = Consensus::of_table(&votes, Method::Staple, &MARROW_LEVELS);
    let shades = |values: &[f64]| {
        let values: Vec<u8> = values.iter().map(|v| (v * 255.0).round() as u8).collect();
        patterns.paint(&votes.to_origin(&values))
    };
    // A few tied voxels, so that there is something to go to.
    let mut labels = patterns.paint(&votes.to_origin(consensus.pattern_labels()));
    [[60, 112, 7], [61, 112, 7], [100, 70, 9]].into_iter().for_each(|voxel| labels.set(voxel, UNDECIDED));
    let apart = disagreement(&votes);
    let disputed = votes.to_origin(&apart);
    ComparedExam {
        exam: ExamCode::new("K-017").unwrap(),
        choice: desk.session.comparison().choice().clone(),
        probability: consensus.levels().iter().map(|level| shades(level.probability())).collect(),
        disagreement: shades(&apart),
        entropy: shades(&vote_entropy(&votes, 4)),
        ties: parts_of(&labels, UNDECIDED),
        disputed: patterns.places(2).per_slice(|p| disputed[p] > 0.0),
        voxel_mm3: labels.grid().spacing().mm().iter().product(),
        consensus: labels,
        levels: (0..4).map(|at| level(&patterns, &consensus, at, &maps)).collect(),
        maps,
        warnings: vec!["level 3: R3 does no better than chance (sensitivity + specificity = 0.998); look at the read".to_owned()],
        rules: vec!["STAPLE: one binary STAPLE per level over the whole volume.".to_owned()],
    }
}

/// Figures of nine exams.
fn table(desk: &Desk) -> CompareTable {
    let line = |who: &str, n: usize, base: f64| {
        let dice = |level: usize| {
            let undefined = level == 2 && n.is_multiple_of(3);
            let value = base - 0.12 * level.min(2) as f64 + 0.05 * ((n * 7 + level * 3 + who.len()) % 5) as f64;
            (!undefined).then_some(value)
        };
        CompareLine { who: who.to_owned(), against: "STAPLE".to_owned(), dice: (0..4).map(dice).collect() }
    };
    let exam = |(n, code): (usize, &str)| CompareExam {
        exam: code.to_owned(),
        readers: vec!["R1".to_owned(), "R2 (assisted)".to_owned(), "R3".to_owned()],
        undecided: 14,
        lines: vec![line("R1", n, 0.74), line("R2 (assisted)", n, 0.7), line("R3", n, 0.66), line("marrow-R2/7", n, 0.68)],
        warnings: Vec::new(),
    };
    let codes = ["K-031", "K-008", "K-044", "K-017", "K-039", "K-021", "K-013", "K-026", "K-005"];
    CompareTable {
        choice: desk.session.comparison().choice().clone(),
        rules: vec!["STAPLE: one binary STAPLE per level over the whole volume.".to_owned()],
        exams: codes.into_iter().enumerate().map(exam).collect(),
        left_out: vec![("K-002".to_owned(), "1 finished read; two are needed, R1 has 3 of 15 slices done".to_owned())],
    }
}

fn coordinator(pictures: bool) -> Window {
    let mut window = harness([1440.0, 900.0], pictures);
    window.state_mut().open_study();
    window.state_mut().sit_down(&Role::Coordinator);
    window
}

/// The coordinator in the workspace with everything worked out.
fn comparing(pictures: bool) -> Window {
    let mut window = coordinator(pictures);
    let desk = window.state_mut();
    let effects = desk.run(Command::View(ViewCommand::Workspace(Workspace::Compare)));
    let asked = effects.iter().find_map(|e| match e {
        Effect::Work(id, Request::Compare(request)) if request.exam.is_some() => Some(*id),
        _ => None,
    });
    let (exam, table) = (compared(desk), table(desk));
    desk.end(asked.expect("the open exam is asked for"), Outcome::ExamCompared(Box::new(exam)));
    desk.end(RequestId(9999), Outcome::Compared(Box::new(table)));
    window.run_steps(3);
    window.state_mut().take();
    window
}

#[test]
fn a_reader_is_told_that_readers_are_blind() {
    let mut window = harness([1440.0, 900.0], false);
    window.state_mut().open_study();
    window.state_mut().sit_down(&super::desk::reader("R2"));
    window.state_mut().run(Command::View(ViewCommand::Workspace(Workspace::Compare)));
    window.run_steps(3);
    window.get_by_label_contains("only the coordinator compares reads");
    assert!(window.query_by_label_contains("Dice").is_none());
    assert!(press(&mut window, Key::K).is_empty() && press(&mut window, Key::D).is_empty(), "a reader must not act here");
}

#[test]
fn what_is_shown_and_how_can_be_chosen() {
    let mut window = comparing(false);
    let compare = |command| vec![Command::Compare(command)];
    assert_eq!(click(&mut window, "Joint STAPLE"), compare(CompareCommand::Method(Method::Joint)));
    window.get_by_label("0.99 on the diagonal");
    assert_eq!(click(&mut window, "STAPLE per level"), compare(CompareCommand::Method(Method::Staple)));
    assert_eq!(click(&mut window, "Level 2+3"), compare(CompareCommand::Level(3)));
    assert_eq!(click(&mut window, "Show Probability 2+3"), compare(CompareCommand::Show(ShownMap::Probability)));
    assert_eq!(click(&mut window, "Show R3"), compare(CompareCommand::Show(ShownMap::Map("R3".to_owned()))));
    assert_eq!(press(&mut window, Key::J), compare(CompareCommand::StepShown(1)));
    assert_eq!(*window.state().session.comparison().shown(), ShownMap::Map("marrow-R2/7".to_owned()));
    assert_eq!(press(&mut window, Key::Period), compare(CompareCommand::Level(0)));
    assert_eq!(click(&mut window, "R1 votes"), compare(CompareCommand::ToggleReader("R1".to_owned())));
    assert_eq!(click(&mut window, "K-008 counts"), compare(CompareCommand::ToggleExam(ExamCode::new("K-008").unwrap())));
    window.get_by_label("The study's figures were made with another choice.");
    assert_eq!(click(&mut window, "Compare again"), [Command::Study(StudyCommand::Compare)]);
    assert_eq!(click(&mut window, "Write report"), [Command::Study(StudyCommand::Report(Box::default()))]);
}

#[test]
fn a_figure_leads_to_the_slice_behind_it() {
    let mut window = comparing(false);
    let level = &window.state().session.comparison().exam().unwrap().levels[0];
    let cell = level.pairs[1];
    let words = format!("R1 and R2, level 1: Dice {:.2}", cell.dice.unwrap());
    let commands = click(&mut window, &words);
    let voxel = cell.at.unwrap();
    assert_eq!(commands, [Command::Compare(CompareCommand::GoTo(voxel))]);
    assert_eq!(window.state().session.exam().unwrap().view().slice, voxel[2]);
    // Undefined is a dash, and leads nowhere.
    let empty = window.query_all_by_label_contains("Dice –").count();
    let undefined = window.state().session.comparison().exam().unwrap();
    let expected: usize = undefined.levels[0].pairs.iter().filter(|c| c.dice.is_none()).count()
        + undefined.levels.iter().map(|l| l.against.iter().filter(|c| c.dice.is_none()).count()).sum::<usize>();
    // The diagonal of the matrix is no figure.
    assert_eq!(empty, expected);
    window.get_by_label_contains("R3 does no better than chance");
}

#[test]
fn findings_are_gone_through_with_a_key() {
    let mut window = comparing(false);
    assert_eq!(click(&mut window, "Findings"), [Command::Compare(CompareCommand::Page(ComparePage::Findings))]);
    window.get_by_label("Tied, undecided · 2 clusters, 3 voxels");
    assert_eq!(press(&mut window, Key::K), [Command::Compare(CompareCommand::StepFinding(1))]);
    let exam = window.state().session.exam().unwrap();
    assert_eq!((exam.view().slice, window.state().session.comparison().marker().unwrap().voxel), (7, [60, 112, 7]));
    press(&mut window, Key::K);
    assert_eq!(window.state().session.exam().unwrap().view().slice, 9);
    // Lesions say who found them: only reader 2 has the one in the tibia.
    window.get_by_label_contains("R2 · not R1, R3");
    let found = click(&mut window, "Slice 8 · R2 · not R1, R3");
    assert!(matches!(found.as_slice(), [Command::Compare(CompareCommand::Finding(_))]), "{found:?}");
}

#[test]
fn the_box_plot_and_the_rules_name_what_is_left_out() {
    let mut window = comparing(false);
    window.get_by_label_contains("Dice against STAPLE · 9 exams");
    window.get_by_label("Box plot of Dice per level over 9 exams");
    click(&mut window, "Rules");
    window.get_by_label_contains("– means undefined");
    window.get_by_label_contains("two are needed");
}

#[test]
fn a_bar_of_the_profile_leads_to_its_slice() {
    let mut window = comparing(false);
    let disputed = window.state().session.comparison().exam().unwrap().disputed.clone();
    let wanted = (0..disputed.len()).rev().find(|&n| disputed[n] > 0 && n != 7).unwrap();
    let rect = window.get_by_label("Disputed voxels per slice").rect();
    let at = rect.left_bottom() + egui::vec2(rect.width() * (wanted as f32 + 0.5) / disputed.len() as f32, -4.0);
    window.hover_at(at);
    window.run_steps(1);
    window.drag_at(at);
    window.run_steps(1);
    window.drop_at(at);
    window.run_steps(2);
    assert_eq!(window.state_mut().take(), [Command::View(ViewCommand::Slice(wanted))]);
    assert_eq!(window.state().session.exam().unwrap().view().slice, wanted);
}

#[test]
fn a_consensus_is_adopted_with_a_button() {
    let mut window = comparing(false);
    assert_eq!(click(&mut window, "Begin a meeting's read"), [Command::Compare(CompareCommand::Adopt)]);
}

#[test]
fn an_exam_with_too_few_reads_says_so() {
    let mut window = coordinator(false);
    let desk = window.state_mut();
    let effects = desk.run(Command::View(ViewCommand::Workspace(Workspace::Compare)));
    let Some(Effect::Work(id, _)) = effects.last() else { panic!("{effects:?}") };
    let why = "1 finished read; two are needed, R3 has 4 of 15 slices done".to_owned();
    desk.end(*id, Outcome::NotComparable { exam: ExamCode::new("K-017").unwrap(), why });
    window.run_steps(3);
    window.get_by_label_contains("K-017 cannot be compared yet: 1 finished read");
}

#[test]
fn pictures_of_the_compare_workspace() {
    if !can_render() {
        return;
    }
    let mut window = comparing(true);
    shot("compare", &mut window);
    for (name, command) in [
        ("compare-probability", CompareCommand::Show(ShownMap::Probability)),
        ("compare-disagreement", CompareCommand::Show(ShownMap::Disagreement)),
        ("compare-findings", CompareCommand::StepFinding(3)),
        ("compare-rules", CompareCommand::Page(ComparePage::Rules)),
    ] {
        window.state_mut().run(Command::Compare(command));
        window.run_steps(3);
        shot(name, &mut window);
    }
    window.state_mut().run(Command::Compare(CompareCommand::Page(ComparePage::Figures)));
    window.set_size(vec2(1000.0, 640.0));
    window.run_steps(4);
    shot("compare-small", &mut window);
}
