//! Every graph as it is written against the same for scoring: logits, features and the gradient to the images.
use odin_core::networks::graph::{Builder, Graph, Subsample, Window};
use odin_core::networks::{Architecture, Plan};
use odin_kernels::Instructions;
use tch::Kind;

use super::super::folded::Folded as _;
use super::super::layers::Mode;
use super::super::layers::samples::{agree, noise, off, varied_of};
use super::super::outputs::Outputs;
use super::super::weights::channels_last;
use super::*;

const CLASSES: usize = 5;

fn graph_of(card: &str) -> Graph {
    let kind = if card.contains("patch") { "vit" } else { "resnet" };
    let architecture: Architecture = serde_yaml::from_str(&format!("{{kind: {kind}, {card}}}")).unwrap();
    match architecture.plan(CLASSES) {
        Ok(Plan::Graph(graph)) => graph,
        _ => panic!("{card} is no graph"),
    }
}

/// Checks that both computations agree on images of these sizes.
fn compare(case: &str, graph: &Graph, channels: i64, sizes: &[(i64, i64)]) {
    let weights = varied_of(&graph.parameters());
    let plain = Plain::new(graph, &weights).unwrap();
    for instructions in Instructions::all_of_this_cpu().map(Some).chain([None]) {
        let folded = Folded::new(graph, &weights, instructions).unwrap().share();
        compare_with(case, &plain, &folded, channels, sizes);
    }
}

fn compare_with(case: &str, plain: &Plain, folded: &Folded, channels: i64, sizes: &[(i64, i64)]) {
    let mut offs = Vec::new();
    for &(height, width) in sizes {
        let case = format!("{case}, {height}×{width}");
        let x = channels_last(&noise(&[2, channels, height, width], height as u64)).unwrap();
        let before = x.copy();
        let leaf = x.copy().set_requires_grad(true);
        let want = plain.forward(&leaf, Mode::Evaluation).unwrap();
        let seed = noise(&want.logits.size(), 1);
        (&want.logits * &seed).sum(Kind::Float).backward();
        let want = want.detached().unwrap();
        let (outputs, gradient) = folded
            .outputs_and_gradient(&x, &|_| Ok(seed.shallow_clone()))
            .unwrap();
        for Outputs { logits, features } in [outputs, folded.outputs(&x).unwrap()] {
            assert!(off(&logits, &want.logits) < 1e-5, "{case}");
            assert!(
                off(&features.unwrap(), want.features.as_ref().unwrap()) < 1e-5,
                "{case}"
            );
        }
        assert_eq!(gradient.size(), x.size(), "{case}");
        assert!(x.equal(&before), "{case}: the images were overwritten");
        offs.push(off(&gradient, &leaf.grad()));
    }
    assert!(agree(offs.clone()), "{case}: {offs:?}");
}

#[test]
fn every_residual_network_is_the_same_for_scoring() {
    for card in [
        "block: basic, layers: [1, 2, 1, 1], width: 8",
        "block: basic, layers: [1, 2, 1, 1], width: 8, shortcut: a",
        "block: basic, layers: [2, 1, 1, 1], width: 8, stem: cifar",
        "block: basic, layers: [2, 1, 1], width: 6",
        "block: basic, layers: [1, 1, 2], width: 8, shortcut: b, stem: imagenet",
        "block: bottleneck, layers: [1, 2, 1, 1], width: 8",
        "block: bottleneck, layers: [2, 1, 1, 1], width: 8, shortcut: a, stem: cifar",
        "block: bottleneck, layers: [1, 1, 1, 1], width: 16, groups: 4, group-width: 8",
        "block: bottleneck, layers: [1, 1, 1, 1], width: 8, group-width: 128",
        "block: basic, layers: [1, 1, 1], width: 8, channels: 1",
        // Widths that fill the vectors of every instruction set.
        "block: basic, layers: [2, 1, 1, 1], width: 16, stem: cifar",
        "block: bottleneck, layers: [1, 1, 1, 1], width: 16",
    ] {
        let channels = if card.contains("channels: 1") { 1 } else { 3 };
        compare(
            card,
            &graph_of(card),
            channels,
            &[(32, 32), (33, 36), (47, 33), (36, 50)],
        );
    }
}

#[test]
fn the_smallest_images_are_scored() {
    let graph = graph_of("block: bottleneck, layers: [1, 1, 1, 1], width: 8");
    compare("1 pixel", &graph, 3, &[(1, 1), (2, 1), (3, 5)]);
}

#[test]
fn every_vision_transformer_is_the_same_for_scoring() {
    for (card, size) in [
        (
            "width: 24, depth: 2, heads: 3, patch: 4, image: [16, 12]",
            (16, 12),
        ),
        (
            "width: 24, depth: 1, heads: 1, patch: 3, mlp: 7, image: [9, 9]",
            (9, 9),
        ),
        (
            "width: 16, depth: 2, heads: 2, patch: 8, image: [16, 24], pool: mean, layer-scale: true",
            (16, 24),
        ),
        (
            "width: 16, depth: 1, heads: 4, patch: 8, image: [8, 8], pool: mean, class-token: false",
            (8, 8),
        ),
        (
            "width: 16, depth: 2, heads: 16, patch: 4, image: [8, 8], channels: 1, layer-scale: true",
            (8, 8),
        ),
    ] {
        let channels = if card.contains("channels: 1") { 1 } else { 3 };
        compare(card, &graph_of(card), channels, &[size]);
    }
}

/// What no transformer of a card has: the ways in which tokens are shared, and operations that are not worked into others.
#[test]
fn every_operation_on_tokens_is_the_same_for_scoring() {
    let (mut graph, image) = Builder::of_size(3, [9, 8]);
    // Windows that leave a row, so that they are no patches; a map as tokens that a GELU must not overwrite.
    let x = graph.biased(image, "patches", 6, Window::square(2).every(2).unpadded());
    let x = graph.tokens(x);
    let active = graph.gelu(x);
    let x = graph.add(x, active);
    let x = graph.layer_norm(x, "before");
    let x = graph.class_token(x, "token");
    let x = graph.positions(x, "positions", 1, [4, 4]);
    // A norm that a linear layer and a sum read, and one that a GELU reads.
    let normed = graph.layer_norm(x, "norm1");
    let y = graph.linear(normed, "linear", 6);
    let y = graph.add(y, normed);
    let y = graph.layer_norm(y, "norm2");
    let y = graph.gelu(y);
    let y = graph.scale(y, "scale");
    let qkv = graph.linear(y, "qkv", 18);
    let attended = graph.attention(qkv, 3);
    let first = graph.attention_of_first(qkv, 2);
    let z = graph.add(attended, x);
    let token = graph.first_token(z);
    let token = graph.gelu(token);
    let mean = graph.mean_token(z, 2);
    let all = graph.add(token, mean);
    let all = graph.add(all, first);
    // On a vector, of a gradient that a sum shares.
    let normed = graph.layer_norm(all, "norm3");
    let hidden = graph.linear(normed, "hidden", 6);
    let hidden = graph.add(hidden, all);
    let features = graph.gelu(hidden);
    let logits = graph.linear(features, "head", CLASSES);
    let graph = graph.finish(features, logits).unwrap();
    compare("every operation on tokens", &graph, 3, &[(9, 8)]);
}

/// What no residual network has: operations that others need, and the ways in which values are shared.
#[test]
fn every_operation_is_the_same_for_scoring() {
    let (mut graph, image) = Builder::new(3);
    // The image has two readers, and a ReLU of its own.
    let direct = graph.relu(image);
    let x = graph.biased(image, "biased", 8, Window::square(3).unpadded());
    let x = graph.batch_norm(x, "bn1");
    // Read twice, so that neither reader may overwrite it.
    let y = graph.relu(x);
    let x = graph.add(x, y);
    // A batch norm that follows no convolution, and one after a convolution that is read twice.
    let y = graph.batch_norm(x, "bn2");
    let y = graph.relu(y);
    let y = graph.convolution(y, "conv", 8, Window::square(3));
    let z = graph.batch_norm(y, "bn3");
    let y = graph.add(z, y);
    let y = graph.add(y, y);
    // A ReLU of a ReLU, a pool of something that is no ReLU, windows that are not square, depthwise groups.
    let y = graph.relu(y);
    let y = graph.relu(y);
    let y = graph.add(y, x);
    let y = graph.max_pool(y, Window::square(3).every(2));
    let y = graph.average_pool(y, Window::square(3).every(2));
    let y = graph.average_pool(y, Window::square(2).unpadded());
    let oblong = Window {
        side: [1, 3],
        stride: [1, 2],
        padding: [0, 1],
    };
    let y = graph.grouped(y, "oblong", 8, oblong, 8);
    let shortcut = |step, before, after| Subsample { step, before, after };
    let y = graph.subsample(y, shortcut(2, 1, 2));
    let y = graph.subsample(y, shortcut(1, 0, 0));
    let hidden = graph.global_average_pool(y);
    let direct = graph.global_average_pool(direct);
    let direct = graph.linear(direct, "direct", 11);
    let hidden = graph.add(hidden, direct);
    let hidden = graph.linear(hidden, "hidden", 7);
    let features = graph.relu(hidden);
    let logits = graph.linear(features, "fc", CLASSES);
    let graph = graph.finish(features, logits).unwrap();
    compare(
        "every operation",
        &graph,
        3,
        &[(32, 32), (33, 36), (47, 33), (21, 50)],
    );
}

#[test]
fn a_graph_trains_its_batch_norms() {
    let graph = graph_of("block: basic, layers: [1, 1, 1], width: 8");
    let weights = varied_of(&graph.parameters());
    let plain = Plain::new(&graph, &weights).unwrap();
    let mean = weights.get("bn1.running_mean").unwrap();
    let before = mean.copy();
    let x = noise(&[4, 3, 8, 8], 1);
    let logits = plain.forward(&x, Mode::Training).unwrap().logits;
    assert_eq!(logits.size(), [4, CLASSES as i64]);
    assert!(!mean.equal(&before));
}
