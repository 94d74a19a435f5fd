//! A knee of sixteen slices is read from start to end in the real window with real mouse and keys: every change of mode by
//! the keyboard, no dialog on the way. Its film is in `target/tmp/film`, where scrot is there to take it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;
#[path = "common/contour.rs"]
mod contour;
#[path = "common/screen.rs"]
mod screen;

use contour::{contours, few};
use osteon::phantom::{KneeExam, SimulatedReader, knee};
use osteon::space::SlicePlane;
use osteon::study::{ImportOptions, PatientMap, Protocol, ReadFile, ReadState, Study};
use osteon::volume::{Labels, LayerKind};
use rand::SeedableRng as _;
use screen::{Screen, until};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SEED: u64 = 2022;
/// The knee of that series that has sixteen slices.
const SIXTEEN: u32 = 5;
/// Slices whose bones are outlined by hand; those between are interpolated.
const OUTLINED: [usize; 6] = [0, 3, 6, 9, 12, 15];

/// A study of one knee of sixteen slices, which a reader reads alone.
fn study(root: &Path) -> (KneeExam, PathBuf) {
    let exam = knee(SEED, SIXTEEN).unwrap();
    assert_eq!(exam.grid().shape()[2], 16);
    let files = tempfile::tempdir().unwrap();
    for (name, image) in [("water", exam.water()), ("fat", exam.fat())] {
        osteon::io::write_image_nifti(&files.path().join(format!("knee_{name}.nii.gz")), image).unwrap();
    }
    let study = Study::init(root, "Knees of sixteen slices", &Protocol::sample()).unwrap();
    let patients = PatientMap::parse("exam,patient\nknee,patient\n", Path::new("list")).unwrap();
    let reading = osteon::io::read_path(files.path(), &osteon::io::Watch::quiet()).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let options = ImportOptions { patients, ..ImportOptions::default() };
    let report = study.import(reading.volumes, &options, &mut rng, &osteon::io::Watch::quiet()).unwrap();
    (exam, root.join("reads/R1").join(report.exams[0].exam.as_str()).join("1.sqlite"))
}

/// The read on disk.
fn state(file: &Path) -> Option<ReadState> {
    ReadFile::open_read_only(file).ok()?.1.state().ok()
}

fn rows(file: &Path) -> u64 {
    ReadFile::open_read_only(file).map_or(0, |(_, view)| view.count())
}

/// Someone who reads, with one hand on the mouse and one on the keys.
struct Hand<'a> {
    screen: &'a Screen,
    file: &'a Path,
    plane: SlicePlane,
    /// Screen position of in-plane pixel 0, and screen pixels per in-plane pixel, by axis.
    from: [f64; 2],
    step: [f64; 2],
    frame: Cell<u32>,
}

impl Hand<'_> {
    fn film(&self, name: &str) {
        self.screen.settled();
        self.frame.set(self.frame.get() + 1);
        self.screen.picture(&format!("{:02}-{name}", self.frame.get()));
    }

    fn keys(&self, keys: &str) {
        self.screen.xdotool(&format!("key --clearmodifiers {keys}"));
    }

    fn at(&self, uv: [f64; 2]) -> [i32; 2] {
        std::array::from_fn(|a| (self.from[a] + self.step[a] * uv[a]).round() as i32)
    }

    /// One drag through points, all in one word to xdotool.
    fn drag(&self, uvs: &[[f64; 2]]) {
        let mut words = Vec::new();
        for (n, uv) in uvs.iter().enumerate() {
            let [x, y] = self.at(*uv);
            words.push(format!("mousemove {x} {y}"));
            words.extend((n == 0).then(|| "mousedown 1".to_owned()));
        }
        words.push("mouseup 1".to_owned());
        self.screen.xdotool(&words.join(" "));
    }

    fn click(&self, uv: [f64; 2]) {
        self.drag(&[uv]);
    }

    /// Waits until what was done is on disk.
    fn saved(&self, what: &str, is: impl Fn(&ReadState) -> bool) {
        until(what, || state(self.file).is_some_and(|s| is(&s)));
    }

    /// Finds out where the picture is: two dabs, read back from the journal, and undone.
    fn find_picture(&mut self) {
        let (mut seen, screen_at) = (Vec::new(), [[480, 330], [760, 640]]);
        for at in screen_at {
            self.screen.drag(1, &[at]);
            self.saved("a dab", |s| s.labels(LayerKind::Marrow).counts().of(1) > 0);
            let (mut sum, mut count) = ([0.0; 2], 0.0);
            state(self.file).unwrap().labels(LayerKind::Marrow).for_each_labelled(|voxel, _| {
                let (_, uv) = self.plane.pixel(voxel);
                sum = [sum[0] + uv[0] as f64, sum[1] + uv[1] as f64];
                count += 1.0;
            });
            seen.push(sum.map(|s| s / count));
            self.keys("ctrl+z");
            self.saved("the undo", |s| s.labels(LayerKind::Marrow).counts().of(1) == 0);
        }
        for a in 0..2 {
            self.step[a] = f64::from(screen_at[1][a] - screen_at[0][a]) / (seen[1][a] - seen[0][a]);
            self.from[a] = f64::from(screen_at[0][a]) - self.step[a] * seen[0][a];
        }
        assert!((self.step[0] / self.step[1] - 1.0).abs() < 0.05, "pixels are square here: {:?}", self.step);
    }

    /// Outlines every part of the labels that `belongs` takes on a slice, with the tool in hand.
    fn outline(&self, labels: &Labels, slice: usize, belongs: impl Fn(u8) -> bool, smallest: usize, draw: impl Fn(&[[f64; 2]])) -> usize {
        let is = |uv: [usize; 2]| belongs(labels.get(self.plane.voxel(slice, uv)));
        let found = contours(self.plane.size(), is, smallest);
        found.iter().for_each(|contour| draw(contour));
        found.len()
    }

    /// A bone, point by point, closed with Enter; how many parts it has.
    fn bone(&self, bones: &Labels, slice: usize, label: u8) -> usize {
        self.outline(
            bones,
            slice,
            |l| l == label,
            60,
            |contour| {
                for uv in few(contour, 22) {
                    self.click(uv);
                }
                self.keys("Return");
            },
        )
    }
}

fn dice(a: &Labels, b: &Labels) -> f64 {
    let (mut both, mut sum) = (0, 0);
    a.for_each_labelled(|voxel, _| {
        sum += 1;
        both += usize::from(b.get(voxel) > 0);
    });
    b.for_each_labelled(|_, _| sum += 1);
    2.0 * both as f64 / f64::from(sum)
}

#[test]
fn a_knee_of_sixteen_slices_is_read_by_mouse_and_keyboard_from_start_to_end() {
    if !screen::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (exam, file) = study(&home.path().join("study"));
    let (plane, wanted) = (exam.plane(), exam.read_by(SimulatedReader::One, SEED));
    let screen = Screen::start(home.path(), "film");
    let program = screen.osteon(&home.path().join("study"));
    screen.focus();
    let mut hand = Hand { screen: &screen, file: &file, plane, from: [0.0; 2], step: [1.0; 2], frame: Cell::new(0) };

    hand.film("who-reads");
    hand.keys("Return");
    until("the read", || file.is_file());
    std::thread::sleep(Duration::from_millis(800));
    hand.film("opened");
    hand.find_picture();

    // Grey levels: the reference in fatty marrow, so that they are those of every reader.
    hand.keys("y");
    let side = exam.side();
    let femur = exam.bone_scheme().classes().iter().position(|c| c.key == format!("femur_{side}")).unwrap() as u8 + 1;
    let middle = (0..plane.size()[0] * plane.size()[1])
        .map(|n| [n % plane.size()[0], n / plane.size()[0]])
        .find(|&[u, v]| {
            (0..6)
                .all(|d| exam.truth().get(plane.voxel(8, [u + d, v + d])) == 0 && exam.bones().get(plane.voxel(8, [u + d, v + d])) == femur)
        })
        .unwrap();
    let before = rows(&file);
    hand.click(middle.map(|x| x as f64 + 3.0));
    until("the reference", || rows(&file) > before);
    hand.film("reference");

    // Bones on three slices, by outline; those between are interpolated.
    hand.keys("x o Home");
    let mut drawn = std::collections::BTreeSet::new();
    for slice in OUTLINED {
        hand.keys(&format!("Home{}", " Next".repeat(slice)));
        let names = Protocol::sample().bone_scheme();
        for (n, class) in exam.bone_scheme().classes().iter().enumerate() {
            let Some(label) = names.classes().iter().find(|c| c.key == class.key).map(|c| c.value) else { continue };
            hand.keys(&label.to_string());
            if hand.bone(exam.bones(), slice, n as u8 + 1) == 0 {
                continue;
            }
            drawn.insert(label);
            hand.saved("a bone", |s| {
                let mut there = false;
                s.labels(LayerKind::Bone).for_each_labelled(|voxel, l| there |= l == label && plane.pixel(voxel).0 == slice);
                there
            });
        }
        hand.film("bones");
    }
    let on_slice_5 = |s: &ReadState, label: u8| {
        let mut there = false;
        s.labels(LayerKind::Bone).for_each_labelled(|voxel, l| there |= l == label && plane.pixel(voxel).0 == 4);
        there
    };
    for label in drawn {
        hand.keys(&format!("{label} shift+i"));
        hand.saved("interpolated bones", |s| on_slice_5(s, label));
    }
    hand.film("bones-interpolated");

    // Marrow, slice by slice: loops, from the wide level to the bright one.
    hand.keys("x l Home");
    for slice in 0..16 {
        for level in 1..=3_u8 {
            hand.keys(&level.to_string());
            hand.outline(&wanted, slice, |l| l >= level, 6, |contour| hand.drag(contour));
        }
        if slice == 8 {
            looked_at_every_way(&hand, middle);
        }
        hand.keys("d");
        hand.saved("the slice done", |s| s.done_count(LayerKind::Marrow) == slice + 1);
        hand.film(&format!("slice-{}", slice + 1));
        hand.keys("Next");
    }

    // Submitted and sealed.
    hand.keys("ctrl+Return");
    std::thread::sleep(Duration::from_secs(2));
    hand.film("looked-over");
    hand.keys("ctrl+shift+s");
    until("the seal", || {
        file.with_extension("seal.json").is_file()
            || ReadFile::open_read_only(&file).is_ok_and(|(_, v)| v.sealed().is_ok_and(|s| s.is_some()))
    });
    std::thread::sleep(Duration::from_secs(1));
    hand.film("sealed");
    let read = state(&file).unwrap();
    let got = dice(read.labels(LayerKind::Marrow), &wanted);
    println!("Dice of what was painted to what was wanted: {got:.3}; {} rows", rows(&file));
    assert!(got > 0.85, "{got}");
    assert_eq!(read.done_count(LayerKind::Marrow), 16);
    screen.quit(program);
}

/// What a reader does on a difficult slice, each by a key: brush, sizes, eraser, relabel, undo and redo, another sequence, lens,
/// measure, layouts, paint off, patterns.
fn looked_at_every_way(hand: &Hand, at: [usize; 2]) {
    let at = at.map(|x| x as f64);
    let (from, to) = (at, [at[0] + 12.0, at[1] + 3.0]);
    hand.keys("b 2 bracketleft bracketleft");
    hand.drag(&[from, to]);
    hand.film("brush");
    hand.keys("r 3");
    hand.drag(&[from, to]);
    hand.film("relabel");
    hand.keys("e bracketright bracketright bracketright bracketright");
    hand.drag(&[from, to]);
    hand.film("erased");
    hand.keys("ctrl+z ctrl+z ctrl+z");
    hand.film("undone");
    hand.keys("q");
    hand.film("fat");
    hand.keys("q m");
    hand.drag(&[[at[0] - 10.0, at[1]], [at[0] + 40.0, at[1] + 20.0]]);
    hand.film("measure");
    hand.screen.xdotool("keydown z");
    hand.film("lens");
    hand.screen.xdotool("keyup z");
    hand.keys("shift+m shift+F3");
    hand.film("four-panes");
    hand.keys("shift+F2 h");
    hand.film("patterns");
    hand.keys("h space");
    hand.film("bare");
    hand.keys("space l");
}
