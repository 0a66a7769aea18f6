use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use tertulia_domain::access::{Action, Grant};
use tertulia_domain::content::Format;
use tertulia_domain::{ConversationId, Message, UserId};
use tertulia_ports::store::PageRequest;
use tertulia_ports::store::messages::Window;

use super::line::{Key, parse};
use super::*;
use crate::commands::user::as_caller;
use crate::config::Config;
use crate::exit::Exit;

/// A house with an owner, `ada`, and her workspace.
struct Home {
    house: House,
    ada: UserId,
    folder: tempfile::TempDir,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.server.data = folder.path().join("data");
        let house = House::open(&config).await.unwrap();
        let ada = house.services.auth.add_user("ada", "a long password", None).await.unwrap();
        house.services.workspaces.create(as_caller(ada), "Acme", None).await.unwrap();
        Self { house, ada, folder }
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("history");
        std::fs::write(&path, bytes).unwrap();
        path
    }

    async fn import(&self, bytes: &[u8]) -> Summary {
        import(&self.house.services, None, source::open(&self.file(bytes)).unwrap()).await.unwrap()
    }

    async fn messages(&self, channel: ConversationId) -> Vec<Message> {
        let grant = Grant::system(self.ada, channel, Action::Read);
        self.house.services.spine.store.messages.window(grant, Window::Latest, 100).await.unwrap().items
    }

    async fn thread(&self, root: &Message) -> Vec<Message> {
        let grant = Grant::system(self.ada, root.conversation_id, Action::Read);
        let page = PageRequest { cursor: None, limit: 100 };
        self.house.services.spine.store.messages.thread(grant, root.id, page).await.unwrap().items
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const HISTORY: &str = r#"{"channel":"engines","at":"2026-01-05T09:14:00Z","line":0,"nick":"Charles","text":"does *it* carry yet?"}
{"channel":"engines","at":"2026-01-05T09:15:00Z","line":1,"nick":"bob","text":"any day now","replyTo":0}
{"channel":"engines","at":"2026-01-05T09:16:00Z","line":2,"nick":"charles","text":"I wait","replyTo":1}
{"channel":"engines","at":"2026-01-05T09:17:00Z","line":3,"nick":"ada","text":"not really me","replyTo":99}
{"channel":"engines","at":"2026-01-05T09:18:00Z","line":4,"nick":"bob","kind":"action","text":"waves at *all*"}
{"channel":"engines","at":"2026-01-06T09:18:00Z","line":0,"nick":"bob","text":"a new day"}
"#;

#[tokio::test]
async fn replies_become_threads_and_nicks_people() {
    let home = Home::new().await;
    let summary = home.import(HISTORY.as_bytes()).await;
    assert_eq!((summary.lines, summary.written, summary.duplicates), (6, 6, 0));
    assert_eq!((summary.replies, summary.lost_replies, summary.people), (2, 1, 3));
    let (name, channel, made) = summary.channels[0].clone();
    assert_eq!((name.as_str(), made), ("engines", true));
    let messages = home.messages(channel).await;
    let texts: Vec<&str> = messages.iter().map(|message| message.content.as_text()).collect();
    assert_eq!(texts, ["does *it* carry yet?", "not really me", r"_bob waves at \*all\*_", "a new day"]);
    assert_eq!(messages[0].content.format, Some(Format::Plain));
    assert_eq!(messages[2].content.format, Some(Format::Markdown));
    let thread = home.thread(&messages[0]).await;
    assert_eq!(thread.iter().map(|reply| reply.content.as_text()).collect::<Vec<_>>(), ["any day now", "I wait"]);
    assert_eq!(thread[1].reply_to, Some(thread[0].id));
    assert_eq!(thread[1].sender_id, messages[0].sender_id, "Charles and charles are one");
    assert_ne!(messages[1].sender_id, home.ada, "nobody speaks for somebody who can sign in");
    assert!(summary.verdict().is_ok());
}

#[tokio::test]
async fn members_have_read_a_history() {
    let home = Home::new().await;
    let summary = home.import(HISTORY.as_bytes()).await;
    let view = home.house.services.conversations.get(as_caller(home.ada), summary.channels[0].1).await.unwrap();
    assert_eq!(view.unread.unread_count, 0);
    assert_eq!(view.membership.unwrap().read_seq, view.conversation.head);
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_a_grown_file_only_adds() {
    let home = Home::new().await;
    let (first, second) = HISTORY.split_at(HISTORY.find(r#"{"channel":"engines","at":"2026-01-05T09:17"#).unwrap());
    let partly = home.import(first.as_bytes()).await;
    assert_eq!((partly.written, partly.duplicates), (3, 0));
    let whole = home.import(&gzip(format!("{first}{second}").as_bytes())).await;
    assert_eq!((whole.written, whole.duplicates, whole.channels[0].2), (3, 3, false));
    let channel = whole.channels[0].1;
    let before = home.messages(channel).await;
    let again = home.import(HISTORY.as_bytes()).await;
    assert_eq!((again.written, again.duplicates), (0, 6));
    assert_eq!(home.messages(channel).await, before);
    let report = home.house.services.spine.store.log.check(Box::new(|_, _| {})).await.unwrap();
    assert_eq!(report.drifts, []);
}

#[tokio::test]
async fn bad_lines_are_counted_and_named_but_never_quoted() {
    let home = Home::new().await;
    let good = HISTORY.lines().next().unwrap();
    let long = "x".repeat(1024 * 1024 + 10);
    let text = format!(
        "not json, but secret\n\n{good}\n{{\"channel\":\"a\"}}\n[]\n{long}\n{}\n{}\n{}\n",
        r#"{"channel":"engines","at":"yesterday","nick":"bob","text":"x"}"#,
        r#"{"channel":"engines","at":"2026-01-05T09:14:00Z","nick":"bob","text":"  "}"#,
        good.replace("carry", "fly"),
    );
    let summary = home.import(text.as_bytes()).await;
    assert_eq!((summary.lines, summary.written), (8, 1));
    let report = summary.as_json();
    let lines: Vec<u64> = report["problems"].as_array().unwrap().iter().map(|problem| problem["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 4, 5, 6, 7, 8, 9]);
    assert!(!report.to_string().contains("secret"));
    assert!(summary.verdict().is_ok(), "one good line is enough");
    let nothing = home.import(b"no\nno\n").await;
    assert_eq!(nothing.verdict().unwrap_err().exit, Exit::Data);
}

#[tokio::test]
async fn what_was_read_of_a_cut_off_file_stays() {
    let home = Home::new().await;
    let many: String = (0..5_000)
        .map(|n| {
            format!(
                "{{\"channel\":\"c\",\"at\":\"2026-01-05T09:14:00Z\",\"line\":{n},\"nick\":\"n{}\",\"text\":\"{}\"}}\n",
                n % 7,
                uuid::Uuid::new_v4()
            )
        })
        .collect();
    let packed = gzip(many.as_bytes());
    let cut = home.import(&packed[..packed.len() / 2]).await;
    assert!(cut.written > 1_000 && cut.written < 5_000, "{}", cut.written);
    let failure = cut.verdict().unwrap_err();
    assert_eq!(failure.exit, Exit::Data);
    assert!(failure.message.contains("cut off"), "{}", failure.message);
    let whole = home.import(&packed).await;
    assert_eq!((whole.written, whole.duplicates), (5_000 - cut.written, cut.written));
}

#[tokio::test]
async fn without_a_workspace_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.server.data = folder.path().to_owned();
    let house = House::open(&config).await.unwrap();
    std::fs::write(folder.path().join("history"), HISTORY).unwrap();
    let source = source::open(&folder.path().join("history")).unwrap();
    let failure = import(&house.services, None, source).await.err().unwrap();
    assert!(failure.message.contains("user add NAME --owner"), "{}", failure.message);
    assert!(source::open(Path::new("/nowhere/at/all")).is_err());
}

#[test]
fn identities_follow_from_the_line() {
    let limits = ContentLimits::default();
    let key = |text: &str| parse(7, text.as_bytes(), limits).unwrap().key;
    let day = |day: &str, line| Key::Line { day: day.to_owned(), line };
    assert_eq!(key(r#"{"channel":"c","at":"2026-01-05T23:30:00-01:00","nick":"n","text":"t"}"#), day("2026-01-06", 7));
    assert_eq!(key(r#"{"channel":"c","at":"2026-01-05T09:00:00Z","day":"monday","line":3,"nick":"n","text":"t"}"#), day("monday", 3));
    assert_eq!(key(r#"{"channel":"c","at":"2026-01-05T09:00:00Z","id":"1467.22","nick":"n","text":"t"}"#), Key::Id("1467.22".into()));
    let answering =
        parse(1, br#"{"channel":"c","at":"2026-01-05T09:00:00Z","id":"b","replyTo":"a","nick":"n","text":"t"}"#, limits).unwrap();
    assert_eq!(answering.reply_to, Some(Key::Id("a".into())));
}
