//! The SDK's `types.gen.ts`, written from the Rust types.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};

use ts_rs::{Config, TS, TypeVisitor};

use crate::{error, rest, v1};

struct Collector<'a> {
    config: &'a Config,
    seen: HashSet<TypeId>,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Collector<'_> {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}", T::decl(self.config));
            self.declarations.insert(T::ident(self.config), declaration);
        }
    }
}

macro_rules! roots {
    ($collector:ident: $($root:ty),+ $(,)?) => {$( $collector.visit::<$root>(); )+};
}

/// The whole file.
pub fn types_ts() -> String {
    let config = Config::new().with_large_int("number");
    let mut found = Collector { config: &config, seen: HashSet::new(), declarations: BTreeMap::new() };
    roots!(found:
        v1::ClientFrame, v1::ServerFrame, v1::MessageSent, v1::Changed, v1::Marked, v1::Heartbeat, v1::SyncAnswer,
        error::ErrorAnswer, rest::Setup, rest::Register, rest::Login, rest::Refresh, rest::SignedIn, rest::Ticket, rest::ServerInfo,
        rest::UpdateMe, rest::ChangePassword, rest::CreateWorkspace, rest::UpdateWorkspace, rest::UpdateWorkspaceMember, rest::CreateInvite,
        rest::InviteCreated, rest::InvitePreview, rest::CreateConversation, rest::UpdateConversation, rest::AddMembers,
        rest::UpdateMember, rest::MemberView, rest::UpdatePreferences, rest::UpdateReceipt, rest::SendMessage, rest::EditMessage,
        rest::React, rest::MessagePage, rest::Thread, rest::EventPage, rest::ScheduledMessage, rest::Page<tertulia_domain::Message>,
        tertulia_domain::Workspace, tertulia_domain::workspace::WorkspaceMember, tertulia_domain::session::Session,
        tertulia_domain::message::MessageVersion,
    );
    let mut file = String::from("// Generated from the Rust types (crates/protocol): `make types`. Do not edit.\n\n");
    for declaration in found.declarations.values() {
        file.push_str(declaration.trim_end());
        file.push_str("\n\n");
    }
    file
}
