//! What the program does beside scoring: one file a task.
mod examine;
mod other_libtorch;
mod import_weights;
mod train;
mod progress;

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
