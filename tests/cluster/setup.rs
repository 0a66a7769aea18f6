//! What is wrong with a configuration is said, with the setting's name and an exit code; nothing else is used instead.

use std::process::{Command, Output, Stdio};

use tertulia_tests::{Bus, Cluster, Server, binary, service};

/// Settings, the exit code, and what has to be said.
type Case<'a> = (&'a [(&'a str, &'a str)], i32, &'a str);

/// How `serve` ends with these settings.
fn refused(settings: &[(&str, &str)]) -> (i32, String) {
    let arguments = settings.iter().flat_map(|(key, value)| ["--set".to_owned(), format!("{key}={value}")]).collect();
    ended(arguments)
}

fn ended(arguments: Vec<String>) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).args(arguments);
    let Output { status, stderr, .. } = command.current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn what_is_wrong_is_said_by_its_name() {
    let postgres = service("TERTULIA_TEST_POSTGRES");
    let (server, _) = postgres.rsplit_once('/').unwrap();
    let (_, place) = server.rsplit_once('@').unwrap();
    let cases: &[Case<'_>] = &[
        (&[("store.url", "postgrs://nowhere")], 78, "store.url"),
        (&[("store.url", "postgres://tertulia:s3cret@127.0.0.1:1/test?connect_timeout=1")], 69, "127.0.0.1:1"),
        (&[("store.url", &format!("{server}/nobody_made_it"))], 78, "nobody_made_it"),
        (&[("store.url", &format!("postgres://postgres:s3cret@{place}/test"))], 78, "does not let"),
        (&[("bus.url", "redis://127.0.0.1:6379")], 78, "bus.url"),
        (&[("redis.url", "redis://127.0.0.1:6379")], 78, "redis.url"),
        (&[("store.url", &postgres), ("bus.url", "amqp://127.0.0.1")], 78, "bus.url"),
        (&[("store.url", &postgres), ("redis.url", "http://127.0.0.1")], 78, "redis.url"),
        (&[("store.url", &postgres), ("node.cluster", "not a name!"), ("redis.url", &service("TERTULIA_TEST_REDIS"))], 78, "cluster"),
        (&[("store.url", &postgres), ("queue.url", "amqp://127.0.0.1")], 78, "queue.url"),
        (&[("node.roles", "gatway")], 78, "node.roles"),
        (&[("bus.uri", "x")], 78, "did you mean \"bus.url\"?"),
    ];
    for (settings, code, named) in cases {
        let (ended, said) = refused(settings);
        assert_eq!(ended, *code, "{settings:?}: {said}");
        assert!(said.contains(named), "{settings:?}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn a_second_cluster_on_the_same_database_is_refused() {
    let cluster = Cluster::start(1, Bus::Redis);
    for other in [("bus.url", service("TERTULIA_TEST_NATS")), ("node.cluster", "another".to_owned())] {
        let (code, said) = ended(cluster.arguments(&[(other.0, &other.1)]));
        assert_eq!(code, 78, "{said}");
        assert!(said.contains("in use by another cluster"), "{said}");
    }
    // Without a bus nobody hears the others: also a mistake.
    let (code, said) = ended(cluster.arguments(&[("bus.url", "")]));
    assert_eq!(code, 78, "{said}");
}

#[tokio::test]
async fn one_server_alone_runs_on_postgresql() {
    let cluster = Cluster::start(0, Bus::Redis);
    let node: Server = cluster.another(&[("bus.url", ""), ("redis.url", "")]);
    let scene = tertulia_tests::Scene::new(&node).await;
    let maya = scene.member("maya").await;
    let (mut hers, mut owners) = (maya.socket().await, scene.owner.socket().await);
    let said = hers.say(&scene.general, "alone").await;
    owners.expect_where("message.new", |event| event["seq"] == said["seq"]).await;
}

#[tokio::test]
async fn one_alone_that_was_killed_comes_back_by_itself() {
    let cluster = Cluster::start(0, Bus::Redis);
    let mut node = cluster.another(&[("bus.url", ""), ("redis.url", "")]);
    let scene = tertulia_tests::Scene::new(&node).await;
    let head = scene.owner.conversation(&scene.general).await["head"].clone();
    node.kill9();
    node.restart();
    assert_eq!(scene.owner.reconnected().conversation(&scene.general).await["head"], head);
}
