//! Other projects' names for the same tensors, as data.
use odin_core::networks::Architecture;

use super::join;
use super::scheme::Scheme;

/// DenseNet and Wide ResNet for CIFAR.
pub(super) const PYTORCHCV: Scheme = Scheme {
    whose: "pytorchcv's",
    mark: Some("features.init_block."),
    lines: &[
        ("features.init_block.weight", "conv1.weight"),
        (
            "features.stage{b}.unit{u}.conv{n}.bn.*",
            "block{b}.layer.{u-1}.bn{n}.*",
        ),
        (
            "features.stage{b}.unit{u}.conv{n}.conv.*",
            "block{b}.layer.{u-1}.conv{n}.*",
        ),
        (
            "features.stage{b}.unit{u}.body.conv{n}.bn.*",
            "block{b}.layer.{u-1}.bn{n}.*",
        ),
        (
            "features.stage{b}.unit{u}.body.conv{n}.conv.*",
            "block{b}.layer.{u-1}.conv{n}.*",
        ),
        (
            "features.stage{b}.unit{u}.identity_conv.*",
            "block{b}.layer.{u-1}.convShortcut.*",
        ),
        ("features.stage{b}.trans{t}.conv.bn.*", "trans{b-1}.bn1.*"),
        ("features.stage{b}.trans{t}.conv.conv.*", "trans{b-1}.conv1.*"),
        ("features.post_activ.bn.*", "bn1.*"),
        ("output.*", "fc.*"),
    ],
    parts: None,
};

/// ResNets of OpenOOD, as those of pytorch-cifar but for the last layer.
const OPENOOD: Scheme = Scheme {
    whose: "OpenOOD's",
    mark: Some("shortcut."),
    lines: &[("layer{s}.{i}.shortcut.*", "layer{s}.{i}.downsample.*")],
    parts: None,
};

/// ResNets of akamaster/pytorch_resnet_cifar10, whose shortcuts have no tensors.
const AKAMASTER: Scheme = Scheme {
    whose: "pytorch_resnet_cifar10's (akamaster)",
    mark: Some("linear."),
    lines: &[("linear.*", "fc.*")],
    parts: None,
};

/// ResNets of kuangliu/pytorch-cifar.
const KUANGLIU: Scheme = Scheme {
    whose: "pytorch-cifar's (kuangliu)",
    mark: Some("linear."),
    lines: &[
        ("layer{s}.{i}.shortcut.*", "layer{s}.{i}.downsample.*"),
        ("linear.*", "fc.*"),
    ],
    parts: None,
};

/// ResNets of Hugging Face's transformers.
pub(super) const TRANSFORMERS: Scheme = Scheme {
    whose: "transformers'",
    mark: Some("resnet.embedder."),
    lines: &[
        ("resnet.embedder.embedder.convolution.*", "conv1.*"),
        ("resnet.embedder.embedder.normalization.*", "bn1.*"),
        (
            "resnet.encoder.stages.{s}.layers.{i}.shortcut.convolution.*",
            "layer{s+1}.{i}.downsample.0.*",
        ),
        (
            "resnet.encoder.stages.{s}.layers.{i}.shortcut.normalization.*",
            "layer{s+1}.{i}.downsample.1.*",
        ),
        (
            "resnet.encoder.stages.{s}.layers.{i}.layer.{j}.convolution.*",
            "layer{s+1}.{i}.conv{j+1}.*",
        ),
        (
            "resnet.encoder.stages.{s}.layers.{i}.layer.{j}.normalization.*",
            "layer{s+1}.{i}.bn{j+1}.*",
        ),
        ("classifier.1.*", "fc.*"),
    ],
    parts: None,
};

/// ResNets as torchvision and timm call their tensors, which is as we do.
pub(super) const TORCHVISION: Scheme = Scheme {
    whose: "torchvision's",
    mark: None,
    lines: &[],
    parts: None,
};

/// DenseNets and Wide ResNets as the ODIN authors call their tensors, which is as we do.
pub(super) const AUTHORS: Scheme = Scheme {
    whose: "the ODIN authors'",
    mark: None,
    lines: &[],
    parts: None,
};

/// Vision Transformers as timm calls their tensors, which is as we do.
pub(super) const TIMM: Scheme = Scheme {
    whose: "timm's",
    mark: None,
    lines: &[],
    parts: None,
};

/// Vision Transformers of torchvision. The layers of a perceptron had numbers before they had names.
pub(super) const TORCHVISION_VIT: Scheme = Scheme {
    whose: "torchvision's",
    mark: Some("encoder.layers.encoder_layer_"),
    lines: &[
        ("class_token", "cls_token"),
        ("encoder.pos_embedding", "pos_embed"),
        ("conv_proj.*", "patch_embed.proj.*"),
        (
            "encoder.layers.encoder_layer_{i}.ln_{n}.*",
            "blocks.{i}.norm{n}.*",
        ),
        (
            "encoder.layers.encoder_layer_{i}.self_attention.in_proj_*",
            "blocks.{i}.attn.qkv.*",
        ),
        (
            "encoder.layers.encoder_layer_{i}.self_attention.out_proj.*",
            "blocks.{i}.attn.proj.*",
        ),
        ("encoder.layers.encoder_layer_{i}.mlp.0.*", "blocks.{i}.mlp.fc1.*"),
        ("encoder.layers.encoder_layer_{i}.mlp.3.*", "blocks.{i}.mlp.fc2.*"),
        (
            "encoder.layers.encoder_layer_{i}.mlp.linear_{n}.*",
            "blocks.{i}.mlp.fc{n}.*",
        ),
        ("encoder.ln.*", "norm.*"),
        ("heads.head.*", "head.*"),
    ],
    parts: None,
};

/// Vision Transformers of transformers: up to version 4, and from 5 on.
pub(super) const TRANSFORMERS_VIT: Scheme = Scheme {
    whose: "transformers'",
    mark: Some("vit.embeddings."),
    lines: &[
        ("vit.embeddings.cls_token", "cls_token"),
        ("vit.embeddings.position_embeddings", "pos_embed"),
        (
            "vit.embeddings.patch_embeddings.projection.*",
            "patch_embed.proj.*",
        ),
        ("vit.encoder.layer.{i}.layernorm_before.*", "blocks.{i}.norm1.*"),
        ("vit.encoder.layer.{i}.layernorm_after.*", "blocks.{i}.norm2.*"),
        ("vit.encoder.layer.{i}.attention.attention.*", "blocks.{i}.attn.*"),
        (
            "vit.encoder.layer.{i}.attention.output.dense.*",
            "blocks.{i}.attn.proj.*",
        ),
        (
            "vit.encoder.layer.{i}.intermediate.dense.*",
            "blocks.{i}.mlp.fc1.*",
        ),
        ("vit.encoder.layer.{i}.output.dense.*", "blocks.{i}.mlp.fc2.*"),
        ("vit.layers.{i}.layernorm_before.*", "blocks.{i}.norm1.*"),
        ("vit.layers.{i}.layernorm_after.*", "blocks.{i}.norm2.*"),
        ("vit.layers.{i}.attention.q_proj.*", "blocks.{i}.attn.query.*"),
        ("vit.layers.{i}.attention.k_proj.*", "blocks.{i}.attn.key.*"),
        ("vit.layers.{i}.attention.v_proj.*", "blocks.{i}.attn.value.*"),
        ("vit.layers.{i}.attention.o_proj.*", "blocks.{i}.attn.proj.*"),
        ("vit.layers.{i}.mlp.*", "blocks.{i}.mlp.*"),
        ("vit.layernorm.*", "norm.*"),
        ("classifier.*", "head.*"),
    ],
    parts: Some(&join::ATTENTION),
};

const FOR_CIFAR: [Scheme; 2] = [AUTHORS, PYTORCHCV];
const RESNETS: [Scheme; 5] = [TORCHVISION, OPENOOD, AKAMASTER, KUANGLIU, TRANSFORMERS];
const VITS: [Scheme; 3] = [TIMM, TORCHVISION_VIT, TRANSFORMERS_VIT];

/// The schemes of all networks.
pub(super) fn all() -> impl Iterator<Item = &'static Scheme> {
    FOR_CIFAR.iter().chain(&RESNETS).chain(&VITS)
}

/// By which names the tensors of a network may be called, the likeliest first.
pub(super) fn schemes(architecture: &Architecture) -> &'static [Scheme] {
    match architecture {
        Architecture::DensenetBc { .. } | Architecture::WideResnet { .. } => &FOR_CIFAR,
        Architecture::Resnet(_) => &RESNETS,
        Architecture::Vit(_) => &VITS,
        Architecture::Torchscript { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pytorchcv_names_become_ours() {
        let ours = |name: &str| PYTORCHCV.ours(name);
        for (theirs, expected) in [
            ("features.init_block.weight", "conv1.weight"),
            (
                "features.stage1.unit1.conv1.bn.running_var",
                "block1.layer.0.bn1.running_var",
            ),
            (
                "features.stage3.unit16.conv2.conv.weight",
                "block3.layer.15.conv2.weight",
            ),
            ("features.stage2.trans2.conv.bn.weight", "trans1.bn1.weight"),
            ("features.stage3.trans3.conv.conv.weight", "trans2.conv1.weight"),
            (
                "features.stage2.unit4.body.conv2.conv.weight",
                "block2.layer.3.conv2.weight",
            ),
            (
                "features.stage2.unit1.identity_conv.weight",
                "block2.layer.0.convShortcut.weight",
            ),
            ("features.post_activ.bn.bias", "bn1.bias"),
            ("output.bias", "fc.bias"),
        ] {
            assert_eq!(ours(theirs).as_deref(), Some(expected));
        }
        for strange in [
            "features.stage1.unit0.conv1.bn.weight",
            "features.stage1.unitx.conv1.bn.weight",
            "outputs.bias",
            "",
        ] {
            assert_eq!(ours(strange), None, "{strange}");
        }
    }

    #[test]
    fn names_of_resnets_become_ours() {
        for (scheme, theirs, expected) in [
            (
                KUANGLIU,
                "layer3.0.shortcut.1.running_mean",
                Some("layer3.0.downsample.1.running_mean"),
            ),
            (KUANGLIU, "linear.weight", Some("fc.weight")),
            (KUANGLIU, "layer1.0.conv1.weight", None),
            (
                TRANSFORMERS,
                "resnet.embedder.embedder.convolution.weight",
                Some("conv1.weight"),
            ),
            (
                TRANSFORMERS,
                "resnet.embedder.embedder.normalization.bias",
                Some("bn1.bias"),
            ),
            (
                TRANSFORMERS,
                "resnet.encoder.stages.0.layers.2.layer.1.convolution.weight",
                Some("layer1.2.conv2.weight"),
            ),
            (
                TRANSFORMERS,
                "resnet.encoder.stages.3.layers.0.layer.2.normalization.running_var",
                Some("layer4.0.bn3.running_var"),
            ),
            (
                TRANSFORMERS,
                "resnet.encoder.stages.1.layers.0.shortcut.convolution.weight",
                Some("layer2.0.downsample.0.weight"),
            ),
            (TRANSFORMERS, "classifier.1.bias", Some("fc.bias")),
            (
                TRANSFORMERS,
                "resnet.encoder.stages.18446744073709551615.layers.0.layer.0.convolution.weight",
                None,
            ),
            (TORCHVISION, "linear.weight", None),
        ] {
            assert_eq!(scheme.ours(theirs).as_deref(), expected, "{theirs}");
        }
    }

    #[test]
    fn names_of_vits_become_ours() {
        for (scheme, theirs, expected) in [
            (TORCHVISION_VIT, "class_token", "cls_token"),
            (TORCHVISION_VIT, "conv_proj.bias", "patch_embed.proj.bias"),
            (
                TORCHVISION_VIT,
                "encoder.layers.encoder_layer_11.self_attention.in_proj_weight",
                "blocks.11.attn.qkv.weight",
            ),
            (
                TORCHVISION_VIT,
                "encoder.layers.encoder_layer_0.mlp.linear_2.bias",
                "blocks.0.mlp.fc2.bias",
            ),
            (
                TORCHVISION_VIT,
                "encoder.layers.encoder_layer_0.mlp.3.bias",
                "blocks.0.mlp.fc2.bias",
            ),
            (
                TORCHVISION_VIT,
                "encoder.layers.encoder_layer_3.ln_2.weight",
                "blocks.3.norm2.weight",
            ),
            (
                TRANSFORMERS_VIT,
                "vit.encoder.layer.3.attention.attention.value.weight",
                "blocks.3.attn.value.weight",
            ),
            (
                TRANSFORMERS_VIT,
                "vit.encoder.layer.3.attention.output.dense.weight",
                "blocks.3.attn.proj.weight",
            ),
            (
                TRANSFORMERS_VIT,
                "vit.encoder.layer.3.output.dense.bias",
                "blocks.3.mlp.fc2.bias",
            ),
            (
                TRANSFORMERS_VIT,
                "vit.layers.3.attention.k_proj.bias",
                "blocks.3.attn.key.bias",
            ),
            (
                TRANSFORMERS_VIT,
                "vit.layers.3.mlp.fc1.weight",
                "blocks.3.mlp.fc1.weight",
            ),
            (TRANSFORMERS_VIT, "classifier.weight", "head.weight"),
        ] {
            assert_eq!(scheme.ours(theirs).as_deref(), Some(expected), "{theirs}");
        }
    }
}
