//! Weights of any kind as safetensors, with a card.
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use odin_core::files;
use odin_core::home::Home;
use odin_core::networks::NetworkCard;
use odin_core::tasks::{ImportRequest, NewCard};
use odin_datasets::Normalisation;

use crate::networks::weights::{self, Content, PassedOver, Weights};

/// Writes the safetensors file and the card, and tells which.
pub(super) fn run(home: &Home, request: &ImportRequest) -> anyhow::Result<String> {
    let network = request.network.as_deref().unwrap_or_default();
    let mut card = NetworkCard::find(network, &home.model_folders())?;
    if request.weights_key.is_some() {
        card.weights_key.clone_from(&request.weights_key);
    }
    let card_path = card.file();
    let (weights, beside) = read(&request.file, &card)?;
    let named = request
        .says
        .name
        .as_deref()
        .map(|name| place_of(home, name))
        .transpose()?;
    let (out, new_card) = match request.out.as_ref().or(named.as_ref()) {
        Some(out) => {
            check_out(out)?;
            (out.clone(), out.with_extension("yaml"))
        }
        // What came with the program stays as it is: the weights and their card go into one's own folder.
        None if is_shipped(&card_path, home) => {
            let new_card = home.models().join(format!("{}.yaml", card.name));
            (new_card.with_extension("safetensors"), new_card)
        }
        None => (default_place(&card, &card_path), card_path.clone()),
    };
    let own_card = new_card == card_path;
    let NewCard {
        in_dataset,
        normalisation,
        ..
    } = &request.says;
    if own_card && (in_dataset.is_some() || normalisation.is_some()) {
        bail!(
            "{network} has a card, and it says what set and normalisation are its own; with `--name NAME` a new card says \
             otherwise"
        );
    }
    refuse_to_overwrite(
        std::iter::once(&out).chain((!own_card).then_some(&new_card)),
        request.force,
    )?;
    let text = std::fs::read_to_string(&card_path)
        .with_context(|| format!("cannot read {}", card_path.display()))?;
    let name = out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let text = if own_card {
        with_weights(&text, &name)
    } else {
        derived(&card, request, &name)?
    };
    let source = request
        .file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let metadata = BTreeMap::from([
        ("architecture".to_owned(), card.architecture.to_string()),
        ("imported from".to_owned(), source),
    ]);
    weights.save(&out, &metadata)?;
    if card.weights_path() != out || !own_card {
        files::write_whole(&new_card, |file| std::io::Write::write_all(file, text.as_bytes()))
            .with_context(|| new_card.display().to_string())?;
    }
    // What was written must be what was meant.
    let written = NetworkCard::load(&new_card)?;
    if written.weights_path() != out {
        bail!(
            "{}: its `weights:` line could not be changed; set it to {name} by hand",
            new_card.display()
        );
    }
    Ok(format!(
        "{}\n{}\n{}",
        out.display(),
        new_card.display(),
        line_on(&beside)
    ))
}

pub(super) fn refuse_to_overwrite<'a>(
    paths: impl IntoIterator<Item = &'a PathBuf>,
    force: bool,
) -> anyhow::Result<()> {
    match paths.into_iter().find(|path| path.exists() && !force) {
        Some(path) => bail!("{} is there already; --force writes over it", path.display()),
        None => Ok(()),
    }
}

/// A line on what lay beside the weights; nothing where nothing did.
pub(super) fn line_on(beside: &PassedOver) -> String {
    match *beside == PassedOver::default() {
        true => String::new(),
        false => format!("{beside}\n"),
    }
}

/// Whether the card lies in a folder of cards that is not one's own.
fn is_shipped(card: &Path, home: &Home) -> bool {
    let folder = card.parent();
    home.model_folders()
        .iter()
        .skip(1)
        .any(|other| folder == Some(other))
}

/// The tensors of the file, all that the network needs and no other.
fn read(file: &Path, card: &NetworkCard) -> anyhow::Result<(Weights, PassedOver)> {
    match weights::read_for(file, card.architecture, card.classes, card.weights_key.as_deref())? {
        Content::Tensors(weights, beside) => {
            weights
                .check(&card.architecture, card.classes)
                .map_err(|error| error.in_file(file))?;
            Ok((weights, beside))
        }
        Content::TorchScript(_) => bail!(
            "{} is a TorchScript program, which is used as it is: put it where the card says ({})",
            file.display(),
            card.weights_path().display()
        ),
    }
}

pub(super) fn check_out(out: &Path) -> anyhow::Result<()> {
    if out.extension().is_some_and(|e| e == "safetensors") {
        return Ok(());
    }
    bail!(
        "--out {}: a name that ends in .safetensors is needed",
        out.display()
    )
}

/// The file of weights of this name among one's own networks.
pub(super) fn place_of(home: &Home, name: &str) -> anyhow::Result<PathBuf> {
    let is_name = matches!(
        Path::new(name).components().collect::<Vec<_>>().as_slice(),
        [Component::Normal(only)] if *only == name
    );
    if !is_name || name.starts_with('.') || name.ends_with(".yaml") || name.ends_with(".safetensors") {
        bail!(
            "--name {name}: the name of a card is expected, without a folder or an ending; --out takes a path"
        );
    }
    Ok(home.models().join(format!("{name}.safetensors")))
}

/// Where the card looks already, if that is a safetensors file; else beside the card.
fn default_place(card: &NetworkCard, card_path: &Path) -> PathBuf {
    let place = card.weights_path();
    if place.extension().is_some_and(|e| e == "safetensors") {
        place
    } else {
        card_path.with_extension("safetensors")
    }
}

/// The card's text with another `weights:` line; everything else, comments too, stays.
fn with_weights(text: &str, name: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("weights:") {
            format!("weights: {}\n", quoted(name))
        } else {
            format!("{line}\n")
        }
    };
    text.lines().map(line).collect()
}

fn quoted(name: &str) -> String {
    serde_yaml::to_string(name)
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}

/// A card for other weights of the same network: what was measured with the card's own does not hold for them.
fn derived(card: &NetworkCard, request: &ImportRequest, name: &str) -> anyhow::Result<String> {
    let source = request.file.file_name().unwrap_or_default().to_string_lossy();
    let says = &request.says;
    let normalisation = match &says.normalisation {
        Some((mean, std)) => Normalisation::by_channel(mean, std)?,
        None => card.normalisation,
    };
    let mut derived = NetworkCard::new(
        format!("{} from {source}", card.architecture),
        (card.architecture, card.classes),
        PathBuf::from(name),
        says.in_dataset.clone().unwrap_or_else(|| card.in_dataset.clone()),
        normalisation,
    )?;
    derived.near.clone_from(&card.near);
    derived.far.clone_from(&card.far);
    derived.preprocessing = card.preprocessing;
    Ok(serde_yaml::to_string(&derived)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use odin_core::networks::Architecture;

    use crate::networks::read_weights;

    const CARD: &str = "title: small # mine\narchitecture: {kind: densenet-bc, depth: 10, growth: 2}\nclasses: 3\n\
                        weights: small.pth\nin_dataset: cifar10\n\
                        normalisation: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}\naccuracy: 0.9\n";

    struct Place {
        folder: tempfile::TempDir,
        home: Home,
        given: PathBuf,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::at(folder.path());
            std::fs::create_dir(home.models()).unwrap();
            std::fs::write(home.models().join("small.yaml"), CARD).unwrap();
            let given = folder.path().join("given.pth");
            let weights = Weights::initial(&Architecture::DensenetBc { depth: 10, growth: 2 }, 3, 0).unwrap();
            weights.save(&given, &BTreeMap::new()).unwrap();
            Self { folder, home, given }
        }

        fn import(&self, network: &str, out: Option<&str>, force: bool) -> anyhow::Result<String> {
            let out = out.map(|name| self.folder.path().join(name));
            let request = ImportRequest {
                file: self.given.clone(),
                network: Some(network.to_owned()),
                weights_key: None,
                out,
                says: NewCard::default(),
                force,
            };
            run(&self.home, &request)
        }
    }

    #[test]
    fn weights_come_to_where_their_card_points() {
        let place = Place::new();
        place.import("small", None, false).unwrap();
        let card = NetworkCard::find("small", &place.home.model_folders()).unwrap();
        assert_eq!(card.weights, PathBuf::from("small.safetensors"));
        assert!(read_weights(&card, None, tch::Device::Cpu).is_ok());
        let text = std::fs::read_to_string(place.home.models().join("small.yaml")).unwrap();
        assert_eq!(
            text,
            CARD.replace("small.pth", "small.safetensors"),
            "comments and all stay"
        );
        assert!(
            place
                .import("small", None, false)
                .unwrap_err()
                .to_string()
                .contains("--force")
        );
        place.import("small", None, true).unwrap();
    }

    #[test]
    fn other_weights_get_a_card_of_their_own() {
        let place = Place::new();
        place.import("small", Some("mine.safetensors"), false).unwrap();
        let card = NetworkCard::load(&place.folder.path().join("mine.yaml")).unwrap();
        assert!(read_weights(&card, None, tch::Device::Cpu).is_ok());
        assert_eq!((card.accuracy, card.classes), (None, 3));
        assert_eq!(
            std::fs::read_to_string(place.home.models().join("small.yaml")).unwrap(),
            CARD
        );
        assert!(place.import("small", Some("mine.safetensors"), false).is_err());
        assert!(place.import("small", Some("mine.pth"), false).is_err());
    }

    #[test]
    fn a_normalisation_of_other_images_leaves_nothing_behind() {
        let place = Place::new();
        let request = ImportRequest {
            file: place.given.clone(),
            network: Some("small".to_owned()),
            weights_key: None,
            out: Some(place.folder.path().join("mine.safetensors")),
            says: NewCard {
                normalisation: Some((vec![0.5], vec![0.2])),
                ..NewCard::default()
            },
            force: false,
        };
        run(&place.home, &request).unwrap_err();
        for name in ["mine.safetensors", "mine.yaml"] {
            assert!(!place.folder.path().join(name).exists(), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_leaves_nothing_behind() {
        let place = Place::new();
        let weights = Weights::initial(&Architecture::DensenetBc { depth: 10, growth: 2 }, 5, 0).unwrap();
        weights.save(&place.given, &BTreeMap::new()).unwrap();
        let text = place.import("small", None, false).unwrap_err().to_string();
        assert!(text.contains("5 classes") && text.contains("given.pth"), "{text}");
        assert!(!place.home.models().join("small.safetensors").exists());
        assert!(
            place
                .import("smal", None, false)
                .unwrap_err()
                .to_string()
                .contains("did you mean small")
        );
    }
}
