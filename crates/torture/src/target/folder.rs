//! The folder of a run. What a run that was killed left behind is taken away by the next one.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::Trouble;
use super::disk;

const PREFIX: &str = "tertulia-torture-";

/// Removed, with all that is mounted in it, when it is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// `parent`: absent = where temporary files lie.
    pub fn new(parent: Option<&Path>) -> Result<Self, Trouble> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        fs::create_dir_all(&parent).map_err(|error| Trouble(format!("{}: {error}", parent.display())))?;
        let parent = parent.canonicalize()?;
        sweep(&parent);
        let folder = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| Trouble(format!("{}: {error}", folder.display())))?;
        Ok(Self(folder))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        clear(&self.0);
    }
}

fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|pid| pid.parse().ok()) else { continue };
        if !is_torture(owner) && entry.path().is_dir() {
            end_servers_of(&entry.path());
            clear(&entry.path());
        }
    }
}

/// Whether this process is a run that still goes on.
fn is_torture(pid: i32) -> bool {
    let Some(process) = Pid::from_raw(pid) else { return false };
    test_kill_process(process).is_ok() && fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("torture"))
}

/// What a killed run left running; only what lies in this folder or works there.
fn end_servers_of(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "pid") {
            continue;
        }
        let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
        let proc = format!("/proc/{}", pid.as_raw_nonzero());
        let line = fs::read_to_string(format!("{proc}/cmdline")).unwrap_or_default();
        let works_here = fs::read_link(format!("{proc}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        if works_here || line.contains(&folder.display().to_string()) {
            kill_process(pid, Signal::KILL).ok();
            kill_process(pid, Signal::CONT).ok();
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }
}

fn clear(folder: &Path) {
    disk::release(&folder.join(disk::MOUNT));
    // Never into a file system that is still mounted.
    if !disk::is_mounted(&folder.join(disk::MOUNT)) {
        fs::remove_dir_all(folder).ok();
    }
}
