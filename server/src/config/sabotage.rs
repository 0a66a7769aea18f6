//! Which bug a build with the feature `sabotage` has: `TERTULIA_SABOTAGE=dedup|synchronous|early-ack|membership`.

use tertulia_ports::sabotage::{Sabotage, choose};

use crate::exit::{Exit, Failure};

const VARIABLE: &str = "TERTULIA_SABOTAGE";

/// Turns on what the environment names, and says so.
pub fn apply() -> Result<(), Failure> {
    let Some((_, name)) = std::env::vars().find(|(variable, _)| variable == VARIABLE) else { return Ok(()) };
    let Some((_, sabotage)) = Sabotage::ALL.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = Sabotage::ALL.iter().map(|(known, _)| *known).collect();
        return Err(Failure::new(Exit::Config, format!("{VARIABLE}: expected one of {}", known.join(", "))));
    };
    choose(*sabotage);
    crate::out::note(format_args!("SABOTAGED: {name}"));
    Ok(())
}
