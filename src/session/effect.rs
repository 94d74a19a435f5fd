//! What the app must do after a command; the session itself does nothing but think.

use crate::worker::message::{Request, RequestId};

/// A consequence outside the session.
#[derive(Debug)]
pub enum Effect {
    /// Hand work to the workers.
    Work(RequestId, Request),
    /// Cancel a request.
    Cancel(RequestId),
    /// Close the window once every row is on disk.
    Quit,
}
