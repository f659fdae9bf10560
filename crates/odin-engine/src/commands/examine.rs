//! What `odin doctor` asks: libtorch, devices, and whether networks do here what their cards say.
use std::path::Path;

use odin_core::home::Home;
use odin_core::networks::{Architecture, CardError, NetworkCard};
use odin_core::tasks::{Examination, Finding};
use odin_core::units::Device;

use crate::engine::{device, memory, preflight};
use crate::networks::weights::PassedOver;
use crate::networks::{Loaded, read_weights};

use super::other_libtorch;

/// What there is to say, in order.
pub(super) fn run(examination: &Examination) -> anyhow::Result<Vec<Finding>> {
    match examination {
        Examination::Machine => {
            let mut findings = libtorch();
            if let Ok(home) = Home::find() {
                findings.extend(networks(&home));
            }
            Ok(findings)
        }
        Examination::Network {
            name,
            weights,
            images,
            device,
        } => network(name, weights.as_deref(), *images, *device),
    }
}

/// One network on its in-distribution set.
fn network(
    name: &str,
    weights: Option<&Path>,
    images: usize,
    device: Device,
) -> anyhow::Result<Vec<Finding>> {
    let home = Home::find()?;
    let card = NetworkCard::find(name, &home.model_folders())?;
    let device = device::of_torch(device::resolve(device)?);
    let mut findings = vec![Finding::well(
        "network",
        format!("{}: {}, {} classes", card.name, card.architecture, card.classes),
    )];
    let loaded = read_weights(&card, weights, device)?;
    let program = matches!(card.architecture, Architecture::Torchscript { .. });
    findings.push(Finding::well(
        "weights",
        match program {
            true => "a program that runs, and judges each image by itself".to_owned(),
            false => tensors_found(loaded.passed_over()),
        },
    ));
    if program {
        let notes = loaded.notes().into_iter();
        findings.extend(notes.map(|note| Finding::unwell("output", "not what scores need", note)));
        findings.push(Finding::well("features", features_found(&loaded)));
    }
    if let Some(why) = loaded.no_gradient() {
        findings.push(Finding::unwell("gradient", "none to the image", why));
    }
    findings.push(Finding::well(
        "mode",
        "evaluation: batch normalisation uses its running statistics",
    ));
    let set = card.open_set(&card.in_dataset, &home.data_folders())?;
    if let Ok((height, width)) = set.size(0)
        && let Err(error) = card.architecture.accepts(height, width)
    {
        let text = format!("{}: image 0 is {height}×{width} pixels", set.name());
        let advice =
            format!("{error}; `preprocessing` in its card, or in the network's, brings them to size");
        findings.push(Finding::unwell("images", text, advice));
        return Ok(findings);
    }
    for note in set.notes() {
        findings.push(Finding::well("note", format!("{}: {note}", set.name())));
    }
    let found = preflight::preflight(&card, weights, &set, images, device)?;
    let lacks = found.as_ref().and_then(|found| found.lacks.clone());
    findings.push(match found {
        None => Finding::well("accuracy", format!("not known: {} has no labels", set.name())),
        Some(found) => {
            let published = found
                .published
                .map_or(String::new(), |p| format!(", the card says {:.2} %", 100.0 * p));
            let text = format!(
                "{:.2} % of {} images of {}{published}",
                100.0 * found.accuracy(),
                found.images,
                set.name()
            );
            match found.complaint() {
                Some(complaint) => Finding::unwell("accuracy", text, complaint),
                None => Finding::well("accuracy", text),
            }
        }
    });
    if let Some(lacks) = lacks {
        findings.push(Finding::unwell("classes", "some were not tried", lacks));
    }
    Ok(findings)
}

/// Of a program: which last layer has been found in it, or why none.
fn features_found(program: &Loaded) -> String {
    let why = program.no_features().or(program.no_last_layer());
    match (program.last_layer_found(), why) {
        (Some((name, width)), _) => format!("{width} an image; `{name}` takes them to the logits"),
        (None, Some(why)) => format!("not for every detector: {why}"),
        (None, None) => "not known".to_owned(),
    }
}

fn tensors_found(beside: &PassedOver) -> String {
    let found = "every tensor there, of the right shape, and finite";
    match *beside == PassedOver::default() {
        true => found.to_owned(),
        false => format!("{found}; {beside}"),
    }
}

fn libtorch() -> Vec<Finding> {
    let threads = format!(
        "{} threads in one operation, {} cores",
        tch::get_num_threads(),
        cores()
    );
    let linked = cfg!(linked_cuda);
    let gpu = match device::why_no_gpu() {
        None => Finding::well("GPU", gpus()),
        Some(reason) => Finding {
            name: "GPU".to_owned(),
            found: format!("none: {reason}"),
            advice: reason.advice().map(str::to_owned),
        },
    };
    let mut findings = vec![
        Finding::well(
            "libtorch",
            format!("2.11 (tch 0.24), {}", if linked { "with CUDA" } else { "CPU" }),
        ),
        Finding::well("CPU", threads),
        gpu,
    ];
    if !linked {
        findings.extend(other_libtorch::finding());
    }
    findings
}

/// How many, and what of their memory is in use.
fn gpus() -> String {
    let count = device::gpus();
    let each = (0..count.max(0) as usize).filter_map(|n| {
        let device = Device::Cuda(n);
        Some(format!("{device} {}", memory::of(device)?))
    });
    let each: Vec<String> = each.collect();
    match each.is_empty() {
        true => format!("{count} that libtorch can use"),
        false => format!(
            "{count} that libtorch can use; memory in use: {}",
            each.join(", ")
        ),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn networks(home: &Home) -> Vec<Finding> {
    let check = |(name, card): (String, Result<NetworkCard, CardError>)| match card {
        Err(error) => Finding::unwell("network", name, error.to_string()),
        Ok(card) if !card.weights_path().exists() => {
            Finding::well("network", format!("{name}: no weights here"))
        }
        Ok(card) => match read_weights(&card, None, device::of_torch(Device::Cpu)) {
            Ok(_) => Finding::well(
                "network",
                format!("{name}: {}, every tensor there and finite", card.architecture),
            ),
            Err(error) => Finding::unwell("network", name, error.to_string()),
        },
    };
    NetworkCard::list(&home.model_folders())
        .into_iter()
        .map(check)
        .collect()
}
