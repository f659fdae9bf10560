//! How the positions of a map [H, W] are dealt out to vectors, and where they lie in memory.

/// Vectors that are computed together.
pub(crate) const VECTORS: usize = 2;

/// The positions of a map [H, W] in vectors of N lanes.
///
/// Two forms of memory go with it:
/// - a *plane* holds one channel row by row, with zeros round it, for convolutions that look at neighbours. A row's end
///   and the next row's start share their zeros;
/// - a *tiled* map holds, for each `VECTORS` vectors, all channels one after the other: [tiles][channels][VECTORS · N].
pub(crate) struct Grid {
    pub(crate) height: usize,
    pub(crate) width: usize,
    lanes: usize,
    /// From one row of a plane to the next.
    pub(crate) stride: usize,
    /// Values of a plane.
    pub(crate) plane: usize,
    /// Place in a plane of each vector's first lane.
    pub(crate) at: Vec<usize>,
    /// All vectors by fours, where they can be dealt out so; else none.
    pub(crate) quads: Vec<Quad>,
    /// A word for each lane of each vector: all ones where it is a position of the map, else 0. Lanes that are none hold
    /// anything in tiled maps, zeros in planes.
    real: Vec<u32>,
}

/// Two vectors and the ones below them, which are the two vectors of two tiles.
pub(crate) type Quad = [Column; 2];

/// A vector and the one below it, by number.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) upper: usize,
    pub(crate) lower: usize,
}

impl Grid {
    pub(crate) fn new(height: usize, width: usize, lanes: usize) -> Self {
        // Either every row begins a vector, or vectors run on over the zeros between rows: whichever needs fewer.
        let by_rows = height * width.div_ceil(lanes);
        let running = (height * (width + 1)).div_ceil(lanes);
        let stride = if by_rows <= running {
            width.div_ceil(lanes) * lanes + 1
        } else {
            width + 1
        };
        let first = stride + 1;
        let starts: Vec<(usize, usize)> = if by_rows <= running {
            let row = |y| (0..width).step_by(lanes).map(move |x| (y, x));
            (0..height).flat_map(row).collect()
        } else {
            (0..running)
                .map(|v| (v * lanes / stride, v * lanes % stride))
                .collect()
        };
        let real = |&(y, x): &(usize, usize)| {
            let word = move |lane: usize| {
                let (y, x) = (y + (x + lane) / stride, (x + lane) % stride);
                if y < height && x < width { u32::MAX } else { 0 }
            };
            (0..lanes).map(word)
        };
        let mut at: Vec<usize> = starts.iter().map(|(y, x)| first + y * stride + x).collect();
        let mut real: Vec<u32> = starts.iter().flat_map(real).collect();
        // Vectors without positions fill the last tile; they lie beyond everything that a real one looks at.
        let beyond = first + (height + 1) * stride + lanes;
        while !at.len().is_multiple_of(VECTORS) {
            at.push(beyond + stride);
            real.extend(std::iter::repeat_n(0, lanes));
        }
        Self {
            height,
            width,
            lanes,
            stride,
            quads: quads(height, width, lanes),
            plane: beyond + 2 * stride + 1 + lanes,
            at,
            real,
        }
    }

    pub(crate) fn tiles(&self) -> usize {
        self.at.len() / VECTORS
    }

    /// Values that a tile holds of each channel.
    pub(crate) fn tile(&self) -> usize {
        VECTORS * self.lanes
    }

    /// Whether each lane of a vector is a position of the map, as words.
    #[inline(always)]
    pub(crate) fn real(&self, vector: usize) -> &[u32] {
        &self.real[vector * self.lanes..][..self.lanes]
    }

    /// Place in a plane of row y, column x.
    pub(crate) fn place(&self, y: usize, x: usize) -> usize {
        self.stride + 1 + y * self.stride + x
    }

    /// Row and column of a lane; `None` where it is no position of the map.
    pub(crate) fn position(&self, vector: usize, lane: usize) -> Option<(usize, usize)> {
        let is_real = *self.real.get(vector * self.lanes + lane)? != 0;
        let place = (self.at.get(vector)? + lane).checked_sub(self.stride + 1)?;
        is_real.then_some((place / self.stride, place % self.stride))
    }
}

/// Needs rows of whole vectors, an even number of them or one, and rows that come in twos or fours.
fn quads(height: usize, width: usize, lanes: usize) -> Vec<Quad> {
    let in_row = width / lanes;
    let fits = width.is_multiple_of(lanes)
        && match in_row {
            1 => height.is_multiple_of(4),
            _ => in_row.is_multiple_of(2) && height.is_multiple_of(2),
        };
    if !fits {
        return Vec::new();
    }
    let column = |pair: usize| {
        let upper = pair / in_row * 2 * in_row + pair % in_row;
        Column {
            upper,
            lower: upper + in_row,
        }
    };
    let pairs = height / 2 * in_row;
    (0..pairs)
        .step_by(2)
        .map(|p| [column(p), column(p + 1)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_has_one_lane_and_its_neighbours_lie_in_the_plane() {
        for (height, width) in [(32, 32), (36, 36), (18, 18), (9, 9), (8, 8), (33, 40), (8, 15)] {
            for lanes in [8, 16] {
                let grid = Grid::new(height, width, lanes);
                let mut met = vec![0; height * width];
                for v in 0..grid.at.len() {
                    for lane in 0..lanes {
                        if let Some((y, x)) = grid.position(v, lane) {
                            met[y * width + x] += 1;
                            assert_eq!(grid.place(y, x), grid.at[v] + lane);
                        }
                    }
                    assert!(grid.at[v] > grid.stride, "a neighbour before the plane");
                    assert!(
                        grid.at[v] + grid.stride + 1 + lanes <= grid.plane,
                        "one behind it"
                    );
                }
                assert!(
                    met.iter().all(|&n| n == 1),
                    "{height}×{width} in {lanes}: {met:?}"
                );
                assert!(grid.at.len().is_multiple_of(VECTORS));
            }
        }
    }

    #[test]
    fn quads_hold_every_vector_once_and_two_whole_tiles_each() {
        for (height, width, lanes) in [
            (32, 32, 8),
            (32, 32, 16),
            (16, 16, 16),
            (16, 16, 4),
            (8, 8, 8),
            (8, 48, 8),
        ] {
            let grid = Grid::new(height, width, lanes);
            let mut met = vec![0; grid.at.len()];
            for [left, right] in &grid.quads {
                for column in [left, right] {
                    met[column.upper] += 1;
                    met[column.lower] += 1;
                    assert_eq!(grid.at[column.upper] + grid.stride, grid.at[column.lower]);
                }
                let tiles = [left.upper, left.lower, right.upper, right.lower].map(|v| v / VECTORS);
                let [a, b] = [left.upper / VECTORS, right.lower / VECTORS];
                assert!(a != b && tiles.iter().all(|&t| t == a || t == b), "{tiles:?}");
            }
            assert!(
                met.iter().all(|&n| n == 1),
                "{height}×{width} in {lanes}: {met:?}"
            );
        }
        for (height, width, lanes) in [(8, 8, 16), (9, 9, 8), (24, 24, 8), (18, 16, 16), (17, 16, 8)] {
            assert!(Grid::new(height, width, lanes).quads.is_empty());
        }
    }

    #[test]
    fn what_is_no_position_is_never_a_positions_neighbour_and_holds_zero() {
        // As planes are used: all zeros, then every vector writes its lanes, the unreal ones as zeros.
        for (height, width, lanes) in [(9, 9, 8), (8, 8, 16), (36, 36, 8), (12, 20, 8)] {
            let grid = Grid::new(height, width, lanes);
            let mut plane = vec![0.0; grid.plane];
            for (v, &at) in grid.at.iter().enumerate() {
                for lane in 0..lanes {
                    plane[at + lane] = if grid.position(v, lane).is_some() {
                        1.0
                    } else {
                        0.0
                    };
                }
            }
            let sum = |y: usize, x: usize| -> f32 {
                let row = |dy: usize| grid.place(y, x) + dy * grid.stride - grid.stride;
                (0..3)
                    .map(|dy| plane[row(dy) - 1..row(dy) + 2].iter().sum::<f32>())
                    .sum()
            };
            let inner = |at: usize, side: usize| 3 - usize::from(at == 0) - usize::from(at + 1 == side);
            for y in 0..height {
                for x in 0..width {
                    assert_eq!(sum(y, x), (inner(y, height) * inner(x, width)) as f32, "{y} {x}");
                }
            }
        }
    }
}
