//! What stands between the convolutions, forward and backward: normalisation with ReLU, max pool, loss.

mod loss;
mod norm;
mod pool;

pub(in crate::learn) use loss::{IGNORE, Loss, softmax};
pub(in crate::learn) use norm::{Norm, NormState};
pub(in crate::learn) use pool::Pool2;
