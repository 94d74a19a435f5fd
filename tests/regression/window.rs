//! What a reader saw wrongly or did by accident in the window.

use super::seated;
use osteon::session::{Command, Conditions, Monitor, NoticeLevel, RoomLight, StudyCommand, ViewCommand};

/// The best room and the best monitor stood chosen before anybody answered, and one key put them into the journal.
#[test]
fn reading_conditions_are_never_answered_for_the_reader() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = seated(home.path(), 1);
    let rows = |driver: &osteon::headless::Driver| driver.session().exam().unwrap().layers().next_row();
    let before = rows(&driver);
    let half = Conditions { room_light: Some(RoomLight::Bright), ..Conditions::default() };
    for draft in [Conditions::default(), half, Conditions { squares_seen: true, ..Conditions::default() }] {
        driver.run(Command::View(ViewCommand::Conditions(draft)));
        driver.run(Command::Study(StudyCommand::ConfirmConditions));
        assert!(driver.session().conditions().confirmed().is_none() && rows(&driver) == before, "{draft:?}");
        assert_eq!(driver.session().notices().last().map(|n| n.level), Some(NoticeLevel::Warning));
    }
    // Seeing no square is an answer, too, and is told as one.
    let whole = Conditions { monitor: Some(Monitor::Portable), ..half };
    driver.run(Command::View(ViewCommand::Conditions(whole)));
    driver.run(Command::Study(StudyCommand::ConfirmConditions));
    assert_eq!((driver.session().conditions().confirmed().map(|(said, _)| *said), rows(&driver)), (Some(whole), before + 1));
    let text = "room light: Office light or daylight; monitor: Laptop or tablet; test pattern: not both squares and every step seen";
    assert_eq!(whole.text().as_deref(), Some(text));
}
