//! The Images screen: what is listed, which image is chosen, and what the engine is asked to show.
use super::cycle::neighbour;
use crate::app::action::ImagesAction;
use crate::app::effect::{Effect, Redraw};
use crate::app::model::Model;
use crate::app::state::engine::EngineState;
use crate::app::state::images::{ImageFilter, ImageOrder, Inspected, list, threshold};
use crate::app::state::log::Level;
use odin_core::comparisons::JobCommand;
use odin_core::protocol::{Failure, ImageId, Inspection, JobId, Pixels};
use odin_core::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub(super) fn apply(model: &mut Model, action: &ImagesAction, effects: &mut Vec<Effect>) -> Option<Redraw> {
    let gallery = &mut model.gallery;
    match *action {
        ImagesAction::Move(steps) => step(model, i64::from(steps)),
        ImagesAction::MoveRows(rows) => {
            let across = i64::from(gallery.page.0);
            step(model, i64::from(rows).saturating_mul(across));
        }
        ImagesAction::MovePages(pages) => {
            let page = gallery.a_page() as i64;
            step(model, i64::from(pages).saturating_mul(page));
        }
        ImagesAction::Choose(place) => {
            let is_again = gallery.chosen == place;
            if place >= gallery.listed.len() {
                return None;
            }
            gallery.chosen = place;
            gallery.is_large = is_again;
        }
        ImagesAction::ToggleLarge => gallery.is_large = !gallery.is_large && gallery.chosen().is_some(),
        ImagesAction::NextOrder(by) => {
            gallery.order = neighbour(&ImageOrder::ALL, gallery.order, by);
            if let (Some(only), Some(passing)) = (gallery.order.side(), gallery.filter.side())
                && only != passing
            {
                gallery.filter = ImageFilter::All;
            }
            gallery.chosen = 0;
        }
        ImagesAction::NextFilter(by) => {
            gallery.filter = neighbour(&ImageFilter::ALL, gallery.filter, by);
            // An order that lists the other set would list nothing.
            if let (Some(passing), Some(only)) = (gallery.filter.side(), gallery.order.side())
                && only != passing
            {
                let mut orders = ImageOrder::ALL.into_iter();
                gallery.order = orders
                    .find(|order| order.side() == Some(passing))
                    .expect("there are orders for either side");
            }
            gallery.chosen = 0;
        }
        ImagesAction::NextClass(by) => {
            let count = count_classes(model);
            let gallery = &mut model.gallery;
            // First all classes together, then each.
            let now = gallery.class.map_or(0, |class| i64::from(class) + 1);
            let next = (now + i64::from(by)).rem_euclid(i64::from(count) + 1);
            gallery.class = u16::try_from(next - 1).ok();
            gallery.chosen = 0;
        }
        ImagesAction::AnyClass => gallery.class = None,
        ImagesAction::Fits(across, down) => {
            let fits = (across.max(1), down.max(1));
            if gallery.page == fits {
                return None;
            }
            gallery.page = fits;
        }
        ImagesAction::CopyName => copy_name(model, effects),
        ImagesAction::TogglePixels => {
            model.view.pixels = !model.view.pixels;
            let text = if model.view.pixels {
                "images in pixels, where the terminal can"
            } else {
                "images in half blocks"
            };
            model.say(Level::Info, text);
        }
    }
    ANSWER
}

/// Copies the path of the chosen image's file to the clipboard of the terminal, which may run on another machine; of an image
/// in an archive, its name there.
fn copy_name(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some((job, chosen)) = model.selected().zip(model.gallery.chosen()) else {
        model.say_quietly(Level::Info, "no image is listed");
        return;
    };
    let number = chosen.image.index;
    let said = match model.gallery.inspection(job) {
        Some(Ok(found)) => match found.file.as_ref().or(found.name.as_ref()) {
            Some(name) => {
                effects.push(Effect::Copy(name.clone()));
                format!("to the terminal's clipboard, if it has one: {name}")
            }
            None => format!("it has no file of its own: it is image {number} of its set"),
        },
        Some(Err(why)) => format!("its name is not known: {}", why.text),
        None => "its name is not known yet: the engine is asked for the image".to_owned(),
    };
    model.say_quietly(Level::Info, &said);
}

fn step(model: &mut Model, steps: i64) {
    let gallery = &mut model.gallery;
    let last = gallery.listed.len().saturating_sub(1) as i64;
    gallery.chosen = (gallery.chosen as i64).saturating_add(steps).clamp(0, last) as usize;
}

/// How many classes there are, by their names or by the scores so far. Those beyond 65,535 cannot be chosen.
fn count_classes(model: &Model) -> u16 {
    let named = model.gallery.classes.len();
    let seen = model.selected().map_or(0, |job| job.scores.classes());
    u16::try_from(named.max(seen)).unwrap_or(u16::MAX)
}

/// Called after every action: keeps the list up to date with the scores, and asks for pictures that are missing.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.view.screen != Screen::Images {
        return;
    }
    if model.list_due().is_some_and(|due| model.now >= due) {
        relist(model);
        effects.push(Effect::Redraw(Redraw::Progress));
    }
    let Some(job) = model.selected() else {
        return;
    };
    if model.engine != EngineState::Up {
        return;
    }
    let (id, spec, generation) = (job.id, job.spec.clone(), job.generation);
    let gallery = &mut model.gallery;
    let (_, in_sight) = gallery.in_sight();
    let lacking: Vec<_> = in_sight
        .iter()
        .map(|listed| listed.image)
        .filter(|image| gallery.thumbnail(id, *image).is_none())
        .collect();
    // A request replaces the one before, so it names everything that is still wanted.
    if lacking
        .iter()
        .any(|image| !gallery.requested.contains(&(id, *image)))
    {
        gallery.requested = lacking.iter().map(|image| (id, *image)).collect();
        effects.push(Effect::Engine(JobCommand::Thumbnails {
            job: id,
            spec: spec.clone(),
            images: lacking,
        }));
    }
    if let Some(image) = gallery.chosen().map(|chosen| chosen.image) {
        let known = gallery.inspected.as_ref();
        let is_known =
            known.is_some_and(|known| (known.job, known.image, known.generation) == (id, image, generation));
        if !is_known {
            gallery.inspected = Some(Inspected {
                job: id,
                image,
                generation,
                result: None,
            });
            effects.push(Effect::Engine(JobCommand::Inspect { job: id, spec, image }));
        }
    }
}

/// There is no engine any more: what it did not answer is to be requested again.
pub(super) fn engine_gone(model: &mut Model) {
    model.gallery.requested.clear();
    model
        .gallery
        .inspected
        .take_if(|inspected| inspected.result.is_none());
}

fn relist(model: &mut Model) {
    let basis = model.list_basis();
    let threshold = threshold(model.cursor, model.shown());
    let chosen = model.gallery.chosen().map(|chosen| chosen.image);
    let kept = model.gallery.basis.zip(basis);
    let only_grown = kept.is_some_and(|(before, now)| before.has_only_grown(&now));
    let (listed, total) = match model.selected().zip(basis.as_ref()) {
        Some((job, basis)) => list(job, basis, threshold),
        None => (Vec::new(), 0),
    };
    let gallery = &mut model.gallery;
    gallery.listed = listed;
    gallery.total = total;
    gallery.threshold = threshold;
    gallery.basis = basis;
    gallery.listed_at = Some(model.now);
    // While the list only grows, the chosen image stays chosen.
    let place = chosen
        .filter(|_| only_grown)
        .and_then(|image| gallery.listed.iter().position(|listed| listed.image == image));
    gallery.chosen = place
        .unwrap_or(gallery.chosen)
        .min(gallery.listed.len().saturating_sub(1));
    gallery.is_large &= !gallery.listed.is_empty();
}

pub(super) fn classes(model: &mut Model, job: JobId, names: Vec<String>) -> Option<Redraw> {
    model.gallery.name_classes(job, names);
    redraw(model)
}

pub(super) fn thumbnails(
    model: &mut Model,
    job: JobId,
    images: Vec<(ImageId, Result<Pixels, Failure>)>,
) -> Option<Redraw> {
    for (image, pixels) in images {
        model.gallery.requested.remove(&(job, image));
        model.gallery.keep_thumbnail(job, image, pixels);
    }
    redraw(model)
}

pub(super) fn inspected(
    model: &mut Model,
    job: JobId,
    image: ImageId,
    result: Result<Inspection, Failure>,
) -> Option<Redraw> {
    let now = model.job_by_id(job)?.parameters();
    // An answer at an earlier T and ε is stale.
    let is_current = result.as_ref().map_or(true, |found| {
        (found.temperature, found.magnitude) == (now.temperature, now.magnitude)
    });
    let awaited = model.gallery.inspected.as_mut()?;
    if is_current && (awaited.job, awaited.image) == (job, image) {
        awaited.result = Some(result);
    }
    redraw(model)
}

fn redraw(model: &Model) -> Option<Redraw> {
    (model.view.screen == Screen::Images).then_some(Redraw::Answer)
}
