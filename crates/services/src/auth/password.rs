//! Passwords: Argon2id, on a bounded pool.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tertulia_domain::error::{Code, Refusal};
use tokio::sync::Semaphore;

use crate::Answer;

/// Hashes at work at the same time; each takes 19 MiB.
const AT_ONCE: usize = 2;
/// Those that wait; more are turned away.
const WAITING_MAX: usize = 64;

/// Hashes and compares off the runtime's threads.
pub struct Hasher {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Compared with when there is no such user, so that the answer takes as long.
    decoy: tokio::sync::OnceCell<String>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            working: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            decoy: tokio::sync::OnceCell::new(),
        }
    }

    pub(super) async fn hash(&self, password: &str) -> Answer<String> {
        let password = password.to_owned();
        self.run(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| fault())).await?
    }

    /// `stored`: none where there is no such user or they cannot sign in; the work is the same.
    pub(super) async fn matches(&self, password: &str, stored: Option<String>) -> Answer<bool> {
        let decoy = self.decoy.get_or_try_init(|| self.hash("not anybody's password")).await?.clone();
        let password = password.to_owned();
        self.run(move || {
            let exists = stored.is_some();
            let phc = stored.unwrap_or(decoy);
            let matches = PasswordHash::new(&phc).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            matches && exists
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Answer<T> {
        let busy = || Refusal { retry_after_ms: Some(2_000), ..Refusal::new(Code::Overloaded, "too many sign-ins at once") };
        let place = self.waiting.clone().try_acquire_owned().map_err(|_| busy())?;
        let _working = self.working.acquire().await.map_err(|_| busy())?;
        drop(place);
        tokio::task::spawn_blocking(work).await.map_err(|_| fault())
    }
}

fn fault() -> Refusal {
    tracing::error!("password hashing failed");
    Refusal::new(Code::Internal, "a fault of ours")
}
