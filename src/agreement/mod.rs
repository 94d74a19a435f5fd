//! Map against map, reader against reader: overlap, surface distances, kappa, correlation, intervals.
//!
//! A figure that is not defined is `None`, never NaN, 0 or 1. Definitions: `reference/agreement/README.md`.

mod bland_altman;
mod comparison;
mod confusion;
mod correlation;
mod distance;
mod distribution;
mod icc;
mod interval;
mod lesion;
mod marching;
mod overlap;
mod quantile;
mod ratings;
mod roc;
mod spacing;
mod surface;
mod surface_element;
mod volume_error;

pub use bland_altman::BlandAltman;
pub use comparison::Comparison;
pub use confusion::{ConfusionMatrix, KappaWeight};
pub use correlation::{concordance, kendall_tau_b, pearson, ranks, spearman};
pub use icc::Icc;
pub use interval::{Interval, RESAMPLES, bootstrap_by_patient, holm, paired_t_p, wilcoxon_p};
pub use lesion::LesionDetection;
pub use overlap::Overlap;
pub use quantile::{QuantileType, Summary, mean, quantile, quantile_sorted, sd};
pub use ratings::{AlphaMetric, Ratings};
pub use roc::{Roc, RocPoint};
pub use spacing::nominal_spacing_mm;
pub use surface::{DistanceStatus, SurfaceDistances};
pub use surface_element::ElementDistances;
pub use volume_error::VolumeError;
