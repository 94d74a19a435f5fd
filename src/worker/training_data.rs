//! What a reader marked done: slices to learn from and slices held out to judge by.

use super::done_exam::{DoneExam, Learnt, Saved, ceiling, prepare, saved_of};
use super::inputs;
use super::message::TrainRequest;
use super::task::CancelToken;
use super::training_handle::TrainingHandle;
use crate::learn::{CheckedSpec, Example, Recipe};
use crate::study::{ExamCode, Study};

/// Slices of one exam that are held out.
pub(super) struct HeldOut {
    /// The exam.
    pub exam: DoneExam,
    /// Which slices count.
    pub slices: Vec<usize>,
}

/// Everything a training needs.
#[derive(Default)]
pub(super) struct TrainingData {
    /// Slices to learn from.
    pub examples: Vec<Example>,
    /// Slices to judge by.
    pub held_out: Vec<HeldOut>,
    /// What is held out, in words.
    pub held_out_words: String,
    /// One hash per exam of what is learnt from it: `K-001:…`.
    pub hashes: Vec<String>,
    /// The slices learnt from, by exam.
    pub learnt: Learnt,
    /// For each example, whether its exam was accepted in triage.
    pub accepted: Vec<bool>,
    /// Bytes of all slices.
    pub bytes: u64,
}

impl TrainingData {
    /// Examples whose exam was accepted in triage.
    pub fn accepted_count(&self) -> usize {
        self.accepted.iter().filter(|accepted| **accepted).count()
    }

    /// Forgets the examples whose exam was accepted in triage.
    pub fn leave_accepted_out(&mut self) {
        let mut accepted = self.accepted.iter();
        self.examples.retain(|_| !accepted.next().copied().unwrap_or(false));
        self.accepted = vec![false; self.examples.len()];
    }
}

/// Whose done slices are collected, for which net, and how the collecting can be held and ended.
pub(super) struct Gathering<'a> {
    /// Where the reads lie.
    pub study: &'a Study,
    /// Whose, and of which layer.
    pub request: &'a TrainRequest,
    /// The net that takes them in.
    pub spec: &'a CheckedSpec,
    /// How grey values are prepared.
    pub recipe: &'a Recipe,
    /// Where images are prepared.
    pub pool: &'a rayon::ThreadPool,
    /// Ends it early.
    pub cancel: &'a CancelToken,
    /// Of the training that collects, which may be paused from exam to exam.
    pub handle: Option<&'a TrainingHandle>,
    /// What the versions that are to be judged learnt: of training exams no such slice judges.
    pub learnt: &'a Learnt,
    /// Bytes in use already.
    pub held_bytes: u64,
    /// Only slices to judge by are wanted, of exams that have all that the net takes.
    pub to_judge: bool,
}

impl Gathering<'_> {
    /// Holds while the training is paused.
    ///
    /// # Errors
    /// Once it was cancelled.
    fn go_on(&self) -> Result<(), String> {
        // Here, not within the pool: others work there while this one is paused.
        if let Some(handle) = self.handle {
            handle.hold();
        }
        if self.cancel.is_cancelled() { Err("Training was cancelled.".to_owned()) } else { Ok(()) }
    }

    /// Whether in any of these exams slices are done, and `also` holds.
    fn any_done(&self, exams: &[ExamCode], also: impl Fn(&Saved) -> bool) -> Result<bool, String> {
        for exam in exams {
            self.go_on()?;
            if saved_of(self.study, self.request, exam)?.is_some_and(|saved| also(&saved)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Collects the slices that the reader marked done, with one exam's images in memory at a time. Test exams are out of reach:
/// `Study::trainable` never names one.
///
/// # Errors
/// One sentence, before more memory is used than the request allows; soon after `cancel` says so, too.
pub(super) fn gather(gathering: &Gathering) -> Result<TrainingData, String> {
    let Gathering { study, request, spec, recipe, pool, .. } = *gathering;
    let trainable = study.trainable().map_err(|e| e.to_string())?;
    let validated =
        gathering.any_done(trainable.validate(), |saved| !saved.accepted)? && gathering.any_done(trainable.train(), |_| true)?;
    let mut data = TrainingData { bytes: gathering.held_bytes, ..TrainingData::default() };
    let (mut held_slices, mut of_training) = (0, 0);
    let parts = [(trainable.train(), false), (trainable.validate(), true)];
    for (exam, validates) in parts.into_iter().flat_map(|(exams, validates)| exams.iter().map(move |e| (e, validates))) {
        gathering.go_on()?;
        let Some(saved) = saved_of(study, request, exam)? else { continue };
        // Preparing its images would be work for nothing.
        if gathering.to_judge && ((validated && !validates) || !inputs::has_all(study, exam, spec.spec())?) {
            continue;
        }
        let prepared = pool.install(|| prepare(study, request, exam, spec, recipe, data.bytes))?;
        let exam = DoneExam { exam: exam.clone(), prepared, saved, validates };
        let (mut learn, hold) = exam.parts(validated, gathering.learnt);
        if gathering.to_judge {
            learn.clear();
        }
        let slices = &exam.prepared.slices;
        data.bytes += (learn.len() * slices.example_bytes() + if hold.is_empty() { 0 } else { slices.bytes() }) as u64;
        if data.bytes > ceiling(request) {
            return Err(format!(
                "The slices marked done need more than the {} MB of memory allowed for training: raise the memory ceiling.",
                request.memory_mb
            ));
        }
        if !learn.is_empty() {
            data.hashes.push(exam.hash(&learn));
            data.learnt.insert(exam.exam.to_string(), learn.iter().copied().collect());
        }
        let counts = exam.counts(request.layer);
        for &slice in &learn {
            let example = slices.example(slice, &exam.saved.labels, &counts).map_err(|e| format!("{}: {e}", exam.exam))?;
            data.examples.push(example);
            data.accepted.push(exam.saved.accepted);
        }
        drop(counts);
        if !hold.is_empty() {
            held_slices += hold.len();
            of_training += if validates { 0 } else { hold.len() };
            data.held_out.push(HeldOut { exam, slices: hold });
        }
    }
    data.held_out_words = match (validated, held_slices) {
        (_, 0) => "nothing held out: too few slices are done".to_owned(),
        (true, n) => format!("{} of {}", counted(n, "slice"), counted(data.held_out.len(), "validation exam")),
        (false, n) => format!("{} of the training exams (no validation exam is read yet)", counted(n, "slice")),
    };
    if data.examples.is_empty() && !gathering.to_judge && of_training > 0 {
        return Err(
            "The slices marked done so far (the 3rd, 8th, 13th …) are kept to judge versions by: mark one more slice as done.".to_owned()
        );
    }
    if data.examples.is_empty() && !gathering.to_judge {
        let judges = if held_slices > 0 { " What is done so far is of validation exams, which judge versions." } else { "" };
        return Err(format!("There is nothing to learn from yet: mark at least one slice of a training exam as done.{judges}"));
    }
    Ok(data)
}

/// `1 slice`, `4 slices`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::courtesy::Courtesy;
    use super::super::message::{NetWish, TrainControl};
    use super::*;
    use crate::learn::ModelSpec;
    use crate::study::{Protocol, ReaderCode};
    use crate::volume::LayerKind;
    use std::time::Duration;

    #[test]
    fn collecting_holds_while_paused_and_ends_when_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("s");
        let study = Study::init(&root, "S", &Protocol::sample()).unwrap();
        let request = TrainRequest {
            root,
            reader: ReaderCode::new("R1").unwrap(),
            layer: LayerKind::Marrow,
            model: "marrow-R1".into(),
            steps: 1,
            minutes: None,
            net: NetWish::default(),
            seed: 1,
            open: None,
            created: String::new(),
            memory_mb: 256,
        };
        let spec = ModelSpec::new("water", "marrow", 3, "R1").check().unwrap();
        let recipe = Recipe::for_sequences(&["water".to_owned()]);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let cancel = CancelToken::default();
        let handle = TrainingHandle::new(cancel.clone(), Courtesy::default());
        let gathering = Gathering {
            study: &study,
            request: &request,
            spec: &spec,
            recipe: &recipe,
            pool: &pool,
            cancel: &cancel,
            handle: Some(&handle),
            learnt: &Learnt::new(),
            held_bytes: 0,
            to_judge: false,
        };
        let exams = [ExamCode::new("K-001").unwrap()];
        handle.control(TrainControl::Pause);
        std::thread::scope(|scope| {
            let collecting = scope.spawn(|| gathering.any_done(&exams, |_| true));
            std::thread::sleep(Duration::from_millis(100));
            assert!(!collecting.is_finished(), "it holds before the first exam");
            // The threads that others need are free meanwhile.
            assert_eq!(pool.install(|| 1), 1);
            handle.control(TrainControl::Resume);
            assert_eq!(collecting.join().unwrap(), Ok(false));
        });
        handle.control(TrainControl::Pause);
        handle.control(TrainControl::Cancel);
        assert!(gather(&gathering).is_err());
        assert!(gathering.any_done(&exams, |_| true).is_err());
    }
}
