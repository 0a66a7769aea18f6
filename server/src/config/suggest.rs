//! "Did you mean …?"

/// The known word that `word` most likely was meant to be.
pub fn nearest(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let tolerated = 1 + word.chars().count() / 4;
    known
        .map(|known| (distance(word, &known), known))
        .filter(|(far, _)| *far <= tolerated)
        .min_by_key(|(far, _)| *far)
        .map(|(_, known)| known)
}

/// Levenshtein's: letters to add, take away or change.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((y, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((above + 1).min(left + 1).min(diagonal + usize::from(x != *y)));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_that_was_meant_and_nothing_far_off() {
        let known = || ["listen", "limits.rate", "log.level"].map(str::to_owned).into_iter();
        assert_eq!(nearest("listn", known()).as_deref(), Some("listen"));
        assert_eq!(nearest("log.levle", known()).as_deref(), Some("log.level"));
        assert_eq!(nearest("colour", known()), None);
    }
}
