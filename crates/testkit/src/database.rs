//! A place of its own for each test: a folder, and on PostgreSQL a schema.

use std::{path::PathBuf, time::Duration};

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

    pub fn database(&self) -> Database {
        match &self.schema {
            None => Database::Sqlite(self.sqlite_file()),
            Some(Schema { server, name }) => {
                let joint = if server.contains('?') { '&' } else { '?' };
                Database::Postgres(format!("{server}{joint}options=-c%20search_path%3D{name}"))
            }
        }
    }

    fn sqlite_file(&self) -> PathBuf {
        self.folder.path().join("parlor.db")
    }

    /// Takes the data away. Nobody uses it any more.
    pub async fn clear(&self) {
        if let Some(Schema { server, name }) = &self.schema {
            execute(server, &format!("drop schema {name} cascade")).await;
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
