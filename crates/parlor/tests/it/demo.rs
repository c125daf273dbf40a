//! `parlor demo`.

use std::process::Stdio;

use serde_json::{Value, json};
use testkit::{Client, Place};

use crate::program::{Server, parlor, run, stderr, stdout, text};

const LIST: &str = "/api/v1/store/social/conversations?pageSize=100";

fn label<'a>(said: &'a str, label: &str) -> &'a str {
    let line = said.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("{label}: {said}")).trim()
}

async fn signed_in(server: &Server, email: &str, password: &str) -> Client {
    let login = json!({ "email": email, "password": password });
    let answer = server.client().post("/api/v1/auth/login", &login).await.expect(200);
    server.client().bearer(answer["accessToken"].as_str().expect("a token"))
}

#[tokio::test]
async fn the_demo_account_is_filled_with_conversations_that_can_be_read_and_found() {
    let place = Place::make().await;
    let said = stdout(parlor(&place, &["demo", "--conversations", "60", "--messages", "900"])).await;
    assert_eq!((label(&said, "Conversations"), label(&said, "Messages")), ("60", "900"));

    let server = Server::start(&place, &[]).await;
    let (email, password) = (label(&said, "Sign-in"), label(&said, "Password"));
    assert_eq!(server.said("Password").as_deref(), Some(password), "it is the account of the first start");
    let staff = signed_in(&server, email, password).await;
    let list = staff.get(LIST).await.expect(200);
    assert_eq!(list["totalCount"], 60);
    let items = list["items"].as_array().expect("items");
    let times: Vec<&str> = items.iter().filter_map(|item| item["lastMessageAt"].as_str()).collect();
    assert!(times.len() == 60 && times.windows(2).all(|two| two[0] >= two[1]), "{times:?}");

    let id = items[0]["id"].as_str().expect("an id");
    let thread = staff.get(&format!("/api/v1/store/social/conversations/{id}")).await.expect(200);
    let messages = thread["messages"].as_array().expect("messages");
    let first = messages[0]["contentText"].as_str().expect("a text");
    let word = first.split(|c: char| !c.is_alphanumeric()).max_by_key(|word| word.len()).expect("a word");
    let found = staff.get(&format!("{LIST}&search={word}")).await.expect(200);
    let found = found["items"].as_array().expect("items");
    assert!(found.iter().any(|item| item["id"] == id), "{word} is found in {first}");
    assert_eq!(server.stop().await, Some(0));
}

#[tokio::test]
async fn the_same_seed_tells_the_same_stories() {
    let texts = async |seed: &str| {
        let place = Place::make().await;
        let order = ["demo", "--conversations", "12", "--messages", "80", "--seed", seed];
        let said = stdout(parlor(&place, &order)).await;
        let server = Server::start(&place, &[]).await;
        let staff = signed_in(&server, label(&said, "Sign-in"), label(&said, "Password")).await;
        let list = staff.get(LIST).await.expect(200);
        let mut names: Vec<Value> = list["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|item| json!([item["contactDisplayName"], item["lastMessage"]["contentText"]]))
            .collect();
        names.sort_by_key(Value::to_string);
        names
    };
    let (one, again, other) = (texts("7").await, texts("7").await, texts("8").await);
    assert_eq!(one.len(), 12);
    assert_eq!(one, again);
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_named_account_is_filled_and_another_is_not_touched() {
    let place = Place::make().await;
    let create =
        ["account", "create", "--name", "Kiosk", "--email", "o@kiosk.example", "--password", "correct horse"];
    let kiosk = stdout(parlor(&place, &create)).await;
    let complaint = stderr(parlor(&place, &["demo"]), 1).await;
    assert!(complaint.contains("--account"), "{complaint}");
    let order = ["demo", "--conversations", "5", "--messages", "9", "--account", label(&kiosk, "Account")];
    for total in [5, 10] {
        let said = stdout(parlor(&place, &order)).await;
        assert_eq!(label(&said, "Account"), label(&kiosk, "Account"));
        let server = Server::start(&place, &[]).await;
        let staff = signed_in(&server, "o@kiosk.example", "correct horse").await;
        assert_eq!(staff.get(LIST).await.expect(200)["totalCount"], total, "filling adds");
        assert_eq!(server.stop().await, Some(0));
    }
    let nobody = "00000000-0000-7000-8000-000000000000";
    stderr(parlor(&place, &["demo", "--account", nobody]), 1).await;
    stderr(parlor(&place, &["demo", "--conversations", "5", "--messages", "4"]), 1).await;
}

#[tokio::test]
async fn an_interrupted_filling_leaves_whole_conversations() {
    let place = Place::make().await;
    let mut command = parlor(&place, &["demo", "--conversations", "40000", "--messages", "200000"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut lines = tokio::io::BufReader::new(child.stderr.take().expect("it was piped"));
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut line).await.expect("it says how far it is");
    let pid = child.id().expect("it runs").to_string();
    tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.expect("there is kill");
    let output = child.wait_with_output().await.expect("it ends");
    let said = text(&output.stdout);
    assert!(output.status.success() && said.contains("stopped before the end"), "{line}{said}");
    let kept: i64 =
        label(&said, "Conversations").split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!((1..40_000).contains(&kept), "{kept}");

    let server = Server::start(&place, &[]).await;
    let staff = signed_in(&server, label(&said, "Sign-in"), label(&said, "Password")).await;
    assert_eq!(staff.get(LIST).await.expect(200)["totalCount"], kept);
    assert_eq!(server.stop().await, Some(0));
    let again = run(parlor(&place, &["demo", "--conversations", "5", "--messages", "9"])).await;
    assert!(again.status.success(), "{}", text(&again.stderr));
}
