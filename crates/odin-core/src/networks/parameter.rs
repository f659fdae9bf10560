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

    pub(super) fn norm(&mut self, name: &str, width: usize) {
        self.push(format!("{name}.weight"), &[width], Role::NormScale);
        self.push(format!("{name}.bias"), &[width], Role::NormShift);
        self.push(format!("{name}.running_mean"), &[width], Role::RunningMean);
        self.push(format!("{name}.running_var"), &[width], Role::RunningVariance);
    }

    pub(super) fn linear(&mut self, name: &str, to: usize, from: usize) {
        self.push(format!("{name}.weight"), &[to, from], Role::LinearWeight);
        self.push(format!("{name}.bias"), &[to], Role::LinearBias);
    }
}
