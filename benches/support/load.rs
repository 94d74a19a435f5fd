//! A model that trains beside what is measured, as it does beside the window: in one pool of all cores but one.

use osteon::headless::window_threads;
use osteon::learn::{Example, ModelSpec, Recipe, TrainOptions, Trainer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// The training under way; it ends when dropped.
pub struct Training {
    stop: Arc<AtomicBool>,
    steps: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Training {
    /// Starts one where the command line says `--training`.
    pub fn wanted() -> Option<Self> {
        std::env::args().any(|a| a == "--training").then(Self::start)
    }

    /// Steps of the window's usual model on four slices of 192 × 192 pixels, one after the other, as `worker::trainer` takes
    /// them. Returns when the first is taken.
    fn start() -> Self {
        let (stop, steps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(window_threads()).build().unwrap();
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&steps));
        let thread = std::thread::spawn(move || {
            let spec = ModelSpec::new("water", "marrow", 3, "R1").check().unwrap();
            let mut trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap();
            let slices: Vec<Example> = (0..4).map(example).collect();
            let batch: Vec<&Example> = slices.iter().collect();
            while !stopped.load(Ordering::Relaxed) {
                if pool.install(|| trainer.step(&batch, &stopped)).is_ok() {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        while steps.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        Self { stop, steps, thread: Some(thread) }
    }
}

fn example(number: usize) -> Example {
    let noise = |n: usize| (((n * 7919 + n * n % 97) % 1013) as f32) / 506.0 - 1.0;
    let pixels = 0..192 * 192;
    Example::new(pixels.clone().map(|n| noise(n + number * 31)).collect(), pixels.map(|n| ((n / 7 + number) % 4) as u8).collect(), [192; 2])
        .unwrap()
}

impl Drop for Training {
    fn drop(&mut self) {
        println!("training meanwhile: {} steps on {} threads", self.steps.load(Ordering::Relaxed), window_threads());
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
