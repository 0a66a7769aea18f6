//! What lies between a node and a service: it carries bytes, unless told otherwise.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::Trouble;

const CHUNK: usize = 16 * 1_024;
/// Chunks on their way in one direction of a connection.
const ON_ITS_WAY: usize = 256;
const CONNECTS_WITHIN: Duration = Duration::from_secs(1);

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Carry,
    /// Those that are open are reset, new ones too.
    Cut,
    /// They stay open, and nothing comes through; later it does.
    Hang,
    /// Everything takes so much longer, each way.
    Delay(Duration),
}

impl Mode {
    fn delay(self) -> Duration {
        if let Self::Delay(delay) = self { delay } else { Duration::ZERO }
    }
}

/// A port of loopback that leads to another; closed when it is dropped, with all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// Ends with it.
    _accepting: JoinSet<()>,
}

impl Proxy {
    /// Leads to the first of `targets` that takes a connection; the search begins with another one each time. Needs a
    /// runtime of tokio around it.
    pub fn new(targets: watch::Receiver<Vec<SocketAddr>>) -> Result<Self, Trouble> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, free_port()?))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (mode, modes) = watch::channel(Mode::Carry);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, targets, modes));
        Ok(Self { address, mode, _accepting: accepting })
    }

    /// Leads to one place only.
    pub fn to(target: SocketAddr) -> Result<Self, Trouble> {
        Self::new(watch::channel(vec![target]).1)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

/// A free port of loopback that the system gives to nobody else as the near end of a connection.
pub fn free_port() -> Result<u16, Trouble> {
    for _ in 0..200 {
        let chance = uuid::Uuid::new_v4().as_u64_pair().0 >> 32;
        let port = 20_000 + u16::try_from(chance % 12_000).unwrap_or_default();
        if StdListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Trouble("no port of 127.0.0.1 is free between 20000 and 32000".into()))
}

async fn accept(listener: TcpListener, targets: watch::Receiver<Vec<SocketAddr>>, modes: watch::Receiver<Mode>) {
    let mut turn = 0_usize;
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((near, _)) = accepted else { continue };
        turn = turn.wrapping_add(1);
        if *modes.borrow() == Mode::Cut {
            near.set_zero_linger().ok();
            continue;
        }
        let mut targets = targets.borrow().clone();
        let first = turn.checked_rem(targets.len()).unwrap_or_default();
        targets.rotate_left(first);
        connections.spawn(lead(near, targets, modes.clone()));
    }
}

async fn lead(near: TcpStream, targets: Vec<SocketAddr>, modes: watch::Receiver<Mode>) {
    for target in targets {
        if let Ok(Ok(far)) = timeout(CONNECTS_WITHIN, TcpStream::connect(target)).await {
            return splice(near, far, modes).await;
        }
    }
    near.set_zero_linger().ok();
}

async fn splice(mut near: TcpStream, mut far: TcpStream, modes: watch::Receiver<Mode>) {
    near.set_nodelay(true).ok();
    far.set_nodelay(true).ok();
    let mut cut = modes.clone();
    let (from_near, to_near) = near.split();
    let (from_far, to_far) = far.split();
    let both = async { tokio::try_join!(carry(from_near, to_far, &modes), carry(from_far, to_near, &modes)) };
    let broken = tokio::select! {
        ended = both => ended.is_err(),
        _ = cut.wait_for(|mode| *mode == Mode::Cut) => true,
    };
    // One end broke: the other sees the same.
    if broken {
        near.set_zero_linger().ok();
        far.set_zero_linger().ok();
    }
}

/// One direction, to its end.
async fn carry(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, modes: &watch::Receiver<Mode>) -> io::Result<()> {
    let (sent, mut arriving) = mpsc::channel::<(Instant, Vec<u8>)>(ON_ITS_WAY);
    let read = async move {
        let mut buffer = vec![0; CHUNK];
        loop {
            let length = from.read(&mut buffer).await?;
            let chunk = buffer.get(..length).unwrap_or_default().to_vec();
            let delay = modes.borrow().delay();
            if sent.send((Instant::now() + delay, chunk)).await.is_err() || length == 0 {
                return Ok::<(), io::Error>(());
            }
        }
    };
    let write = async {
        let mut modes = modes.clone();
        while let Some((due, chunk)) = arriving.recv().await {
            sleep_until(due).await;
            modes.wait_for(|mode| *mode != Mode::Hang).await.ok();
            // The end comes as late as all else.
            if chunk.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&chunk).await?;
        }
        Ok(())
    };
    tokio::try_join!(read, write).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers what it hears.
    async fn echo() -> (SocketAddr, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut echoing = JoinSet::new();
        echoing.spawn(async move {
            let mut answering = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                answering.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await.ok();
                });
            }
        });
        (address, echoing)
    }

    async fn ask(stream: &mut TcpStream) -> io::Result<()> {
        stream.write_all(b"hello").await?;
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"hello");
        Ok(())
    }

    #[tokio::test]
    async fn it_carries_delays_hangs_and_cuts() {
        let (address, _echoing) = echo().await;
        let proxy = Proxy::to(address).unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        ask(&mut stream).await.unwrap();
        proxy.set(Mode::Delay(Duration::from_millis(60)));
        let began = Instant::now();
        ask(&mut stream).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(120), "each way: {:?}", began.elapsed());
        proxy.set(Mode::Hang);
        stream.write_all(b"later").await.unwrap();
        let mut heard = [0; 5];
        assert!(timeout(Duration::from_millis(200), stream.read_exact(&mut heard)).await.is_err(), "nothing comes through");
        proxy.set(Mode::Carry);
        timeout(Duration::from_secs(5), stream.read_exact(&mut heard)).await.unwrap().unwrap();
        assert_eq!(&heard, b"later", "what hung comes, whole");
        proxy.set(Mode::Cut);
        let error = stream.read_exact(&mut heard).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        let mut refused = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(ask(&mut refused).await.is_err(), "new ones are reset too");
        proxy.set(Mode::Carry);
        ask(&mut TcpStream::connect(proxy.address()).await.unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn the_end_of_one_direction_leaves_the_other() {
        let (address, _echoing) = echo().await;
        let proxy = Proxy::to(address).unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        stream.write_all(b"all").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "all");
    }

    #[tokio::test]
    async fn it_takes_who_is_there_in_turn_and_skips_who_is_gone() {
        let gone = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let (here, _echoing) = echo().await;
        let proxy = Proxy::new(watch::channel(vec![gone, here]).1).unwrap();
        for _ in 0..4 {
            ask(&mut TcpStream::connect(proxy.address()).await.unwrap()).await.unwrap();
        }
        let nobody = Proxy::to(gone).unwrap();
        assert!(ask(&mut TcpStream::connect(nobody.address()).await.unwrap()).await.is_err());
    }
}
