//! Work that would make the screen wait: done on threads of its own, answered by actions.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::UnboundedSender;

use crate::app::{Action, Catalogue, DetectorsRequest, ExactRequest, GridRequest, IntervalRequest, Level};
use odin_core::files;
use odin_core::report::TableKind;
use odin_core::session::{Lock, LockError, Saved, Session, SessionError, discard_unsaved};

/// Where the log is written to.
const LOG_FILE: &str = "odin-log.txt";

pub(super) struct Background {
    answers: UnboundedSender<Action>,
    catalogue: Arc<dyn Fn() -> Catalogue + Send + Sync>,
    saving: Option<JoinHandle<()>>,
    /// Of files that the session was saved to under another name.
    locks: Arc<Mutex<Vec<Lock>>>,
}

impl Background {
    pub(super) fn new(
        answers: UnboundedSender<Action>,
        catalogue: Arc<dyn Fn() -> Catalogue + Send + Sync>,
    ) -> Self {
        Self {
            answers,
            catalogue,
            saving: None,
            locks: Arc::default(),
        }
    }

    pub(super) fn save(&mut self, path: PathBuf, session: Session) {
        // One after the other, so that the last one stays.
        self.finish_saving();
        let answers = self.answers.clone();
        let save = move || {
            let _ = answers.send(match session.save_over(&path) {
                Ok(Saved::Anew(why)) => {
                    let text =
                        format!("the file was written anew, without the comments among its jobs: {why}");
                    let _ = answers.send(Action::Said(Level::Warning, text));
                    Action::Saved
                }
                Ok(Saved::New | Saved::InPlace) => Action::Saved,
                Err(error) => Action::SaveFailed(error.to_string()),
            });
        };
        match thread::Builder::new().name("save".to_owned()).spawn(save) {
            Ok(thread) => self.saving = Some(thread),
            Err(error) => {
                let _ = self
                    .answers
                    .send(Action::SaveFailed(format!("no thread to save with: {error}")));
            }
        }
    }

    /// Saves to a file that is not there yet, and takes it; what was not saved of the former one is forgotten.
    pub(super) fn save_as(&mut self, from: PathBuf, path: PathBuf, session: Session) {
        self.finish_saving();
        let answers = self.answers.clone();
        let locks = self.locks.clone();
        let save = move || {
            let saved = save_new(&from, &path, &session).map(|(lock, saved)| {
                if let Saved::Anew(why) = saved {
                    let text = format!("the comments among the jobs are in the former file alone: {why}");
                    let _ = answers.send(Action::Said(Level::Warning, text));
                }
                // It is held until the program ends. Nothing that panics holds the list.
                locks.lock().unwrap_or_else(PoisonError::into_inner).extend(lock);
                let _ = discard_unsaved(&from);
            });
            let _ = answers.send(match saved {
                Ok(()) => Action::SavedAs(path),
                Err(error) => Action::SaveFailed(error.to_string()),
            });
        };
        match thread::Builder::new().name("save".to_owned()).spawn(save) {
            Ok(thread) => self.saving = Some(thread),
            Err(error) => {
                let text = format!("no thread to save with: {error}");
                let _ = self.answers.send(Action::SaveFailed(text));
            }
        }
    }

    /// Keeps the session beside its file.
    pub(super) fn autosave(&mut self, path: PathBuf, session: Session) {
        self.after_saving(move || {
            session
                .autosave(&path)
                .err()
                .map(|error| Action::Said(Level::Warning, format!("changes are not kept aside: {error}")))
        });
    }

    /// Forgets what was kept beside the session's file.
    pub(super) fn discard_autosave(&mut self, path: PathBuf) {
        self.after_saving(move || {
            discard_unsaved(&path)
                .err()
                .map(|error| Action::Said(Level::Warning, error.to_string()))
        });
    }

    /// Does something with the session's files once what goes on with them is done.
    fn after_saving(&mut self, work: impl FnOnce() -> Option<Action> + Send + 'static) {
        self.finish_saving();
        let answers = self.answers.clone();
        let work = move || {
            if let Some(answer) = work() {
                let _ = answers.send(answer);
            }
        };
        match thread::Builder::new().name("save".to_owned()).spawn(work) {
            Ok(thread) => self.saving = Some(thread),
            Err(error) => {
                let answer = Action::Said(Level::Warning, format!("no thread to save with: {error}"));
                let _ = self.answers.send(answer);
            }
        }
    }

    /// What is being saved is saved before the program ends.
    pub(super) fn finish_saving(&mut self) {
        if let Some(thread) = self.saving.take() {
            let _ = thread.join();
        }
    }

    pub(super) fn compute_intervals(&self, request: IntervalRequest) {
        // Without a thread there are no intervals; everything else goes on.
        self.answer("intervals", move || {
            Action::Intervals(Box::new(request.compute()))
        });
    }

    pub(super) fn compute_grid(&self, request: GridRequest) {
        // Without a thread the grid shows its values alone.
        self.answer("grid", move || Action::GridReport(Box::new(request.compute())));
    }

    pub(super) fn compute_detectors(&self, request: DetectorsRequest) {
        // Without a thread the table keeps what it has.
        self.answer("detectors", move || {
            Action::DetectorsReport(Box::new(request.compute()))
        });
    }

    pub(super) fn compute_exact(&self, request: ExactRequest) {
        // Without a thread the metrics stay off by a little, which they say.
        self.answer("exact", move || Action::Exact(Box::new(request.compute())));
    }

    pub(super) fn load_catalogue(&self) {
        let catalogue = self.catalogue.clone();
        self.answer("catalogue", move || Action::Catalogue(Box::new(catalogue())));
    }

    /// Writes the log into the folder from which the program was started.
    pub(super) fn write_log(&self, text: String) {
        let path = Path::new(LOG_FILE);
        self.answer("log", move || {
            let lines = text.lines().count();
            let shown = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            match files::write_whole(path, |file| file.write_all(text.as_bytes())) {
                Ok(()) => Action::Said(
                    Level::Info,
                    format!("{lines} lines written to {}", shown.display()),
                ),
                Err(error) => Action::Said(Level::Error, format!("{}: {error}", shown.display())),
            }
        });
    }

    /// Writes a table into the folder from which the program was started; what is there already stays.
    pub(super) fn write_table(&self, stem: String, kind: TableKind, text: String) {
        self.answer("table", move || {
            let extension = kind.extension();
            let name = |n: u32| match n {
                1 => format!("{stem}.{extension}"),
                n => format!("{stem}-{n}.{extension}"),
            };
            let free = (1..10_000).map(name).find(|name| !Path::new(name).exists());
            let path = PathBuf::from(free.unwrap_or_else(|| name(10_000)));
            let shown = std::path::absolute(&path).unwrap_or_else(|_| path.clone());
            match files::write_whole(&path, |file| file.write_all(text.as_bytes())) {
                Ok(()) => Action::Said(Level::Info, format!("the table is in {}", shown.display())),
                Err(error) => Action::Said(Level::Error, format!("{}: {error}", shown.display())),
            }
        });
    }

    fn answer(&self, name: &str, work: impl FnOnce() -> Action + Send + 'static) {
        let answers = self.answers.clone();
        let _ = thread::Builder::new().name(name.to_owned()).spawn(move || {
            // The dashboard may have ended meanwhile.
            let _ = answers.send(work());
        });
    }
}

/// Saves to a file that is not there yet, with the comments of the former one; without a lock where there can be none. The
/// error is for a person.
fn save_new(from: &Path, path: &Path, session: &Session) -> Result<(Option<Lock>, Saved), SaveNewError> {
    if path.exists() {
        return Err(SaveNewError::Exists(path.to_owned()));
    }
    let lock = match Lock::take(path) {
        Err(held @ LockError::Held { .. }) => return Err(held.into()),
        lock => lock.ok(),
    };
    let saved = session.save_like(from, path)?;
    Ok((lock, saved))
}

/// Why the session is not in a new file.
#[derive(Debug, thiserror::Error)]
enum SaveNewError {
    #[error("{} is there already: choose another name", .0.display())]
    Exists(PathBuf),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Save(#[from] SessionError),
}
