//! The ways in which terminals take pictures.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Kitty,
    Iterm2,
    Sixel,
}
