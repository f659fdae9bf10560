//! The formats that images are stored in, each read by number without decoding the others.
mod array;
pub(crate) mod cifar;
pub(crate) mod cifar_python;
pub(crate) mod folder;
pub(crate) mod idx;
pub(crate) mod image_files;
pub(crate) mod list;
mod mat5;
pub(crate) mod noise;
pub(crate) mod numpy;
pub(crate) mod parquet;
pub(crate) mod svhn;
pub(crate) mod webdataset;
