//! Series of numbers, as `seq` and `{0..3}` write them.
use super::command::MAX;

/// The numbers from one to another, as `seq` counts; none where there are more than a line may have.
pub(super) fn series(from: i64, step: i64, to: i64) -> Option<Vec<String>> {
    let steps = to.checked_sub(from)?.checked_div(step)?;
    if steps >= MAX as i64 {
        return None;
    }
    // A series against its step is empty.
    Some((0..=steps).map(|n| (from + n * step).to_string()).collect())
}
