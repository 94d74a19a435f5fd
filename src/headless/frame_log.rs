//! Frame times of the window, for measuring.

use std::io::Write as _;
use std::time::Duration;

/// Time of the UI thread per frame, written as one line a frame where `OSTEON_FRAME_LOG` names a file.
pub struct FrameLog(Option<std::io::BufWriter<std::fs::File>>);

impl FrameLog {
    /// Opens the file that the environment names, if it does.
    #[must_use]
    pub fn from_env() -> Self {
        let file = std::env::var_os("OSTEON_FRAME_LOG").and_then(|path| std::fs::File::create(path).ok());
        Self(file.map(std::io::BufWriter::new))
    }

    /// Writes the milliseconds of one frame.
    pub fn record(&mut self, time: Duration) {
        if let Some(file) = &mut self.0
            && writeln!(file, "{:.3}", time.as_secs_f64() * 1e3).and_then(|()| file.flush()).is_err()
        {
            self.0 = None;
        }
    }
}
