//! Where a net is computed: chosen at run time, the CPU always being there.

use super::kernel::InstructionPath;
use super::net::{CandleEngine, Engine, Tape, UNetShape};
use candle_core::Device;

/// A computing device.
#[derive(Clone, Debug, Default)]
pub struct Compute(Option<Device>);

impl Compute {
    /// The CPU with our own operators.
    pub const CPU: Self = Self(None);

    /// The best device of this build and machine, and a notice for a person where one was built for but is not there.
    #[must_use]
    pub fn best() -> (Self, Option<String>) {
        match accelerator() {
            Some(Ok(device)) => (Self(Some(device)), None),
            Some(Err(why)) => (Self::CPU, Some(format!("the graphics processor cannot be used ({why}); the CPU is used instead"))),
            None => (Self::CPU, None),
        }
    }

    /// The word written into a model's card: the CPU's instruction path, or the kind of device.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match &self.0 {
            None => InstructionPath::detect().word(),
            Some(Device::Cpu) => "candle",
            Some(Device::Cuda(_)) => "cuda",
            Some(Device::Metal(_)) => "metal",
        }
    }

    pub(in crate::learn) fn engine(&self, shape: &UNetShape) -> Box<dyn Engine> {
        match &self.0 {
            None => Box::new(Tape::<f32>::new(shape.clone(), InstructionPath::detect())),
            Some(device) => Box::new(CandleEngine::new(shape.clone(), device.clone())),
        }
    }

    /// candle's own operators on the CPU: slow, for comparison.
    #[must_use]
    pub const fn candle_cpu() -> Self {
        Self(Some(Device::Cpu))
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
