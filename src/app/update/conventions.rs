//! The conventions that metrics are read by.
use crate::app::effect::Redraw;
use crate::app::model::Model;
use crate::app::state::log::Level;
use odin_metrics::{AuprConvention, Conventions, ErrorConvention, Positive};

pub(super) fn toggle_positive(model: &mut Model) -> Option<Redraw> {
    let now = model.view.conventions;
    let positive = match now.positive {
        Positive::InDistribution => Positive::OutOfDistribution,
        Positive::OutOfDistribution => Positive::InDistribution,
    };
    set(model, Conventions { positive, ..now })
}

pub(super) fn toggle_error(model: &mut Model) -> Option<Redraw> {
    let now = model.view.conventions;
    let error = match now.error {
        ErrorConvention::Minimum => ErrorConvention::AtTpr95,
        ErrorConvention::AtTpr95 => ErrorConvention::Minimum,
    };
    set(model, Conventions { error, ..now })
}

pub(super) fn toggle_aupr(model: &mut Model) -> Option<Redraw> {
    let now = model.view.conventions;
    let aupr = match now.aupr {
        AuprConvention::Balanced => AuprConvention::Counts,
        AuprConvention::Counts => AuprConvention::Balanced,
    };
    set(model, Conventions { aupr, ..now })
}

fn set(model: &mut Model, conventions: Conventions) -> Option<Redraw> {
    model.view.conventions = conventions;
    for job in &mut model.jobs {
        for analysis in job.analyses() {
            analysis.set_conventions(&conventions);
        }
    }
    if let Some(pin) = &mut model.pin {
        pin.analysis.set_conventions(&conventions);
    }
    model.say(Level::Info, &conventions.to_string());
    Some(Redraw::Answer)
}
