//! `osteon packet`: a reader's exams in one file, and the reads back.

use super::place;
use super::progress::Progress;
use crate::io::Watch;
use crate::study::{Layout, ModelCode, PacketCopy, PacketOptions, ReaderCode, Study, make_packet, merge_packet, send_back, unpack};
use anyhow::{Result, anyhow, bail};
use clap::Subcommand;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// It may be a packet that was not sent yet.
const TAKEN: &str = "choose another name";

/// What can be done with packets.
#[derive(Subcommand, Clone, Debug)]
pub enum PacketCommand {
    /// Make a packet: protocol and exams for one reader, under codes of that reader's own (the coordinator)
    Make {
        /// Folder of the study
        study: PathBuf,
        /// Code of the reader
        #[arg(long)]
        reader: String,
        /// The file to write, such as R2.osteonpacket
        out: PathBuf,
        /// The coordinator's code map, outside the study and never sent
        #[arg(long, value_name = "FILE")]
        code_map: PathBuf,
        /// Draw order and codes with this number (default: a random one; the code map keeps it)
        #[arg(long)]
        seed: Option<u64>,
        /// Make another packet for a reader who has one already
        #[arg(long)]
        again: bool,
        /// A model that may assist this reader, such as marrow-R2 (its current version)
        #[arg(long)]
        model: Option<String>,
    },
    /// Unpack a packet into a folder; `osteon open` does so by itself (the reader)
    Open {
        /// The packet
        packet: PathBuf,
        /// Folder to unpack below (default: packets/ in the program's own folder); where it lies then is printed
        #[arg(long)]
        into: Option<PathBuf>,
    },
    /// Write the sealed reads of an unpacked packet into one file to be sent back (the reader)
    Return {
        /// Folder of the unpacked packet
        study: PathBuf,
        /// The file to write, such as R2.osteonreturn
        out: PathBuf,
    },
    /// Take over the reads that came back (the coordinator)
    Merge {
        /// Folder of the study
        study: PathBuf,
        /// The file that came back
        packet: PathBuf,
        /// The code map that was written when the packet was made
        #[arg(long, value_name = "FILE")]
        code_map: PathBuf,
    },
}

/// # Errors
/// One sentence that names the file and what to do.
pub fn run(command: PacketCommand) -> Result<()> {
    match command {
        PacketCommand::Make { study, reader, out, code_map, seed, again, model } => {
            place::require_free(&out, TAKEN)?;
            Layout::refuse_target(&out)?;
            // `pk/z` and `./pk/z` are one place.
            if Layout::real_place(&out).ok() == Layout::real_place(&code_map).ok() {
                bail!("{} cannot be packet and code map at once; choose another name for one of them", out.display());
            }
            let study = Study::open(&study)?;
            PacketCopy::refuse_in(study.layout(), "packets are made")?;
            let model = model.map(|name| current(&study, &name)).transpose()?;
            let options = PacketOptions { reader: ReaderCode::new(&reader)?, out, code_map, seed, again, model };
            make(&study, &options)
        }
        PacketCommand::Open { packet, into } => {
            place::require_path(&packet)?;
            let root = unpack(&packet, &into.unwrap_or_else(|| place::data_home().join("packets")))?;
            println!("{}", root.display());
            Ok(())
        }
        PacketCommand::Return { study, out } => {
            place::require_free(&out, TAKEN)?;
            Layout::refuse_target(&out)?;
            let sent = send_back(&Study::open(&study)?, &out)?;
            println!("{} sealed reads written to {}; {} exams have none yet", sent.reads, sent.out.display(), sent.left);
            if sent.strangers > 0 {
                eprintln!("exams of this folder that did not come with the packet: {}; their reads stay here", sent.strangers);
            }
            Ok(())
        }
        PacketCommand::Merge { study, packet, code_map } => {
            place::require_path(&packet)?;
            merge(&Study::open(&study)?, &packet, &code_map)
        }
    }
}

fn current(study: &Study, name: &str) -> Result<(ModelCode, u32)> {
    let model = ModelCode::new(name)?;
    let version = study.current_version(&model)?.ok_or_else(|| anyhow!("{model} has no current version; train it first"))?;
    Ok((model, version))
}

fn make(study: &Study, options: &PacketOptions) -> Result<()> {
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| anyhow!("the system gives no random numbers: {e}"))?;
    let progress = Progress::new();
    let report = |done: usize, total: usize| progress.at(done as f32 / total.max(1) as f32, "Packing");
    let made = make_packet(study, options, &mut ChaCha8Rng::from_seed(seed), &Watch::new(&report, &|| false))?;
    progress.finish();
    println!("{}: {} exams for reader {}", made.out.display(), made.exams, options.reader);
    for hidden in &made.hidden {
        println!("{}", hidden.sentence());
    }
    println!("{} says which exam is which: keep it, and send it to nobody", options.code_map.display());
    Ok(())
}

fn merge(study: &Study, packet: &Path, code_map: &Path) -> Result<()> {
    place::require_path(packet)?;
    place::require_path(code_map)?;
    let report = merge_packet(study, packet, code_map)?;
    for read in &report.merged {
        println!("{} read {} by {}", read.exam, read.number, report.reader);
    }
    if report.calibrations > 0 {
        println!("{} calibrations by {}", report.calibrations, report.reader);
    }
    for read in &report.present {
        eprintln!("the study has read {} of {} by {} already", read.number, read.exam, report.reader);
    }
    Ok(())
}
