//! Safetensors files. Half, brain and double floats become f32; what holds anything else is passed over.
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tch::{Kind, TchError, Tensor};

use odin_core::files;

use super::super::reason::reason_of;
use super::fit::{Candidate, Described};
use super::{ReadError, TensorsRead, Wanted, WeightsError, bytes_of, container, shards};

/// The wanted tensors of one file.
pub(super) fn read(bytes: &[u8], wanted: &Wanted<'_>) -> Result<TensorsRead, ReadError> {
    let file = parsed(bytes)?;
    let tensors = file
        .tensors()
        .into_iter()
        .map(|(name, view)| described(&name, 0, &view))
        .collect();
    build(&[file], tensors, wanted)
}

/// The wanted tensors of the files that an index lists.
pub(super) fn read_shards(path: &Path, index: &[u8], wanted: &Wanted<'_>) -> Result<TensorsRead, ReadError> {
    let shards = shards::read(path, index)?;
    let (mut files, mut tensors) = (Vec::new(), BTreeMap::new());
    for (n, (shard, names)) in shards.iter().enumerate() {
        let of_shard =
            |error: &dyn std::fmt::Display| ReadError::why(format!("names {}: {error}", shard.name));
        if container::is_torch(&shard.bytes) {
            return Err(of_shard(&format_args!(
                "it is a checkpoint of PyTorch, and an index is of safetensors files here; save them with \
                 `save_pretrained(…, safe_serialization=True)`"
            )));
        }
        let file = parsed(&shard.bytes).map_err(|error| of_shard(&error))?;
        for name in names {
            let view = file
                .tensor(name)
                .map_err(|_| of_shard(&format_args!("it lacks the tensor {name}")))?;
            tensors.extend([described(name, n, &view)]);
        }
        files.push(file);
    }
    build(&files, tensors, wanted)
}

/// A tensor's file, and its name there.
type Source = (usize, String);

fn parsed(bytes: &[u8]) -> Result<SafeTensors<'_>, ReadError> {
    SafeTensors::deserialize(bytes)
        .map_err(|e| ReadError::why(format!("is not a whole safetensors file ({e}); get it anew")))
}

fn kind_of(dtype: Dtype) -> Option<Kind> {
    match dtype {
        Dtype::F16 => Some(Kind::Half),
        Dtype::BF16 => Some(Kind::BFloat16),
        Dtype::F32 => Some(Kind::Float),
        Dtype::F64 => Some(Kind::Double),
        _ => None,
    }
}

fn described(name: &str, file: usize, view: &TensorView<'_>) -> (String, Described<Source>) {
    let dtype = view.dtype();
    let described = Described {
        size: view
            .shape()
            .iter()
            .map(|&n| i64::try_from(n).unwrap_or(i64::MAX))
            .collect(),
        unusable: kind_of(dtype)
            .is_none()
            .then(|| format!("holds {dtype:?}, and floats are needed")),
        source: (file, name.to_owned()),
    };
    (name.to_owned(), described)
}

fn build(
    files: &[SafeTensors<'_>],
    tensors: BTreeMap<String, Described<Source>>,
    wanted: &Wanted<'_>,
) -> Result<TensorsRead, ReadError> {
    let chosen = wanted.choose(vec![Candidate {
        place: String::new(),
        tensors,
    }])?;
    let mut tensors = BTreeMap::new();
    for (ours, (file, name)) in chosen.tensors {
        let why = |error: &dyn std::fmt::Display| ReadError::why(format!("has a tensor {name} that {error}"));
        let view = files
            .get(file)
            .expect("a source names a file that was read")
            .tensor(&name);
        let view = view.map_err(|error| why(&error))?;
        let kind = kind_of(view.dtype()).expect("what is chosen holds floats");
        let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
        let tensor = to_tensor(view.data(), &shape, kind).map_err(|error| why(&reason_of(&error)))?;
        tensors.insert(ours, tensor);
    }
    Ok(TensorsRead {
        tensors,
        passed_over: chosen.passed_over,
        uncalled: Vec::new(),
        recognised: chosen.recognised,
    })
}

/// The free-form strings of a file's header.
pub(super) fn read_metadata(path: &Path) -> Result<BTreeMap<String, String>, WeightsError> {
    let bytes = std::fs::read(path).map_err(|source| WeightsError::Io {
        path: path.to_owned(),
        source,
    })?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| WeightsError::Format {
        path: path.to_owned(),
        reason: format!("not a whole safetensors file ({e})"),
    })?;
    Ok(header
        .metadata()
        .clone()
        .unwrap_or_default()
        .into_iter()
        .collect())
}

fn to_tensor(data: &[u8], shape: &[i64], kind: Kind) -> Result<Tensor, TchError> {
    Tensor::f_from_data_size(data, shape, kind)?.f_to_kind(Kind::Float)
}

pub(super) fn write(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), WeightsError> {
    let format = |reason: String| WeightsError::Format {
        path: path.to_owned(),
        reason,
    };
    let io = |source| WeightsError::Io {
        path: path.to_owned(),
        source,
    };
    let mut data = Vec::new();
    for (name, tensor) in tensors {
        let shape: Vec<usize> = tensor.size().iter().map(|&n| n as usize).collect();
        data.push((name, shape, bytes_of(tensor)?));
    }
    let views = data
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|e| format(e.to_string()))?;
    let metadata: HashMap<String, String> = metadata.clone().into_iter().collect();
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| format(e.to_string()))?;
    files::write_whole(path, |file| file.write_all(&bytes)).map_err(io)
}
