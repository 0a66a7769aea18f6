//! Every operation, over REST and WebSocket, by everybody, on every kind of place, against a table written by hand.

mod actors;
mod operations;
mod table;

use tertulia_tests::Server;

/// One place, all of its cells.
async fn check(place: &table::Place) {
    let server = Server::shared();
    let stage = actors::Stage::build(&server, place).await;
    let mut wrong = Vec::new();
    let mut head = stage.head().await;
    for (row, operation) in operations::ALL.iter().enumerate() {
        for (column, actor) in stage.actors.iter().enumerate() {
            let expected = place.rows[row].1.as_bytes()[column] as char;
            if expected == '-' {
                continue;
            }
            let got = operations::rest(&stage, actor, operation).await;
            let over_socket = operations::socket(&stage, actor, operation).await;
            if got == 'y' && operation.moves_people() {
                stage.restore().await;
            }
            let before = std::mem::replace(&mut head, stage.head().await);
            let stored = head != before;
            if got != expected || over_socket.is_some_and(|code| code != expected) || (stored && expected != 'y') {
                wrong.push(format!(
                    "{operation:?} by {}: expected {expected}, REST {got}, WebSocket {over_socket:?}, stored {stored}",
                    actor.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", place.name, wrong.join("\n"));
}

#[tokio::test]
async fn public_channel() {
    check(&table::PUBLIC).await;
}

#[tokio::test]
async fn private_channel() {
    check(&table::PRIVATE).await;
}

#[tokio::test]
async fn archived_channel() {
    check(&table::ARCHIVED).await;
}

#[tokio::test]
async fn broadcast() {
    check(&table::BROADCAST).await;
}

#[tokio::test]
async fn group() {
    check(&table::GROUP).await;
}

#[tokio::test]
async fn direct() {
    check(&table::DIRECT).await;
}
