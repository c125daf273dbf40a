use std::{fs, os::unix::fs::PermissionsExt};

use testkit::Place;
use tokio::process::Command;

use crate::program::{parlor, run, stdout, text};

/// The findings of a kind.
fn findings<'a>(said: &'a str, kind: &str) -> Vec<&'a str> {
    said.lines().filter_map(|line| line.strip_prefix(kind)).map(str::trim).collect()
}

async fn examined(command: Command, code: i32) -> String {
    let output = run(command).await;
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn doctor(place: &Place) -> Command {
    parlor(place, &["doctor"])
}

#[tokio::test]
async fn a_fresh_installation_lacks_nothing_but_a_providers_key() {
    let place = Place::make().await;
    let said = examined(doctor(&place), 0).await;
    let warnings = findings(&said, "warning");
    assert!(warnings.len() == 1 && warnings[0].contains("answer by `local`"), "{said}");
    assert!(findings(&said, "broken").is_empty(), "{said}");
}

#[tokio::test]
async fn looking_makes_nothing() {
    let place = Place::make().await;
    examined(doctor(&place), 0).await;
    assert!(!place.data().exists());
}

#[tokio::test]
async fn each_risk_is_warned_of() {
    let place = Place::make().await;
    stdout(parlor(&place, &["migrate"])).await;
    let open = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours")
    };
    open(&place.data(), 0o755);
    open(&place.data().join("secret.key"), 0o644);
    let mut command = doctor(&place);
    command
        .env("PARLOR_LISTEN", "0.0.0.0:8080")
        .env("PARLOR_PUBLIC_URL", "http://chat.example.com")
        .env("PARLOR_TRUST_FORWARDED_FOR", "true")
        .env("PARLOR_RATE_LIMITS", "off");
    let said = examined(command, 0).await;
    let warnings = findings(&said, "warning");
    let risks = [
        "the demo account is served on 0.0.0.0:8080",
        "rate limits are off",
        "http://chat.example.com is not encrypted",
        "trust_forwarded_for is on",
        "secret.key can be read by others",
        "data can be read by others",
        "no model provider has a key",
    ];
    for risk in risks {
        assert!(warnings.iter().any(|warning| warning.contains(risk)), "{risk}: {said}");
    }
    assert_eq!(warnings.len(), risks.len(), "{said}");
    assert_eq!(said.matches("→").count(), risks.len(), "each says how to mend it: {said}");
}

#[tokio::test]
async fn a_public_server_without_an_address_is_warned_of() {
    let place = Place::make().await;
    let mut command = doctor(&place);
    command.env("PARLOR_LISTEN", "0.0.0.0:8080").env("PARLOR_DEMO", "false").env("OPENAI_API_KEY", "sk-x");
    let said = examined(command, 0).await;
    let warnings = findings(&said, "warning");
    assert!(warnings.len() == 1 && warnings[0].contains("public_url is not set"), "{said}");
}

#[tokio::test]
async fn a_well_kept_installation_has_no_warnings() {
    let place = Place::make().await;
    stdout(parlor(&place, &["migrate"])).await;
    let mut command = doctor(&place);
    command
        .env("PARLOR_LISTEN", "0.0.0.0:8080")
        .env("PARLOR_DEMO", "false")
        .env("PARLOR_PUBLIC_URL", "https://chat.example.com")
        .env("ANTHROPIC_API_KEY", "sk-x");
    let said = examined(command, 0).await;
    assert!(findings(&said, "warning").is_empty() && findings(&said, "broken").is_empty(), "{said}");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_broken() {
    let place = Place::make().await;
    let mut command = doctor(&place);
    command.env("PARLOR_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    let said = examined(command, 1).await;
    let broken = findings(&said, "broken");
    assert!(broken.len() == 1 && broken[0].contains("postgres://nobody@127.0.0.1:1/none"), "{said}");
}

#[tokio::test]
async fn a_damaged_database_is_broken() {
    let place = Place::make().await;
    let mut migrate = parlor(&place, &["migrate"]);
    migrate.env_remove("PARLOR_DATABASE_URL");
    stdout(migrate).await;
    let mut command = doctor(&place);
    command.env_remove("PARLOR_DATABASE_URL");
    let nonsense = "this is no database, however long one looks at it".repeat(100);
    fs::write(place.data().join("parlor.db"), nonsense).expect("it is ours");
    // With the log, the database could be repaired.
    for entry in fs::read_dir(place.data()).expect("it is ours") {
        let path = entry.expect("it is ours").path();
        if path.extension().is_some_and(|extension| extension == "db-wal") {
            fs::remove_file(path).expect("it is ours");
        }
    }
    let said = examined(command, 1).await;
    assert!(findings(&said, "broken").iter().any(|what| what.contains("parlor.db")), "{said}");
}

#[tokio::test]
async fn accounts_without_their_key_are_broken() {
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
    let key = place.data().join("secret.key");
    fs::remove_file(&key).expect("it is ours");
    let said = examined(doctor(&place), 1).await;
    let broken = findings(&said, "broken");
    assert!(broken.len() == 1 && broken[0].contains("there are accounts, but"), "{said}");
    assert!(!key.exists(), "looking made no new one");
}
