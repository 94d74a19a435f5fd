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
        self.read = Some(OpenRead { file, next });
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
            // A row before this one failed; all are sent again in order.
            return;
        }
        match guarded(|| read.file.append(row)) {
            Ok(Ok(())) => {
                read.next = n + 1;
                self.reporter.deliver(Event::Saved { row: n });
            }
            Ok(Err(error)) => self.reporter.deliver(Event::SaveFailed { row: n, why: error.to_string() }),
            Err(panic) => self.reporter.deliver(Event::SaveFailed { row: n, why: panic }),
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
