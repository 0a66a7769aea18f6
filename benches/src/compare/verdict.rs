//! What came out: medians, how far apart the turns were, and what was promised.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use tertulia_load::report::Report;
use tertulia_load::scenarios::fanout::Load;

use super::candidate::Candidate;

/// What is compared, and by what it is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judged {
    FanOut(Load),
    Mix,
}

impl Judged {
    fn figures(self) -> &'static [&'static str] {
        match self {
            Self::FanOut(_) => {
                &["usPerDelivery", "deliveriesPerSecond", "latencyP50Ms", "latencyP99Ms", "bytesPerDelivery", "receivesPerDelivery", "lost"]
            }
            Self::Mix => {
                &["usPerEventSent", "usPerEvent", "events", "latencyP50Ms", "latencyP99Ms", "bytesPerEvent", "receivesPerEvent", "lost"]
            }
        }
    }

    /// The references have one room.
    pub fn takes(self, candidate: Candidate) -> bool {
        self != Self::Mix || !matches!(candidate, Candidate::Raw | Candidate::Shard)
    }

    /// A turn in a line.
    pub fn brief(self, report: &Report) -> String {
        let figures = self.figures().iter().map(|figure| format!("{figure} {:.2}", report.get(figure).unwrap_or(f64::NAN)));
        let warnings = report.warnings().iter().map(|warning| (*warning).to_string());
        figures.chain(warnings).collect::<Vec<String>>().join(", ")
    }
}

/// The turns of all.
pub struct Results {
    judged: Judged,
    turns: BTreeMap<Candidate, Vec<Vec<f64>>>,
    warned: BTreeMap<Candidate, usize>,
}

/// What is promised, what is, the bound, and whether less is better.
type Gate = (String, Option<f64>, f64, bool);

struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Results {
    pub fn new(judged: Judged) -> Self {
        Self { judged, turns: BTreeMap::new(), warned: BTreeMap::new() }
    }

    pub fn add(&mut self, candidate: Candidate, report: &Report) {
        let turn = self.judged.figures().iter().map(|figure| report.get(figure).unwrap_or(f64::NAN)).collect();
        self.turns.entry(candidate).or_default().push(turn);
        *self.warned.entry(candidate).or_default() += usize::from(!report.warnings().is_empty());
    }

    fn spread(&self, candidate: Candidate, figure: &str) -> Option<Spread> {
        let place = self.judged.figures().iter().position(|name| *name == figure)?;
        let mut values: Vec<f64> = self.turns.get(&candidate)?.iter().filter_map(|turn| turn.get(place).copied()).collect();
        values.sort_by(f64::total_cmp);
        Some(Spread { median: *values.get(values.len() / 2)?, min: *values.first()?, max: *values.last()? })
    }

    fn median(&self, candidate: Candidate, figure: &str) -> Option<f64> {
        self.spread(candidate, figure).map(|spread| spread.median)
    }

    /// How often as much as another.
    fn ratio(&self, of: Candidate, to: Candidate, figure: &str) -> Option<f64> {
        Some(self.median(of, figure)? / self.median(to, figure)?)
    }

    /// What was promised for this load.
    pub fn gates(&self) -> Vec<Value> {
        let gates = match self.judged {
            Judged::FanOut(load) => self.fan_out_gates(load),
            Judged::Mix => {
                let better = self.ratio(Candidate::Socketio, Candidate::Tertulia, "usPerEventSent");
                vec![("CPU an event 4 x better than socket.io".into(), better, 4.0, false)]
            }
        };
        let judge = |(what, is, bound, below): Gate| {
            let met = is.map(|is| if below { is <= bound } else { is >= bound });
            json!({ "gate": what, "is": is, "met": met })
        };
        gates.into_iter().map(judge).collect()
    }

    fn fan_out_gates(&self, load: Load) -> Vec<Gate> {
        let cost = "usPerDelivery";
        let ours = Candidate::Tertulia;
        let (reference, most, better) = match load {
            Load::Paced { rate, burst: 1 } if rate <= 20.0 => (Candidate::Raw, 1.15, 2.0),
            _ => (Candidate::Shard, 1.8, 6.0),
        };
        let at_most =
            |to: Candidate, most: f64| (format!("CPU a delivery at most {most} x {}", to.name()), self.ratio(ours, to, cost), most, true);
        let mut gates = vec![
            at_most(reference, most),
            (format!("CPU a delivery {better} x better than socket.io"), self.ratio(Candidate::Socketio, ours, cost), better, false),
        ];
        if reference == Candidate::Shard {
            gates.push(at_most(Candidate::Bun, 1.0));
        }
        if matches!(load, Load::Outstanding(_)) {
            let rate = self.median(ours, "deliveriesPerSecond");
            gates.push(("700,000 deliveries a second on one core".into(), rate, 700_000.0, false));
        } else {
            let late = self.ratio(ours, Candidate::Shard, "latencyP99Ms");
            gates.push(("p99 at most 1.3 x shard".into(), late, 1.3, true));
        }
        gates
    }

    pub fn json(&self) -> Value {
        let candidate = |candidate: &Candidate| {
            let figures: BTreeMap<&str, Value> = self
                .judged
                .figures()
                .iter()
                .filter_map(|figure| Some((*figure, self.spread(*candidate, figure)?)))
                .map(|(figure, it)| (figure, json!({ "median": it.median, "min": it.min, "max": it.max })))
                .collect();
            (candidate.name(), json!({ "figures": figures, "turnsWithWarnings": self.warned.get(candidate) }))
        };
        json!(self.turns.keys().map(candidate).collect::<BTreeMap<_, _>>())
    }

    pub fn table(&self) -> String {
        let mut table = match self.judged {
            Judged::FanOut(_) => self.fan_out_table(),
            Judged::Mix => self.mix_table(),
        };
        for gate in self.gates() {
            let field = |name: &str| gate.get(name).cloned().unwrap_or_default();
            let verdict = field("met").as_bool().map_or("not measured", |met| if met { "met" } else { "NOT met" });
            let is = field("is").as_f64().map_or_else(String::new, |is| format!(": {is:.2}"));
            writeln!(table, "{}{is} - {verdict}", field("gate").as_str().unwrap_or_default()).ok();
        }
        table
    }

    fn mix_table(&self) -> String {
        let mut table = format!(
            "{:<10}{:>26}{:>12}{:>16}{:>10}{:>10}{:>10}{:>8}{:>7}\n",
            "", "us an event sent (min-max)", "x socket.io", "us a delivery", "delivered", "p50 ms", "p99 ms", "recv", "lost"
        );
        for candidate in self.turns.keys() {
            let Some(cost) = self.spread(*candidate, "usPerEventSent") else { continue };
            let median = |figure| self.median(*candidate, figure).unwrap_or(f64::NAN);
            let ratio = self.ratio(*candidate, Candidate::Socketio, "usPerEventSent");
            writeln!(
                table,
                "{:<10}{:>26}{:>12}{:>16.2}{:>10.0}{:>10.2}{:>10.2}{:>8.2}{:>7}",
                candidate.name(),
                format!("{:.0} ({:.0}-{:.0})", cost.median, cost.min, cost.max),
                ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")),
                median("usPerEvent"),
                median("events"),
                median("latencyP50Ms"),
                median("latencyP99Ms"),
                median("receivesPerEvent"),
                median("lost"),
            )
            .ok();
        }
        table
    }

    fn fan_out_table(&self) -> String {
        let mut table = format!(
            "{:<10}{:>24}{:>8}{:>8}{:>11}{:>13}{:>10}{:>10}{:>8}{:>8}{:>7}\n",
            "", "us a delivery (min-max)", "x raw", "x shard", "x socket.io", "deliveries/s", "p50 ms", "p99 ms", "B", "recv", "lost"
        );
        for candidate in self.turns.keys() {
            let Some(cost) = self.spread(*candidate, "usPerDelivery") else { continue };
            let median = |figure| self.median(*candidate, figure).unwrap_or(f64::NAN);
            let ratio = |to| self.ratio(*candidate, to, "usPerDelivery").map_or("-".into(), |ratio| format!("{ratio:.2}"));
            writeln!(
                table,
                "{:<10}{:>24}{:>8}{:>8}{:>11}{:>13.0}{:>10.2}{:>10.2}{:>8.0}{:>8.2}{:>7}{}",
                candidate.name(),
                format!("{:.2} ({:.2}-{:.2})", cost.median, cost.min, cost.max),
                ratio(Candidate::Raw),
                ratio(Candidate::Shard),
                ratio(Candidate::Socketio),
                median("deliveriesPerSecond"),
                median("latencyP50Ms"),
                median("latencyP99Ms"),
                median("bytesPerDelivery"),
                median("receivesPerDelivery"),
                median("lost"),
                match self.warned.get(candidate) {
                    Some(0) | None => String::new(),
                    Some(turns) => format!("   {turns} turns with warnings"),
                },
            )
            .ok();
        }
        table
    }
}
