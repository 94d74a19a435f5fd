//! What the window knows of models and of the training in progress.

use crate::worker::message::{Ablated, NetWish, RequestId, TrainProgress, VersionsJudged};

/// Training, as far as the window sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingState {
    pub(super) request: Option<RequestId>,
    pub(super) latest: Option<TrainProgress>,
    pub(super) losses: Vec<f32>,
    pub(super) failure: Option<String>,
    pub(super) steps: Option<u32>,
    /// Minutes, and the most steps within them.
    pub(super) minutes: Option<(f64, u32)>,
    /// Of which model, and what.
    pub(super) net: Option<(String, NetWish)>,
    pub(super) pause_wanted: bool,
    pub(super) memory_mb: Option<u32>,
    pub(super) judged: Option<VersionsJudged>,
    pub(super) ablated: Option<Ablated>,
    pub(super) ablating: bool,
    /// The last change of the current version that was asked for. Two at once could end in either order.
    pub(super) choosing: Option<RequestId>,
}

impl TrainingState {
    /// Points kept of the loss curve; older ones are thinned out.
    const MOST_POINTS: usize = 240;
    /// Steps of a training if the person sets nothing else.
    pub const DEFAULT_STEPS: u32 = 240;

    /// Whether training runs (or is paused).
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.request.is_some()
    }

    /// Whether it holds, or has been asked to.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.request.is_some() && self.pause_wanted
    }

    /// The latest figures.
    #[must_use]
    pub const fn latest(&self) -> Option<&TrainProgress> {
        self.latest.as_ref()
    }

    /// Loss over the steps so far, thinned.
    #[must_use]
    pub fn losses(&self) -> &[f32] {
        &self.losses
    }

    /// Why the last training failed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// No training takes more steps.
    pub const MOST_STEPS: u32 = 100_000;

    /// Steps per training, where no minutes are set.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps.unwrap_or(Self::DEFAULT_STEPS)
    }

    /// Wall-clock minutes per training, if they are what ends it.
    #[must_use]
    pub fn minutes(&self) -> Option<f64> {
        self.minutes.map(|(minutes, _)| minutes)
    }

    /// Steps that the next training takes at most.
    pub(super) fn most_steps(&self) -> u32 {
        self.minutes.map_or_else(|| self.steps(), |(_, most)| most)
    }

    /// What is asked of the net of a model's first training.
    #[must_use]
    pub fn net(&self, model: &str) -> NetWish {
        self.net.as_ref().filter(|(of, _)| of == model).map(|(_, net)| *net).unwrap_or_default()
    }

    /// Memory that a training may need, in MB.
    pub const DEFAULT_MEMORY_MB: u32 = 2048;
    /// Least and largest memory ceiling, in MB.
    pub const MEMORY_RANGE_MB: [u32; 2] = [128, 65_536];

    /// Memory that a training may need, in MB.
    #[must_use]
    pub fn memory_mb(&self) -> u32 {
        self.memory_mb.unwrap_or(Self::DEFAULT_MEMORY_MB)
    }

    /// Versions that were judged on the same slices last.
    #[must_use]
    pub const fn judged(&self) -> Option<&VersionsJudged> {
        self.judged.as_ref()
    }

    /// What accepted exams gave, where that was asked.
    #[must_use]
    pub const fn ablated(&self) -> Option<&Ablated> {
        self.ablated.as_ref()
    }

    /// Whether what runs is a comparison with and without accepted exams; it saves no version.
    #[must_use]
    pub const fn is_ablating(&self) -> bool {
        self.request.is_some() && self.ablating
    }

    /// What a new training keeps of the last one.
    pub(super) fn afresh(&self) -> Self {
        let (judged, ablated, net) = (self.judged.clone(), self.ablated.clone(), self.net.clone());
        let Self { steps, minutes, memory_mb, .. } = *self;
        Self { steps, minutes, net, memory_mb, judged, ablated, ..Self::default() }
    }

    pub(super) fn record(&mut self, progress: TrainProgress) {
        if progress.loss.is_finite() {
            self.losses.push(progress.loss);
        }
        if self.losses.len() > Self::MOST_POINTS {
            let mut keep = false;
            self.losses.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.latest = Some(progress);
    }
}
