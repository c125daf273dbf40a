//! `parlor demo`: fills an account with conversations, to try the inbox with as many as a busy shop has.

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result, bail, ensure};
use parlor_core::{
    Actor, App, Permission,
    accounts::{self, NewAccount},
    actor::Role,
    assistants::AssistantChange,
    channels::{self, Channel, NewChannel},
    ids::{AccountId, AgentId},
    import,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::Fill,
    config::Config,
    database, demo,
    stories::{Place, Shop, Teller},
};

/// Who answers beside the people that are there. Nobody signs in as one of them: their passwords are not kept.
const COLLEAGUES: [&str; 5] = ["Mara Lindt", "Tomás Rey", "Aylin Demir", "Jonas Falk", "Chloé Martin"];

pub async fn run(config: &Config, order: Fill) -> Result<()> {
    ensure!(order.conversations >= 1, "there must be at least one conversation");
    ensure!(order.messages >= order.conversations, "every conversation has at least one message");
    let app = database::open(config, config.listen).await?;
    let filled = fill(&app, config, &order).await;
    app.db.close().await;
    println!("{}", filled?);
    Ok(())
}

async fn fill(app: &App, config: &Config, order: &Fill) -> Result<String> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let (account_id, sign_in) = account(app, config, order).await?;
    let operator = Actor::Operator(account_id);
    let shop = furnish(app, &operator).await?;
    let teller = Teller::new(shop, app.now(), order.seed, order.conversations, order.messages);
    let mut progress = Progress::new(order.conversations);
    let mut some = Vec::with_capacity(import::AT_ONCE);
    let mut stopped = "";
    let mut stories = teller.peekable();
    while let Some(story) = stories.next() {
        let story = story?;
        progress.add(&story);
        some.push(story);
        if some.len() < import::AT_ONCE && stories.peek().is_some() {
            continue;
        }
        let stored = std::mem::replace(&mut some, Vec::with_capacity(import::AT_ONCE));
        // A transaction that has begun is waited for, whatever the terminal says.
        import::conversations(app, &operator, stored).await?;
        progress.show();
        if tokio::time::timeout(std::time::Duration::ZERO, interrupt.recv()).await.is_ok() {
            stopped = " (stopped before the end)";
            break;
        }
    }
    progress.end();
    let Progress { conversations, messages, .. } = progress;
    let mut lines = format!(
        "Account        {account_id}\nConversations  {conversations}{stopped}\nMessages       {messages}"
    );
    if let Some(sign_in) = sign_in {
        lines += &format!("\nSign-in        {}\nPassword       {}", sign_in.email, sign_in.password);
    }
    Ok(lines)
}

/// The account that was named, or the demo account. In a database without any account the demo account is made.
async fn account(app: &App, config: &Config, order: &Fill) -> Result<(AccountId, Option<demo::SignIn>)> {
    if let Some(id) = order.account {
        let id = AccountId(id);
        accounts::get(app, id).await?;
        return Ok((id, None));
    }
    match demo::prepare(app, &config.data).await.context("cannot prepare the demo account")? {
        Some(sign_in) => Ok((sign_in.account(), Some(sign_in))),
        None => bail!("there is no demo account here; name an account with --account"),
    }
}

/// Sees to it that there is a channel to write on, and people to answer.
async fn furnish(app: &App, operator: &Actor) -> Result<Shop> {
    let mut open = channels::list(app, operator).await?;
    open.retain(|channel| channel.deleted_at.is_none());
    if open.is_empty() {
        let new = NewChannel { display_name: "Chat".into(), assistant: AssistantChange::default() };
        open.push(channels::create_website(app, operator, new).await?);
    }
    if let [only] = open.as_slice() {
        let app_channel = channels::create_mobile(app, operator, only.own_assistant, "App").await?;
        open.push(app_channel);
    }
    let place = |channel: Channel| Place {
        channel_id: channel.id,
        assistant: (channel.own_assistant, channel.assistant.name),
    };
    Ok(Shop { channels: open.into_iter().map(place).collect(), agents: agents(app, operator).await? })
}

/// The people who may answer; a small team is given colleagues.
async fn agents(app: &App, operator: &Actor) -> Result<Vec<(AgentId, String)>> {
    let account_id = operator.account_id();
    let team = accounts::team(app, operator).await?;
    let may = team
        .into_iter()
        .filter(|member| member.role.permissions().contains(&Permission::ManageConversations));
    let mut agents: Vec<(AgentId, String)> = may.map(|member| (member.id, member.name)).collect();
    for (number, name) in COLLEAGUES.iter().enumerate().skip(agents.len().saturating_sub(1)) {
        let email = format!("agent{number}.{}@parlor.example", account_id.0.simple());
        let new = NewAccount { name: (*name).into(), email, password: demo::password() };
        agents.push((accounts::add_agent(app, account_id, Role::Agent, new).await?, (*name).into()));
    }
    Ok(agents)
}

/// How far it is: a line that is written over on a terminal, a line for every twentieth elsewhere.
struct Progress {
    of: u64,
    conversations: u64,
    messages: u64,
    shown: u64,
}

impl Progress {
    fn new(of: u64) -> Progress {
        Progress { of, conversations: 0, messages: 0, shown: 0 }
    }

    fn add(&mut self, story: &import::PastConversation) {
        self.conversations += 1;
        self.messages += story.sessions.iter().map(|session| session.messages.len() as u64).sum::<u64>();
    }

    fn show(&mut self) {
        let Progress { of, conversations, messages, shown } = *self;
        let said = format!("{conversations} of {of} conversations, {messages} messages");
        if std::io::stderr().is_terminal() {
            let filled = usize::try_from(conversations * 30 / of).unwrap_or_default();
            eprint!("\r[{}{}] {said}", "█".repeat(filled), " ".repeat(30 - filled.min(30)));
            // Whether the line can be seen now or a moment later is all the same.
            let _ = std::io::stderr().flush();
        } else if conversations * 20 / of > shown {
            eprintln!("{said}");
            self.shown = conversations * 20 / of;
        }
    }

    fn end(&self) {
        if std::io::stderr().is_terminal() {
            eprintln!();
        }
    }
}
