//! The database: one body of SQL for SQLite and PostgreSQL.
//!
//! [`Db::write`] is the only way to write and [`Db::read`] the only way to read. Both hand a [`Tx`] to a closure, and **inside it
//! nothing but the `Tx` is awaited**: on SQLite many writes share one commit, so a write that waits would hold up all others. A breach
//! is an error, not a hang.
//!
//! What a write wants to tell the rest of the house it leaves in the `Tx` ([`Tx::tell`]); the events go out after the commit, in the order
//! of the commits, and never if there was none.

mod migrate;
mod postgres;
mod sqlite;
mod value;

use std::{future::Future, path::Path, pin::Pin, sync::Arc};

pub use value::{Column, Row, Value};

use crate::{Error, Result, bus::Bus, event::Event};

/// Builds the parameters of a statement: `params![id, "text", now]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Value::from($value)),*] };
}

/// A future that borrows the [`Tx`] it works on.
pub type TxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What a transaction does at its end.
type Rest = Box<dyn for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, ()> + Send>;

/// Which database is underneath. Ask only where a statement cannot be the same on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Backend);

#[derive(Clone)]
enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// Where told events go once they are true, and how the workers learn that a job is owed.
#[derive(Clone)]
pub struct Outlet {
    pub bus: Bus,
    pub owed: Arc<tokio::sync::Notify>,
}

impl Outlet {
    /// Publishes what a committed transaction, or several, left behind.
    fn release(&self, told: &mut Vec<Event>, owed: Owed) {
        for event in told.drain(..) {
            self.bus.publish(event);
        }
        if owed == Owed::Yes {
            self.owed.notify_one();
        }
    }
}

/// Whether a transaction has written a job that may run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    No,
    Yes,
}

impl Db {
    /// Opens (and makes, if need be) the SQLite database at `path`, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is newer than this program, or the linked SQLite is older than 3.51.3.
    pub async fn sqlite(path: &Path, outlet: Outlet) -> Result<Db> {
        Ok(Db(Backend::Sqlite(sqlite::Sqlite::open(path.to_owned(), outlet).await?)))
    }

    /// Connects to PostgreSQL at a `postgres://` URL, and brings its schema up to date.
    ///
    /// # Errors
    /// When the server cannot be reached, is older than 15, or its schema is newer than this program.
    pub async fn postgres(url: &str, outlet: Outlet) -> Result<Db> {
        Ok(Db(Backend::Postgres(postgres::Postgres::connect(url, outlet).await?)))
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match &self.0 {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs `verb` in a transaction and answers after it is durable. The verb runs to its end even if the caller goes away.
    ///
    /// # Errors
    /// What the verb fails with (and then nothing of it was written), or [`Error::Database`] when the commit failed.
    pub async fn write<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send + 'static,
    {
        match &self.0 {
            Backend::Sqlite(db) => db.write(verb).await,
            Backend::Postgres(db) => db.write(verb).await,
        }
    }

    /// Runs `question` on a connection that only reads.
    ///
    /// # Errors
    /// What the question fails with, or [`Error::Database`].
    pub async fn read<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send + 'static,
    {
        match &self.0 {
            Backend::Sqlite(db) => db.read(question).await,
            Backend::Postgres(db) => db.read(question).await,
        }
    }

    /// Answers once everything written so far is committed, then refuses further writes.
    pub async fn close(&self) {
        match &self.0 {
            Backend::Sqlite(db) => db.close().await,
            Backend::Postgres(db) => db.close(),
        }
    }
}

/// One transaction, or one read connection.
pub struct Tx {
    conn: Conn,
    told: Vec<Event>,
    owed: Owed,
    rest: Vec<Rest>,
}

enum Conn {
    Sqlite(rusqlite::Connection),
    Postgres(deadpool_postgres::Object),
}

/// Turns a row into a type; lives beside the type's SQL.
pub type Map<T> = fn(&Row<'_>) -> Result<T>;

impl Tx {
    fn new(conn: Conn) -> Tx {
        Tx { conn, told: Vec::new(), owed: Owed::No, rest: Vec::new() }
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.conn {
            Conn::Sqlite(_) => Dialect::Sqlite,
            Conn::Postgres(_) => Dialect::Postgres,
        }
    }

    /// All rows.
    pub async fn all<T>(&mut self, sql: &'static str, params: &[Value<'_>], map: Map<T>) -> Result<Vec<T>> {
        match &self.conn {
            Conn::Sqlite(conn) => sqlite::all(conn, sql, params, map),
            Conn::Postgres(client) => postgres::all(client, sql, params, map).await,
        }
    }

    /// The first row, if there is one.
    pub async fn opt<T>(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        map: Map<T>,
    ) -> Result<Option<T>> {
        match &self.conn {
            Conn::Sqlite(conn) => sqlite::opt(conn, sql, params, map),
            Conn::Postgres(client) => postgres::opt(client, sql, params, map).await,
        }
    }

    /// The one row there must be.
    pub async fn one<T>(&mut self, sql: &'static str, params: &[Value<'_>], map: Map<T>) -> Result<T> {
        self.opt(sql, params, map).await?.ok_or_else(|| Error::database("a row that must exist is missing"))
    }

    /// Runs a statement and answers how many rows it touched.
    pub async fn exec(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64> {
        match &self.conn {
            Conn::Sqlite(conn) => sqlite::exec(conn, sql, params),
            Conn::Postgres(client) => postgres::exec(client, sql, params).await,
        }
    }

    /// Has `rest` done at the end of the transaction, if it gets that far. On SQLite that is the end of all that share its commit: an index of
    /// words writes a part of itself at each savepoint of a verb, and so a single one for all of them. Where it fails, the commit does.
    pub(crate) fn at_end<F>(&mut self, rest: F)
    where
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, ()> + Send + 'static,
    {
        self.rest.push(Box::new(rest));
    }

    /// Publishes `event` once this transaction is committed.
    pub fn tell(&mut self, event: Event) {
        self.told.push(event);
    }

    /// Wakes a worker once this transaction is committed; called by [`crate::jobs`] alone.
    pub(crate) fn owe(&mut self) {
        self.owed = Owed::Yes;
    }
}

/// Polls a future that never waits. Its first answer is its last.
fn at_once<T>(future: TxFuture<'_, T>) -> Result<T> {
    let mut future = future;
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => Err(Error::database("a transaction awaited something other than itself")),
    }
}
