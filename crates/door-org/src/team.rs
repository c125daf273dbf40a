//! `/api/team`: who works here, and who is asked to (`org.md` A).

use axum::{
    Json, Router,
    extract::State,
    response::IntoResponse,
    routing::{delete, get, patch},
};
use http::StatusCode;
use jiff::Timestamp;
use parlor_core::{
    accounts::{self, Invite, Member, MemberChange, NewInvite},
    actor::Role,
    ids::{AgentId, InviteId},
    presence::{self, Presence},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Door,
    error::{Body, Id, Refusal, Result},
    routes::BothWays,
    session::Staff,
};

pub fn router() -> Router<Door> {
    Router::new()
        .both_ways("/api/team", get(list))
        .both_ways("/api/team/{id}", patch(change).delete(remove))
        .both_ways("/api/team/invites", get(invites).post(invite))
        .both_ways("/api/team/invites/{id}", delete(revoke))
}

/// Somebody in the team.
#[derive(Serialize)]
struct MemberResponse {
    id: Uuid,
    name: String,
    email: String,
    role: &'static str,
    /// `online` or `offline`.
    status: &'static str,
    created_at: Timestamp,
}

impl MemberResponse {
    fn new(member: Member, online: &[AgentId]) -> MemberResponse {
        let presence = if online.contains(&member.id) { Presence::Online } else { Presence::Offline };
        MemberResponse {
            id: member.id.0,
            name: member.name,
            email: member.email,
            role: member.role.as_str(),
            status: presence.as_str(),
            created_at: member.created_at,
        }
    }
}

/// An agent, by id and name.
#[derive(Serialize)]
pub struct Named {
    id: Uuid,
    name: String,
}

impl From<(AgentId, String)> for Named {
    fn from((id, name): (AgentId, String)) -> Named {
        Named { id: id.0, name }
    }
}

/// A10. Everybody may see who works here.
async fn list(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<MemberResponse>>> {
    let team = accounts::team(&door.app, &actor).await?;
    let online = presence::online(&door.app, &actor)?;
    Ok(Json(team.into_iter().map(|member| MemberResponse::new(member, &online)).collect()))
}

#[derive(Deserialize)]
struct Change {
    name: Option<String>,
    role: Option<String>,
}

/// A11. A role counts at once.
async fn change(
    State(door): State<Door>,
    Staff(actor): Staff,
    Id(id): Id,
    Body(change): Body<Change>,
) -> Result<Json<MemberResponse>> {
    let role = change.role.as_deref().map(role).transpose()?;
    let change = MemberChange { name: change.name, role };
    let member = accounts::change_member(&door.app, &actor, AgentId(id), change).await?;
    // Whoever may change themselves may see who is there, whatever they have become.
    let online = presence::online(&door.app, &actor)?;
    Ok(Json(MemberResponse::new(member, &online)))
}

fn role(name: &str) -> Result<Role> {
    Role::parse(name).ok_or_else(|| Refusal::bad_request("role must be owner, admin, agent or viewer."))
}

/// A12. Sign-ins, API keys and invitations of theirs end at once.
async fn remove(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    accounts::remove_member(&door.app, &actor, AgentId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody who was asked to join.
#[derive(Serialize)]
struct InviteResponse {
    id: Uuid,
    email: String,
    role: &'static str,
    invited_by: Named,
    expires_at: Timestamp,
    created_at: Timestamp,
}

impl From<Invite> for InviteResponse {
    fn from(invite: Invite) -> InviteResponse {
        InviteResponse {
            id: invite.id.0,
            email: invite.email,
            role: invite.role.as_str(),
            invited_by: invite.invited_by.into(),
            expires_at: invite.expires_at,
            created_at: invite.created_at,
        }
    }
}

/// A13. Those that wait.
async fn invites(State(door): State<Door>, Staff(actor): Staff) -> Result<Json<Vec<InviteResponse>>> {
    let invites = accounts::invites(&door.app, &actor).await?;
    Ok(Json(invites.into_iter().map(InviteResponse::from).collect()))
}

#[derive(Deserialize)]
struct Invitee {
    email: String,
    role: String,
}

/// What is shown once: no mail is sent, whoever invites hands the link on.
#[derive(Serialize)]
struct Invited {
    #[serde(flatten)]
    invite: InviteResponse,
    link: String,
}

/// A13. The link is in this answer and nowhere else.
async fn invite(
    State(door): State<Door>,
    Staff(actor): Staff,
    Body(invitee): Body<Invitee>,
) -> Result<impl IntoResponse> {
    let new = NewInvite { email: invitee.email, role: role(&invitee.role)? };
    let (invite, token) = accounts::invite(&door.app, &actor, new).await?;
    let link = format!("{}/auth/invite/{token}", door.settings.public_url);
    Ok((StatusCode::CREATED, Json(Invited { invite: invite.into(), link })))
}

/// A13. The link leads nowhere from now on.
async fn revoke(State(door): State<Door>, Staff(actor): Staff, Id(id): Id) -> Result<StatusCode> {
    accounts::revoke_invite(&door.app, &actor, InviteId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
