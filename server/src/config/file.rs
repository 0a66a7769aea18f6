//! The configuration file: every mistake with its line.

use toml::de::{DeTable, DeValue};

use super::setting::Given;
use super::{Config, is_key, keys, unknown};

/// Sets what the file says; adds what is wrong with it, as `file:line: …`.
pub fn apply(config: &mut Config, name: &str, text: &str, wrong: &mut Vec<String>) {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            wrong.push(format!("{name}:{}: {}", line_of(text, at), error.message()));
            return;
        }
    };
    let mut file = File { config, found: Vec::new() };
    file.table("", table.get_ref());
    file.found.sort_by_key(|(at, _)| *at);
    wrong.extend(file.found.into_iter().map(|(at, what)| format!("{name}:{}: {what}", line_of(text, at))));
}

struct File<'a> {
    config: &'a mut Config,
    /// Mistakes, and where in the text they are.
    found: Vec<(usize, String)>,
}

impl File<'_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let full = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
            let at = key.span().start;
            match value.get_ref() {
                DeValue::Table(inner) if path.is_empty() && is_table(&full) => self.table(&full, inner),
                _ if !is_key(&full) => self.found.push((at, unknown(&full))),
                value => {
                    if let Err(expected) = self.config.set(&full, Given::Toml(value)) {
                        self.found.push((at, format!("{full}: expected {expected}, found {}", shown(value))));
                    }
                }
            }
        }
    }
}

fn is_table(name: &str) -> bool {
    keys().any(|key| key.split_once('.').is_some_and(|(table, _)| table == name))
}

/// Numbers and words are shown, texts are not: one of them may be a secret.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(word) => word.to_string(),
        other => format!("another {}", other.type_str()),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}
