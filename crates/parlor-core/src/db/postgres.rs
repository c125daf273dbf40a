//! PostgreSQL: a pool of connections, a transaction a write.

use std::{sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;

use super::{Conn, Map, Outlet, Row, Tx, TxFuture, Value, migrate};
use crate::{Error, Result};

const CONNECTIONS: usize = 16;
/// How long to wait for the server, or for a free connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// The oldest server this runs on, as `server_version_num` counts.
const OLDEST: i64 = 150_000;

#[derive(Clone)]
pub(super) struct Postgres {
    pool: Pool,
    outlet: Arc<Outlet>,
    turns: Arc<Turns>,
}

impl Postgres {
    pub(super) async fn connect(url: &str, outlet: Outlet) -> Result<Postgres> {
        let mut config: tokio_postgres::Config = url.parse().map_err(failed)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // A database has often a certificate of the house: the system's store is where operators put theirs.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::database)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let manager = Manager::from_config(
            config,
            tokio_postgres_rustls::MakeRustlsConnect::new(tls),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .build()
            .map_err(Error::database)?;
        let mut client = pool.get().await.map_err(Error::database)?;
        let version: String = client.query_one("show server_version_num", &[]).await.map_err(failed)?.get(0);
        if version.parse::<i64>().is_ok_and(|version| version < OLDEST) {
            return Err(Error::database("PostgreSQL is older than 15"));
        }
        migrate::postgres(&mut client).await?;
        drop(client);
        Ok(Postgres { pool, outlet: Arc::new(outlet), turns: Arc::default() })
    }

    /// Runs as a task of its own: a caller that goes away must not leave a transaction half done.
    pub(super) async fn write<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send + 'static,
    {
        let Postgres { pool, outlet, turns } = self.clone();
        tokio::spawn(async move {
            let mut open = Open::begin(&pool, "begin").await?;
            let mut result = verb(open.tx()).await;
            for rest in std::mem::take(&mut open.tx().rest) {
                if result.is_ok()
                    && let Err(error) = rest(open.tx()).await
                {
                    result = Err(error);
                }
            }
            let tells = result.is_ok() && !open.tx().told.is_empty();
            let turn = tells.then(|| turns.take());
            let ended = open.end(if result.is_ok() { "commit" } else { "rollback" }).await;
            let _turn = match turn {
                Some(turn) => Some(turn.come().await),
                None => None,
            };
            let Tx { mut told, owed, .. } = ended?;
            if result.is_ok() {
                outlet.release(&mut told, owed);
            }
            result
        })
        .await
        .map_err(Error::database)?
    }

    pub(super) async fn read<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send + 'static,
    {
        // One snapshot for all its statements, and nothing that writes.
        let mut open = Open::begin(&self.pool, "begin isolation level repeatable read read only").await?;
        let result = question(open.tx()).await;
        open.end("commit").await?;
        result
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }
}

/// Who tells before whom. A turn is taken before the commit, while the rows are still locked: so of two that write into one conversation
/// the first to commit is the first to tell, although the commits themselves are answered in any order.
#[derive(Default)]
struct Turns(Mutex<Option<oneshot::Receiver<()>>>);

/// It lasts until it is dropped.
struct Turn {
    before: Option<oneshot::Receiver<()>>,
    _last: oneshot::Sender<()>,
}

impl Turns {
    fn take(&self) -> Turn {
        let (last, ended) = oneshot::channel();
        Turn { before: self.0.lock().replace(ended), _last: last }
    }
}

impl Turn {
    async fn come(mut self) -> Turn {
        if let Some(before) = self.before.take() {
            // Nothing is ever sent: it ends when the turn before does.
            let _ = before.await;
        }
        self
    }
}

/// A transaction under way. Dropped before its end, it takes its connection out of the pool with it.
struct Open(Option<Tx>);

impl Open {
    async fn begin(pool: &Pool, statement: &str) -> Result<Open> {
        let client = pool.get().await.map_err(Error::database)?;
        client.batch_execute(statement).await.map_err(failed)?;
        Ok(Open(Some(Tx::new(Conn::Postgres(client)))))
    }

    fn tx(&mut self) -> &mut Tx {
        self.0.as_mut().expect("the transaction is open until it ends")
    }

    async fn end(mut self, statement: &str) -> Result<Tx> {
        if let Conn::Postgres(client) = &self.tx().conn {
            client.batch_execute(statement).await.map_err(failed)?;
        }
        Ok(self.0.take().expect("the transaction is open until it ends"))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(Tx { conn: Conn::Postgres(client), .. }) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

pub(super) async fn all<T>(client: &Object, sql: &str, params: &[Value<'_>], map: Map<T>) -> Result<Vec<T>> {
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &by_reference(params)).await.map_err(failed)?;
    rows.iter().map(|row| map(&Row::Postgres(row))).collect()
}

pub(super) async fn opt<T>(
    client: &Object,
    sql: &str,
    params: &[Value<'_>],
    map: Map<T>,
) -> Result<Option<T>> {
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let rows = client.query(&statement, &by_reference(params)).await.map_err(failed)?;
    rows.first().map(|row| map(&Row::Postgres(row))).transpose()
}

pub(super) async fn exec(client: &Object, sql: &str, params: &[Value<'_>]) -> Result<u64> {
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    client.execute(&statement, &by_reference(params)).await.map_err(failed)
}

fn by_reference<'a>(params: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

/// A failure as it may be logged: what the server said, without the detail that quotes rows.
pub(super) fn failed(error: tokio_postgres::Error) -> Error {
    match error.as_db_error() {
        Some(said) => {
            let constraint = said.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
            Error::database(format!("PostgreSQL: {} {}{constraint}", said.code().code(), said.message()))
        }
        None => Error::database(error),
    }
}
