//! A settings file with the defaults, to start from.
use std::fmt::Write;

use crate::app::Keymap;
use crate::ui::{Role, ThemeName};

/// A settings file that lists every setting, commented out.
pub fn template() -> String {
    let themes = ThemeName::ALL.map(ThemeName::name).join(", ");
    let roles = Role::ALL.map(Role::name).join(", ");
    let mut text = format!(
        "# Settings of odin. Everything below is the default.\n\
         theme: auto             # {themes}\n\
         # colour-depth: 256     # none, 16, 256 or \"true\", if the terminal reports it wrongly\n\
         # glyphs: unicode       # or ascii\n\
         # mouse: true           # false leaves it to the terminal\n\
         \n\
         # Colours that replace those of the theme: \"#rrggbb\", 0 to 255, or a name like light-blue.\n\
         # Roles: {roles}.\n\
         # colours: {{ins: \"#4a90e2\", outs: \"#e68228\"}}\n\
         \n\
         # Keys: one, a list, or [] for none. A key that is given here no longer does what it did before.\n\
         # keys:\n"
    );
    for binding in Keymap::default().bindings() {
        let keys: Vec<String> = binding.keys.iter().map(|key| format!("\"{key}\"")).collect();
        let entry = format!("{}: [{}]", binding.name, keys.join(", "));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "#   {entry:<36} # {}", binding.help);
    }
    text
}
