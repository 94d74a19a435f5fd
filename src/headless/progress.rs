//! Progress on stderr: a line per stage, a bar where something can be counted.

use crate::worker::message::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that follows the events of one stage after another; plain lines where stderr is no terminal.
#[derive(Clone)]
pub struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
}

impl Progress {
    /// A bar on stderr.
    #[must_use]
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} [{bar:24}] {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, is_terminal: std::io::IsTerminal::is_terminal(&std::io::stderr()) }
    }

    /// Begins a stage.
    pub fn stage(&self, text: &str) {
        if self.is_terminal {
            self.bar.set_position(0);
            self.bar.set_message(text.to_owned());
        } else {
            eprintln!("{} {text}", stamp(self.bar.elapsed()));
        }
    }

    /// Shows how far the stage is, between 0 and 1.
    pub fn at(&self, fraction: f32, text: &str) {
        if self.is_terminal {
            self.bar.set_position((fraction.clamp(0.0, 1.0) * 1000.0) as u64);
            self.bar.set_message(text.to_owned());
        }
    }

    /// Follows an event.
    pub fn follow(&self, event: &Event) {
        match event {
            Event::Progress { text, fraction, .. } => self.at(fraction.unwrap_or(0.0), text),
            Event::Training { progress, .. } => {
                let text = format!("Training, step {} of {}, loss {:.3}", progress.step, progress.steps, progress.loss);
                self.at(progress.step as f32 / progress.steps.max(1) as f32, &text);
            }
            Event::Ended { .. } | Event::Saved { .. } | Event::SaveFailed { .. } => {}
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

fn stamp(elapsed: std::time::Duration) -> String {
    format!("{:02}:{:02}", elapsed.as_secs() / 60, elapsed.as_secs() % 60)
}
