//! Waking up on time: epoll counts in milliseconds, a timerfd in nanoseconds.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};

pub struct Timer {
    fd: OwnedFd,
    set_to: Option<Instant>,
}

impl Timer {
    pub fn register(registry: &Registry, token: Token) -> io::Result<Self> {
        let fd = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut SourceFd(&fd.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { fd, set_to: None })
    }

    /// Wakes the loop then. The event is an edge, so nobody has to read the timer.
    pub fn wake_at(&mut self, at: Instant, now: Instant) -> io::Result<()> {
        if self.set_to == Some(at) {
            return Ok(());
        }
        // All zeros would disarm it.
        let wait = at.saturating_duration_since(now).max(Duration::from_nanos(1));
        let it_value = Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX), tv_nsec: wait.subsec_nanos().into() };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
        timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once)?;
        self.set_to = Some(at);
        Ok(())
    }

    /// It has gone off.
    pub fn spent(&mut self) {
        self.set_to = None;
    }
}
