//! Scoring: sessions, marks, lock, unblinding.

use crate::session::late::Opening;
use crate::session::scoring::{OpenScores, Scoring};
use crate::session::{Effect, ScoreCommand, Session, ViewCommand, Workspace};
use crate::study::{ExamCode, Mark, ScorePlan, ScoreRow, ScoreState, Target};
use crate::worker::message::{NewScores, PickPurpose, Request, Role, ScoreAsk, ScoreOutcome, ScoreRequest, ScoreRowRequest};
use std::ops::ControlFlow;

impl Session {
    pub(super) fn apply_score(&mut self, command: ScoreCommand) -> Vec<Effect> {
        match command {
            ScoreCommand::Make(new) => self.make_scores(new),
            ScoreCommand::Open { session, scorer } => self.open_scores(session, scorer),
            ScoreCommand::Close => {
                let mut effects = self.close_mask();
                self.scoring.open = None;
                effects.extend(self.ask_scores("", ScoreAsk::List));
                effects
            }
            ScoreCommand::Go(at) => self.go_to_mask(at),
            ScoreCommand::Step(by) => match &self.scoring.open {
                Some(open) => {
                    let at = open.at.saturating_add_signed(by as isize).min(open.plan.items.len().saturating_sub(1));
                    if at == open.at { Vec::new() } else { self.go_to_mask(at) }
                }
                None => Vec::new(),
            },
            ScoreCommand::Mark(target, mark) => self.mark(target, mark),
            ScoreCommand::Nudge(target, hundredths) => {
                let now = self.scoring.open.as_ref().and_then(|open| open.mark(target));
                // Without a mark the keys begin in the middle.
                let mark = now.map_or_else(|| Mark::at_fraction(0.5), |mark| mark.moved(hundredths));
                self.mark(target, Some(mark))
            }
            ScoreCommand::WriteComment(text) => self.write_score_comment(text),
            ScoreCommand::EndComment => self.commit_score_comment(),
            ScoreCommand::ToggleNumbers => {
                self.scoring.numbers = !self.scoring.numbers;
                Vec::new()
            }
            ScoreCommand::Lock => self.lock_scores(),
            ScoreCommand::FindKey(session) => {
                self.scoring.key_of = Some((session, None));
                vec![self.request("Choosing a path", Request::PickPath { purpose: PickPurpose::ScoreKey })]
            }
            ScoreCommand::Unblind { session, key, covariates } => {
                if !matches!(self.role, Some(Role::Coordinator)) {
                    self.warn("Only the coordinator unblinds a session.");
                    return Vec::new();
                }
                self.ask_scores("Unblinding", ScoreAsk::Unblind { session, key, covariates })
            }
        }
    }

    /// Looking; entering and leaving the Score workspace is more than that.
    pub(super) fn change_view(&mut self, command: ViewCommand) -> Vec<Effect> {
        if !matches!(command, ViewCommand::Workspace(_)) {
            return self.change_shown(command);
        }
        // The end of a stroke is not heard on another page.
        let mut effects = self.commit_gesture();
        effects.extend(self.change_shown(command));
        effects
    }

    fn change_shown(&mut self, command: ViewCommand) -> Vec<Effect> {
        match command {
            ViewCommand::Workspace(Workspace::Score) => self.enter_scores(),
            ViewCommand::Workspace(Workspace::Audit) => {
                let mut effects = Vec::new();
                if self.workspace == Workspace::Score {
                    effects = self.leave_scores(Workspace::Audit);
                }
                self.workspace = Workspace::Audit;
                effects.extend(self.show_audit(self.audit.as_ref().map(|shown| shown.chosen.clone()).unwrap_or_default()));
                effects
            }
            ViewCommand::ToggleAtlas | ViewCommand::StepAtlas(_) | ViewCommand::ScrollAtlas(_) => self.apply_atlas(&command),
            ViewCommand::Workspace(to) if self.workspace == Workspace::Score => self.leave_scores(to),
            ViewCommand::Workspace(Workspace::Review) => self.enter_review(),
            command => {
                self.apply_view(command);
                self.wire_hover();
                Vec::new()
            }
        }
    }

    /// Enters the workspace; what is read is put aside first.
    pub(super) fn enter_scores(&mut self) -> Vec<Effect> {
        if self.workspace == Workspace::Score || self.study.is_none() || self.role.is_none() {
            return Vec::new();
        }
        let again = crate::session::Command::View(ViewCommand::Workspace(Workspace::Score));
        let mut effects = match self.wait_for_save(again) {
            ControlFlow::Break(waiting) => return waiting,
            ControlFlow::Continue(first) => first,
        };
        if let Some(refusal) = self.unsaved_refusal() {
            self.error(refusal);
            return effects;
        }
        let before = self.exam.as_ref().map(|e| e.code.clone());
        effects.extend(self.close_mask());
        self.scoring = Scoring { before, ..Scoring::default() };
        self.workspace = Workspace::Score;
        effects.extend(self.ask_scores("", ScoreAsk::List));
        effects
    }

    /// Leaves the workspace for another: no mask stays on screen, and the exam from before comes back.
    pub(super) fn leave_scores(&mut self, to: Workspace) -> Vec<Effect> {
        let before = self.scoring.before.take();
        let mut effects = self.close_mask();
        self.scoring = Scoring::default();
        self.workspace = to;
        if let Some(code) = before {
            effects.extend(self.request_exam(code, false));
        }
        effects
    }

    pub(in crate::session) fn absorb_score(&mut self, outcome: ScoreOutcome) -> Vec<Effect> {
        match outcome {
            ScoreOutcome::Listed(sessions, bad) => {
                self.scoring.sessions = sessions;
                bad.into_iter().for_each(|why| self.warn(format!("A scoring session is not listed: {why}")));
            }
            ScoreOutcome::Made(opened, key) => {
                self.scoring.new_key = None;
                self.info(format!("The key of the session lies at {}: show it to nobody who marks.", key.display()));
                if self.workspace == Workspace::Score {
                    let scorer = opened.0.scorers.first().cloned().unwrap_or_default();
                    return self.show_scores(*opened, scorer);
                }
            }
            ScoreOutcome::Opened(opened) => {
                // One that was closed before it arrived stays closed: nobody chose who would mark in it.
                let same = self.scoring.open.as_ref().filter(|open| open.plan.session == opened.0.session);
                if let Some(scorer) = same.map(|open| open.scorer.clone()) {
                    return self.show_scores(*opened, scorer);
                }
            }
            ScoreOutcome::Kept => self.one_arrived(),
            ScoreOutcome::NotKept(row, why) => {
                self.one_arrived();
                // It may have been left meanwhile; whoever marked is to know all the same.
                let open = self.scoring.open.as_mut();
                if let Some((target, _)) = row.mark {
                    open.map(|open| open.state.marks.remove(&(row.scorer, row.item.clone(), target)));
                    self.error(format!("The mark on {} was not saved, set it again: {why}", row.item));
                } else {
                    open.map(|open| open.state.comments.remove(&(row.scorer, row.item.clone())));
                    let text = row.comment.unwrap_or_default();
                    self.error(format!("The comment on {} was not saved, write it again (\"{text}\"): {why}", row.item));
                }
            }
            ScoreOutcome::Tables(tables, folder, remark) => {
                if let Some(remark) = remark {
                    self.warn(remark);
                }
                if self.workspace == Workspace::Score {
                    let effects = self.close_mask();
                    (self.scoring.open, self.scoring.tables, self.scoring.written) = (None, tables, Some(folder));
                    return effects.into_iter().chain(self.ask_scores("", ScoreAsk::List)).collect();
                }
            }
        }
        Vec::new()
    }

    /// A session, before the first mask that this scorer has not marked overall.
    fn show_scores(&mut self, (plan, state): (ScorePlan, ScoreState), scorer: String) -> Vec<Effect> {
        let mut open = OpenScores { plan, state, scorer, at: 0, on_the_way: 0, lock_asked: false, comment_draft: None };
        let left = open.plan.items.iter().position(|i| open.mark_of(i, Target::Overall).is_none());
        open.at = left.unwrap_or(open.plan.items.len().saturating_sub(1));
        let at = open.at;
        self.scoring.open = Some(open);
        let mut effects = self.ask_scores("", ScoreAsk::List);
        effects.extend(self.go_to_mask(at));
        effects
    }

    /// Takes the mask from the screen; one that is on its way is not shown any more.
    fn close_mask(&mut self) -> Vec<Effect> {
        let mut effects = self.close_exam();
        effects.extend(self.opening.take().map(|opening| Effect::Cancel(opening.id)));
        effects
    }

    fn one_arrived(&mut self) {
        if let Some(open) = &mut self.scoring.open {
            open.on_the_way = open.on_the_way.saturating_sub(1);
        }
    }

    fn make_scores(&mut self, new: NewScores) -> Vec<Effect> {
        if !matches!(self.role, Some(Role::Coordinator)) {
            self.warn("Only the coordinator makes a scoring session.");
            return Vec::new();
        }
        self.ask_scores("Making the session", ScoreAsk::Make(new))
    }

    fn open_scores(&mut self, session: ExamCode, scorer: String) -> Vec<Effect> {
        let Some(summary) = self.scoring.sessions.iter().find(|s| s.session == session) else { return Vec::new() };
        if !summary.scorers.contains(&scorer) {
            return Vec::new();
        }
        self.scoring.tables.clear();
        // The name is known before the session is there.
        let plan = crate::study::ScorePlan::named(session.clone());
        let state = crate::study::ScoreState::default();
        self.scoring.open = Some(OpenScores { plan, state, scorer, at: 0, on_the_way: 0, lock_asked: false, comment_draft: None });
        self.ask_scores("Opening the session", ScoreAsk::Open(session))
    }

    /// A lock is for good: what is missing is said once before.
    fn lock_scores(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_score_comment();
        let Some(session) = self.open_session() else { return effects };
        let missing = self.scoring.open.as_ref().filter(|open| !open.lock_asked).and_then(OpenScores::unmarked_levels);
        if let (Some((masks, first)), Some(open)) = (missing, &mut self.scoring.open) {
            open.lock_asked = true;
            let masks = if masks == 1 { "One mask holds".to_owned() } else { format!("{masks} masks hold") };
            self.warn(format!(
                "{masks} a level without a mark ({first}). Lock once more to lock all the same: those marks are then missing in the table."
            ));
            return effects;
        }
        effects.extend(self.ask_scores("Locking the session", ScoreAsk::Lock(session)));
        effects
    }

    fn open_session(&self) -> Option<ExamCode> {
        self.scoring.open.as_ref().map(|open| open.plan.session.clone())
    }

    fn go_to_mask(&mut self, at: usize) -> Vec<Effect> {
        let (Some(open), Some(role)) = (&mut self.scoring.open, &self.role) else { return Vec::new() };
        let Some(item) = open.plan.items.get(at) else { return Vec::new() };
        open.at = at;
        let ask = ScoreAsk::Item { session: open.plan.session.clone(), item: item.code.clone(), role: role.clone() };
        let mut effects = self.close_mask();
        let asked = self.ask_scores("Opening a mask", ask);
        if let Some(Effect::Work(id, _)) = asked.first() {
            self.opening = Some(Opening { id: *id, exam: None });
        }
        effects.extend(asked);
        effects
    }

    fn mark(&mut self, target: Target, mark: Option<Mark>) -> Vec<Effect> {
        let Some(open) = &mut self.scoring.open else { return Vec::new() };
        let Some(item) = open.item().map(|i| i.code.clone()) else { return Vec::new() };
        if self.exam.as_ref().is_none_or(|exam| exam.code != item) {
            self.warn(format!("Mask {item} is not on the screen: a mark is given to what is seen."));
            return Vec::new();
        }
        let item = item.to_string();
        if let Some(time) = open.locked() {
            let sentence = format!("The session was locked at {time}: its marks stand.");
            self.warn(sentence);
            return Vec::new();
        }
        open.lock_asked = false;
        let place = (open.scorer.clone(), item.clone(), target);
        if open.state.marks.get(&place).copied() == mark {
            return Vec::new();
        }
        match mark {
            Some(mark) => drop(open.state.marks.insert(place, mark)),
            None => drop(open.state.marks.remove(&place)),
        }
        self.keep_row(item, Some((target, mark)), None)
    }

    fn write_score_comment(&mut self, text: String) -> Vec<Effect> {
        let Some(open) = self.scoring.open.as_mut().filter(|open| open.locked().is_none()) else { return Vec::new() };
        open.comment_draft = Some((open.at, text));
        Vec::new()
    }

    /// A comment belongs to the mask on which it was begun, whatever is shown by the time it is finished.
    pub(super) fn commit_score_comment(&mut self) -> Vec<Effect> {
        let Some(open) = &mut self.scoring.open else { return Vec::new() };
        let Some((at, text)) = open.comment_draft.take() else { return Vec::new() };
        let text = text.trim().to_owned();
        let Some(item) = open.plan.items.get(at).filter(|item| open.comment_of(item) != text).map(|i| i.code.to_string()) else {
            return Vec::new();
        };
        open.state.comments.insert((open.scorer.clone(), item.clone()), text.clone());
        self.keep_row(item, None, Some(text))
    }

    fn keep_row(&mut self, item: String, mark: Option<(Target, Option<Mark>)>, comment: Option<String>) -> Vec<Effect> {
        let (Some(open), Some(study)) = (&mut self.scoring.open, &self.study) else { return Vec::new() };
        open.on_the_way += 1;
        let row = ScoreRow { time: self.now.clone(), scorer: open.scorer.clone(), item, mark, comment };
        let request = ScoreRowRequest { root: study.root.clone(), session: open.plan.session.clone(), row };
        vec![self.request("", Request::ScoreRow(Box::new(request)))]
    }

    fn ask_scores(&mut self, text: &str, what: ScoreAsk) -> Vec<Effect> {
        let Some(study) = &self.study else { return Vec::new() };
        let request = ScoreRequest { root: study.root.clone(), time: self.now.clone(), what };
        vec![self.request(text, Request::Score(Box::new(request)))]
    }
}
