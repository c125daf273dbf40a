//! Who works here, and what ends when they go (`org.md` A).

use parlor_core::{Actor, Event, accounts, bus::Heard};
use serde_json::{Value, json};
use testkit::{Client, Staff, TestApp};

const USAGE: &str = "/api/v1/store/usage";
const CONVERSATIONS: &str = "/api/v1/store/social/conversations";

async fn id_of(browser: &Client, staff: &Staff) -> String {
    let team = browser.get("/api/team").await.expect(200);
    let member = team.as_array().into_iter().flatten().find(|member| member["email"] == staff.email);
    member.unwrap_or_else(|| panic!("{team}"))["id"].as_str().expect("an id").to_owned()
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().expect("an object").keys().collect()
}

#[tokio::test]
async fn everybody_sees_who_works_here_and_nobody_else() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let viewer = app.agent(&shop, "viewer").await;
    let browser = app.browser(&viewer).await;
    let team = browser.get("/api/team").await.expect(200);
    assert_eq!(team.as_array().map(Vec::len), Some(2), "{team}");
    assert_eq!(keys(&team[0]), ["created_at", "email", "id", "name", "role", "status"]);
    assert_eq!((&team[0]["email"], &team[0]["role"]), (&json!(shop.owner.email), &json!("owner")));
    assert_eq!((&team[1]["email"], &team[1]["status"]), (&json!(viewer.email), &json!("offline")));
    let theirs = app.browser(&other.owner).await.get("/api/team").await.expect(200);
    assert_eq!(theirs.as_array().map(Vec::len), Some(1), "{theirs}");
    app.anonymous().get("/api/team").await.expect(401);
}

#[tokio::test]
async fn a_role_counts_at_once() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let agent = app.agent(&shop, "agent").await;
    let (owner, browser) = (app.browser(&shop.owner).await, app.browser(&agent).await);
    let path = format!("/api/team/{}", id_of(&owner, &agent).await);
    browser.get("/api/team/invites").await.expect(403);
    let raised = owner.patch(&path, &json!({ "role": "admin" })).await.expect(200);
    assert_eq!((&raised["role"], &raised["name"]), (&json!("admin"), &json!("agent")));
    browser.get("/api/team/invites").await.expect(200);
    owner.patch(&path, &json!({ "role": "viewer", "name": " Vi " })).await.expect(200);
    let me = browser.get("/api/me").await.expect(200);
    assert_eq!((&me["role"], &me["name"]), (&json!("viewer"), &json!("Vi")));
    assert_eq!(me["permissions"], json!(["store.social_channels.view", "store.conversations.view"]));
    // An access token from before is worth no more than the role now.
    let article = json!({ "title": "T", "body": "B" });
    agent.post("/api/v1/store/knowledge", &article).await.expect(403);
}

#[tokio::test]
async fn each_role_manages_those_below_owners_and_no_more() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let (admin, agent) = (app.agent(&shop, "admin").await, app.agent(&shop, "agent").await);
    let second = app.agent(&shop, "owner").await;
    let (by_admin, by_agent) = (app.browser(&admin).await, app.browser(&agent).await);
    let by_owner = app.browser(&shop.owner).await;
    let path = async |staff: &Staff| format!("/api/team/{}", id_of(&by_owner, staff).await);

    let owners = "Only an owner may do this.";
    let admins = "Only an owner or an admin may do this.";
    for (browser, path, change, reason) in [
        (&by_admin, path(&shop.owner).await, json!({ "role": "agent" }), owners),
        (&by_admin, path(&shop.owner).await, json!({ "name": "Nobody" }), owners),
        (&by_admin, path(&agent).await, json!({ "role": "owner" }), owners),
        (&by_admin, path(&admin).await, json!({ "role": "owner" }), owners),
        (&by_agent, path(&agent).await, json!({ "role": "admin" }), admins),
        (&by_agent, path(&agent).await, json!({ "role": "agent", "name": "A" }), admins),
        (&by_agent, path(&admin).await, json!({ "name": "Nobody" }), admins),
    ] {
        assert_eq!(browser.patch(&path, &change).await.expect(403)["error"], reason, "{change}");
    }
    assert_eq!(by_admin.delete(&path(&second).await).await.expect(403)["error"], owners);
    assert_eq!(by_agent.delete(&path(&agent).await).await.expect(403)["error"], admins);

    // One's own name is one's own.
    let named = by_agent.patch(&path(&agent).await, &json!({ "name": "Ada" })).await.expect(200);
    assert_eq!(named["name"], "Ada");
    by_admin.patch(&path(&agent).await, &json!({ "role": "viewer" })).await.expect(200);
    assert_eq!(by_admin.delete(&path(&agent).await).await.status, 204);
    assert_eq!(by_owner.delete(&path(&second).await).await.status, 204);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let own = format!("/api/team/{}", id_of(&owner, &shop.owner).await);
    let last = "An account needs an owner: this is the last one.";
    assert_eq!(owner.patch(&own, &json!({ "role": "admin" })).await.expect(409)["error"], last);
    assert_eq!(owner.delete(&own).await.expect(409)["error"], last);
    owner.patch(&own, &json!({ "role": "owner" })).await.expect(200);

    // Two owners who go at the same time: one of them stays.
    let second = app.agent(&shop, "owner").await;
    let other = app.browser(&second).await;
    let others = format!("/api/team/{}", id_of(&owner, &second).await);
    let (one, two) = tokio::join!(owner.delete(&own), other.delete(&others));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}

#[tokio::test]
async fn a_bad_change_of_a_member_changes_nothing() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let agent = app.agent(&shop, "agent").await;
    let owner = app.browser(&shop.owner).await;
    let path = format!("/api/team/{}", id_of(&owner, &agent).await);
    let roles = "role must be owner, admin, agent or viewer.";
    let names = "name must have 1 to 100 printable characters.";
    for (change, reason) in [
        (json!({ "role": "king" }), roles),
        (json!({ "role": "" }), roles),
        (json!({ "role": "Owner" }), roles),
        (json!({ "name": "" }), names),
        (json!({ "name": "a\u{0}b" }), names),
        (json!({ "name": "a".repeat(101), "role": "viewer" }), names),
    ] {
        assert_eq!(owner.patch(&path, &change).await.expect(400)["error"], reason);
    }
    for change in [json!([]), json!({ "role": 1 }), json!(null)] {
        assert!(owner.patch(&path, &change).await.expect(400)["error"].is_string());
    }
    let team = owner.get("/api/team").await.expect(200);
    assert_eq!((&team[1]["name"], &team[1]["role"]), (&json!("agent"), &json!("agent")));
}

#[tokio::test]
async fn another_accounts_people_are_not_found() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let theirs = app.browser(&other.owner).await;
    let invited = json!({ "email": "new@other.example", "role": "agent" });
    let invite = theirs.post("/api/team/invites", &invited).await.expect(201);
    let scopes = json!({ "name": "K", "scopes": ["store.conversations.view"] });
    let key = theirs.post("/api/api-keys", &scopes).await.expect(201);
    let member = format!("/api/team/{}", id_of(&theirs, &other.owner).await);
    let owner = app.browser(&shop.owner).await;
    for path in [
        member.clone(),
        format!("/api/team/invites/{}", invite["id"].as_str().expect("an id")),
        format!("/api/api-keys/{}", key["id"].as_str().expect("an id")),
        "/api/team/018f0000-0000-7000-8000-000000000000".to_owned(),
        "/api/team/none".to_owned(),
    ] {
        owner.delete(&path).await.expect(404);
    }
    owner.patch(&member, &json!({ "role": "viewer" })).await.expect(404);
    owner.patch(&member, &json!({ "name": "Mine" })).await.expect(404);
    assert_eq!(theirs.get("/api/team").await.expect(200)[0]["role"], "owner");
    assert_eq!(theirs.get("/api/team/invites").await.expect(200)[0]["id"], invite["id"]);
    assert_eq!(theirs.get("/api/api-keys").await.expect(200)[0]["id"], key["id"]);
}

#[tokio::test]
async fn who_is_removed_is_out_at_once_everywhere() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let admin = app.agent(&shop, "admin").await;
    let (owner, browser) = (app.browser(&shop.owner).await, app.browser(&admin).await);
    let hub = admin.hub().await;
    let scopes = json!({ "name": "K", "scopes": ["store.conversations.view"] });
    let made = browser.post("/api/api-keys", &scopes).await.expect(201);
    let program = app.anonymous().bearer(made["key"].as_str().expect("a key"));
    program.get(CONVERSATIONS).await.expect(200);
    let invited = json!({ "email": "friend@shop.example", "role": "admin" });
    let invite = browser.post("/api/team/invites", &invited).await.expect(201);

    let id = id_of(&owner, &admin).await;
    assert_eq!(owner.delete(&format!("/api/team/{id}")).await.status, 204);
    hub.closed().await;
    browser.get("/api/me").await.expect(401);
    admin.get(USAGE).await.expect(401);
    program.get(CONVERSATIONS).await.expect(401);
    let renewal = json!({ "refreshToken": admin.refresh_token });
    app.anonymous().post("/api/v1/auth/refresh", &renewal).await.expect(401);
    let login = json!({ "email": admin.email, "password": admin.password });
    app.anonymous().post("/auth/login", &login).await.expect(401);
    app.anonymous().post("/api/v1/auth/login", &login).await.expect(401);
    // Nor do they come back by a door they have left open.
    let link = invite["link"].as_str().expect("a link").replace(&app.url(), "");
    assert_eq!(app.anonymous().get(&link).await.status, 404);
    assert_eq!(owner.get("/api/api-keys").await.expect(200), json!([]));
    assert_eq!(owner.get("/api/team").await.expect(200).as_array().map(Vec::len), Some(1));
    owner.delete(&format!("/api/team/{id}")).await.expect(404);
    owner.patch(&format!("/api/team/{id}"), &json!({ "role": "agent" })).await.expect(404);
}

#[tokio::test]
async fn what_the_removed_were_working_on_goes_back_to_the_queue() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let agent = app.agent(&shop, "agent").await;
    let owner = app.browser(&shop.owner).await;
    let id = id_of(&owner, &agent).await;
    let mut conversations = Vec::new();
    for _ in 0..3 {
        app.visitor(&shop).writes("Hello").await.expect(200);
    }
    let listed = shop.owner.get(CONVERSATIONS).await.expect(200);
    for conversation in listed["items"].as_array().expect("a list") {
        conversations.push(conversation["id"].as_str().expect("an id").to_owned());
    }
    for conversation in &conversations {
        let path = format!("{CONVERSATIONS}/{conversation}/assign");
        let assigned = agent.post(&path, &json!({ "userId": id })).await;
        assert_eq!(assigned.status, 200, "{}", assigned.text);
    }
    let resolved = &conversations[2];
    assert_eq!(agent.post_empty(&format!("{CONVERSATIONS}/{resolved}/resolve")).await.status, 200);

    let (account_id, core) = (shop.account_id, app.core());
    let mut listener = core.bus.listen();
    assert_eq!(owner.delete(&format!("/api/team/{id}")).await.status, 204);
    let mut released = Vec::new();
    while released.len() < 2 {
        let Some(Heard::Event(event)) = listener.next().await else { panic!("the bus tells everything") };
        if let Event::ConversationChanged { conversation } = &*event {
            assert_eq!((conversation.account_id, conversation.session.assignee), (account_id, None));
            assert_eq!(conversation.session.assigned_at, None);
            released.push(conversation.id.to_string());
        }
    }
    released.sort();
    let mut open = conversations[..2].to_vec();
    open.sort();
    assert_eq!(released, open);
    // What is closed keeps its history; opened again, it belongs to nobody.
    let session = async |of: &str| {
        let id = parlor_core::ids::ConversationId(of.parse().expect("an id"));
        let read = app.within(move |app| async move {
            let operator = Actor::Operator(account_id);
            parlor_core::conversations::get(&app, &operator, id, None).await
        });
        read.await.expect("it is there").0.session
    };
    assert!(session(resolved).await.assignee.is_some());
    assert_eq!(shop.owner.post_empty(&format!("{CONVERSATIONS}/{resolved}/reopen")).await.status, 200);
    assert_eq!(session(resolved).await.assignee, None);
    // Nobody assigns to somebody who is gone.
    let path = format!("{CONVERSATIONS}/{resolved}/assign");
    assert_eq!(shop.owner.post(&path, &json!({ "userId": id })).await.status, 404);
}

#[tokio::test]
async fn a_reset_by_the_operator_ends_everything() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let browser = app.browser(&shop.owner).await;
    let hub = shop.owner.hub().await;
    let email = shop.owner.email.to_uppercase();
    let reset = app
        .within(
            |app| async move { accounts::reset_password(&app, &email, "a whole new password".into()).await },
        )
        .await;
    reset.expect("the operator may");
    hub.closed().await;
    browser.get("/api/me").await.expect(401);
    shop.owner.get(USAGE).await.expect(401);
}

#[tokio::test]
async fn a_sign_in_that_another_process_ended_closes_what_it_holds_open() {
    let app = TestApp::builder()
        .settings(|settings| settings.sweep = std::time::Duration::from_millis(200))
        .start()
        .await;
    let shop = app.shop().await;
    let hub = shop.owner.hub().await;
    // As the command line does it: in the database, with nobody told here.
    app.within(|app| async move {
        let now = app.now();
        let end = app.db.write(move |tx| {
            Box::pin(async move {
                let sql = "update sign_ins set ended_at = $1 where ended_at is null";
                tx.exec(sql, parlor_core::params![now]).await
            })
        });
        end.await.expect("the database takes it")
    })
    .await;
    hub.closed().await;
}
