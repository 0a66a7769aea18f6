//! What an import did.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;
use tertulia_domain::{Code, ConversationId, Workspace};
use tertulia_ports::Clock;

use super::broken;
use crate::exit::Failure;
use crate::out;

/// Problems that are listed; further ones are only counted.
const LISTED_MAX: usize = 50;

pub struct Summary {
    pub lines: u64,
    pub written: u64,
    pub duplicates: u64,
    /// Lines that are none, and messages that the store refused.
    bad: u64,
    /// Line number and reason.
    problems: Vec<(u64, String)>,
    pub replies: u64,
    /// Replies to what is not in the file, or comes later.
    pub lost_replies: u64,
    pub people: usize,
    /// Name, id, made by this import.
    pub channels: Vec<(String, ConversationId, bool)>,
    /// Why the input could not be read to its end.
    pub broken: Option<String>,
    workspace: String,
    clock: Arc<dyn Clock>,
    began: Instant,
}

impl Summary {
    pub fn new(workspace: &Workspace, clock: Arc<dyn Clock>) -> Self {
        Self {
            lines: 0,
            written: 0,
            duplicates: 0,
            bad: 0,
            problems: Vec::new(),
            replies: 0,
            lost_replies: 0,
            people: 0,
            channels: Vec::new(),
            broken: None,
            workspace: workspace.slug.clone(),
            began: clock.instant(),
            clock,
        }
    }

    pub fn bad(&mut self, line: u64, why: impl Into<String>) {
        self.bad += 1;
        if self.problems.len() < LISTED_MAX {
            self.problems.push((line, why.into()));
        }
    }

    pub fn refused(&mut self, line: u64, code: Code) {
        let why = match code {
            Code::Conflict => "another message with this identity was imported before".to_owned(),
            Code::InvalidParent => "the message that it answers was deleted".to_owned(),
            code => format!("the store refused it: {code}"),
        };
        self.bad(line, why);
    }

    fn seconds(&self) -> f64 {
        self.clock.instant().saturating_duration_since(self.began).as_secs_f64()
    }

    fn per_second(&self) -> u64 {
        (self.lines as f64 / self.seconds().max(0.001)) as u64
    }

    pub fn as_json(&self) -> serde_json::Value {
        json!({
            "workspace": self.workspace,
            "complete": self.broken.is_none(),
            "lines": self.lines,
            "written": self.written,
            "duplicates": self.duplicates,
            "bad": self.bad,
            "problems": self.problems.iter().map(|(line, why)| json!({ "line": line, "why": why })).collect::<Vec<_>>(),
            "replies": self.replies,
            "lostReplies": self.lost_replies,
            "people": self.people,
            "channels": self.channels.iter().map(|(name, id, made)| json!({ "name": name, "id": id, "made": made })).collect::<Vec<_>>(),
            "seconds": self.seconds(),
            "perSecond": self.per_second(),
        })
    }

    pub fn print(&self) -> Result<(), Failure> {
        for (line, why) in &self.problems {
            out::note(format_args!("line {line}: {why}"));
        }
        let unlisted = self.bad - self.problems.len() as u64;
        if unlisted > 0 {
            out::note(format_args!("… and {unlisted} more"));
        }
        let Self { written, duplicates, bad, replies, lost_replies, people, .. } = self;
        let channels = self.channels.len();
        out::line(format_args!("{written} messages written, {duplicates} were there, {bad} bad lines"))?;
        out::line(format_args!(
            "{people} people in {channels} channels of {}; {replies} replies in threads, {lost_replies} to nothing known",
            self.workspace
        ))?;
        Ok(out::line(format_args!("{:.1} s, {} lines/s", self.seconds(), self.per_second()))?)
    }

    /// Fails when the input broke off, or when nothing in it was good.
    pub fn verdict(&self) -> Result<(), Failure> {
        if let Some(why) = &self.broken {
            return Err(broken(format!("{why} (after {} lines; what was read is imported)", self.lines)));
        }
        if self.bad > 0 && self.written + self.duplicates == 0 {
            return Err(broken("no line of the input is a message; see `tertulia import --help` for the format"));
        }
        Ok(())
    }
}
