//! Enumerations as the numbers that are stored. Numbers are for ever: add, never reuse.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use tertulia_domain::conversation::NotificationLevel;
use tertulia_domain::message::{MentionScope, Priority};
use tertulia_domain::{ConversationType, MemberRole, Visibility, WorkspaceRole};

/// An enumeration in a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<T>(pub(crate) T);

macro_rules! codes {
    ($($name:ident { $($variant:ident = $number:literal),+ })+) => {$(
        impl ToSql for Coded<$name> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let number: i64 = match self.0 { $($name::$variant => $number),+ };
                Ok(ToSqlOutput::from(number))
            }
        }

        impl FromSql for Coded<$name> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($number => Ok(Self($name::$variant)),)+
                    other => Err(FromSqlError::OutOfRange(other)),
                }
            }
        }
    )+};
}

codes! {
    ConversationType { Direct = 0, Group = 1, Channel = 2, Broadcast = 3 }
    Visibility { Public = 0, Private = 1 }
    MemberRole { Member = 0, Admin = 1 }
    WorkspaceRole { Guest = 0, Member = 1, Admin = 2, Owner = 3 }
    NotificationLevel { All = 0, Mentions = 1, Off = 2 }
    Priority { Normal = 0, Urgent = 1 }
    MentionScope { Here = 0, Channel = 1 }
}
