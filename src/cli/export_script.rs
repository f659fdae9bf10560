//! `odin export-script`: a Python file that turns any classifier into a program that is read here.
use super::output::print;

const SCRIPT: &str = include_str!("export_script/export.py");

pub(super) fn run() -> anyhow::Result<()> {
    print(SCRIPT)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_script_is_short() {
        assert!(super::SCRIPT.lines().count() < 120);
    }
}
