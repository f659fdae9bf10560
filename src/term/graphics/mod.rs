//! Pictures in pixels, on terminals that can: by the protocols of kitty, of iTerm2, or as sixels, and through tmux.
//!
//! Below every picture the frame has it in half blocks. So a cell that stops being part of a picture is always written
//! anew, which takes away what was over it; and a terminal that turns out not to understand shows the half blocks. Only
//! kitty's pictures in tmux are made of cells themselves ([`kitty::place`]).
mod detect;
mod iterm2;
mod kitty;
mod pictures;
mod png;
mod protocol;
mod sixel;
mod tmux;

pub(super) use detect::Graphics;
pub(super) use pictures::Pictures;
pub(super) use protocol::Protocol;
