//! Where a net is computed: chosen at run time, the CPU always being there.

use super::kernel::{Bf16, InstructionPath};
use super::net::{CandleEngine, Engine, Pooled, Tape, UNetShape};
use candle_core::Device;
use rayon::ThreadPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a person wants nothing but the CPU.
static CPU_ALONE: AtomicBool = AtomicBool::new(false);

/// A computing device.
#[derive(Clone, Debug, Default)]
pub struct Compute {
    place: Place,
    /// Entered for every pass; none: the pool of whoever asks.
    pool: Option<Arc<ThreadPool>>,
}

#[derive(Clone, Debug)]
enum Place {
    Cpu(Arithmetic),
    Device(Device),
}

impl Default for Place {
    fn default() -> Self {
        Self::Cpu(Arithmetic::F32)
    }
}

/// How the CPU stores activations and multiplies; sums are `f32` in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Single precision.
    F32,
    /// Half as wide, with 8 bits of precision: much faster where the processor multiplies them, very slow elsewhere.
    Bf16,
}

impl Arithmetic {
    /// Its short name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

impl Compute {
    /// The CPU with our own operators in single precision.
    pub const CPU: Self = Self::cpu(Arithmetic::F32);

    /// The CPU with our own operators.
    #[must_use]
    pub const fn cpu(arithmetic: Arithmetic) -> Self {
        Self::at(Place::Cpu(arithmetic))
    }

    const fn at(place: Place) -> Self {
        Self { place, pool: None }
    }

    /// The same, entering this pool for each pass of a net alone: others who work there wait for one pass, not for a whole exam.
    #[must_use]
    pub fn within(self, pool: Arc<ThreadPool>) -> Self {
        Self { pool: Some(pool), ..self }
    }

    /// The CPU with the arithmetic that is fastest on it: `bf16` where the processor multiplies that, since nets learn as well
    /// with it (`tests/unet.rs` compares).
    #[must_use]
    pub fn fastest_cpu() -> Self {
        Self::cpu(if InstructionPath::for_bf16().is_some() { Arithmetic::Bf16 } else { Arithmetic::F32 })
    }

    /// From now on [`Compute::best`] is the CPU in the whole program: a person said so.
    pub fn keep_to_cpu() {
        CPU_ALONE.store(true, Ordering::Relaxed);
    }

    /// The best device of this build and machine, and a notice for a person where one was built for but is not there.
    #[must_use]
    pub fn best() -> (Self, Option<String>) {
        let wanted = !CPU_ALONE.load(Ordering::Relaxed);
        match wanted.then(accelerator).flatten() {
            Some(Ok(device)) => (Self::at(Place::Device(device)), None),
            Some(Err(why)) => {
                (Self::fastest_cpu(), Some(format!("the graphics processor cannot be used ({why}); the CPU is used instead")))
            }
            None => (Self::fastest_cpu(), None),
        }
    }

    /// The word written into a model's card: the CPU's instruction path, or the kind of device.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.place {
            Place::Cpu(Arithmetic::F32) => InstructionPath::for_f32().word(),
            Place::Cpu(Arithmetic::Bf16) => InstructionPath::for_bf16().map_or("portable-bf16", InstructionPath::word),
            Place::Device(Device::Cpu) => "candle",
            Place::Device(Device::Cuda(_)) => "cuda",
            Place::Device(Device::Metal(_)) => "metal",
        }
    }

    pub(in crate::learn) fn engine(&self, shape: &UNetShape) -> Box<dyn Engine> {
        let engine: Box<dyn Engine> = match &self.place {
            Place::Cpu(Arithmetic::F32) => Box::new(Tape::<f32>::new(shape.clone(), InstructionPath::for_f32())),
            Place::Cpu(Arithmetic::Bf16) => {
                let path = InstructionPath::for_bf16().unwrap_or(InstructionPath::Portable);
                Box::new(Tape::<Bf16>::new(shape.clone(), path))
            }
            Place::Device(device) => Box::new(CandleEngine::new(shape.clone(), device.clone())),
        };
        match &self.pool {
            Some(pool) => Box::new(Pooled::new(engine, pool.clone())),
            None => engine,
        }
    }

    /// Whether nets are computed elsewhere than on the processor.
    #[must_use]
    pub const fn is_graphics(&self) -> bool {
        matches!(self.place, Place::Device(Device::Cuda(_) | Device::Metal(_)))
    }

    /// candle's own operators on the CPU: slow, for comparison.
    #[must_use]
    pub const fn candle_cpu() -> Self {
        Self::at(Place::Device(Device::Cpu))
    }
}

/// The device that this build was made for, if any.
fn accelerator() -> Option<Result<Device, String>> {
    // candle's binding panics where the driver's library is missing; that must not end the program.
    let open = |name: &str, make: fn() -> candle_core::Result<Device>| {
        std::panic::catch_unwind(make).map_err(|_| format!("no {name} driver")).and_then(|made| made.map_err(|e| e.to_string()))
    };
    if candle_core::utils::cuda_is_available() {
        return Some(open("CUDA", || Device::new_cuda(0)));
    }
    candle_core::utils::metal_is_available().then(|| open("Metal", || Device::new_metal(0)))
}
