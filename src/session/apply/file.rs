//! Opening, importing, exporting, leaving.

use crate::session::state::PathTried;
use crate::session::{Command, Effect, FileCommand, MaskOptions, ModelCommand, ScoreCommand, Session};
use crate::worker::message::{ExportHow, ImportSource, PacketAsk, PickPurpose, Request, Role};
use std::ops::ControlFlow;
use std::path::PathBuf;

impl Session {
    pub(super) fn apply_file(&mut self, command: FileCommand) -> Vec<Effect> {
        match command {
            FileCommand::Pick(purpose) => vec![self.request("Choosing a path", Request::PickPath { purpose })],
            FileCommand::Use(purpose, path) => self.use_path(purpose, path),
            FileCommand::ImportMask(path, options) => self.import_mask(path, options),
            FileCommand::Export(how, out) => self.export(how, out),
            FileCommand::ShowPathEntry(purpose) => {
                self.path_entry = Some(purpose);
                // A path that was written for something else has no business here.
                self.path_tried.take_if(|tried| tried.purpose != purpose);
                let start = self.listing.as_ref().map_or_else(|| PathBuf::from("."), |l| l.path.clone());
                vec![self.request("", Request::ListFolder { path: start })]
            }
            FileCommand::List(path) => vec![self.request("", Request::ListFolder { path })],
            FileCommand::ClosePathEntry => {
                (self.path_entry, self.path_tried) = (None, None);
                Vec::new()
            }
            FileCommand::OpenSample => match self.sample_root.clone() {
                Some(root) => vec![self.request("Making the sample study", Request::MakeSample { root })],
                None => Vec::new(),
            },
            FileCommand::RetrySave => self.retry_save(),
            FileCommand::CancelJobs => self.jobs.keys().copied().map(Effect::Cancel).collect(),
            FileCommand::Quit => self.quit(),
        }
    }

    /// Does what the path was asked for; one that was written by hand comes back to be mended if that fails.
    fn use_path(&mut self, purpose: PickPurpose, path: PathBuf) -> Vec<Effect> {
        self.path_tried = None;
        let written = self.path_entry.take().map(|_| path.clone());
        let effects = self.use_path_for(purpose, path);
        if let (Some(path), Some(Effect::Work(request, _))) = (written, effects.last()) {
            self.path_tried = Some(PathTried { request: *request, purpose, path, refused: None });
        }
        effects
    }

    fn use_path_for(&mut self, purpose: PickPurpose, path: PathBuf) -> Vec<Effect> {
        match purpose {
            PickPurpose::OpenFolder | PickPurpose::OpenFile | PickPurpose::NewStudy => {
                let again = Command::File(FileCommand::Use(purpose, path.clone()));
                let mut effects = match self.wait_for_save(again) {
                    ControlFlow::Break(waiting) => return waiting,
                    ControlFlow::Continue(first) => first,
                };
                if let Some(refusal) = self.unsaved_refusal() {
                    self.error(refusal);
                    return effects;
                }
                let made = purpose == PickPurpose::NewStudy;
                effects.push(self.request("Opening", if made { Request::NewStudy { path } } else { Request::Open { path } }));
                effects
            }
            PickPurpose::Import if self.reads_blind() => {
                self.warn("Import as coordinator: in a study of several readers nobody who reads may see who the patients are.");
                Vec::new()
            }
            PickPurpose::Import => match &self.study {
                Some(study) => {
                    let source = ImportSource { root: study.root.clone(), path, patients: None, link: None };
                    self.look_at_import(source)
                }
                None => vec![self.request("Opening", Request::Open { path })],
            },
            PickPurpose::ImportLink | PickPurpose::ImportPatients => match self.import.as_ref().map(|i| i.source().clone()) {
                Some(source) if purpose == PickPurpose::ImportLink => self.look_at_import(ImportSource { link: Some(path), ..source }),
                Some(source) => self.look_at_import(ImportSource { patients: Some(path), ..source }),
                None => Vec::new(),
            },
            PickPurpose::Packets => self.ask_packets(PacketAsk::Make { folder: path }),
            PickPurpose::PacketReturn => self.ask_packets(PacketAsk::Return { folder: path }),
            PickPurpose::PacketMerge => self.ask_packets(PacketAsk::Merge { file: path }),
            PickPurpose::Covariates => match self.scoring.tables.first().map(|t| t.session.clone()) {
                Some(session) => {
                    let key = self.scoring.chosen_key(&session);
                    self.apply_score(ScoreCommand::Unblind { session, key, covariates: Some(path) })
                }
                None => Vec::new(),
            },
            PickPurpose::NewScoreKey => {
                self.scoring.new_key = Some(path);
                Vec::new()
            }
            PickPurpose::ScoreKey => match self.scoring.key_of.as_ref().map(|(session, _)| session.clone()) {
                Some(session) => {
                    self.scoring.key_of = Some((session.clone(), Some(path.clone())));
                    self.apply_score(ScoreCommand::Unblind { session, key: Some(path), covariates: None })
                }
                None => Vec::new(),
            },
            PickPurpose::AuditTrail => self.export_audit(path),
            PickPurpose::ImportMask => self.import_mask(path, MaskOptions::default()),
            PickPurpose::Export => self.export(ExportHow::Nifti, path),
            PickPurpose::ExportNnUnet => self.export(ExportHow::NnUnet, path),
            PickPurpose::ExportBids => self.export(ExportHow::Bids, path),
        }
    }

    /// Whether the person here is one of several readers.
    pub(in crate::session) fn reads_blind(&self) -> bool {
        let several = self.study.as_ref().is_some_and(|study| study.protocol.readers().len() > 1);
        several && matches!(self.role, Some(Role::Reader(_)))
    }

    pub(super) fn export(&mut self, how: ExportHow, out: PathBuf) -> Vec<Effect> {
        let (Some(study), Some(role)) = (&self.study, &self.role) else {
            self.warn("Open a study before exporting masks.");
            return Vec::new();
        };
        let request = Request::Export { root: study.root.clone(), role: role.clone(), how, out };
        vec![self.request("Exporting masks", request)]
    }

    /// Why the open read must not be left yet.
    pub(in crate::session) fn unsaved_refusal(&self) -> Option<String> {
        let exam = self.exam.as_ref()?;
        let why = exam.save_error.as_ref()?;
        Some(format!("{} changes are not on disk ({why}): make room or allow writing, then choose \"Save again\".", exam.unsaved.len()))
    }

    fn retry_save(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        exam.save_error = None;
        exam.unsaved.make_contiguous().sort_by_key(|row| row.row.n);
        let rows: Vec<_> = exam.unsaved.iter().cloned().collect();
        rows.into_iter().map(|row| self.request("", Request::Journal(row))).collect()
    }

    /// The first attempt with unsaved changes is refused and says why; the second one leaves.
    fn quit(&mut self) -> Vec<Effect> {
        let unwritten = || "The changes on the Protocol page (F7) are in no file yet: write the file, or take them back.".to_owned();
        let refusal = self.unsaved_refusal().or_else(|| self.protocol_changed.then(unwritten));
        if let (Some(refusal), false) = (refusal, self.quit_asked) {
            self.quit_asked = true;
            self.error(format!("{refusal} Quit once more to leave without them."));
            return Vec::new();
        }
        // A stroke or comment in flight is finished, not lost.
        let mut effects = self.commit_gesture();
        effects.extend(self.log_time());
        effects.extend(self.keep_place());
        // The best weights so far are kept: whoever closes the window waits for `Session::may_close`.
        effects.extend(self.apply_model(ModelCommand::Cancel));
        effects.push(Effect::Quit);
        effects
    }
}
