//! What an operator may get wrong.

use std::path::PathBuf;

use tertulia_nats::{Nats, OpenError, Options};
use uuid::Uuid;

use crate::server::Server;

const PASSWORD: &str = "s3cret-word";

fn options(url: &str) -> Options {
    Options { url: url.into(), credentials: None, cluster: "a".into(), node: Uuid::new_v4(), may_be_away: false }
}

async fn refusal(options: Options) -> OpenError {
    let url = options.url.clone();
    let Err(error) = Nats::open(&options).await else { panic!("{url} was accepted") };
    assert!(!error.to_string().contains(PASSWORD), "{error}");
    error
}

#[tokio::test]
async fn bad_input_is_explained() {
    for url in ["", "localhost", "http://localhost:4222", "nats://", "nats://h:66666", "nats://h,", &format!("nat://a:{PASSWORD}@h")] {
        let error = refusal(options(url)).await;
        assert!(matches!(error, OpenError::Url(_)) && error.to_string().contains("nats.url") && !error.is_passing(), "{error}");
    }
    for cluster in ["", "with space", "a.b", "*", ">", &"x".repeat(65)] {
        assert!(matches!(refusal(Options { cluster: cluster.into(), ..options("nats://127.0.0.1:1") }).await, OpenError::Cluster));
    }
    let missing = Options { credentials: Some(PathBuf::from("/no/such/file")), ..options("nats://127.0.0.1:1") };
    assert!(matches!(refusal(missing).await, OpenError::CredentialsFile(_)));
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("nats://{}", silent.local_addr().unwrap());
    for url in [&format!("nats://a:{PASSWORD}@127.0.0.1:1"), "nats://no-such-host.invalid", &silent] {
        let error = refusal(options(url)).await;
        assert!(error.is_passing() && error.to_string().contains("nats.url"), "{error}");
    }
}

#[tokio::test]
async fn who_may_not_is_told() {
    let server = Server::start(
        "authorization { users: [
            { user: maya, password: \"p@ss:word\" }
            { user: quiet, password: word, permissions: { publish: \"other.>\" } }
            { user: deaf, password: word, permissions: { subscribe: \"other.>\" } }
        ] }",
    );
    let url = |user: &str| server.url().replace("127", &format!("{user}@127"));
    for user in ["maya:wrong", "nobody:word", "token"] {
        let error = refusal(options(&url(user))).await;
        assert!(matches!(error, OpenError::Credentials(_)) && error.to_string().contains("nats.url"), "{error}");
    }
    assert!(matches!(refusal(options(&server.url())).await, OpenError::Credentials(_)));
    let maya = Nats::open(&options(&url("maya:p%40ss%3Aword"))).await.unwrap();
    assert_eq!(maya.carrier().await.unwrap().health(), Ok(()));
    for user in ["quiet:word", "deaf:word"] {
        let error = Nats::open(&options(&url(user))).await.unwrap().carrier().await.err().unwrap();
        assert!(matches!(error, OpenError::Refused(_)) && error.to_string().contains("tertulia.a."), "{error}");
    }
}

#[tokio::test]
async fn a_token_and_several_servers() {
    let server = Server::start("authorization { token: \"s3cret-word\" }");
    let with_token = server.url().replace("127", &format!("{PASSWORD}@127"));
    assert!(Nats::open(&options(&with_token)).await.is_ok());
    assert!(Nats::open(&options(&format!("nats://127.0.0.1:1, {with_token}"))).await.is_ok());
    assert!(matches!(refusal(options(&server.url().replace("127", "wrong@127"))).await, OpenError::Credentials(_)));
}

#[tokio::test]
async fn a_server_that_takes_too_little_is_refused() {
    let server = Server::start("max_payload: 65536");
    let error = refusal(options(&server.url())).await;
    assert!(matches!(error, OpenError::TooSmall(65_536)) && error.to_string().contains("max_payload"), "{error}");
    let plain = Server::start("");
    let error = refusal(options(&plain.url().replace("nats:", "tls:"))).await;
    assert!(error.is_passing(), "{error}");
}
