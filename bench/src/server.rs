//! The server under load: started, provisioned, watched and stopped.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::http1::Connection;
use crate::machine;

const PASSWORD: &str = "correct horse battery staple";

/// A server that is not ready by then will not be.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// What it takes to start a server and to make accounts on it.
#[derive(Clone)]
pub struct Provision {
    pub binary: PathBuf,
    pub database_url: Option<String>,
    pub data: PathBuf,
}

pub struct Server {
    pub address: SocketAddr,
    provision: Provision,
    /// The folder given to the server.
    data: PathBuf,
    pid: Option<u32>,
    /// If it is ours: to be killed, and its folder removed.
    own: Option<(Child, Folder)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    email: String,
    channel_id: String,
    channel_token: String,
}

pub struct Account {
    pub channel_token: String,
    address: SocketAddr,
    email: String,
    channel_id: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    On,
    Off,
}

/// Removed when dropped.
pub struct Folder(PathBuf);

impl Provision {
    /// Nothing that is configured around here counts, neither by environment nor by a file.
    fn command(&self, data: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        let configured =
            std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PARLOR_"));
        for (name, _) in configured {
            command.env_remove(name);
        }
        command.current_dir(&self.data).arg("--data").arg(data);
        if let Some(url) = &self.database_url {
            command.args(["--database-url", url]);
        }
        command
    }
}

impl Server {
    /// Starts a server on a fresh folder, and says how long it took to be ready.
    pub async fn start(provision: &Provision) -> anyhow::Result<(Self, Duration)> {
        let folder = Folder::fresh(&provision.data)?;
        Self::start_on(provision, folder).await
    }

    pub async fn start_on(provision: &Provision, folder: Folder) -> anyhow::Result<(Self, Duration)> {
        let address = free_address()?;
        let log = std::fs::File::create(folder.0.join("server.log"))?;
        let mut command = provision.command(&folder.data());
        command.args(["serve", "--listen", &address.to_string()]).env("PARLOR_RATE_LIMITS", "off");
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);

        let started = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("{} cannot be started; build it first", provision.binary.display()))?;
        while !is_ready(address).await {
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(folder.0.join("server.log")).unwrap_or_default();
                bail!("the server ended with {status}:\n{log}");
            }
            ensure!(started.elapsed() < READY_WITHIN, "the server is not ready after {READY_WITHIN:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = started.elapsed();
        let server = Self {
            address,
            provision: provision.clone(),
            data: folder.data(),
            pid: child.id(),
            own: Some((child, folder)),
        };
        Ok((server, took))
    }

    /// A server on a fresh folder, in which the demo account has been filled.
    pub async fn start_filled(
        provision: &Provision,
        conversations: u64,
        messages: u64,
    ) -> anyhow::Result<Self> {
        let folder = Folder::fresh(&provision.data)?;
        let mut command = provision.command(&folder.data());
        command.arg("demo");
        command.args(["--conversations", &conversations.to_string(), "--messages", &messages.to_string()]);
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "demo ended with {}: {said}", output.status);
        Ok(Self::start_on(provision, folder).await?.0)
    }

    /// How to sign in to the demo account, from the server's folder.
    pub fn demo_sign_in(&self) -> anyhow::Result<Value> {
        let path = self.data.join("demo-sign-in.json");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let kept: Value = serde_json::from_str(&text)?;
        Ok(json!({"email": kept["email"], "password": kept["password"]}))
    }

    /// Someone else's server, whose folder is the one of `provision`.
    pub fn attach(provision: &Provision, address: SocketAddr, pid: Option<u32>) -> Self {
        Self { address, provision: provision.clone(), data: provision.data.clone(), pid, own: None }
    }

    /// Stops a server of ours and leaves its folder to another, or to be removed. Someone else's goes on.
    pub async fn stop(self) -> anyhow::Result<Option<Folder>> {
        let Some((mut child, folder)) = self.own else { return Ok(None) };
        child.kill().await?;
        Ok(Some(folder))
    }

    pub async fn create_account(&self) -> anyhow::Result<Account> {
        let email = format!("bench-{}@example.test", random_hex()?);
        let mut command = self.provision.command(&self.data);
        command.args(["account", "create", "--json", "--name", "Bench"]);
        command.args(["--email", &email, "--password", PASSWORD]);
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "account create ended with {}: {said}", output.status);
        let created: Created =
            serde_json::from_slice(&output.stdout).context("account create printed no account")?;
        Ok(Account {
            channel_token: created.channel_token,
            address: self.address,
            email: created.email,
            channel_id: created.channel_id,
        })
    }

    /// None for a server whose process is not known.
    pub fn rss_bytes(&self) -> anyhow::Result<Option<u64>> {
        self.pid.map(machine::rss_bytes).transpose()
    }

    pub fn cpu_seconds(&self) -> anyhow::Result<Option<f64>> {
        self.pid.map(machine::cpu_seconds).transpose()
    }

    /// The resident memory once it has stopped to change by more than a percent a second, or after 15 s.
    pub async fn settled_rss_bytes(&self) -> anyhow::Result<Option<u64>> {
        let Some(mut before) = self.rss_bytes()? else { return Ok(None) };
        for _ in 0..15 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let Some(now) = self.rss_bytes()? else { return Ok(None) };
            if now.abs_diff(before) * 100 <= before {
                return Ok(Some(now));
            }
            before = now;
        }
        Ok(Some(before))
    }
}

impl Account {
    pub async fn toggle_agent(&self, agent: Agent) -> anyhow::Result<()> {
        let path = format!("/api/v1/store/social/channels/{}/toggle-agent", self.channel_id);
        self.call(&path, &json!({"isAgentEnabled": agent == Agent::On})).await
    }

    /// Something for the local assistant to answer from.
    pub async fn add_article(&self, title: &str, body: &str) -> anyhow::Result<()> {
        self.call("/api/v1/store/knowledge", &json!({"title": title, "body": body})).await
    }

    async fn call(&self, path: &str, body: &Value) -> anyhow::Result<()> {
        let mut http = Connection::open(self.address).await?;
        let credentials = json!({"email": self.email, "password": PASSWORD});
        let signed_in = http.call("/api/v1/auth/login", None, &credentials).await?;
        let bearer = signed_in["accessToken"].as_str().context("the sign-in gave no token")?;
        http.call(path, Some(bearer), body).await?;
        Ok(())
    }
}

impl Folder {
    fn fresh(root: &Path) -> anyhow::Result<Self> {
        let path = root.join(format!("parlor-bench-{}", random_hex()?));
        std::fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(Self(path))
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Sessions of this run differ from those of every other.
pub fn random_hex() -> anyhow::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

async fn is_ready(address: SocketAddr) -> bool {
    let ask = async { Connection::open(address).await?.get("/readyz").await };
    ask.await.is_ok_and(|status| status.is_success())
}
