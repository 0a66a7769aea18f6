//! What a connection has surely received: a pong proves everything that was handed on before its ping. Pure.

use std::time::Instant;

/// All times are the hub's, as frames bring them: see [`super::board::Board::told_at`].
#[derive(Debug)]
pub struct Proof {
    /// Everything before then has come; none: not even what it began with.
    confirmed: Option<Instant>,
    /// The ping under way: its number, and what it stands behind.
    asked: Option<(u32, Instant)>,
    pings: u32,
}

impl Proof {
    /// `opened_at`: when it began to be handed things; none where it began with something that it must not lose.
    pub fn new(opened_at: Option<Instant>) -> Self {
        Self { confirmed: opened_at, asked: None, pings: 0 }
    }

    /// The payload of a ping behind everything that was handed on before `told_at`.
    pub fn ask(&mut self, told_at: Instant) -> [u8; 4] {
        self.pings = self.pings.wrapping_add(1);
        self.asked = Some((self.pings, told_at));
        self.pings.to_be_bytes()
    }

    pub fn answered(&mut self, pong: &[u8]) {
        if let Some((_, told_at)) = self.asked.take_if(|(number, _)| number.to_be_bytes() == pong) {
            self.confirmed = Some(told_at);
        }
    }

    /// Before when everything has come. `is_unproven`: something was handed on after the last ping.
    pub fn until(&self, is_unproven: bool, told_at: Instant) -> Option<Instant> {
        let everything = !is_unproven && self.asked.is_none();
        self.confirmed.map(|confirmed| if everything { told_at } else { confirmed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn only_a_pong_to_the_last_ping_proves() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut proof = Proof::new(Some(at(0)));
        assert_eq!(proof.until(false, at(5)), Some(at(5)), "nothing was sent");
        assert_eq!(proof.until(true, at(5)), Some(at(0)));
        let first = proof.ask(at(5));
        assert_eq!(proof.until(false, at(7)), Some(at(0)), "on its way");
        let second = proof.ask(at(8));
        proof.answered(&first);
        proof.answered(b"invented");
        assert_eq!(proof.until(true, at(9)), Some(at(0)));
        proof.answered(&second);
        assert_eq!((proof.until(true, at(9)), proof.until(false, at(9))), (Some(at(8)), Some(at(9))));
        assert_eq!(Proof::new(None).until(false, at(9)), None);
    }
}
