//! Why a key does nothing now: one line for the person, so that no key is silent.

use super::{Action, Group};
use crate::session::{Session, Workspace};
use crate::views::facts;
use crate::worker::message::Standing;

/// `Adopt slice (Enter): no proposal is shown`.
#[must_use]
pub fn refusal(session: &Session, action: &Action) -> String {
    let name = action.name.trim_end_matches('…');
    let key = action.key_words().map(|key| format!(" ({key})")).unwrap_or_default();
    format!("{name}{key}: {}", reason(session, action))
}

/// The page of [`Action::page`] that is on screen.
#[must_use]
pub(super) const fn page_shown(session: &Session) -> Option<u8> {
    match session.workspace() {
        Workspace::Read => Some(0),
        Workspace::Compare => Some(1),
        Workspace::Score => Some(2),
        Workspace::Review => Some(3),
        Workspace::Models | Workspace::Protocol | Workspace::Audit => None,
    }
}

fn reason(session: &Session, action: &Action) -> String {
    if session.study().is_none() {
        return "open images or a study first".to_owned();
    }
    if session.role().is_none() {
        return "say first who reads".to_owned();
    }
    if action.id == "pause" && session.training().is_paused() {
        let key = Action::find("resume").and_then(Action::key_words);
        return format!("it is paused: {} goes on", key.unwrap_or_else(|| "Resume training".to_owned()));
    }
    if let Some(where_) = elsewhere(session, action) {
        return format!("only in the workspace {}", where_.name());
    }
    if session.conditions_shown() {
        return "confirm room light and monitor first".to_owned();
    }
    if session.workspace() == Workspace::Score && action.page() == Some(2) {
        return scoring_reason(session, action.id).to_owned();
    }
    if action.page().is_some() && session.exam().is_none() {
        return "open an exam first".to_owned();
    }
    own_reason(session, action).to_owned()
}

/// The workspace that an action belongs to, where it is not the one shown.
fn elsewhere(session: &Session, action: &Action) -> Option<Workspace> {
    let shown = session.workspace();
    let wanted = match action.page()? {
        1 => Workspace::Compare,
        2 => Workspace::Score,
        3 => Workspace::Review,
        // Pictures are looked at in other workspaces too.
        _ if action.group == Group::Model && shown == Workspace::Models => return None,
        _ if matches!(action.group, Group::Go | Group::View) && facts::reading(session).is_some() => return None,
        _ => Workspace::Read,
    };
    (wanted != shown).then_some(wanted)
}

fn own_reason(session: &Session, action: &Action) -> &'static str {
    let writable = facts::painting(session).is_some();
    let tool = matches!(action.group, Group::Paint | Group::Edit);
    match action.id {
        id if id.starts_with("adopt") || id == "dismiss" || action.group == Group::Model => model_reason(session, id),
        _ if tool && !writable => match session.exam().map(|e| e.standing()) {
            Some(Standing::Sealed { .. }) => "this read is sealed and can only be looked at",
            _ => "this exam can only be looked at",
        },
        "undo" => "there is no step to take back",
        "redo" => "no step was taken back",
        "clear_measures" => "there is no measure on this slice",
        "corner_delete" => "take the tool Outline first",
        "outline_smooth" => "no outline is selected",
        "outline_close" => "no outline, polygon or preview is under way",
        "outline_delete" => "no outline or square is selected",
        "square_flip" => "no metaphysis square is selected",
        "seal" => "look the read over first (Ctrl Enter)",
        "save_again" => "everything is saved",
        "next_sequence" => "the exam has one sequence only",
        "next_visit" | "visit_further" | "visit_back" => "no other visit is shown or may be",
        "window_rule" => "the protocol has no rule for the window",
        "cursor_here" => "put the pointer on the picture first",
        "atlas" if !session.atlas_allowed() => "the protocol keeps the atlas away from reading",
        "atlas" | "atlas_next" | "calibrate" | "calibrate_end" => "there is no atlas to show, or no further exam in it",
        id if id.starts_with("label_") => "the layer has no such label",
        id if id.starts_with("form") => "the sacro-iliac form is not shown",
        "review" if facts::is_coordinator(session) => "for a reader whose reads are assisted; the coordinator does not read",
        "review" => "for readers whose reads are assisted from the start",
        "report" | "compare_reads" => "only the coordinator may",
        _ if tool => "the protocol does not allow it",
        _ => "not possible now",
    }
}

fn scoring_reason(session: &Session, id: &str) -> &'static str {
    let Some(open) = session.scoring().open() else { return "choose a session first, by its button \"Mark as …\"" };
    match id {
        "score_next" => "this is the last mask",
        "score_previous" => "this is the first mask",
        "score_lock" if open.locked().is_some() => "it is locked already",
        "score_lock" => "each mask needs a mark overall first, by everybody who marks",
        _ => "not possible now",
    }
}

fn model_reason(session: &Session, id: &str) -> &'static str {
    if !session.assistance_allowed() {
        return "no model proposes in this read: it is independent";
    }
    match id {
        "resume" if session.training().is_running() => "it is not paused",
        "pause" | "resume" | "cancel_training" => "there is no training to pause or to go on with",
        "train" => "training is under way",
        "roll_back" if session.current_version().is_some() => "the current version was not trained from another one",
        _ if session.current_version().is_none() && session.exam().is_none_or(|e| e.proposal().is_none()) => {
            "the model has not been trained yet"
        }
        "propose_slice" | "propose_exam" | "doubt" => "not on a test exam before its reads are sealed",
        _ => "no proposal is shown: Propose slice asks for one",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_study_every_key_that_does_nothing_says_what_is_missing() {
        let session = Session::new(1);
        let words = |id| refusal(&session, Action::find(id).unwrap());
        assert_eq!(words("brush"), "Brush (B): open images or a study first");
        assert_eq!(words("submit"), "Submit this read (Ctrl Enter): open images or a study first");
    }
}
