//! Enumerations as the numbers that are stored, the same as in the embedded store. Numbers are for ever: add, never reuse.

use std::error::Error;

use bytes::BytesMut;
use tertulia_domain::conversation::NotificationLevel;
use tertulia_domain::message::{MentionScope, Priority};
use tertulia_domain::{ConversationType, MemberRole, Visibility, WorkspaceRole};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// An enumeration in a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<T>(pub(crate) T);

macro_rules! codes {
    ($($name:ident { $($variant:ident = $number:literal),+ })+) => {$(
        impl Coded<$name> {
            /// As it is stored.
            pub(crate) fn number(self) -> i16 {
                match self.0 { $($name::$variant => $number),+ }
            }
        }

        impl ToSql for Coded<$name> {
            fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
                self.number().to_sql(ty, out)
            }

            fn accepts(ty: &Type) -> bool {
                <i16 as ToSql>::accepts(ty)
            }

            to_sql_checked!();
        }

        impl FromSql<'_> for Coded<$name> {
            fn from_sql(ty: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
                match i16::from_sql(ty, raw)? {
                    $($number => Ok(Self($name::$variant)),)+
                    other => Err(format!("{other} is no {}", stringify!($name)).into()),
                }
            }

            fn accepts(ty: &Type) -> bool {
                <i16 as FromSql>::accepts(ty)
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
