//! A NATS of a test's own.

use std::ops::{Deref, DerefMut};

use tertulia_testkit::Broker;

pub struct Server(Broker);

impl Server {
    /// `configuration` as nats-server reads it.
    pub fn start(configuration: &str) -> Self {
        Self(Broker::nats(configuration))
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Deref for Server {
    type Target = Broker;
    fn deref(&self) -> &Broker {
        &self.0
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Broker {
        &mut self.0
    }
}
