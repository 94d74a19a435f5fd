//! The modules that read files, without the rest of the program.

#![allow(dead_code, unused_imports, missing_docs, reason = "only what reads files is called")]

#[path = "../../src/edit/mod.rs"]
pub mod edit;
#[path = "../../src/io/mod.rs"]
pub mod io;
#[path = "../../src/space/mod.rs"]
pub mod space;
#[path = "../../src/study/mod.rs"]
pub mod study;
#[path = "../../src/volume/mod.rs"]
pub mod volume;
#[path = "../../src/learn/interchange/file/mod.rs"]
pub mod weights_file;

use std::path::PathBuf;

/// A file of this process, in memory where the system has such a place.
#[must_use]
pub fn scratch(name: &str) -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let root = if memory.is_dir() { memory } else { std::env::temp_dir() };
    let folder = root.join(format!("osteon-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&folder);
    folder.join(name)
}

/// Reads a path as the program does, and the grey values of what it finds.
pub fn read(path: &std::path::Path) {
    if let Ok(reading) = io::read_path(path, &io::Watch::quiet()) {
        for volume in &reading.volumes {
            // What a file claims must be borne out before memory is asked for; the fuzzer's own limit sees to the rest.
            let _ = volume.image(0);
        }
    }
}
