//! What lies over a screen: help, the palette, the picker, and the offer to restore unsaved changes.
pub mod help;
pub mod palette;
pub mod picker;
pub mod restore;
