//! Figures, for people and for programs.

use std::io::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

/// What was measured, in order.
#[derive(Default)]
pub struct Report(Vec<Figure>);

struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
}

impl Report {
    pub fn add(&mut self, name: &'static str, value: f64, unit: &'static str) {
        self.0.push(Figure { name, value, unit });
    }

    /// Median and 99th percentile of times in microseconds.
    pub fn add_times(&mut self, names: [&'static str; 2], times_us: &Histogram<u64>) {
        for (name, quantile) in names.into_iter().zip([0.5, 0.99]) {
            self.add(name, times_us.value_at_quantile(quantile) as f64 / 1_000.0, "ms");
        }
    }

    /// On standard output.
    pub fn print(&self, as_json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if as_json {
            let figures: Map<String, Value> =
                self.0.iter().map(|figure| (figure.name.to_owned(), json!({ "value": figure.value, "unit": figure.unit }))).collect();
            writeln!(out, "{}", Value::Object(figures))?;
        } else {
            for Figure { name, value, unit } in &self.0 {
                let digits = if *value < 100.0 { 2 } else { 0 };
                writeln!(out, "{name:<44}{value:>12.digits$} {unit}")?;
            }
        }
        Ok(())
    }
}

/// For times up to a minute, in microseconds, three digits exact.
pub fn times() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_max(60_000_000, 3)?)
}

pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
