//! Packets: what one reader needs, in one file, to read at another place; and the way of the reads back.

mod code_map;
mod container;
mod error;
mod make;
mod merge;
mod order;
pub(super) mod recode;
mod send_back;
mod unpack;

pub use code_map::{CodeMap, CodedExam, PacketKey};
pub use error::PacketError;
pub use make::{MadePacket, PacketOptions, make_packet};
pub use merge::{MergeReport, MergedRead, merge_packet};
pub use order::reading_order;
pub use send_back::{SentBack, send_back};
pub use unpack::{PacketCopy, is_packet, packet_id, unpack};
