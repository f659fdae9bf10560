//! What `odin doctor` asks: libtorch, devices, and whether networks do here what their cards say.
use std::path::Path;

use odin_core::home::Home;
use odin_core::networks::{CardError, NetworkCard};
use odin_core::tasks::{Examination, Finding};
use odin_core::units::Device;
use odin_datasets::{self as datasets, Dataset};

use crate::engine::{device, memory, preflight};
use crate::networks::read_weights;

/// What there is to say, in order.
pub fn run(examination: &Examination) -> anyhow::Result<Vec<Finding>> {
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
    let card = NetworkCard::find(name, &home.models())?;
    let device = device::of_torch(device::resolve(device)?);
    let mut findings = vec![Finding::well(
        "network",
        format!("{}: {}, {} classes", card.name, card.architecture, card.classes),
    )];
    read_weights(&card, weights, device)?;
    findings.push(Finding::well(
        "weights",
        "every tensor there, of the right shape, and finite",
    ));
    findings.push(Finding::well(
        "mode",
        "evaluation: batch normalisation uses its running statistics",
    ));
    let (set_card, root) = datasets::find(&card.in_dataset, &[home.data()])?;
    let set = Dataset::open(&set_card, &root)?;
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

fn libtorch() -> Vec<Finding> {
    let threads = format!(
        "{} threads in one operation, {} cores",
        tch::get_num_threads(),
        cores()
    );
    let linked = cfg!(linked_cuda);
    let gpu = match (linked, tch::utils::has_cuda(), device::gpus()) {
        (_, true, 1..) => Finding::well("GPU", gpus()),
        (_, true, _) => Finding::unwell(
            "GPU",
            "none, though this libtorch has CUDA",
            "is the driver loaded? `nvidia-smi` tells",
        ),
        (true, false, _) => Finding::unwell(
            "GPU",
            "CUDA was linked and did not load",
            "the linker may have dropped libtorch_cuda, or a CUDA library is missing beside it",
        ),
        (false, false, _) => Finding::well("GPU", "none: this program is built against a libtorch for CPUs"),
    };
    vec![
        Finding::well(
            "libtorch",
            format!("2.11 (tch 0.24), {}", if linked { "with CUDA" } else { "CPU" }),
        ),
        Finding::well("CPU", threads),
        gpu,
    ]
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
    NetworkCard::list(&home.models()).into_iter().map(check).collect()
}
