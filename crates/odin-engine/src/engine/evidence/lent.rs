//! Prepared images on loan to the thread on which fitted detectors score them.
use std::sync::Arc;

use super::prepared::{PreparedFor, PreparedImages};
use odin_core::setting::Setting;
use odin_detectors::Fitted;

/// Images as fitted detectors take them, and the settings that are to score them.
#[derive(Default)]
pub(crate) struct Lent {
    parts: Vec<Part>,
    /// Settings that turned out to have no scores, and why.
    pub failed: Vec<(Setting, String)>,
}

struct Part {
    key: PreparedFor,
    prepared: PreparedImages,
    by: Vec<(Setting, Arc<Fitted>)>,
}

impl Lent {
    /// Adds the setting to those that score the images prepared so, where they are among these already.
    pub(super) fn is_to_score(&mut self, key: PreparedFor, setting: &Setting, fitted: &Arc<Fitted>) -> bool {
        let part = self.parts.iter_mut().find(|part| part.key == key);
        part.map(|part| part.by.push((*setting, fitted.clone())))
            .is_some()
    }

    pub(super) fn add(
        &mut self,
        key: PreparedFor,
        prepared: PreparedImages,
        setting: &Setting,
        fitted: &Arc<Fitted>,
    ) {
        self.parts.push(Part {
            key,
            prepared,
            by: vec![(*setting, fitted.clone())],
        });
    }

    /// Has the images scored by every setting, which may take seconds; false where it was told to stop before that was done.
    pub(crate) fn score(&mut self, stop: &(dyn Fn() -> bool + Sync)) -> bool {
        for Part { prepared, by, .. } in &mut self.parts {
            for (setting, fitted) in by {
                match prepared.score(setting, fitted, stop) {
                    Ok(true) => {}
                    Ok(false) => return false,
                    Err(why) => self.failed.push((*setting, why)),
                }
            }
        }
        true
    }

    pub(super) fn into_parts(self) -> impl Iterator<Item = (PreparedFor, PreparedImages)> {
        self.parts.into_iter().map(|part| (part.key, part.prepared))
    }
}
