//! The kernels against the same network in plain f64 loops, on every instruction set that this CPU has.
use odin_kernels::Instructions;
use odin_kernels::densenet::{self, Kernel, Layer, Net, Norm, Transition, Workspace};

/// Numbers of no pattern, uniform in −1 to 1.
struct Noise(u64);

impl Noise {
    fn values(&mut self, count: usize) -> Vec<f32> {
        let next = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    }

    fn norm(&mut self, channels: usize) -> Norm {
        let values = self.values(2 * channels);
        values.chunks(2).map(|v| [1.0 + 0.3 * v[0], 0.3 * v[1]]).collect()
    }

    fn kernel(&mut self, outputs: usize, inputs: usize, taps: usize) -> Kernel {
        let scale = (3.0 / (inputs * taps) as f32).sqrt();
        let values = self.values(outputs * inputs * taps);
        Kernel {
            outputs,
            inputs,
            taps,
            values: values.iter().map(|v| v * scale).collect(),
        }
    }
}

/// One channel after the other, each row by row.
#[derive(Clone)]
struct Map {
    height: usize,
    width: usize,
    values: Vec<f64>,
}

impl Map {
    fn zeros(channels: usize, height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            values: vec![0.0; channels * height * width],
        }
    }

    fn place(&self, channel: usize, y: usize, x: usize) -> usize {
        (channel * self.height + y) * self.width + x
    }

    /// relu(norm(x)), or where `gate` is given, this gradient to it taken back to x.
    fn rectified(&self, norm: &Norm, gradient: Option<&Map>) -> Map {
        let area = self.height * self.width;
        let mut out = self.clone();
        for (i, value) in out.values.iter_mut().enumerate() {
            let [slope, shift] = norm[i / area].map(f64::from);
            let normed = slope * *value + shift;
            let is_open = normed > 0.0;
            *value = match gradient {
                Some(gradient) if is_open => slope * gradient.values[i],
                None if is_open => normed,
                _ => 0.0,
            };
        }
        out
    }

    /// Calls `each` with output and input places and the weight between them.
    fn convolution(&self, kernel: &Kernel, mut each: impl FnMut(usize, usize, f64)) {
        let side = if kernel.taps == 9 { 3 } else { 1 };
        for (i, &weight) in kernel.values.iter().enumerate() {
            let (tap, pair) = (i % kernel.taps, i / kernel.taps);
            let (out, input) = (pair / kernel.inputs, pair % kernel.inputs);
            for y in 0..self.height {
                for x in 0..self.width {
                    let (from_y, from_x) = (y + tap / side, x + tap % side);
                    let margin = side / 2;
                    let inside = (margin..self.height + margin).contains(&from_y)
                        && (margin..self.width + margin).contains(&from_x);
                    if inside {
                        let from = self.place(input, from_y - margin, from_x - margin);
                        each(self.place(out, y, x), from, f64::from(weight));
                    }
                }
            }
        }
    }

    fn convolved(&self, kernel: &Kernel) -> Map {
        let mut out = Map::zeros(kernel.outputs, self.height, self.width);
        self.convolution(kernel, |to, from, weight| {
            out.values[to] += weight * self.values[from]
        });
        out
    }

    fn convolved_back(&self, kernel: &Kernel) -> Map {
        let mut out = Map::zeros(kernel.inputs, self.height, self.width);
        self.convolution(kernel, |from, to, weight| {
            out.values[to] += weight * self.values[from]
        });
        out
    }

    /// The mean of each 2×2 positions; a row or column left over is dropped.
    fn pooled(&self) -> Map {
        let channels = self.values.len() / (self.height * self.width);
        let mut out = Map::zeros(channels, self.height / 2, self.width / 2);
        self.each_in_pool(&out.clone(), |to, from| {
            out.values[to] += 0.25 * self.values[from]
        });
        out
    }

    /// `self` is what was pooled; takes a gradient back.
    fn pooled_back(&self, gradient: &Map) -> Map {
        let mut out = Map::zeros(0, self.height, self.width);
        out.values.resize(self.values.len(), 0.0);
        self.each_in_pool(gradient, |from, to| {
            out.values[to] += 0.25 * gradient.values[from]
        });
        out
    }

    fn each_in_pool(&self, small: &Map, mut each: impl FnMut(usize, usize)) {
        let channels = self.values.len() / (self.height * self.width);
        for channel in 0..channels {
            for y in 0..2 * small.height {
                for x in 0..2 * small.width {
                    each(small.place(channel, y / 2, x / 2), self.place(channel, y, x));
                }
            }
        }
    }

    fn extended(&self, more: &Map) -> Map {
        let mut out = self.clone();
        out.values.extend(&more.values);
        out
    }
}

struct PlainLayer {
    norm: Norm,
    reduce: Kernel,
    bias: Vec<f32>,
    grow: Kernel,
}

struct Plain {
    growth: usize,
    stem: Kernel,
    blocks: Vec<Vec<PlainLayer>>,
    transitions: Vec<(Norm, Kernel)>,
    head: Norm,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

const CLASSES: usize = 5;

impl Plain {
    fn new(growth: usize, layers: usize) -> Self {
        let mut noise = Noise(7);
        let mut width = 2 * growth;
        let stem = noise.kernel(width, 3, 9);
        let (mut blocks, mut transitions) = (Vec::new(), Vec::new());
        for b in 0..3 {
            let mut block = Vec::new();
            for _ in 0..layers {
                block.push(PlainLayer {
                    norm: noise.norm(width),
                    reduce: noise.kernel(4 * growth, width, 1),
                    bias: noise.values(4 * growth),
                    grow: noise.kernel(growth, 4 * growth, 9),
                });
                width += growth;
            }
            blocks.push(block);
            if b < 2 {
                transitions.push((noise.norm(width), noise.kernel(width / 2, width, 1)));
                width /= 2;
            }
        }
        Self {
            growth,
            stem,
            blocks,
            transitions,
            head: noise.norm(width),
            weight: noise.values(CLASSES * width),
            bias: noise.values(CLASSES),
        }
    }

    fn net(&self) -> Net {
        let block = |b: usize| -> Vec<Layer> {
            let layers = self.blocks[b].iter();
            layers
                .map(|l| Layer::new(l.norm.clone(), &l.reduce, l.bias.clone(), &l.grow))
                .collect()
        };
        let transition = |t: usize| Transition::new(self.transitions[t].0.clone(), &self.transitions[t].1);
        Net {
            growth: self.growth,
            stem: self.stem.packed(),
            stem_back: self.stem.transposed(&[]),
            blocks: [block(0), block(1), block(2)],
            transitions: [transition(0), transition(1)],
            head: self.head.clone(),
            weight: self.weight.clone(),
            bias: self.bias.clone(),
        }
    }

    /// Logits, and the gradient to the image of Σ seed · logits.
    fn run(&self, image: &[f32], height: usize, width: usize, seed: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let mut x = Map::zeros(0, height, width);
        x.values = image.iter().map(|&v| f64::from(v)).collect();
        x = x.convolved(&self.stem);
        // What each layer and transition read, and a bottleneck before its ReLU.
        let (mut tops, mut inner) = (Vec::new(), Vec::new());
        for (b, block) in self.blocks.iter().enumerate() {
            for layer in block {
                let mut narrow = x.rectified(&layer.norm, None).convolved(&layer.reduce);
                let area = x.height * x.width;
                for (i, value) in narrow.values.iter_mut().enumerate() {
                    *value += f64::from(layer.bias[i / area]);
                }
                let open = vec![[1.0, 0.0]; layer.reduce.outputs];
                let more = narrow.rectified(&open, None).convolved(&layer.grow);
                inner.push(narrow);
                x = x.extended(&more);
            }
            tops.push(x.clone());
            if let Some((norm, kernel)) = self.transitions.get(b) {
                x = x.rectified(norm, None).convolved(kernel).pooled();
            }
        }
        let area = x.height * x.width;
        let last = x.rectified(&self.head, None);
        let pooled = |i: &usize| i % area / x.width < 8 && i % area % x.width < 8;
        let channels = self.head.len();
        let (mut logits, mut gradient) = (
            self.bias.iter().map(|&b| f64::from(b)).collect::<Vec<_>>(),
            last.clone(),
        );
        gradient.values.fill(0.0);
        for class in 0..CLASSES {
            for i in (0..last.values.len()).filter(pooled) {
                let weight = f64::from(self.weight[class * channels + i / area]) / 64.0;
                logits[class] += weight * last.values[i];
                gradient.values[i] += weight * f64::from(seed[class]);
            }
        }
        let mut gradient = x.rectified(&self.head, Some(&gradient));
        for (b, block) in self.blocks.iter().enumerate().rev() {
            let top = &tops[b];
            if let Some((norm, kernel)) = self.transitions.get(b) {
                let wide = top.rectified(norm, None).convolved(kernel);
                let back = wide.pooled_back(&gradient).convolved_back(kernel);
                gradient = top.rectified(norm, Some(&back));
            }
            let area = top.height * top.width;
            for layer in block.iter().rev() {
                let own = gradient.values.split_off(layer.norm.len() * area);
                let mut read = top.clone();
                read.values.truncate(layer.norm.len() * area);
                let own = Map {
                    values: own,
                    ..gradient.clone()
                };
                let open = vec![[1.0, 0.0]; layer.reduce.outputs];
                let narrow = inner.pop().expect("a bottleneck for each layer");
                let back = narrow.rectified(&open, Some(&own.convolved_back(&layer.grow)));
                let back = read.rectified(&layer.norm, Some(&back.convolved_back(&layer.reduce)));
                for (sum, more) in gradient.values.iter_mut().zip(back.values) {
                    *sum += more;
                }
            }
        }
        (logits, gradient.convolved_back(&self.stem).values)
    }
}

/// −log Σ over the other classes of exp((z_j − z_top) / T).
fn log_odds(logits: &[f64], temperature: f64) -> f64 {
    let top = (0..logits.len())
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
        .expect("classes");
    let others = (0..logits.len()).filter(|&j| j != top);
    -others
        .map(|j| ((logits[j] - logits[top]) / temperature).exp())
        .sum::<f64>()
        .ln()
}

#[test]
fn every_instruction_set_scores_as_plain_code_does() {
    // A CPU that has one of them shows here which.
    for name in ["AVX-512", "AVX2", "NEON"] {
        if !Instructions::all_of_this_cpu().any(|i| i.name() == name) {
            println!("skipped: this CPU has no {name}");
        }
    }
    let seed = [0.3, -0.2, 0.5, -0.9, 0.3];
    // 36 leaves a map of 9 of which 8 are pooled, 34 and 39 drop a row in a transition too.
    for (growth, height, width) in [(6, 32, 32), (5, 34, 39), (5, 36, 36)] {
        let plain = Plain::new(growth, 2);
        let net = plain.net();
        let image = Noise(3).values(3 * height * width);
        let (want, want_gradient) = plain.run(&image, height, width, &seed);
        for instructions in Instructions::all_of_this_cpu() {
            let case = format!("{instructions:?}, growth {growth}, {height}×{width}");
            let mut space = Workspace::new(&net, height, width, instructions);
            let (mut logits, mut gradient) = ([0.0; CLASSES], vec![0.0; image.len()]);
            densenet::forward(instructions, &net, &mut space, &image, true, &mut logits);
            densenet::backward(instructions, &net, &mut space, &seed, &mut gradient);
            let got = logits.map(f64::from);
            // The last layer turns the features into the logits to the bit, and the way back leaves them alone.
            for (class, logit) in logits.iter().enumerate() {
                let row = net
                    .weight
                    .chunks_exact(space.features().len())
                    .nth(class)
                    .expect("a row a class");
                let products = row.iter().zip(space.features());
                let sum: f64 = products.map(|(&w, &h)| f64::from(w) * f64::from(h)).sum();
                assert_eq!((sum + f64::from(net.bias[class])) as f32, *logit, "{case}");
            }
            for temperature in [1.0, 1000.0] {
                let (a, b) = (log_odds(&got, temperature), log_odds(&want, temperature));
                assert!(
                    (a / b - 1.0).abs() < 1e-5,
                    "{case}, T = {temperature}: {a} for {b}"
                );
            }
            let most = want_gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
            let pairs = || {
                gradient
                    .iter()
                    .map(|&g| f64::from(g))
                    .zip(want_gradient.iter().copied())
            };
            let off = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // An activation at the edge of its ReLU may fall on the other side, and changes the gradient round it.
            assert!(off < 1e-3 * most, "{case}: {off} of {most}");
            let flips = pairs().filter(|(a, b)| (*a >= 0.0) != (*b >= 0.0)).count();
            assert!(flips <= image.len() / 1000, "{case}: {flips} signs");
            // Without a record, and in memory that has been used: the same to the bit.
            let mut again = [0.0; CLASSES];
            densenet::forward(instructions, &net, &mut space, &image, false, &mut again);
            assert_eq!(again.map(f32::to_bits), logits.map(f32::to_bits), "{case}");
        }
    }
}

#[test]
fn nan_stays_nan() {
    let net = Plain::new(5, 1).net();
    for instructions in Instructions::all_of_this_cpu() {
        let mut space = Workspace::new(&net, 32, 32, instructions);
        let mut logits = [0.0; CLASSES];
        densenet::forward(
            instructions,
            &net,
            &mut space,
            &[f32::NAN; 3 * 32 * 32],
            false,
            &mut logits,
        );
        assert!(logits.iter().all(|z| z.is_nan()), "{instructions:?}: {logits:?}");
    }
}

#[test]
#[should_panic(expected = "an image of another size")]
fn an_image_of_another_size_is_refused() {
    let net = Plain::new(5, 1).net();
    let Some(instructions) = Instructions::of_this_cpu() else {
        panic!("an image of another size cannot be tried: this CPU has no vectors that are known");
    };
    let mut space = Workspace::new(&net, 32, 36, instructions);
    densenet::forward(
        instructions,
        &net,
        &mut space,
        &[0.0; 3 * 32 * 32],
        false,
        &mut [0.0; CLASSES],
    );
}
