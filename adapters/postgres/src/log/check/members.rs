//! People and settings against the log.

use tertulia_domain::conversation::Member;
use tertulia_domain::{Conversation, MemberRole, Timestamp};

use super::Findings;
use super::ledger::Ledger;
use crate::codes::Coded;
use crate::conversations::changeable;
use crate::rows::{count, get, id, seq, time};
use crate::sql::{Ran, Tx, all, single};

pub(super) async fn compare(db: &Tx, stored: &Conversation, ledger: &Ledger, findings: &mut Findings) -> Ran<()> {
    const SQL: &str = "SELECT user_id, role, joined_at, joined_seq, read_seq, delivered_seq FROM members WHERE conversation = $1";
    let rows = all(db, SQL, &[&stored.id.0], |row| {
        let role: Coded<MemberRole> = get(row, 1)?;
        let member = Member { user_id: id(row, 0)?, role: role.0, joined_at: time(row, 2)? };
        Ok((member, seq(row, 3)?, seq(row, 4)?, seq(row, 5)?))
    })
    .await?;
    let found = rows.len();
    for (member, joined_seq, read, delivered) in rows {
        let user = member.user_id;
        findings.expect(format_args!("the membership of {user}"), Some(&(member, joined_seq)), ledger.members.get(&user));
        if read > delivered || delivered > stored.head {
            findings.note(format!("{user} has read {read} and received {delivered} of {}", stored.head));
        }
    }
    findings.expect(format_args!("the number of members"), found, ledger.members.len());
    let members = u64::try_from(ledger.members.len()).unwrap_or(u64::MAX);
    findings.expect(format_args!("memberCount"), stored.member_count, members);
    describe(stored, ledger, findings);
    newest(db, stored, findings).await
}

fn describe(stored: &Conversation, ledger: &Ledger, findings: &mut Findings) {
    let Some((described, at)) = &ledger.described else { return };
    // Names are no message content, but people's words all the same: say only that they differ.
    if changeable(stored.clone()) != *described || stored.updated_at != *at {
        findings.note("name, topic or settings are not those of the last conversation.updated");
    }
}

async fn newest(db: &Tx, stored: &Conversation, findings: &mut Findings) -> Ran<()> {
    const SQL: &str = "SELECT max(created_at), count(*) FROM messages WHERE conversation = $1";
    let (newest, messages): (Option<i64>, u64) = single(db, SQL, &[&stored.id.0], |row| Ok((get(row, 0)?, count(row, 1)?))).await?;
    findings.expect(format_args!("lastMessageAt"), stored.last_message_at.map(Timestamp::as_millis), newest);
    findings.report.messages += messages;
    Ok(())
}
