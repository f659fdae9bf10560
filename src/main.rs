//! `odin`: the dashboard and the command line. Never loads libtorch.
use std::process::ExitCode;

fn main() -> ExitCode {
    odin_tui::cli::main()
}
