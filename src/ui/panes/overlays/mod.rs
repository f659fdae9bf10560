//! What lies over a screen: help, the palette, the picker, the offer to restore unsaved changes, and
//! saving under another name.
pub(crate) mod help;
pub(crate) mod palette;
pub(crate) mod picker;
pub(crate) mod restore;
pub(crate) mod save_as;
