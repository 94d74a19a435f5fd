//! Random gestures of all tools through a session with real workers and files, with undo, redo, cancel, going to a step of the
//! history and reopening, against a plain model that copies whole volumes at every step.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;
#[path = "tools/expect.rs"]
mod expect;
#[path = "tools/gestures.rs"]
mod gestures;
#[path = "tools/plain.rs"]
mod plain;
#[path = "tools/run.rs"]
mod run;

use common::{PATIENCE, ball_study, driver, enter, open, saved};
use osteon::edit::History;
use osteon::headless::Driver;
use osteon::session::{Command, EditCommand, OpenExam, PointerCommand, Tool, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;
use run::Run;

fn exam(driver: &Driver) -> &OpenExam {
    driver.session().exam().unwrap()
}

/// So many gestures with everything else between them; `budget_bytes` of patches stay in memory.
fn gestures(seed: u64, wanted: usize, budget_bytes: usize) -> Run {
    let mut run = Run::new(seed, budget_bytes);
    let mut reopened = 0;
    while run.count("gesture: ") < wanted {
        run.step();
        if run.count("gesture: ") >= (reopened + 1) * wanted / 8 {
            reopened += 1;
            run.reopen(reopened % 2 == 1);
        }
    }
    assert!(run.plain().live.len() > wanted / 4, "only {} steps in force", run.plain().live.len());
    run.all_back();
    run
}

/// What every run must have met, lest it prove nothing.
fn met(run: &Run, wanted: usize) {
    let gestures = run.count("gesture: ");
    assert!(gestures >= wanted && run.count("reopened") == 8, "{gestures} gestures");
    for tool in Tool::ALL {
        assert!(run.count(&format!("gesture: {}", tool.name())) >= wanted / 40, "{}: {:?}", tool.name(), run.acts);
    }
    let steps = [
        "Adopt ",
        "Adopt by",
        "Brush",
        "Copy from",
        "Erase",
        "Fill",
        "Interpolate",
        "Lasso",
        "Livewire",
        "Margin",
        "Move the",
        "Outline ",
        "Outline changed",
        "Outline removed",
        "Place the",
        "Relabel",
        "Set the",
        "Slice",
        "Smooth",
        "Take the",
        "Three levels",
        "Threshold",
    ];
    for step in steps {
        assert!(run.count(&format!("step: {step}")) > 0, "no step {step}: {:?}", run.acts);
    }
    for act in ["Undo", "Redo", "GoToRow", "Adopt All", "Adopt Part", "Adopt Slice", "Adopt SliceOverHand", "FlipSquare", "ClearReference"]
    {
        assert!(run.count(&format!("edit: {act}")) > 0, "{act} never came: {:?}", run.acts);
    }
    assert!(run.count("given up: drag") > wanted / 20 && run.count("given up: draft") > wanted / 20, "{:?}", run.acts);
}

#[test]
fn a_thousand_random_gestures_of_all_tools_agree_with_a_plain_model() {
    met(&gestures(1, 1000, History::DEFAULT_BUDGET_BYTES), 1000);
    // Further ones on demand: `OSTEON_MORE_SEEDS=20`.
    let more = std::env::var("OSTEON_MORE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(0_u64);
    for seed in 100..100 + more {
        println!("seed {seed}");
        gestures(seed, 1000, if seed % 2 == 0 { History::DEFAULT_BUDGET_BYTES } else { 2000 });
    }
}

/// The same with next to nothing in memory: undo, redo and a click in the history read their patches from the file.
#[test]
fn gestures_agree_with_a_plain_model_where_undo_comes_from_the_file() {
    met(&gestures(2, 500, 2000), 500);
}

#[test]
fn marrow_is_never_painted_over_what_is_excluded() {
    let home = tempfile::tempdir().unwrap();
    ball_study(&home.path().join("study"), 1);
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R2");
    let tool = |driver: &mut Driver, command| driver.run(Command::Tool(command));
    tool(&mut driver, ToolCommand::Layer(LayerKind::Exclusion));
    tool(&mut driver, ToolCommand::SizeMm(8.0));
    driver.run(Command::View(ViewCommand::Slice(4)));
    driver.run(Command::Pointer(PointerCommand::Down([20.0, 22.0])));
    driver.run(Command::Pointer(PointerCommand::Up));
    let physis = exam(&driver).layers().labels(LayerKind::Exclusion).to_dense();
    assert!(physis.contains(&1));
    tool(&mut driver, ToolCommand::Layer(LayerKind::Marrow));
    tool(&mut driver, ToolCommand::ThresholdLower(-1e9));
    tool(&mut driver, ToolCommand::ThresholdUpper(1e9));
    tool(&mut driver, ToolCommand::ToggleWholeExam);
    tool(&mut driver, ToolCommand::Choose(Tool::Threshold));
    driver.run_to_end("Threshold", PATIENCE, Command::Pointer(PointerCommand::Finish)).unwrap();
    let marrow = exam(&driver).layers().labels(LayerKind::Marrow).to_dense();
    assert!(marrow.iter().zip(&physis).all(|(m, e)| (*m == 0) == (*e != 0)), "everything but the physis");
    // Undone, asked for again and done again meanwhile: whichever comes first, the other changes nothing more.
    driver.run(Command::Edit(EditCommand::Undo));
    driver.run(Command::Pointer(PointerCommand::Finish));
    driver.run(Command::Edit(EditCommand::Redo));
    driver.wait("Working", PATIENCE, |s| s.jobs().next().is_none()).unwrap();
    assert_eq!(exam(&driver).layers().labels(LayerKind::Marrow).to_dense(), marrow);
    saved(&mut driver);
}
