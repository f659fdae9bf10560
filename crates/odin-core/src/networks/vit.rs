//! Vision Transformers as cards describe them, and as graphs.
//!
//! ViT (Dosovitskiy et al., arXiv 2010.11929) with its norms before attention and before the perceptron. Names are timm's.
use std::fmt;
use std::hash::{Hash, Hasher};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ArchitectureError;
use super::graph::{Builder, Graph, GraphError, LARGEST, NodeId, Window};

/// A Vision Transformer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Vit {
    /// Side of a patch, in pixels.
    pub patch: usize,
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    pub heads: usize,
    /// Width within the perceptrons.
    pub mlp: usize,
    /// Height and width of the images.
    pub image: [usize; 2],
    pub pool: Pool,
    pub class_token: bool,
    pub layer_scale: bool,
    pub epsilon: Epsilon,
    pub channels: usize,
}

/// What of the tokens the last layer sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// The class token, after the last norm.
    Class,
    /// The mean of the patches' tokens, with the norm after it.
    Mean,
}

/// What a norm adds to the variance.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Epsilon(pub f64);

impl PartialEq for Epsilon {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Epsilon {}

impl Hash for Epsilon {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// Sizes by which networks are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Size {
    Ti,
    S,
    B,
    L,
    H,
}

/// Each size with its width, depth and heads; its perceptrons are four times as wide.
const SIZES: [(Size, usize, usize, usize); 5] = [
    (Size::Ti, 192, 12, 3),
    (Size::S, 384, 12, 6),
    (Size::B, 768, 12, 12),
    (Size::L, 1024, 24, 16),
    (Size::H, 1280, 32, 16),
];

const PATCH: usize = 16;
const IMAGE: [usize; 2] = [224; 2];
const EPSILON: Epsilon = Epsilon(1e-6);

/// A Vision Transformer as a card writes it; what is left out is as usual.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Written {
    /// `ti`, `s`, `b`, `l` or `h`. Of another size, `width`, `depth` and `heads` say how large it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<Size>,
    /// Components of a token: 768 in size `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<usize>,
    /// Number of blocks: 12 in size `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    depth: Option<usize>,
    /// Heads of the self-attention, which divide the width: 12 in size `b`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heads: Option<usize>,
    /// Width within the perceptrons: as usual, four times `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mlp: Option<usize>,
    /// Side of a patch in pixels: as usual 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patch: Option<usize>,
    /// Height and width of the images, both multiples of `patch`: as usual `[224, 224]`. Position embeddings for another size are
    /// resized when the weights are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<[usize; 2]>,
    /// What the last layer sees: `class`, the class token, or `mean`, the mean of the patches' tokens (timm's `global_pool: avg`,
    /// with `fc_norm`); as usual `class`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool: Option<Pool>,
    /// `false` where there is no class token, which `pool: mean` allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class_token: Option<bool>,
    /// `true` where what each block adds is scaled component by component (`blocks.0.ls1.gamma`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layer_scale: Option<bool>,
    /// What the norms add to the variance: as usual 1e-6, as torchvision and timm have it; 1e-12 in transformers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epsilon: Option<Epsilon>,
    /// Channels of the images: as usual 3; 1 where they are grey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channels: Option<usize>,
}

impl TryFrom<Written> for Vit {
    type Error = ArchitectureError;

    fn try_from(written: Written) -> Result<Self, ArchitectureError> {
        let sizes = (written.size, written.width, written.depth, written.heads);
        let (width, depth, heads) = match sizes {
            (None, Some(width), Some(depth), Some(heads)) => (width, depth, heads),
            (Some(size), None, None, None) => SIZES
                .iter()
                .find(|known| known.0 == size)
                .map(|known| (known.1, known.2, known.3))
                .ok_or(ArchitectureError::VitSize)?,
            _ => return Err(ArchitectureError::VitSize),
        };
        Ok(Self {
            patch: written.patch.unwrap_or(PATCH),
            width,
            depth,
            heads,
            mlp: written.mlp.unwrap_or(width.saturating_mul(4)),
            image: written.image.unwrap_or(IMAGE),
            pool: written.pool.unwrap_or(Pool::Class),
            class_token: written.class_token.unwrap_or(true),
            layer_scale: written.layer_scale.unwrap_or(false),
            epsilon: written.epsilon.unwrap_or(EPSILON),
            channels: written.channels.unwrap_or(3),
        })
    }
}

impl From<Vit> for Written {
    fn from(vit: Vit) -> Self {
        fn unless<T: PartialEq>(value: T, usual: T) -> Option<T> {
            (value != usual).then_some(value)
        }
        let size = vit.known_size();
        let other = |value: usize| size.is_none().then_some(value);
        Self {
            size,
            width: other(vit.width),
            depth: other(vit.depth),
            heads: other(vit.heads),
            mlp: unless(vit.mlp, vit.width.saturating_mul(4)),
            patch: unless(vit.patch, PATCH),
            image: unless(vit.image, IMAGE),
            pool: unless(vit.pool, Pool::Class),
            class_token: unless(vit.class_token, true),
            layer_scale: unless(vit.layer_scale, false),
            epsilon: unless(vit.epsilon, EPSILON),
            channels: unless(vit.channels, 3),
        }
    }
}

impl Vit {
    /// Of torchvision and timm.
    pub const USUAL_EPSILON: Epsilon = EPSILON;

    /// How many heads a network of this width has, where it is one of the known sizes or has heads of 64 components.
    pub fn usual_heads(width: usize) -> usize {
        let known = SIZES.iter().find(|(_, of, ..)| *of == width);
        known.map_or(width / 64, |(.., heads)| *heads).max(1)
    }

    fn known_size(&self) -> Option<Size> {
        let is_this = |known: &&(Size, usize, usize, usize)| {
            (known.1, known.2, known.3) == (self.width, self.depth, self.heads)
        };
        SIZES.iter().find(is_this).map(|known| known.0)
    }

    /// Rows and columns of patches.
    fn grid(&self) -> [usize; 2] {
        self.image.map(|side| side / self.patch)
    }

    fn check(&self) -> Result<(), ArchitectureError> {
        let check = |name, value, limit| match value {
            1.. if value <= limit => Ok(()),
            _ => Err(ArchitectureError::Size { name, limit, value }),
        };
        check("width", self.width, 16_384)?;
        check("depth", self.depth, 256)?;
        check("heads", self.heads, self.width)?;
        check("mlp", self.mlp, 1 << 17)?;
        check("patch", self.patch, 256)?;
        check("image", self.image[0], LARGEST)?;
        check("image", self.image[1], LARGEST)?;
        if !matches!(self.channels, 1 | 3) {
            return Err(ArchitectureError::Channels(self.channels));
        }
        if !self.width.is_multiple_of(self.heads) {
            return Err(ArchitectureError::Heads {
                heads: self.heads,
                width: self.width,
            });
        }
        if self.image.iter().any(|side| !side.is_multiple_of(self.patch)) {
            return Err(ArchitectureError::Patch {
                image: self.image,
                patch: self.patch,
            });
        }
        if self.pool == Pool::Class && !self.class_token {
            return Err(ArchitectureError::NoClassToken);
        }
        match self.epsilon.0 {
            epsilon if (0.0..=1.0).contains(&epsilon) => Ok(()),
            epsilon => Err(ArchitectureError::Epsilon(epsilon)),
        }
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
        let (mut graph, image) = Builder::of_size(self.channels, self.image);
        graph.epsilon = self.epsilon.0;
        let patches = Window::square(self.patch).every(self.patch).unpadded();
        let x = graph.biased(image, "patch_embed.proj", self.width, patches);
        let mut x = graph.tokens(x);
        if self.class_token {
            x = graph.class_token(x, "cls_token");
        }
        let skip = usize::from(self.class_token);
        x = graph.positions(x, "pos_embed", skip, self.grid());
        for i in 0..self.depth {
            let is_last = i + 1 == self.depth;
            x = self.block(&mut graph, x, &format!("blocks.{i}"), is_last);
        }
        let features = match self.pool {
            Pool::Class => graph.layer_norm(x, "norm"),
            Pool::Mean => {
                let mean = graph.mean_token(x, skip);
                graph.layer_norm(mean, "fc_norm")
            }
        };
        let logits = graph.linear(features, "head", classes);
        graph.finish(features, logits)
    }

    /// A block. Of the last one, where only the class token goes on, only that token is computed.
    fn block(&self, graph: &mut Builder, x: NodeId, name: &str, is_last: bool) -> NodeId {
        let part = |part: &str| format!("{name}.{part}");
        let scaled = |graph: &mut Builder, y, name: &str| match self.layer_scale {
            true => graph.scale(y, &part(name)),
            false => y,
        };
        let y = graph.layer_norm(x, &part("norm1"));
        let y = graph.linear(y, &part("attn.qkv"), 3 * self.width);
        let (x, y) = match (is_last, self.pool) {
            (true, Pool::Class) => (graph.first_token(x), graph.attention_of_first(y, self.heads)),
            _ => (x, graph.attention(y, self.heads)),
        };
        let y = graph.linear(y, &part("attn.proj"), self.width);
        let y = scaled(graph, y, "ls1.gamma");
        let x = graph.add(y, x);
        let y = graph.layer_norm(x, &part("norm2"));
        let y = graph.linear(y, &part("mlp.fc1"), self.mlp);
        let y = graph.gelu(y);
        let y = graph.linear(y, &part("mlp.fc2"), self.width);
        let y = scaled(graph, y, "ls2.gamma");
        graph.add(y, x)
    }
}

impl fmt::Display for Vit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut other = Vec::new();
        match self.known_size() {
            Some(size) => write!(f, "ViT-{size:?}/{}", self.patch)?,
            None => {
                write!(f, "ViT/{}", self.patch)?;
                other.push(format!(
                    "width {}, depth {}, {} heads",
                    self.width, self.depth, self.heads
                ));
            }
        }
        if self.mlp != self.width.saturating_mul(4) {
            other.push(format!("perceptrons {} wide", self.mlp));
        }
        if self.image != IMAGE {
            other.push(format!("{}×{} pixels", self.image[0], self.image[1]));
        }
        if self.pool == Pool::Mean {
            other.push("mean of the tokens".to_owned());
        }
        if !self.class_token {
            other.push("no class token".to_owned());
        }
        if self.layer_scale {
            other.push("layer scale".to_owned());
        }
        if self.epsilon != EPSILON {
            other.push(format!("epsilon {:e}", self.epsilon.0));
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
