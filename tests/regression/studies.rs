//! Packets, links, the atlas and scoring: what two programs at once or a kill once broke.
