//! Memory for an image on its way through the network.
use super::net::Net;
use crate::grid::{Grid, VECTORS};
use crate::tiles::GROUP;

/// Side of the last pool.
pub const POOL: usize = 8;

/// Memory for one image of a size.
pub struct Workspace {
    size: (usize, usize),
    pub(super) maps: [Map; 3],
    /// By vector of the last map: the lanes that are pooled.
    pub(super) pool: Vec<u16>,
    pub(super) pooled: Vec<f32>,
}

/// Memory for one block.
pub(super) struct Map {
    pub grid: Grid,
    /// Channels of the tiled maps, with room for a whole group beyond the last.
    pub capacity: usize,
    /// Activations, tiled: what the block's layers read and add to. What the way back needs of the way there is these
    /// and `narrow`.
    pub x: Vec<f32>,
    /// The gradient to them, tiled.
    pub gradient: Vec<f32>,
    /// What the 3×3 convolutions look at, and transitions work on: planes.
    pub planes: Vec<f32>,
    /// What the transition before has pooled, and the gradient to it, tiled.
    pub pooled: Vec<f32>,
    /// A layer's input at one tile.
    pub panel: Vec<f32>,
    /// By layer, tile, channel and vector: the lanes in which the bottleneck's activation is above 0.
    pub narrow: Vec<u16>,
}

impl Workspace {
    /// For images [3, height, width], of 32 pixels a side or more, and vectors of so many lanes.
    pub fn new(net: &Net, height: usize, width: usize, lanes: usize) -> Self {
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
        let pool = |&at: &usize| {
            (0..lanes).fold(0, |bits, lane| {
                bits | (u16::from(places.contains(&(at + lane))) << lane)
            })
        };
        Self {
            size: (height, width),
            pool: last.at.iter().map(pool).collect(),
            pooled: vec![0.0; net.head.len()],
            maps,
        }
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
            x: vec![0.0; tiles * tile * capacity],
            gradient: vec![0.0; tiles * tile * capacity],
            planes: vec![0.0; grid.plane * inner.max(start).max(GROUP)],
            pooled: vec![0.0; tiles * tile * before.next_multiple_of(GROUP)],
            panel: vec![0.0; tile * capacity.max(inner)],
            narrow: vec![0; layers.len() * tiles * inner * VECTORS],
            grid,
        }
    }

    /// Place in the tiled maps of a channel's values in a vector.
    pub fn index(&self, channel: usize, vector: usize) -> usize {
        let tile = self.grid.tile();
        (vector / VECTORS * self.capacity + channel) * tile + vector % VECTORS * (tile / VECTORS)
    }
}
