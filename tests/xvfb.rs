//! A real window under Xvfb, driven with real mouse and keys: open, window, paint, undo, mark done, train, adopt, export,
//! quit, reopen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{ball, required};
use osteon::study::{ReadFile, Study};
use osteon::volume::LayerKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn has(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status().is_ok_and(|s| s.success())
}

struct Screen {
    server: Child,
    display: String,
    home: PathBuf,
}

impl Screen {
    fn start(home: &Path) -> Self {
        let number = 40 + std::process::id() % 400;
        let display = format!(":{number}");
        let server = Command::new("Xvfb")
            .args([display.as_str(), "-screen", "0", "1440x900x24", "-nolisten", "tcp"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let screen = Self { server, display, home: home.to_owned() };
        until("Xvfb", || Path::new(&format!("/tmp/.X11-unix/X{number}")).exists());
        screen
    }

    fn osteon(&self, path: &Path) -> Child {
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

    fn xdotool(&self, words: &str) -> String {
        let output = Command::new("xdotool").args(words.split(' ')).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Waits for the window and gives it the keyboard: without a window manager nobody else does.
    fn focus(&self) {
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

    fn key(&self, key: &str) {
        self.xdotool(&format!("key --clearmodifiers {key}"));
        std::thread::sleep(Duration::from_millis(150));
    }

    fn drag(&self, button: u8, points: &[[i32; 2]]) {
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

    /// A picture of the screen, where a tool for it is there: `target/tmp/xvfb/*.png`, to be looked at.
    fn picture(&self, name: &str) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("xvfb");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        let _ = Command::new("scrot").arg("-o").arg(&file).env("DISPLAY", &self.display).status();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn until(what: &str, mut there: impl FnMut() -> bool) {
    let started = Instant::now();
    while !there() {
        assert!(started.elapsed() < Duration::from_secs(120), "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Rows of the only read, and the counts of labels in it.
fn read(home: &Path) -> Option<(u64, Vec<usize>, usize)> {
    let root = std::fs::read_dir(home.join("home/scratch")).ok()?.next()?.ok()?.path();
    let study = Study::open(&root).ok()?;
    let exam = study.exams().ok()?.first()?.exam.clone();
    let (_, view) = ReadFile::open_read_only(&root.join("reads/R1").join(exam.as_str()).join("1.sqlite")).ok()?;
    let state = view.state().ok()?;
    let counts = state.labels(LayerKind::Marrow).counts();
    Some((view.count(), (0..4).map(|l| counts.of(l)).collect(), state.done_count(LayerKind::Marrow)))
}

fn quit(screen: &Screen, mut program: Child) {
    screen.key("ctrl+q");
    let started = Instant::now();
    loop {
        if let Some(status) = program.try_wait().unwrap() {
            assert!(status.success(), "{status}: {}", std::fs::read_to_string(screen.home.join("stderr.txt")).unwrap_or_default());
            return;
        }
        if started.elapsed() > Duration::from_secs(30) {
            screen.picture("would-not-quit");
            let _ = program.kill();
            panic!("the window did not close: {}", std::fs::read_to_string(screen.home.join("stderr.txt")).unwrap_or_default());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_window_from_open_to_reopen() {
    if !has("Xvfb") || !has("xdotool") {
        assert!(!required(), "OSTEON_REQUIRE_ALL is set, but Xvfb or xdotool is not there");
        eprintln!("skipped: Xvfb or xdotool is not there");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("knee.nii.gz");
    osteon::io::write_image_nifti(&file, &ball(0.0)).unwrap();
    let screen = Screen::start(home.path());
    let program = screen.osteon(&file);
    screen.focus();
    until("the exam", || read(home.path()).is_some());
    std::thread::sleep(Duration::from_millis(800));
    screen.picture("1-opened");

    // Window by right drag, a stroke of level 2, undo, redo.
    screen.drag(3, &[[560, 400], [600, 420], [640, 380]]);
    screen.key("2");
    screen.drag(1, &[[520, 380], [560, 390], [600, 420], [640, 400]]);
    until("the stroke", || read(home.path()).is_some_and(|r| r.1[2] > 0));
    let painted = read(home.path()).unwrap();
    screen.picture("2-painted");
    screen.key("ctrl+z");
    until("the undo", || read(home.path()).is_some_and(|r| r.1[2] == 0));
    screen.key("ctrl+shift+z");
    until("the redo", || read(home.path()).is_some_and(|r| r.1 == painted.1));

    // The next slice by wheel, another stroke, both done.
    screen.key("d");
    screen.xdotool("mousemove 560 400 click 5");
    std::thread::sleep(Duration::from_millis(300));
    screen.key("1");
    screen.drag(1, &[[520, 380], [560, 430], [620, 420]]);
    screen.key("d");
    until("two slices done", || read(home.path()).is_some_and(|r| r.2 == 2 && r.1[1] > 0));

    // Train, propose on another slice, adopt.
    screen.key("ctrl+r");
    let model = std::fs::read_dir(home.path().join("home/scratch")).unwrap().next().unwrap().unwrap().path().join("models/marrow-R1");
    std::thread::sleep(Duration::from_secs(2));
    screen.picture("3-training");
    until("the model", || model.join("current.json").is_file());
    std::thread::sleep(Duration::from_millis(500));
    screen.key("p");
    std::thread::sleep(Duration::from_secs(2));
    screen.picture("4-proposed");
    screen.key("shift+Return");
    std::thread::sleep(Duration::from_millis(500));
    screen.picture("5-adopted");

    // Export by the built-in path entry, since there is no dialog here.
    let out = home.path().join("masks");
    screen.key("ctrl+e");
    std::thread::sleep(Duration::from_millis(1500));
    screen.key("ctrl+a");
    screen.xdotool(&format!("type --delay 12 {}", out.display()));
    screen.picture("6-export");
    screen.key("Return");
    until("the masks", || std::fs::read_dir(&out).is_ok_and(|d| d.count() >= 2));
    quit(&screen, program);
    // Only now: quitting writes the time on this exam as one more row.
    let before = read(home.path()).unwrap();

    // Reopened: the same labels, and undo still works.
    let program = screen.osteon(&file);
    screen.focus();
    std::thread::sleep(Duration::from_secs(2));
    screen.picture("7-reopened");
    assert_eq!(read(home.path()).unwrap(), before);
    screen.key("ctrl+z");
    until("an undo after reopening", || read(home.path()).is_some_and(|r| r.0 > before.0 && (r.1, r.2) != (before.1.clone(), before.2)));
    quit(&screen, program);
}
