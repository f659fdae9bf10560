//! What the program tells of itself while it runs: what `ODIN_LOG` asks for goes to a file, and warnings go to standard
//! error, which the dashboard shows on its Log screen. Imports nothing of this crate.
//!
//! `ODIN_LOG` holds a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or pairs `MODULE=LEVEL`, separated by commas.
//! A level alone is that of odin's own modules; of other libraries' it lets warnings pass.
use std::fmt;
use std::io;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use tracing::{Event, Level, Subscriber};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as output};

/// The variable that asks for a log.
pub const VARIABLE: &str = "ODIN_LOG";
/// A file a day, and so many days.
const DAYS: usize = 7;
/// What the names of this project's crates begin with.
const OURS: &str = "odin";

#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error(
        "{VARIABLE}: `{directive}` is neither a level (error, warn, info, debug, trace, off) nor MODULE=LEVEL, such as odin_tui::term=trace"
    )]
    Directive { directive: String },
    #[error("{VARIABLE}: there is no folder for the log: set XDG_STATE_HOME or HOME")]
    NoFolder,
    #[error("{}: the log for {VARIABLE} cannot be written there: {reason}", folder.display())]
    Folder { folder: PathBuf, reason: String },
}

/// Where logs are written: `odin` in the user's state folder (XDG). `None` where there is no home folder.
pub fn folder() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.state_dir()?.join("odin"))
}

/// What `ODIN_LOG` asks for; `None` where it is not set or empty.
///
/// # Errors
/// It holds something else than levels and modules.
pub fn asked() -> Result<Option<Targets>, LogError> {
    match std::env::var_os(VARIABLE) {
        Some(text) if !text.is_empty() => parse(&text.to_string_lossy()).map(Some),
        _ => Ok(None),
    }
}

fn parse(text: &str) -> Result<Targets, LogError> {
    let mut targets = Targets::new();
    for directive in text.split(',').map(str::trim) {
        let refused = || LogError::Directive {
            directive: directive.to_owned(),
        };
        let (module, level) = match directive.split_once('=') {
            Some((module, level)) => (Some(module.trim()), level.trim()),
            None => (None, directive),
        };
        let level = level_named(level).ok_or_else(refused)?;
        targets = match module {
            Some("") => return Err(refused()),
            Some(module) => targets.with_target(module, level),
            None => targets
                .with_target(OURS, level)
                .with_default(level.min(LevelFilter::WARN)),
        };
    }
    Ok(targets)
}

fn level_named(text: &str) -> Option<LevelFilter> {
    Some(match text.to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" | "warning" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}

/// Begins the log of this process. Nothing of it is ever written to standard output.
///
/// # Errors
/// `ODIN_LOG` is wrong, or its file cannot be made.
pub fn start() -> Result<(), LogError> {
    let file = match asked()? {
        Some(targets) => Some(
            output::layer()
                .with_ansi(false)
                .with_thread_names(true)
                .with_writer(file()?)
                .with_filter(targets),
        ),
        None => None,
    };
    let warnings = output::layer()
        .with_ansi(false)
        .event_format(Brief)
        .with_writer(io::stderr)
        .with_filter(Targets::new().with_target(OURS, LevelFilter::WARN));
    // In tests a process may have one already; the first stays.
    let _ = tracing_subscriber::registry()
        .with(file)
        .with(warnings)
        .try_init();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), process = std::process::id(), arguments = ?std::env::args_os(), "started");
    Ok(())
}

fn file() -> Result<RollingFileAppender, LogError> {
    let folder = folder().ok_or(LogError::NoFolder)?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("odin")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(&folder)
        .map_err(|error| LogError::Folder {
            folder,
            reason: error.to_string(),
        })
}

/// An event as a line for people: `warning: FILE: permission denied`.
struct Brief;

impl<S, F> FormatEvent<S, F> for Brief
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    F: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, F>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            _ => "warning",
        };
        write!(writer, "{level}: ")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_that_of_our_modules() {
        let debug = parse("debug").unwrap();
        assert!(debug.would_enable("odin_tui::term", &Level::DEBUG));
        assert!(!debug.would_enable("odin_tui::term", &Level::TRACE));
        assert!(debug.would_enable("ureq", &Level::WARN) && !debug.would_enable("ureq", &Level::INFO));
        let one = parse("warn, odin_tui::term=TRACE,ureq=debug").unwrap();
        assert!(one.would_enable("odin_tui::term::run", &Level::TRACE));
        assert!(!one.would_enable("odin_tui::cli", &Level::INFO) && one.would_enable("ureq", &Level::DEBUG));
        let errors = parse("error").unwrap();
        assert!(!errors.would_enable("ureq", &Level::WARN));
        assert!(!parse("off").unwrap().would_enable("odin_tui", &Level::ERROR));
    }

    #[test]
    fn what_is_no_level_is_named() {
        for (text, named) in [
            ("verbose", "`verbose`"),
            ("debug,", "``"),
            ("=debug", "`=debug`"),
            ("odin_tui=loud", "`odin_tui=loud`"),
            ("odin_tui", "`odin_tui`"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with("ODIN_LOG: ") && error.contains(named),
                "{error}"
            );
        }
    }
}
