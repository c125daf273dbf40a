//! A person's own page: who they are, their password, their other sign-ins.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use door_kit::Address;
use http::StatusCode;
use parlor_core::{Error, accounts, actor::Agent};
use serde::Deserialize;

use super::{
    ACCOUNT, pages,
    sent::{Change, Nothing, Way},
};
use crate::{
    Door,
    error::{Asked, Refusal},
    session::Reader,
};

#[derive(Deserialize)]
pub struct Said {
    #[serde(default)]
    said: String,
}

/// A4. Shows the CSRF token to the page's forms and scripts.
pub async fn page(
    State(door): State<Door>,
    Reader(agent): Reader,
    Asked(Said { said }): Asked<Said>,
) -> Response {
    let news = match said.as_str() {
        "password" => "Your password is changed. Wherever else you were signed in, you are not any more.",
        "others" => "You are signed in here only.",
        "stale" => "The page was out of date. Please try again.",
        _ => "",
    };
    show(&door, &agent, news, None).await
}

async fn show(door: &Door, agent: &Agent, news: &str, problem: Option<Error>) -> Response {
    match facts(door, agent).await {
        Ok((account, others)) => {
            let csrf = door.app.secrets.csrf_token(agent.sign_in);
            pages::account(&pages::Account { agent, account: &account, others, csrf: &csrf, news }, problem)
        }
        Err(error) => Refusal::from(error).into_response(),
    }
}

/// The account's name, and how many other sign-ins the person has.
async fn facts(door: &Door, agent: &Agent) -> parlor_core::Result<(String, i64)> {
    let account = accounts::get(&door.app, agent.account_id).await?;
    Ok((account.name, accounts::other_sign_ins(&door.app, agent).await?))
}

#[derive(Deserialize)]
pub struct NewPassword {
    current_password: String,
    new_password: String,
}

/// A5. Ends every other sign-in of the person.
pub async fn password(
    State(door): State<Door>,
    Address(address): Address,
    change: Change<NewPassword>,
) -> Response {
    let Change { way, agent, body: NewPassword { current_password, new_password } } = change;
    let changed = accounts::change_password(&door.app, &agent, current_password, new_password, address).await;
    match (changed, way) {
        (Err(error), Way::Form) => show(&door, &agent, "", Some(error)).await,
        (changed, way) => done(changed, way, "password"),
    }
}

/// A6. Ends every other sign-in of the person.
pub async fn sign_out_others(State(door): State<Door>, change: Change<Nothing>) -> Response {
    done(accounts::sign_out_others(&door.app, &change.agent).await, change.way, "others")
}

fn done(done: Result<(), Error>, way: Way, said: &str) -> Response {
    match (done, way) {
        (Err(error), _) => Refusal::from(error).into_response(),
        (Ok(()), Way::Form) => Redirect::to(&format!("{ACCOUNT}?said={said}")).into_response(),
        (Ok(()), Way::Json) => StatusCode::NO_CONTENT.into_response(),
    }
}
