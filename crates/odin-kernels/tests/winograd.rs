//! Winograd's convolution against nine products in plain f64 loops, on every instruction set that this CPU has.
use odin_kernels::Instructions;
use odin_kernels::winograd::{Convolution, Gate, Size, Then, Workspace};

/// Numbers of no pattern, uniform in −1 to 1.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(next).collect()
}

struct Case {
    size: Size,
    inputs: usize,
    outputs: usize,
}

impl Case {
    fn positions(&self) -> usize {
        self.size.images * self.size.height * self.size.width
    }

    fn weight(&self, weights: &[f32], output: usize, input: usize, tap: usize) -> f32 {
        weights[(output * self.inputs + input) * 9 + tap]
    }

    fn plain(&self, x: &[f32], weights: &[f32]) -> Vec<f64> {
        let Size {
            images,
            height,
            width,
        } = self.size;
        let mut out = vec![0.0; self.positions() * self.outputs];
        for image in 0..images {
            for (y, column) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for output in 0..self.outputs {
                    let mut sum = 0.0;
                    for tap in 0..9 {
                        let (row, at) = ((y + tap / 3).wrapping_sub(1), (column + tap % 3).wrapping_sub(1));
                        if row < height && at < width {
                            for input in 0..self.inputs {
                                let place = ((image * height + row) * width + at) * self.inputs + input;
                                let weight = self.weight(weights, output, input, tap);
                                sum += f64::from(x[place]) * f64::from(weight);
                            }
                        }
                    }
                    out[((image * height + y) * width + column) * self.outputs + output] = sum;
                }
            }
        }
        out
    }
}

const CASES: [Case; 5] = [
    Case {
        size: Size {
            images: 2,
            height: 8,
            width: 8,
        },
        inputs: 32,
        outputs: 48,
    },
    Case {
        size: Size {
            images: 1,
            height: 7,
            width: 9,
        },
        inputs: 16,
        outputs: 16,
    },
    Case {
        size: Size {
            images: 40,
            height: 3,
            width: 2,
        },
        inputs: 48,
        outputs: 80,
    },
    Case {
        size: Size {
            images: 3,
            height: 1,
            width: 1,
        },
        inputs: 16,
        outputs: 32,
    },
    Case {
        size: Size {
            images: 1,
            height: 32,
            width: 33,
        },
        inputs: 64,
        outputs: 64,
    },
];

#[test]
fn sums_and_what_follows_are_those_of_plain_loops() {
    for instructions in Instructions::all_of_this_cpu() {
        for case in &CASES {
            let x = noise(case.positions() * case.inputs, 1);
            let weights = noise(case.outputs * case.inputs * 9, 2);
            let all = case.positions() * case.outputs;
            let (bias, add, gate) = (noise(case.outputs, 3), noise(all, 4), noise(all, 5));
            let weight = |o, i, t| case.weight(&weights, o, i, t);
            let convolution = Convolution::new(instructions, case.outputs, case.inputs, weight).unwrap();
            let plain = case.plain(&x, &weights);
            let mut space = Workspace::default();
            let scale = (case.inputs as f64 * 9.0).sqrt();
            let mut check = |then: Then<'_>, want: &dyn Fn(usize) -> f64| {
                let mut out = vec![f32::NAN; all];
                convolution.run(&x, case.size, then, &mut space, &mut out);
                for (at, value) in out.iter().enumerate() {
                    let off = (f64::from(*value) - want(at)).abs();
                    assert!(
                        off < 2e-6 * scale,
                        "{instructions:?} {:?} at {at}: off by {off}",
                        case.size
                    );
                }
            };
            check(Then::default(), &|at| plain[at]);
            let with_bias = |at: usize| plain[at] + f64::from(bias[at % case.outputs]);
            check(
                Then {
                    bias: &bias,
                    add: Some(&add),
                    gate: Gate::Relu,
                },
                &|at| (with_bias(at) + f64::from(add[at])).max(0.0),
            );
            check(
                Then {
                    gate: Gate::Where(&gate),
                    ..Then::default()
                },
                &|at| if gate[at] > 0.0 { plain[at] } else { 0.0 },
            );
        }
    }
}

#[test]
fn an_image_is_the_same_in_every_batch() {
    for instructions in Instructions::all_of_this_cpu() {
        let (inputs, outputs) = (32, 32);
        let weights = noise(outputs * inputs * 9, 2);
        let convolution = Convolution::new(instructions, outputs, inputs, |o, i, t| {
            weights[(o * inputs + i) * 9 + t]
        })
        .unwrap();
        let x = noise(7 * 25 * inputs, 6);
        let run = |x: &[f32], images: usize| {
            let size = Size {
                images,
                height: 5,
                width: 5,
            };
            let mut out = vec![0.0; images * 25 * outputs];
            convolution.run(x, size, Then::default(), &mut Workspace::default(), &mut out);
            out
        };
        let together = run(&x, 7);
        for (image, want) in together.chunks(25 * outputs).enumerate() {
            assert_eq!(run(&x[image * 25 * inputs..][..25 * inputs], 1), want);
        }
    }
}

#[test]
fn channels_that_fill_no_vector_are_declined() {
    for instructions in Instructions::all_of_this_cpu() {
        assert!(Convolution::new(instructions, 16, 3, |_, _, _| 0.0).is_none());
        assert!(Convolution::new(instructions, 0, 16, |_, _, _| 0.0).is_none());
    }
}
