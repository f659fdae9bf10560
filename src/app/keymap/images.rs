//! The keys of the Images screen.
use super::binding::{Context, Group, Row};
use crate::app::action::{Action as A, ImagesAction as I};
use crate::app::state::parameters::Slider;
use odin_core::session::Screen;

const HERE: Context = Context::On(Screen::Images);

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    use Group::{Images, Threshold};
    vec![
        (HERE, Images, "image-left", "h left", A::Images(I::Move(-1)), "image before"),
        (HERE, Images, "image-right", "l right", A::Images(I::Move(1)), "next image"),
        (HERE, Images, "image-down", "j down", A::Images(I::MoveRows(1)), "a row down"),
        (HERE, Images, "image-up", "k up", A::Images(I::MoveRows(-1)), "a row up"),
        (HERE, Images, "image-page-down", "pgdn", A::Images(I::MovePages(1)), "next page"),
        (HERE, Images, "image-page-up", "pgup", A::Images(I::MovePages(-1)), "page before"),
        (HERE, Images, "image-first", "g home", A::Images(I::Move(i32::MIN)), "to the first"),
        (HERE, Images, "image-last", "G end", A::Images(I::Move(i32::MAX)), "to the last"),
        (HERE, Images, "image-large", "enter", A::Images(I::ToggleLarge), "large, small"),
        (HERE, Images, "image-order", "o", A::Images(I::NextOrder(1)), "next order"),
        (HERE, Images, "image-order-back", "O", A::Images(I::NextOrder(-1)), "order before"),
        (HERE, Images, "image-filter", "f", A::Images(I::NextFilter(1)), "next filter"),
        (HERE, Images, "image-filter-back", "F", A::Images(I::NextFilter(-1)), "filter before"),
        (HERE, Images, "image-class", "c", A::Images(I::NextClass(1)), "only the next class"),
        (HERE, Images, "image-class-back", "C", A::Images(I::NextClass(-1)), "only the class before"),
        (HERE, Images, "image-any-class", "0", A::Images(I::AnyClass), "every class"),
        (HERE, Images, "image-copy-name", "y", A::Images(I::CopyName), "copy its file's name"),
        (HERE, Images, "image-pixels", ".", A::Images(I::TogglePixels), "pixels, half blocks"),
        (HERE, Images, "image-detector", "b", A::NextDetector, "next detector"),
        (HERE, Images, "image-detector-back", "B", A::PreviousDetector, "detector before"),
        (HERE, Threshold, "image-tpr-down", "[", A::StepOf(Slider::Threshold, -1), "TPR 1 % down"),
        (HERE, Threshold, "image-tpr-up", "]", A::StepOf(Slider::Threshold, 1), "TPR 1 % up"),
        (HERE, Threshold, "image-tpr-95", "t", A::ThresholdReset, "back to TPR 95 %"),
    ]
}
