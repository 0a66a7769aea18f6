//! What happened in a run that found something, as JSON Lines: for whoever looks for the reason.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use tertulia_domain::ids::{ConversationId, MessageId};
use uuid::Uuid;

use crate::check::{Evidence, place_of};
use crate::findings::Violation;
use crate::history::{Entry, Nanos, Outcome, Request, Seen};
use crate::plan::Kind;
use crate::record::Record;

/// Of a message's text; each is told apart by its beginning.
const TEXT_CHARS: usize = 40;

/// A fault as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struck {
    pub kind: Kind,
    pub began: Nanos,
    pub ended: Nanos,
    /// What is known of its effect.
    pub note: String,
}

/// Everything that is written.
pub struct Chronicle<'a> {
    pub began: Nanos,
    /// The run: its seed, and the command that runs it again.
    pub run: Value,
    /// Ids and names of who took part.
    pub people: Vec<(String, String)>,
    pub evidence: &'a Evidence,
    pub struck: &'a [Struck],
    pub violations: &'a [Violation],
}

impl Chronicle<'_> {
    /// Writes it, in the order of time; then the logs of the conversations concerned, as they are at the end.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        line(&mut file, "run", Value::Null, &self.run)?;
        for (user, name) in &self.people {
            line(&mut file, "person", Value::Null, &json!({ "userId": user, "name": name }))?;
        }
        let concerned = self.concerned();
        let mut moments = self.moments(&concerned);
        moments.sort_by_key(|(at, ..)| *at);
        for (at, what, fields) in moments {
            line(&mut file, what, self.micros(at), &fields)?;
        }
        for record in self.evidence.records().filter(|record| concerned.contains(&record.conversation)) {
            line(&mut file, "log", Value::Null, &of_record(record))?;
        }
        file.flush()
    }

    fn moments(&self, concerned: &HashSet<ConversationId>) -> Vec<(Nanos, &'static str, Value)> {
        let mut moments = Vec::new();
        for violation in self.violations {
            let fields = json!({ "invariant": violation.invariant.name(), "what": violation.what });
            moments.push((violation.at, "violation", fields));
        }
        for Struck { kind, began, ended, note } in self.struck {
            moments.push((*began, "fault", json!({ "fault": kind.name(), "untilUs": self.micros(*ended), "note": note })));
        }
        for history in &self.evidence.histories {
            let user = json!(history.user);
            for entry in history.entries.iter().filter(|entry| entry.request != Request::Other) {
                moments.push((entry.invoked, "operation", self.of_entry(&user, entry)));
            }
            for seen in history.seen.iter().filter(|seen| concerned.contains(&seen.conversation)) {
                moments.push((seen.at, "seen", of_seen(&user, seen)));
            }
        }
        moments
    }

    /// The conversations that the violations name, themselves or by a message; where none is named, all.
    fn concerned(&self) -> HashSet<ConversationId> {
        let mut places: HashMap<MessageId, ConversationId> = HashMap::new();
        for (_, entry) in self.evidence.entries() {
            if let Request::Send { conversation, message, .. } = &entry.request {
                places.insert(*message, *conversation);
            }
        }
        let all: HashSet<ConversationId> = places.values().chain(self.evidence.logs.keys()).copied().collect();
        let named = self.violations.iter().flat_map(|violation| violation.what.split(|c: char| !c.is_ascii_hexdigit() && c != '-'));
        let named: HashSet<ConversationId> = named
            .filter_map(|word| word.parse::<Uuid>().ok())
            .filter_map(|id| places.get(&MessageId(id)).copied().or(Some(ConversationId(id)).filter(|id| all.contains(id))))
            .collect();
        if named.is_empty() { all } else { named }
    }

    fn of_entry(&self, user: &Value, entry: &Entry) -> Value {
        let mut fields = of_request(&entry.request);
        fields.insert("userId".into(), user.clone());
        let (outcome, more) = match entry.outcome {
            Outcome::Ok { seq, duplicate } => ("ok", json!({ "seq": seq, "duplicate": duplicate })),
            Outcome::Refused(code) => ("refused", json!({ "code": code })),
            Outcome::Unknown => ("unknown", json!({})),
        };
        fields.insert("outcome".into(), outcome.into());
        fields.insert("answeredUs".into(), self.micros(entry.answered));
        fields.extend(more.as_object().cloned().unwrap_or_default());
        Value::Object(fields)
    }

    /// Since the load began; null: never.
    fn micros(&self, at: Nanos) -> Value {
        if at == Nanos::MAX {
            return Value::Null;
        }
        let since = i128::from(at) - i128::from(self.began);
        json!(i64::try_from(since / 1_000).unwrap_or(i64::MAX))
    }
}

fn line(file: &mut impl Write, what: &str, at: Value, fields: &Value) -> std::io::Result<()> {
    let mut all = Map::new();
    all.insert("line".into(), what.into());
    if !at.is_null() {
        all.insert("atUs".into(), at);
    }
    all.extend(fields.as_object().cloned().unwrap_or_default());
    writeln!(file, "{}", Value::Object(all))
}

fn of_request(request: &Request) -> Map<String, Value> {
    let (name, fields) = match request {
        Request::Send { message, text, .. } => ("send", json!({ "messageId": message, "text": cut(text) })),
        Request::Edit { message, text, .. } => ("edit", json!({ "messageId": message, "text": cut(text) })),
        Request::Delete { message, .. } => ("delete", json!({ "messageId": message })),
        Request::React { message, emoji, add, .. } => ("react", json!({ "messageId": message, "emoji": emoji, "add": add })),
        Request::Read { seq, .. } => ("read", json!({ "markSeq": seq })),
        Request::Delivered { seq, .. } => ("delivered", json!({ "markSeq": seq })),
        Request::Unread { seq, .. } => ("unread", json!({ "markSeq": seq })),
        Request::Add { user, .. } => ("add", json!({ "memberId": user })),
        Request::Remove { user, .. } => ("remove", json!({ "memberId": user })),
        Request::Look { .. } => ("look", json!({})),
        Request::LookAtMark { .. } => ("lookAtMark", json!({})),
        Request::Other => ("other", json!({})),
    };
    let mut all = Map::new();
    all.insert("op".into(), name.into());
    if let Some(conversation) = place_of(request) {
        all.insert("conversationId".into(), json!(conversation));
    }
    all.extend(fields.as_object().cloned().unwrap_or_default());
    all
}

fn of_seen(user: &Value, seen: &Seen) -> Value {
    json!({
        "userId": user,
        "conversationId": seen.conversation,
        "seq": seen.seq,
        "print": print(seen.print),
        "by": if seen.pushed { "push" } else { "page" },
    })
}

fn of_record(record: &Record) -> Value {
    json!({
        "conversationId": record.conversation,
        "seq": record.seq,
        "print": print(record.print()),
        "type": record.kind,
        "actorId": record.actor,
        "messageId": record.message,
        "memberId": record.user,
        "detail": record.detail,
        "text": record.text.as_deref().map(cut),
    })
}

/// Two events that print the same are the same.
fn print(print: u64) -> String {
    format!("{print:016x}")
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::tests::truth;
    use crate::findings::Invariant;

    #[test]
    fn it_tells_what_led_to_a_violation_and_leaves_out_other_conversations() {
        let mut evidence = truth();
        let elsewhere = ConversationId(Uuid::from_u128(77));
        let seen = evidence.histories[0].seen[0];
        evidence.histories[0].seen.push(Seen { conversation: elsewhere, ..seen });
        let message = MessageId(Uuid::from_u128(103));
        let violations = [Violation { invariant: Invariant::Once, what: format!("{message} is in the logs 0 times"), at: 300_000 }];
        let struck = [Struck { kind: Kind::Kill, began: 205_000, ended: 206_000, note: String::new() }];
        let chronicle = Chronicle {
            began: 0,
            run: json!({ "seed": 7 }),
            people: vec![("u".into(), "ada".into())],
            evidence: &evidence,
            struck: &struck,
            violations: &violations,
        };
        let path = std::env::temp_dir().join(format!("tertulia-chronicle-{}.jsonl", std::process::id()));
        chronicle.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of = |what: &str| lines.iter().filter(|line| line["line"] == what).cloned().collect::<Vec<Value>>();
        assert_eq!((of("run")[0]["seed"].clone(), of("person").len(), of("log").len()), (json!(7), 1, 12));
        assert_eq!((of("fault")[0]["fault"].clone(), of("violation")[0]["atUs"].clone()), (json!("kill"), json!(300)));
        assert!(of("seen").iter().all(|line| line["conversationId"] != json!(elsewhere)));
        assert_eq!(of("seen").len() + 1, evidence.histories.iter().map(|history| history.seen.len()).sum::<usize>());
        let sent = of("operation").into_iter().find(|line| line["op"] == "send" && line["messageId"] == json!(message)).unwrap();
        assert_eq!((sent["outcome"].clone(), sent["seq"].clone(), sent["text"].clone()), (json!("ok"), json!(10), json!("three")));
        let times: Vec<i64> = lines.iter().filter_map(|line| line["atUs"].as_i64()).collect();
        assert!(times.is_sorted());
    }
}
