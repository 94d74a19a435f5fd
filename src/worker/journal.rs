//! The writer of the open read: one thread, rows in order, an answer for every row on disk.

use super::message::{Event, Outcome, RequestId, ScoreRowRequest, SealEnded, SealRequest};
use super::task::{Reporter, guarded};
use super::{exam, score, seal};
use crate::study::{JournalRow, ReadFile, ReaderCode, ReadingPlace};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::path::PathBuf;
use std::thread::JoinHandle;

/// What the writer is told, in order.
pub(super) enum JournalMessage {
    /// From now on this read is written, unless a later request has been served meanwhile.
    Attach(RequestId, Box<ReadFile>),
    /// Answered when everything sent before is done.
    Barrier(Sender<()>),
    /// The same, and a read that an earlier request brought is closed: what was asked for since may be that very read.
    Release(RequestId, Sender<()>),
    /// A row to append.
    Append(JournalRow),
    /// An older change to read back.
    Fetch(RequestId, u64),
    /// A mark of a scoring session.
    Score(RequestId, Box<ScoreRowRequest>),
    /// Where a reader left off: kept in order, and before the program ends.
    Place(RequestId, PathBuf, ReaderCode, ReadingPlace),
    /// Seal the read, which closes it.
    Seal(RequestId, Box<SealRequest>),
    /// No more rows for the read; answered when all are on disk.
    Close(RequestId),
    /// The program ends.
    Finish,
}

/// The writer's thread and the way to it.
pub(super) struct JournalWriter {
    // Unbounded, but filled only by gestures of a hand and emptied by a disk: a bounded one would block the window.
    messages: Sender<JournalMessage>,
    thread: Option<JoinHandle<()>>,
}

impl JournalWriter {
    pub fn start(reporter: Reporter) -> Result<Self, String> {
        let (messages, inbox) = unbounded();
        let thread = std::thread::Builder::new()
            .name("osteon-journal".to_owned())
            .spawn(move || {
                let mut desk = Desk { read: None, latest: RequestId(0), reporter };
                desk.serve(&inbox);
            })
            .map_err(|error| format!("The system started no thread for saving ({error}): close other programs and try again."))?;
        Ok(Self { messages, thread: Some(thread) })
    }

    pub fn send(&self, message: JournalMessage) {
        // The writer outlives every sender but in a crash at the program's end.
        let _ = self.messages.send(message);
    }

    pub fn sender(&self) -> Sender<JournalMessage> {
        self.messages.clone()
    }

    pub fn finish(&mut self) {
        self.send(JournalMessage::Finish);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Desk {
    read: Option<OpenRead>,
    latest: RequestId,
    reporter: Reporter,
}

struct OpenRead {
    file: Box<ReadFile>,
    next: u64,
    /// A row failed: until it is there, those after it are passed over, for all are sent again.
    failed: bool,
}

impl Desk {
    fn serve(&mut self, inbox: &Receiver<JournalMessage>) {
        while let Ok(message) = inbox.recv() {
            match message {
                JournalMessage::Attach(id, file) => self.attach(id, file),
                JournalMessage::Barrier(done) => {
                    // Whoever waits may have given up.
                    let _ = done.send(());
                }
                JournalMessage::Release(id, done) => {
                    if id > self.latest {
                        self.read = None;
                    }
                    let _ = done.send(());
                }
                JournalMessage::Append(row) => {
                    self.append(&row);
                    if inbox.is_empty() {
                        self.take_snapshot();
                    }
                }
                JournalMessage::Fetch(id, row) => self.fetch(id, row),
                JournalMessage::Score(id, request) => {
                    let outcome = guarded(|| score::keep(&request)).unwrap_or_else(Outcome::Failed);
                    self.reporter.deliver(Event::Ended { id, outcome });
                }
                JournalMessage::Place(id, root, reader, place) => {
                    let outcome = guarded(|| exam::keep_place(&root, &reader, &place)).unwrap_or_else(Outcome::Failed);
                    self.reporter.deliver(Event::Ended { id, outcome });
                }
                JournalMessage::Seal(id, request) => self.seal(id, &request),
                JournalMessage::Close(id) => {
                    self.read = None;
                    self.latest = self.latest.max(id);
                    self.reporter.deliver(Event::Ended { id, outcome: Outcome::ReadClosed });
                }
                JournalMessage::Finish => break,
            }
        }
    }

    /// A snapshot now and then lets others open the read without all its rows; it is a convenience, so a failure only waits.
    fn take_snapshot(&mut self) {
        if let Some(read) = &mut self.read
            && let Err(error) = read.file.snapshot_if_due()
        {
            log::warn!("{error}");
        }
    }

    fn attach(&mut self, id: RequestId, file: Box<ReadFile>) {
        if id < self.latest {
            return;
        }
        self.latest = id;
        let next = file.count() + 1;
        self.read = Some(OpenRead { file, next, failed: false });
    }

    fn seal(&mut self, id: RequestId, request: &SealRequest) {
        let result = match self.read.take() {
            None => Err("No read is open for writing.".to_owned()),
            Some(read) => guarded(|| seal::seal(request, *read.file)).and_then(|result| result),
        };
        let ended = SealEnded { reader: request.reader.clone(), exam: request.exam.clone(), result };
        self.reporter.deliver(Event::Ended { id, outcome: Outcome::Sealed(ended) });
    }

    fn append(&mut self, row: &JournalRow) {
        let n = row.row.n;
        let Some(read) = &mut self.read else {
            return self.reporter.deliver(Event::SaveFailed { row: n, why: "no read is open for writing".to_owned() });
        };
        if n < read.next {
            return self.reporter.deliver(Event::Saved { row: n });
        }
        if n > read.next {
            // A row before this one failed; all are sent again in order. Without a failure nobody would: it is told.
            if !std::mem::replace(&mut read.failed, true) {
                let why = format!("row {n} came before row {}", read.next);
                self.reporter.deliver(Event::SaveFailed { row: read.next, why });
            }
            return;
        }
        let kept = guarded(|| read.file.append(row)).and_then(|kept| kept.map_err(|error| error.to_string()));
        read.failed = kept.is_err();
        match kept {
            Ok(()) => {
                read.next = n + 1;
                self.reporter.deliver(Event::Saved { row: n });
            }
            Err(why) => self.reporter.deliver(Event::SaveFailed { row: n, why }),
        }
    }

    fn fetch(&mut self, id: RequestId, row: u64) {
        let outcome = match &mut self.read {
            None => Outcome::Failed("No read is open.".to_owned()),
            Some(read) => match guarded(|| read.file.patch(row)) {
                Ok(Ok(patch)) => Outcome::PatchRead { row, patch: (*patch).clone() },
                Ok(Err(error)) => Outcome::Failed(error.to_string()),
                Err(panic) => Outcome::Failed(panic),
            },
        };
        self.reporter.deliver(Event::Ended { id, outcome });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::edit::{CommitKind, Patch, Row, RowAction};
    use crate::space::{Affine, Spacing};
    use crate::study::{ExamCode, ReadHeader};
    use crate::volume::{Grid, LayerKind};
    use std::sync::Arc;

    fn row(n: u64) -> JournalRow {
        let patch = Arc::new(Patch::from_changes([(n as u32, 0, 1)]));
        let action = RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch };
        let row = Row { n, name: format!("row {n}"), action };
        JournalRow { row, time: "2026-11-22T10:00:00Z".to_owned(), reader: "R1".to_owned(), window: None }
    }

    /// A read that was just begun: `1.sqlite` in a folder.
    pub(in crate::worker) fn new_read(folder: &std::path::Path) -> Box<ReadFile> {
        let header = ReadHeader {
            exam: ExamCode::new("K-001").unwrap(),
            reader: ReaderCode::new("R1").unwrap(),
            number: 1,
            grid: Grid::new([16, 16, 4], Affine::from_spacing(Spacing::UNIT)).unwrap(),
            slice_axis: 2,
            created: "2026-11-22T10:00:00Z".to_owned(),
            assisted: false,
            image_sha256: "ab".repeat(32),
        };
        Box::new(ReadFile::create(&folder.join("1.sqlite"), &header).unwrap())
    }

    fn desk() -> (Desk, Receiver<Event>) {
        let (events, inbox) = unbounded();
        (Desk { read: None, latest: RequestId(0), reporter: Reporter::new(events, Arc::new(|| {})) }, inbox)
    }

    #[test]
    fn a_row_that_comes_too_early_is_told_once_and_all_are_taken_when_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, inbox) = desk();
        desk.attach(RequestId(1), new_read(folder.path()));
        desk.append(&row(1));
        desk.append(&row(3));
        desk.append(&row(4));
        let told: Vec<Event> = inbox.try_iter().collect();
        assert!(matches!(&told[..], [Event::Saved { row: 1 }, Event::SaveFailed { row: 2, .. }]), "{told:?}");
        (2..5).for_each(|n| desk.append(&row(n)));
        let told: Vec<Event> = inbox.try_iter().collect();
        assert!(told.iter().all(|event| matches!(event, Event::Saved { .. })) && told.len() == 3, "{told:?}");
    }

    #[test]
    fn a_read_that_an_earlier_request_brought_is_let_go_and_a_later_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (mut desk, _inbox) = desk();
        let release = |desk: &mut Desk, id| {
            let (done, wait) = crossbeam_channel::bounded(1);
            let (messages, inbox) = unbounded();
            messages.send(JournalMessage::Release(RequestId(id), done)).unwrap();
            messages.send(JournalMessage::Finish).unwrap();
            desk.serve(&inbox);
            wait.recv().unwrap();
        };
        desk.attach(RequestId(5), new_read(folder.path()));
        release(&mut desk, 4);
        assert!(desk.read.is_some(), "an older request waits for it, but does not close it");
        release(&mut desk, 6);
        assert!(desk.read.is_none());
    }
}
