//! The demo account: a plant shop with a chat and a few help articles, made at the first start.

use std::path::Path;

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use parlor_core::{
    Actor, App, Error,
    accounts::{self, NewAccount},
    assistants::AssistantChange,
    channels::{self, ChannelChange, Kind, NewChannel, SettingsChange},
    ids::AccountId,
    knowledge::{self, NewArticle},
    secrets,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::files;

const FILE: &str = "demo-sign-in.json";
const SHOP: &str = "Fern & Pot";
const EMAIL: &str = "demo@parlor.example";
const GREETING: &str = "Hi! Ask us about shipping, returns or your plants.";
const COLOR: &str = "#2f6b4f";

/// The title is the first line, a heading.
const ARTICLES: &[&str] = &[
    include_str!("../demo/shipping.md"),
    include_str!("../demo/returns.md"),
    include_str!("../demo/opening-hours.md"),
    include_str!("../demo/plant-care.md"),
    include_str!("../demo/repotting.md"),
    include_str!("../demo/damaged-plants.md"),
    include_str!("../demo/payment.md"),
    include_str!("../demo/gift-cards.md"),
];

/// How to sign in to the demo account. Kept in the data folder, so that later starts can say it again.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    account_id: Uuid,
    pub email: String,
    pub password: String,
    /// None until the account is furnished, and once its channel is deleted.
    pub channel_token: Option<String>,
}

impl SignIn {
    pub fn account(&self) -> AccountId {
        AccountId(self.account_id)
    }
}

/// Finds the demo account, or makes it if there is no account at all.
pub async fn prepare(app: &App, data: &Path) -> Result<Option<SignIn>> {
    let path = data.join(FILE);
    if let Some(mut kept) = read(&path)? {
        let account_id = AccountId(kept.account_id);
        match accounts::get(app, account_id).await {
            Ok(_) if kept.channel_token.is_none() => return furnish(app, kept, &path).await.map(Some),
            Ok(_) => {
                let channels = channels::list(app, &Actor::Operator(account_id)).await?;
                let website = channels.into_iter().find(|channel| channel.kind == Kind::Website);
                kept.channel_token = website.map(|channel| channel.token);
                return Ok(Some(kept));
            }
            // The file belongs to another database.
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if accounts::count(app).await? > 0 {
        return Ok(None);
    }
    let new = NewAccount { name: SHOP.into(), email: EMAIL.into(), password: password() };
    let password = new.password.clone();
    let (account, _) = accounts::create(app, new).await?;
    let sign_in = SignIn { account_id: account.id.0, email: EMAIL.into(), password, channel_token: None };
    write(&path, &sign_in)?;
    furnish(app, sign_in, &path).await.map(Some)
}

/// Writes the articles and opens the channel. What an interrupted start has left undone, the next one does.
async fn furnish(app: &App, mut sign_in: SignIn, path: &Path) -> Result<SignIn> {
    let operator = Actor::Operator(AccountId(sign_in.account_id));
    let written = knowledge::list(app, &operator).await?;
    let missing = ARTICLES
        .iter()
        .map(|text| article(text))
        .filter(|article| written.iter().all(|known| known.title != article.title));
    // All at once, so that they share a commit.
    try_join_all(missing.map(|article| knowledge::create(app, &operator, article))).await?;
    let known =
        channels::list(app, &operator).await?.into_iter().find(|channel| channel.kind == Kind::Website);
    let channel = match known {
        Some(channel) => channel,
        None => {
            let assistant = AssistantChange { name: Some("Fern".into()), ..AssistantChange::default() };
            channels::create_website(app, &operator, NewChannel { display_name: SHOP.into(), assistant })
                .await?
        }
    };
    let look = ChannelChange {
        settings: SettingsChange::parse("", &json!({ "primary_color": COLOR, "greeting": GREETING }))?,
        ..ChannelChange::default()
    };
    sign_in.channel_token = Some(channels::update(app, &operator, channel.id, look).await?.token);
    write(path, &sign_in)?;
    Ok(sign_in)
}

fn article(text: &str) -> NewArticle {
    let (heading, body) = text.split_once('\n').unwrap_or((text, ""));
    NewArticle {
        title: heading.trim_start_matches('#').trim().to_owned(),
        body: body.trim().to_owned(),
        url: None,
    }
}

fn read(path: &Path) -> Result<Option<SignIn>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let read = serde_json::from_str(&text);
    read.map(Some)
        .with_context(|| format!("{} is damaged; without it, the demo account is not shown", path.display()))
}

fn write(path: &Path, sign_in: &SignIn) -> Result<()> {
    let text = serde_json::to_string_pretty(sign_in)? + "\n";
    files::write_private(path, &text).with_context(|| format!("cannot write {}", path.display()))
}

/// 80 random bits in letters and digits that are not mistaken for each other.
pub fn password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters = secrets::random::<16>().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_article_has_a_title_and_a_body() {
        for text in ARTICLES {
            let article = article(text);
            assert!(
                text.starts_with("# ") && !article.title.is_empty() && article.body.len() > 200,
                "{}",
                article.title
            );
        }
    }
}
