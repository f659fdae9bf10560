//! Named tensors of a network: read, checked against what the architecture needs, written.
//!
//! What a file is, is found out from its content (`container`): safetensors, or PyTorch's formats (`torch`), whose
//! pickles are read as data ([`pickle`](odin_datasets::pickle); what their calls stand for is in `calls`) and searched
//! for tensors (`state_dict`, `tensor`). Which of them are the network's is for `fit` to say; other projects' names
//! become ours (`rename`, `scheme`, `schemes`), what they keep in parts one tensor (`join`), and position embeddings those of the card's images
//! (`positions`). One machine of our own for all of PyTorch's kinds, whole modules of 2017 among them, rather than
//! a crate that reads some: it has to know few opcodes and refuse the rest. Nothing here knows a forward pass.
mod calls;
mod container;
mod differences;
mod fit;
mod positions;
mod recognise;
mod recognised;
mod rename;
mod schemes;
mod scheme;
mod join;
mod safetensors;
mod shards;
mod state_dict;
mod tensor;
mod torch;
mod view;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use tch::{Device, Kind, TchError, Tensor};

use super::reason::reason_of;
use super::torchscript::ProgramError;
use container::Kind as FileKind;
pub use differences::{Mismatches, PassedOver};
use odin_core::networks::recognise::families;
use odin_core::networks::{Architecture, ArchitectureError, Parameter, Role};
use odin_core::protocol::FailureKind;
use odin_datasets::pickle::PickleError;
pub use recognised::{Nearest, Recognised};
pub(crate) use shards::shards_of;

/// Why weights could not be read, or are not those of the network.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Format { path: PathBuf, reason: String },
    #[error("{}: {error}", path.display())]
    InFile { path: PathBuf, error: Box<Self> },
    #[error(
        "{}: refused. To load it, Python would call `{name}`, which no weights need; nothing was run. Where you trust the \
         file, save `model.state_dict()` from it",
        path.display()
    )]
    Forbidden { path: PathBuf, name: String },
    #[error(
        "{}: is a TorchScript program, and {architecture} needs tensors; a card with `architecture: {{kind: torchscript, \
         input: [3, H, W]}}` runs it as it is",
        path.display()
    )]
    TorchScript { path: PathBuf, architecture: String },
    #[error(
        "{}: holds tensors without a program, and the card says TorchScript; name the architecture in the card, or save \
         the network with `torch.jit.trace` and `.save`",
        path.display()
    )]
    NotTorchScript { path: PathBuf },
    #[error(
        "the weights tell {found} classes apart, and the card says {classes}; correct `classes` in the card, or take other weights"
    )]
    Classes { found: i64, classes: usize },
    #[error("the weights do not fit {architecture} with {classes} classes: {mismatches}")]
    Mismatch {
        architecture: Architecture,
        classes: usize,
        mismatches: Box<Mismatches>,
    },
    #[error(
        "its tensors are those of no network that is known here ({}). {}. A card of your own may describe it (`--network \
         CARD`), and any other classifier comes as TorchScript: `odin export-script` prints how",
        families().join(", "),
        nearest_or_names(.nearest.as_deref(), .names)
    )]
    Unrecognised {
        nearest: Option<Box<Nearest>>,
        /// Of all its tensors.
        names: Vec<String>,
    },
    #[error(
        "holds several networks: {}; name the weights you mean by `--weights-key`, or the network by its card, `--network CARD`",
        .networks.join("; ")
    )]
    SeveralNetworks { networks: Vec<String> },
    #[error("tensor {name} holds {count} values that are not finite (NaN or infinity)")]
    NotFinite { name: String, count: i64 },
    #[error("the weights of {network} are not here: {} is missing; {advice}", path.display())]
    Absent {
        network: String,
        path: PathBuf,
        advice: String,
        /// The name by which `odin fetch` brings them, where it can.
        fetch: Option<String>,
    },
    #[error("tensor {0} is missing")]
    Missing(String),
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A TorchScript program that cannot be used.
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("libtorch: {}", reason_of(.0))]
    Torch(#[from] TchError),
}

fn nearest_or_names(nearest: Option<&Nearest>, names: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("Nearest is {nearest}"),
        None => format!("None has names such as {}", differences::first_few(names)),
    }
}

impl WeightsError {
    /// The same with the file's name, where it is not said yet.
    pub fn in_file(self, path: &Path) -> Self {
        match self {
            Self::Mismatch { .. }
            | Self::Unrecognised { .. }
            | Self::SeveralNetworks { .. }
            | Self::NotFinite { .. }
            | Self::Classes { .. }
            | Self::Missing(_)
            | Self::Program(_)
            | Self::Torch(_) => Self::InFile {
                path: path.to_owned(),
                error: Box::new(self),
            },
            named => named,
        }
    }

    /// What kind of cause it is.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::InFile { error, .. } => error.kind(),
            Self::Absent { fetch, .. } => FailureKind::Missing { fetch: fetch.clone() },
            Self::Io { .. } | Self::Format { .. } | Self::Forbidden { .. } | Self::NotFinite { .. } => {
                FailureKind::BadFile
            }
            Self::TorchScript { .. }
            | Self::NotTorchScript { .. }
            | Self::Classes { .. }
            | Self::Mismatch { .. }
            | Self::Unrecognised { .. }
            | Self::SeveralNetworks { .. }
            | Self::Missing(_)
            | Self::Architecture(_) => FailureKind::Unfit,
            Self::Program(error) => error.kind(),
            Self::Torch(_) => FailureKind::Libtorch,
        }
    }
}

/// Why the content of a file cannot be read; the file's name is added on the way out.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Pickle(#[from] PickleError),
    #[error("it {0}")]
    Why(String),
    /// It holds tensors, and not those of the network.
    #[error("{0}")]
    Unfit(Box<WeightsError>),
}

impl ReadError {
    fn why(reason: impl Into<String>) -> Self {
        Self::Why(reason.into())
    }

    fn of(self, path: &Path) -> WeightsError {
        let path = path.to_owned();
        match self {
            Self::Io(source) => WeightsError::Io { path, source },
            Self::Pickle(PickleError::Forbidden(name)) => WeightsError::Forbidden { path, name },
            Self::Unfit(error) => error.in_file(&path),
            other => WeightsError::Format {
                path,
                reason: other.to_string(),
            },
        }
    }
}

/// What a file of weights holds.
pub enum Content {
    /// The weights, and what lay beside them, in words; empty where nothing did.
    Tensors(Weights, PassedOver),
    /// The bytes of a TorchScript program, out of any archive round it.
    TorchScript(Vec<u8>),
}

/// Which tensors of a file are wanted.
enum Wanted<'a> {
    /// All of the likeliest dictionary.
    Any,
    Of(fit::Needed<'a>),
    /// Those of whatever network they are; of which weights, where several fit.
    Recognised(Option<&'a str>),
}

impl Wanted<'_> {
    fn choose<T: PartialEq + Clone>(
        &self,
        candidates: Vec<fit::Candidate<T>>,
    ) -> Result<fit::Chosen<T>, ReadError> {
        match self {
            Self::Any => fit::likeliest(candidates),
            Self::Of(needed) => needed.choose(&candidates),
            Self::Recognised(key) => recognise::choose(&candidates, *key),
        }
    }

    /// Brings position embeddings to the network's images. In words, what was changed.
    fn fitted(&self, tensors: &mut BTreeMap<String, Tensor>) -> Result<Vec<String>, TchError> {
        let Self::Of(needed) = self else {
            return Ok(Vec::new());
        };
        let mut changed = Vec::new();
        for (name, positions) in needed.positions() {
            let Some(embeddings) = tensors.get_mut(name) else {
                continue;
            };
            if let Some((resized, told)) = positions.resized(embeddings)? {
                *embeddings = resized;
                changed.push(told);
            }
        }
        Ok(changed)
    }
}

/// What was read of a file.
struct TensorsRead {
    tensors: BTreeMap<String, Tensor>,
    passed_over: Vec<String>,
    uncalled: Vec<String>,
    recognised: Option<Recognised>,
}

/// Reads any kind of file: of tensors those that the network needs, wherever in the file they lie. `key` says which are
/// meant where several fit.
///
/// # Errors
/// Where the file cannot be read, or its tensors are not the network's.
pub fn read_for(
    path: &Path,
    architecture: Architecture,
    classes: usize,
    key: Option<&str>,
) -> Result<Content, WeightsError> {
    let wanted = match architecture {
        // The program brings its tensors; a file of mere tensors is told apart by what it holds.
        Architecture::Torchscript { .. } => Wanted::Any,
        _ => Wanted::Of(fit::Needed::of(architecture, classes, key)?),
    };
    Ok(read(path, &wanted)?.0)
}

/// Reads a file of tensors of which nothing is known, and finds out what network they are.
///
/// # Errors
/// Where it cannot be read, or no family fits, or several networks do.
pub fn read_unknown(path: &Path, key: Option<&str>) -> Result<(Content, Option<Recognised>), WeightsError> {
    read(path, &Wanted::Recognised(key))
}

fn read(path: &Path, wanted: &Wanted<'_>) -> Result<(Content, Option<Recognised>), WeightsError> {
    let content = container::open(path).map_err(|error| error.of(path))?;
    let bytes = &content.bytes;
    let read = match &content.kind {
        FileKind::TorchScript => return Ok((Content::TorchScript(content.bytes), None)),
        FileKind::Safetensors => safetensors::read(bytes, wanted).map_err(|error| match shards::index_of(path) {
            Some(index) if matches!(error, ReadError::Unfit(_)) => ReadError::why(format!(
                "is one of several files that hold the weights together; name their index in its place, {index}"
            )),
            _ => error,
        }),
        FileKind::Index => safetensors::read_shards(path, bytes, wanted),
        FileKind::TorchZip { folder } => torch::read_zip(bytes, folder, wanted),
        FileKind::Pickle => torch::read_legacy(bytes, wanted),
    };
    let read = read.map_err(|error| error.of(path))?;
    let mut tensors = join::ATTENTION.joined(read.tensors)?;
    let changed = wanted.fitted(&mut tensors)?;
    let passed_over = PassedOver {
        tensors: read.passed_over,
        calls: read.uncalled,
        changed,
    };
    Ok((Content::Tensors(Weights(tensors), passed_over), read.recognised))
}

/// The free-form strings in the header of a safetensors file.
pub fn read_metadata(path: &Path) -> Result<BTreeMap<String, String>, WeightsError> {
    safetensors::read_metadata(path)
}

/// Tensors by name, f32, all on one device.
#[derive(Debug)]
pub struct Weights(BTreeMap<String, Tensor>);

impl Weights {
    /// Reads a file of weights of any kind but TorchScript.
    pub fn load(path: &Path) -> Result<Self, WeightsError> {
        match read(path, &Wanted::Any)?.0 {
            Content::Tensors(weights, _) => Ok(weights),
            Content::TorchScript(_) => Err(WeightsError::TorchScript {
                path: path.to_owned(),
                architecture: "what is asked for".to_owned(),
            }),
        }
    }

    /// Writes a safetensors file with the metadata, whole or not at all.
    pub fn save(&self, path: &Path, metadata: &BTreeMap<String, String>) -> Result<(), WeightsError> {
        safetensors::write(path, &self.0, metadata)
    }

    /// Fresh weights to train: He's normal initialisation over the fan-out, as the networks' authors used.
    /// The same seed gives the same weights.
    pub fn initial(architecture: &Architecture, classes: usize, seed: i64) -> Result<Self, WeightsError> {
        // Not libtorch's generator: all threads share it.
        let mut rng = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut normal = |shape: &[i64], deviation: f64| {
            let count: i64 = shape.iter().product();
            let values: Vec<f32> = (0..count)
                .map(|_| (deviation * rng.sample::<f64, _>(StandardNormal)) as f32)
                .collect();
            Tensor::f_from_slice(&values)?.f_view(shape)
        };
        let cpu = (Kind::Float, Device::Cpu);
        let mut start = |parameter: &Parameter| -> Result<Tensor, TchError> {
            let shape = parameter.shape.as_slice();
            match parameter.role {
                Role::Convolution => {
                    let fan_out = shape.iter().product::<i64>() / shape.get(1).copied().unwrap_or(1).max(1);
                    normal(shape, (2.0 / fan_out as f64).sqrt())
                }
                Role::LinearWeight => {
                    let fan_in = shape.last().copied().unwrap_or(1).max(1);
                    normal(shape, (1.0 / fan_in as f64).sqrt())
                }
                // As the authors of ViT start them.
                Role::ClassToken => Tensor::f_zeros(shape, cpu),
                Role::Positions { .. } => normal(shape, 0.02),
                Role::NormScale | Role::RunningVariance | Role::LayerScale => Tensor::f_ones(shape, cpu),
                Role::NormShift | Role::RunningMean | Role::LinearBias | Role::ConvolutionBias => {
                    Tensor::f_zeros(shape, cpu)
                }
            }
        };
        let all = architecture.parameters(classes)?;
        Ok(Self(
            all.iter()
                .map(|p| Ok((p.name.clone(), start(p)?)))
                .collect::<Result<_, TchError>>()?,
        ))
    }

    /// Says whether these are exactly the tensors of the network, and finite. Batch counters
    /// (`num_batches_tracked`) are of no use in evaluation, and may be there or not.
    pub fn check(&self, architecture: &Architecture, classes: usize) -> Result<(), WeightsError> {
        let needed = architecture.parameters(classes)?;
        let (mut missing, mut misshapen) = (Vec::new(), Vec::new());
        // Said of its own where nothing else is wrong: the commonest slip.
        let mut found_classes = None;
        for Parameter { name, shape, role } in &needed {
            match self.0.get(name) {
                None => missing.push(name.clone()),
                Some(t) if t.size() != *shape => {
                    if matches!(role, Role::LinearWeight | Role::LinearBias) {
                        found_classes = t.size().first().copied();
                    }
                    misshapen.push(format!("{name} ({:?}, needed {shape:?})", t.size()));
                }
                Some(_) => {}
            }
        }
        let known: std::collections::BTreeSet<_> = needed.iter().map(|p| p.name.as_str()).collect();
        let is_surplus = |name: &&String| !known.contains(name.as_str()) && !fit::is_counter(name);
        let surplus: Vec<String> = self.0.keys().filter(is_surplus).cloned().collect();
        let head = format!("{}.", architecture.head(classes)?);
        let last = |name: &String| name.starts_with(&head);
        if let (Some(found), [], [], [weight, bias]) = (
            found_classes,
            missing.as_slice(),
            surplus.as_slice(),
            misshapen.as_slice(),
        ) && last(weight)
            && last(bias)
        {
            return Err(WeightsError::Classes { found, classes });
        }
        if !(missing.is_empty() && misshapen.is_empty() && surplus.is_empty()) {
            return Err(WeightsError::Mismatch {
                architecture: *architecture,
                classes,
                mismatches: Box::new(Mismatches {
                    missing,
                    misshapen,
                    surplus,
                    unusable: Vec::new(),
                }),
            });
        }
        for (name, tensor) in &self.0 {
            let finite = tensor.f_isfinite()?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
            let count = tensor.numel() as i64 - finite;
            if count > 0 {
                return Err(WeightsError::NotFinite {
                    name: name.clone(),
                    count,
                });
            }
        }
        Ok(())
    }

    /// The same weights on a device, convolutions in channels-last order, which libtorch's CPU and GPU kernels
    /// run fastest on. Values are untouched.
    pub fn prepared(&self, device: Device) -> Result<Self, WeightsError> {
        let prepare = |tensor: &Tensor| -> Result<Tensor, TchError> {
            let tensor = tensor.f_to_device(device)?;
            if tensor.dim() == 4 {
                channels_last(&tensor)
            } else {
                tensor.f_contiguous()
            }
        };
        let all = self.0.iter().map(|(name, t)| Ok((name.clone(), prepare(t)?)));
        Ok(Self(all.collect::<Result<_, TchError>>()?))
    }

    /// A handle on the tensor of this name (no copy).
    pub fn get(&self, name: &str) -> Result<Tensor, WeightsError> {
        self.0
            .get(name)
            .map(Tensor::shallow_clone)
            .ok_or_else(|| WeightsError::Missing(name.to_owned()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// BLAKE3 over names, shapes and values: what the scores depend on, whatever file it came in.
    pub fn digest(&self) -> Result<String, WeightsError> {
        let mut hash = blake3::Hasher::new();
        for (name, tensor) in &self.0 {
            hash.update(name.as_bytes());
            hash.update(format!("{:?}", tensor.size()).as_bytes());
            hash.update(&bytes_of(tensor)?);
        }
        Ok(hash.finalize().to_hex().to_string())
    }
}

impl FromIterator<(String, Tensor)> for Weights {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// The tensor's values with the channel as the innermost dimension in memory.
pub fn channels_last(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_permute([0, 3, 1, 2])
}

/// Little-endian f32 values in logical order.
fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>, TchError> {
    let flat = tensor
        .f_detach()?
        .f_to_device(Device::Cpu)?
        .f_to_kind(Kind::Float)?
        .f_contiguous()?;
    let mut values = vec![0f32; flat.numel()];
    let count = values.len();
    flat.f_copy_data(&mut values, count)?;
    Ok(values.iter().flat_map(|v| v.to_le_bytes()).collect())
}
