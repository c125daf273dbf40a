//! A place of its own for each test: a folder, and on PostgreSQL a schema.

use std::{
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use parlor_core::{app::Database, secrets};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Names the PostgreSQL server that tests run on; without it they run on SQLite.
pub const VARIABLE: &str = "PARLOR_TEST_DATABASE_URL";

/// The data of one test; gone when dropped.
pub struct Place {
    folder: TempDir,
    schema: Option<Schema>,
}

struct Schema {
    server: String,
    name: String,
}

impl Place {
    pub async fn make() -> Place {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let server = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
        let schema = server
            .map(|server| Schema { server, name: format!("test_{}", secrets::hex(&secrets::random::<8>())) });
        if let Some(schema) = &schema {
            execute(&schema.server, &format!("create schema {}", schema.name)).await;
        }
        Place { folder, schema }
    }

    /// An empty folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the data folder would be; nobody has made it yet.
    pub fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// The URL of the schema, on PostgreSQL.
    pub fn database_url(&self) -> Option<String> {
        let Schema { server, name } = self.schema.as_ref()?;
        let joint = if server.contains('?') { '&' } else { '?' };
        Some(format!("{server}{joint}options=-c%20search_path%3D{name}"))
    }

    pub(crate) fn database(&self) -> Database {
        match self.database_url() {
            None => Database::Sqlite(self.folder().join("parlor.db")),
            Some(url) => Database::Postgres(url),
        }
    }
}

impl Drop for Place {
    /// Takes the data away. Nobody uses it any more.
    fn drop(&mut self) {
        let Some(Schema { server, name }) = &self.schema else { return };
        let drop = || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
            runtime.block_on(execute(server, &format!("drop schema {name} cascade")));
        };
        // A thread that belongs to no runtime may wait. A failure counts, unless the test has failed already.
        let dropped = thread::scope(|scope| scope.spawn(drop).join());
        if !thread::panicking() {
            dropped.expect("the schema can be dropped");
        }
    }
}

async fn execute(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, NoTls)
        .await
        .unwrap_or_else(|error| panic!("{VARIABLE} names no server that answers: {error}"));
    let connection = tokio::spawn(connection);
    // Whoever still holds a lock is given a while, not for ever.
    let patience = format!("set lock_timeout = {}", Duration::from_secs(10).as_millis());
    let done = client.batch_execute(&format!("{patience}; {sql}")).await;
    drop(client);
    // An error of the connection has shown in the statement.
    let _ = connection.await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
