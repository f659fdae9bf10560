//! A graph for scoring alone, each change exact but for rounding:
//! - a batch norm after a convolution that nothing else reads is folded into it, in f64; so is a scale into the linear layer before
//!   it, and the scale and shift of a layer norm into the linear layer after it;
//! - a convolution that divides an image into patches is a linear layer on them;
//! - a ReLU, a GELU or a sum overwrites an input that nothing else needs;
//! - the gradient is taken for the images only, by hand, and of the activations only those are kept that the way back asks for.
use odin_kernels::Instructions;
use tch::{Kind, Tensor};

use super::super::folded::{self, lost};
use super::super::layers::{Convolution, Mode, Result, exact_affine, size_at};
use super::super::outputs::Outputs;
use super::super::weights::{Weights, WeightsError, channels_last};
use super::gradient::Gradient;
use super::step::{Step, Window, absent, spent};
use super::tokens::Patches;
use super::{attention, tokens};
use odin_core::networks::graph::{BatchNorm, Graph, Operation, Subsample};

type Taken<T> = std::result::Result<T, WeightsError>;

pub(crate) struct Folded {
    nodes: Vec<Node>,
    features: usize,
    logits: usize,
}

struct Node {
    step: Step,
    inputs: Vec<usize>,
    /// Inputs that no later node reads.
    spent: Vec<usize>,
    /// Which of its inputs it overwrites.
    overwrites: Option<usize>,
}

/// What the way back needs of a step.
pub(crate) enum Note {
    Nothing,
    /// Height and width of its input.
    Size([i64; 2]),
    /// Its output, after a ReLU.
    Active(Tensor),
    /// Its input.
    Input(Tensor),
    /// How many tokens its input has.
    Count(i64),
    /// Its input normalised, and the inverse of its deviation.
    Normal(Tensor, Tensor),
    /// Its input, and where in that the greatest values stood.
    Greatest(Tensor, Tensor),
}

/// Whether the way back needs what this step gives, or another value has the same memory: it must not be overwritten then.
fn is_kept(step: &Step) -> bool {
    matches!(
        step,
        Step::Image(_) | Step::Relu | Step::Normalise(_) | Step::Tokens | Step::FirstToken
    )
}

impl Folded {
    /// With `instructions`, by kernels of our own where these are made for it: the weights are on the CPU then.
    pub(crate) fn new(graph: &Graph, weights: &Weights, instructions: Option<Instructions>) -> Taken<Self> {
        let kept = [graph.features(), graph.logits()];
        let mut readers = vec![0; graph.nodes().len()];
        for input in graph.nodes().iter().flat_map(|node| &node.inputs).chain(&kept) {
            readers[input.index()] += 1;
        }
        // Where each node of the graph is computed here, and how many read that.
        let mut places: Vec<usize> = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        let mut read_by: Vec<usize> = Vec::new();
        for (i, node) in graph.nodes().iter().enumerate() {
            let inputs: Vec<usize> = node.inputs.iter().map(|input| places[input.index()]).collect();
            let only_reader = match (node.inputs.as_slice(), inputs.as_slice()) {
                ([input], &[place]) if readers[input.index()] == 1 => Some(place),
                _ => None,
            };
            if let Some(place) = only_reader
                && take_in(&mut nodes, place, &node.operation, weights)?
            {
                read_by[place] = readers[i];
                places.push(place);
                continue;
            }
            let mut step = match &node.operation {
                Operation::BatchNorm(norm) => Step::affine(weights, norm)?,
                operation => Step::take(operation, weights)?,
            };
            if let Some(place) = only_reader
                && let (Step::Linear(linear), Step::LayerNorm(norm)) = (&mut step, &nodes[place].step)
            {
                let epsilon = norm.epsilon;
                tokens::fold_norm(linear, norm)?;
                nodes[place].step = Step::Normalise(epsilon);
            }
            let may_overwrite = |input: &&usize| read_by[**input] == 1 && !is_kept(&nodes[**input].step);
            let overwrites = match step {
                Step::Relu | Step::Gelu | Step::Add => inputs.iter().find(may_overwrite).copied(),
                _ => None,
            };
            places.push(nodes.len());
            read_by.push(readers[i]);
            nodes.push(Node {
                step,
                inputs,
                spent: Vec::new(),
                overwrites,
            });
        }
        if let Some(instructions) = instructions {
            for node in &mut nodes {
                if let Step::Convolution(convolution) = &mut node.step {
                    convolution.quicken(instructions)?;
                }
            }
        }
        let [features, logits] = kept.map(|node| places[node.index()]);
        let inputs: Vec<Vec<usize>> = nodes.iter().map(|node| node.inputs.clone()).collect();
        for (node, spent) in nodes.iter_mut().zip(spent(&inputs, [features, logits])) {
            node.spent = spent;
        }
        Ok(Self {
            nodes,
            features,
            logits,
        })
    }

    /// Whether any of it is computed by kernels of our own.
    pub(crate) fn is_native(&self) -> bool {
        let is_quick =
            |node: &Node| matches!(&node.step, Step::Convolution(convolution) if convolution.quick.is_some());
        self.nodes.iter().any(is_quick)
    }

    /// Another handle on the same tensors, for another thread.
    pub(crate) fn share(&self) -> Self {
        let share = |node: &Node| Node {
            step: node.step.share(),
            inputs: node.inputs.clone(),
            spent: node.spent.clone(),
            overwrites: node.overwrites,
        };
        Self {
            nodes: self.nodes.iter().map(share).collect(),
            ..*self
        }
    }
}

/// Works an operation into the node that its input comes from, where that can be, and says whether it was.
fn take_in(nodes: &mut [Node], place: usize, operation: &Operation, weights: &Weights) -> Taken<bool> {
    let of_image = matches!(nodes[place].inputs.as_slice(), [0]);
    let image = match nodes[0].step {
        Step::Image(size) if of_image => size,
        _ => None,
    };
    match (&mut nodes[place].step, operation) {
        (Step::Convolution(convolution), Operation::BatchNorm(norm)) => fold(convolution, norm, weights)?,
        (Step::Linear(linear), Operation::Scale(scale)) => {
            tokens::fold_scale(linear, &weights.get(&scale.name)?)?;
        }
        (step, Operation::Tokens) => {
            let (Step::Convolution(convolution), Some(image)) = (&*step, image) else {
                return Ok(false);
            };
            let Some(patches) = Patches::of(convolution, image)? else {
                return Ok(false);
            };
            *step = Step::Patches(patches);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The convolution with the batch norm after it, computed in f64.
fn fold(convolution: &mut Convolution, norm: &BatchNorm, weights: &Weights) -> Taken<()> {
    let (slope, shift) = exact_affine(weights, &norm.name, norm.epsilon)?;
    let double = |x: &Tensor| x.f_to_kind(Kind::Double);
    let single = |x: &Tensor| x.f_to_kind(Kind::Float);
    let bias = match &convolution.bias {
        Some(bias) => double(bias)?.f_mul(&slope)?.f_add(&shift)?,
        None => shift,
    };
    let kernel = double(&convolution.weight)?.f_mul(&slope.f_view([-1, 1, 1, 1])?)?;
    convolution.weight = channels_last(&single(&kernel)?)?;
    convolution.bias = Some(single(&bias)?);
    Ok(())
}

impl Node {
    /// Its value, and what the way back needs of it, where that is asked for.
    fn forward(&self, values: &mut [Option<Tensor>], noted: bool) -> Result<(Tensor, Note)> {
        // The way back asks for what a GELU got.
        let keeps = noted && matches!(self.step, Step::Gelu);
        if let Some(at) = self.overwrites.filter(|_| !keeps) {
            let mut x = values.get_mut(at).and_then(Option::take).ok_or_else(absent)?;
            let x = match self.step {
                Step::Add => {
                    // The same value twice has two readers, and is not overwritten.
                    let other = self
                        .inputs
                        .iter()
                        .find(|&&input| input != at)
                        .ok_or_else(absent)?;
                    x.f_add_(values.get(*other).and_then(Option::as_ref).ok_or_else(absent)?)?
                }
                Step::Gelu => x.f_gelu_("none")?,
                _ => x.f_relu_()?,
            };
            let note = match self.step {
                Step::Relu if noted => Note::Active(x.shallow_clone()),
                _ => Note::Nothing,
            };
            return Ok((x, note));
        }
        let input = |&input: &usize| values.get(input)?.as_ref();
        let inputs: Vec<&Tensor> = self.inputs.iter().filter_map(input).collect();
        let x = inputs.first().copied().ok_or_else(absent)?;
        match &self.step {
            Step::MaxPool(window) if noted => {
                let (side, stride, padding) = (window.side, window.stride, window.padding);
                let (greatest, at) = x.f_max_pool2d_with_indices(side, stride, padding, [1, 1], false)?;
                return Ok((greatest, Note::Greatest(x.shallow_clone(), at)));
            }
            Step::Normalise(epsilon) if noted => {
                let (normal, inverse) = tokens::normalised(x, *epsilon)?;
                return Ok((normal.shallow_clone(), Note::Normal(normal, inverse)));
            }
            Step::LayerNorm(norm) if noted => {
                let (normal, inverse) = tokens::normalised(x, norm.epsilon)?;
                let value = normal.f_mul(&norm.weight)?.f_add_(&norm.bias)?;
                return Ok((value, Note::Normal(normal, inverse)));
            }
            _ => {}
        }
        let value = self.step.forward(&inputs, Mode::Evaluation)?;
        let note = match &self.step {
            _ if !noted => Note::Nothing,
            Step::Convolution(_)
            | Step::GlobalAveragePool
            | Step::Subsample(_)
            | Step::Tokens
            | Step::Patches(_) => Note::Size([size_at(x, 2)?, size_at(x, 3)?]),
            Step::Relu => Note::Active(value.shallow_clone()),
            Step::AveragePool(_) | Step::Gelu | Step::Attention(_) => Note::Input(x.shallow_clone()),
            Step::FirstToken | Step::MeanToken(_) => Note::Count(size_at(x, 1)?),
            _ => Note::Nothing,
        };
        Ok((value, note))
    }

    /// The gradient to each of its inputs, from that to its value.
    fn backward(&self, gradient: Gradient, note: Note) -> Result<Gradient> {
        let g = &gradient.value;
        Ok(Gradient::owned(match (&self.step, note) {
            // To both inputs the same.
            (Step::Add, _) => return Ok(Gradient::shared(g)),
            (Step::Positions(_), _) => return Ok(gradient),
            (Step::Relu, Note::Active(active)) => return gradient.through_relu(&active),
            (Step::Gelu, Note::Input(x)) => return gradient.through_gelu(&x),
            (Step::Tokens, Note::Size(size)) => return gradient.seen_as(|g| tokens::to_map(g, size)),
            (Step::ClassToken(_), _) => {
                return gradient.seen_as(|g| g.f_narrow(1, 1, size_at(g, 1)? - 1));
            }
            (Step::Normalise(_), Note::Normal(normal, inverse)) => {
                tokens::back_through_norm(gradient.into_own()?, &normal, &inverse)?
            }
            (Step::LayerNorm(norm), Note::Normal(normal, inverse)) => norm.backward(g, &normal, &inverse)?,
            (Step::Patches(patches), Note::Size(size)) => patches.backward(g, size)?,
            (Step::Attention(attention), Note::Input(x)) => attention::backward(*attention, &x, g)?,
            (Step::Scale(scale), _) => g.f_mul(scale)?,
            (Step::FirstToken, Note::Count(count)) => tokens::to_first(g, count)?,
            (Step::MeanToken(skip), Note::Count(count)) => tokens::to_mean(g, count, *skip)?,
            (Step::Convolution(convolution), Note::Size(size)) => convolution.backward_to(g, size)?,
            (Step::Affine(slope, _), _) => g.f_mul(slope)?,
            (
                Step::MaxPool(Window {
                    side,
                    stride,
                    padding,
                }),
                Note::Greatest(x, at),
            ) => x.f_max_pool2d_with_indices_backward(g, side, stride, padding, [1, 1], false, &at)?,
            (
                Step::AveragePool(Window {
                    side,
                    stride,
                    padding,
                }),
                Note::Input(x),
            ) => x.f_avg_pool2d_backward(g, side, stride, padding, false, true, None)?,
            (Step::GlobalAveragePool, Note::Size([height, width])) => {
                let each = g.f_div_scalar((height * width) as f64)?;
                let (batch, channels) = each.size2()?;
                let spread = each.f_view([batch, channels, 1, 1])?;
                return Ok(Gradient::shared(
                    &spread.f_expand([batch, channels, height, width], false)?,
                ));
            }
            (Step::Subsample(subsample), Note::Size(size)) => spread(g, *subsample, size)?,
            (Step::Linear(linear), _) => linear.backward(g)?,
            _ => return Err(lost()),
        }))
    }
}

/// Back through every `step`-th pixel: what was left out gets no gradient, and the channels of zeros give none.
fn spread(gradient: &Tensor, subsample: Subsample, [height, width]: [i64; 2]) -> Result<Tensor> {
    let (step, before) = (subsample.step as i64, subsample.before as i64);
    let (batch, channels, ..) = gradient.size4()?;
    let from = channels - before - subsample.after as i64;
    let kept = gradient.f_narrow(1, before, from)?;
    let options = (gradient.kind(), gradient.device());
    let whole = Tensor::f_zeros([batch, height, width, from], options)?.f_permute([0, 3, 1, 2])?;
    whole
        .f_slice(2, None, None, step)?
        .f_slice(3, None, None, step)?
        .f_copy_(&kept)?;
    Ok(whole)
}

/// What each node noted, in order.
type Tape = Vec<Note>;

impl folded::Folded for Folded {
    type Tape = Tape;

    fn forward(&self, images: &Tensor, mut tape: Option<&mut Tape>) -> Result<Outputs> {
        let mut values: Vec<Option<Tensor>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let (value, note) = match node.step {
                Step::Image(_) => (images.shallow_clone(), Note::Nothing),
                _ => node.forward(&mut values, tape.is_some())?,
            };
            values.push(Some(value));
            if let Some(tape) = tape.as_deref_mut() {
                tape.push(note);
            }
            for &spent in &node.spent {
                values[spent] = None;
            }
        }
        let mut take = |node: usize| values.get_mut(node).and_then(Option::take);
        Ok(Outputs {
            logits: take(self.logits).ok_or_else(absent)?,
            features: take(self.features),
        })
    }

    fn backward(&self, _images: &Tensor, logits: &Tensor, mut tape: Tape) -> Result<Tensor> {
        let mut gradients: Vec<Option<Gradient>> = self.nodes.iter().map(|_| None).collect();
        gradients[self.logits] = Some(Gradient::shared(logits));
        for (i, node) in self.nodes.iter().enumerate().rev() {
            let note = tape.pop().ok_or_else(lost)?;
            if matches!(node.step, Step::Image(_)) {
                break;
            }
            let Some(gradient) = gradients[i].take() else {
                continue;
            };
            let back = node.backward(gradient, note)?;
            match node.inputs.as_slice() {
                [first, second] => {
                    Gradient::shared(&back.value).add_to(&mut gradients[*first])?;
                    back.add_to(&mut gradients[*second])?;
                }
                [input] => back.add_to(&mut gradients[*input])?,
                _ => return Err(lost()),
            }
        }
        let image = gradients.into_iter().next().flatten();
        image.map(|gradient| gradient.value).ok_or_else(lost)
    }
}
