//! Which actions would do something now: the footer names no others.
use super::action::{Action, CompareAction, GridAction, ImagesAction};
use super::model::Model;
use super::state::compare::present;
use super::state::jobs::JobState;

impl Model {
    /// Whether an action that the footer may name would do something.
    pub fn is_live(&self, action: &Action) -> bool {
        let job = self.selected();
        // Asked for each key of the footer, of which most need none of these.
        let has_cells = || self.grid().is_some_and(|grid| grid.measured() > 0);
        let has_table = || self.is_transfer_shown();
        match action {
            Action::Step(_) | Action::FocusNext | Action::Edit => job.is_some(),
            Action::NextJob | Action::PreviousJob | Action::ApplyToAll => self.jobs.len() > 1,
            Action::Save => self.is_unsaved() || self.left_view() != *self.saved_view(),
            Action::PauseOrResume => job.is_some_and(|job| !matches!(job.state, JobState::Done { .. })),
            Action::PinOrUnpin => {
                let shown = job.is_some_and(|job| present(job, self.view.detector).is_some());
                shown || self.pin.is_some()
            }
            Action::NextFailed | Action::RetryFailed => self.failed_jobs() > 0,
            Action::Undo => self.history.can_undo(),
            Action::Grid(GridAction::ToggleTransfer) => self.transfer_jobs().len() > 1,
            Action::Grid(GridAction::ToBest | GridAction::ScoreBestOnRest) => has_cells() && !has_table(),
            Action::Grid(GridAction::FillOrPause) if has_table() => {
                let (known, of) = self.transfer_progress();
                known < of
            }
            Action::Grid(GridAction::FillOrPause) => self
                .grid()
                .is_some_and(|grid| grid.is_at_work() || grid.measured() < grid.total()),
            Action::Grid(GridAction::Take) if has_table() => {
                let sets = self.transfer_sets();
                sets.get(self.transfer.row)
                    .is_some_and(|set| set.choice.is_some())
            }
            Action::Grid(_) => self.grid().is_some(),
            Action::Images(
                ImagesAction::ToggleLarge
                | ImagesAction::MovePages(_)
                | ImagesAction::Move(_)
                | ImagesAction::CopyName,
            ) => !self.gallery.listed.is_empty(),
            Action::Images(_) => job.is_some_and(|job| job.has_images()),
            Action::OpenExports | Action::Compare(CompareAction::Export(_)) => {
                self.jobs.iter().any(|job| job.baseline.is_some())
            }
            Action::Compare(CompareAction::NextNumber) => {
                matches!(
                    self.compare.column,
                    super::state::compare::CompareColumn::Metric(_)
                )
            }
            Action::Scroll(_) | Action::SearchLog | Action::CopyLog | Action::WriteLog => {
                self.log.entries().len() > 0
            }
            _ => true,
        }
    }
}
