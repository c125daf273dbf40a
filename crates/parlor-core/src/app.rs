//! The house: what every verb needs, and where time, ids and chance come from.

use std::{ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use jiff::{Timestamp, Unit};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use uuid::{ContextV7, Uuid};

use crate::{
    Error, Result,
    accounts::Nobody,
    assistants::Providers,
    bus::Bus,
    db::{Db, Outlet},
    limits::{RateLimiter, RateLimits},
    presence::Attendance,
    push,
    secrets::{MasterKey, Secrets},
    viewers::Viewers,
};

/// Where the data lies.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file; made at the first start.
    Sqlite(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// What the house is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    pub database: Database,
    pub master_key: MasterKey,
    pub providers: Providers,
    pub push: push::Settings,
    pub rate_limits: RateLimits,
    /// How long a reply job waits for further messages of a burst.
    pub gather: Duration,
    /// The first pause after a failed attempt to answer; the next ones double.
    pub backoff: Duration,
    /// How often forgotten jobs are looked for.
    pub sweep: Duration,
    /// How long after the last connection an agent counts as offline.
    pub absence: Duration,
    /// The folder for the files that visitors and agents send up; made with the first one.
    pub uploads: PathBuf,
    /// Where the world reaches them, without a slash at the end: what a door serves there begins signed links.
    pub uploads_url: String,
    /// The most bytes such a file may have.
    pub largest_upload: u64,
}

impl Settings {
    /// What a fresh installation runs with.
    pub fn new(database: Database, uploads: PathBuf, master_key: MasterKey) -> Settings {
        Settings {
            database,
            master_key,
            providers: Providers::default(),
            push: push::Settings::default(),
            rate_limits: RateLimits::On,
            gather: Duration::from_millis(25),
            backoff: Duration::from_secs(2),
            sweep: Duration::from_secs(60),
            absence: Duration::from_secs(3),
            uploads,
            uploads_url: "/uploads".into(),
            largest_upload: 10 << 20,
        }
    }
}

/// The house. Cheap to clone; dereferences to what is in it.
#[derive(Clone)]
pub struct App(Arc<Rooms>);

pub struct Rooms {
    pub db: Db,
    pub bus: Bus,
    pub secrets: Secrets,
    pub limits: RateLimiter,
    pub settings: Settings,
    pub(crate) models: model_client::Client,
    pub(crate) phones: push_client::Client,
    pub(crate) nobody: Nobody,
    pub(crate) attendance: Attendance,
    pub(crate) viewers: Viewers,
    pub(crate) owed: Arc<Notify>,
    pub(crate) aside: Semaphore,
    pub(crate) drawing: Semaphore,
    pub(crate) reporting: Semaphore,
    ids: Mutex<ContextV7>,
}

impl Deref for App {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.0
    }
}

impl App {
    /// Opens the database and builds the house around it. Jobs run once [`crate::jobs::work`] is called.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(settings: Settings) -> Result<App> {
        let bus = Bus::default();
        let owed = Arc::new(Notify::new());
        let outlet = Outlet { bus: bus.clone(), owed: owed.clone() };
        let db = match &settings.database {
            Database::Sqlite(path) => Db::sqlite(path, outlet).await?,
            Database::Postgres(url) => Db::postgres(url, outlet).await?,
        };
        Ok(App(Arc::new(Rooms {
            db,
            bus,
            secrets: Secrets::new(&settings.master_key),
            limits: RateLimiter::new(settings.rate_limits),
            models: model_client::Client::new(model_client::ClientOptions::default()),
            phones: push_client::Client::new(
                settings.push.endpoints.clone(),
                push_client::ClientOptions::default(),
            ),
            nobody: Nobody::default(),
            attendance: Attendance::default(),
            viewers: Viewers::default(),
            owed,
            aside: Semaphore::new(2),
            drawing: Semaphore::new(1),
            reporting: Semaphore::new(1),
            ids: Mutex::new(ContextV7::new()),
            settings,
        })))
    }

    /// The present, to the microsecond: no database keeps finer times.
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.round(Unit::Microsecond).unwrap_or(now)
    }

    /// A new id. Ids of one process grow, also within a millisecond.
    #[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
    pub fn new_id(&self) -> Uuid {
        let now = Timestamp::now();
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
        Uuid::new_v7(uuid::Timestamp::from_unix(&*self.ids.lock(), seconds, nanos))
    }

    /// A new id for something of the past: it sorts by that time, to the millisecond.
    pub(crate) fn id_at(&self, at: Timestamp) -> Uuid {
        let mut chance = [0; 10];
        getrandom::fill(&mut chance).expect("the system has randomness");
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &chance).into_uuid()
    }

    /// A number below `below`, evenly chosen.
    pub(crate) fn chance(&self, below: u64) -> u64 {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        u64::from_le_bytes(bytes) % below.max(1)
    }

    /// Runs what would hold up the runtime, at most two at a time.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _place = self.aside.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }
}
