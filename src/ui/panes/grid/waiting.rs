//! What a cell without a value shows.
use crate::app::{Grid, Place, Subset};
use crate::ui::glyphs::Glyphs;

/// In so many columns: that it has no scores, waits, or how far it is.
pub(super) fn text(grid: &Grid, place: Place, width: u16, bar_from: u16, glyphs: &Glyphs) -> String {
    if grid.missing(place).is_some() {
        return glyphs.missing.to_owned();
    }
    if !grid.is_in_flight(place, Subset::Validation) {
        return if glyphs.unicode { "·" } else { "." }.to_owned();
    }
    match grid.progress(place, Subset::Validation) {
        // A bar: a number would look like a value.
        Some(part) if width >= bar_from => {
            let room = usize::from(width) - 2;
            let full = ((part * room as f64) as usize).min(room);
            glyphs.bar_full.repeat(full) + &glyphs.bar_empty.repeat(room - full)
        }
        Some(part) => {
            let eighth = ((part * 8.0) as usize).min(7);
            glyphs
                .eighths
                .get(eighth)
                .copied()
                .unwrap_or(glyphs.more)
                .to_owned()
        }
        None => "?".to_owned(),
    }
}
