//! A Redis of a test's own.

use std::ops::{Deref, DerefMut};
use std::process::Command;

use tertulia_testkit::Broker;

pub struct Server(Broker);

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self(Broker::redis(arguments))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What an operator would type.
    pub fn tell(&self, command: &[&str]) {
        let output = Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(command).output().unwrap();
        assert!(output.status.success(), "{output:?}");
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
