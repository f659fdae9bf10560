//! iTerm2's inline images (iterm2.com/documentation-images.html).
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ratatui::layout::Rect;

use super::png;
use odin_core::protocol::Pixels;

/// A PNG, scaled to the cells.
pub(super) fn encode(area: Rect, pixels: &Pixels) -> Option<String> {
    let png = png::encode(pixels)?;
    Some(format!(
        "\x1b]1337;File=inline=1;size={};width={};height={};preserveAspectRatio=0;doNotMoveCursor=1:{}\x07",
        png.len(),
        area.width,
        area.height,
        BASE64.encode(&png)
    ))
}
