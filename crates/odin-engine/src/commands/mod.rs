//! What the program does beside scoring: one file a task.
mod examine;
mod import_weights;
mod train;

use std::io::{self, IsTerminal};

use odin_core::home::Home;
use odin_core::tasks::Task;

/// Does the task, and tells of it on standard output and standard error.
pub fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Train(request) => train::run(request),
        Task::ImportWeights(request) => {
            print!("{}", import_weights::run(&Home::find()?, request)?);
            Ok(())
        }
        Task::Examine(examination) => {
            println!("{}", serde_json::to_string(&examine::run(examination)?)?);
            Ok(())
        }
    }
}

/// A progress bar on standard error, and only on a terminal.
fn progress_bar(unit: &str) -> indicatif::ProgressBar {
    if !io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let template = format!("{{msg}} {{wide_bar}} {{pos}}/{{len}} {unit} · {{per_sec}} · {{eta}} left");
    let style = indicatif::ProgressStyle::with_template(&template).expect("the template is well-formed");
    indicatif::ProgressBar::new(0).with_style(style)
}
