//! Packets and the protocol's file, from the window.

use crate::session::{Effect, Session};
use crate::worker::message::{PacketAsk, PacketRequest, Request, Role};

impl Session {
    /// The coordinator makes and merges packets; a reader sends reads back.
    pub(super) fn ask_packets(&mut self, what: PacketAsk) -> Vec<Effect> {
        let Some(study) = &self.study else { return Vec::new() };
        let coordinates = matches!(self.role, Some(Role::Coordinator)) && study.packet.is_none();
        let root = study.root.clone();
        let text = match &what {
            PacketAsk::Return { .. } => "Writing the reads that go back",
            PacketAsk::Make { .. } | PacketAsk::Merge { .. } if !coordinates => {
                self.warn("Only the coordinator makes and merges packets.");
                return Vec::new();
            }
            PacketAsk::Make { .. } => "Making packets",
            PacketAsk::Merge { .. } => "Merging",
        };
        vec![self.request(text, Request::Packet(PacketRequest { root, what }))]
    }

    /// Draws the split before the first training or proposal does (coordinator).
    pub(super) fn draw_split(&mut self) -> Vec<Effect> {
        let Some(study) = &self.study else { return Vec::new() };
        if !matches!(self.role, Some(Role::Coordinator)) || study.packet.is_some() {
            self.warn("Only the coordinator draws the split of a study.");
            return Vec::new();
        }
        self.split_drawing().into_iter().collect()
    }

    /// The drawing, where an exam of the study has no part yet.
    pub(super) fn split_drawing(&mut self) -> Option<Effect> {
        let study = self.study.as_ref().filter(|study| study.exams.iter().any(|exam| exam.part.is_none()))?;
        let root = study.root.clone();
        Some(self.request("Drawing the split", Request::DrawSplit { root }))
    }

    /// Writes the rules of the study (coordinator).
    pub(super) fn save_protocol(&mut self, text: String) -> Vec<Effect> {
        let Some(study) = &self.study else { return Vec::new() };
        if !matches!(self.role, Some(Role::Coordinator)) || study.packet.is_some() {
            self.warn("Only the coordinator changes the rules of a study.");
            return Vec::new();
        }
        let (root, base) = (study.root.clone(), study.protocol_text.clone());
        vec![self.request("Writing the protocol", Request::SaveProtocol { root, text, base })]
    }
}
