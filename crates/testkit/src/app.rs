//! The product in process, on a port of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    thread,
    time::Duration,
};

use door_org::{OrgDoor, Settings as OrgSettings};
use door_store::{Forwarded, Settings as DoorSettings, StoreDoor};
use fake_models::FakeModels;
use model_client::ApiKey;
use parlor_core::{
    App,
    accounts::{self, NewAccount},
    app::Settings,
    assistants::{AssistantChange, ProviderSettings, Providers},
    channels::{self, NewChannel},
    jobs,
    limits::RateLimits,
    presence,
    secrets::{self, MasterKey},
};
use tokio::{
    net::TcpListener,
    runtime::{Handle, Runtime},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    database::Place,
    hub::HubClient,
    people::{PASSWORD, Shop, Staff, Visitor},
    rest::Client,
};

/// A stop that takes longer is cut short.
const CLOSING: Duration = Duration::from_secs(5);

/// The whole product: core, workers, doors and a server. It has a runtime of its own, so that it can stop when it is dropped, whatever
/// the test's runtime is doing.
pub struct TestApp {
    running: Option<Running>,
    runtime: Option<Runtime>,
    /// Goes last, when nobody uses it any more.
    _place: Place,
    builder: Builder,
    address: SocketAddr,
}

/// How the product is to be.
pub struct Builder {
    settings: Settings,
    forwarded: Forwarded,
}

struct Running {
    app: App,
    door: StoreDoor,
    org: OrgDoor,
    stop_serving: watch::Sender<bool>,
    stop_working: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    workers: Vec<JoinHandle<()>>,
}

impl Builder {
    /// Rate limits are on unless a test says otherwise.
    pub fn rate_limits(mut self, limits: RateLimits) -> Builder {
        self.settings.rate_limits = limits;
        self
    }

    /// Believes `X-Forwarded-For`, so that a test can come from many addresses.
    pub fn forwarded(mut self, forwarded: Forwarded) -> Builder {
        self.forwarded = forwarded;
        self
    }

    /// Both providers are this fake, and the operator has a key for them.
    pub fn models(self, fake: &FakeModels) -> Builder {
        let provider =
            |url: String| ProviderSettings { base_url: url, api_key: Some(ApiKey::new("test-key")) };
        self.providers(Providers {
            anthropic: provider(fake.anthropic_url()),
            openai: provider(fake.openai_url()),
        })
    }

    /// Where the providers are, to the letter.
    pub fn providers(mut self, providers: Providers) -> Builder {
        self.settings.providers = providers;
        self
    }

    /// Changes what the core is told: times of jobs, mostly.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Builder {
        change(&mut self.settings);
        self
    }

    pub async fn start(mut self) -> TestApp {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("product")
            .enable_all()
            .build()
            .expect("a runtime starts");
        let place = Place::make().await;
        self.settings.database = place.database();
        self.settings.uploads = place.folder().join("uploads");
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (running, address) = start(runtime.handle(), self.settings.clone(), self.forwarded, free).await;
        TestApp { running: Some(running), runtime: Some(runtime), _place: place, builder: self, address }
    }
}

/// Runs `future` on the product's runtime.
async fn on<T: Send + 'static>(handle: &Handle, future: impl Future<Output = T> + Send + 'static) -> T {
    match handle.spawn(future).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn start(
    handle: &Handle,
    mut settings: Settings,
    forwarded: Forwarded,
    address: SocketAddr,
) -> (Running, SocketAddr) {
    let start = async move {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        settings.uploads_url = format!("http://{address}/uploads");
        let app =
            App::open(settings).await.unwrap_or_else(|error| panic!("the product does not open: {error:?}"));
        let public_url = format!("http://{address}");
        let org = OrgDoor::new(app.clone(), OrgSettings { public_url: public_url.clone(), forwarded });
        let door = StoreDoor::new(app.clone(), DoorSettings { public_url, forwarded, demo: None });
        let (stop_serving, mut serving) = watch::channel(false);
        let (stop_working, working) = watch::channel(false);
        let service = door.router().merge(org.router()).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async move {
            // The sender outlives the server; if it did not, that would be a reason to stop, too.
            let _ = serving.wait_for(|stop| *stop).await;
        });
        let server = tokio::spawn(server.into_future());
        let workers = vec![
            tokio::spawn(jobs::work(app.clone(), working.clone())),
            tokio::spawn(presence::keep(app.clone(), working.clone())),
            tokio::spawn(org.clone().push(working.clone())),
            tokio::spawn(door.clone().push(working)),
        ];
        (Running { app, door, org, stop_serving, stop_working, server, workers }, address)
    };
    on(handle, start).await
}

impl Running {
    async fn stop(self) {
        let Running { app, door, org, stop_serving, stop_working, mut server, mut workers } = self;
        let closing = async {
            stop_serving.send_replace(true);
            let _ = tokio::join!(door.shutdown(), org.shutdown(), &mut server);
            stop_working.send_replace(true);
            for worker in &mut workers {
                let _ = worker.await;
            }
        };
        if timeout(CLOSING, closing).await.is_err() {
            server.abort();
            workers.iter().for_each(JoinHandle::abort);
        }
        app.db.close().await;
    }
}

impl TestApp {
    /// With the settings of a fresh installation, and no key for any provider: assistants answer by `local`.
    pub async fn start() -> TestApp {
        TestApp::builder().start().await
    }

    pub fn builder() -> Builder {
        let database = parlor_core::app::Database::Sqlite("set at the start".into());
        let settings = Settings::new(database, "set at the start".into(), MasterKey::generate());
        Builder { settings, forwarded: Forwarded::Ignore }
    }

    /// `http://127.0.0.1:port`; the same after a restart.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The house itself, for what no door shows. Use it inside [`TestApp::within`].
    pub fn core(&self) -> App {
        self.running().app.clone()
    }

    /// Runs verbs of the core where the product runs.
    pub async fn within<T, F>(&self, verbs: impl FnOnce(App) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        on(self.handle(), verbs(self.core())).await
    }

    /// Stops everything in order and starts again on the same data and the same address.
    pub async fn restart(&mut self) {
        let running = self.running.take().expect("it runs");
        on(self.handle(), running.stop()).await;
        let handle = self.handle().clone();
        let (running, _) =
            start(&handle, self.builder.settings.clone(), self.builder.forwarded, self.address).await;
        self.running = Some(running);
    }

    /// Stops everything as a power cut would, as far as a process can do that to itself: nothing is finished, nobody is told. Then starts
    /// again on the same data and the same address.
    pub async fn crash(&mut self) {
        let running = self.running.take().expect("it runs");
        if let Some(runtime) = self.runtime.take() {
            let dropped = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(CLOSING));
            dropped.await.expect("a runtime can be dropped");
        }
        let app = running.app.clone();
        drop(running);
        // Whatever was about to be committed has been, or never will be.
        app.db.close().await;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = self.runtime.insert(runtime.expect("a runtime starts")).handle().clone();
        let (running, _) =
            start(&runtime, self.builder.settings.clone(), self.builder.forwarded, self.address).await;
        self.running = Some(running);
    }

    /// The folder in which the files lie that visitors and agents have sent up.
    pub fn uploads(&self) -> PathBuf {
        self.builder.settings.uploads.clone()
    }

    /// Somebody who has not signed in.
    pub fn anonymous(&self) -> Client {
        Client::new(self.url())
    }

    /// A shop with its owner and a website channel.
    pub async fn shop(&self) -> Shop {
        let shop = self.shop_without_channel().await;
        let account_id = shop.account_id;
        let channel = self
            .within(move |app| async move {
                let new =
                    NewChannel { display_name: "Support Chat".into(), assistant: AssistantChange::default() };
                channels::create_website(&app, &parlor_core::Actor::Operator(account_id), new).await
            })
            .await
            .expect("a new shop may have a channel");
        Shop { channel_id: channel.id.to_string(), channel_token: channel.token, ..shop }
    }

    /// A shop that has not opened its channel: `channel_id` and `channel_token` are empty.
    pub async fn shop_without_channel(&self) -> Shop {
        let email = format!("owner-{}@shop.example", secrets::hex(&secrets::random::<6>()));
        let new = NewAccount { name: "A shop".into(), email: email.clone(), password: PASSWORD.into() };
        let made = self.within(|app| async move { accounts::create(&app, new).await }).await;
        let (account, _) = made.expect("an account can be made");
        Shop {
            account_id: account.id,
            owner: self.sign_in(&email, PASSWORD).await,
            channel_id: String::new(),
            channel_token: String::new(),
        }
    }

    /// Signs a person in through the door.
    pub async fn sign_in(&self, email: &str, password: &str) -> Staff {
        let login = serde_json::json!({ "email": email, "password": password });
        let answer = self.anonymous().post("/api/v1/auth/login", &login).await.expect(200);
        let text = |key: &str| {
            answer[key].as_str().unwrap_or_else(|| panic!("{key} is missing: {answer}")).to_owned()
        };
        Staff::new(self.url(), email, text("accessToken"), text("refreshToken"))
    }

    /// The browser of somebody on the staff, signed in through the org door.
    pub async fn browser(&self, staff: &Staff) -> Client {
        let login = serde_json::json!({ "email": staff.email, "password": staff.password });
        let answer = self.anonymous().post("/auth/login", &login).await;
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
        let cookie = cookie.strip_prefix("session=").expect("a session cookie").to_owned();
        let signed_in = answer.expect(200);
        self.anonymous().browser(&cookie, signed_in["csrf_token"].as_str().expect("a CSRF token"))
    }

    /// One more person in a shop, signed in. `role` is `owner`, `admin`, `agent` or `viewer`.
    pub async fn agent(&self, shop: &Shop, role: &str) -> Staff {
        let role = parlor_core::actor::Role::parse(role).unwrap_or_else(|| panic!("{role} is no role"));
        let email = format!("{}-{}@shop.example", role.as_str(), secrets::hex(&secrets::random::<6>()));
        let new = NewAccount { name: role.as_str().into(), email: email.clone(), password: PASSWORD.into() };
        let account_id = shop.account_id;
        let added = self
            .within(move |app| async move { accounts::add_agent(&app, account_id, role, new).await })
            .await;
        added.expect("an agent can be added");
        self.sign_in(&email, PASSWORD).await
    }

    /// Somebody who has never been on the shop's page before.
    pub fn visitor(&self, shop: &Shop) -> Visitor {
        Visitor::new(self.anonymous(), &shop.channel_token, secrets::hex(&secrets::random::<16>()))
    }

    /// A connection to the visitors' hub that has not joined anything yet.
    pub async fn widget_hub(&self) -> HubClient {
        HubClient::connect(&self.url(), "/hubs/widget-chat", None).await.expect("the hub takes anybody")
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("it runs").handle()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let (running, runtime) = (self.running.take(), self.runtime.take());
        // A thread that belongs to no runtime may wait.
        thread::scope(|scope| {
            scope.spawn(|| {
                let Some(runtime) = runtime else { return };
                if let Some(running) = running {
                    runtime.block_on(running.stop());
                }
                runtime.shutdown_timeout(CLOSING);
            });
        });
    }
}
