//! Memory for one image's activations and gradients.
use super::net::Net;
use crate::Instructions;
use crate::aligned::Aligned;
use crate::grid::{Grid, VECTORS};
use crate::tiles::GROUP;

/// Side of the last pool.
pub(super) const POOL: usize = 8;

/// Groups of channels whose bits fit a word.
pub(super) const GROUPS_A_WORD: usize = 32 / GROUP;

/// Words that hold a bit for each channel of a bottleneck.
pub(super) fn words(growth: usize) -> usize {
    (4 * growth).div_ceil(GROUP).div_ceil(GROUPS_A_WORD)
}

/// Memory for one image of a size.
pub struct Workspace {
    size: (usize, usize),
    lanes: usize,
    pub(super) maps: [Map; 3],
    /// A word for each lane of each vector of the last map: all ones where it is pooled, else 0.
    pub(super) pool: Vec<u32>,
    /// What the last layer takes: the mean of each channel over the pooled positions.
    pub(super) pooled: Vec<f32>,
}

/// Memory for one block.
pub(super) struct Map {
    pub(super) grid: Grid,
    /// Channels of the tiled maps, with room for a whole group beyond the last.
    pub(super) capacity: usize,
    /// Activations, tiled: what the block's layers read and add to. The backward pass needs these and `narrow`
    /// of the forward pass.
    pub(super) x: Aligned,
    /// The gradient to them, tiled.
    pub(super) gradient: Aligned,
    /// What the 3×3 convolutions look at, and transitions work on: planes.
    pub(super) planes: Aligned,
    /// What the transition before has pooled, and the gradient to it, tiled.
    pub(super) pooled: Aligned,
    /// A layer's input at one tile, or the gradient to its bottleneck at two.
    pub(super) panel: Aligned,
    /// Where a bottleneck's activation is above 0, a bit each: by layer, tile and `GROUPS_A_WORD` groups of channels a word
    /// for each lane of the tile.
    pub(super) narrow: Vec<u32>,
}

impl Workspace {
    /// For images [3, height, width] and the vectors of an instruction set.
    ///
    /// # Panics
    /// Where a side is shorter than 32 pixels, so that the last pool finds fewer than 8×8 positions.
    pub fn new(net: &Net, height: usize, width: usize, instructions: Instructions) -> Self {
        assert!(
            height.min(width) >= 4 * POOL,
            "{height}×{width} is too small for the last pool"
        );
        let lanes = instructions.lanes();
        let [first, second, third] = &net.blocks;
        let maps = [
            Map::new(net, first, Grid::new(height, width, lanes), 0),
            Map::new(
                net,
                second,
                Grid::new(height / 2, width / 2, lanes),
                net.transitions[0].norm.len(),
            ),
            Map::new(
                net,
                third,
                Grid::new(height / 4, width / 4, lanes),
                net.transitions[1].norm.len(),
            ),
        ];
        let last = &maps[2].grid;
        let places: Vec<usize> = (0..POOL)
            .flat_map(|y| (0..POOL).map(move |x| last.place(y, x)))
            .collect();
        let places = &places;
        let pool = |&at: &usize| {
            (0..lanes).map(move |lane| {
                if places.contains(&(at + lane)) {
                    u32::MAX
                } else {
                    0
                }
            })
        };
        Self {
            size: (height, width),
            lanes,
            pool: last.at.iter().flat_map(pool).collect(),
            pooled: vec![0.0; net.head.len()],
            maps,
        }
    }

    /// Panics where it was made for other vectors or images.
    pub(super) fn check(&self, instructions: Instructions, image: &[f32]) {
        assert_eq!(self.lanes, instructions.lanes(), "a workspace for other vectors");
        assert_eq!(
            image.len(),
            3 * self.size.0 * self.size.1,
            "an image of another size"
        );
    }

    /// Features of the image that [`forward`](super::forward) took last, [channels of the last block]: the last layer's
    /// input, after batch norm, ReLU and the mean over 8×8 positions. All 0 before the first pass.
    pub fn features(&self) -> &[f32] {
        &self.pooled
    }

    /// Height and width of its images.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }
}

impl Map {
    /// `before` counts the channels that a transition pools for it.
    fn new(net: &Net, layers: &[super::net::Layer], grid: Grid, before: usize) -> Self {
        let start = layers.first().map_or(0, |layer| layer.inputs);
        let capacity = start + net.growth * layers.len() + GROUP;
        let inner = (4 * net.growth).next_multiple_of(GROUP);
        let (tiles, tile) = (grid.tiles(), grid.tile());
        Self {
            capacity,
            x: Aligned::zeros(tiles * tile * capacity),
            gradient: Aligned::zeros(tiles * tile * capacity),
            planes: Aligned::zeros(grid.plane * inner.max(start).max(GROUP)),
            pooled: Aligned::zeros(tiles * tile * before.next_multiple_of(GROUP)),
            panel: Aligned::zeros(tile * capacity.max(2 * inner)),
            narrow: vec![0; layers.len() * tiles * words(net.growth) * tile],
            grid,
        }
    }

    /// Place in the tiled maps of a channel's values in a vector.
    pub(super) fn index(&self, channel: usize, vector: usize) -> usize {
        let tile = self.grid.tile();
        (vector / VECTORS * self.capacity + channel) * tile + vector % VECTORS * (tile / VECTORS)
    }
}
