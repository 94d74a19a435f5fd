//! One notch of the wheel is one step, also where X sends it as a button.
//!
//! A mouse at the computer reports its wheel as an axis. A remote desktop (VNC, xrdp) and `xdotool` press and release the
//! buttons 4 to 7 instead, and winit 0.30 makes a notch of the press and another of the release (mended after it:
//! rust-windowing/winit#4386). So the window's events go through here, and the second notch is left out.

use eframe::{EframeWinitApplication, UserEvent};
use winit::application::ApplicationHandler;
use winit::error::EventLoopError;
use winit::event::{DeviceEvent, DeviceId, ElementState, MouseScrollDelta, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::platform::run_on_demand::EventLoopExtRunOnDemand as _;
use winit::window::WindowId;

/// The window's program behind the filter.
pub struct OneStepPerNotch<'a> {
    inner: EframeWinitApplication<'a>,
    releases: Releases,
}

impl<'a> OneStepPerNotch<'a> {
    /// Stands before `inner`.
    #[must_use]
    pub fn new(inner: EframeWinitApplication<'a>) -> Self {
        Self { inner, releases: Releases::default() }
    }

    /// Runs until the window is closed.
    ///
    /// # Errors
    /// What winit says.
    pub fn run(mut self, events: &mut EventLoop<UserEvent>) -> Result<(), EventLoopError> {
        events.run_app_on_demand(&mut self)
    }
}

impl ApplicationHandler<UserEvent> for OneStepPerNotch<'_> {
    fn device_event(&mut self, events: &ActiveEventLoop, device: DeviceId, event: DeviceEvent) {
        if let DeviceEvent::Button { button, state } = event {
            self.releases.button(button, state);
        }
        self.inner.device_event(events, device, event);
    }

    fn window_event(&mut self, events: &ActiveEventLoop, window: WindowId, event: WindowEvent) {
        if let WindowEvent::MouseWheel { delta, .. } = &event
            && self.releases.is_echo(*delta)
        {
            return;
        }
        self.inner.window_event(events, window, event);
    }

    fn resumed(&mut self, events: &ActiveEventLoop) {
        self.inner.resumed(events);
    }

    fn new_events(&mut self, events: &ActiveEventLoop, cause: StartCause) {
        self.inner.new_events(events, cause);
    }

    fn user_event(&mut self, events: &ActiveEventLoop, event: UserEvent) {
        self.inner.user_event(events, event);
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        self.inner.about_to_wait(events);
    }

    fn suspended(&mut self, events: &ActiveEventLoop) {
        self.inner.suspended(events);
    }

    fn exiting(&mut self, events: &ActiveEventLoop) {
        self.inner.exiting(events);
    }

    fn memory_warning(&mut self, events: &ActiveEventLoop) {
        self.inner.memory_warning(events);
    }
}

/// The notch that the release of a wheel's button is about to make. X sends what the device did before what the window gets.
#[derive(Default)]
struct Releases {
    due: Option<[f32; 2]>,
}

impl Releases {
    fn button(&mut self, button: u32, state: ElementState) {
        // Elsewhere these numbers are other buttons.
        let x11 = cfg!(all(unix, not(target_vendor = "apple")));
        self.due = match (state, button) {
            (ElementState::Released, 4) if x11 => Some([0.0, 1.0]),
            (ElementState::Released, 5) if x11 => Some([0.0, -1.0]),
            (ElementState::Released, 6) if x11 => Some([1.0, 0.0]),
            (ElementState::Released, 7) if x11 => Some([-1.0, 0.0]),
            _ => None,
        };
    }

    fn is_echo(&mut self, delta: MouseScrollDelta) -> bool {
        let due = self.due.take();
        matches!(delta, MouseScrollDelta::LineDelta(x, y) if due == Some([x, y]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winit::dpi::PhysicalPosition;

    fn line(y: f32) -> MouseScrollDelta {
        MouseScrollDelta::LineDelta(0.0, y)
    }

    #[cfg(all(unix, not(target_vendor = "apple")))]
    #[test]
    fn the_release_of_a_wheels_button_is_no_second_notch() {
        let mut releases = Releases::default();
        let mut notches = 0;
        for _ in 0..3 {
            for state in [ElementState::Pressed, ElementState::Released] {
                releases.button(5, state);
                notches += u32::from(!releases.is_echo(line(-1.0)));
            }
        }
        assert_eq!(notches, 3);
    }

    #[test]
    fn a_wheel_that_is_an_axis_and_a_touchpad_lose_nothing() {
        let mut releases = Releases::default();
        assert!((0..20).all(|n| !releases.is_echo(line(if n % 2 == 0 { 1.0 } else { 0.125 }))));
        // A click of the left button between is no wheel.
        releases.button(1, ElementState::Pressed);
        releases.button(1, ElementState::Released);
        assert!(!releases.is_echo(line(1.0)));
        // A release whose notch went to another window leaves no trace on the next axis event in another direction or unit.
        releases.button(4, ElementState::Released);
        assert!(!releases.is_echo(line(-1.0)));
        assert!(!releases.is_echo(line(1.0)));
        releases.button(4, ElementState::Released);
        assert!(!releases.is_echo(MouseScrollDelta::PixelDelta(PhysicalPosition::new(0.0, 1.0))));
        releases.button(4, ElementState::Released);
        releases.button(4, ElementState::Pressed);
        assert!(!releases.is_echo(line(1.0)));
    }
}
