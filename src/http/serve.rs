//! One listener served until it is told to stop.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::serve::ListenerExt;
use axum::{Extension, Router};
use tokio::net::TcpListener;

use super::lifecycle::Lifecycle;
use super::metrics;

/// How long requests in flight may go on after the signal. Orchestrators commonly kill after 30 seconds.
const DRAIN_TIME: Duration = Duration::from_secs(25);

/// How often finished samples are folded into the histograms when nobody reads `/metrics`.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Serves until `shutdown` resolves. Then: no new connection is taken, `/readyz` says so on open ones, streams of charges
/// stop reading soon and get the receipts of what they sent, other requests finish; after [`DRAIN_TIME`] the rest is let go.
/// What a caller was told is durable was committed before it was told, so letting go loses nothing acknowledged.
///
/// # Errors
/// The listener's own failure.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let lifecycle = Lifecycle::new(listener.local_addr()?.ip().is_loopback());
    let router = router.layer(Extension(lifecycle.clone()));
    // Receipts and small answers must not wait for the peer's acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let begin = {
        let lifecycle = lifecycle.clone();
        async move {
            shutdown.await;
            tracing::info!("shutting down: no new connections");
            lifecycle.begin_shutdown();
        }
    };
    let server = std::future::IntoFuture::into_future(axum::serve(listener, router).with_graceful_shutdown(begin));
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
        served = server => served,
        () = deadline => {
            tracing::warn!(seconds = DRAIN_TIME.as_secs(), "requests were still in flight and are let go");
            Ok(())
        }
        () = upkeep => Ok(()),
    }
}
