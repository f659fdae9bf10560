//! The Explore screen.
use super::{colour, draw, snapshot, styles, text, working};
use crate::app::fake::{feed, started, wait};
use crate::app::{Action, Catalogue, Key, Model, update};
use crate::ui::{Colours, Look, ThemeName};
use odin_core::networks::{Measures, Published, PublishedRow};
use odin_core::session::Marks;
use odin_core::units::{Magnitude, Temperature};

fn press(model: &mut Model, keys: &str) {
    for key in keys.split(' ') {
        let key: Key = key.parse().unwrap();
        update(model, Action::Key(key));
    }
}

fn with_published(model: &mut Model) {
    let measures = |fpr95: f64| Measures {
        fpr95,
        detection_error: 9.7,
        auroc: 95.4,
        aupr_in: 96.4,
        aupr_out: 94.0,
    };
    let row = PublishedRow {
        set: "mnist-digits".to_owned(),
        magnitude: Magnitude::PAPER,
        baseline: measures(33.6),
        odin: measures(3.8),
    };
    let published = Published {
        source: "a paper".to_owned(),
        weights: None,
        temperature: Temperature::PAPER,
        skip: 0,
        rows: vec![row],
    };
    let catalogue = Catalogue {
        published: [("fashion-densenet".to_owned(), published)].into(),
        ..Catalogue::default()
    };
    update(model, Action::Catalogue(Box::new(catalogue)));
}

/// Another setting of the first job is shown, and the one before is pinned.
fn pinned() -> Model {
    let mut model = working();
    press(&mut model, "i H");
    feed(&mut model, 0, 0, 2000, 2000);
    wait(&mut model, 3000);
    model
}

#[test]
fn a_pinned_setting_beside_the_one_shown() {
    let mut model = pinned();
    snapshot!("pinned_80x24", text(&draw(&model, &colour(), 80, 24).0));
    snapshot!("pinned_80x24_colours", styles(&draw(&model, &colour(), 80, 24).0));
    snapshot!("pinned_120x40", text(&draw(&model, &colour(), 120, 40).0));
    snapshot!("pinned_200x60", text(&draw(&model, &colour(), 200, 60).0));
    let ascii = text(&draw(&model, &Look::new(Colours::None, false), 120, 40).0);
    snapshot!("pinned_120x40_ascii", &ascii);
    assert!(ascii.is_ascii());
    press(&mut model, "b");
    let both = text(&draw(&model, &colour(), 120, 40).0);
    assert!(
        both.contains("B baseline") && both.contains("A: ODIN T 1000"),
        "{both}"
    );
}

#[test]
fn a_long_name_of_a_detector_has_room_above_its_numbers() {
    let mut model = working();
    press(&mut model, "b b");
    wait(&mut model, 4000);
    let picture = text(&draw(&model, &colour(), 120, 40).0);
    assert!(picture.contains(" 95 %  max logit "), "{picture}");
    snapshot!("max_logit_120x40", picture);
    snapshot!("max_logit_80x24", text(&draw(&model, &colour(), 80, 24).0));
}

#[test]
fn published_numbers_stand_beside_ones_own() {
    let mut model = working();
    with_published(&mut model);
    snapshot!("published_120x40", text(&draw(&model, &colour(), 120, 40).0));
    let wide = text(&draw(&model, &colour(), 200, 60).0);
    assert!(wide.contains("33.6/3.8") && wide.contains("published"), "{wide}");
    update(&mut model, Action::SelectJob(1));
    assert!(!text(&draw(&model, &colour(), 200, 60).0).contains("published"));
}

#[test]
fn the_ccr_curve_counts_blocks_and_few_images() {
    let mut model = started();
    feed(&mut model, 0, 0, 100, 400);
    wait(&mut model, 3000);
    snapshot!("few_120x40", text(&draw(&model, &colour(), 120, 40).0));
    press(&mut model, "r . #");
    snapshot!(
        "ccr_counts_blocks_120x40",
        text(&draw(&model, &colour(), 120, 40).0)
    );
    press(&mut model, "z ^");
    draw(&model, &colour(), 80, 24);
}

#[test]
fn tuning_on_the_images_shown_is_said() {
    let mut model = working();
    let said = |model: &Model, width, height| {
        text(&draw(model, &colour(), width, height).0).contains("tuned on these images")
    };
    assert!(!said(&model, 80, 24));
    press(&mut model, "l");
    assert!(said(&model, 80, 24) && said(&model, 120, 40));
}

#[test]
fn a_device_shows_its_memory_in_as_many_words_as_fit() {
    let mut model = working();
    let memory = |used: u64, total: u64| odin_core::units::Memory {
        used: used << 28,
        total: total << 30,
    };
    let tell = |model: &mut Model, device, memory| {
        let event = odin_core::comparisons::JobEvent::Memory { device, memory };
        crate::app::update(model, Action::Engine(event));
    };
    let lines = |model: &Model, width| {
        let picture = text(&draw(model, &colour(), width, 40).0);
        picture.lines().take(4).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = lines(&model, 120);
    assert!(before[0].contains("cpu: CPU, 2 threads") && !before[0].contains("GiB"));
    tell(&mut model, odin_core::units::Device::Cpu, memory(5, 15));
    let wide = lines(&model, 200);
    assert!(
        wide[0].contains("cpu: CPU, 2 threads · 1.2 of 15.0 GiB"),
        "{wide:?}"
    );
    assert!(
        wide[2].contains("cpu · 1.2 of 15.0 GiB"),
        "the job on it: {wide:?}"
    );
    assert!(!wide[3].contains("GiB"), "once is enough: {wide:?}");
    assert!(lines(&model, 120)[0].contains("cpu: CPU, 2 threads · 1.2 of 15.0 GiB"));
    assert!(lines(&model, 80)[0].contains("cpu 1.2G"));
    // A GPU that no one has told of any more is another device.
    tell(&mut model, odin_core::units::Device::Cuda(0), memory(12, 139));
    assert!(lines(&model, 200)[0].contains("1.2 of 15.0 GiB"));
    crate::app::update(&mut model, Action::EngineGone("killed".to_owned()));
    assert!(model.memory.is_empty(), "what nobody measures is not shown");
}

#[test]
fn plots_are_pixels_where_the_terminal_shows_pictures() {
    let mut model = started();
    feed(&mut model, 0, 0, 2000, 2000);
    wait(&mut model, 4000);
    for (width, height, light, plots) in [(80, 24, false, 2), (200, 60, true, 3)] {
        let theme = if light { ThemeName::Light } else { ThemeName::Dark };
        let look = Look {
            cell: Some((8, 16)),
            ..Look::themed(theme, Colours::True, true)
        };
        let (_, hits) = draw(&model, &look, width, height);
        assert_eq!(hits.plots.len(), plots, "{width}x{height}");
        for (n, (area, pixels)) in hits.plots.iter().enumerate() {
            assert_eq!((pixels.width, pixels.height), (8 * area.width, 16 * area.height));
            let paper = if light { 255 } else { 0 };
            let inked = pixels.rgb.iter().filter(|value| **value != paper).count();
            let share = inked as f64 / pixels.rgb.len() as f64;
            assert!((0.005..0.9).contains(&share), "plot {n}: {share}");
        }
        // What lies on top is not covered, and below it the plots are of characters.
        update(&mut model, Action::ToggleHelp);
        let (_, hits) = draw(&model, &look, width, height);
        assert!(hits.plots.is_empty());
        update(&mut model, Action::Dismiss);
        model.view.marks = Marks::Braille;
        assert!(draw(&model, &look, width, height).1.plots.is_empty());
        model.view.marks = Marks::Pixels;
    }
}
