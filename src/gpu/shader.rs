//! The text of the slice shader: embedded in release builds, read again from `shaders/` when it changes in debug builds.

const SLICE: &str = include_str!("../../shaders/slice.wgsl");
const OVERLAY: &str = include_str!("../../shaders/overlay.wgsl");

/// Both files as the one text that is compiled, as they were when the program was built.
#[must_use]
pub(super) fn embedded() -> String {
    format!("{SLICE}\n{OVERLAY}")
}

/// Watches the shader files. In release builds it never sees a change.
#[derive(Debug, Default)]
pub(super) struct ShaderWatch {
    #[cfg(debug_assertions)]
    seen: Option<[std::time::SystemTime; 2]>,
    #[cfg(debug_assertions)]
    calls: u32,
}

#[cfg(debug_assertions)]
impl ShaderWatch {
    /// The new text, where a file changed since the last call that looked. Looks at every 32nd call only.
    pub(super) fn changed(&mut self) -> Option<String> {
        const EVERY: u32 = 32;
        const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders");
        self.calls = self.calls.wrapping_add(1);
        if self.calls % EVERY != 1 {
            return None;
        }
        let paths = [format!("{FOLDER}/slice.wgsl"), format!("{FOLDER}/overlay.wgsl")];
        let time = |path: &String| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        let now = [time(&paths[0])?, time(&paths[1])?];
        let before = self.seen.replace(now);
        if before == Some(now) {
            return None;
        }
        let [slice, overlay] = paths.map(|path| std::fs::read_to_string(path).ok());
        let text = format!("{}\n{}", slice?, overlay?);
        // The first look only notes the times, unless the files moved on since the build.
        (before.is_some() || text != embedded()).then_some(text)
    }
}

#[cfg(not(debug_assertions))]
impl ShaderWatch {
    /// Never anything.
    pub(super) const fn changed(&mut self) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_files_are_not_compiled_again() {
        assert!(embedded().contains("fn overlaid(") && embedded().contains("fn vertex("));
        let mut watch = ShaderWatch::default();
        assert!((0..100).all(|_| watch.changed().is_none()));
    }
}
