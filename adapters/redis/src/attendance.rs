//! Who is connected: a hash for each user. A field for each node, `n:NODE` = `CONNECTIONS:UNTIL_MS`, by the clock of
//! Redis; `chosen`, as JSON, and `seen`, in ms.

use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use tertulia_domain::presence::{Chosen, PresenceState};
use tertulia_domain::{Timestamp, UserId};
use tertulia_ports::Attendance;
use tertulia_ports::attendance::{FORGOTTEN_AFTER, Report, Unknown};

use crate::link::Link;
use crate::script::{Call, Script};
use crate::{Names, Redis};

/// After the last report of somebody: their chosen status, and when they were seen.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

static REPORT: LazyLock<Script> = LazyLock::new(|| Script::new(&[NOW, include_str!("scripts/report.lua"), KNOWN]));
static OF: LazyLock<Script> = LazyLock::new(|| Script::new(&[NOW, KNOWN]));
const NOW: &str = include_str!("scripts/now.lua");
const KNOWN: &str = include_str!("scripts/known.lua");

/// What the scripts answer: connections, what was chosen, when they were seen last.
type Known = (u32, Option<String>, Option<i64>);

pub(crate) struct Presence {
    link: Arc<Link>,
    names: Names,
    node: String,
}

impl Presence {
    pub(crate) fn new(redis: &Redis) -> Self {
        Self { link: redis.link.clone(), names: redis.names.clone(), node: redis.node.to_string() }
    }

    fn call<A>(&self, user_id: UserId, args: A) -> Call<A> {
        Call { key: self.names.of("presence", user_id), args }
    }

    fn call_report(&self, report: &Report) -> Call<(&str, u32, String, String, u64, u64)> {
        let chosen = match &report.chosen {
            None => String::new(),
            Some(None) => "-".into(),
            // Text, numbers and options: that it can't be written does not happen.
            Some(Some(chosen)) => serde_json::to_string(chosen).unwrap_or_else(|_| "-".into()),
        };
        let seen = report.last_seen_at.map(|at| at.as_millis().to_string()).unwrap_or_default();
        self.call(report.user_id, (&self.node, report.connections, chosen, seen, millis(FORGOTTEN_AFTER), millis(KEPT)))
    }
}

#[async_trait]
impl Attendance for Presence {
    async fn report(&self, reports: Vec<Report>) -> Result<Vec<PresenceState>, Unknown> {
        let calls: Vec<_> = reports.iter().map(|report| self.call_report(report)).collect();
        let known: Vec<Known> = REPORT.run(&self.link, &calls).await.map_err(Unknown)?;
        Ok(known.into_iter().map(state).collect())
    }

    async fn of(&self, users: &[UserId]) -> Result<Vec<PresenceState>, Unknown> {
        let calls: Vec<Call<&[&str]>> = users.iter().map(|user| self.call(*user, [].as_slice())).collect();
        let known: Vec<Known> = OF.run(&self.link, &calls).await.map_err(Unknown)?;
        Ok(known.into_iter().map(state).collect())
    }

    fn health(&self) -> Result<(), String> {
        self.link.health()
    }
}

fn state((connections, chosen, seen): Known) -> PresenceState {
    // What another version wrote, and this one can't read, is as if it had not been chosen.
    let chosen = chosen.and_then(|text| serde_json::from_str::<Chosen>(&text).ok());
    PresenceState { connections, chosen, last_seen_at: seen.and_then(Timestamp::from_millis) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
