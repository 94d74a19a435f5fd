//! Long work over many cells that asks now and then whether it is to go on.

/// How far a work is. Asking costs little beside the cells that lie between two questions.
pub struct Pace<'a> {
    go_on: &'a dyn Fn(f32) -> bool,
    done: usize,
    all: usize,
    stopped: bool,
}

/// Cells from one question to the next: a few milliseconds.
const CELLS: usize = 1 << 16;

impl<'a> Pace<'a> {
    /// Of a work over so many cells; `go_on` hears the share that is done.
    #[must_use]
    pub fn new(all: usize, go_on: &'a dyn Fn(f32) -> bool) -> Self {
        Self { go_on, done: 0, all: all.max(1), stopped: false }
    }

    /// So many more cells are done; whether to go on. Once it is to stop, it stays so.
    pub fn goes_on(&mut self, cells: usize) -> bool {
        let before = self.done / CELLS;
        self.done += cells;
        if self.done / CELLS > before && !self.stopped {
            self.stopped = !(self.go_on)((self.done as f32 / self.all as f32).min(1.0));
        }
        !self.stopped
    }
}
