//! Residual networks as cards describe them, and as graphs.
//!
//! ResNet (He et al., arXiv 1512.03385; for CIFAR its section 4.2), Wide ResNet-50-2 (arXiv 1605.07146, as torchvision has
//! it) and ResNeXt (Xie et al., arXiv 1611.05431). Names are torchvision's, and so is the bottleneck: its stride is on the
//! 3×3 convolution.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ArchitectureError;
use super::graph::{Builder, Graph, GraphError, NodeId, Subsample, Window};

/// A residual network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Resnet {
    pub block: Block,
    pub layers: Layers,
    pub stem: Stem,
    pub width: usize,
    pub groups: usize,
    pub group_width: usize,
    pub shortcut: Shortcut,
    pub channels: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3, 1×1, of which the last widens fourfold.
    Bottleneck,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// 7×7 at every second pixel, then a max pool likewise.
    Imagenet,
    /// 3×3 alone.
    Cifar,
}

/// How a block that changes the size adds its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shortcut {
    /// Without tensors: every second pixel, and channels of zeros on both sides.
    A,
    /// By a 1×1 convolution and a batch norm.
    B,
}

/// How many blocks each stage has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "layers: expected the number of blocks of each stage, three numbers or four"
)]
pub enum Layers {
    Three([usize; 3]),
    Four([usize; 4]),
}

impl Layers {
    pub fn as_slice(&self) -> &[usize] {
        match self {
            Self::Three(all) => all,
            Self::Four(all) => all,
        }
    }

    /// What is usual for this many stages: three are those for CIFAR.
    pub(super) fn usual(self) -> (Stem, usize, Shortcut) {
        match self {
            Self::Three(_) => (Stem::Cifar, 16, Shortcut::A),
            Self::Four(_) => (Stem::Imagenet, 64, Shortcut::B),
        }
    }
}

/// Depths by which networks are known. Three stages are those for CIFAR.
const DEPTHS: [(usize, Block, Layers); 10] = [
    (18, Block::Basic, Layers::Four([2, 2, 2, 2])),
    (34, Block::Basic, Layers::Four([3, 4, 6, 3])),
    (50, Block::Bottleneck, Layers::Four([3, 4, 6, 3])),
    (101, Block::Bottleneck, Layers::Four([3, 4, 23, 3])),
    (152, Block::Bottleneck, Layers::Four([3, 8, 36, 3])),
    (20, Block::Basic, Layers::Three([3; 3])),
    (32, Block::Basic, Layers::Three([5; 3])),
    (44, Block::Basic, Layers::Three([7; 3])),
    (56, Block::Basic, Layers::Three([9; 3])),
    (110, Block::Basic, Layers::Three([18; 3])),
];

/// Width of a group at which a bottleneck is as wide as its stage.
pub(super) const WHOLE: usize = 64;

/// A residual network as a card writes it; what is left out is as usual.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Written {
    /// 18, 34, 50, 101 or 152 layers; for CIFAR (three stages) 20, 32, 44, 56 or 110. Of another depth, `block` and `layers`
    /// say what it is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depth: Option<usize>,
    /// `basic` (3×3, 3×3) or `bottleneck` (1×1, 3×3, 1×1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block: Option<Block>,
    /// Number of blocks in each stage, three numbers or four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layers: Option<Layers>,
    /// `imagenet` (7×7 and a max pool, each at every second pixel) or `cifar` (3×3); as usual, `cifar` with three stages, else
    /// `imagenet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stem: Option<Stem>,
    /// Channels of the first stage: as usual, 16 with three stages, else 64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<usize>,
    /// Groups of a bottleneck's 3×3 convolution: as usual 1; 32 in a ResNeXt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<usize>,
    /// Channels of each group in a first stage of width 64: as usual 64; 4 or 8 in a ResNeXt, 128 in a Wide ResNet-50-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group_width: Option<usize>,
    /// What a block that changes the size adds: `b`, its input by a 1×1 convolution, or `a`, every second pixel of it with zeros for
    /// the channels that are new; as usual, `a` with three stages, else `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shortcut: Option<Shortcut>,
    /// Channels of the images: as usual 3; 1 where they are grey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channels: Option<usize>,
}

impl TryFrom<Written> for Resnet {
    type Error = ArchitectureError;

    fn try_from(written: Written) -> Result<Self, ArchitectureError> {
        let (block, layers) = match (written.depth, written.block, written.layers) {
            (None, Some(block), Some(layers)) => (block, layers),
            (Some(depth), None, None) => DEPTHS
                .iter()
                .find(|known| known.0 == depth)
                .map(|known| (known.1, known.2))
                .ok_or(ArchitectureError::ResnetDepth(depth))?,
            _ => return Err(ArchitectureError::ResnetSize),
        };
        let (stem, width, shortcut) = layers.usual();
        Ok(Self {
            block,
            layers,
            stem: written.stem.unwrap_or(stem),
            width: written.width.unwrap_or(width),
            groups: written.groups.unwrap_or(1),
            group_width: written.group_width.unwrap_or(WHOLE),
            shortcut: written.shortcut.unwrap_or(shortcut),
            channels: written.channels.unwrap_or(3),
        })
    }
}

impl From<Resnet> for Written {
    fn from(resnet: Resnet) -> Self {
        fn unless<T: PartialEq>(value: T, usual: T) -> Option<T> {
            (value != usual).then_some(value)
        }
        let (stem, width, shortcut) = resnet.layers.usual();
        let depth = resnet.known_depth();
        Self {
            depth,
            block: depth.is_none().then_some(resnet.block),
            layers: depth.is_none().then_some(resnet.layers),
            stem: unless(resnet.stem, stem),
            width: unless(resnet.width, width),
            groups: unless(resnet.groups, 1),
            group_width: unless(resnet.group_width, WHOLE),
            shortcut: unless(resnet.shortcut, shortcut),
            channels: unless(resnet.channels, 3),
        }
    }
}

impl Resnet {
    pub(super) fn known_depth(&self) -> Option<usize> {
        let is_this = |known: &&(usize, Block, Layers)| known.1 == self.block && known.2 == self.layers;
        DEPTHS.iter().find(is_this).map(|known| known.0)
    }

    /// Layers with weights on the longest way through it.
    fn depth(&self) -> usize {
        let a_block = match self.block {
            Block::Basic => 2,
            Block::Bottleneck => 3,
        };
        2 + a_block * self.layers.as_slice().iter().sum::<usize>()
    }

    fn check(&self) -> Result<(), ArchitectureError> {
        let check = |name, value, limit| match value {
            1.. if value <= limit => Ok(()),
            _ => Err(ArchitectureError::Size { name, limit, value }),
        };
        for &layers in self.layers.as_slice() {
            check("each number of layers", layers, 256)?;
        }
        check("width", self.width, 4096)?;
        check("groups", self.groups, 4096)?;
        check("group-width", self.group_width, 4096)?;
        if !matches!(self.channels, 1 | 3) {
            return Err(ArchitectureError::Channels(self.channels));
        }
        match self.block {
            Block::Basic if (self.groups, self.group_width) != (1, WHOLE) => Err(ArchitectureError::Groups),
            Block::Bottleneck if self.inner(self.width) == 0 => Err(ArchitectureError::GroupWidth {
                width: self.width,
                group_width: self.group_width,
            }),
            _ => Ok(()),
        }
    }

    /// Channels within a bottleneck of a stage of this width.
    fn inner(&self, width: usize) -> usize {
        width * self.group_width / WHOLE * self.groups
    }

    /// The network with a last layer for so many classes.
    ///
    /// # Errors
    /// Where there is none of these sizes.
    pub fn graph(&self, classes: usize) -> Result<Graph, ArchitectureError> {
        self.check()?;
        Ok(self.unchecked(classes)?)
    }

    fn unchecked(&self, classes: usize) -> Result<Graph, GraphError> {
        let (mut graph, image) = Builder::new(self.channels);
        let stem = match self.stem {
            Stem::Imagenet => Window::square(7).every(2),
            Stem::Cifar => Window::square(3),
        };
        let x = graph.convolution(image, "conv1", self.width, stem);
        let x = graph.batch_norm(x, "bn1");
        let mut x = graph.relu(x);
        if self.stem == Stem::Imagenet {
            x = graph.max_pool(x, Window::square(3).every(2));
        }
        for (stage, &layers) in self.layers.as_slice().iter().enumerate() {
            for i in 0..layers {
                let stride = if i == 0 && stage > 0 { 2 } else { 1 };
                let name = format!("layer{}.{i}", stage + 1);
                x = self.residual(&mut graph, x, &name, self.width << stage, stride);
            }
        }
        let features = graph.global_average_pool(x);
        let logits = graph.linear(features, "fc", classes);
        graph.finish(features, logits)
    }

    /// A block in a stage of this width.
    fn residual(&self, graph: &mut Builder, x: NodeId, name: &str, width: usize, stride: usize) -> NodeId {
        let part = |part: &str| format!("{name}.{part}");
        let (one, three) = (Window::square(1), Window::square(3));
        let normed = |graph: &mut Builder, y, n: usize| graph.batch_norm(y, &part(&format!("bn{n}")));
        let (y, to) = match self.block {
            Block::Basic => {
                let y = graph.convolution(x, &part("conv1"), width, three.every(stride));
                let y = normed(graph, y, 1);
                let y = graph.relu(y);
                let y = graph.convolution(y, &part("conv2"), width, three);
                (normed(graph, y, 2), width)
            }
            Block::Bottleneck => {
                let (inner, to) = (self.inner(width), 4 * width);
                let y = graph.convolution(x, &part("conv1"), inner, one);
                let y = normed(graph, y, 1);
                let y = graph.relu(y);
                let y = graph.grouped(y, &part("conv2"), inner, three.every(stride), self.groups);
                let y = normed(graph, y, 2);
                let y = graph.relu(y);
                let y = graph.convolution(y, &part("conv3"), to, one);
                (normed(graph, y, 3), to)
            }
        };
        let from = graph.width(x);
        let kept = match self.shortcut {
            _ if stride == 1 && from == to => x,
            Shortcut::A => {
                // A first stage may narrow, and then nothing is left to add zeros to: `finish` refuses the sum.
                let new = to.saturating_sub(from);
                let before = new / 2;
                graph.subsample(
                    x,
                    Subsample {
                        step: stride,
                        before,
                        after: new - before,
                    },
                )
            }
            Shortcut::B => {
                let kept = graph.convolution(x, &part("downsample.0"), to, one.every(stride));
                graph.batch_norm(kept, &part("downsample.1"))
            }
        };
        let sum = graph.add(y, kept);
        graph.relu(sum)
    }
}

impl fmt::Display for Resnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stem, width, shortcut) = self.layers.usual();
        let cifar = if matches!(self.layers, Layers::Three(_)) {
            "CIFAR "
        } else {
            ""
        };
        write!(f, "{cifar}ResNet-{}", self.depth())?;
        let mut other = Vec::new();
        if self.known_depth().is_none() {
            let block = match self.block {
                Block::Basic => "basic",
                Block::Bottleneck => "bottleneck",
            };
            other.push(format!("{block} blocks {:?}", self.layers.as_slice()));
        }
        if self.stem != stem {
            other.push(match self.stem {
                Stem::Imagenet => "ImageNet stem".to_owned(),
                Stem::Cifar => "CIFAR stem".to_owned(),
            });
        }
        if self.width != width {
            other.push(format!("width {}", self.width));
        }
        match (self.groups, self.group_width) {
            (1, WHOLE) => {}
            (1, width) => other.push(format!("group width {width}")),
            (groups, width) => other.push(format!("{groups} groups of width {width}")),
        }
        if self.shortcut != shortcut {
            other.push(match self.shortcut {
                Shortcut::A => "shortcuts A".to_owned(),
                Shortcut::B => "shortcuts B".to_owned(),
            });
        }
        if self.channels == 1 {
            other.push("grey".to_owned());
        }
        match other.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", other.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;
