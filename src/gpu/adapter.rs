//! What draws: a graphics card, a program that plays one, or nothing.

use egui_wgpu::RenderState;

/// The kind of adapter behind the window, with its name for the status page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adapter {
    /// A graphics card: the shader draws.
    Hardware(String),
    /// A software rasteriser (remote desktops, test machines): the CPU twin is faster there.
    Software(String),
    /// No wgpu at all: the window runs on glow and the CPU twin draws.
    None,
}

impl Adapter {
    /// Looks at the adapter that eframe chose.
    #[must_use]
    pub fn of(render_state: Option<&RenderState>) -> Self {
        let Some(state) = render_state else { return Self::None };
        let info = state.adapter.get_info();
        Self::named(info.device_type, format!("{} ({})", info.name, info.backend))
    }

    /// Whether the shader should draw.
    #[must_use]
    pub const fn is_hardware(&self) -> bool {
        matches!(self, Self::Hardware(_))
    }

    fn named(kind: wgpu::DeviceType, name: String) -> Self {
        // The GL backend cannot always tell what is behind it; these names are rasterisers wherever they appear.
        let lower = name.to_lowercase();
        let plays = ["llvmpipe", "lavapipe", "softpipe", "swiftshader", "swrast", "basic render"].iter().any(|n| lower.contains(n));
        if kind == wgpu::DeviceType::Cpu || plays { Self::Software(name) } else { Self::Hardware(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rasterisers_are_known_by_type_or_name() {
        let kind = |kind, name: &str| Adapter::named(kind, name.to_owned()).is_hardware();
        assert!(kind(wgpu::DeviceType::DiscreteGpu, "NVIDIA H200"));
        assert!(kind(wgpu::DeviceType::Other, "Mali-G78"));
        assert!(!kind(wgpu::DeviceType::Cpu, "anything"));
        assert!(!kind(wgpu::DeviceType::Other, "llvmpipe (LLVM 15.0.6, 256 bits)"));
        assert_eq!(Adapter::of(None), Adapter::None);
    }
}
