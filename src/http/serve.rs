//! One listener served until it is told to stop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::lifecycle::Lifecycle;
use super::metrics;

/// How long a caller may take to send the head of a request, and may keep an idle connection open.
const HEADER_TIME: Duration = Duration::from_secs(30);

/// Connections served at once; others wait in the listener's queue.
const CONNECTIONS: usize = 8_192;

/// A pause after the system refused a connection, as when no more files may be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// How long requests in flight may go on after the signal. Orchestrators commonly kill after 30 seconds.
const DRAIN_TIME: Duration = Duration::from_secs(25);

/// How often finished samples are folded into the histograms when nobody reads `/metrics`.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Serves until `shutdown` resolves. Then: no new connection is taken, `/readyz` says so on open ones, streams of charges
/// stop reading soon and get the receipts of what they sent, other requests finish; after [`DRAIN_TIME`] the rest is let go.
/// What a caller was told is durable was committed before it was told, so letting go loses nothing acknowledged.
///
/// # Errors
/// The listener has no address.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let lifecycle = Lifecycle::new(listener.local_addr()?.ip().is_loopback());
    let router = router.layer(Extension(lifecycle.clone()));
    let begin = {
        let lifecycle = lifecycle.clone();
        async move {
            shutdown.await;
            tracing::info!("shutting down: no new connections");
            lifecycle.begin_shutdown();
        }
    };
    let server = async {
        let connections = GracefulShutdown::new();
        tokio::select! {
            () = accept(listener, router, &connections) => {}
            () = begin => {}
        }
        connections.shutdown().await;
    };
    let deadline = async {
        lifecycle.shutting_down().await;
        tokio::time::sleep(DRAIN_TIME).await;
    };
    let upkeep = async {
        loop {
            tokio::time::sleep(METRICS_UPKEEP).await;
            metrics::upkeep();
        }
    };
    tokio::select! {
        () = server => Ok(()),
        () = deadline => {
            tracing::warn!(seconds = DRAIN_TIME.as_secs(), "requests were still in flight and are let go");
            Ok(())
        }
        () = upkeep => Ok(()),
    }
}

/// Serves connections until it is dropped. Each runs on; `connections` knows them.
async fn accept(listener: TcpListener, router: Router, connections: &GracefulShutdown) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // The semaphore is never closed.
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        serve_connection(&server, stream, router.clone(), connections, place);
    }
}

fn serve_connection(
    server: &http1::Builder,
    stream: TcpStream,
    router: Router,
    connections: &GracefulShutdown,
    place: OwnedSemaphorePermit,
) {
    // Receipts and small answers must not wait for the peer's acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let connection = connections.watch(server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            // The peer went away, or sent what is not HTTP.
            tracing::debug!(%error, "a connection ended");
        }
        drop(place);
    });
}
