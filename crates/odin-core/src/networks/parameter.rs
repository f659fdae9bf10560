//! The tensors that a network needs: names, shapes, and what each is for.

/// What a tensor of a network is for, which tells how it starts and whether it is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Convolution,
    ConvolutionBias,
    NormScale,
    NormShift,
    RunningMean,
    RunningVariance,
    LinearWeight,
    LinearBias,
    ClassToken,
    /// Position embeddings [1, skip + rows·columns, D], from which those of another grid follow.
    Positions {
        skip: usize,
        grid: [usize; 2],
    },
    LayerScale,
}

impl Role {
    pub fn is_trained(self) -> bool {
        !matches!(self, Self::RunningMean | Self::RunningVariance)
    }
}

/// One tensor that the network needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub shape: Vec<i64>,
    pub role: Role,
}

/// The tensors of layers, one after another.
#[derive(Debug, Default)]
pub(super) struct List(pub Vec<Parameter>);

impl List {
    fn push(&mut self, name: String, shape: &[usize], role: Role) {
        let shape = shape.iter().map(|&n| n as i64).collect();
        self.0.push(Parameter { name, shape, role });
    }

    /// A convolution without bias: `from` counts the channels that one output channel sees.
    pub(super) fn conv(&mut self, name: &str, to: usize, from: usize, [height, width]: [usize; 2]) {
        let shape = [to, from, height, width];
        self.push(format!("{name}.weight"), &shape, Role::Convolution);
    }

    pub(super) fn conv_bias(&mut self, name: &str, to: usize) {
        self.push(format!("{name}.bias"), &[to], Role::ConvolutionBias);
    }

    pub(super) fn scale_and_shift(&mut self, name: &str, width: usize) {
        self.push(format!("{name}.weight"), &[width], Role::NormScale);
        self.push(format!("{name}.bias"), &[width], Role::NormShift);
    }

    pub(super) fn norm(&mut self, name: &str, width: usize) {
        self.scale_and_shift(name, width);
        self.push(format!("{name}.running_mean"), &[width], Role::RunningMean);
        self.push(format!("{name}.running_var"), &[width], Role::RunningVariance);
    }

    pub(super) fn linear(&mut self, name: &str, to: usize, from: usize) {
        self.push(format!("{name}.weight"), &[to, from], Role::LinearWeight);
        self.push(format!("{name}.bias"), &[to], Role::LinearBias);
    }

    pub(super) fn class_token(&mut self, name: &str, width: usize) {
        self.push(name.to_owned(), &[1, 1, width], Role::ClassToken);
    }

    pub(super) fn positions(&mut self, name: &str, skip: usize, grid: [usize; 2], width: usize) {
        let shape = [1, skip + grid[0] * grid[1], width];
        self.push(name.to_owned(), &shape, Role::Positions { skip, grid });
    }

    pub(super) fn layer_scale(&mut self, name: &str, width: usize) {
        self.push(name.to_owned(), &[width], Role::LayerScale);
    }
}
