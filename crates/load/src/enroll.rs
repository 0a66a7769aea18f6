//! Accounts on any server, by REST. Passwords are slow to hash, so they are kept for the next run.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tertulia_domain::{ConversationId, UserId};
use uuid::Uuid;

use crate::accounts::{Accounts, Person, Room, RoomPlan};
use crate::fault::{Fault, Ran};
use crate::progress::{Progress, each};
use crate::rest::call;
use crate::target::Target;

/// Calls under way at once.
const AT_ONCE: usize = 16;
/// Members that one call may bring.
const MEMBERS_A_CALL: usize = 500;
const PASSWORD: &str = "measured, not guessed";

/// Those of the file, where they fit and may still come in; else new ones, which are written there.
pub async fn accounts(target: &Target, file: &Path, people: usize, plan: &RoomPlan) -> Ran<Accounts> {
    if file.exists() {
        let mut known = Accounts::read(file)?;
        if known.seats(people, plan) {
            if renew(target, &mut known).await? {
                known.write(file)?;
            }
            return Ok(known);
        }
    }
    let accounts = enroll(target, people, plan).await?;
    accounts.write(file)?;
    Ok(accounts)
}

/// Signs everybody in again, where their access tokens are past their time. Answers whether they were.
async fn renew(target: &Target, accounts: &mut Accounts) -> Ran<bool> {
    let first = accounts.person(0)?;
    match call(target, "GET", "users/me", Some(&first.access_token), &Value::Null).await {
        Ok(_) => return Ok(false),
        Err(Fault::Refused(_)) => {}
        Err(fault) => return Err(fault),
    }
    let progress = Progress::new("signing in");
    let names = accounts.people.iter().map(|person| person.username.clone()).collect();
    let signed_in = each(names, AT_ONCE, &progress, {
        let target = Arc::new(target.clone());
        move |name: String| {
            let target = target.clone();
            async move { call(&target, "POST", "auth/login", None, &json!({ "username": name, "password": PASSWORD })).await }
        }
    });
    for (person, answer) in accounts.people.iter_mut().zip(signed_in.await?) {
        person.access_token = text(&answer, "/accessToken")?;
    }
    Ok(true)
}

async fn enroll(target: &Target, people: usize, plan: &RoomPlan) -> Ran<Accounts> {
    let run = Uuid::new_v4().simple().to_string().chars().take(8).collect::<String>();
    let names = (0..people).map(|n| format!("bench-{run}-{n}")).collect();
    let shared = Arc::new(target.clone());
    let progress = Progress::new("registering");
    let register = {
        let target = shared.clone();
        move |name: String| {
            let target = target.clone();
            async move {
                let answer = call(&target, "POST", "auth/register", None, &json!({ "username": name, "password": PASSWORD })).await?;
                Ok(Person { id: id(&answer, "/user/id").map(UserId)?, access_token: text(&answer, "/accessToken")?, username: name })
            }
        }
    };
    let people = each(names, AT_ONCE, &progress, register).await.map_err(|fault| match fault {
        Fault::Refused(why) if why.contains("FORBIDDEN") => {
            Fault::Refused(format!("{why}; start the server with --open-registration, or see `bench prepare`"))
        }
        fault => fault,
    })?;
    drop(progress);
    let rooms = furnish(&shared, &run, &people, plan).await?;
    Ok(Accounts { people, rooms })
}

/// A workspace with everybody in it, and the rooms.
async fn furnish(target: &Arc<Target>, run: &str, people: &[Person], plan: &RoomPlan) -> Ran<Vec<Room>> {
    let seats = plan.seat(people.len()).map_err(Fault::Usage)?;
    let Some(owner) = people.first() else { return Ok(Vec::new()) };
    let token = Some(owner.access_token.as_str());
    let workspace = call(target, "POST", "workspaces", token, &json!({ "name": format!("Bench {run}") })).await?;
    let workspace = text(&workspace, "/id")?;
    let invite = call(target, "POST", &format!("workspaces/{workspace}/invites"), token, &json!({})).await?;
    let accept = format!("invites/{}/accept", text(&invite, "/token")?);
    let progress = Progress::new("joining the workspace");
    let tokens = people.iter().skip(1).map(|person| person.access_token.clone()).collect();
    each(tokens, AT_ONCE, &progress, {
        let target = target.clone();
        move |token: String| {
            let (target, accept) = (target.clone(), accept.clone());
            async move { call(&target, "POST", &accept, Some(&token), &Value::Null).await }
        }
    })
    .await?;
    drop(progress);
    let progress = Progress::new("making rooms");
    let ids: Arc<[(UserId, String)]> = people.iter().map(|person| (person.id, person.access_token.clone())).collect();
    let numbered = seats.into_iter().enumerate().collect();
    each(numbered, AT_ONCE, &progress, {
        let target = target.clone();
        move |(number, members)| {
            let (target, ids, workspace) = (target.clone(), ids.clone(), workspace.clone());
            async move { make_room(&target, &workspace, &ids, number, members).await }
        }
    })
    .await
}

async fn make_room(target: &Target, workspace: &str, people: &[(UserId, String)], number: usize, members: Vec<usize>) -> Ran<Room> {
    let nobody = || Fault::Usage("a room without people".into());
    let (_, token) = members.first().and_then(|first| people.get(*first)).ok_or_else(nobody)?;
    let body = json!({ "type": "channel", "workspaceId": workspace, "name": format!("room-{number}"), "visibility": "private" });
    let room = call(target, "POST", "conversations", Some(token), &body).await?;
    let room = id(&room, "/id")?;
    let others: Vec<UserId> = members.iter().skip(1).filter_map(|member| people.get(*member)).map(|(id, _)| *id).collect();
    for some in others.chunks(MEMBERS_A_CALL) {
        call(target, "POST", &format!("conversations/{room}/members"), Some(token), &json!({ "userIds": some })).await?;
    }
    Ok(Room { id: ConversationId(room), members })
}

fn text(answer: &Value, at: &str) -> Ran<String> {
    let found = answer.pointer(at).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| Fault::Refused(format!("the server answered without {at}")))
}

fn id(answer: &Value, at: &str) -> Ran<Uuid> {
    text(answer, at)?.parse().map_err(|_| Fault::Refused(format!("the server answered with a strange {at}")))
}
