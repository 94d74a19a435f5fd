//! A screen without a monitor (Xvfb) on which the program runs, with real mouse and keys (xdotool).
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::common::required;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Whether such a screen can be had; else a word on stderr, or a failure where everything is required.
pub fn is_there() -> bool {
    let found = has("Xvfb") && has("xdotool");
    if !found {
        assert!(!required(), "OSTEON_REQUIRE_ALL is set, but Xvfb or xdotool is not there");
        eprintln!("skipped: Xvfb or xdotool is not there");
    }
    found
}

fn has(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Waits until something is so; a failure after two minutes.
pub fn until(what: &str, mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < Duration::from_secs(300), "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The screen; gone when dropped.
pub struct Screen {
    server: Child,
    display: String,
    home: PathBuf,
    pictures: PathBuf,
}

impl Screen {
    /// Starts one of 1440 × 900. What the program keeps goes below `home`, pictures to `target/tmp/<pictures>`.
    pub fn start(home: &Path, pictures: &str) -> Self {
        let number = 40 + std::process::id() % 400;
        let display = format!(":{number}");
        let server = Command::new("Xvfb")
            .args([display.as_str(), "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join(pictures);
        let _ = std::fs::remove_dir_all(&pictures);
        std::fs::create_dir_all(&pictures).unwrap();
        let screen = Self { server, display, home: home.to_owned(), pictures };
        until("Xvfb", || Path::new(&format!("/tmp/.X11-unix/X{number}")).exists());
        screen
    }

    /// `osteon open PATH` on this screen.
    pub fn osteon(&self, path: &Path) -> Child {
        let log = std::fs::File::create(self.home.join("stderr.txt")).unwrap();
        Command::new(env!("CARGO_BIN_EXE_osteon"))
            .arg("open")
            .arg(path)
            .env("DISPLAY", &self.display)
            .env_remove("WAYLAND_DISPLAY")
            .env("OSTEON_HOME", self.home.join("home"))
            .env("XDG_DATA_HOME", self.home.join("xdg"))
            .env("OSTEON_FRAME_LOG", self.home.join("frames.txt"))
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// What xdotool says to these words.
    pub fn xdotool(&self, words: &str) -> String {
        let output = Command::new("xdotool").args(words.split(' ')).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Waits for the window and gives it the keyboard: without a window manager nobody else does.
    pub fn focus(&self) {
        until("the window", || !self.xdotool("search --name Osteon").is_empty());
        // The name appears before the window can take the keyboard, so ask until it has it.
        until("the keyboard focus", || {
            let windows = self.xdotool("search --onlyvisible --name Osteon");
            windows.lines().any(|window| {
                self.xdotool(&format!("windowmove {window} 0 0"));
                self.xdotool(&format!("windowfocus {window}"));
                self.xdotool("getwindowfocus") == window
            })
        });
        std::thread::sleep(Duration::from_millis(400));
    }

    /// Presses a key.
    pub fn key(&self, key: &str) {
        self.xdotool(&format!("key --clearmodifiers {key}"));
        std::thread::sleep(Duration::from_millis(150));
    }

    /// Drags with a button through points, at a hand's speed.
    pub fn drag(&self, button: u8, points: &[[i32; 2]]) {
        self.xdotool(&format!("mousemove {} {}", points[0][0], points[0][1]));
        std::thread::sleep(Duration::from_millis(80));
        self.xdotool(&format!("mousedown {button}"));
        for p in &points[1..] {
            self.xdotool(&format!("mousemove {} {}", p[0], p[1]));
            std::thread::sleep(Duration::from_millis(25));
        }
        self.xdotool(&format!("mouseup {button}"));
        std::thread::sleep(Duration::from_millis(150));
    }

    /// A picture of the screen, where a tool for it is there, to be looked at.
    pub fn picture(&self, name: &str) {
        let file = self.pictures.join(format!("{name}.png"));
        let _ = Command::new("scrot").arg("-o").arg(&file).env("DISPLAY", &self.display).status();
    }

    /// Waits until the program draws nothing new but the seconds on its clock.
    pub fn settled(&self) {
        let frames = || std::fs::metadata(self.home.join("frames.txt")).map_or(0, |m| m.len());
        std::thread::sleep(Duration::from_millis(400));
        let mut seen = frames();
        for _ in 0..40 {
            std::thread::sleep(Duration::from_millis(250));
            let now = frames();
            if now == seen {
                return;
            }
            seen = now;
        }
    }

    /// What the program said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.home.join("stderr.txt")).unwrap_or_default()
    }

    /// Ends the program by its key and waits for it.
    pub fn quit(&self, mut program: Child) {
        self.key("ctrl+q");
        let started = Instant::now();
        loop {
            if let Some(status) = program.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", self.said());
                return;
            }
            if started.elapsed() > Duration::from_secs(30) {
                self.picture("would-not-quit");
                let _ = program.kill();
                panic!("the window did not close: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
