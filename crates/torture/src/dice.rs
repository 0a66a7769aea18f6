//! Chance from a seed: the same seed rolls the same, on every machine.

/// SplitMix64: small, good enough to choose by, and forkable.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// `stream` keeps the dice of different users of one seed apart.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        dice.next();
        dice
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `bound - 1`; 0 where there is nothing to choose from.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or_default()
    }

    /// `from` to `to`, both included.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to.saturating_sub(from) + 1)
    }

    /// True in `percent` of all cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A place among `len`, the first ones most often: 1/1, 1/2, 1/3 …
    pub fn zipf(&mut self, len: usize) -> usize {
        let all: u64 = (1..=len as u64).map(|rank| 1_000 / rank).sum();
        let mut left = self.next() % all.max(1);
        for place in 0..len {
            let share = 1_000 / (place as u64 + 1);
            if left < share {
                return place;
            }
            left -= share;
        }
        0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_everything_and_streams_differ() {
        let roll = |seed, stream| {
            let mut dice = Dice::new(seed, stream);
            (0..8).map(|_| dice.next()).collect::<Vec<_>>()
        };
        assert_eq!(roll(1, 2), roll(1, 2));
        assert_ne!(roll(1, 2), roll(1, 3));
        assert_ne!(roll(1, 2), roll(2, 2));
    }

    #[test]
    fn zipf_prefers_the_first_and_reaches_the_last() {
        let mut dice = Dice::new(7, 0);
        let mut counts = [0_u32; 8];
        (0..4_000).for_each(|_| counts[dice.zipf(8)] += 1);
        assert!(counts[0] > counts[3] && counts[3] > 0 && counts[7] > 0, "{counts:?}");
    }
}
