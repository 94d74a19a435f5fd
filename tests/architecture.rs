//! What ARCHITECTURE.md and the design promise, checked on the sources: who imports whom, which outside names stand where,
//! how long files are, that each has a head comment, and that labels have one writer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may name whom inside the crate. `worker::message` stands for itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("space", &[]),
    ("volume", &["space"]),
    ("edit", &["space", "volume"]),
    ("io", &["space", "volume"]),
    ("agreement", &["space", "volume"]),
    ("consensus", &["space", "volume"]),
    ("learn", &["space", "volume"]),
    ("phantom", &["space", "volume"]),
    ("gpu", &["space", "volume"]),
    ("study", &["space", "volume", "edit", "io"]),
    ("report", &["space", "volume", "agreement", "consensus", "study"]),
    ("worker", &["space", "volume", "edit", "io", "study", "learn", "agreement", "consensus", "report", "phantom"]),
    ("session", &["space", "volume", "edit", "agreement", "consensus", "study", "worker::message"]),
    ("views", &["session", "gpu", "space", "volume", "agreement", "consensus", "study", "worker::message"]),
];

/// Outside names and the modules (or files) that may say them.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("egui", &["views", "app.rs", "gpu"]),
    ("eframe", &["app.rs", "app/wheel.rs", "views"]),
    ("winit", &["app.rs", "app/wheel.rs"]),
    ("egui_wgpu", &["gpu", "app.rs"]),
    ("wgpu", &["gpu", "views", "app.rs"]),
    ("candle_core", &["learn"]),
    ("dicom_encoding", &["io"]),
    ("dicom_transfer_syntax_registry", &["io"]),
    ("rusqlite", &["study"]),
    ("rfd", &["worker/dialog.rs"]),
    ("std::thread", &["worker", "headless/place.rs"]),
    ("anyhow", &["main.rs", "headless"]),
    (
        "std::fs",
        &[
            "io",
            "study",
            "learn/checkpoint",
            "report",
            "headless",
            "main.rs",
            "gpu/shader.rs",
            "app.rs",
            "worker/files.rs",
            "worker/export",
        ],
    ),
];

struct Source {
    /// Path below `src`, with `/`.
    name: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap_or("")
    }

    /// The code without comments, strings' contents and the test module at the end.
    fn code(&self) -> String {
        let code = self.text.split("#[cfg(test)]").next().unwrap_or("");
        code.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let src = root().join("src");
    let mut paths = Vec::new();
    walk(&src, &mut paths);
    paths.sort();
    assert!(paths.len() > 20, "the walk found only {} files", paths.len());
    let read = |path: PathBuf| Source {
        name: path.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/"),
        text: fs::read_to_string(&path).unwrap(),
    };
    paths.into_iter().map(read).collect()
}

/// Paths after `crate::` in a file, also inside `use crate::{a, b::c}`.
fn crate_paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + 7..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut item = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => found.push(std::mem::take(&mut item).trim().to_owned()),
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && letter != ',' && letter != '}' {
                    item.push(letter);
                }
            }
            found.push(item.trim().to_owned());
        } else {
            found.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect());
        }
    }
    found.retain(|p| !p.is_empty());
    found
}

#[test]
fn modules_name_only_whom_they_may() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let modules: Vec<&str> = LAYERS.iter().map(|l| l.0).chain(["app", "headless"]).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(allowed) = layers.get(source.module()) else { continue };
        for path in crate_paths(&source.code()) {
            let first = path.split("::").next().unwrap_or("");
            let is_module = modules.contains(&first);
            let is_allowed = first == source.module() || allowed.iter().any(|a| path == *a || path.starts_with(&format!("{a}::")));
            if is_module && !is_allowed {
                wrong.push(format!("{} names {path}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn outside_names_stand_only_where_they_may() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = source.code();
        for (name, places) in OUTSIDE {
            let said = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
            });
            let may = places.iter().any(|place| {
                source.name == *place || source.name.starts_with(&format!("{place}/")) || source.name.starts_with(&format!("{place}."))
            });
            if said && !may {
                wrong.push(format!("{} says {name}", source.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_headed() {
    let (mut wrong, mut long) = (Vec::new(), Vec::new());
    let sources = sources();
    for source in &sources {
        let lines = source.text.lines().count();
        if !source.text.starts_with("//!") {
            wrong.push(format!("{} has no //! head", source.name));
        }
        if lines > 500 {
            wrong.push(format!("{} has {lines} lines", source.name));
        } else if lines > 350 {
            long.push(source.name.clone());
        }
        if source.name.ends_with("/mod.rs") && lines > 60 {
            wrong.push(format!("{} is a table of contents of {lines} lines", source.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(long.len() * 10 <= sources.len(), "more than one file in ten is longer than 350 lines: {long:?}");
}

#[test]
fn functions_are_at_most_a_hundred_lines() {
    let mut wrong = Vec::new();
    for source in sources() {
        let mut open: Option<(usize, usize)> = None;
        for (number, line) in source.text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let words: Vec<&str> = line.split_whitespace().take(5).collect();
            let is_fn = words
                .iter()
                .position(|w| *w == "fn")
                .is_some_and(|at| words[..at].iter().all(|w| matches!(*w, "const" | "unsafe" | "async") || w.starts_with("pub")));
            if is_fn {
                open = Some((number, indent));
            }
            if let Some((start, at)) = open
                && indent == at
                && line.trim_start().starts_with('}')
            {
                if number - start + 1 > 100 {
                    wrong.push(format!("{}:{} has {} lines", source.name, start + 1, number - start + 1));
                }
                open = None;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn labels_of_a_read_have_one_writer() {
    // `Labels::set` outside the recorder is for maps that are no read: results of models, consensus, files and phantoms.
    let may = [
        "edit/recorder.rs",
        "volume/labels.rs",
        "io/",
        "consensus/",
        "agreement/",
        "learn/",
        "phantom/",
        "study/",
        "session/absorb_model.rs",
        "worker/",
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        let writes = source.code().contains("labels.set(") || source.code().contains("labels_mut(");
        if writes && !may.iter().any(|place| source.name.starts_with(place)) {
            wrong.push(source.name.clone());
        }
    }
    assert!(wrong.is_empty(), "these write labels: {wrong:?}");
}

#[test]
fn architecture_names_every_module() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for module in lib.lines().filter_map(|l| l.strip_prefix("pub mod ")).map(|m| m.trim_end_matches(';')) {
        assert!(page.contains(&format!("`{module}")), "ARCHITECTURE.md does not name `{module}`");
    }
}
