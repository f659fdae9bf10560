//! One file a detector, or a few that share their arithmetic: its description, its fit, its score.
pub(crate) mod adascale;
pub(crate) mod ash;
pub(crate) mod baseline;
pub(crate) mod dice;
pub(crate) mod energy;
pub(crate) mod entropy;
pub(crate) mod fdbd;
pub(crate) mod gen_entropy;
pub(crate) mod gradnorm;
pub(crate) mod kl_matching;
pub(crate) mod knn;
pub(crate) mod lts;
pub(crate) mod mahalanobis;
pub(crate) mod max_logit;
pub(crate) mod nci;
pub(crate) mod odin;
pub(crate) mod openmax;
pub(crate) mod pnml;
pub(crate) mod react;
pub(crate) mod scale;
pub(crate) mod she;
pub(crate) mod temp_scaling;
pub(crate) mod vim;

/// What several files share.
mod shared;
