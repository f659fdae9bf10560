//! Parse, dispatch, exit code.
use std::process::ExitCode;

fn main() -> ExitCode {
    odin_tui::cli::main()
}
