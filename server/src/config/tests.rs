use super::*;

fn from_file(text: &str) -> Result<Config, Vec<String>> {
    Config::from_sources(Sources { file: Some(("t.toml", text)), ..Sources::default() })
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_flag_beats_the_environment_and_the_environment_the_file() {
    let file = Some(("t.toml", "listen = \"127.0.0.1:1\"\nname = \"file\"\n[log]\nlevel = \"warn\"\n"));
    let environment = pairs(&[("TERTULIA_LISTEN", "127.0.0.1:2"), ("TERTULIA_NAME", "environment"), ("TERTULIA_PORT", "tcp://10.0.0.1")]);
    let flags = pairs(&[("listen", "127.0.0.1:3")]);
    let config = Config::from_sources(Sources { file, environment, flags }).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.server.name, "environment");
    assert_eq!(config.log.level, LogLevel::Warn);
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let wrong = from_file("listn = \"127.0.0.1:1\"\n\n[log]\nlevel = \"loud\"\n[limits]\nrate = 3\ntext_chars = 0\n[colour]\nx = 1\n");
    assert_eq!(
        wrong.unwrap_err(),
        [
            "t.toml:1: unknown key \"listn\" (did you mean \"listen\"?)",
            "t.toml:4: log.level: expected one of \"error\" \"warn\" \"info\" \"debug\" \"trace\", found another string",
            "t.toml:6: limits.rate: expected true or false, found 3",
            "t.toml:7: limits.text_chars: expected a whole number from 1 to 16000, found 0",
            "t.toml:8: unknown key \"colour\"",
        ]
    );
    let broken = from_file("name = \"a\"\nlisten = [\n").unwrap_err();
    assert!(broken[0].starts_with("t.toml:"), "{broken:?}");
}

#[test]
fn the_environment_and_flags_are_checked_too() {
    let environment = pairs(&[("TERTULIA_LIMITS_RATE", "maybe"), ("TERTULIA_ORIGINS", "https://a.example, https://b.example")]);
    let flags = pairs(&[("log.levle", "info"), ("accounts.open_registration", "sometimes")]);
    let wrong = Config::from_sources(Sources { file: None, environment, flags }).unwrap_err();
    assert_eq!(
        wrong,
        [
            "TERTULIA_LIMITS_RATE: expected true or false",
            "--set: unknown key \"log.levle\" (did you mean \"log.level\"?)",
            "accounts.open_registration: expected true or false",
        ]
    );
    let environment = pairs(&[("TERTULIA_ORIGINS", "https://a.example, https://b.example")]);
    let config = Config::from_sources(Sources { environment, ..Sources::default() }).unwrap();
    assert_eq!(config.server.origins, ["https://a.example", "https://b.example"]);
}

#[test]
fn the_example_is_fresh() {
    assert_eq!(
        example(),
        include_str!("../../tertulia.example.toml"),
        "run `cargo run -p tertulia -- config > server/tertulia.example.toml`"
    );
}

#[test]
fn the_example_says_the_defaults_and_can_be_read() {
    let settings: String = example()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| rest.starts_with(char::is_alphabetic)).unwrap_or(line))
        .fold(String::new(), |text, line| text + line + "\n");
    let read = from_file(&settings).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", Config::default()));
}
