//! What an operator may get wrong.

use tertulia_redis::{OpenError, Options, Redis};
use uuid::Uuid;

use crate::server::Server;
use crate::soon;

const PASSWORD: &str = "s3cret-word";

async fn refusal(url: &str, cluster: &str) -> OpenError {
    let options = Options { url: url.into(), cluster: cluster.into(), node: Uuid::new_v4(), may_be_away: false };
    let Err(error) = Redis::open(&options).await else { panic!("{url} was accepted") };
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    error
}

#[tokio::test]
async fn bad_input_is_explained() {
    for url in [
        "",
        "localhost",
        "http://localhost:6379",
        "redis://",
        "redis://localhost/no-number",
        "redis://h:66666",
        &format!("rdis://:{PASSWORD}@h"),
    ] {
        let error = refusal(url, "a").await;
        assert!(matches!(error, OpenError::Url(_)) && error.to_string().contains("redis.url") && !error.is_passing(), "{error}");
    }
    for cluster in ["", "with space", "{a}", "a:b", &"x".repeat(65)] {
        assert!(matches!(refusal("redis://127.0.0.1:1/", cluster).await, OpenError::Cluster));
    }
    for url in [&format!("redis://:{PASSWORD}@127.0.0.1:1/"), "redis://no-such-host.invalid/"] {
        let error = refusal(url, "a").await;
        assert!(error.is_passing() && error.to_string().contains("redis.url"), "{error}");
    }
}

#[tokio::test]
async fn who_may_not_is_told() {
    let server = Server::start(&["--requirepass", PASSWORD, "--user", "quiet", "on", ">word", "~*", "+@all", "resetchannels"]);
    let (port, is) = (server.port, |error: OpenError| matches!(error, OpenError::Credentials(_)));
    assert!(is(refusal(&format!("redis://127.0.0.1:{port}/"), "a").await));
    assert!(is(refusal(&format!("redis://:wrong@127.0.0.1:{port}/"), "a").await));
    assert!(is(refusal(&format!("redis://nobody:{PASSWORD}@127.0.0.1:{port}/"), "a").await));
    assert!(matches!(refusal(&format!("redis://:{PASSWORD}@127.0.0.1:{port}/99"), "a").await, OpenError::Refused(_)));
    let options = |user: &str| Options {
        url: format!("redis://{user}@127.0.0.1:{port}/"),
        cluster: "a".into(),
        node: Uuid::new_v4(),
        may_be_away: false,
    };
    assert!(Redis::open(&options(&format!(":{PASSWORD}"))).await.is_ok());
    let quiet = Redis::open(&options("quiet:word")).await.unwrap();
    let error = quiet.carrier().await.err().unwrap();
    assert!(matches!(error, OpenError::Refused(_)) && error.to_string().contains("channel"), "{error}");
}

/// It starts without, says so, and finds it; one that refuses it is an error also then.
#[tokio::test(flavor = "multi_thread")]
async fn it_may_be_away_at_first() {
    let mut server = Server::start(&["--requirepass", PASSWORD]);
    let options = |user: &str| Options {
        url: server.url().replace("127", &format!("{user}@127")),
        cluster: "a".into(),
        node: Uuid::new_v4(),
        may_be_away: true,
    };
    let (right, wrong) = (options(&format!(":{PASSWORD}")), options(":wrong"));
    assert!(matches!(Redis::open(&wrong).await.err(), Some(OpenError::Credentials(_))));
    server.kill();
    let redis = Redis::open(&right).await.unwrap();
    let (attendance, carrier, queue) = (redis.attendance(), redis.carrier().await.unwrap(), redis.queue());
    assert!(attendance.health().unwrap_err().contains("no Redis"), "{:?}", attendance.health());
    assert!(carrier.health().is_err() && !carrier.send(0, "lost".into()));
    queue.lag().await.unwrap_err();
    // Nobody gets in with a wrong word that was not refused at first, either.
    let refused = Redis::open(&wrong).await.unwrap().attendance();
    server.start_again();
    soon("Redis is found", || attendance.health().is_ok() && carrier.health().is_ok()).await;
    assert_eq!(queue.lag().await, Ok(0));
    assert!(carrier.send(0, "comes".into()));
    soon("the refusal is told", || refused.health().is_err_and(|trouble| trouble.contains("password"))).await;
}

#[tokio::test]
async fn what_is_no_redis_or_a_part_of_one_is_refused() {
    let sharded = Server::start(&["--cluster-enabled", "yes"]);
    assert!(matches!(refusal(&sharded.url(), "a").await, OpenError::Sharded));
    let plain = Server::start(&[]);
    let error = refusal(&plain.url().replace("redis:", "rediss:"), "a").await;
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
    // It accepts, and then it says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = refusal(&format!("redis://{}/", silent.local_addr().unwrap()), "a").await;
    assert!(error.is_passing(), "{error}");
}
