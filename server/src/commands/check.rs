//! `tertulia check`: is what is stored what it should be?

use std::io::IsTerminal;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tertulia_ports::store::log::CheckReport;

use crate::cli::Common;
use crate::exit::Failure;
use crate::out;
use crate::wiring::{House, need_store};

#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    common: Common,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Fails on any drift.
    pub async fn run(self) -> Result<(), Failure> {
        let config = self.common.load([])?;
        need_store(&config)?;
        let house = House::open_beside(&config).await?;
        let bar = progress_bar();
        let shown = bar.clone();
        let progress = move |done: u64, all: u64| {
            shown.set_length(all);
            shown.set_position(done);
        };
        let report = house.services.spine.store.log.check(Box::new(progress)).await;
        bar.finish_and_clear();
        house.close().await;
        let report = report?;
        if self.json {
            out::json(&as_json(&report))?
        } else {
            print(&report)?
        }
        match report.drifts.len() {
            0 => Ok(()),
            1 => Err(Failure::failed("the store has drifted in 1 place")),
            many => Err(Failure::failed(format!("the store has drifted in {many} places"))),
        }
    }
}

fn progress_bar() -> ProgressBar {
    let target = if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} conversations {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), target).with_style(style)
}

fn print(report: &CheckReport) -> Result<(), Failure> {
    for drift in &report.drifts {
        match drift.conversation_id {
            Some(id) => out::line(format_args!("conversation {id}: {}", drift.what))?,
            None => out::line(&drift.what)?,
        }
    }
    let CheckReport { conversations, events, messages, .. } = report;
    let verdict = if report.drifts.is_empty() { "clean" } else { "NOT CLEAN" };
    Ok(out::line(format_args!("{verdict}: {conversations} conversations, {events} events, {messages} messages"))?)
}

fn as_json(report: &CheckReport) -> serde_json::Value {
    let drift = |drift: &tertulia_ports::store::log::Drift| json!({ "conversationId": drift.conversation_id, "what": drift.what });
    json!({
        "clean": report.drifts.is_empty(),
        "conversations": report.conversations,
        "events": report.events,
        "messages": report.messages,
        "drifts": report.drifts.iter().map(drift).collect::<Vec<_>>(),
    })
}
