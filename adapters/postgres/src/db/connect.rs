//! From a URL to connections: what libpq's `sslmode` means here, and after how long a silent network counts as cut.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::open::denied;
use crate::OpenError;
use crate::tls::{self, Trust};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that acknowledges nothing for this long is gone.
const SILENCE: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(3);
const KEEPALIVES: u32 = 3;

/// Where a database is, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

impl Target {
    /// `setting`: the name of the URL in the configuration, for errors.
    pub(crate) fn parse(setting: &'static str, url: &str, schema: Option<&str>) -> Result<Self, OpenError> {
        let bad = |why: &str| OpenError::Url { setting, why: why.to_owned() };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(bad("it does not begin with postgres://"));
        }
        let (plain, trust) = split_tls(url).map_err(|why| bad(&why))?;
        let mut config: Config = plain.parse().map_err(|_| bad("it cannot be read"))?;
        if config.get_hosts().is_empty() {
            return Err(bad("it names no host"));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(bad("it names no database"));
        }
        if trust.is_required() {
            config.ssl_mode(SslMode::Require);
        }
        let mut options = config.get_options().map(|given| format!("{given} ")).unwrap_or_default();
        options.push_str("-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c jit=off");
        if let Some(schema) = schema {
            let is_name = schema.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_name || schema.is_empty() || schema.len() > 50 {
                return Err(OpenError::Url { setting: "store.schema", why: "it is made of a-z, 0-9 and _, up to 50 of them".into() });
            }
            write!(options, " -c search_path={schema}").map_err(|error| bad(&error.to_string()))?;
        }
        config.options(options).connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(SILENCE).keepalives(true);
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(KEEPALIVES);
        if config.get_application_name().is_none() {
            config.application_name("tertulia");
        }
        Ok(Self { config, tls: MakeRustlsConnect::new(client_config(&trust).map_err(|why| bad(&why))?) })
    }

    /// Sets a parameter of every session from now on.
    pub(crate) fn set(&mut self, parameter: &str, value: &str) {
        let options = self.config.get_options().unwrap_or_default();
        let options = format!("{options} -c {parameter}={value}");
        self.config.options(options);
    }

    pub(crate) fn pool(&self, size: usize) -> Result<Pool, OpenError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), recycling);
        let pool = Pool::builder(manager).max_size(size.max(1)).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(Some(CONNECT_TIMEOUT)).create_timeout(Some(CONNECT_TIMEOUT * 2));
        pool.build().map_err(|error| OpenError::Database(error.to_string()))
    }

    /// Without user and password.
    pub(crate) fn place(&self) -> String {
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let hosts = self.config.get_hosts().iter().enumerate().map(|(index, host)| match host {
            Host::Tcp(name) => format!("{name}:{}", port(index)),
            Host::Unix(path) => format!("{} (port {})", path.display(), port(index)),
        });
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// What went wrong when it was connected to.
    pub(crate) fn refused(&self, error: &tokio_postgres::Error) -> OpenError {
        denied(self, error)
    }
}

/// Takes `sslmode` and `sslrootcert` out where the driver does not know them.
fn split_tls(url: &str) -> Result<(String, Trust), String> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut rest, mut mode, mut roots) = (Vec::new(), "prefer", None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = value,
            Some(("sslrootcert", value)) => roots = Some(value.replace("%2F", "/").replace("%2f", "/")),
            _ => rest.push(pair),
        }
    }
    let trust = match (mode, roots) {
        ("disable" | "prefer", _) => Trust::Anybody { required: false },
        ("require", None) => Trust::Anybody { required: true },
        // As libpq has it: a root given is a root checked.
        ("require", roots) | ("verify-ca", roots) => Trust::Chain { roots },
        ("verify-full", roots) => Trust::Full { roots },
        (other, _) => return Err(format!("sslmode is disable, prefer, require, verify-ca or verify-full, not {other}")),
    };
    let mode = if trust.is_required() { "require" } else { mode };
    rest.push(match mode {
        "disable" => "sslmode=disable",
        "require" => "sslmode=require",
        _ => "sslmode=prefer",
    });
    Ok((format!("{base}?{}", rest.join("&")), trust))
}

fn client_config(trust: &Trust) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let verifier = tls::verifier(trust, provider, given_roots)?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn given_roots(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| format!("sslrootcert {path}: {error}"))
}
