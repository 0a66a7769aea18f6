//! What a process costs, as Linux tells it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;

/// A process whose cost is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process(pub u32);

/// Processor time used until now.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    /// Of all threads, those that have ended included; in steps of 10 ms.
    pub seconds: f64,
    /// Of the threads that live, exactly: name and seconds, by the thread's id.
    threads: BTreeMap<u32, (String, f64)>,
}

impl Process {
    pub fn own() -> Self {
        Self(std::process::id())
    }

    /// The one that listens there, if it is on this machine and ours to look at.
    pub fn listening(at: SocketAddr) -> Option<Self> {
        let inode = format!("socket:[{}]", listener_inode(at.port())?);
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.into_iter().find(|id: &u32| holds(*id, &inode)).map(Self)
    }

    /// None: it has ended.
    pub fn usage(self) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        // The name, in parentheses, may contain anything: count from behind it.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        let seconds = (ticks(11)? + ticks(12)?) / rustix::param::clock_ticks_per_second() as f64;
        Some(Usage { seconds, threads: self.threads() })
    }

    fn threads(self) -> BTreeMap<u32, (String, f64)> {
        let mut threads = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().flatten() {
            let read = |name: &str| fs::read_to_string(task.path().join(name)).ok();
            let id = task.file_name().to_str().and_then(|id| id.parse().ok());
            let (Some(id), Some(name), Some(schedule)) = (id, read("comm"), read("schedstat")) else { continue };
            let nanos: f64 = schedule.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default();
            threads.insert(id, (name.trim().to_owned(), nanos / 1e9));
        }
        threads
    }

    /// Memory that is really there, in bytes.
    pub fn resident(self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1_024)
    }
}

impl Usage {
    /// Since an earlier reading.
    pub fn since(&self, before: &Self) -> Self {
        let earlier = |id: &u32| before.threads.get(id).map_or(0.0, |(_, seconds)| *seconds);
        let threads = self.threads.iter().map(|(id, (name, seconds))| (*id, (name.clone(), seconds - earlier(id)))).collect();
        Self { seconds: self.seconds - before.seconds, threads }
    }

    /// Of the threads that live: exact, where the whole is counted in steps.
    pub fn exact(&self) -> f64 {
        self.threads.values().map(|(_, seconds)| seconds).sum()
    }

    /// Of the threads that live, added up by their names.
    pub fn by_name(&self) -> BTreeMap<String, f64> {
        let mut names = BTreeMap::new();
        for (name, seconds) in self.threads.values() {
            *names.entry(name.clone()).or_default() += seconds;
        }
        names
    }
}

fn listener_inode(port: u16) -> Option<u64> {
    const LISTENING: &str = "0A";
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(|path| fs::read_to_string(path).ok());
    let port = format!(":{port:04X}");
    for table in tables {
        for line in table.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if let (Some(local), Some(&LISTENING), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9))
                && local.ends_with(&port)
            {
                return inode.parse().ok();
            }
        }
    }
    None
}

fn holds(id: u32, socket: &str) -> bool {
    let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_listener_and_cost_are_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(Process::listening(listener.local_addr().unwrap()), Some(Process::own()));
        let before = Process::own().usage().unwrap();
        let mut sum = 0_u64;
        let end = std::time::Instant::now() + std::time::Duration::from_millis(60);
        while std::time::Instant::now() < end {
            sum = sum.wrapping_mul(31).wrapping_add(7);
        }
        assert_ne!(sum, 0);
        let used = Process::own().usage().unwrap().since(&before);
        assert!(used.exact() > 0.02, "{used:?}");
        assert!(Process::own().resident().unwrap() > 1_000_000);
        assert!(Process(u32::MAX).usage().is_none());
    }
}
