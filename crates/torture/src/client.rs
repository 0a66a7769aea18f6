//! One client under torture: it talks like an SDK, at random, and notes everything for the checker.

mod act;
mod copy;
mod fetch;
mod hear;
mod link;
mod outbox;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tertulia_domain::ids::ConversationId;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::dice::Dice;
use crate::findings::Invariant;
use crate::history::{History, now};
use crate::rest::Rest;
use crate::socket::{Heard, Refused, Socket};
use crate::world::{Tally, World};
use copy::Copy;
use fetch::Job;
use link::Link;
use outbox::Outbox;

/// Between two looks at what is late.
const TICK: Duration = Duration::from_millis(500);
/// A gap is filled within so long, in clear weather.
const GAP_FILLED_NS: u64 = 10_000_000_000;

/// What the run tells a client.
#[derive(Debug, Clone)]
pub enum Order {
    /// End the connection, perhaps in the middle of a frame.
    Cut { in_frame: bool },
    /// Do not read for a while.
    Pause(Duration),
    /// Send old messages again.
    Replay(usize),
    /// Send many large messages to the busiest place.
    Burst(usize),
}

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Busy,
    /// Nothing new; what is under way comes to its end.
    Settle,
    /// Everybody has settled: catch up and stop.
    Finish,
}

pub struct Client {
    world: Arc<World>,
    index: usize,
    rest: Rest,
    dice: Dice,
    history: History,
    copies: HashMap<ConversationId, Copy>,
    generation: u64,
    outbox: Outbox,
    resume: Option<String>,
    link: Option<Link>,
    jobs: FuturesUnordered<Job>,
    numbers: u64,
    paused_until: Option<Instant>,
    /// Reads through a small window: falls behind first.
    slow: bool,
    stage: Stage,
    /// In the last stage: heads were listed, and all is there.
    listed: bool,
}

impl Client {
    pub fn new(world: &Arc<World>, index: usize, rest: Rest) -> Self {
        Self {
            world: world.clone(),
            index,
            dice: Dice::new(world.seed, 1_000 + index as u64),
            history: History::new(rest.user),
            rest,
            copies: HashMap::new(),
            generation: 0,
            outbox: Outbox::default(),
            resume: None,
            link: None,
            jobs: FuturesUnordered::new(),
            numbers: 0,
            paused_until: None,
            slow: index < 2,
            stage: Stage::Busy,
            listed: false,
        }
    }

    /// Until the run is over. `settled` counts who has nothing under way any more.
    pub async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<Order>,
        mut stage: watch::Receiver<Stage>,
        settled: mpsc::UnboundedSender<usize>,
    ) -> History {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut next_act = Instant::now();
        let mut told = false;
        let mut give_up = None;
        loop {
            if self.link.is_none() && !self.connect().await {
                self.stage = *stage.borrow_and_update();
                if give_up.is_some_and(|at| Instant::now() > at) {
                    break;
                }
                sleep(Duration::from_millis(self.dice.within(20, 400))).await;
                give_up = give_up.or_else(|| (self.stage == Stage::Finish).then(|| Instant::now() + Duration::from_secs(60)));
                continue;
            }
            let reading = self.paused_until.is_none_or(|until| Instant::now() >= until);
            tokio::select! {
                heard = next(&mut self.link), if reading => match heard {
                    Heard::Frame(frame) => self.hear(&frame).await,
                    Heard::Closed(code) => self.closed(code),
                },
                Some(done) = self.jobs.next(), if !self.jobs.is_empty() => self.done(done),
                Some(order) = orders.recv() => self.obey(order).await,
                Ok(()) = stage.changed() => {
                    self.stage = *stage.borrow_and_update();
                    if self.stage == Stage::Finish {
                        self.list();
                    }
                }
                _ = tick.tick() => self.look_around().await,
                () = sleep_until(next_act), if self.stage == Stage::Busy => {
                    self.act().await;
                    next_act = Instant::now() + Duration::from_millis(self.dice.within(10, 150));
                }
            }
            if self.stage >= Stage::Settle && !told && self.has_settled() {
                told = true;
                settled.send(self.index).ok();
            }
            if self.stage == Stage::Finish {
                let at = *give_up.get_or_insert_with(|| Instant::now() + Duration::from_secs(60));
                if self.listed && self.is_complete() || Instant::now() > at {
                    break;
                }
            }
        }
        self.finish().await
    }

    async fn finish(mut self) -> History {
        for (conversation, copy) in &self.copies {
            let at_end = self.listed && !copy.is_behind();
            self.world.findings.expect(Invariant::Once, at_end, || {
                format!("client {} has {} up to {} of {}, and the rest does not come", self.index, conversation, copy.last, copy.head)
            });
        }
        if let Some(link) = self.link.take() {
            link.socket.close().await;
        }
        self.history
    }

    /// True: there is a connection.
    async fn connect(&mut self) -> bool {
        let slow = self.slow;
        match Socket::open(&self.rest, self.resume.as_deref(), slow).await {
            Ok(socket) => {
                Tally::add(&self.world.tally.connections, 1);
                self.history.marks.push(None);
                self.link = Some(Link::new(socket));
                self.copies.values_mut().for_each(|copy| (copy.live, copy.summarised) = (false, false));
                true
            }
            Err(Refused::SignIn) => {
                // Also after a jump of the server's clock.
                self.rest.sign_in().await.ok();
                false
            }
            Err(Refused::After(after)) => {
                sleep(after).await;
                false
            }
            Err(Refused::Down) => false,
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Cut { in_frame } => self.cut(in_frame).await,
            Order::Pause(time) => self.paused_until = Some(Instant::now() + time),
            Order::Replay(count) => {
                for _ in 0..count {
                    self.replay().await;
                }
            }
            Order::Burst(count) => self.burst(count).await,
        }
    }

    async fn cut(&mut self, in_frame: bool) {
        if let Some(link) = self.link.take() {
            Tally::add(&self.world.tally.cuts, 1);
            self.drop_pending(link.pending);
            link.socket.cut(in_frame).await;
        }
    }

    /// What is late?
    async fn look_around(&mut self) {
        let world = self.world.clone();
        if let Some(link) = &self.link
            && let Some(late) = link.late(&world.weather)
        {
            world.findings.violated(Invariant::Answer, format!("client {}: {late}", self.index));
            self.cut(false).await;
        }
        let behind: Vec<ConversationId> = self.copies.iter().filter(|(_, copy)| copy.is_behind()).map(|(id, _)| *id).collect();
        for conversation in behind {
            self.fetch(conversation);
            let Some(copy) = self.copies.get_mut(&conversation) else { continue };
            let since = copy.behind_since.unwrap_or(u64::MAX);
            if now().saturating_sub(GAP_FILLED_NS) > since && world.weather.is_clear_since(since) {
                copy.behind_since = None;
                let last = copy.last;
                world
                    .findings
                    .violated(Invariant::Order, format!("client {}: the gap after {last} of {conversation} is not filled", self.index));
            }
        }
        self.beat_if_due().await;
        self.resend().await;
    }

    fn has_settled(&self) -> bool {
        self.outbox.waiting.is_empty() && self.jobs.is_empty() && self.link.as_ref().is_some_and(|link| link.is_quiet())
    }

    fn is_complete(&self) -> bool {
        self.jobs.is_empty() && self.copies.values().all(|copy| !copy.is_behind())
    }
}

/// Waits for ever where there is no connection.
async fn next(link: &mut Option<Link>) -> Heard {
    match link {
        Some(link) => link.socket.next().await,
        None => std::future::pending().await,
    }
}
