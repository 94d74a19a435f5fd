//! The window: takes events in, draws, runs commands; owns threads and GPU.

mod wheel;

use crate::gpu::Canvas;
use crate::headless::FrameLog;
use crate::session::{Command, Effect, FileCommand, KeyMap, PaneState, Session};
use crate::views::{Turns, Views};
use crate::worker::message::PickPurpose;
use crate::worker::{WorkerConfig, Workers};
use eframe::UserEvent;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use wheel::OneStepPerNotch;
use winit::event_loop::EventLoop;

/// Longest time a frame spends on taking events in.
const DRAIN_BUDGET: Duration = Duration::from_millis(4);

/// What the window starts with.
#[derive(Clone)]
pub struct AppConfig {
    /// Opened at start.
    pub open: Option<PathBuf>,
    /// Where studies are made for images that are opened without one.
    pub scratch_root: PathBuf,
    /// Where the sample study is made.
    pub sample_root: PathBuf,
    /// Threads of the numeric pool.
    pub threads: usize,
    /// Where models start from.
    pub seed: u64,
    /// The present time in RFC 3339.
    pub clock: fn() -> String,
}

/// The program behind the window.
pub struct App {
    session: Session,
    workers: Workers,
    canvas: Canvas,
    views: Views,
    clock: fn() -> String,
    commands: Vec<Command>,
    quitting: bool,
    frames: FrameLog,
    turns: Turns,
}

impl App {
    /// Starts the workers and opens what the configuration names.
    ///
    /// # Errors
    /// One sentence, if no threads can be started.
    pub fn new(context: &eframe::CreationContext<'_>, config: &AppConfig) -> Result<Self, String> {
        let egui_context = context.egui_ctx.clone();
        let workers = Workers::start(WorkerConfig {
            threads: config.threads,
            scratch_root: config.scratch_root.clone(),
            wake: Arc::new(move || egui_context.request_repaint()),
            clock: config.clock,
        })?;
        let canvas = Canvas::new(context.wgpu_render_state.as_ref());
        let kept = |key| context.storage.and_then(|storage| storage.get_string(key)).unwrap_or_default();
        let (panes, keys) = (PaneState::from_text(&kept(PANES_KEY)), KeyMap::from_text(&kept(KEYS_KEY)));
        let session = Session::new(config.seed).with_sample_root(config.sample_root.clone());
        let mut app = Self {
            session: session.with_panes(panes).with_keys(keys),
            workers,
            canvas,
            views: Views::new(&context.egui_ctx),
            clock: config.clock,
            commands: Vec::new(),
            quitting: false,
            frames: FrameLog::from_env(),
            turns: Turns::default(),
        };
        if let Some(path) = &config.open {
            app.run(Command::File(FileCommand::Use(PickPurpose::OpenFolder, path.clone())));
        }
        Ok(app)
    }

    /// The state behind the window, for tests.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Carries out a command and its effects.
    pub fn run(&mut self, command: Command) {
        let effects = self.session.apply(command, &(self.clock)());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Work(id, request) => self.workers.submit(id, request),
                Effect::Cancel(id) => self.workers.cancel(id),
                Effect::Quit => self.quitting = true,
            }
        }
    }

    fn take_events_in(&mut self, context: &egui::Context) {
        let started = Instant::now();
        while let Some(event) = self.workers.poll() {
            let effects = self.session.absorb(event);
            self.carry_out(effects);
            if started.elapsed() > DRAIN_BUDGET {
                context.request_repaint();
                break;
            }
        }
    }

    /// The window closes only when every row is on disk, and what a training learnt (or the person insisted).
    fn close_when_saved(&mut self, context: &egui::Context) {
        if context.input(|i| i.viewport().close_requested()) && !self.quitting {
            self.run(Command::File(FileCommand::Quit));
            if !self.quitting || !self.session.may_close() {
                context.send_viewport_cmd(egui::ViewportCommand::CancelClose);
            }
        }
        if self.quitting {
            let stuck = self.session.exam().is_some_and(|e| e.save_error().is_some());
            if self.session.may_close() || stuck {
                context.send_viewport_cmd(egui::ViewportCommand::Close);
            } else {
                context.request_repaint_after(Duration::from_millis(20));
            }
        }
    }
}

/// Where the window keeps the panes' layout.
const PANES_KEY: &str = "osteon panes";
/// And the keys that were changed.
const KEYS_KEY: &str = "osteon keys";

impl eframe::App for App {
    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        storage.set_string(PANES_KEY, self.session.panes().to_text());
        storage.set_string(KEYS_KEY, self.session.keys().to_text());
    }

    fn raw_input_hook(&mut self, context: &egui::Context, input: &mut egui::RawInput) {
        if self.turns.take(&mut input.events) {
            context.request_repaint();
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let started = Instant::now();
        let context = ui.ctx().clone();
        self.take_events_in(&context);
        let dirty = self.session.take_dirty();
        let mut commands = std::mem::take(&mut self.commands);
        self.views.ui(ui, &self.session, &mut self.canvas, &dirty, &mut commands);
        if !commands.is_empty() {
            // What a command changed is drawn in the next frame.
            context.request_repaint();
        }
        for command in commands.drain(..) {
            self.run(command);
        }
        self.commands = commands;
        self.close_when_saved(&context);
        self.frames.record(started.elapsed());
    }
}

/// Opens the window and stays until it is closed. wgpu where a graphics card is; glow where adapters are software or
/// missing (remote desktops), where the CPU twin draws anyway and glow is the faster way to the screen.
/// `OSTEON_RENDERER` (`wgpu`, `glow`) overrides.
///
/// # Errors
/// One sentence that says what is missing.
pub fn run(config: &AppConfig) -> Result<(), String> {
    let wanted = std::env::var("OSTEON_RENDERER").unwrap_or_default();
    let first = match wanted.as_str() {
        "wgpu" => eframe::Renderer::Wgpu,
        "glow" => eframe::Renderer::Glow,
        _ if has_graphics_card() => eframe::Renderer::Wgpu,
        _ => eframe::Renderer::Glow,
    };
    // winit makes one loop in the life of a program: the second attempt takes the first one's.
    let mut events = None;
    let why = match run_with(config, first, &mut events) {
        Ok(()) => return Ok(()),
        Err(why) => why,
    };
    let second = if first == eframe::Renderer::Wgpu { eframe::Renderer::Glow } else { eframe::Renderer::Wgpu };
    // Only a renderer that is missing is a reason to try the other one; a missing display is missing for both.
    let is_renderer = ["WGPU", "OpenGL", "Glutin", "Glow", "surface"].iter().any(|word| why.contains(word));
    if !is_renderer {
        return Err(explain(&why));
    }
    // What the driver says may run to pages; its first words name the trouble.
    let brief: String = why.chars().take_while(|c| !"{\n".contains(*c)).take(120).collect();
    log::warn!("{}; trying the other renderer", brief.trim_end());
    run_with(config, second, &mut events).map_err(|why| explain(&why))
}

/// Whether wgpu finds an adapter that is not software.
fn has_graphics_card() -> bool {
    // OpenGL is left out: it is what glow uses anyway, and asking for it without a display makes drivers complain.
    let backends = wgpu::Backends::PRIMARY;
    let descriptor = wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
    let adapters = pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
    adapters.iter().any(|adapter| adapter.get_info().device_type != wgpu::DeviceType::Cpu)
}

fn run_with(config: &AppConfig, renderer: eframe::Renderer, events: &mut Option<EventLoop<UserEvent>>) -> Result<(), String> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_app_id("osteon")
            .with_inner_size([1440.0, 900.0])
            .with_min_inner_size([960.0, 620.0]),
        renderer,
        ..Default::default()
    };
    // winit panics where a library of X is missing: the panic's text is kept and becomes one sentence.
    let said = Arc::new(Mutex::new(String::new()));
    let hook = std::panic::take_hook();
    let hook = Arc::new(hook);
    let running = Arc::new(OnceLock::new());
    {
        let (said, hook, running) = (said.clone(), hook.clone(), running.clone());
        std::panic::set_hook(Box::new(move |info| {
            if running.get().is_some() {
                hook(info);
            } else if let Ok(mut said) = said.lock() {
                *said = info.payload().downcast_ref::<&str>().map_or_else(|| info.to_string(), |s| (*s).to_owned());
            }
        }));
    }
    let config = config.clone();
    let outcome = Arc::new(Mutex::new(Err(format!("no {renderer} surface could be made"))));
    let made = Arc::clone(&outcome);
    let creator: eframe::AppCreator<'static> = Box::new(move |context| {
        let app = App::new(context, &config);
        if let Ok(mut made) = made.lock() {
            *made = app.as_ref().map(|_| ()).map_err(Clone::clone);
        }
        let app = app?;
        let _ = running.set(());
        Ok(Box::new(app))
    });
    let started = AssertUnwindSafe(|| {
        let events = match events {
            Some(events) => events,
            None => events.insert(EventLoop::with_user_event().build()?),
        };
        let inner = eframe::create_native("Osteon", options, creator, events);
        OneStepPerNotch::new(inner).run(events)
    });
    match catch_unwind(started) {
        // A renderer that did not start has said why in the log and closed the loop.
        Ok(Ok(())) => outcome.lock().map_or(Ok(()), |outcome| outcome.clone()),
        Ok(Err(error)) => Err(format!("{error} {error:?}")),
        Err(_) => Err(said.lock().map(|s| s.clone()).unwrap_or_default()),
    }
}

/// What a failed start means and what to install.
fn explain(why: &str) -> String {
    let advice = if why.contains("xkbcommon") {
        "the library libxkbcommon-x11 is missing (Debian: apt install libxkbcommon-x11-0)"
    } else if why.contains("LibraryOpenError") {
        "a library of X11 is missing (Debian: apt install libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2)"
    } else if why.contains("WAYLAND_DISPLAY") || why.contains("DISPLAY") {
        "there is no display (set DISPLAY, or run a sub-command such as `osteon demo --headless`)"
    } else if why.contains("XOpenDisplayFailed") || why.contains("open connection to X server") {
        "the X server that DISPLAY names does not answer (check DISPLAY, or run a sub-command such as `osteon demo --headless`)"
    } else if why.contains("GL") || why.contains("glutin") || why.contains("surface") {
        "neither Vulkan nor OpenGL is there (Debian: apt install libvulkan1 mesa-vulkan-drivers libgl1 libegl1)"
    } else {
        return format!("The window did not open: {}", first_line(why));
    };
    format!("The window did not open: {advice}.")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("no reason was given")
}
