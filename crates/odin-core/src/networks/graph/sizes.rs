//! Whether operations fit the shapes they get, and the shapes they give.
use super::error::GraphError;
use super::operation::{
    Attention, BatchNorm, ClassToken, Convolution, LayerNorm, Linear, Operation, Scale, Subsample, Window,
};
use super::shape::Shape;

/// The shape of what an operation makes of inputs of these shapes, for images of this height and width.
///
/// # Errors
/// Where it does not take them.
pub(super) fn after(
    operation: &Operation,
    inputs: &[Shape],
    [height, width]: [usize; 2],
) -> Result<Shape, GraphError> {
    let node = || operation.to_string();
    let one = || match inputs {
        [one] => Ok(*one),
        _ => Err(GraphError::Inputs {
            node: node(),
            wanted: 1,
            found: inputs.len(),
        }),
    };
    let map = || match one()? {
        Shape::Map {
            channels,
            height,
            width,
        } => Ok((channels, [height, width])),
        found => Err(GraphError::Kind {
            node: node(),
            wanted: "maps",
            found,
        }),
    };
    let tokens = || match one()? {
        Shape::Tokens { count, width } => Ok((count, width)),
        found => Err(GraphError::Kind {
            node: node(),
            wanted: "tokens",
            found,
        }),
    };
    let check = |wanted: usize, found: usize| match wanted == found {
        true => Ok(()),
        false => Err(GraphError::Width {
            node: node(),
            wanted,
            found,
        }),
    };
    let of = |channels: usize, [height, width]: [usize; 2]| Shape::Map {
        channels,
        height,
        width,
    };
    match operation {
        Operation::Image { channels, size } => match size {
            Some(size) if *size != [height, width] => Err(GraphError::Image {
                wanted: *size,
                found: [height, width],
            }),
            _ => Ok(of(*channels, [height, width])),
        },
        Operation::Convolution(Convolution {
            to,
            from,
            window,
            groups,
            ..
        }) => {
            let (channels, size) = map()?;
            check(*from, channels)?;
            if *groups == 0 || from % groups != 0 || to % groups != 0 {
                return Err(GraphError::Groups {
                    node: node(),
                    groups: *groups,
                    from: *from,
                    to: *to,
                });
            }
            Ok(of(*to, steps(operation, window, size)?))
        }
        Operation::BatchNorm(BatchNorm { width, .. }) => {
            let (channels, size) = map()?;
            check(*width, channels)?;
            Ok(of(channels, size))
        }
        Operation::Activation(_) => one(),
        Operation::MaxPool(window) | Operation::AveragePool(window) => {
            let (channels, size) = map()?;
            Ok(of(channels, steps(operation, window, size)?))
        }
        Operation::GlobalAveragePool => Ok(Shape::Vector(map()?.0)),
        Operation::Add => match inputs {
            [first, second] if first == second => Ok(*first),
            [first, second] => Err(GraphError::Sum {
                node: node(),
                first: *first,
                second: *second,
            }),
            _ => Err(GraphError::Inputs {
                node: node(),
                wanted: 2,
                found: inputs.len(),
            }),
        },
        Operation::Subsample(Subsample { step, before, after }) => {
            let (channels, size) = map()?;
            Ok(of(
                channels + before + after,
                size.map(|side| side.div_ceil((*step).max(1))),
            ))
        }
        Operation::Linear(Linear { to, from, .. }) => vectors(node, one()?, *from, *to),
        Operation::LayerNorm(LayerNorm { width, .. }) | Operation::Scale(Scale { width, .. }) => {
            vectors(node, one()?, *width, *width)
        }
        Operation::Tokens => {
            let (width, [rows, columns]) = map()?;
            let count = rows * columns;
            Ok(Shape::Tokens { count, width })
        }
        Operation::ClassToken(ClassToken { width, .. }) => {
            let (count, found) = tokens()?;
            check(*width, found)?;
            Ok(Shape::Tokens {
                count: count + 1,
                width: *width,
            })
        }
        Operation::Positions(positions) => {
            let (count, width) = tokens()?;
            check(positions.width, width)?;
            match count == positions.count() {
                true => one(),
                false => Err(GraphError::Positions {
                    node: node(),
                    wanted: positions.count(),
                    found: count,
                }),
            }
        }
        Operation::Attention(Attention {
            heads,
            width,
            first_only,
        }) => {
            let (count, found) = tokens()?;
            check(3 * width, found)?;
            match *heads > 0 && width.is_multiple_of(*heads) {
                true if *first_only => Ok(Shape::Vector(*width)),
                true => Ok(Shape::Tokens { count, width: *width }),
                false => Err(GraphError::Heads {
                    heads: *heads,
                    width: *width,
                }),
            }
        }
        Operation::FirstToken => Ok(Shape::Vector(tokens()?.1)),
        Operation::MeanToken { skip } => match tokens()? {
            (count, width) if count > *skip => Ok(Shape::Vector(width)),
            (count, _) => Err(GraphError::Positions {
                node: node(),
                wanted: skip + 1,
                found: count,
            }),
        },
    }
}

/// What turns each vector of this width into one of another.
fn vectors(node: impl Fn() -> String, found: Shape, from: usize, to: usize) -> Result<Shape, GraphError> {
    let (width, shape) = match found {
        Shape::Vector(width) => (width, Shape::Vector(to)),
        Shape::Tokens { count, width } => (width, Shape::Tokens { count, width: to }),
        Shape::Map { .. } => {
            return Err(GraphError::Kind {
                node: node(),
                wanted: "a vector or tokens",
                found,
            });
        }
    };
    match width == from {
        true => Ok(shape),
        false => Err(GraphError::Width {
            node: node(),
            wanted: from,
            found: width,
        }),
    }
}

/// How often a window fits, downwards and across.
fn steps(operation: &Operation, window: &Window, size: [usize; 2]) -> Result<[usize; 2], GraphError> {
    let mut steps = [0; 2];
    for (at, steps) in steps.iter_mut().enumerate() {
        let side = window.side[at];
        let padded = size[at] + 2 * window.padding[at];
        let rest = padded.checked_sub(side).ok_or_else(|| GraphError::Window {
            node: operation.to_string(),
            side,
            found: padded,
        })?;
        *steps = rest / window.stride[at].max(1) + 1;
    }
    Ok(steps)
}
