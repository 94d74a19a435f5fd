//! The one arithmetic loop that convolutions are made of, for each instruction set.

#[cfg(target_arch = "x86_64")]
mod amx;
mod bf16;
mod element;
mod flat;
mod lines;
mod path;
mod portable;
mod sweep;
mod tile_pack;
mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_bf16;

pub(in crate::learn) use bf16::Bf16;
pub(in crate::learn) use element::Element;
pub(in crate::learn) use flat::{for_wide_vectors, most_bits, repeat_channels};
pub(in crate::learn) use lines::{Lines, Results};
pub use path::InstructionPath;
pub(in crate::learn) use sweep::{Panels, Sweep};
pub(in crate::learn) use tile_pack::{TilePanels, pair_pixels, whole_tiles};
pub(in crate::learn) use tiles::{STEP, TILE, TileProduct, TileUnit};
