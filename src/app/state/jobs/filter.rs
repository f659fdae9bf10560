//! Which jobs the list shows: those that contain a text.
use super::job::Job;
use crate::app::state::text::Field;

#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub text: Field,
    /// The text is being typed.
    pub is_typing: bool,
}

impl JobFilter {
    /// Whether jobs may be hidden.
    pub fn is_set(&self) -> bool {
        !self.text.text().trim().is_empty()
    }

    /// Whether a job is shown: its network, set, queue or state contains every word, in upper or lower case.
    pub(in crate::app) fn passes(&self, job: &Job) -> bool {
        if !self.is_set() {
            return true;
        }
        let spec = &job.spec;
        let about = [&*spec.network, &*spec.dataset, &*job.queue, job.state.name()];
        let about = about.map(str::to_lowercase).join("\n");
        let wanted = self.text.text().to_lowercase();
        wanted.split_whitespace().all(|word| about.contains(word))
    }
}
