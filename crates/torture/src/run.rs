//! A run from beginning to end.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::check::{Evidence, check};
use crate::chronicle::{Chronicle, Struck};
use crate::client::{Client, Order, Stage};
use crate::findings::{Findings, Invariant};
use crate::history::{History, Nanos, now};
use crate::keeper::keep;
use crate::logs;
use crate::nemesis::{Nemesis, Target};
use crate::plan::{Kind, plan};
use crate::report::Report;
use crate::rest::{Failed, Rest};
use crate::setup::{Ground, Options};
use crate::target::Trouble;
use crate::target::cluster::Cluster;
use crate::target::process::Process;
use crate::world::World;

const SETTLES_WITHIN: Duration = Duration::from_secs(60);
const FINISHES_WITHIN: Duration = Duration::from_secs(90);
const STOPS_WITHIN: Duration = Duration::from_secs(25);

/// Tortures a server. `stop` ends it early; `say` hears how it goes. All that was started or mounted is gone at the end,
/// whatever happened.
pub async fn run(options: Options, stop: CancellationToken, say: impl Fn(String)) -> Result<Report, Trouble> {
    let ground = block_in_place(|| Ground::prepare(&options))?;
    let kinds = ground.kinds.clone();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    say(format!("seed {}: {} for {} s; faults: {}", options.seed, ground.url, options.seconds, names.join(" ")));
    for (kind, why) in &ground.left_out {
        say(format!("left out: {kind}: {why}"));
    }
    let findings = Arc::new(Findings::default());
    let world = match populate(&ground.url, &options, &findings, &stop).await {
        Ok(world) => Arc::new(world),
        // It went wrong because something is wrong.
        Err(trouble) if findings.broken() > 0 => {
            say(trouble.to_string());
            let report = Report {
                seed: options.seed,
                clients: options.clients,
                cluster: options.cluster.is_some(),
                cut_short: true,
                found: findings.all(),
                ..Report::default()
            };
            return Ok(tell(report, &options, &Told::default(), &say));
        }
        Err(trouble) => return Err(trouble),
    };
    say(format!("{} conversations, {} clients", world.places.len(), world.clients.len()));
    let Ground { target, left_out, folder, .. } = ground;
    let mut report =
        Report { seed: options.seed, clients: options.clients, cluster: options.cluster.is_some(), left_out, ..Report::default() };
    let began = Instant::now();
    let mut told = Told { began: now(), people: people(&world), ..Told::default() };
    let mut target = load(&options, &world, target, &kinds, &stop, &say, &mut told).await;
    report.seconds = began.elapsed().as_secs();
    report.cut_short = stop.is_cancelled() || (findings.broken() > 0 && !options.keep_going);
    if !stop.is_cancelled() {
        say("reading the logs".into());
        examine(&world, &mut told.evidence).await;
        report.events = told.evidence.logs.values().map(|log| log.len() as u64).sum();
    }
    if !stop.is_cancelled() {
        block_in_place(|| inspect(&mut target, &options, &findings));
    }
    fill_in(&mut report, &world, &told);
    if report.faults.contains_key(&Kind::Sync) && report.failed_syncs == 0 {
        say("no sync failed, though they were to: this says nothing about failing disks".into());
    }
    // The server before its disk, the disk before the folder.
    drop(target);
    drop(folder);
    Ok(tell(report, &options, &told, &say))
}

/// What a run leaves behind for whoever wants to know more.
#[derive(Default)]
struct Told {
    began: Nanos,
    people: Vec<(String, String)>,
    evidence: Evidence,
    struck: Vec<Struck>,
    failed_syncs: u64,
}

fn people(world: &World) -> Vec<(String, String)> {
    let all = std::iter::once(&world.owner).chain(&world.clients);
    all.map(|someone| (someone.user.to_string(), someone.name().to_owned())).collect()
}

/// The report with how to see it again; where something was found, with a file that tells what happened.
fn tell(mut report: Report, options: &Options, told: &Told, say: &impl Fn(String)) -> Report {
    report.replay = options.replay();
    if report.is_clean() {
        return report;
    }
    let path = options.history();
    let run = json!({
        "seed": report.seed,
        "seconds": options.seconds,
        "clients": report.clients,
        "violations": report.violations(),
        "replay": report.replay,
    });
    let chronicle = Chronicle {
        began: told.began,
        run,
        people: told.people.clone(),
        evidence: &told.evidence,
        struck: &told.struck,
        violations: &report.found.violations,
    };
    match chronicle.write(&path) {
        Ok(()) => report.history = Some(path),
        Err(error) => say(format!("what happened cannot be written to {}: {error}", path.display())),
    }
    report
}

/// Logs that cannot be read are a finding too: what else was found is told all the same.
async fn examine(world: &World, evidence: &mut Evidence) {
    match logs::read_all(world).await {
        Ok(logs) => {
            evidence.logs = logs;
            check(evidence, &world.findings);
        }
        Err(trouble) => world.findings.violated(Invariant::Recovery, trouble.to_string()),
    }
}

async fn populate(url: &str, options: &Options, findings: &Arc<Findings>, stop: &CancellationToken) -> Result<World, Trouble> {
    let cannot = |failed: Failed| match failed {
        Failed::Gone => Trouble(format!("nothing answers at {url}")),
        failed => Trouble(format!("{url} cannot be prepared: {failed}")),
    };
    let nobody = Rest::new(url, findings.clone()).map_err(cannot)?;
    tokio::select! {
        made = World::populate(&nobody, findings.clone(), options.seed, options.clients, options.seconds) => made.map_err(|failed| match failed.code() {
            Some(tertulia_domain::Code::Forbidden) => Trouble(format!("{url} lets nobody register: start it with --open-registration --limits off")),
            Some(tertulia_domain::Code::RateLimited) => Trouble(format!("{url} limits what one address may do: start it with --limits off")),
            _ => cannot(failed),
        }),
        () = stop.cancelled() => Err(Trouble("stopped before it began".into())),
    }
}

/// The load with its faults, until everybody has seen everything.
async fn load(
    options: &Options,
    world: &Arc<World>,
    target: Target,
    kinds: &[Kind],
    stop: &CancellationToken,
    say: &impl Fn(String),
    told: &mut Told,
) -> Target {
    let (stage, stages) = watch::channel(Stage::Busy);
    let (settled, mut settling) = mpsc::unbounded_channel();
    let mut running: JoinSet<History> = JoinSet::new();
    let mut orders: Vec<mpsc::UnboundedSender<Order>> = Vec::new();
    for (index, rest) in world.clients.iter().enumerate() {
        let (order, ordered) = mpsc::unbounded_channel();
        orders.push(order);
        running.spawn(Client::new(world, index, rest.clone()).run(ordered, stages.clone(), settled.clone()));
    }
    drop(settled);
    running.spawn(keep(world.clone(), stages));
    let mut nemesis = Nemesis::new(world.clone(), target, orders);
    harm(options, world, &mut nemesis, kinds, stop, say).await;
    told.struck = std::mem::take(&mut nemesis.struck);
    told.failed_syncs = nemesis.failed_syncs;
    if stop.is_cancelled() {
        running.shutdown().await;
        return nemesis.target;
    }
    say("settling".into());
    stage.send_replace(Stage::Settle);
    wait_for_all(&mut settling, world).await;
    stage.send_replace(Stage::Finish);
    told.evidence.silences = std::mem::take(&mut nemesis.silences);
    let histories = &mut told.evidence.histories;
    histories.push(std::mem::replace(&mut nemesis.history, History::new(world.owner.user)));
    let gathered = timeout(FINISHES_WITHIN, async {
        while let Some(joined) = running.join_next().await {
            match joined {
                Ok(history) => histories.push(history),
                Err(error) => world.findings.violated(Invariant::Answer, format!("a client of ours failed: {error}")),
            }
        }
    });
    if gathered.await.is_err() {
        world.findings.violated(Invariant::Answer, "some clients do not come to their end");
        running.shutdown().await;
    }
    nemesis.target
}

/// One fault after the other. What was found ends it, unless it is to go on: more would only hide it.
async fn harm(options: &Options, world: &World, nemesis: &mut Nemesis, kinds: &[Kind], stop: &CancellationToken, say: &impl Fn(String)) {
    let time = Duration::from_secs(options.seconds);
    let began = Instant::now();
    let before = world.findings.broken();
    let over = || stop.is_cancelled() || (world.findings.broken() > before && !options.keep_going);
    for fault in plan(options.seed, kinds, time) {
        let due = (began + fault.at).max(Instant::now() + Duration::from_millis(300));
        wait_until(due, &over).await;
        if over() || began.elapsed() > time {
            break;
        }
        say(format!(
            "{:>4} s  {:<11} {} acked, {} deliveries",
            began.elapsed().as_secs(),
            fault.kind.name(),
            world.tally.acked.load(Ordering::Relaxed),
            world.tally.deliveries.load(Ordering::Relaxed)
        ));
        let struck = tokio::select! {
            struck = nemesis.strike(fault) => struck,
            () = stop.cancelled() => Ok(()),
        };
        if let Err(trouble) = struck {
            world.findings.violated(Invariant::Recovery, format!("{}: {trouble}", fault.kind));
        }
    }
    wait_until(began + time, &over).await;
}

async fn wait_until(due: Instant, over: &impl Fn() -> bool) {
    while Instant::now() < due && !over() {
        sleep_until(due.min(Instant::now() + Duration::from_millis(200))).await;
    }
}

async fn wait_for_all(settling: &mut mpsc::UnboundedReceiver<usize>, world: &World) {
    let mut left = world.clients.len();
    let all = timeout(SETTLES_WITHIN, async {
        while left > 0 && settling.recv().await.is_some() {
            left -= 1;
        }
    });
    let settled = all.await.is_ok();
    world.findings.expect(Invariant::Answer, settled, || format!("{left} clients have requests without an answer after 60 s of calm"));
    // What is on its way arrives.
    sleep(Duration::from_secs(1)).await;
}

/// Each server ends in order, its data is clean, and its log tells of no panic.
fn inspect(target: &mut Target, options: &Options, findings: &Findings) {
    let store = target.cluster.as_ref().map(Cluster::store_url);
    let nodes = target.cluster.as_mut().map(|cluster| cluster.nodes.iter_mut()).into_iter().flatten();
    let processes: Vec<&mut Process> = target.process.iter_mut().chain(nodes).collect();
    let data = processes.first().map(|process| process.data().to_owned());
    for process in processes {
        let name = process.name().to_owned();
        findings.expect(Invariant::Process, process.is_running(), || format!("{name} is gone"));
        let orderly = process.terminate(STOPS_WITHIN);
        findings.expect(Invariant::Process, orderly, || format!("{name} did not end in order"));
        let log = process.log();
        let panics: Vec<&str> = log.lines().filter(|line| line.contains("panicked")).take(3).collect();
        findings.expect(Invariant::Process, panics.is_empty(), || format!("the log of {name}: {}", panics.join(" | ")));
    }
    let Some(data) = data else { return };
    let mut check = Command::new(&options.binary);
    check.arg("check").arg("--data").arg(data).args(store.map(|url| format!("--set=store.url={url}")));
    match check.stdin(Stdio::null()).output() {
        Ok(output) => findings.expect(Invariant::Store, output.status.success(), || {
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            let said: Vec<&str> = said.lines().take(5).collect();
            format!("tertulia check: {}", said.join(" | "))
        }),
        Err(error) => findings.violated(Invariant::Store, format!("tertulia check: {error}")),
    }
}

fn fill_in(report: &mut Report, world: &World, told: &Told) {
    let tally = &world.tally;
    let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    report.acked = count(&tally.acked);
    report.deliveries = count(&tally.deliveries);
    report.connections = count(&tally.connections);
    report.resumed = count(&tally.resumed);
    report.gaps = count(&tally.gaps);
    report.cuts = count(&tally.cuts);
    report.duplicates = count(&tally.duplicates);
    report.skipped = tally.skipped.lock().clone();
    report.closes = tally.closes.lock().iter().map(|(code, count)| (*code, *count)).collect();
    report.found = world.findings.all();
    for struck in &told.struck {
        *report.faults.entry(struck.kind).or_default() += 1;
    }
    report.failed_syncs = told.failed_syncs;
}
