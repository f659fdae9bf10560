//! What the program does beside scoring: one file a task.
mod examine;
mod other_libtorch;
mod import_unknown;
mod import_weights;
mod ask;
mod train;
mod progress;

use odin_core::home::Home;
use odin_core::tasks::Task;

/// Does the task, and tells of it on standard output and standard error.
pub fn run(task: &Task) -> anyhow::Result<()> {
    match task {
        Task::Train(request) => train::run(request),
        Task::ImportWeights(request) => {
            let home = Home::find()?;
            let told = match request.network {
                Some(_) => import_weights::run(&home, request)?,
                None => import_unknown::run(&home, request, &mut ask::at_terminal)?,
            };
            print!("{told}");
            Ok(())
        }
        Task::Examine(examination) => {
            println!("{}", serde_json::to_string(&examine::run(examination)?)?);
            Ok(())
        }
    }
}
