//! Parts of areas of the screen.
use ratatui::layout::{Constraint, Layout, Rect};

/// The first row, and what is below it.
pub(super) fn head(area: Rect) -> [Rect; 2] {
    area.layout(&Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]))
}

/// All but the last row, and that row.
pub(super) fn foot(area: Rect) -> [Rect; 2] {
    area.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(1)]))
}

/// Two areas beside each other, with a blank column between them that is taken from the first, which would be `left`
/// columns wide.
pub(super) fn beside(area: Rect, left: u16) -> [Rect; 2] {
    let left = left.min(area.width);
    let sizes = [left.saturating_sub(1), left.min(1), area.width - left];
    let [first, _, second] = area.layout(&Layout::horizontal(sizes));
    [first, second]
}

/// The area without its first columns.
pub(super) fn indent(area: Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    Rect {
        x: area.x + columns,
        width: area.width - columns,
        ..area
    }
}

/// Areas of these heights below one another. Where there is too little room, the last are cut first; ratatui's layout would
/// shrink all of them.
pub(super) fn stack<const N: usize>(area: Rect, heights: [u16; N]) -> [Rect; N] {
    let mut y = area.y;
    heights.map(|height| {
        let height = height.min(area.bottom().saturating_sub(y));
        let row = Rect { y, height, ..area };
        y += height;
        row
    })
}

/// Areas of these widths beside one another, from the left. Where there is too little room, the last are cut first.
pub(super) fn columns<const N: usize>(area: Rect, widths: [u16; N]) -> [Rect; N] {
    let mut rest = area;
    widths.map(|width| {
        let column = Rect {
            width: width.min(rest.width),
            ..rest
        };
        rest = indent(rest, width);
        column
    })
}

/// The row in the middle.
pub(super) fn middle_row(area: Rect) -> Rect {
    Rect {
        y: area.y + area.height / 2,
        height: area.height.min(1),
        ..area
    }
}

/// The last column of a row.
pub(super) fn last_column(row: Rect) -> Rect {
    indent(row, row.width.saturating_sub(1))
}

/// The part of a column that lies in a row.
pub(super) fn cell(row: Rect, column: Rect) -> Rect {
    Rect {
        x: column.x,
        width: column.width,
        ..row
    }
}

/// An area of this size in the middle of another, as far as there is room.
pub(super) fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width), height.min(area.height));
    Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    }
}

/// The number of the first row of a list that is drawn, so that the chosen one is among the `rows` that fit.
pub(super) fn first_in_sight(selected: usize, rows: u16) -> usize {
    (selected + 1).saturating_sub(usize::from(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_small_areas_are_empty_and_stay_inside() {
        for (width, height) in [(0, 0), (1, 1), (3, 2), (40, 9)] {
            let area = Rect::new(5, 7, width, height);
            let [left, right] = beside(area, 3);
            let parts = [head(area), foot(area), [left, right]].concat();
            let stacked = stack(area, [1, 4, 4, 4]);
            assert_eq!(stacked.map(|part| part.height).iter().sum::<u16>(), height);
            for part in parts
                .into_iter()
                .chain(stacked)
                .chain([indent(area, 2), middle(area, 9, 9)])
            {
                assert_eq!(part.intersection(area), part, "{part} of {area}");
            }
        }
        let [left, right] = beside(Rect::new(0, 0, 10, 1), 4);
        assert_eq!((left, right), (Rect::new(0, 0, 3, 1), Rect::new(4, 0, 6, 1)));
    }
}
