//! What a handler can know of the server around it: whether it is shutting down, and who can reach it.

use tokio::sync::watch;

/// One running server. Clones share its state.
#[derive(Debug, Clone)]
pub(super) struct Lifecycle {
    is_ending: watch::Sender<bool>,
    /// Only this machine can connect.
    pub is_loopback: bool,
}

impl Lifecycle {
    pub fn new(is_loopback: bool) -> Self {
        Self { is_ending: watch::Sender::new(false), is_loopback }
    }

    pub fn begin_shutdown(&self) {
        self.is_ending.send_replace(true);
    }

    pub fn is_shutting_down(&self) -> bool {
        *self.is_ending.borrow()
    }

    /// Resolves once the shutdown has begun.
    pub async fn shutting_down(&self) {
        let mut receiver = self.is_ending.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|is_ending| *is_ending).await;
    }
}
