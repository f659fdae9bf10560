//! Normalisations that networks are widely trained with.
use odin_datasets::Channels;

/// A name, means and deviations.
pub(super) type WellKnown = (&'static str, &'static [f32], &'static [f32]);

const ODIN: WellKnown = (
    "ODIN's",
    &[125.3 / 255.0, 123.0 / 255.0, 113.9 / 255.0],
    &[63.0 / 255.0, 62.1 / 255.0, 66.7 / 255.0],
);
const CIFAR: WellKnown = (
    "the usual CIFAR",
    &[0.4914, 0.4822, 0.4465],
    &[0.2023, 0.1994, 0.2010],
);
const CIFAR_100: WellKnown = (
    "CIFAR-100's",
    &[0.5071, 0.4867, 0.4408],
    &[0.2675, 0.2565, 0.2761],
);
const IMAGENET: WellKnown = ("ImageNet's", &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]);
const HALF: WellKnown = ("half and half", &[0.5, 0.5, 0.5], &[0.5, 0.5, 0.5]);
const NONE: WellKnown = ("none", &[0.0, 0.0, 0.0], &[1.0, 1.0, 1.0]);

const MNIST: WellKnown = ("MNIST's", &[0.1307], &[0.3081]);
const FASHION: WellKnown = ("Fashion-MNIST's", &[0.2860], &[0.3530]);
const GREY_HALF: WellKnown = ("half and half", &[0.5], &[0.5]);
const GREY_NONE: WellKnown = ("none", &[0.0], &[1.0]);

/// In use for 32×32 colour images, or for grey ones: what a card's own is held against.
pub(super) const fn usual(channels: Channels) -> [WellKnown; 3] {
    match channels {
        Channels::Rgb => [ODIN, CIFAR, HALF],
        Channels::Grey => [MNIST, FASHION, GREY_HALF],
    }
}

/// All of them, for networks of which nothing is known. CIFAR-10's own deviations (.2470, .2435, .2616, as OpenOOD has them) are
/// ODIN's to three digits, and so not among them.
pub(super) const fn all(channels: Channels) -> &'static [WellKnown] {
    match channels {
        Channels::Rgb => &[ODIN, CIFAR, CIFAR_100, IMAGENET, HALF, NONE],
        Channels::Grey => &[MNIST, FASHION, GREY_HALF, GREY_NONE],
    }
}
