//! Images to look at, out of an engine that scores noise.
use std::time::Duration;

use super::tests::{TestEngine, side, spec};
use odin_core::comparisons::{JobCommand, JobEvent};
use odin_core::protocol::{ImageId, JobId, JobSpec, Order};
use odin_metrics::Side;

fn image(side: Side, index: u32) -> ImageId {
    ImageId { side, index }
}

#[test]
fn thumbnails_and_class_names_need_no_weights() {
    let engine = TestEngine::new();
    std::fs::remove_file(engine.folder.path().join("models/small.safetensors")).unwrap();
    let images: Vec<ImageId> = (0..11)
        .map(|n| image(Side::Out, n))
        .chain([image(Side::In, 99)])
        .collect();
    engine.tell(JobCommand::Thumbnails {
        job: JobId::Job(3),
        spec: spec(1000.0, 0.002, Order::Random),
        images: images.clone(),
    });
    let mut seen = Vec::new();
    while seen.len() < images.len() {
        match engine.events.recv_timeout(Duration::from_secs(60)).unwrap() {
            JobEvent::Thumbnails { job, images } => {
                assert_eq!(job, JobId::Job(3));
                seen.extend(images);
            }
            JobEvent::Classes { names, .. } => assert!(names.is_empty(), "noise has no classes"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen.iter().map(|one| one.0).collect::<Vec<_>>(), images);
    let (last, shown) = seen.split_last().unwrap();
    assert!(
        last.1.as_ref().unwrap_err().text.contains("99"),
        "there are only 40"
    );
    for (_, pixels) in shown {
        let pixels = pixels.as_ref().unwrap();
        assert_eq!((pixels.height, pixels.width, pixels.rgb.len()), (32, 32, 3072));
    }
}

#[test]
fn an_inspection_says_what_scoring_says() {
    let mut engine = TestEngine::new();
    for magnitude in [0.002, 0.0] {
        let spec = spec(100.0, magnitude, Order::File);
        let scored = engine.score(spec.clone()).unwrap();
        let known = side(&scored, Side::Out)
            .into_iter()
            .find(|row| row.index == 7)
            .unwrap();
        let asked = image(Side::Out, 7);
        engine.tell(JobCommand::Inspect {
            job: JobId::Job(0),
            spec,
            image: asked,
        });
        let found = loop {
            if let JobEvent::Inspected { image, result, .. } =
                engine.events.recv_timeout(Duration::from_secs(60)).unwrap()
            {
                assert_eq!(image, asked);
                break result.unwrap();
            }
        };
        assert!((found.odin.0 - known.odin).abs() < 1e-4 * known.odin.abs().max(1.0));
        assert!((found.baseline.0 - known.baseline).abs() < 1e-4 * known.baseline.abs().max(1.0));
        let greatest = |logits: &[f32]| odin_detectors::argmax(logits) as u16;
        assert_eq!(
            (greatest(&found.logits_before), found.label),
            (known.prediction, None)
        );
        assert_eq!(found.logits_before == found.logits_after, magnitude == 0.0);
        // Black lowers, white raises: by ε, before rounding to 8 bits.
        let pairs = found
            .original
            .rgb
            .iter()
            .zip(&found.perturbed.rgb)
            .zip(&found.perturbation.rgb);
        for ((&before, &after), &sign) in pairs {
            let by = magnitude * 255.0 * if sign == 255 { 1.0 } else { -1.0 };
            let wanted = (f64::from(before) + by).clamp(0.0, 255.0);
            assert!(
                (f64::from(after) - wanted).abs() <= 1.0,
                "{before} {after} {sign}"
            );
            assert!(sign == 0 || sign == 255);
        }
    }
    engine.tell(JobCommand::Inspect {
        job: JobId::Job(0),
        spec: JobSpec {
            dataset: "large".into(),
            ..spec(100.0, 0.0, Order::File)
        },
        image: image(Side::Out, 0),
    });
    let refused = loop {
        if let JobEvent::Inspected { result, .. } =
            engine.events.recv_timeout(Duration::from_secs(60)).unwrap()
        {
            break result.unwrap_err();
        }
    };
    assert!(refused.text.contains("large, image 0"), "{refused}");
}
