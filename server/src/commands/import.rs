//! `tertulia import`: a history in JSON lines becomes channels, people, messages and threads.
//!
//! Reading and parsing run on a thread of their own; here the lines are gathered by channel and written
//! in batches. Ids of messages follow from what is imported, so a second run finds everything there.

mod channel;
mod line;
mod people;
mod progress;
mod source;
mod summary;

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use tertulia_domain::content::ContentLimits;
use tertulia_domain::{UserId, Workspace};
use tertulia_services::Services;

use self::channel::Channel;
use self::line::Line;
use self::people::People;
use self::progress::Progress;
use self::source::Chunk;
use self::summary::Summary;
use crate::cli::Common;
use crate::commands::user::pick_workspace;
use crate::exit::{Exit, Failure};
use crate::wiring::{House, need_store};

/// The documented format.
pub const FORMAT: &str = "\
THE FORMAT: one JSON object a line, UTF-8, plain or gzip.
  channel   text     its name; made in the workspace when it is missing
  at        text     when it was written, RFC 3339
  nick      text     who wrote it; becomes the display name of an imported user, who cannot sign in
  text      text     what was said
  line?     number   its number within the day and channel; default: the number of the line in the file
  day?      text     the day that `line` counts in; default: the date of `at`
  id?       text     its identity where it has no line and day
  replyTo?  number   the `line` of the same day that it answers; a text: the `id`
  kind?     text     \"message\" (default) or \"action\" (\"/me waves\": shown in italics, the nick first)
  format?   text     \"plain\" (default) or \"markdown\"

A reply goes into the thread of the message that began its chain. It has to come after what it answers.
Nobody is notified: `@name` in an imported text is shown, not told. Members of the workspace are put into
channels that the import makes, and have read everything. Run it again after an interruption, or with a
file that has grown: what is there already is not written twice.";

#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    common: Common,
    /// JSON lines, plain or gzip; `-` reads standard input
    file: PathBuf,
    /// Into which workspace, by slug or name; not needed while there is only one
    #[arg(long, value_name = "SLUG")]
    workspace: Option<String>,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

impl Import {
    pub async fn run(self) -> Result<(), Failure> {
        let config = self.common.load([])?;
        need_store(&config)?;
        let source = source::open(&self.file)?;
        let house = House::open_beside(&config).await?;
        let imported = import(&house.services, self.workspace.as_deref(), source).await;
        house.close().await;
        let summary = imported?;
        if self.json {
            crate::out::json(&summary.as_json())?
        } else {
            summary.print()?
        }
        summary.verdict()
    }
}

/// Imports a source into the workspace named, or the only one.
async fn import(services: &Services, workspace: Option<&str>, source: source::Source) -> Result<Summary, Failure> {
    let (workspace, owner) = pick_workspace(services, workspace).await?;
    let progress = Progress::new(&source);
    let mut chunks = source.read(services.spine.settings.content);
    let mut writer = Writer::new(services, workspace, owner);
    while let Some(chunk) = chunks.recv().await {
        progress.show(writer.summary.lines);
        match chunk {
            Chunk::Lines(lines) => writer.take(lines).await?,
            Chunk::Broken(why) => writer.summary.broken = Some(why),
        }
    }
    progress.finish();
    writer.finish().await
}

/// Lines gathered for one commit. Larger ones are hardly faster, and a server beside us waits for each.
const BATCH: usize = 10_000;

/// Puts lines where they belong.
struct Writer<'a> {
    services: &'a Services,
    workspace: Workspace,
    owner: UserId,
    people: People<'a>,
    channels: HashMap<String, Channel>,
    summary: Summary,
}

impl<'a> Writer<'a> {
    fn new(services: &'a Services, workspace: Workspace, owner: UserId) -> Self {
        let summary = Summary::new(&workspace, services.spine.clock.clone());
        Self { services, workspace, owner, people: People::new(services), channels: HashMap::new(), summary }
    }

    async fn take(&mut self, lines: Vec<Result<Line, line::Bad>>) -> Result<(), Failure> {
        for line in lines {
            self.summary.lines += 1;
            match line {
                Ok(line) => self.put(line).await?,
                Err(bad) => self.summary.bad(bad.number, bad.why),
            }
        }
        Ok(())
    }

    async fn put(&mut self, line: Line) -> Result<(), Failure> {
        if !self.channels.contains_key(&line.channel) {
            let channel = Channel::find_or_make(self.services, &self.workspace, self.owner, &line).await?;
            self.channels.insert(line.channel.clone(), channel);
        }
        let Some(channel) = self.channels.get_mut(&line.channel) else { return Ok(()) };
        channel.put(line, &mut self.summary);
        if channel.waiting() >= BATCH {
            channel.write(self.services, &mut self.people, &mut self.summary).await?;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Summary, Failure> {
        for channel in self.channels.values_mut() {
            channel.write(self.services, &mut self.people, &mut self.summary).await?;
            channel.mark_read(self.services).await?;
        }
        self.summary.people = self.people.count();
        self.summary.channels = self.channels.into_iter().map(|(name, channel)| (name, channel.id, channel.made)).collect();
        self.summary.channels.sort();
        Ok(self.summary)
    }
}

/// What imported content may be.
type Limits = ContentLimits;

/// The input cannot be read to its end.
fn broken(why: impl Into<String>) -> Failure {
    Failure::new(Exit::Data, why)
}

#[cfg(test)]
mod tests;
