//! A disk of its own for the data: ext4 in a file, whose power can be cut, that can be frozen and filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Trouble, run};

/// Where it is mounted, in the run's folder.
pub const MOUNT: &str = "disk";
const IMAGE: &str = "disk.img";
const FILLER: &str = "filler";

/// `EXT4_IOC_SHUTDOWN` with `NOLOGFLUSH`: from then on nothing reaches the disk, not even what the kernel holds. It needs a
/// language that may call `ioctl`; ours forbids itself what that takes.
const CUT: &str = "import fcntl,os,struct,sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

#[derive(Debug)]
pub struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// Makes and mounts it; says why that is not possible here.
    pub fn new(folder: &Path, megabytes: u64) -> Result<Self, Trouble> {
        let disk = Self { image: folder.join(IMAGE), mount: folder.join(MOUNT) };
        File::create(&disk.image)?.set_len(megabytes * 1024 * 1024)?;
        fs::create_dir_all(&disk.mount)?;
        run("mkfs.ext4", &["-q", "-F", "-m", "0", &disk.image.display().to_string()])?;
        disk.mount()?;
        Ok(disk)
    }

    pub fn path(&self) -> &Path {
        &self.mount
    }

    fn mount(&self) -> Result<(), Trouble> {
        run("mount", &["-o", "loop", &self.image.display().to_string(), &self.mount.display().to_string()]).map(drop)
    }

    /// What was not synced is lost.
    pub fn cut_power(&self) -> Result<(), Trouble> {
        run("python3", &["-c", CUT, &self.mount.display().to_string()]).map(drop)
    }

    /// Power is back: the journal is replayed. Nobody may have a file open any more.
    pub fn remount(&self) -> Result<(), Trouble> {
        for _ in 0..100 {
            if run("umount", &[&self.mount.display().to_string()]).is_ok() {
                return self.mount();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Trouble(format!("{} stays in use", self.mount.display())))
    }

    /// Whoever writes waits until [`Disk::thaw`].
    pub fn freeze(&self) -> Result<(), Trouble> {
        run("fsfreeze", &["-f", &self.mount.display().to_string()]).map(drop)
    }

    pub fn thaw(&self) -> Result<(), Trouble> {
        run("fsfreeze", &["-u", &self.mount.display().to_string()]).map(drop)
    }

    /// Leaves not a byte free.
    pub fn fill(&self) -> Result<(), Trouble> {
        let filler = self.mount.join(FILLER);
        let mut file = File::create(&filler)?;
        // Space is taken in ever smaller pieces, so that the last block goes too.
        for megabytes in [512_u64, 64, 8, 1] {
            let mut size = file.metadata()?.len();
            loop {
                size += megabytes * 1024 * 1024;
                if run("fallocate", &["-l", &size.to_string(), &filler.display().to_string()]).is_err() {
                    break;
                }
            }
        }
        let mut rest = fs::OpenOptions::new().append(true).open(&filler)?;
        while rest.write_all(&[0; 4_096]).is_ok() {}
        file.flush()?;
        Ok(())
    }

    pub fn free(&self) -> Result<(), Trouble> {
        fs::remove_file(self.mount.join(FILLER)).map_err(Trouble::from)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        release(&self.mount);
    }
}

pub fn is_mounted(mount: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mount = mount.display().to_string();
    mounts.lines().any(|line| line.split(' ').nth(1) == Some(mount.as_str()))
}

/// Thaws and unmounts what is there; its loop device goes with it.
pub fn release(mount: &Path) {
    if !is_mounted(mount) {
        return;
    }
    let path = mount.display().to_string();
    run("fsfreeze", &["-u", &path]).ok();
    for _ in 0..40 {
        if run("umount", &[&path]).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    run("umount", &["-l", &path]).ok();
}
