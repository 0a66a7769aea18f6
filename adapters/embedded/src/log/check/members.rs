//! People and settings against the log.

use rusqlite::Connection;
use tertulia_domain::conversation::Member;
use tertulia_domain::{MemberRole, UserId};

use super::Findings;
use super::ledger::Ledger;
use crate::codes::Coded;
use crate::conversations::{Stored, changeable};
use crate::rows::{count, id, seq, time};
use crate::sql::{Ran, all, single};

pub(super) fn compare(db: &Connection, stored: &Stored, ledger: &Ledger, findings: &mut Findings) -> Ran<()> {
    const SQL: &str =
        "SELECT u.id, m.role, m.joined_at, m.joined_seq, m.read_seq, m.delivered_seq FROM members m JOIN users u ON u.row = m.user
        WHERE m.conversation = ?";
    let rows = all(db, SQL, [stored.row], |row| {
        let role: Coded<MemberRole> = row.get(1)?;
        let member = Member { user_id: id(row, 0)?, role: role.0, joined_at: time(row, 2)? };
        Ok((member, seq(row, 3)?, seq(row, 4)?, seq(row, 5)?))
    })?;
    let found = rows.len();
    for (member, joined_seq, read, delivered) in rows {
        let user: UserId = member.user_id;
        findings.expect(format_args!("the membership of {user}"), Some(&(member, joined_seq)), ledger.members.get(&user));
        if read > delivered || delivered > stored.conversation.head {
            findings.note(format!("{user} has read {read} and received {delivered} of {}", stored.conversation.head));
        }
    }
    findings.expect(format_args!("the number of members"), found, ledger.members.len());
    let members = u64::try_from(ledger.members.len()).unwrap_or(u64::MAX);
    findings.expect(format_args!("memberCount"), stored.conversation.member_count, members);
    describe(stored, ledger, findings);
    newest(db, stored, findings)
}

fn describe(stored: &Stored, ledger: &Ledger, findings: &mut Findings) {
    let Some((described, at)) = &ledger.described else { return };
    // Names are no message content, but people's words all the same: say only that they differ.
    if changeable(stored.conversation.clone()) != *described || stored.conversation.updated_at != *at {
        findings.note("name, topic or settings are not those of the last conversation.updated");
    }
}

fn newest(db: &Connection, stored: &Stored, findings: &mut Findings) -> Ran<()> {
    let newest: Option<i64> = single(db, "SELECT max(created_at) FROM messages WHERE conversation = ?", [stored.row], |row| row.get(0))?;
    let known = stored.conversation.last_message_at.map(tertulia_domain::Timestamp::as_millis);
    findings.expect(format_args!("lastMessageAt"), known, newest);
    findings.report.messages +=
        single(db, "SELECT count(*) FROM messages WHERE conversation = ?", [stored.row], |row| count::<u64>(row, 0))?;
    Ok(())
}
