use std::{fs, path::Path};

use tokio::process::Command;

use crate::program::{bare, stderr, stdout};

/// `parlor` in a folder that has a configuration file.
fn in_folder(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.current_dir(folder);
    command
}

fn with_file(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    fs::write(folder.path().join("parlor.toml"), text).expect("a file can be written");
    folder
}

/// The line of a key: its value and where that comes from.
fn line<'a>(shown: &'a str, key: &str) -> Vec<&'a str> {
    let line = shown
        .lines()
        .find(|line| line.starts_with(&format!("{key} = ")))
        .unwrap_or_else(|| panic!("{key}: {shown}"));
    line.split_once(" = ").expect("a value").1.split('#').map(str::trim).collect()
}

#[tokio::test]
async fn flags_win_over_the_environment_over_the_file_over_the_defaults() {
    let folder = with_file("listen = \"127.0.0.1:1\"\nlog = \"warn\"\nrate_limits = \"off\"\n");
    let mut command = in_folder(folder.path(), &["config", "--listen", "127.0.0.1:3"]);
    command
        .env("PARLOR_LISTEN", "127.0.0.1:2")
        .env("PARLOR_LOG", "debug")
        .env("PARLOR_PUBLIC_URL", "")
        .env("PARLOR_CONFIG", "");
    let shown = stdout(command).await;
    assert_eq!(line(&shown, "listen"), ["\"127.0.0.1:3\"", "--listen"]);
    assert_eq!(line(&shown, "log"), ["\"debug\"", "PARLOR_LOG"]);
    assert_eq!(line(&shown, "rate_limits"), ["\"off\"", "parlor.toml"]);
    assert_eq!(line(&shown, "demo"), ["true", "default"]);
    assert!(shown.contains("# public_url is not set"), "an empty variable counts as not set: {shown}");
}

#[tokio::test]
async fn flags_may_stand_before_or_after_the_command() {
    let folder = with_file("");
    for order in [["--log", "warn", "config"], ["config", "--log", "warn"]] {
        let shown = stdout(in_folder(folder.path(), &order)).await;
        assert_eq!(line(&shown, "log"), ["\"warn\"", "--log"]);
    }
}

#[tokio::test]
async fn the_file_in_the_data_folder_comes_before_the_one_here_and_a_named_one_before_both() {
    let folder = with_file("log = \"info,here=info\"");
    let data = folder.path().join("elsewhere");
    fs::create_dir(&data).expect("a folder can be made");
    fs::write(data.join("parlor.toml"), "log = \"info,data=info\"").expect("a file can be written");
    fs::write(folder.path().join("named.toml"), "log = \"info,named=info\"").expect("a file can be written");

    let shown = stdout(in_folder(folder.path(), &["config"])).await;
    assert_eq!(line(&shown, "log")[0], "\"info,here=info\"");
    let shown = stdout(in_folder(folder.path(), &["config", "--data", "elsewhere"])).await;
    assert_eq!(line(&shown, "log")[0], "\"info,data=info\"");
    let shown =
        stdout(in_folder(folder.path(), &["config", "--data", "elsewhere", "--config", "named.toml"])).await;
    assert_eq!(line(&shown, "log"), ["\"info,named=info\"", "named.toml"]);
    let said = stderr(in_folder(folder.path(), &["config", "--config", "missing.toml"]), 1).await;
    assert!(said.contains("missing.toml"), "{said}");
}

#[tokio::test]
async fn an_unknown_key_is_an_error_that_names_it() {
    let folder =
        with_file("lisen = \"127.0.0.1:1\"\n[providers.anthropic]\nkey = \"x\"\n[provider]\na = 1\n");
    let said = stderr(in_folder(folder.path(), &["config"]), 1).await;
    for key in ["`lisen`", "`providers.anthropic.key`", "`provider`"] {
        assert!(said.contains(key), "{said}");
    }
}

#[tokio::test]
async fn a_value_that_does_not_do_is_named_with_its_origin() {
    let cases = [
        ("listen = \"here\"", "`listen` (from parlor.toml) must be an address and a port"),
        ("rate_limits = \"some\"", "`rate_limits` (from parlor.toml) must be \"on\" or \"off\""),
        ("demo = \"perhaps\"", "`demo` (from parlor.toml) must be true or false"),
        ("public_url = \"https://x/chat\"", "`public_url` (from parlor.toml) must be like"),
        ("secret_key = \"abc\"", "`secret_key` (from parlor.toml) must have 64 hex digits"),
        ("log_format = \"xml\"", "`log_format` (from parlor.toml) must be \"text\" or \"json\""),
        ("listen = 8080", "`listen` must be a string"),
        ("listen = ", "parlor.toml is not valid TOML"),
    ];
    for (file, reason) in cases {
        let folder = with_file(file);
        let said = stderr(in_folder(folder.path(), &["config"]), 1).await;
        assert!(said.contains(reason), "{file}: {said}");
    }
}

#[tokio::test]
async fn no_secret_is_ever_shown() {
    let folder = with_file("[providers.openai]\napi_key = \"sk-geheim\"\n");
    let mut command = in_folder(folder.path(), &["config"]);
    command
        .env("ANTHROPIC_API_KEY", "sk-ant-geheim")
        .env("PARLOR_SECRET_KEY", "9e".repeat(32))
        .env("PARLOR_DATABASE_URL", "postgres://parlor:geheim@db.example:5433/chat?password=geheim");
    let shown = stdout(command).await;
    assert!(!shown.contains("geheim") && !shown.contains("9e9e"), "{shown}");
    assert_eq!(line(&shown, "secret_key"), ["\"(set)\"", "PARLOR_SECRET_KEY"]);
    assert_eq!(
        line(&shown, "database_url"),
        ["\"postgres://parlor@db.example:5433/chat\"", "PARLOR_DATABASE_URL"]
    );
    assert_eq!(shown.matches("api_key = \"(set)\"").count(), 2, "{shown}");
}

#[tokio::test]
async fn what_is_shown_can_be_read_again() {
    let folder = with_file("");
    let shown = stdout(in_folder(folder.path(), &["config", "--trust-forwarded-for", "yes"])).await;
    fs::write(folder.path().join("parlor.toml"), &shown).expect("a file can be written");
    let again = stdout(in_folder(folder.path(), &["config"])).await;
    let values = |shown: &str| -> Vec<String> {
        shown.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_owned()).collect()
    };
    assert_eq!(values(&shown), values(&again));
}

#[tokio::test]
async fn the_reference_is_a_configuration_that_does() {
    let folder = with_file("");
    let reference = stdout(in_folder(folder.path(), &["config", "--reference"])).await;
    let folder = with_file(&reference);
    stdout(in_folder(folder.path(), &["config"])).await;
}
