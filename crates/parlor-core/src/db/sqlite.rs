//! SQLite: one writer thread that commits waiting writes together, and a pool of connections that only read.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::{
    Connection, OpenFlags,
    config::DbConfig,
    functions::{Context, FunctionFlags},
};
use tokio::sync::{Semaphore, mpsc as async_mpsc, oneshot};

use super::{Conn, Map, Outlet, Owed, Rest, Row, Tx, TxFuture, Value, at_once, migrate};
use crate::{Error, Result, event::Event};

/// The most writes that share a commit.
const BATCH: usize = 256;
/// The most writes that wait; further ones wait for their place, so memory stays bounded.
const QUEUE: usize = 4096;
const READERS: usize = 4;
/// The write-ahead log starts over at this many pages of 4 KiB. The checkpointer has copied most of them by then.
const LOG_PAGES: i64 = 16_384;
const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);
/// SQLite before this could corrupt a database when the write-ahead log was reset.
const OLDEST: (i32, &str) = (3_051_003, "3.51.3");

#[derive(Clone)]
pub(super) struct Sqlite(Arc<Inner>);

struct Inner {
    writes: Mutex<Option<async_mpsc::Sender<Box<dyn Write>>>>,
    readers: Mutex<Vec<Connection>>,
    places: Arc<Semaphore>,
    path: PathBuf,
    stopped: tokio::sync::watch::Receiver<Running>,
    _checkpointer: mpsc::Sender<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    Yes,
    No,
}

impl Sqlite {
    pub(super) async fn open(path: PathBuf, outlet: Outlet) -> Result<Sqlite> {
        tokio::task::spawn_blocking(move || Sqlite::open_now(path, outlet)).await.map_err(Error::database)?
    }

    fn open_now(path: PathBuf, outlet: Outlet) -> Result<Sqlite> {
        if rusqlite::version_number() < OLDEST.0 {
            return Err(Error::database(format!(
                "SQLite {} is older than {}",
                rusqlite::version(),
                OLDEST.1
            )));
        }
        let writer = connect(&path, Access::Write)?;
        migrate::sqlite(&writer)?;
        let (writes, queue) = async_mpsc::channel(QUEUE);
        let (running, stopped) = tokio::sync::watch::channel(Running::Yes);
        thread::Builder::new()
            .name("db-writer".into())
            .spawn(move || {
                write_all(writer, queue, &outlet);
                running.send_replace(Running::No);
            })
            .map_err(Error::database)?;
        let (alive, ended) = mpsc::channel();
        let checkpoints = connect(&path, Access::Write)?;
        thread::Builder::new()
            .name("db-checkpoint".into())
            .spawn(move || checkpoint(&checkpoints, &ended))
            .map_err(Error::database)?;
        Ok(Sqlite(Arc::new(Inner {
            writes: Mutex::new(Some(writes)),
            readers: Mutex::new(Vec::new()),
            places: Arc::new(Semaphore::new(READERS)),
            path,
            stopped,
            _checkpointer: alive,
        })))
    }

    pub(super) async fn write<T, F>(&self, verb: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send + 'static,
    {
        let closed = || Error::database("the database is closed");
        let writes = self.0.writes.lock().clone().ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        let queued = Box::new(Queued { verb: Some(verb), result: None, reply });
        writes.send(queued).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(super) async fn read<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send + 'static,
    {
        let inner = self.0.clone();
        let place = inner.places.clone().acquire_owned().await.map_err(Error::database)?;
        tokio::task::spawn_blocking(move || {
            // The place is taken until the work is done, also where the caller has gone away.
            let _place = place;
            let pooled = inner.readers.lock().pop();
            let conn = match pooled {
                Some(conn) => conn,
                None => connect(&inner.path, Access::Read)?,
            };
            conn.execute_batch("begin").map_err(Error::database)?;
            let mut tx = Tx::new(Conn::Sqlite(conn));
            let result = at_once(question(&mut tx));
            if let Conn::Sqlite(conn) = tx.conn
                && conn.execute_batch("commit").is_ok()
            {
                inner.readers.lock().push(conn);
            }
            result
        })
        .await
        .map_err(Error::database)?
    }

    pub(super) async fn close(&self) {
        self.0.writes.lock().take();
        let mut stopped = self.0.stopped.clone();
        // The sender ends with the writer thread, which is an answer as good as the value.
        let _ = stopped.wait_for(|running| *running == Running::No).await;
    }
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

fn connect(path: &Path, access: Access) -> Result<Connection> {
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    } | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(Error::database)?;
    conn.busy_timeout(Duration::from_secs(10)).map_err(Error::database)?;
    conn.set_prepared_statement_cache_capacity(256);
    // Without it SQLite looks at the bound values when it plans, and plans (parses!) anew whenever they change: a cached
    // statement would cost as much as a fresh one.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(Error::database)?;
    // SQLite's own `lower` knows ASCII only.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let lower = |ctx: &Context<'_>| Ok(ctx.get::<Option<String>>(0)?.map(|text| text.to_lowercase()));
    conn.create_scalar_function("lower", 1, flags, lower).map_err(Error::database)?;
    conn.execute_batch("pragma foreign_keys = on; pragma temp_store = memory;").map_err(Error::database)?;
    if matches!(access, Access::Write) {
        conn.execute_batch(&format!(
            "pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -16384; \
             pragma wal_autocheckpoint = {LOG_PAGES}; pragma journal_size_limit = 134217728;"
        ))
        .map_err(Error::database)?;
    }
    Ok(conn)
}

/// A write that waits, whatever its type.
trait Write: Send {
    /// Runs the verb inside the open transaction.
    fn run(&mut self, tx: &mut Tx) -> Done;
    /// Tells the caller how it ended.
    fn answer(self: Box<Self>, committed: Result<()>);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Keep,
    Undo,
}

struct Queued<T, F> {
    verb: Option<F>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Write for Queued<T, F>
where
    T: Send,
    F: for<'a> FnOnce(&'a mut Tx) -> TxFuture<'a, T> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> Done {
        let verb = self.verb.take().expect("a write runs once");
        let result = catch_unwind(AssertUnwindSafe(|| at_once(verb(tx))))
            .unwrap_or_else(|_| Err(Error::database("a write panicked")));
        let done = if result.is_ok() { Done::Keep } else { Done::Undo };
        self.result = Some(result);
        done
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let own = self.result.unwrap_or_else(|| Err(Error::database("a write did not run")));
        // A caller that has gone away does not need to know.
        let _ = self.reply.send(own.and_then(|value| committed.map(|()| value)));
    }
}

/// The writer thread: takes what waits, commits it together, tells, answers.
fn write_all(conn: Connection, mut queue: async_mpsc::Receiver<Box<dyn Write>>, outlet: &Outlet) {
    let mut tx = Tx::new(Conn::Sqlite(conn));
    let mut batch: Vec<Box<dyn Write>> = Vec::with_capacity(BATCH);
    let mut told: Vec<Event> = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        while batch.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        let committed = commit(&mut tx, &mut batch, &mut told);
        match &committed {
            Ok(owed) => outlet.release(&mut told, *owed),
            Err(error) => {
                told.clear();
                tracing::error!(?error, writes = batch.len(), "a commit failed");
            }
        }
        for write in batch.drain(..) {
            write.answer(committed.as_ref().map(|_| ()).map_err(Error::again));
        }
    }
    if let Conn::Sqlite(conn) = &tx.conn {
        // So that the file alone is the whole database. Failing means that somebody else still reads: the log stays, and is just as good.
        let _ = conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    }
}

/// Runs a batch in one transaction. Where anything but a verb fails, nothing of the batch was written and nothing is told.
fn commit(tx: &mut Tx, batch: &mut [Box<dyn Write>], told: &mut Vec<Event>) -> Result<Owed> {
    let committed = run_all(tx, batch, told);
    if committed.is_err() {
        tx.told.clear();
        tx.rest.clear();
        tx.owed = Owed::No;
        // Still open (disk full) or already gone: both are fine for the next one.
        let _ = statement(tx, "rollback");
    }
    committed
}

fn run_all(tx: &mut Tx, batch: &mut [Box<dyn Write>], told: &mut Vec<Event>) -> Result<Owed> {
    let mut owed = Owed::No;
    let mut rest: Vec<Rest> = Vec::new();
    statement(tx, "begin immediate")?;
    for write in batch {
        statement(tx, "savepoint verb")?;
        if write.run(tx) == Done::Keep {
            told.append(&mut tx.told);
            rest.append(&mut tx.rest);
            if tx.owed == Owed::Yes {
                owed = Owed::Yes;
            }
        } else {
            statement(tx, "rollback to verb")?;
            tx.told.clear();
            tx.rest.clear();
        }
        tx.owed = Owed::No;
        statement(tx, "release verb")?;
    }
    for rest in rest {
        at_once(rest(tx))?;
    }
    statement(tx, "commit")?;
    Ok(owed)
}

fn statement(tx: &Tx, sql: &'static str) -> Result<()> {
    match &tx.conn {
        Conn::Sqlite(conn) => exec(conn, sql, &[]).map(drop),
        Conn::Postgres(_) => unreachable!("the writer thread owns an SQLite connection"),
    }
}

/// Copies the log into the database file beside the writer, so that the writer's own checkpoint finds little to do.
fn checkpoint(conn: &Connection, ended: &mpsc::Receiver<()>) {
    while ended.recv_timeout(CHECKPOINT_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
        // Failing means that somebody else holds the lock: the next round does it.
        let _ = conn.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
    }
}

pub(super) fn all<T>(conn: &Connection, sql: &str, params: &[Value<'_>], map: Map<T>) -> Result<Vec<T>> {
    let mut statement = conn.prepare_cached(sql).map_err(Error::database)?;
    bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(Error::database)? {
        found.push(map(&Row::Sqlite(row))?);
    }
    Ok(found)
}

pub(super) fn opt<T>(conn: &Connection, sql: &str, params: &[Value<'_>], map: Map<T>) -> Result<Option<T>> {
    let mut statement = conn.prepare_cached(sql).map_err(Error::database)?;
    bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    let found = match rows.next().map_err(Error::database)? {
        Some(row) => Some(map(&Row::Sqlite(row))?),
        None => return Ok(None),
    };
    // A statement that writes and returns rows is only done when it has been stepped to its end.
    while rows.next().map_err(Error::database)?.is_some() {}
    Ok(found)
}

pub(super) fn exec(conn: &Connection, sql: &str, params: &[Value<'_>]) -> Result<u64> {
    let mut statement = conn.prepare_cached(sql).map_err(Error::database)?;
    bind(&mut statement, params)?;
    statement.raw_execute().map(|rows| rows as u64).map_err(Error::database)
}

/// Binds by number: SQLite takes `$2` for a name and counts it by its first appearance.
fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Value<'_>]) -> Result<()> {
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name[1..].parse::<usize>().ok());
        let param = number.and_then(|number| params.get(number - 1));
        let param =
            param.ok_or_else(|| Error::database("a statement has more parameters than were given"))?;
        statement.raw_bind_parameter(index, param).map_err(Error::database)?;
    }
    Ok(())
}
