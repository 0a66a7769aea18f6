//! `@name`, `@here` and `@channel` in a text.

use crate::message::MentionScope;

/// Named people who are told; further names in the text stay plain text.
pub const MENTIONS_MAX: usize = 50;

/// What a text calls by `@`: usernames in order of appearance, each once, and the widest scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    pub usernames: Vec<String>,
    pub scope: Option<MentionScope>,
}

/// Finds mentions outside code. An `@` inside a word (an e-mail address) is none.
pub fn parse_mentions(text: &str) -> Mentions {
    let mut found = Mentions::default();
    for prose in prose_of(text) {
        let mut before = ' ';
        let mut rest = prose;
        while let Some(c) = rest.chars().next() {
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            if c == '@' && !before.is_alphanumeric() && !matches!(before, '.' | '_' | '-' | '/') {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(rest.len());
                note(&mut found, rest.get(..end).unwrap_or_default());
            }
            before = c;
        }
    }
    found
}

fn note(found: &mut Mentions, name: &str) {
    let name = name.trim_end_matches(['.', '-', '_']).to_ascii_lowercase();
    match name.as_str() {
        "" => {}
        "channel" | "everyone" | "all" => found.scope = Some(MentionScope::Channel),
        "here" => found.scope = found.scope.or(Some(MentionScope::Here)),
        _ if found.usernames.len() < MENTIONS_MAX && !found.usernames.contains(&name) => found.usernames.push(name),
        _ => {}
    }
}

/// The parts of a text outside `code` and ```code blocks```.
fn prose_of(text: &str) -> impl Iterator<Item = &str> {
    let fenced = text.split("```").step_by(2);
    fenced.flat_map(|part| part.split('`').step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_once_and_the_widest_scope() {
        let found = parse_mentions("@maya, @Omar. and @maya again @here (@channel!)");
        assert_eq!(found.usernames, ["maya", "omar"]);
        assert_eq!(found.scope, Some(MentionScope::Channel));
    }

    #[test]
    fn addresses_and_code_are_no_mentions() {
        let found = parse_mentions("mail me@example.org, see `@decorator` and ```\n@Override\n``` http://x/@u");
        assert_eq!(found, Mentions::default());
    }

    #[test]
    fn at_most_fifty_people_are_told() {
        let text: String = (0..10_000).map(|n| format!("@user{n} ")).collect();
        assert_eq!(parse_mentions(&text).usernames.len(), MENTIONS_MAX);
    }
}
