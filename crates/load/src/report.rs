//! What was measured, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use crate::process::{Process, Usage};

/// Figures in the order in which they were added.
#[derive(Debug, Clone, Default)]
pub struct Report {
    scenario: String,
    figures: Vec<Figure>,
    threads: BTreeMap<String, f64>,
    warnings: Vec<String>,
}

#[derive(Debug, Clone)]
struct Figure {
    key: String,
    label: String,
    value: f64,
    unit: &'static str,
}

/// Of a core, past which the generator measures itself.
const BUSY: f64 = 0.7;
/// Behind its schedule, past which latencies are the generator's.
const LATE_US: u64 = 1_000;

impl Report {
    pub fn new(scenario: &str) -> Self {
        Self { scenario: scenario.to_owned(), ..Self::default() }
    }

    pub fn add(&mut self, key: &str, label: &str, value: f64, unit: &'static str) -> &mut Self {
        self.figures.push(Figure { key: key.to_owned(), label: label.to_owned(), value, unit });
        self
    }

    pub fn count(&mut self, key: &str, label: &str, value: u64) -> &mut Self {
        self.add(key, label, value as f64, "")
    }

    /// Quantiles of times in microseconds.
    pub fn times(&mut self, key: &str, label: &str, times_us: &Histogram<u64>) -> &mut Self {
        for (name, quantile) in [("P50", 0.5), ("P99", 0.99), ("P999", 0.999), ("Max", 1.0)] {
            let digits = if name == "P999" { "p99.9".to_owned() } else { name.to_lowercase() };
            let value = times_us.value_at_quantile(quantile) as f64 / 1_000.0;
            self.add(&format!("{key}{name}Ms"), &format!("{label}, {digits}"), value, "ms");
        }
        self
    }

    /// By thread of the server.
    pub fn threads(&mut self, used: &Usage) -> &mut Self {
        self.threads = used.by_name();
        self.threads.retain(|_, seconds| *seconds >= 0.001);
        self
    }

    pub fn warn(&mut self, warning: impl Into<String>) -> &mut Self {
        self.warnings.push(warning.into());
        self
    }

    /// What measuring cost, and whether it got in the way.
    pub fn own_cost(&mut self, used: &Usage, wall_seconds: f64, lag_us: Option<&Histogram<u64>>) -> &mut Self {
        let share = used.seconds / wall_seconds;
        self.add("generatorCpuSeconds", "generator's own processor time", used.seconds, "s");
        self.add("generatorShare", "generator's share of a core", share * 100.0, "%");
        if share > BUSY {
            self.warn(format!("the generator used {:.0} % of its core: the server may have been able to do more", share * 100.0));
        }
        if let Some(lag) = lag_us {
            self.add("lagP99Ms", "generator behind its schedule, p99", lag.value_at_quantile(0.99) as f64 / 1_000.0, "ms");
            self.add("lagMaxMs", "generator behind its schedule, worst", lag.max() as f64 / 1_000.0, "ms");
            if lag.value_at_quantile(0.99) > LATE_US {
                self.warn("the generator was more than 1 ms behind its schedule: part of the latency is its own");
            }
        }
        self
    }

    /// What the server is like right now, where it can be seen.
    pub fn memory(&mut self, server: Option<Process>) -> &mut Self {
        if let Some(bytes) = server.and_then(Process::resident) {
            self.add("serverRssMib", "server's memory (RSS)", bytes as f64 / 1_048_576.0, "MiB");
        }
        self
    }

    /// A figure by its key.
    pub fn get(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.key == key).map(|figure| figure.value)
    }

    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// One flat object; units are in the names.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("scenario".into(), json!(self.scenario));
        object.extend(self.figures.iter().map(|figure| (figure.key.clone(), number(figure.value))));
        if !self.threads.is_empty() {
            object.insert("serverThreads".into(), json!(self.threads));
        }
        object.insert("warnings".into(), json!(self.warnings));
        Value::Object(object)
    }

    /// A line a figure.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for Figure { label, value, unit, .. } in &self.figures {
            let digits = if value.fract() == 0.0 && unit.is_empty() || *value >= 1_000.0 { 0 } else { 2 };
            writeln!(table, "{label:<48}{value:>14.digits$} {unit}").ok();
        }
        for (name, seconds) in &self.threads {
            writeln!(table, "{:<48}{seconds:>14.2} s", format!("server's thread {name}")).ok();
        }
        for warning in &self.warnings {
            writeln!(table, "warning: {warning}").ok();
        }
        table
    }
}

/// Whole numbers stay whole.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}
