//! How somebody joins a team (`org.md` A).

use serde_json::{Value, json};
use testkit::{Client, TestApp};

use crate::forms::{browser_with, cookie, send, submit};

const NEW: &str = "a password of my own";

async fn invited(browser: &Client, email: &str, role: &str) -> Value {
    browser.post("/api/team/invites", &json!({ "email": email, "role": role })).await.expect(201)
}

/// Where the link leads, on this server.
fn path(app: &TestApp, invite: &Value) -> String {
    let link = invite["link"].as_str().expect("a link");
    link.strip_prefix(&app.url()).unwrap_or_else(|| panic!("{link} is not ours")).to_owned()
}

#[tokio::test]
async fn an_invited_person_joins_by_the_link_once() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let invite = invited(&owner, " New@Shop.example ", "agent").await;
    let keys: Vec<&String> = invite.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["created_at", "email", "expires_at", "id", "invited_by", "link", "role"]);
    assert_eq!(invite["email"], "new@shop.example");
    let path = path(&app, &invite);
    let token = path.strip_prefix("/auth/invite/pi_").expect("it says what it is");
    assert!(token.len() > 27 + 33, "160 random bits or more: {token}");

    // The list does not show the link again.
    let waiting = owner.get("/api/team/invites").await.expect(200);
    assert_eq!((&waiting[0]["id"], &waiting[0]["link"]), (&invite["id"], &Value::Null));
    assert_eq!(waiting[0]["invited_by"]["name"], "A shop");

    let page = app.anonymous().get(&path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Join A shop") && page.text.contains("new@shop.example"), "{}", page.text);
    let short = submit(&app.anonymous(), &path, &[("name", "Ada <b>"), ("password", "short")]).await;
    assert_eq!(short.status, 400);
    assert!(short.text.contains("The password must have 8 to 256 characters."), "{}", short.text);
    assert!(short.text.contains(r#"value="Ada &lt;b&gt;""#), "{}", short.text);
    let nameless = submit(&app.anonymous(), &path, &[("name", " "), ("password", NEW)]).await;
    assert_eq!(nameless.status, 400);

    let joined = submit(&app.anonymous(), &path, &[("name", "Ada"), ("password", NEW)]).await;
    assert_eq!((joined.status, joined.header("location")), (303, "/inbox"));
    let browser = browser_with(&app.anonymous(), &cookie(&joined)).await;
    let me = browser.get("/api/me").await.expect(200);
    assert_eq!(
        (&me["name"], &me["email"], &me["role"]),
        (&json!("Ada"), &json!("new@shop.example"), &json!("agent"))
    );
    let login = json!({ "email": "new@shop.example", "password": NEW });
    app.anonymous().post("/api/v1/auth/login", &login).await.expect(200);
    assert_eq!(owner.get("/api/team/invites").await.expect(200), json!([]));

    let again = submit(&app.anonymous(), &path, &[("name", "Eve"), ("password", NEW)]).await;
    assert_eq!((again.status, again.header("set-cookie")), (404, ""));
    let page = app.anonymous().get(&path).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("This invitation cannot be used"), "{}", page.text);
}

#[tokio::test]
async fn of_two_who_come_with_one_link_one_joins() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let path = path(&app, &invited(&owner, "new@shop.example", "viewer").await);
    let anonymous = app.anonymous();
    let join = |name| {
        let body = json!({ "name": name, "password": NEW });
        let (anonymous, path) = (anonymous.clone(), path.clone());
        async move { anonymous.post(&path, &body).await }
    };
    let (one, two) = tokio::join!(join("One"), join("Two"));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "{} {}", one.text, two.text);
}

#[tokio::test]
async fn an_invitation_is_revoked_replaced_or_expires() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let body = json!({ "name": "Ada", "password": NEW });
    let gone = async |path: &str| app.anonymous().post(path, &body).await.expect(404);

    let revoked = invited(&owner, "one@shop.example", "agent").await;
    let id = revoked["id"].as_str().expect("an id");
    assert_eq!(owner.delete(&format!("/api/team/invites/{id}")).await.status, 204);
    owner.delete(&format!("/api/team/invites/{id}")).await.expect(404);
    assert_eq!(gone(&path(&app, &revoked)).await["error"], "Invitation not found.");

    let lost = invited(&owner, "two@shop.example", "agent").await;
    let found = invited(&owner, "Two@shop.example", "viewer").await;
    gone(&path(&app, &lost)).await;
    assert_eq!(owner.get("/api/team/invites").await.expect(200).as_array().map(Vec::len), Some(1));
    let joined = app.anonymous().post(&path(&app, &found), &body).await.expect(200);
    assert_eq!(joined["role"], "viewer");

    let old = invited(&owner, "three@shop.example", "agent").await;
    app.within(|app| async move {
        let now = app.now();
        let age = app.db.write(move |tx| {
            Box::pin(
                async move { tx.exec("update invites set expires_at = $1", parlor_core::params![now]).await },
            )
        });
        age.await.expect("the database takes it")
    })
    .await;
    gone(&path(&app, &old)).await;
    assert_eq!(owner.get("/api/team/invites").await.expect(200), json!([]));
    // An address is free again for the next one.
    invited(&owner, "three@shop.example", "agent").await;
}

#[tokio::test]
async fn nobody_promises_more_than_they_have() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let (admin, agent) = (app.agent(&shop, "admin").await, app.agent(&shop, "agent").await);
    let owner = app.browser(&shop.owner).await;
    let (by_admin, by_agent) = (app.browser(&admin).await, app.browser(&agent).await);
    let owners = "Only an owner may do this.";
    let invitation = json!({ "email": "boss@shop.example", "role": "owner" });
    assert_eq!(by_admin.post("/api/team/invites", &invitation).await.expect(403)["error"], owners);
    let invitation = json!({ "email": "new@shop.example", "role": "viewer" });
    by_agent.post("/api/team/invites", &invitation).await.expect(403);
    by_agent.get("/api/team/invites").await.expect(403);

    // What an owner has promised, an admin neither takes back nor replaces.
    let promised = invited(&owner, "boss@shop.example", "owner").await;
    let id = promised["id"].as_str().expect("an id");
    assert_eq!(by_admin.delete(&format!("/api/team/invites/{id}")).await.expect(403)["error"], owners);
    let lower = json!({ "email": "boss@shop.example", "role": "viewer" });
    assert_eq!(by_admin.post("/api/team/invites", &lower).await.expect(403)["error"], owners);

    // What somebody may no longer promise is promised no longer.
    let theirs = invited(&by_admin, "friend@shop.example", "admin").await;
    let team = owner.get("/api/team").await.expect(200);
    let id = team.as_array().into_iter().flatten().find(|member| member["email"] == admin.email);
    let id = id.expect("a member")["id"].as_str().expect("an id");
    owner.patch(&format!("/api/team/{id}"), &json!({ "role": "agent" })).await.expect(200);
    assert_eq!(app.anonymous().get(&path(&app, &theirs)).await.status, 404);
    assert_eq!(app.anonymous().get(&path(&app, &promised)).await.status, 200);
}

#[tokio::test]
async fn a_removed_persons_address_can_be_invited_again() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let agent = app.agent(&shop, "agent").await;
    let owner = app.browser(&shop.owner).await;
    let again = json!({ "email": agent.email, "role": "admin" });
    let refused = owner.post("/api/team/invites", &again).await.expect(409);
    assert_eq!(refused["error"], "This person is in the team already.");
    let id = owner.get("/api/team").await.expect(200)[1]["id"].as_str().expect("an id").to_owned();
    assert_eq!(owner.delete(&format!("/api/team/{id}")).await.status, 204);
    let path = path(&app, &invited(&owner, &agent.email, "admin").await);
    let back = app.anonymous().post(&path, &json!({ "name": "Back", "password": NEW })).await.expect(200);
    assert_eq!((&back["email"], &back["role"]), (&json!(agent.email), &json!("admin")));
    assert_ne!(back["id"], json!(id), "nobody gets the old sign-ins and keys back");
}

#[tokio::test]
async fn one_address_works_for_one_account() {
    let app = TestApp::start().await;
    let (shop, other) = (app.shop().await, app.shop().await);
    let owner = app.browser(&shop.owner).await;
    // Who works elsewhere is not told to whoever invites, only to whoever holds the link.
    let path = path(&app, &invited(&owner, &other.owner.email, "agent").await);
    let body = json!({ "name": "Ada", "password": NEW });
    let refused = app.anonymous().post(&path, &body).await.expect(409);
    assert_eq!(refused["error"], "This e-mail address is taken.");
    let page = submit(&app.anonymous(), &path, &[("name", "Ada"), ("password", NEW)]).await;
    assert_eq!((page.status, page.header("set-cookie")), (409, ""));
    assert!(page.text.contains("This e-mail address is taken."), "{}", page.text);
    app.browser(&other.owner).await;
}

#[tokio::test]
async fn bad_invitations_are_refused() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    for (invitation, reason) in [
        (json!({ "email": "nobody", "role": "agent" }), "email must be an e-mail address."),
        (json!({ "email": "a\u{0}@b.example", "role": "agent" }), "email must be an e-mail address."),
        (
            json!({ "email": format!("{}@b.example", "a".repeat(300)), "role": "agent" }),
            "email must be an e-mail address.",
        ),
        (json!({ "email": "a@b.example", "role": "king" }), "role must be owner, admin, agent or viewer."),
    ] {
        assert_eq!(owner.post("/api/team/invites", &invitation).await.expect(400)["error"], reason);
    }
    for invitation in [json!({}), json!([]), json!({ "email": ["a@b.example"], "role": "agent" })] {
        owner.post("/api/team/invites", &invitation).await.expect(400);
    }
    let invitation = json!({ "email": "a@b.example", "role": "agent" });
    owner.without_csrf().post("/api/team/invites", &invitation).await.expect(403);
    app.anonymous().post("/api/team/invites", &invitation).await.expect(401);
    assert_eq!(owner.get("/api/team/invites").await.expect(200), json!([]));
}

#[tokio::test]
async fn only_the_whole_link_leads_in() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    let good = path(&app, &invited(&owner, "new@shop.example", "agent").await);
    let cut = &good[..good.len() - 1];
    let changed = format!("{cut}{}", if good.ends_with('A') { 'B' } else { 'A' });
    let body = json!({ "name": "Eve", "password": NEW });
    for wrong in [
        cut,
        changed.as_str(),
        &good.replace("pi_", "pk_"),
        &good.replace("pi_", "bs_"),
        "/auth/invite/pi_",
        "/auth/invite/pi_00000000000000000000000000000000_",
        "/auth/invite/%00",
        "/auth/invite/%F0%9F%92%A5",
    ] {
        assert_eq!(app.anonymous().get(wrong).await.status, 404, "{wrong}");
        assert_eq!(app.anonymous().post(wrong, &body).await.status, 404, "{wrong}");
    }
    // A foreign page joins nobody.
    let form = "application/x-www-form-urlencoded";
    let (anonymous, elsewhere) = (app.anonymous(), [("sec-fetch-site", "cross-site")]);
    let foreign = send(&anonymous, &good, form, "name=Eve&password=12345678", &elsewhere).await;
    assert_eq!(foreign.status, 403);
    app.anonymous().post(&good, &body).await.expect(200);
}

#[tokio::test]
async fn not_more_than_a_hundred_wait() {
    let app = TestApp::start().await;
    let shop = app.shop().await;
    let owner = app.browser(&shop.owner).await;
    for number in 0..100 {
        invited(&owner, &format!("new{number}@shop.example"), "viewer").await;
    }
    let one_more = json!({ "email": "late@shop.example", "role": "viewer" });
    let refused = owner.post("/api/team/invites", &one_more).await.expect(409);
    assert_eq!(refused["error"], "Too many invitations wait. Revoke one first.");
    // To replace one that waits makes no more of them.
    invited(&owner, "new7@shop.example", "agent").await;
}
