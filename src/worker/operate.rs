//! Operations on whole shapes: growing, smoothing, margins and the like, away from the window.

use super::message::{OperateRequest, Operated, Outcome};
use super::task::Task;

/// Works the changes out; the session makes one step of them.
pub(super) fn operate(task: &Task, request: OperateRequest) -> Outcome {
    let OperateRequest { exam, operation, scope, scene, name, base_revision } = request;
    let go_on = |fraction: f32| {
        task.progress(name.clone(), Some(fraction));
        !task.cancel.is_cancelled()
    };
    let writes = operation.writes(&scene, scope, &go_on);
    if task.cancel.is_cancelled() {
        return Outcome::Cancelled;
    }
    Outcome::Operated(Box::new(Operated { exam, layer: scene.kind, kind: operation.kind(), name, writes, base_revision }))
}
