//! Work that would make the screen wait: done on threads of its own, answered by actions.
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::UnboundedSender;

use crate::app::{Action, IntervalRequest};
use crate::session::Session;

pub struct Background {
    answers: UnboundedSender<Action>,
    saving: Option<JoinHandle<()>>,
}

impl Background {
    pub fn new(answers: UnboundedSender<Action>) -> Self {
        Self {
            answers,
            saving: None,
        }
    }

    pub fn save(&mut self, path: PathBuf, session: Session) {
        // One after the other, so that the last one stays.
        self.finish_saving();
        let answers = self.answers.clone();
        let save = move || {
            let _ = answers.send(match session.save(&path) {
                Ok(()) => Action::Saved,
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

    /// What is being saved is saved before the program ends.
    pub fn finish_saving(&mut self) {
        if let Some(thread) = self.saving.take() {
            let _ = thread.join();
        }
    }

    pub fn compute_intervals(&self, request: IntervalRequest) {
        let answers = self.answers.clone();
        // Without a thread there are no intervals; everything else goes on.
        let _ = thread::Builder::new()
            .name("intervals".to_owned())
            .spawn(move || {
                let _ = answers.send(Action::Intervals(Box::new(request.compute())));
            });
    }
}
