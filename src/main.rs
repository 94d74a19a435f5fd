//! Arguments and logging; the only place that ends the process.

use clap::{Parser, Subcommand, ValueEnum};
use osteon::app::{self, AppConfig};
use osteon::headless;
use std::path::PathBuf;
use std::process::ExitCode;

/// Read bone-marrow MRI: paint three-level masks, train a U-Net beside the reader, compare blinded readers.
#[derive(Parser)]
#[command(name = "osteon", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Sub>,
    /// Where nets are computed: the graphics processor where this build and machine have one, or the CPU
    #[arg(long, global = true, value_enum, default_value_t)]
    device: Device,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Device {
    #[default]
    Best,
    Cpu,
}

#[derive(Subcommand)]
enum Sub {
    /// Open a study, a reader's packet, a NIfTI file or a DICOM folder in the window
    Open {
        /// The study, packet, file or folder
        path: PathBuf,
    },
    /// Make the sample study and open it; with --whole or --headless run the whole study on it
    Demo(headless::DemoArgs),
    /// Say what a file or folder of images holds
    Inspect(headless::InspectArgs),
    /// Convert images to NIfTI
    Convert(headless::ConvertArgs),
    /// Make a study, import images, show where it stands
    #[command(subcommand)]
    Study(headless::StudyCommand),
    /// Train a reader's model on the slices marked done, or a model on folders of images and masks
    Train(headless::TrainArgs),
    /// Let a reader's current model propose, as NIfTI files
    Propose(headless::ProposeArgs),
    /// Dice of a model against masks
    Evaluate(headless::EvaluateArgs),
    /// Take over a U-Net's weights from PyTorch, say what a model is, write it as one file
    #[command(subcommand)]
    Model(headless::ModelCommand),
    /// Agreement figures of masks against each other
    Agreement(headless::AgreementArgs),
    /// Tables of agreement figures from CSV files
    Stats(headless::StatsArgs),
    /// Consensus of several masks
    Consensus(headless::ConsensusArgs),
    /// Send a reader's exams to another place and take the reads back
    #[command(subcommand)]
    Packet(headless::PacketCommand),
    /// Write tables and figures of all finished reads: one page, CSV and SVG files
    Report(headless::ReportArgs),
    /// Score masks of model and consensus by eye: sessions, marks, Table 2
    #[command(subcommand)]
    Score(headless::ScoreCommand),
    /// Write the masks of a study
    Export(headless::ExportArgs),
    /// Write synthetic knees as NIfTI files, to try and to train on
    Phantom(headless::PhantomArgs),
    /// Measure this machine
    Bench(headless::BenchArgs),
}

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("off,osteon=warn")).init();
    osteon::io::hush_decoder_panics();
    end_with_standard_output();
    let arguments = Arguments::parse();
    if arguments.device == Device::Cpu {
        osteon::learn::Compute::keep_to_cpu();
    }
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.chain().any(|cause| cause.downcast_ref().is_some_and(is_closed_pipe)) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the causes below it say.
            eprintln!("osteon: {}", format!("{error:#}").replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

/// `println!` panics where nobody reads on (`osteon study status STUDY | head -1`) and where the disk is full.
fn end_with_standard_output() {
    let otherwise = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let Some(why) = info.payload_as_str().and_then(|text| text.strip_prefix("failed printing to stdout: ")) else {
            return otherwise(info);
        };
        if why.contains("Broken pipe") || why.contains("os error 232") {
            std::process::exit(0);
        }
        eprintln!("osteon: standard output could not be written: {why}");
        std::process::exit(1);
    }));
}

fn run(command: Option<Sub>) -> anyhow::Result<()> {
    match command {
        None => window(None),
        Some(Sub::Open { path }) => {
            headless::require_path(&path)?;
            window(Some(path))
        }
        Some(Sub::Demo(args)) => {
            if args.headless || !has_display() {
                return headless::demo(&args);
            }
            if args.whole {
                if !args.is_played() {
                    headless::demo(&args)?;
                }
                return window(Some(args.folder()));
            }
            window(Some(headless::make_demo_study(&args)?))
        }
        Some(Sub::Inspect(args)) => headless::inspect(&args),
        Some(Sub::Convert(args)) => headless::convert(&args),
        Some(Sub::Study(command)) => headless::study(command),
        Some(Sub::Train(args)) => headless::train(&args),
        Some(Sub::Propose(args)) => headless::propose(&args),
        Some(Sub::Evaluate(args)) => headless::evaluate(&args),
        Some(Sub::Model(command)) => headless::model(command),
        Some(Sub::Agreement(args)) => headless::agreement(&args),
        Some(Sub::Stats(args)) => headless::stats(&args),
        Some(Sub::Consensus(args)) => headless::consensus(&args),
        Some(Sub::Packet(command)) => headless::packet(command),
        Some(Sub::Report(args)) => headless::report(&args),
        Some(Sub::Score(command)) => headless::score(command),
        Some(Sub::Export(args)) => headless::export(&args),
        Some(Sub::Phantom(args)) => headless::phantom(&args),
        Some(Sub::Bench(args)) => headless::bench(&args),
    }
}

fn has_display() -> bool {
    cfg!(not(all(unix, not(target_os = "macos"))))
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
}

fn window(open: Option<PathBuf>) -> anyhow::Result<()> {
    let home = headless::data_home();
    app::run(&AppConfig {
        open,
        scratch_root: home.join("scratch"),
        sample_root: home.join("sample"),
        threads: headless::window_threads(),
        seed: headless::DEFAULT_SEED,
        clock: headless::clock,
    })
    .map_err(anyhow::Error::msg)
}
