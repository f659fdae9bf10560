//! What lies over a screen: help, the palette, the picker, the offer to restore unsaved changes, and
//! saving under another name.
pub mod help;
pub mod palette;
pub mod picker;
pub mod restore;
pub mod save_as;
