//! What holds for every file.

/// Past this, a file is about more than one thing.
const LINES_MAX: usize = 600;
const SOURCES: &[&str] = &[".rs", ".ts", ".tsx", ".css", ".sql", ".sh"];
const TEXTS: &[&str] = &[".rs", ".ts", ".tsx", ".css", ".sql", ".sh", ".md", ".toml", ".json", ".html", "Makefile", ".ci/run"];

fn ours_ending(endings: &'static [&str]) -> impl Iterator<Item = (String, String)> {
    super::our_files().into_iter().filter(|path| endings.iter().any(|end| path.ends_with(end))).map(|path| {
        let text = super::read(&path);
        (path, text)
    })
}

#[test]
fn no_file_is_too_long() {
    let written = ours_ending(SOURCES).filter(|(path, _)| !path.ends_with(".gen.ts"));
    let long = written.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LINES_MAX);
    let long: Vec<String> = long.map(|(path, lines)| format!("{path}: {lines} lines")).collect();
    super::assert_none(&long, "split these by subject:");
}

#[test]
fn no_file_names_somebodys_machine() {
    let root = super::root();
    // In two pieces, so that this file does not name them either.
    let homes = [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"]].map(|pieces| pieces.concat());
    let named =
        ours_ending(TEXTS).filter(|(_, text)| text.contains(root.to_str().unwrap()) || homes.iter().any(|home| text.contains(home)));
    let named: Vec<String> = named.map(|(path, _)| path).collect();
    super::assert_none(&named, "these name a path of one machine:");
}
