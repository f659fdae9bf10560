//! `odin`: the dashboard, and whatever needs no libtorch; the rest it hands over to `odin-engine`.
use std::process::ExitCode;

fn main() -> ExitCode {
    odin_tui::cli::main(odin_tui::cli::hand_over)
}
