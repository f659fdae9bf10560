//! Vision Transformers, by timm's names.
use super::super::Architecture;
use super::super::vit::{Pool, Vit};
use super::proposal::Proposal;
use super::shapes::Shapes;

pub(super) fn recognise(shapes: &Shapes) -> Option<Proposal> {
    let [width, channels, patch, _] = shapes.convolution("patch_embed.proj")?;
    let blocks = shapes.numbered("blocks.");
    let depth = blocks.iter().map(|block| block + 1).max()?;
    let class_token = shapes.has("cls_token");
    let mut doubts = Vec::new();
    let tokens = shapes
        .sizes("pos_embed")
        .and_then(|sizes| match sizes.as_slice() {
            [1, tokens, _] => tokens.checked_sub(usize::from(class_token)),
            _ => None,
        });
    let side = tokens.map_or(0, usize::isqrt);
    if tokens != Some(side * side) || side == 0 {
        doubts.push("its position embeddings are those of no square image".to_owned());
    }
    // No tensor says how many there are.
    let heads = Vit::usual_heads(width);
    if !width.is_multiple_of(heads) {
        doubts.push(format!(
            "its {width} components are no multiple of a head's usual 64"
        ));
    }
    let mean = shapes.has("fc_norm.weight") || !class_token;
    Some(Proposal {
        architecture: Architecture::Vit(Vit {
            patch,
            width,
            depth,
            heads,
            mlp: shapes.outputs("blocks.0.mlp.fc1").unwrap_or(4 * width),
            image: [side.max(1) * patch; 2],
            pool: if mean { Pool::Mean } else { Pool::Class },
            class_token,
            layer_scale: shapes.has("blocks.0.ls1.gamma"),
            epsilon: Vit::USUAL_EPSILON,
            channels,
        }),
        classes: shapes.outputs("head"),
        doubts,
    })
}
