//! What is to be tortured, and with what: the server, its disk, the faults that this machine can do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, geteuid, test_kill_process};

use crate::nemesis::Target;
use crate::plan::Kind;
use crate::target::cluster::{Bus, Cluster};
use crate::target::disk::Disk;
use crate::target::folder::Folder;
use crate::target::process::{Dressed, Process};
use crate::target::service::Program;
use crate::target::{Trouble, is_installed};

const CLOCK_LIBRARIES: &[&str] = &["/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"];

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Options {
    pub seconds: u64,
    pub seed: u64,
    pub clients: usize,
    /// A running server; absent: one of our own.
    pub url: Option<String>,
    /// Its process, if it is on this machine.
    pub pid: Option<u32>,
    /// Where the run's folder is made.
    pub data: Option<PathBuf>,
    /// Absent = all that are possible here.
    pub faults: Option<Vec<Kind>>,
    /// Go on after something was found.
    pub keep_going: bool,
    /// Where to write what happened, if something was found; absent: where the run's folder was.
    pub history: Option<PathBuf>,
    /// Several nodes, with this between them; absent: one server.
    pub cluster: Option<Bus>,
    /// The nodes' bus loses one signal of ten, and repeats another.
    pub lossy: bool,
    /// The server's binary.
    pub binary: PathBuf,
}

impl Options {
    pub fn history(&self) -> PathBuf {
        let name = format!("torture-{}.jsonl", self.seed);
        let beside = || self.data.clone().unwrap_or_else(std::env::temp_dir).join(name);
        self.history.clone().unwrap_or_else(beside)
    }

    /// The command that runs the same again.
    pub fn replay(&self) -> String {
        let named = |kinds: &Vec<Kind>| format!(" --faults {}", kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(","));
        let faults = self.faults.as_ref().map(named).unwrap_or_default();
        let url = self.url.as_ref().map(|url| format!(" --url {url}")).unwrap_or_default();
        let pid = self.pid.map(|pid| format!(" --pid {pid}")).unwrap_or_default();
        let cluster = self.cluster.map(|bus| format!(" --cluster {}", bus.name())).unwrap_or_default();
        let lossy = if self.lossy { " --lossy" } else { "" };
        let going = if self.keep_going { " --keep-going" } else { "" };
        format!(
            "tertulia torture --seed {} --seconds {} --clients {}{cluster}{lossy}{faults}{url}{pid}{going}",
            self.seed, self.seconds, self.clients
        )
    }
}

/// What is there. Fields are dropped in this order: the server, its disk, the folder.
pub struct Ground {
    pub target: Target,
    pub url: String,
    /// What is done.
    pub kinds: Vec<Kind>,
    pub left_out: BTreeMap<Kind, String>,
    pub folder: Folder,
}

impl Ground {
    pub fn prepare(options: &Options) -> Result<Self, Trouble> {
        let folder = Folder::new(options.data.as_deref())?;
        let mut left_out = BTreeMap::new();
        let target = match (&options.url, options.cluster) {
            (Some(_), _) => foreign(options, &folder, &mut left_out)?,
            (None, None) => own(options, &folder, &mut left_out)?,
            (None, Some(bus)) => several(options, bus, &folder, &mut left_out)?,
        };
        let cluster = target.cluster.as_ref().map(Cluster::url);
        let url = target.process.as_ref().map(Process::url).or(cluster).or(options.url.clone()).unwrap_or_default();
        let here = |kind: &&Kind| kind.fits(options.cluster.is_some());
        if let Some(wanted) = &options.faults {
            left_out.retain(|kind, _| wanted.contains(kind));
            for kind in Kind::ALL.iter().filter(here).filter(|kind| !wanted.contains(kind)) {
                left_out.insert(*kind, "not asked for".into());
            }
            for kind in wanted.iter().filter(|kind| !here(kind)) {
                left_out.insert(*kind, format!("not {} --cluster", if options.cluster.is_some() { "with" } else { "without" }));
            }
        }
        let kinds = Kind::ALL.iter().copied().filter(|kind| here(&kind) && !left_out.contains_key(kind)).collect();
        Ok(Self { target, url, kinds, left_out, folder })
    }
}

fn foreign(options: &Options, folder: &Folder, left_out: &mut BTreeMap<Kind, String>) -> Result<Target, Trouble> {
    let pid = options.pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(number) = options.pid {
        let found = pid.is_some_and(|pid| test_kill_process(pid).is_ok());
        if !found {
            return Err(Trouble(format!("--pid {number}: no such process, or not ours to stop")));
        }
    }
    for kind in Kind::ALL.iter().filter(|kind| kind.fits(false) && !kind.is_of_clients()) {
        match (kind, pid) {
            (Kind::Pause, Some(_)) => {}
            (Kind::Pause, None) => drop(left_out.insert(*kind, "needs --pid".into())),
            _ => drop(left_out.insert(*kind, "the server is not ours to restart".into())),
        }
    }
    Ok(Target { process: None, cluster: None, disk: None, pid, clock_library: None, folder: folder.path("") })
}

fn own(options: &Options, folder: &Folder, left_out: &mut BTreeMap<Kind, String>) -> Result<Target, Trouble> {
    let root = folder.path("");
    let wanted = |kinds: &[Kind]| options.faults.as_ref().is_none_or(|wanted| kinds.iter().any(|kind| wanted.contains(kind)));
    let on_disk = [Kind::Power, Kind::Full, Kind::Freeze];
    let disk = if wanted(&on_disk) { own_disk(&root, options.seconds) } else { Err("not asked for".into()) };
    if let Err(why) = &disk {
        left_out.extend(on_disk.map(|kind| (kind, why.clone())));
    }
    let disk = disk.ok();
    if !is_installed("python3") {
        left_out.entry(Kind::Power).or_insert_with(|| "needs python3".into());
    }
    let clock_library = clock_library();
    if clock_library.is_none() {
        left_out.insert(Kind::Clock, "needs libfaketime (Debian: faketime)".into());
    }
    if !is_installed("fiu-run") {
        left_out.insert(Kind::Sync, "needs fiu-run (Debian: fiu-utils)".into());
    }
    let data = disk.as_ref().map_or_else(|| folder.path("data"), |disk| disk.path().join("data"));
    let mut process = Process::new(&options.binary, &root, &data);
    process.start(&Dressed::Plain)?;
    Ok(Target { process: Some(process), cluster: None, disk, pid: None, clock_library, folder: root })
}

/// Nodes on services of their own, which stand in the run's folder.
fn several(options: &Options, bus: Bus, folder: &Folder, left_out: &mut BTreeMap<Kind, String>) -> Result<Target, Trouble> {
    let root = folder.path("");
    bus.programs().into_iter().try_for_each(Program::need)?;
    let wanted = options.faults.as_ref().is_none_or(|wanted| wanted.contains(&Kind::PowerDatabase));
    let disk = match () {
        () if !wanted => Err("not asked for".into()),
        () if !is_installed("python3") => Err("needs python3".into()),
        () => own_disk(&root, options.seconds),
    };
    if let Err(why) = &disk {
        left_out.insert(Kind::PowerDatabase, why.clone());
    }
    if bus != Bus::Nats {
        left_out.insert(Kind::KillNats, "no NATS in this cluster".into());
    }
    let disk = disk.ok();
    let cluster = Cluster::start(&options.binary, bus, &root, disk.as_ref(), options.lossy)?;
    Ok(Target { process: None, cluster: Some(cluster), disk, pid: None, clock_library: None, folder: root })
}

fn own_disk(folder: &Path, seconds: u64) -> Result<Disk, String> {
    if !geteuid().is_root() {
        return Err("mounting a disk of its own needs root".into());
    }
    for program in ["mkfs.ext4", "mount", "umount", "fsfreeze", "fallocate"] {
        if !is_installed(program) {
            return Err(format!("needs {program}"));
        }
    }
    Disk::new(folder, 1_024 + seconds).map_err(|trouble| format!("no disk of its own: {trouble}"))
}

fn clock_library() -> Option<PathBuf> {
    let found = CLOCK_LIBRARIES.iter().filter_map(|pattern| {
        let listed = std::process::Command::new("sh").args(["-c", &format!("ls {pattern} 2>/dev/null")]).output().ok()?;
        String::from_utf8(listed.stdout).ok()?.lines().next().map(PathBuf::from)
    });
    found.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_to_see_it_again_says_all_that_matters() {
        let options = Options {
            seconds: 60,
            seed: 7,
            clients: 8,
            url: None,
            pid: None,
            data: None,
            faults: Some(vec![Kind::KillNode, Kind::HangBus]),
            keep_going: true,
            history: None,
            cluster: Some(Bus::Nats),
            lossy: true,
            binary: "tertulia".into(),
        };
        let expected = "tertulia torture --seed 7 --seconds 60 --clients 8 --cluster nats --lossy --faults kill-node,hang-bus --keep-going";
        assert_eq!(options.replay(), expected);
    }
}
