//! The keys of the Explore screen.
use super::binding::{Context, Group, Row};
use crate::app::action::Action as A;
use crate::app::state::parameters::Slider;
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Explore);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Conventions, Jobs, Parameters, Plots, Threshold};
    vec![
        (HERE, Parameters, "step-down", "h left", A::Step(-1), "a step down"),
        (HERE, Parameters, "step-up", "l right", A::Step(1), "a step up"),
        (HERE, Parameters, "ten-steps-down", "H shift-left", A::Step(-10), "ten steps down"),
        (HERE, Parameters, "ten-steps-up", "L shift-right", A::Step(10), "ten steps up"),
        (HERE, Parameters, "next-slider", "tab", A::FocusNext, "next slider"),
        (HERE, Parameters, "previous-slider", "backtab", A::FocusPrevious, "slider before"),
        (HERE, Parameters, "type-value", "= enter", A::Edit, "type a value"),
        (HERE, Parameters, "same-for-all", "a", A::ApplyToAll, "same for all jobs"),
        (HERE, Parameters, "undo", "u", A::Undo, "undo"),
        (HERE, Parameters, "redo", "ctrl-r", A::Redo, "redo"),
        (HERE, Threshold, "tpr-down", "[", A::StepOf(Slider::Threshold, -1), "TPR 1 % down"),
        (HERE, Threshold, "tpr-up", "]", A::StepOf(Slider::Threshold, 1), "TPR 1 % up"),
        (HERE, Threshold, "tpr-95", "t", A::ThresholdReset, "back to TPR 95 %"),
        (HERE, Jobs, "next-job", "j down", A::NextJob, "next job"),
        (HERE, Jobs, "previous-job", "k up", A::PreviousJob, "job before"),
        (HERE, Jobs, "job-page-down", "pgdn", A::StepJob(10), "ten jobs down"),
        (HERE, Jobs, "job-page-up", "pgup", A::StepJob(-10), "ten jobs up"),
        (HERE, Jobs, "first-job", "g home", A::StepJob(i32::MIN), "first job"),
        (HERE, Jobs, "last-job", "G end", A::StepJob(i32::MAX), "last job"),
        (HERE, Jobs, "filter-jobs", "/", A::FilterJobs, "jobs with a text"),
        (HERE, Jobs, "next-failed", "!", A::NextFailed, "next failed job"),
        (HERE, Jobs, "retry-failed", "R", A::RetryFailed, "failed ones again"),
        (HERE, Jobs, "pause", "space", A::PauseOrResume, "pause, go on, again"),
        (HERE, Jobs, "cancel", "x", A::CancelJob, "cancel"),
        (HERE, Jobs, "pause-queue", "Q", A::PauseQueue, "queue: pause, go on"),
        (HERE, Jobs, "cancel-queue", "X", A::CancelQueue, "queue: cancel"),
        (HERE, Jobs, "add-job", "n", A::OpenPicker, "new job"),
        (HERE, Jobs, "duplicate-job", "d", A::DuplicateJob, "duplicate"),
        (HERE, Jobs, "remove-job", "D delete", A::RemoveJob, "remove"),
        (HERE, Jobs, "job-down", "J shift-down", A::MoveJob(1), "move down"),
        (HERE, Jobs, "job-up", "K shift-up", A::MoveJob(-1), "move up"),
        (HERE, Jobs, "next-metric", "v", A::NextMetric, "metric in the table"),
        (HERE, Plots, "detector", "b", A::NextDetector, "next detector"),
        (HERE, Plots, "previous-detector", "B", A::PreviousDetector, "detector before"),
        (HERE, Plots, "axis", "p", A::ToggleAxis, "log-odds, probability"),
        (HERE, Plots, "log-counts", "^", A::ToggleLogCounts, "heights linear, log"),
        (HERE, Plots, "counts", "#", A::ToggleCounts, "shares, counts"),
        (HERE, Plots, "curve", "r", A::ToggleCurve, "ROC, CCR curve"),
        (HERE, Plots, "log-fpr", "z", A::ToggleLogFpr, "FPR axis linear, log"),
        (HERE, Plots, "marks", ".", A::ToggleMarks, "pixels, braille, blocks"),
        (HERE, Plots, "pin", "i", A::PinOrUnpin, "pin this as A, unpin"),
        (HERE, Plots, "swap", "I", A::SwapWithPin, "swap with A"),
        (HERE, Conventions, "positive", "P", A::TogglePositive, "positive: ID, OOD"),
        (HERE, Conventions, "error", "E", A::ToggleErrorConvention, "error: least, TPR 95"),
        (HERE, Conventions, "aupr", "A", A::ToggleAuprConvention, "AUPR: balanced, counts"),
    ]
}
