//! `odin-engine`: the same commands with libtorch in the process, and the engine of the dashboard.
use std::process::ExitCode;

fn main() -> ExitCode {
    odin_tui::cli::main(odin_tui::cli::compute)
}
