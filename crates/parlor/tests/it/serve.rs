use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use testkit::Place;

use crate::program::{Server, parlor, stderr, stdout};

async fn sign_in(server: &Server) -> Value {
    let login = json!({ "email": server.said("Sign-in"), "password": server.said("Password") });
    server.client().post("/api/v1/auth/login", &login).await.expect(200)
}

#[tokio::test]
async fn a_newcomer_starts_it_and_gets_an_answer() {
    let place = Place::make().await;
    let server = Server::start(&place, &[]).await;
    let client = server.client();
    let token = sign_in(&server).await["accessToken"].as_str().expect("a token").to_owned();
    let staff = client.bearer(&token);
    let channels = staff.get("/api/v1/store/social/channels").await.expect(200);
    let channel = channels[0]["channelToken"].as_str().expect("a website channel");
    let shop = client.get("/").await;
    assert!(shop.text.contains(channel), "the demo shop carries the widget: {}", shop.text);

    let path = format!("/api/v1/widget/chat/{channel}/messages");
    let question = json!({ "sessionId": "a-visitor-of-the-demo", "text": "How long does shipping take?" });
    client.post(&path, &question).await.expect(200);
    let answer = loop {
        let sync = json!({ "sessionId": "a-visitor-of-the-demo", "lastSeq": 1 });
        let synced = client.post(&format!("/api/v1/widget/chat/{channel}/sync"), &sync).await.expect(200);
        if let Some(answer) = synced["messages"].get(0) {
            break answer["content"].as_str().expect("a text").to_owned();
        }
    };
    assert!(answer.contains("working days"), "{answer}");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn a_second_start_finds_everything_again() {
    let place = Place::make().await;
    let first = Server::start(&place, &[]).await;
    let (email, password) = (first.said("Sign-in"), first.said("Password"));
    let token = sign_in(&first).await["accessToken"].as_str().expect("a token").to_owned();
    let articles = first.client().bearer(&token).get("/api/v1/store/knowledge").await.expect(200);
    assert_eq!(first.stop().await, Some(0));

    let second = Server::start(&place, &[]).await;
    assert_eq!((second.said("Sign-in"), second.said("Password")), (email, password));
    assert!(second.said("Demo shop").is_some());
    let again = second.client().bearer(&token).get("/api/v1/store/knowledge").await.expect(200);
    assert_eq!(again, articles, "an access token of before still counts, and nothing was made twice");
    assert_eq!(second.stop().await, Some(0));
}

#[tokio::test]
async fn a_killed_server_comes_back_with_what_it_had_acknowledged() {
    let place = Place::make().await;
    let server = Server::start(&place, &[]).await;
    let page = server.client().get("/").await.text;
    let channel = page
        .split("data-channel=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a widget")
        .to_owned();
    let path = format!("/api/v1/widget/chat/{channel}");
    let written = json!({ "sessionId": "somebody-who-waits", "text": "I was here" });
    server.client().post(&format!("{path}/messages"), &written).await.expect(200);
    server.kill().await;

    let server = Server::start(&place, &[]).await;
    let sync = json!({ "sessionId": "somebody-who-waits" });
    let synced = server.client().post(&format!("{path}/sync"), &sync).await.expect(200);
    assert_eq!(synced["messages"][0]["content"], "I was here", "{synced}");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn without_a_demo_nothing_is_made() {
    let place = Place::make().await;
    let server = Server::start(&place, &["--demo", "false"]).await;
    assert_eq!((server.said("Sign-in"), server.said("Demo shop")), (None, None));
    assert!(!place.data().join("demo-sign-in.json").exists());
    assert_eq!(server.client().get("/").await.status, 307);
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn an_installation_with_accounts_gets_no_demo() {
    let place = Place::make().await;
    let create = [
        "account",
        "create",
        "--name",
        "Real",
        "--email",
        "real@shop.example",
        "--password",
        "a real password",
    ];
    stdout(parlor(&place, &create)).await;
    let server = Server::start(&place, &[]).await;
    assert_eq!(server.said("Sign-in"), None);
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn secrets_are_for_their_owner_only() {
    let place = Place::make().await;
    let server = Server::start(&place, &[]).await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&place.data()), 0o700);
    assert_eq!(mode(&place.data().join("secret.key")), 0o600);
    assert_eq!(mode(&place.data().join("demo-sign-in.json")), 0o600);
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn health_and_readiness() {
    let place = Place::make().await;
    let server = Server::start(&place, &[]).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.client().get(path).await.status, 200, "{path}");
    }
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn an_occupied_port_is_said_plainly() {
    let place = Place::make().await;
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = other.local_addr().expect("it is bound").to_string();
    let said = stderr(parlor(&place, &["serve", "--listen", &address]), 1).await;
    assert!(
        said.contains(&format!("cannot listen on {address}")) && said.contains("another program"),
        "{said}"
    );
    assert!(!place.data().exists(), "nothing was made");
}

#[tokio::test]
async fn a_damaged_secret_key_is_refused() {
    let place = Place::make().await;
    std::fs::create_dir(place.data()).expect("a folder can be made");
    std::fs::write(place.data().join("secret.key"), "abc").expect("a file can be written");
    let said = stderr(parlor(&place, &["migrate"]), 1).await;
    assert!(said.contains("secret.key") && said.contains("64 hex digits"), "{said}");
}

#[tokio::test]
async fn the_schema_has_a_number() {
    let place = Place::make().await;
    let said = stdout(parlor(&place, &["migrate"])).await;
    assert!(said.starts_with("The schema is number "), "{said}");
    assert_eq!(stdout(parlor(&place, &["migrate"])).await, said, "a second time changes nothing");
    let version = stdout(parlor(&place, &["--version"])).await;
    assert_eq!(version.trim(), concat!("parlor ", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn what_the_rate_limits_refuse_is_counted_on_an_address_of_its_own() {
    let place = Place::make().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let listen = free.expect("a free port");
    let file = format!("metrics_listen = \"{listen}\"\n");
    std::fs::write(place.folder().join("parlor.toml"), file).expect("the folder can be written");
    let server = Server::start(&place, &[]).await;
    let wrong = json!({ "email": "owner@shop.example", "password": "wrong password" });
    let mut tries = 0;
    while server.client().post("/api/v1/auth/login", &wrong).await.status != 429 {
        tries += 1;
        assert!(tries < 100, "trying passwords is never refused");
    }
    let counted = testkit::Client::new(format!("http://{listen}")).get("/metrics").await;
    let line = "parlor_rate_limited_total{action=\"person_signs_in\"} 1";
    assert!(counted.text.lines().any(|counted| counted == line), "{}", counted.text);
    assert_eq!(server.client().get("/metrics").await.status, 404, "it is not for the internet");
    assert_eq!(server.stop().await, Some(0));
}
