//! Brings a schema up to date: numbered files, each run once, in order, in a transaction.

use rusqlite::Connection;

use super::postgres::failed;
use crate::{Error, Result};

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/", $name, ".sql")),
        }
    };
    ($number:literal, $name:literal, each) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/", $name, ".sqlite.sql")),
            postgres: include_str!(concat!("../../migrations/", $name, ".postgres.sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_first"),
    migration!(2, "0002_search", each),
    migration!(3, "0003_browsers"),
    migration!(4, "0004_flows"),
    migration!(5, "0005_push"),
    migration!(6, "0006_accounts"),
    migration!(7, "0007_conversations", each),
    migration!(8, "0008_uploads"),
    migration!(9, "0009_embeds"),
    migration!(10, "0010_inbox", each),
    migration!(11, "0011_setup"),
    migration!(12, "0012_numbers", each),
    migration!(13, "0013_ratings"),
];

const LEDGER: &str = "create table if not exists migrations (number bigint primary key, name text not null)";
const NEWEST: &str = "select coalesce(max(number), 0) from migrations";
const RECORD: &str = "insert into migrations (number, name) values ($1, $2)";
/// Any number will do, as long as no other program takes the same lock in this database.
const LOCK: i64 = 7_305_491_120;

pub(super) fn sqlite(conn: &Connection) -> Result<()> {
    conn.execute_batch("begin immediate").map_err(Error::database)?;
    let result = (|| {
        conn.execute_batch(LEDGER)?;
        let newest: i64 = conn.query_row(NEWEST, [], |row| row.get(0))?;
        for migration in missing(newest)? {
            conn.execute_batch(migration.sqlite)?;
            conn.execute(RECORD, rusqlite::params![migration.number, migration.name])?;
        }
        Ok::<_, Failure>(())
    })();
    conn.execute_batch(if result.is_ok() { "commit" } else { "rollback" }).map_err(Error::database)?;
    result.map_err(Error::database)
}

pub(super) async fn postgres(client: &mut tokio_postgres::Client) -> Result<()> {
    let tx = client.transaction().await.map_err(failed)?;
    tx.execute("select pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(failed)?;
    tx.batch_execute(LEDGER).await.map_err(failed)?;
    let newest: i64 = tx.query_one(NEWEST, &[]).await.map_err(failed)?.get(0);
    for migration in missing(newest).map_err(Error::database)? {
        tx.batch_execute(migration.postgres).await.map_err(failed)?;
        tx.execute(RECORD, &[&migration.number, &migration.name]).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database has schema {found}, this program knows {known}: it was used by a newer version")]
    Newer { found: i64, known: i64 },
}

fn missing(newest: i64) -> Result<impl Iterator<Item = &'static Migration>, Failure> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if newest > known {
        return Err(Failure::Newer { found: newest, known });
    }
    Ok(MIGRATIONS.iter().filter(move |migration| migration.number > newest))
}
