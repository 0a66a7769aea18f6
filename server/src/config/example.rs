//! The example file, made of the doc comments.

use super::setting::Section;
use super::{Config, full_key, variable_of};

const HEAD: &str = "\
# Every setting of Tertulia with its default. None is needed: `tertulia serve` runs without a file.
# Use it with `tertulia serve --config FILE`. A variable in the environment counts more than the file,
# a flag (`--set log.level=debug`) more than both. Made by `tertulia config`; a test keeps it fresh.
";

/// The text of `tertulia.example.toml`.
pub fn example() -> String {
    let config = Config::default();
    let sections = config.sections().into_iter().map(section_text);
    std::iter::once(HEAD.to_owned()).chain(sections).collect::<Vec<_>>().join("\n")
}

fn section_text(section: &dyn Section) -> String {
    let mut text = comment(section.about());
    if !section.table().is_empty() {
        text.push_str(&format!("[{}]\n", section.table()));
    }
    for key in section.keys() {
        text.push('\n');
        text.push_str(&comment(key.doc));
        text.push_str(&format!("# {}\n", variable_of(&full_key(section, key))));
        text.push_str(&format!("#{} = {}\n", key.name, section.shown(key.name)));
    }
    text
}

fn comment(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("#{line}\n")).collect()
}
