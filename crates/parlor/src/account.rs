//! `parlor account`: makes and changes accounts from the command line.

use anyhow::Result;
use parlor_core::{
    Actor, App,
    accounts::{self, NewAccount},
    assistants::AssistantChange,
    channels::{self, NewChannel},
    embeds::{self, NewEmbed},
    ids::AccountId,
};
use serde::Serialize;

use crate::{
    cli::{Account, AddAgent, ChangePlan, CreateAccount, ResetPassword},
    config::Config,
    database,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    account_id: String,
    email: String,
    #[serde(flatten)]
    channel: Option<CreatedChannel>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedChannel {
    channel_id: String,
    channel_token: String,
    embed_token: String,
}

/// An agent as it is said on the command line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NamedAgent {
    agent_id: String,
    account_id: String,
    email: String,
}

pub async fn run(config: &Config, order: Account) -> Result<()> {
    let app = database::open(config, config.listen).await?;
    let answer = match order {
        Account::Create(order) => create(&app, order).await,
        Account::Plan(order) => plan(&app, order).await,
        Account::Agent(order) => agent(&app, order).await,
        Account::Password(order) => password(&app, order).await,
    };
    app.db.close().await;
    println!("{}", answer?);
    Ok(())
}

async fn create(app: &App, order: CreateAccount) -> Result<String> {
    let CreateAccount { name, email, password, no_channel, json } = order;
    let (account, _) = accounts::create(app, NewAccount { name, email: email.clone(), password }).await?;
    let channel = match no_channel {
        true => None,
        false => Some(open_channel(app, &account).await?),
    };
    let created = Created { account_id: account.id.to_string(), email: email.trim().to_lowercase(), channel };
    if json {
        return Ok(serde_json::to_string(&created)?);
    }
    let mut lines = format!("Account        {}\nE-mail         {}", created.account_id, created.email);
    if let Some(CreatedChannel { channel_id, channel_token, embed_token }) = &created.channel {
        lines += &format!(
            "\nChannel        {channel_id}\nChannel token  {channel_token}\nEmbed token    {embed_token}"
        );
    }
    Ok(lines)
}

/// A website channel, and an embed token for it that every page may use.
async fn open_channel(app: &App, account: &accounts::Account) -> Result<CreatedChannel> {
    let operator = Actor::Operator(account.id);
    let new = NewChannel { display_name: account.name.clone(), assistant: AssistantChange::default() };
    let channel = channels::create_website(app, &operator, new).await?;
    let new = NewEmbed { name: account.name.clone(), ..NewEmbed::default() };
    let (_, embed_token) = embeds::create(app, &operator, new).await?;
    Ok(CreatedChannel { channel_id: channel.id.to_string(), channel_token: channel.token, embed_token })
}

async fn plan(app: &App, order: ChangePlan) -> Result<String> {
    let id = AccountId(order.account);
    let mut plan = accounts::get(app, id).await?.plan;
    if let Some(allowed) = order.allows_social_messaging {
        plan.allows_social_messaging = allowed;
    }
    if let Some(most) = order.max_social_channels {
        plan.max_social_channels = most;
    }
    if let Some(ceiling) = order.max_monthly_ai_tokens {
        plan.max_monthly_ai_tokens = ceiling.0;
    }
    if let Some(ceiling) = order.max_monthly_messages {
        plan.max_monthly_messages = ceiling.0;
    }
    accounts::set_plan(app, id, plan).await?;
    let shown = serde_json::json!({
        "accountId": id.to_string(),
        "allowsSocialMessaging": plan.allows_social_messaging,
        "maxSocialChannels": plan.max_social_channels,
        "maxMonthlyAiTokens": plan.max_monthly_ai_tokens,
        "maxMonthlyMessages": plan.max_monthly_messages,
    });
    Ok(shown.to_string())
}

async fn agent(app: &App, order: AddAgent) -> Result<String> {
    let AddAgent { account, name, email, password, role } = order;
    let account_id = AccountId(account);
    let new = NewAccount { name, email: email.clone(), password };
    let agent_id = accounts::add_agent(app, account_id, role.into(), new).await?;
    let added = NamedAgent {
        agent_id: agent_id.to_string(),
        account_id: account_id.to_string(),
        email: email.trim().to_lowercase(),
    };
    Ok(serde_json::to_string(&added)?)
}

/// A server that runs meanwhile refuses the old sign-ins at once, and closes within a minute what they hold open.
async fn password(app: &App, order: ResetPassword) -> Result<String> {
    let agent = accounts::reset_password(app, &order.email, order.password).await?;
    let changed = NamedAgent {
        agent_id: agent.id.to_string(),
        account_id: agent.account_id.to_string(),
        email: agent.email,
    };
    Ok(serde_json::to_string(&changed)?)
}
