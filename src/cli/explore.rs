//! `odin [SESSION]`: the dashboard.
use clap::Args;

#[derive(Debug, Args)]
pub struct Options {}

pub fn run(_session: Option<&str>, _options: &Options) -> anyhow::Result<()> {
    anyhow::bail!("wiring under way")
}
