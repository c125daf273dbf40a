use serde_json::{Value, json};
use testkit::Place;

use crate::program::{Server, bare, json, parlor, stderr, stdout};

const PASSWORD: &str = "correct horse";

fn create<'a>(email: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let named = ["account", "create", "--name", "Kiosk", "--email", email, "--password", PASSWORD, "--json"];
    [&named, more].concat()
}

#[tokio::test]
async fn an_account_comes_with_its_channel() {
    let place = Place::make().await;
    let made = json(parlor(&place, &create("Owner@Kiosk.example", &[]))).await;
    let keys: Vec<&String> = made.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["accountId", "channelId", "channelToken", "email", "embedToken"], "{made}");
    assert_eq!(made["email"], "owner@kiosk.example");
    assert_eq!(made["channelToken"].as_str().map(str::len), Some(32));
    assert!(made["embedToken"].as_str().is_some_and(|token| token.starts_with("ew_")), "{made}");
}

#[tokio::test]
async fn an_account_without_a_channel_has_no_such_keys() {
    let place = Place::make().await;
    let made = json(parlor(&place, &create("owner@kiosk.example", &["--no-channel"]))).await;
    let keys: Vec<&String> = made.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["accountId", "email"], "{made}");
}

#[tokio::test]
async fn people_read_it_as_lines() {
    let place = Place::make().await;
    let order =
        ["account", "create", "--name", "Kiosk", "--email", "o@kiosk.example", "--password", PASSWORD];
    let said = stdout(parlor(&place, &order)).await;
    let labels: Vec<&str> = said.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(labels, ["Account", "E-mail", "Channel", "Channel token", "Embed token"]);
}

#[tokio::test]
async fn accounts_are_made_while_the_server_runs() {
    let place = Place::make().await;
    let server = Server::start(&place, &[]).await;
    let emails: Vec<String> = (0..4).map(|n| format!("owner{n}@kiosk.example")).collect();
    let made = emails.iter().map(|email| json(parlor(&place, &create(email, &[]))));
    let made: Vec<Value> = futures_util::future::join_all(made).await;
    for (email, made) in emails.iter().zip(&made) {
        let login = json!({ "email": email, "password": PASSWORD });
        server.client().post("/api/v1/auth/login", &login).await.expect(200);
        let path =
            format!("/api/v1/widget/chat/{}/messages", made["channelToken"].as_str().expect("a token"));
        let hello = json!({ "sessionId": "a-first-visitor", "text": "Hello" });
        server.client().post(&path, &hello).await.expect(200);
    }
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn what_does_not_do_is_said_on_stderr() {
    let place = Place::make().await;
    json(parlor(&place, &create("owner@kiosk.example", &[]))).await;
    let refused = [
        (create("owner@kiosk.example", &[]), "This e-mail address is taken."),
        (create("nobody", &[]), "email must be an e-mail address."),
        (
            vec![
                "account",
                "create",
                "--name",
                "K",
                "--email",
                "k@k.example",
                "--password",
                "short",
                "--json",
            ],
            "password must have 8 to 256 characters.",
        ),
    ];
    for (order, reason) in refused {
        let said = stderr(parlor(&place, &order), 1).await;
        assert_eq!(said.trim(), format!("error: {reason}"));
    }
    let said = stderr(bare(&["account", "create", "--name", "Kiosk"]), 2).await;
    assert!(said.contains("--email"), "{said}");
}

#[tokio::test]
async fn a_plan_changes_only_where_it_is_named() {
    let place = Place::make().await;
    let made = json(parlor(&place, &create("owner@kiosk.example", &[]))).await;
    let id = made["accountId"].as_str().expect("an id");
    let plan = ["account", "plan", "--account", id];
    let limited =
        [&plan[..], &["--max-monthly-messages", "5", "--allows-social-messaging", "false"]].concat();
    json(parlor(&place, &limited)).await;
    let freed = [&plan[..], &["--max-monthly-messages", "none", "--max-social-channels", "3"]].concat();
    let expected = json!({
        "accountId": id, "allowsSocialMessaging": false, "maxSocialChannels": 3,
        "maxMonthlyAiTokens": null, "maxMonthlyMessages": null,
    });
    assert_eq!(json(parlor(&place, &freed)).await, expected);

    let negative = [&plan[..], &["--max-social-channels=-1"]].concat();
    assert!(stderr(parlor(&place, &negative), 1).await.contains("must not have negative limits"));
    let unknown = [
        "account",
        "plan",
        "--account",
        "018f0000-0000-7000-8000-000000000000",
        "--max-social-channels",
        "1",
    ];
    assert!(stderr(parlor(&place, &unknown), 1).await.contains("Account not found."));
}

#[tokio::test]
async fn an_agent_signs_in_with_their_role() {
    let place = Place::make().await;
    let made = json(parlor(&place, &create("owner@kiosk.example", &[]))).await;
    let id = made["accountId"].as_str().expect("an id");
    let agent = [
        "account",
        "agent",
        "--account",
        id,
        "--name",
        "Vi",
        "--email",
        "vi@kiosk.example",
        "--password",
        PASSWORD,
    ];
    let added = json(parlor(&place, &[&agent[..], &["--role", "viewer"]].concat())).await;
    assert!(added["agentId"].is_string(), "{added}");

    let server = Server::start(&place, &[]).await;
    let login = json!({ "email": "vi@kiosk.example", "password": PASSWORD });
    let token = server.client().post("/api/v1/auth/login", &login).await.expect(200)["accessToken"].clone();
    let viewer = server.client().bearer(token.as_str().expect("a token"));
    viewer.get("/api/v1/store/social/channels").await.expect(200);
    let path = format!("/api/v1/store/social/channels/{}", made["channelId"].as_str().expect("an id"));
    viewer.delete(&path).await.expect(403);
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn a_person_gets_a_new_password_while_the_server_runs() {
    const NEW: &str = "a whole new password";
    let place = Place::make().await;
    let made = json(parlor(&place, &create("owner@kiosk.example", &[]))).await;
    let server = Server::start(&place, &[]).await;
    let login = |password| json!({ "email": "owner@kiosk.example", "password": password });
    let tokens = server.client().post("/api/v1/auth/login", &login(PASSWORD)).await.expect(200);
    let owner = server.client().bearer(tokens["accessToken"].as_str().expect("a token"));
    owner.get("/api/v1/store/usage").await.expect(200);

    let reset = ["account", "password", "--email", "Owner@Kiosk.example", "--password", NEW];
    let changed = json(parlor(&place, &reset)).await;
    assert_eq!(
        (&changed["accountId"], &changed["email"]),
        (&made["accountId"], &json!("owner@kiosk.example"))
    );
    owner.get("/api/v1/store/usage").await.expect(401);
    server.client().post("/api/v1/auth/login", &login(PASSWORD)).await.expect(401);
    server.client().post("/api/v1/auth/login", &login(NEW)).await.expect(200);
    assert_eq!(server.stop().await, Some(0));

    let unknown = ["account", "password", "--email", "nobody@kiosk.example", "--password", NEW];
    assert_eq!(stderr(parlor(&place, &unknown), 1).await.trim(), "error: Agent not found.");
    let short = ["account", "password", "--email", "owner@kiosk.example", "--password", "short"];
    assert_eq!(
        stderr(parlor(&place, &short), 1).await.trim(),
        "error: password must have 8 to 256 characters."
    );
}
