//! The Images screen: what is listed, where a person stands in it, and what the engine is asked to show.
use crate::app::action::ImagesAction;
use crate::app::effect::{Effect, Redraw};
use crate::app::images::{self, BETWEEN_LISTS, ImageFilter, ImageOrder, Inspected};
use crate::app::model::{EngineState, Model};
use crate::engine::protocol::{Command, Event};
use crate::session::Screen;

const ANSWER: Option<Redraw> = Some(Redraw::Answer);

pub fn apply(model: &mut Model, action: &ImagesAction) -> Option<Redraw> {
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
                    .unwrap_or(gallery.order);
            }
            gallery.chosen = 0;
        }
        ImagesAction::NextClass(by) => {
            let count = classes(model);
            let gallery = &mut model.gallery;
            // None of them, then each.
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
        ImagesAction::TogglePixels => {
            model.view.pixels = !model.view.pixels;
            let text = if model.view.pixels {
                "images in pixels, where the terminal can"
            } else {
                "images in half blocks"
            };
            model.say(crate::app::Level::Info, text);
        }
    }
    ANSWER
}

fn step(model: &mut Model, steps: i64) {
    let gallery = &mut model.gallery;
    let last = gallery.listed.len().saturating_sub(1) as i64;
    gallery.chosen = (gallery.chosen as i64).saturating_add(steps).clamp(0, last) as usize;
}

fn neighbour<T: Copy + PartialEq>(all: &[T], now: T, by: i32) -> T {
    let at = all.iter().position(|one| *one == now).unwrap_or_default() as i64;
    let next = (at + i64::from(by)).rem_euclid(all.len().max(1) as i64);
    all.get(next as usize).copied().unwrap_or(now)
}

/// How many classes there are, as far as that is known.
fn classes(model: &Model) -> u16 {
    let named = model.gallery.classes.len();
    let seen = model.selected().map_or(0, |job| job.scores.classes());
    u16::try_from(named.max(seen)).unwrap_or(u16::MAX)
}

/// Keeps the list in step with the scores, and asks for what is in sight and not there. Called after every action.
pub fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.view.screen != Screen::Images {
        return;
    }
    if list_due(model).is_some_and(|due| model.now >= due) {
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
    // The newest request stands for all before: what is still wanted is in it.
    if lacking.iter().any(|image| !gallery.asked.contains(&(id, *image))) {
        gallery.asked = lacking.iter().map(|image| (id, *image)).collect();
        effects.push(Effect::Engine(Command::Thumbnails {
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
            effects.push(Effect::Engine(Command::Inspect { job: id, spec, image }));
        }
    }
}

/// No engine any more: what it was asked for is to be asked for again.
pub fn engine_gone(model: &mut Model) {
    model.gallery.asked.clear();
    model
        .gallery
        .inspected
        .take_if(|inspected| inspected.result.is_none());
}

/// When the list is to be made anew: at once where a person changed something, soon where scores came; `None` where
/// it holds.
pub fn list_due(model: &Model) -> Option<std::time::Duration> {
    if model.view.screen != Screen::Images {
        return None;
    }
    let now = images::basis(model);
    match (&model.gallery.basis, &now, model.gallery.listed_at) {
        (before, now, _) if before == now => None,
        (Some(before), Some(now), Some(at)) if before.has_only_grown(now) && before.scored > 0 => {
            Some(at + BETWEEN_LISTS)
        }
        _ => Some(std::time::Duration::ZERO),
    }
}

fn relist(model: &mut Model) {
    let basis = images::basis(model);
    let threshold = images::threshold(model);
    let chosen = model.gallery.chosen().map(|chosen| chosen.image);
    let kept = model.gallery.basis.zip(basis);
    let only_grown = kept.is_some_and(|(before, now)| before.has_only_grown(&now));
    let (listed, total) = match model.selected() {
        Some(job) => images::list(job, model.view.detector, &model.gallery, threshold),
        None => (Vec::new(), 0),
    };
    let gallery = &mut model.gallery;
    gallery.listed = listed;
    gallery.total = total;
    gallery.threshold = threshold;
    gallery.basis = basis;
    gallery.listed_at = Some(model.now);
    // The chosen image stays chosen while the list grows around it.
    let place = chosen
        .filter(|_| only_grown)
        .and_then(|image| gallery.listed.iter().position(|listed| listed.image == image));
    gallery.chosen = place
        .unwrap_or(gallery.chosen)
        .min(gallery.listed.len().saturating_sub(1));
    gallery.is_large &= !gallery.listed.is_empty();
}

/// What the engine answers.
pub fn event(model: &mut Model, event: Event) -> Option<Redraw> {
    let gallery = &mut model.gallery;
    match event {
        Event::Classes { job, names } => gallery.name_classes(job, names),
        Event::Thumbnails { job, images } => {
            for (image, pixels) in images {
                gallery.asked.remove(&(job, image));
                gallery.keep_thumbnail(job, image, pixels);
            }
        }
        Event::Inspected { job, image, result } => {
            let asked = model.jobs.iter().find(|known| known.id == job)?.parameters();
            // An answer at an earlier T and ε is of no use any more.
            let is_current = result.as_ref().as_ref().map_or(true, |found| {
                (found.temperature, found.magnitude) == (asked.temperature, asked.magnitude)
            });
            let awaited = gallery.inspected.as_mut()?;
            if is_current && (awaited.job, awaited.image) == (job, image) {
                awaited.result = Some(*result);
            }
        }
        _ => return None,
    }
    (model.view.screen == Screen::Images).then_some(Redraw::Answer)
}
