//! The web client reaches the server through the SDK only, and is cut `shared ← features ← app`.

fn web_sources() -> Vec<String> {
    let code =
        |path: &String| path.starts_with("web/src/") && (path.ends_with(".ts") || path.ends_with(".tsx")) && !path.contains(".test.");
    super::our_files().into_iter().filter(code).collect()
}

#[test]
fn the_web_client_opens_no_connection_of_its_own() {
    let calls = ["fetch(", "new WebSocket", "XMLHttpRequest", "EventSource", "sendBeacon"];
    let findings: Vec<String> = web_sources()
        .into_iter()
        .flat_map(|path| {
            let text = super::read(&path);
            calls.iter().filter(|call| calls_it(&text, call)).map(|call| format!("{path}: {call}")).collect::<Vec<_>>()
        })
        .collect();
    super::assert_none(&findings, "the web client uses the SDK for everything on the network; but:");
}

/// Not as the end of a longer name: `prefetch(` is no `fetch(`.
fn calls_it(text: &str, call: &str) -> bool {
    text.match_indices(call).any(|(at, _)| !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

#[test]
fn features_do_not_import_features() {
    let mut findings = Vec::new();
    for path in web_sources() {
        for import in imports(&path) {
            let allowed = match (layer(&path), layer(&import)) {
                (Layer::Shared, to) => to == Layer::Shared,
                (Layer::Feature(from), Layer::Feature(to)) => from == to,
                (Layer::Feature(_), to) => to == Layer::Shared,
                (Layer::App, _) => true,
            };
            if !allowed {
                findings.push(format!("{path} imports {import}"));
            }
        }
    }
    super::assert_none(&findings, "web/src imports against the grain (shared ← features ← app):");
}

#[derive(PartialEq)]
enum Layer {
    Shared,
    Feature(String),
    App,
}

fn layer(path: &str) -> Layer {
    let mut parts = path.trim_start_matches("web/src/").split('/');
    match (parts.next(), parts.next()) {
        (Some("shared"), _) => Layer::Shared,
        (Some("features"), Some(name)) => Layer::Feature(name.to_owned()),
        _ => Layer::App,
    }
}

/// What a file imports of web/src, as paths from the root.
fn imports(path: &str) -> Vec<String> {
    let text = super::read(path);
    let named = text.split("from '").chain(text.split("import '")).chain(text.split("import('")).skip(1);
    let relative = named.filter_map(|rest| rest.split('\'').next()).filter(|name| name.starts_with('.'));
    relative.map(|name| resolve(path, name)).collect()
}

/// `../b` seen from `web/src/a/x.ts` is `web/src/b`.
fn resolve(from: &str, name: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
