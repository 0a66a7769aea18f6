//! `tertulia serve`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::PrometheusHandle;
use tertulia_gateway::{Gateway, GatewayConfig};
use tertulia_services::Services;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::banner::Banner;
use crate::cli::Common;
use crate::config::Config;
use crate::demo::{self, Demo};
use crate::exit::{Exit, Failure};
use crate::wiring::{House, gateway_config};
use crate::{out, process};

#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    common: Common,
    /// Address and port [default: 127.0.0.1:7070]; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Begin with a workspace that looks lived-in, in a folder of its own that is removed at the end (or in --data, if that is empty)
    #[arg(long)]
    demo: bool,
    /// Anybody may register
    #[arg(long)]
    open_registration: bool,
    /// Rate limits; `off` is for benches, and listens on loopback only
    #[arg(long, value_name = "on|off")]
    limits: Option<Switch>,
    /// Send everything back, to anybody: for conformance suites, without rate limits only
    #[arg(long, hide = true)]
    ws_echo: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// What a server may do.
const ROLES: [&str; 2] = ["gateway", "worker"];
/// How often figures that are asked for, not told, are read.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// Connections that may wait to be accepted; the system has a bound of its own.
const BACKLOG: u32 = 16_384;
/// For background work at the end.
const STOP_WITHIN: Duration = Duration::from_secs(10);

impl Serve {
    pub async fn run(self) -> Result<(), Failure> {
        let mut config = self.common.load(self.flags())?;
        self.check(&config)?;
        #[cfg(feature = "sabotage")]
        crate::config::sabotage::apply()?;
        let own_folder = (self.demo && !self.common.names_data(&config)).then(demo::own_folder);
        if let Some(folder) = &own_folder {
            config.server.data.clone_from(folder);
        }
        let served = self.serve(&config).await;
        remove(own_folder);
        served
    }

    fn flags(&self) -> Vec<(String, String)> {
        let listen = self.listen.as_ref().map(|listen| ("listen".to_owned(), listen.clone()));
        let open = self.open_registration.then(|| ("accounts.open_registration".to_owned(), "true".to_owned()));
        let limits = self.limits.map(|switch| ("limits.rate".to_owned(), (switch == Switch::On).to_string()));
        listen.into_iter().chain(open).chain(limits).collect()
    }

    async fn serve(&self, config: &Config) -> Result<(), Failure> {
        let open_files = process::raise_open_files();
        let metrics = process::record_metrics()?;
        let signals = Signals::new()?;
        let listener = bind(config.server.listen).await?;
        let address = listener.local_addr()?;
        let house = House::open(config).await?;
        let services = &house.services;
        let demo = if self.demo { Some(demo::prepare(services).await?) } else { None };
        services.start();
        if config.node.has("worker") {
            services.start_worker();
        }
        measure(services, metrics.clone());
        let gateway_config = GatewayConfig { echo: self.ws_echo, ..gateway_config(config, open_files, metrics) };
        let gateway = Gateway::new(services.clone(), gateway_config)?;
        self.announce(config, address, services, demo.as_ref()).await?;
        tracing::info!(%address, open_files, node = config.node.name, "ready");
        if let Some(demo) = &demo {
            demo::start(services, demo)?;
        }
        let drain = Duration::from_secs(config.server.drain_seconds.0);
        until_told(signals, gateway, listener, house, drain).await
    }

    fn check(&self, config: &Config) -> Result<(), Failure> {
        if self.ws_echo && config.limits.rate {
            return Err(Failure::new(Exit::Config, "--ws-echo is for conformance suites: add --limits off"));
        }
        if config.node.roles.is_empty() || config.node.roles.iter().any(|role| !ROLES.contains(&role.as_str())) {
            return Err(Failure::new(Exit::Config, format!("node.roles: expected some of {}", ROLES.join(", "))));
        }
        if self.demo && config.store.is_shared() {
            return Err(Failure::new(Exit::Config, "--demo has a folder of its own: leave store.url as it is"));
        }
        if config.limits.rate || config.server.listen.ip().is_loopback() {
            return Ok(());
        }
        let message = format!("without rate limits only loopback is served, not {}", config.server.listen);
        Err(Failure::new(Exit::Config, message))
    }

    /// Says where to go. Nobody has to read it: a closed standard output does not matter.
    async fn announce(&self, config: &Config, address: SocketAddr, services: &Services, demo: Option<&Demo>) -> Result<(), Failure> {
        let setup_token = services.auth.issue_setup_token().await?;
        let demo_hint = demo.map(|demo| demo.hint.as_str());
        out::line(Banner { config, address, data: &config.server.data, setup_token, demo_hint }.text()).ok();
        Ok(())
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let bound = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // As the standard library does: a restart need not wait for old connections.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound.await.map_err(|error| {
        let message = match error.kind() {
            ErrorKind::AddrInUse => format!("{address} is in use by another program; choose another with --listen"),
            ErrorKind::PermissionDenied => format!("{address}: not allowed; ports below 1024 need a privilege"),
            ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine"),
            _ => format!("{address}: {error}"),
        };
        Failure::new(Exit::Unavailable, message)
    })
}

/// Keeps the figures of the process fresh, and histograms small.
fn measure(services: &Services, metrics: PrometheusHandle) {
    services.spine.tasks.every(MEASURE_EVERY, move || {
        process::measure();
        metrics.run_upkeep();
        std::future::ready(())
    });
}

/// Serves until a signal comes; then lets clients go, finishes what is under way and closes the store. A second
/// signal ends it at once, which loses nothing that was acknowledged.
async fn until_told(mut signals: Signals, gateway: Gateway, listener: TcpListener, house: House, drain: Duration) -> Result<(), Failure> {
    let told = CancellationToken::new();
    let serving = gateway.serve(listener, told.clone().cancelled_owned());
    let orderly = async {
        let ending = async {
            told.cancelled().await;
            gateway.drain(drain).await;
        };
        let (served, ()) = tokio::join!(serving, ending);
        if tokio::time::timeout(STOP_WITHIN, house.close()).await.is_err() {
            tracing::warn!("some work did not end in time");
        }
        served.map_err(Failure::from)
    };
    let mut orderly = std::pin::pin!(orderly);
    tokio::select! {
        ended = &mut orderly => return ended,
        name = signals.next() => tracing::info!(signal = name, "draining"),
    }
    told.cancel();
    tokio::select! {
        ended = &mut orderly => {
            tracing::info!("stopped");
            ended
        }
        _ = signals.next() => Err(Failure::failed("told twice: stopped at once")),
    }
}

/// What asks a server to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn remove(folder: Option<PathBuf>) {
    if let Some(folder) = folder
        && let Err(error) = std::fs::remove_dir_all(&folder)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, folder = %folder.display(), "the demo's folder stays");
    }
}
