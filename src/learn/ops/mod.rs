//! What stands between the convolutions, forward and backward: normalisation with ReLU, bias, max pool, loss.

mod bias;
mod loss;
mod norm;
mod pool;

pub(in crate::learn) use bias::{add_bias, bias_gradient};
pub(in crate::learn) use loss::{IGNORE, Loss, softmax};
pub(in crate::learn) use norm::{Norm, NormState};
pub(in crate::learn) use pool::Pool2;
