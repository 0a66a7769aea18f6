//! Lets clients in: an accept loop with a cap, time limits and an orderly end.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::api;
use crate::gateway::Gateway;
use crate::rest::request;
use crate::ws::handshake::Place;

/// For the first bytes of a connection, and for all headers of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Room for headers that are too large, so that it can be said.
const READ_BUFFER_BYTES: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;
const STREAMS_MAX: u32 = 100;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PEEK_AGAIN: Duration = Duration::from_millis(20);
/// After accept failed, mostly for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// For requests under way when the server stops.
const REQUESTS_WITHIN: Duration = Duration::from_secs(5);
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\nconnection: close\r\n\r\n\
{\"error\":{\"code\":\"OVERLOADED\",\"message\":\"too many connections\",\"retry\":\"after\",\"retryAfterMs\":5000}}";
const TOO_SLOW: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

impl Gateway {
    /// Serves until `shutdown` completes, then until requests under way are answered. WebSockets stay open: see
    /// [`Gateway::drain`].
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) -> io::Result<()> {
        let router = api::router(self.clone());
        let places = Arc::new(Semaphore::new(self.config.connections_max));
        let open = Open { stopping: CancellationToken::new(), tracker: TaskTracker::new() };
        let mut shutdown = pin!(shutdown);
        loop {
            let (stream, address) = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_AGAIN).await;
                        continue;
                    }
                },
            };
            match places.clone().try_acquire_owned() {
                Ok(place) => self.admit(open.lease(), &router, stream, address, place),
                // Best effort: who cannot be told is closed all the same.
                Err(_) => drop(stream.try_write(FULL)),
            }
        }
        drop(listener);
        open.stopping.cancel();
        open.tracker.close();
        drop(tokio::time::timeout(REQUESTS_WITHIN, open.tracker.wait()).await);
        Ok(())
    }

    /// Tells all WebSockets to go to another server or come back later, and waits until they have, at most `within`.
    pub async fn drain(&self, within: Duration) {
        self.hub.drain(within).await;
    }

    fn admit(&self, lease: Lease, router: &Router, stream: TcpStream, address: SocketAddr, place: OwnedSemaphorePermit) {
        let (gateway, router, place) = (self.clone(), router.clone(), Place(Arc::new(place)));
        self.services.spine.tasks.run(async move {
            drop(stream.set_nodelay(true));
            let Some((stream, is_http2)) = hear(stream).await else { return };
            let io = TokioIo::new(stream);
            let service = service_fn(move |request| answer(gateway.clone(), router.clone(), request, address.ip(), place.clone()));
            if is_http2 {
                let mut connection = pin!(
                    http2::Builder::new(TokioExecutor::new())
                        .timer(TokioTimer::new())
                        .max_concurrent_streams(STREAMS_MAX)
                        .max_header_list_size(READ_BUFFER_BYTES as u32)
                        .keep_alive_interval(Duration::from_secs(60))
                        .serve_connection(io, service)
                );
                lease.until_done(connection.as_mut(), |connection| connection.graceful_shutdown()).await;
            } else {
                let mut connection = pin!(
                    http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADERS_WITHIN)
                        .max_headers(HEADERS_MAX)
                        .max_buf_size(READ_BUFFER_BYTES)
                        .serve_connection(io, service)
                        .with_upgrades()
                );
                lease.until_done(connection.as_mut(), |connection| connection.graceful_shutdown()).await;
            }
        });
    }
}

/// Connections that speak HTTP, and their end.
struct Open {
    stopping: CancellationToken,
    tracker: TaskTracker,
}

/// One connection's share of it.
struct Lease {
    stopping: CancellationToken,
    _open: TaskTrackerToken,
}

impl Open {
    fn lease(&self) -> Lease {
        Lease { stopping: self.stopping.clone(), _open: self.tracker.token() }
    }
}

impl Lease {
    /// Runs a connection to its end; when the server stops, to the end of the request under way. How a connection
    /// ends is the client's affair: what matters was logged with its requests.
    async fn until_done<C: Future>(&self, mut connection: Pin<&mut C>, finish: impl FnOnce(Pin<&mut C>)) {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.stopping.cancelled() => finish(connection.as_mut()),
        }
        drop(tokio::time::timeout(REQUESTS_WITHIN, connection).await);
    }
}

async fn answer(
    gateway: Gateway,
    router: Router,
    request: Request<Incoming>,
    address: IpAddr,
    place: Place,
) -> Result<Response, std::convert::Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(place);
    Ok(request::serve(&gateway.config, router, request, address).await)
}

/// Waits for the first bytes. Who sends none in time is told so.
async fn hear(stream: TcpStream) -> Option<(TcpStream, bool)> {
    if let Ok(heard) = tokio::time::timeout(HEADERS_WITHIN, speaks_http2(&stream)).await {
        return heard.ok().map(|is_http2| (stream, is_http2));
    }
    let (stream, came) = look(stream).ok()?;
    if came.is_none() {
        drop(stream.try_write(TOO_SLOW));
    }
    came.map(|is_http2| (stream, is_http2))
}

/// What has come by now, asked of the system itself: where we are late, the runtime's clock strikes before it has seen all
/// that is there, and the client is not to blame. None: nothing that tells what is spoken.
fn look(stream: TcpStream) -> io::Result<(TcpStream, Option<bool>)> {
    let stream = stream.into_std()?;
    let mut first = [0; PREFACE.len()];
    let seen = stream.peek(&mut first).unwrap_or_default();
    let came = (seen > 0).then(|| tells_http2(first.get(..seen).unwrap_or_default())).flatten();
    Ok((TcpStream::from_std(stream)?, came))
}

/// Whether it is HTTP/2; none: that cannot be told yet.
fn tells_http2(start: &[u8]) -> Option<bool> {
    if start.is_empty() || !PREFACE.starts_with(start) {
        return Some(false);
    }
    (start.len() == PREFACE.len()).then_some(true)
}

/// Looks at the first bytes and leaves them where they are.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if let Some(is_http2) = tells_http2(first.get(..seen).unwrap_or_default()) {
            return Ok(is_http2);
        }
        // The rest wakes nobody while the beginning stays unread.
        tokio::time::sleep(PEEK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn what_came_counts_though_the_runtime_has_not_looked_yet() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        for (said, told) in [(b"GET / HTTP/1.1\r\n".as_slice(), Some(false)), (PREFACE, Some(true)), (b"PRI", None), (b"", None)] {
            let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            accepted.set_nonblocking(true).unwrap();
            let stream = TcpStream::from_std(accepted).unwrap();
            client.write_all(said).unwrap();
            assert!(speaks_http2(&stream).now_or_never().is_none(), "its driver has not run");
            let (stream, came) = look(stream).unwrap();
            assert_eq!(came, told);
            if let Some(is_http2) = told {
                assert_eq!(speaks_http2(&stream).await.unwrap(), is_http2, "and is still there to be read");
            }
        }
    }
}
