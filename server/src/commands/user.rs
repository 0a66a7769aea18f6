//! `tertulia user`: accounts from the command line.

use std::io::{BufRead, IsTerminal, stdin};

use clap::{Args, Subcommand};
use serde_json::json;
use tertulia_domain::ids::SessionId;
use tertulia_domain::user::{check_password, check_username};
use tertulia_domain::{UserId, Workspace, WorkspaceRole};
use tertulia_services::workspaces::NewInviteInput;
use tertulia_services::{Caller, Services};
use uuid::Uuid;

use crate::cli::Common;
use crate::exit::{Exit, Failure};
use crate::out;
use crate::wiring::House;

#[derive(Debug, Subcommand)]
pub enum User {
    /// Make an account
    Add(Add),
}

#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    common: Common,
    /// The username: 2 to 50 letters, digits, dots, underscores or hyphens
    name: String,
    /// Shown instead of the username
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// Owns the workspace; one that does not exist yet is made
    #[arg(long)]
    owner: bool,
    /// By slug or name [default: the only one; with --owner a new one]
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Read the password from standard input
    #[arg(long)]
    password_stdin: bool,
    /// Print what was made as JSON
    #[arg(long)]
    json: bool,
}

impl User {
    pub async fn run(self) -> Result<(), Failure> {
        let Self::Add(add) = self;
        add.run().await
    }
}

/// Where a new account belongs.
enum Place {
    Existing(Workspace, UserId),
    New(String),
    Nowhere,
}

const DEFAULT_WORKSPACE: &str = "Tertulia";

impl Add {
    async fn run(self) -> Result<(), Failure> {
        let config = self.common.load([])?;
        check_username(&self.name)?;
        let password = if self.password_stdin { password_from_stdin()? } else { ask_password()? };
        let house = House::open_beside(&config).await?;
        let added = self.add(&house.services, &password).await;
        house.close().await;
        let (user, workspace) = added?;
        if self.json {
            let workspace = workspace.map(|workspace| json!({ "id": workspace.id, "slug": workspace.slug, "role": workspace.role }));
            out::json(&json!({ "userId": user, "workspace": workspace }))?;
        } else {
            match workspace {
                Some(workspace) => out::line(format_args!("{} can sign in; workspace {}", self.name, workspace.slug))?,
                None => out::line(format_args!("{} can sign in", self.name))?,
            }
        }
        Ok(())
    }

    async fn add(&self, services: &Services, password: &str) -> Result<(UserId, Option<Workspace>), Failure> {
        let place = self.place(services).await?;
        let user = services.auth.add_user(&self.name, password, self.display_name.clone()).await?;
        let role = if self.owner { WorkspaceRole::Owner } else { WorkspaceRole::Member };
        let workspace = match place {
            Place::Existing(workspace, owner) => Some(join(services, &workspace, owner, user, role).await?),
            Place::New(name) => Some(services.workspaces.create(as_caller(user), &name, None).await?),
            Place::Nowhere => None,
        };
        Ok((user, workspace))
    }

    async fn place(&self, services: &Services) -> Result<Place, Failure> {
        let all = services.spine.store.workspaces.all().await?;
        match &self.workspace {
            Some(name) => match (named(&all, name), self.owner) {
                (Some((workspace, owner)), _) => Ok(Place::Existing(workspace, owner)),
                (None, true) => Ok(Place::New(name.clone())),
                (None, false) => Err(Failure::failed(format!("no such workspace; there are: {}", slugs(&all)))),
            },
            None if self.owner => Ok(Place::New(DEFAULT_WORKSPACE.into())),
            None => match <[_; 1]>::try_from(all) {
                Ok([(workspace, owner)]) => Ok(Place::Existing(workspace, owner)),
                Err(_) => Ok(Place::Nowhere),
            },
        }
    }
}

/// For work at the command line: somebody without a session.
pub fn as_caller(user_id: UserId) -> Caller {
    Caller { user_id, session_id: SessionId(Uuid::nil()) }
}

/// Puts somebody into a workspace and its default channels.
pub async fn join(
    services: &Services,
    workspace: &Workspace,
    owner: UserId,
    user: UserId,
    role: WorkspaceRole,
) -> Result<Workspace, Failure> {
    let once = NewInviteInput { role: Some(role), max_uses: Some(1), expires_in_ms: None };
    let invite = services.workspaces.invite(as_caller(owner), workspace.id, once).await?;
    Ok(services.workspaces.accept_invite(as_caller(user), &invite.token).await?)
}

/// The workspace of that slug or name, or the only one; with its owner.
pub async fn pick_workspace(services: &Services, wanted: Option<&str>) -> Result<(Workspace, UserId), Failure> {
    let all = services.spine.store.workspaces.all().await?;
    if all.is_empty() {
        return Err(Failure::failed("no workspace exists yet; make one with its owner first: tertulia user add NAME --owner"));
    }
    match wanted {
        Some(wanted) => named(&all, wanted).ok_or_else(|| Failure::failed(format!("no such workspace; there are: {}", slugs(&all)))),
        None => match <[_; 1]>::try_from(all) {
            Ok([only]) => Ok(only),
            Err(all) => Err(Failure::failed(format!("which workspace? Choose with --workspace: {}", slugs(&all)))),
        },
    }
}

/// A slug is one workspace; several may have the same name, and then the name alone says nothing.
fn named(all: &[(Workspace, UserId)], wanted: &str) -> Option<(Workspace, UserId)> {
    let by_slug = all.iter().find(|(workspace, _)| workspace.slug == wanted);
    let mut by_name = all.iter().filter(|(workspace, _)| workspace.name.to_lowercase() == wanted.to_lowercase());
    by_slug.or_else(|| by_name.next().filter(|_| by_name.next().is_none())).cloned()
}

fn slugs(all: &[(Workspace, UserId)]) -> String {
    all.iter().map(|(workspace, _)| workspace.slug.as_str()).collect::<Vec<_>>().join(", ")
}

fn password_from_stdin() -> Result<String, Failure> {
    let mut password = String::new();
    stdin().lock().read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    check_password(&password)?;
    Ok(password)
}

fn ask_password() -> Result<String, Failure> {
    let terminal = console::Term::stderr();
    if !stdin().is_terminal() || !terminal.is_term() {
        return Err(Failure::new(Exit::Failed, "no terminal to ask for the password: use --password-stdin"));
    }
    terminal.write_str("Password: ")?;
    let password = terminal.read_secure_line()?;
    check_password(&password)?;
    terminal.write_str("Once more: ")?;
    if terminal.read_secure_line()? == password { Ok(password) } else { Err(Failure::failed("these were two different passwords")) }
}
