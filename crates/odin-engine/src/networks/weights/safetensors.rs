//! Safetensors files. Half, brain and double floats become f32; integers are left out (batch counters).
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tch::{Kind, TchError, Tensor};

use odin_core::files;

use super::{ReadError, WeightsError, bytes_of};

pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, ReadError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|e| ReadError::why(format!("is not a whole safetensors file ({e}); get it anew")))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        let kind = match view.dtype() {
            Dtype::F16 => Kind::Half,
            Dtype::BF16 => Kind::BFloat16,
            Dtype::F32 => Kind::Float,
            Dtype::F64 => Kind::Double,
            _ if name.ends_with("num_batches_tracked") => continue,
            other => {
                return Err(ReadError::why(format!(
                    "has a tensor {name} that holds {other:?}, and floats are needed"
                )));
            }
        };
        let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
        let tensor = to_tensor(view.data(), &shape, kind)
            .map_err(|e| ReadError::why(format!("has a tensor {name} that {}", super::first_line(&e))))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
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
