//! The real binary, and what it prints.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use testkit::{Client, Place};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Nothing takes this long unless it does not come at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// `parlor` on a test's own data.
pub fn parlor(place: &Place, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.env("PARLOR_DATA", place.data());
    if let Some(url) = place.database_url() {
        command.env("PARLOR_DATABASE_URL", url);
    }
    command.current_dir(place.folder());
    command
}

/// `parlor` that knows of nothing but its arguments.
pub fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    command.env_clear().args(arguments).kill_on_drop(true);
    command
}

/// Runs it to its end.
pub async fn run(mut command: Command) -> Output {
    let output = command.stdin(Stdio::null()).output();
    timeout(PATIENCE, output).await.expect("it comes to its end").expect("it starts")
}

/// What it printed, if it succeeded.
pub async fn stdout(command: Command) -> String {
    let output = run(command).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What it complained of, if it failed with this code.
pub async fn stderr(command: Command, code: i32) -> String {
    let output = run(command).await;
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

/// The one JSON object it printed.
pub async fn json(command: Command) -> Value {
    let printed = stdout(command).await;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server that is ready.
pub struct Server {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    /// What it greeted with.
    pub greeting: String,
    pub url: String,
}

impl Server {
    /// On a free port.
    pub async fn start(place: &Place, arguments: &[&str]) -> Server {
        let mut command = parlor(place, arguments);
        command.env("PARLOR_LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut greeting = String::new();
        let greeted = async {
            while !greeting.ends_with("\n\n") || !greeting.contains("Data") {
                let read = stdout.read_line(&mut greeting).await.expect("it can be read");
                assert!(read > 0, "it stopped after: {greeting}");
            }
        };
        timeout(PATIENCE, greeted).await.expect("it gets ready");
        let url = said(&greeting, "Listening").expect("it says where it listens");
        Server { child, _stdout: stdout, greeting, url }
    }

    /// What stands behind a label of the greeting.
    pub fn said(&self, label: &str) -> Option<String> {
        said(&self.greeting, label)
    }

    pub fn client(&self) -> Client {
        Client::new(self.url.clone())
    }

    /// Asks it to stop, and answers with its exit code.
    pub async fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().expect("it runs").to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().await.expect("there is kill");
        assert!(killed.success(), "it could be signalled");
        timeout(PATIENCE, self.child.wait()).await.expect("it stops").expect("it was ours").code()
    }

    /// Ends it without a word.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it runs");
    }
}

fn said(greeting: &str, label: &str) -> Option<String> {
    greeting.lines().find_map(|line| line.trim().strip_prefix(label)).map(|rest| rest.trim().to_owned())
}
