//! What a network is made of: the names and shapes of its tensors, without any tensor.
//!
//! Names of DenseNets and Wide ResNets are those of the ODIN authors' files: `conv1`, `block1.layer.0.bn1`, …, `fc`.
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ArchitectureError;
use super::graph::Graph;
use super::input::{Input, Span};
use super::parameter::{List, Parameter};
use super::resnet::{self, Resnet};
use super::vit::{self, Vit};

/// A family of networks with its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Architecture {
    /// DenseNet-BC with compression ½ (Huang et al., arXiv 1608.06993, section 3).
    DensenetBc { depth: usize, growth: usize },
    /// Wide ResNet of basic blocks (Zagoruyko and Komodakis, arXiv 1605.07146).
    WideResnet { depth: usize, widen: usize },
    /// ResNet (He et al., arXiv 1512.03385), wide or with groups (ResNeXt), as torchvision has it; and those for CIFAR.
    Resnet(#[schemars(with = "resnet::Written")] Resnet),
    /// Vision Transformer (Dosovitskiy et al., arXiv 2010.11929), as torchvision, timm and transformers have it.
    Vit(#[schemars(with = "vit::Written")] Vit),
    /// Any classifier, as a TorchScript program that brings its own tensors.
    Torchscript { input: Input },
}

/// Widths and block lengths of a DenseNet-BC, from which its tensors and its forward pass follow.
pub struct DenseNetPlan {
    pub layers: usize,
    pub growth: usize,
    /// Channels at the start and at the end of each of the three blocks.
    pub widths: [(usize, usize); 3],
}

/// Widths and block lengths of a Wide ResNet.
pub struct WideResNetPlan {
    pub layers: usize,
    /// Channels after the first convolution and after each group.
    pub widths: [usize; 4],
}

pub enum Plan {
    DenseNet(DenseNetPlan),
    WideResNet(WideResNetPlan),
    /// Every other family.
    Graph(Graph),
}

/// The fewest classes that there may be, and the most.
const CLASSES: (usize, usize) = (2, 100_000);

impl Architecture {
    /// What a network with so many classes is made of.
    ///
    /// # Errors
    /// Where there is no such network, or its program alone knows (TorchScript).
    pub fn plan(&self, classes: usize) -> Result<Plan, ArchitectureError> {
        let layers = |depth: usize, a_layer: usize| match depth.checked_sub(4) {
            Some(rest) if rest > 0 && rest % 6 == 0 && depth <= 1000 => Ok(rest / a_layer),
            _ => Err(ArchitectureError::Depth(depth)),
        };
        let check = |name, value, limit| match value {
            1.. if value <= limit => Ok(()),
            _ => Err(ArchitectureError::Size { name, limit, value }),
        };
        match *self {
            Self::DensenetBc { depth, growth } => {
                check("growth", growth, 512)?;
                // A layer is two convolutions, so a block of (depth − 4)/3 convolutions has half as many layers.
                let layers = layers(depth, 6)?;
                let grown = |start: usize| (start, start + layers * growth);
                let first = grown(2 * growth);
                let second = grown(first.1 / 2);
                let third = grown(second.1 / 2);
                Ok(Plan::DenseNet(DenseNetPlan {
                    layers,
                    growth,
                    widths: [first, second, third],
                }))
            }
            Self::WideResnet { depth, widen } => {
                check("widen", widen, 64)?;
                let layers = layers(depth, 6)?;
                Ok(Plan::WideResNet(WideResNetPlan {
                    layers,
                    widths: [16, 16 * widen, 32 * widen, 64 * widen],
                }))
            }
            Self::Resnet(resnet) => Ok(Plan::Graph(resnet.graph(classes)?)),
            Self::Vit(vit) => Ok(Plan::Graph(vit.graph(classes)?)),
            Self::Torchscript { .. } => Err(ArchitectureError::Program),
        }
    }

    /// Whether such a network with so many classes can exist.
    pub fn check(&self, classes: usize) -> Result<(), ArchitectureError> {
        if !(CLASSES.0..=CLASSES.1).contains(&classes) {
            return Err(ArchitectureError::Classes(classes));
        }
        match self {
            Self::Torchscript { input } => input.check(),
            _ => self.plan(classes).map(drop),
        }
    }

    /// Planes of the images it takes; `None` where its card's normalisation alone says so.
    pub fn channels(&self) -> Option<usize> {
        match self {
            Self::DensenetBc { .. } | Self::WideResnet { .. } => Some(3),
            Self::Resnet(resnet) => Some(resnet.channels),
            Self::Vit(vit) => Some(vit.channels),
            Self::Torchscript { input } => input.channels(),
        }
    }

    /// Every tensor of this network, in the order of the forward pass.
    ///
    /// # Errors
    /// Where there is no such network, or its tensors are known to its file alone (TorchScript).
    pub fn parameters(&self, classes: usize) -> Result<Vec<Parameter>, ArchitectureError> {
        self.check(classes)?;
        let mut list = List::default();
        let features = match self.plan(classes)? {
            Plan::Graph(graph) => return Ok(graph.parameters()),
            Plan::DenseNet(plan) => {
                list.conv("conv1", plan.widths[0].0, 3, [3, 3]);
                for (b, &(start, end)) in plan.widths.iter().enumerate() {
                    for i in 0..plan.layers {
                        let (layer, width) = (format!("block{}.layer.{i}", b + 1), start + i * plan.growth);
                        list.norm(&format!("{layer}.bn1"), width);
                        list.conv(&format!("{layer}.conv1"), 4 * plan.growth, width, [1, 1]);
                        list.norm(&format!("{layer}.bn2"), 4 * plan.growth);
                        list.conv(&format!("{layer}.conv2"), plan.growth, 4 * plan.growth, [3, 3]);
                    }
                    if b < 2 {
                        list.norm(&format!("trans{}.bn1", b + 1), end);
                        list.conv(&format!("trans{}.conv1", b + 1), end / 2, end, [1, 1]);
                    }
                }
                plan.widths[2].1
            }
            Plan::WideResNet(plan) => {
                list.conv("conv1", plan.widths[0], 3, [3, 3]);
                for (b, pair) in plan.widths.windows(2).enumerate() {
                    let &[from, to] = pair else { continue };
                    for i in 0..plan.layers {
                        let (layer, width) = (
                            format!("block{}.layer.{i}", b + 1),
                            if i == 0 { from } else { to },
                        );
                        list.norm(&format!("{layer}.bn1"), width);
                        list.conv(&format!("{layer}.conv1"), to, width, [3, 3]);
                        list.norm(&format!("{layer}.bn2"), to);
                        list.conv(&format!("{layer}.conv2"), to, to, [3, 3]);
                        if width != to {
                            list.conv(&format!("{layer}.convShortcut"), to, width, [1, 1]);
                        }
                    }
                }
                plan.widths[3]
            }
        };
        list.norm("bn1", features);
        list.linear("fc", classes, features);
        Ok(list.0)
    }

    /// What its last layer's tensors are called, before `.weight` and `.bias`.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn head(&self, classes: usize) -> Result<String, ArchitectureError> {
        Ok(match self.plan(classes)? {
            Plan::Graph(graph) => graph.head().to_owned(),
            Plan::DenseNet(_) | Plan::WideResNet(_) => "fc".to_owned(),
        })
    }

    /// Height and width of the smallest images that it takes.
    pub fn least_input(&self) -> (usize, usize) {
        self.input().map_or((1, 1), Input::least)
    }

    fn input(&self) -> Result<Input, ArchitectureError> {
        Ok(match self {
            Self::Torchscript { input } => *input,
            Self::DensenetBc { .. } | Self::WideResnet { .. } => Input::Sides {
                height: Span::Between([32, 63]),
                width: Span::Between([32, 63]),
            },
            Self::Vit(vit) => Input::Shape([vit.channels, vit.image[0], vit.image[1]]),
            Self::Resnet(resnet) => Input::from_least(resnet.graph(CLASSES.0)?.least_input()),
        })
    }

    /// Whether images of this size fit. A TorchScript program's card says so. In DenseNets and Wide ResNets the last pool is `avg_pool2d(8)` and must yield one value a
    /// channel: a side of 32 to 63 pixels leaves a map of 8 to 15, of which the top-left 8×8 is pooled, as the authors'
    /// networks do. ResNets pool
    /// whole maps, and take what their windows fit; a ViT takes the size on its card.
    ///
    /// # Errors
    /// Where they do not.
    pub fn accepts(&self, height: usize, width: usize) -> Result<(), ArchitectureError> {
        let input = self.input()?;
        if input.accepts(height, width) {
            return Ok(());
        }
        Err(ArchitectureError::Input {
            height,
            width,
            takes: input.to_string(),
        })
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DensenetBc { depth, growth } => write!(f, "DenseNet-BC-{depth}-{growth}"),
            Self::WideResnet { depth, widen } => write!(f, "WRN-{depth}-{widen}"),
            Self::Resnet(resnet) => resnet.fmt(f),
            Self::Vit(vit) => vit.fmt(f),
            Self::Torchscript { input } => write!(f, "TorchScript ({input})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained_values(architecture: Architecture, classes: usize) -> i64 {
        let all = architecture.parameters(classes).unwrap();
        all.iter()
            .filter(|p| p.role.is_trained())
            .map(|p| p.shape.iter().product::<i64>())
            .sum()
    }

    #[test]
    fn sizes_are_those_of_the_papers() {
        // 0.77 M and 36.5 M parameters in the DenseNet and Wide ResNet papers.
        assert_eq!(
            trained_values(
                Architecture::DensenetBc {
                    depth: 100,
                    growth: 12
                },
                10
            ),
            769_162
        );
        assert_eq!(
            trained_values(Architecture::WideResnet { depth: 28, widen: 10 }, 10),
            36_479_194
        );
        assert_eq!(
            trained_values(Architecture::WideResnet { depth: 40, widen: 2 }, 10),
            2_243_546
        );
    }

    #[test]
    fn absurd_sizes_are_refused() {
        for depth in [0, 4, 5, 41, usize::MAX] {
            let bad = Architecture::DensenetBc { depth, growth: 12 };
            assert_eq!(bad.parameters(10), Err(ArchitectureError::Depth(depth)));
        }
        assert!(
            Architecture::DensenetBc { depth: 40, growth: 0 }
                .parameters(10)
                .is_err()
        );
        assert!(
            Architecture::WideResnet {
                depth: 28,
                widen: 1 << 40
            }
            .parameters(10)
            .is_err()
        );
        assert!(
            Architecture::WideResnet { depth: 28, widen: 10 }
                .parameters(1)
                .is_err()
        );
    }

    #[test]
    fn programs_take_what_their_card_says() {
        let of = |text: &str| serde_yaml::from_str::<Architecture>(text);
        let exact = of("{kind: torchscript, input: [3, 48, 64]}").unwrap();
        assert!(exact.accepts(48, 64).is_ok() && exact.accepts(64, 48).is_err());
        assert_eq!(exact.to_string(), "TorchScript (48×64)");
        let any = of("{kind: torchscript, input: {height: [32, 63], width: 32}}").unwrap();
        assert!(any.accepts(36, 32).is_ok() && any.accepts(64, 32).is_err());
        assert_eq!(any.check(10), Ok(()));
        assert_eq!(any.parameters(10), Err(ArchitectureError::Program));
        for wrong in [
            "[2, 32, 32]",
            "[3, 0, 32]",
            "[3, 32, 999999]",
            "{height: [9, 3], width: 9}",
        ] {
            let network = of(&format!("{{kind: torchscript, input: {wrong}}}")).unwrap();
            assert!(network.check(10).is_err(), "{wrong}");
        }
        assert!(of("{kind: torchscript, input: 32}").is_err());
    }

    #[test]
    fn images_that_would_pool_to_several_values_are_refused() {
        let network = Architecture::DensenetBc {
            depth: 100,
            growth: 12,
        };
        assert!(network.accepts(32, 32).is_ok());
        assert!(network.accepts(36, 36).is_ok());
        assert!(network.accepts(64, 64).is_err());
        assert!(network.accepts(28, 28).is_err());
    }
}
