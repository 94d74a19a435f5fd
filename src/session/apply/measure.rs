//! The measuring tool: drag for a distance, drag on from its end for an angle, click for a grey value.

use crate::session::{Measure, PointerCommand, PointerState, Session};

/// How near the pointer must be to an end to go on from it, in in-plane pixels at zoom 1.
const REACH: f64 = 4.0;

impl Session {
    /// Measuring changes no label, so whoever looks may do it.
    pub(super) fn measure_pointer(&mut self, command: PointerCommand) {
        let Some(exam) = &mut self.exam else { return };
        match command {
            PointerCommand::Down(uv) => {
                let slice = exam.view.slice;
                let reach = (REACH / f64::from(exam.view.zoom)).clamp(0.5, REACH);
                let here = exam.measures.iter().enumerate().filter(|(_, m)| m.slice() == slice);
                let end = here.rev().find_map(|(at, m)| m.end_near(uv, reach).map(|end| (at, end)));
                let angle = end.and_then(|(at, end)| Measure::angle_from(&exam.measures[at], end, uv).map(|angle| (at, angle)));
                let measure = match angle {
                    Some((at, angle)) => {
                        exam.measures.remove(at);
                        angle
                    }
                    None => Measure::at(slice, uv),
                };
                exam.pointer = PointerState::Ruler(measure);
            }
            PointerCommand::Move(uvs) => {
                if let (PointerState::Ruler(measure), Some(&uv)) = (&mut exam.pointer, uvs.last()) {
                    measure.drag(uv);
                }
            }
            PointerCommand::Up => {
                if let PointerState::Ruler(measure) = std::mem::replace(&mut exam.pointer, PointerState::Idle)
                    && let Some(done) = measure.finished()
                {
                    exam.measures.push(done);
                    let surplus = exam.measures.len().saturating_sub(Measure::MOST);
                    exam.measures.drain(..surplus);
                }
            }
            PointerCommand::Cancel => exam.pointer = PointerState::Idle,
            PointerCommand::Finish | PointerCommand::Pressure(_) => {}
        }
    }
}
