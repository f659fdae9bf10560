//! Weights of which no card says what they are: the network is found out by its tensors, and a card is written.
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use odin_core::files;
use odin_core::home::Home;
use odin_core::networks::recognise::{assumptions, doubt};
use odin_core::networks::{Architecture, NetworkCard, Stem};
use odin_core::tasks::ImportRequest;
use odin_datasets::{Channels, Dataset, Normalisation, Preprocessing, Resize};

use super::ask::Ask;
use super::import_weights::{line_on, refuse_to_overwrite};
use crate::engine::normalising::{Telling, Trial, try_well_known, unnormalised};
use crate::engine::preflight;
use crate::networks::weights::{self, Content, PassedOver, Recognised, Weights};

/// Labelled images on which normalisations are tried.
const IMAGES: usize = 500;

/// Shorter sides of images that are photographs, and not made for a network of small ones.
const PHOTOGRAPH: usize = 160;

/// What was read of the file.
struct Given {
    /// The file's name.
    source: String,
    recognised: Recognised,
    weights: Weights,
    beside: PassedOver,
}

/// The in-distribution set as a card names it, and its images where they are here.
struct InDistribution {
    name: String,
    images: Result<Dataset, String>,
    preprocessing: Preprocessing,
}

/// How images are normalised, and what there is to tell of it.
struct Chosen {
    normalisation: Normalisation,
    told: String,
}

pub(super) fn run(home: &Home, request: &ImportRequest, ask: Ask<'_>) -> anyhow::Result<String> {
    let given = read(request)?;
    let head = format!("{}: {}", given.source, given.recognised);
    let mut told = format!("{head}\n");
    let mut missing = Vec::new();
    let said = format!("{head}\nname of its card");
    let out = match place(home, request, &given.source, &said, ask)? {
        Some(out) => {
            refuse_to_overwrite([&out, &out.with_extension("yaml")], request.force)?;
            Some(out)
        }
        None => {
            missing.push("its name, `--name NAME`".to_owned());
            None
        }
    };
    let set = in_distribution(home, request, &given.recognised, ask)?;
    if set.is_none() {
        missing.push("the set whose images it was trained for, `--in-dataset NAME|PATH`".to_owned());
    }
    let chosen = match &set {
        Some(set) => normalisation(home, request, &given, set, ask)?,
        None => given_normalisation(request)?
            .map(|normalisation| {
                Ok(Chosen {
                    normalisation,
                    told: String::new(),
                })
            })
            .unwrap_or_else(|| Err("with labelled images of that set it would be tried out".to_owned())),
    };
    if let Err(why) = &chosen {
        let flags = match channels(&given.recognised.architecture) {
            Channels::Rgb => "`--mean a,b,c --std a,b,c`",
            Channels::Grey => "`--mean a --std a`",
        };
        missing.push(format!("its normalisation, {flags} ({why})"));
    }
    let (Some(out), Some(set), Ok(chosen)) = (out, set, chosen) else {
        bail!("{head}. The tensors do not say {}", missing.join("; nor "));
    };
    if let Some(doubt) = doubt(&given.recognised.architecture) {
        writeln!(told, "warning: {doubt}")?;
    }
    told.push_str(&chosen.told);
    let card = write(&given, &set, chosen.normalisation, &out)?;
    if request.says.normalisation.is_some() {
        told.push_str(&accuracy(&card, &set)?);
    }
    Ok(format!(
        "{told}{}\n{}\n{}",
        out.display(),
        out.with_extension("yaml").display(),
        line_on(&given.beside)
    ))
}

fn read(request: &ImportRequest) -> anyhow::Result<Given> {
    let file = &request.file;
    let (content, recognised) = weights::read_unknown(file, request.weights_key.as_deref())?;
    let (Content::Tensors(weights, beside), Some(recognised)) = (content, recognised) else {
        bail!(
            "{} is a TorchScript program, which is used as it is: a card with `architecture: {{kind: torchscript, input: \
             [3, H, W]}}` and it as `weights` is all that it needs",
            file.display()
        );
    };
    let Recognised {
        architecture,
        classes,
        ..
    } = recognised;
    weights
        .check(&architecture, classes)
        .map_err(|error| error.in_file(file))?;
    Ok(Given {
        source: file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        recognised,
        weights,
        beside,
    })
}

/// The safetensors file to write; `None` where nobody says its name.
fn place(
    home: &Home,
    request: &ImportRequest,
    source: &str,
    question: &str,
    ask: Ask<'_>,
) -> anyhow::Result<Option<PathBuf>> {
    if let Some(out) = &request.out {
        super::import_weights::check_out(out)?;
        return Ok(Some(out.clone()));
    }
    let stem = source.split('.').next().unwrap_or_default();
    let default = (!stem.is_empty()).then_some(stem);
    let name = match &request.says.name {
        Some(name) => name.clone(),
        None => match ask(question, default)? {
            Some(name) => name,
            None => return Ok(None),
        },
    };
    Ok(Some(super::import_weights::place_of(home, &name)?))
}

/// `None` where nobody says which it is.
fn in_distribution(
    home: &Home,
    request: &ImportRequest,
    recognised: &Recognised,
    ask: Ask<'_>,
) -> anyhow::Result<Option<InDistribution>> {
    let folders = home.data_folders();
    let likely = match recognised.classes {
        10 => Some("cifar10"),
        100 => Some("cifar100"),
        1000 => Some("imagenet"),
        _ => None,
    };
    let likely = likely.filter(|name| odin_datasets::find(name, &folders).is_ok());
    let name = match &request.says.in_dataset {
        Some(name) => name.clone(),
        None => match ask("the set that it was trained for, a card's name or a path", likely)? {
            Some(name) => name,
            None => return Ok(None),
        },
    };
    let (card, root) = odin_datasets::find(&name, &folders)?;
    let classes = card.class_names.len();
    if classes > 0 && classes != recognised.classes {
        bail!(
            "{name} has {classes} classes, and the weights tell {} apart: name the set that they were trained for",
            recognised.classes
        );
    }
    let images = match card.is_present(&root) {
        Ok(()) => Dataset::open(&card, &root).map_err(|error| error.to_string()),
        Err(missing) => Err(missing.to_string()),
    };
    let is_card = folders
        .iter()
        .any(|folder| folder.join(format!("{name}.yaml")).is_file());
    // A path means the same from everywhere only where it is whole.
    let name = match Path::new(&name).canonicalize() {
        Ok(path) if !is_card => path.to_string_lossy().into_owned(),
        _ => name,
    };
    let own = card.preprocessing != Preprocessing::default();
    let preprocessing = match (own, &recognised.architecture) {
        (false, Architecture::Resnet(resnet)) if resnet.stem == Stem::Imagenet => photographs(&images),
        _ => Preprocessing::default(),
    };
    Ok(Some(InDistribution {
        name,
        images,
        preprocessing,
    }))
}

/// The steps that networks for ImageNet are evaluated with, unless the images are small ones.
fn photographs(images: &Result<Dataset, String>) -> Preprocessing {
    let is_small = |images: &Dataset| images.size(0).is_ok_and(|(h, w)| h.min(w) < PHOTOGRAPH);
    if images.as_ref().is_ok_and(is_small) {
        return Preprocessing::default();
    }
    Preprocessing {
        resize: Some(Resize::Shorter(256)),
        crop: Some(224),
        ..Preprocessing::default()
    }
}

fn channels(architecture: &Architecture) -> Channels {
    match architecture.channels() {
        Some(1) => Channels::Grey,
        _ => Channels::Rgb,
    }
}

fn given_normalisation(request: &ImportRequest) -> anyhow::Result<Option<Normalisation>> {
    let given = request.says.normalisation.as_ref();
    Ok(given
        .map(|(mean, std)| Normalisation::by_channel(mean, std))
        .transpose()?)
}

/// By what the person says, or by trying; else why neither is possible.
fn normalisation(
    home: &Home,
    request: &ImportRequest,
    given: &Given,
    set: &InDistribution,
    ask: Ask<'_>,
) -> anyhow::Result<Result<Chosen, String>> {
    if let Some(normalisation) = given_normalisation(request)? {
        let told = String::new();
        return Ok(Ok(Chosen { normalisation, told }));
    }
    let trial = tried(home, given, set)?;
    let told = match &trial {
        Ok(trial) => format!("of {} images of {} are right: {trial}", trial.images, set.name),
        Err(why) => why.clone(),
    };
    let best = trial.as_ref().ok().and_then(|trial| trial.tried.first());
    let shown = |n: &Normalisation| format!("{} / {}", listed(n.mean()), listed(n.std()));
    let default = best.map(|best| shown(&best.normalisation));
    let question = format!("{told}\nmean / standard deviation, of images in [0, 1]");
    if let Some(answer) = ask(&question, default.as_deref())? {
        let normalisation = parsed(&answer)?;
        return Ok(Ok(Chosen {
            normalisation,
            told: format!("{told}\n"),
        }));
    }
    Ok(match (&trial, best) {
        (
            Ok(Trial {
                telling: Some(telling),
                ..
            }),
            Some(best),
        ) => {
            let how = match telling {
                Telling::Accuracy => "clearly the best",
                Telling::Averages => "the one that the averages in its first batch norm are of",
            };
            let name = best.name;
            let values = shown(&best.normalisation);
            Ok(Chosen {
                normalisation: best.normalisation,
                told: format!("{told}\nnormalisation taken: {name}, {values}, {how}\n"),
            })
        }
        (Ok(_), _) => Err(format!("none of the well-known ones is clearly the best: {told}")),
        (Err(why), _) => Err(why.clone()),
    })
}

fn tried(home: &Home, given: &Given, set: &InDistribution) -> anyhow::Result<Result<Trial, String>> {
    let images = match &set.images {
        Ok(images) => images,
        Err(why) => return Ok(Err(format!("it cannot be tried out: {why}"))),
    };
    let architecture = given.recognised.architecture;
    let plain = unnormalised(channels(&architecture))?;
    let card = card(given, set, plain, Path::new("weights.safetensors"))?;
    let opened;
    let images = match set.preprocessing == Preprocessing::default() {
        true => images,
        false => {
            opened = card.open_set(&set.name, &home.data_folders())?;
            &opened
        }
    };
    if let Ok((height, width)) = images.size(0)
        && let Err(error) = architecture.accepts(height, width)
    {
        return Ok(Err(format!("it cannot be tried out: {error}")));
    }
    let most = images.labels().unwrap_or_default().iter().max();
    if let Some(label) = most.filter(|label| usize::from(**label) >= card.classes) {
        bail!(
            "{} has a class numbered {label}, and the weights tell {} apart, from 0: name the set that they were trained for",
            set.name,
            card.classes
        );
    }
    let trial = try_well_known(&card, &given.weights, images, IMAGES, tch::Device::Cpu)?;
    Ok(trial.ok_or_else(|| format!("it cannot be tried out: {} has no labels", set.name)))
}

fn listed(values: &[f32]) -> String {
    let all: Vec<String> = values.iter().map(f32::to_string).collect();
    all.join(",")
}

/// Of `0.5,0.5,0.5 / 0.2,0.2,0.2`.
fn parsed(answer: &str) -> anyhow::Result<Normalisation> {
    let numbers =
        |text: &str| -> Option<Vec<f32>> { text.split(',').map(|n| n.trim().parse().ok()).collect() };
    let both = answer
        .split_once('/')
        .and_then(|(mean, std)| Some((numbers(mean)?, numbers(std)?)));
    let Some((mean, std)) = both else {
        bail!("`{answer}` is no mean and standard deviation, as in `0.5,0.5,0.5 / 0.2,0.2,0.2`");
    };
    Ok(Normalisation::by_channel(&mean, &std)?)
}

fn card(
    given: &Given,
    set: &InDistribution,
    normalisation: Normalisation,
    weights: &Path,
) -> anyhow::Result<NetworkCard> {
    let Recognised {
        architecture,
        classes,
        ..
    } = given.recognised;
    let title = format!("{architecture} from {}", given.source);
    let file = weights.file_name().map(PathBuf::from).unwrap_or_default();
    let mut card = NetworkCard::new(
        title,
        (architecture, classes),
        file,
        set.name.clone(),
        normalisation,
    )?;
    card.preprocessing = set.preprocessing;
    Ok(card)
}

/// The weights and their card, which says what was assumed.
fn write(
    given: &Given,
    set: &InDistribution,
    normalisation: Normalisation,
    out: &Path,
) -> anyhow::Result<NetworkCard> {
    let card = card(given, set, normalisation, out)?;
    let recognised = &given.recognised;
    let mut text = format!("# Recognised by names and shapes of the tensors: {recognised}.\n");
    let mut assumed: Vec<String> = assumptions(&recognised.architecture)
        .into_iter()
        .map(str::to_owned)
        .collect();
    if card.preprocessing != Preprocessing::default() {
        assumed.push(
            "images are brought to 224×224 pixels, as networks for ImageNet are evaluated (`preprocessing`)"
                .to_owned(),
        );
    }
    if !assumed.is_empty() {
        text.push_str("# Tensors leave open, and it was assumed, that\n");
        for line in assumed {
            writeln!(text, "# - {line}")?;
        }
    }
    text.push_str(&serde_yaml::to_string(&card)?);
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let metadata = BTreeMap::from([
        ("architecture".to_owned(), recognised.architecture.to_string()),
        ("imported from".to_owned(), given.source.clone()),
    ]);
    given.weights.save(out, &metadata)?;
    let path = out.with_extension("yaml");
    files::write_whole(&path, |file| std::io::Write::write_all(file, text.as_bytes()))
        .with_context(|| path.display().to_string())?;
    Ok(NetworkCard::load(&path)?)
}

/// How the network does on the set with the normalisation that the person gave.
fn accuracy(card: &NetworkCard, set: &InDistribution) -> anyhow::Result<String> {
    let Ok(images) = &set.images else {
        return Ok(String::new());
    };
    let fits = images
        .size(0)
        .is_ok_and(|(h, w)| card.architecture.accepts(h, w).is_ok());
    if !fits || set.preprocessing != Preprocessing::default() {
        return Ok(String::new());
    }
    let found = preflight::preflight(card, None, images, IMAGES, tch::Device::Cpu)?;
    let Some(found) = found else {
        return Ok(String::new());
    };
    let warning = found
        .complaint()
        .map(|complaint| format!("warning: {complaint}\n"));
    Ok(format!(
        "{:.1} % of {} images of {} are right\n{}",
        100.0 * found.accuracy(),
        found.images,
        set.name,
        warning.unwrap_or_default()
    ))
}
