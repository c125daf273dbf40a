//! What an account may use, and exact sums of what it has used: counted in the transaction of what they count.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Actor, Error, Result,
    app::App,
    db::{Row, Tx},
    ids::{AccountId, AssistantId},
    params,
};

/// What an account's plan allows. `None` is without limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub allows_social_messaging: bool,
    pub max_social_channels: i64,
    pub max_monthly_ai_tokens: Option<i64>,
    pub max_monthly_messages: Option<i64>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            allows_social_messaging: true,
            max_social_channels: 10,
            max_monthly_ai_tokens: None,
            max_monthly_messages: None,
        }
    }
}

impl Plan {
    pub(crate) fn check(&self) -> Result<()> {
        let limits = [Some(self.max_social_channels), self.max_monthly_ai_tokens, self.max_monthly_messages];
        if limits.into_iter().flatten().any(|limit| limit < 0) {
            return Err(Error::invalid("plan", "must not have negative limits"));
        }
        Ok(())
    }
}

/// The name of a limit, as the contract names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    AllowsSocialMessaging,
    MaxSocialChannels,
    MaxMonthlyAiTokens,
    MaxMonthlyMessages,
}

impl Limit {
    /// The name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Limit::AllowsSocialMessaging => "allowsSocialMessaging",
            Limit::MaxSocialChannels => "maxSocialChannels",
            Limit::MaxMonthlyAiTokens => "maxMonthlyAiTokens",
            Limit::MaxMonthlyMessages => "maxMonthlyMessages",
        }
    }
}

/// Sums of a month (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// `YYYY-MM`.
    pub month: String,
    /// Messages of visitors.
    pub messages: i64,
    /// Answers of assistants.
    pub answers: i64,
    pub input_tokens: i64,
    pub output_tokens: i64,
}

/// What the actor's account has used this month, and what it may use.
///
/// # Errors
/// [`Error::NotFound`] when the account is gone.
pub async fn this_month(app: &App, actor: &Actor) -> Result<(Plan, Usage)> {
    let account_id = actor.account_id();
    let month = month(app.now());
    let plan = crate::accounts::get(app, account_id).await?.plan;
    let usage = app.db.read(move |tx| Box::pin(async move { sum(tx, account_id, &month).await })).await?;
    Ok((plan, usage))
}

/// Counts one message of a visitor.
///
/// # Errors
/// [`Error::Usage`] when the month's messages are used up.
pub(crate) async fn count_message(
    tx: &mut Tx,
    account_id: AccountId,
    assistant_id: AssistantId,
    limit: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    let month = month(now);
    let sql =
        "insert into usage (account_id, assistant_id, month, messages, answers, input_tokens, output_tokens)
               values ($1, $2, $3, 1, 0, 0, 0)
               on conflict (account_id, assistant_id, month) do update set messages = usage.messages + 1";
    tx.exec(sql, params![account_id, assistant_id, &month]).await?;
    // The row is locked by now, so the sum is exact however many write at once.
    if let Some(limit) = limit
        && sum(tx, account_id, &month).await?.messages > limit
    {
        return Err(Error::Usage(Limit::MaxMonthlyMessages));
    }
    Ok(())
}

/// Adds what an answer has cost. An answer that was thrown away costs just as much.
pub(crate) async fn count_answer(
    tx: &mut Tx,
    account_id: AccountId,
    assistant_id: AssistantId,
    spent: model_client::Usage,
    now: Timestamp,
) -> Result<()> {
    let sql =
        "insert into usage (account_id, assistant_id, month, messages, answers, input_tokens, output_tokens)
               values ($1, $2, $3, 0, 1, $4, $5)
               on conflict (account_id, assistant_id, month) do update set
                 answers = usage.answers + 1,
                 input_tokens = usage.input_tokens + excluded.input_tokens,
                 output_tokens = usage.output_tokens + excluded.output_tokens";
    let (input, output) = tokens(spent);
    tx.exec(sql, params![account_id, assistant_id, &month(now), input, output]).await.map(drop)
}

/// What went in and what came out, as it is kept.
pub(crate) fn tokens(spent: model_client::Usage) -> (i64, i64) {
    let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
    (count(spent.input_tokens), count(spent.output_tokens))
}

/// Whether the account may still ask a model this month.
///
/// # Errors
/// [`Error::Usage`] when it may not.
pub(crate) async fn check_tokens(
    tx: &mut Tx,
    account_id: AccountId,
    plan: &Plan,
    now: Timestamp,
) -> Result<()> {
    let Some(limit) = plan.max_monthly_ai_tokens else { return Ok(()) };
    let used = sum(tx, account_id, &month(now)).await?;
    if used.input_tokens + used.output_tokens >= limit {
        return Err(Error::Usage(Limit::MaxMonthlyAiTokens));
    }
    Ok(())
}

async fn sum(tx: &mut Tx, account_id: AccountId, month: &str) -> Result<Usage> {
    let sql = "select cast(coalesce(sum(messages), 0) as bigint), cast(coalesce(sum(answers), 0) as bigint),
                 cast(coalesce(sum(input_tokens), 0) as bigint), cast(coalesce(sum(output_tokens), 0) as bigint)
               from usage where account_id = $1 and month = $2";
    let sums = |row: &Row<'_>| {
        Ok(Usage {
            month: String::new(),
            messages: row.get(0)?,
            answers: row.get(1)?,
            input_tokens: row.get(2)?,
            output_tokens: row.get(3)?,
        })
    };
    let usage = tx.one(sql, params![account_id, month], sums).await?;
    Ok(Usage { month: month.to_owned(), ..usage })
}

fn month(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()
}
