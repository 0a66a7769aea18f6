//! Killed at twenty random moments of a load: what was acknowledged is there, once, in order.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tertulia_tests::{Client, Options, Scene, Server, Socket, new_id, text};

const KILLS: usize = 20;
const SENDERS: usize = 6;
const AT_ONCE: usize = 8;

/// Small, seeded: which moments, is all that chance decides.
struct Dice(u64);

impl Dice {
    #[allow(clippy::disallowed_methods)] // The tests' own setting; no configuration of the product.
    fn new() -> Self {
        let seed = std::env::var("TERTULIA_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64);
        eprintln!("TERTULIA_SEED={seed}");
        Self(seed | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What one sender was promised: batches, each sent only after all of the one before were acknowledged.
#[derive(Default)]
struct Promised(RefCell<Vec<Vec<(String, u64)>>>);

/// Sends until `stop`, each message again and again under the same id until it is acknowledged.
async fn send_by_rest(client: &Client, conversation: &str, stop: &Cell<bool>, promised: &Promised) {
    let path = format!("conversations/{conversation}/messages");
    while !stop.get() {
        let batch = join_all((0..AT_ONCE).map(|_| async {
            let id = new_id();
            let body = json!({ "messageId": id, "content": text(&format!("words of {id}")) });
            loop {
                match client.try_finish(client.request(reqwest::Method::POST, &path).json(&body)).await {
                    Some(reply) if reply.status == 201 => return (id, reply.json()["seq"].as_u64().unwrap()),
                    Some(reply) => assert!(reply.status >= 500, "{} {}", reply.status, reply.body),
                    None => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        }))
        .await;
        promised.0.borrow_mut().push(batch);
    }
}

async fn send_by_socket(client: &Client, conversation: &str, stop: &Cell<bool>, promised: &Promised) {
    let bearer = format!("Bearer {}", client.access_token());
    let mut socket = None;
    while !stop.get() {
        let mut waiting: HashMap<String, Value> = HashMap::new();
        for _ in 0..AT_ONCE {
            let id = new_id();
            let payload = json!({ "messageId": id, "conversationId": conversation, "content": text(&format!("words of {id}")) });
            waiting.insert(id.clone(), json!({ "type": "message.send", "id": id, "payload": payload }));
        }
        let mut batch = Vec::new();
        while !waiting.is_empty() {
            match &mut socket {
                None => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    socket = Socket::try_with(client, "", &[("authorization", &bearer)]).await;
                }
                Some(open) => {
                    if !exchange(open, &mut waiting, &mut batch).await {
                        socket = None;
                    }
                }
            }
        }
        promised.0.borrow_mut().push(batch);
    }
}

/// Sends what waits and collects the acks; false when the connection broke.
async fn exchange(socket: &mut Socket, waiting: &mut HashMap<String, Value>, batch: &mut Vec<(String, u64)>) -> bool {
    for frame in waiting.values() {
        if socket.send_message(frame.to_string().into()).await.is_err() {
            return false;
        }
    }
    while !waiting.is_empty() {
        let Some(frame) = socket.next().await else { return false };
        if frame["type"] == "ack" {
            assert_eq!(frame["payload"]["status"], "ok", "{frame}");
            let id = frame["payload"]["refId"].as_str().unwrap();
            if waiting.remove(id).is_some() {
                batch.push((id.to_owned(), frame["payload"]["result"]["seq"].as_u64().unwrap()));
            }
        }
    }
    true
}

#[tokio::test]
async fn what_was_acknowledged_survives_twenty_kills() {
    let mut dice = Dice::new();
    let mut server = Server::with(Options::default());
    let scene = Scene::new(&server).await;
    let people = scene.members(["a", "b", "c", "d", "e", "f"]).await;
    let everybody: Vec<&Client> = people.iter().collect();
    let channels = [scene.channel(&everybody).await, scene.channel(&everybody).await];
    let promised: [Promised; SENDERS] = Default::default();
    let stop = Cell::new(false);
    let senders = join_all(people.iter().zip(&promised).enumerate().map(|(n, (person, promised))| {
        let (channel, stop) = (&channels[n % 2], &stop);
        async move {
            if n < SENDERS / 2 {
                send_by_rest(person, channel, stop, promised).await;
            } else {
                send_by_socket(person, channel, stop, promised).await;
            }
        }
    }));
    let count = || promised.iter().map(|promised| promised.0.borrow().len()).sum::<usize>();
    let killer = async {
        for _ in 0..KILLS {
            let before = count();
            while count() < before + 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(dice.below(150))).await;
            server.kill9();
            server.restart();
        }
        stop.set(true);
    };
    tokio::join!(senders, killer);

    for (n, promised) in promised.iter().enumerate() {
        let log = people[n].log_of(&channels[n % 2]).await;
        let mut newest = 0;
        let mut stored: HashMap<&str, Vec<u64>> = HashMap::new();
        for event in log.iter().filter(|event| event["type"] == "message.new") {
            stored.entry(event["payload"]["message"]["id"].as_str().unwrap()).or_default().push(event["seq"].as_u64().unwrap());
        }
        let batches = promised.0.borrow();
        for batch in batches.iter() {
            for (id, seq) in batch {
                assert_eq!(stored.get(id.as_str()), Some(&vec![*seq]), "sender {n}: {id} was promised seq {seq}");
                let message = &log[*seq as usize - 1]["payload"]["message"];
                assert_eq!(message["content"]["text"], format!("words of {id}"));
                assert!(*seq > newest, "sender {n}: {id} was sent after seq {newest} was acknowledged");
            }
            newest = batch.iter().map(|(_, seq)| *seq).max().unwrap();
        }
    }
    let count: usize = promised.iter().flat_map(|promised| promised.0.borrow().iter().map(Vec::len).collect::<Vec<_>>()).sum();
    eprintln!("{count} acknowledged messages, {KILLS} kills");
    server.check();
    server.kill9();
    server.check();
}
