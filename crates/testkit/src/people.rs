//! Who comes to a shop, and who works there.

use std::ops::Deref;

use parlor_core::ids::AccountId;
use serde_json::json;

use crate::{
    hub::HubClient,
    rest::{Answer, Client},
};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// An account with its owner and its website channel.
pub struct Shop {
    pub account_id: AccountId,
    pub owner: Staff,
    pub channel_id: String,
    pub channel_token: String,
}

/// Somebody who has signed in; dereferences to a [`Client`] that speaks in their name.
pub struct Staff {
    client: Client,
    pub email: String,
    pub password: &'static str,
    pub token: String,
    pub refresh_token: String,
}

/// Somebody on a shop's page.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    pub channel_token: String,
    pub session_id: String,
}

impl Staff {
    pub(crate) fn new(url: String, email: &str, token: String, refresh_token: String) -> Staff {
        let client = Client::new(url).bearer(&token);
        Staff { client, email: email.to_owned(), password: PASSWORD, token, refresh_token }
    }

    /// Replies by hand.
    pub async fn replies(&self, conversation_id: &str, text: &str) -> Answer {
        let path = format!("/api/v1/store/social/conversations/{conversation_id}/messages");
        self.client.post(&path, &json!({ "text": text })).await
    }

    /// A connection to the staff's hub that hears what happens in the store.
    pub async fn hub(&self) -> HubClient {
        let path = "/hubs/store-conversations";
        let hub = HubClient::connect(self.client.url(), path, Some(&self.token))
            .await
            .expect("the hub takes staff");
        hub.invoke("JoinStore", []).await.expect("staff may join their store");
        hub
    }
}

impl Deref for Staff {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Visitor {
    pub(crate) fn new(client: Client, channel_token: &str, session_id: String) -> Visitor {
        Visitor { client, channel_token: channel_token.to_owned(), session_id }
    }

    /// Writes over REST; the answer holds the whole history.
    pub async fn writes(&self, text: &str) -> Answer {
        self.posts("messages", json!({ "sessionId": self.session_id, "text": text })).await
    }

    /// Sends any body to `/api/v1/widget/chat/{token}/{path}`.
    pub async fn posts(&self, path: &str, body: serde_json::Value) -> Answer {
        self.client.post(&format!("/api/v1/widget/chat/{}/{path}", self.channel_token), &body).await
    }

    /// A connection that hears `MessageReceived`, as the contract's widget does.
    pub async fn joins(&self) -> HubClient {
        let hub = self.connects().await;
        let arguments = [json!(self.channel_token), json!(self.session_id)];
        hub.invoke("JoinSession", arguments).await.expect("a visitor may join");
        hub
    }

    /// A connection that hears our own widget's events, and what it was told at first.
    pub async fn joins_own(&self, last_seq: Option<i64>) -> (HubClient, serde_json::Value) {
        let hub = self.connects().await;
        let arguments = [json!(self.channel_token), json!(self.session_id), json!(last_seq)];
        let synced = hub.invoke("Join", arguments).await.expect("a visitor may join");
        (hub, synced)
    }

    /// Writes over a hub, as the contract's widget does.
    pub async fn says(&self, hub: &HubClient, text: &str) -> Result<serde_json::Value, String> {
        let arguments = [json!(self.channel_token), json!(self.session_id), json!(text), json!(null)];
        hub.invoke("SendMessage", arguments).await
    }

    async fn connects(&self) -> HubClient {
        HubClient::connect(self.client.url(), "/hubs/widget-chat", None).await.expect("the hub takes anybody")
    }
}
