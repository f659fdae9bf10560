//! Stepping through a list whose last entry is followed by its first.

/// The entry `by` places after one, or before it where `by` is negative.
///
/// # Panics
/// If the entry is not in the list.
pub(super) fn neighbour<T: Copy + PartialEq>(all: &[T], now: T, by: i32) -> T {
    let at = all.iter().position(|one| *one == now);
    let at = at.expect("what is chosen comes from the list") as i64;
    let next = (at + i64::from(by)).rem_euclid(all.len() as i64) as usize;
    *all.get(next).expect("a remainder lies within the list")
}
