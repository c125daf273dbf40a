//! `Db` and `Tx`: what a transaction promises.

use parlor_core::{
    App, Error, Event,
    bus::Heard,
    channels::Identity,
    db::Dialect,
    ids::{AccountId, ChannelId},
    params,
};
use testkit::TestApp;
use uuid::Uuid;

async fn insert(app: &App, name: &'static str, outcome: Outcome) -> Result<Uuid, Error> {
    let inner = app.clone();
    app.db
        .write(move |tx| {
            Box::pin(async move {
                let (id, now) = (inner.new_id(), inner.now());
                let sql = "insert into accounts (id, name, allows_social_messaging, max_social_channels, created_at)
                           values ($1, $2, true, 1, $3)";
                tx.exec(sql, params![id, name, now]).await?;
                tx.tell(Event::ChannelChanged { account_id: AccountId(id), channel_id: ChannelId(id), identity: Identity::Open });
                match outcome {
                    Outcome::Succeeds => Ok(id),
                    Outcome::Fails => Err(Error::Conflict("as ordered")),
                    Outcome::Panics => panic!("as ordered"),
                }
            })
        })
        .await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Succeeds,
    Fails,
    Panics,
}

async fn count(app: &App, name: &'static str) -> i64 {
    let read = app.db.read(move |tx| {
        Box::pin(async move {
            tx.one("select count(*) from accounts where name = $1", params![name], |row| row.get(0)).await
        })
    });
    read.await.expect("a count")
}

#[tokio::test]
async fn what_fails_or_panics_undoes_only_itself() {
    let product = TestApp::start().await;
    let results = product
        .within(|app| async move {
            let outcome = |index: usize| match index % 4 {
                1 => Outcome::Fails,
                3 => Outcome::Panics,
                _ => Outcome::Succeeds,
            };
            // Together, so that on SQLite they share commits.
            let writes = (0..200).map(|index| {
                let app = app.clone();
                tokio::spawn(async move { insert(&app, "together", outcome(index)).await })
            });
            let mut kept = 0;
            for (index, write) in writes.collect::<Vec<_>>().into_iter().enumerate() {
                let result = write.await.expect("the caller does not panic");
                assert_eq!(result.is_ok(), outcome(index) == Outcome::Succeeds, "write {index}: {result:?}");
                kept += i64::from(result.is_ok());
            }
            (kept, count(&app, "together").await)
        })
        .await;
    assert_eq!(results, (100, 100));
}

#[tokio::test]
async fn an_event_goes_out_after_its_commit_and_never_without_one() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let mut listener = app.bus.listen();
            insert(&app, "told", Outcome::Fails).await.expect_err("as ordered");
            let first = insert(&app, "told", Outcome::Succeeds).await.expect("an insert");
            let second = insert(&app, "told", Outcome::Succeeds).await.expect("an insert");
            for expected in [first, second] {
                let Some(Heard::Event(event)) = listener.next().await else {
                    panic!("an event was expected")
                };
                let Event::ChannelChanged { account_id, .. } = &*event else {
                    panic!("another event: {event:?}")
                };
                assert_eq!(
                    account_id.0, expected,
                    "events come in the order of the commits, and none of a failed write"
                );
            }
        })
        .await;
}

#[tokio::test]
async fn a_write_that_awaits_something_else_holds_nobody_up() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let waits = app.db.write(|_| {
                Box::pin(async move {
                    tokio::task::yield_now().await;
                    Ok(())
                })
            });
            let result = waits.await;
            match app.db.dialect() {
                Dialect::Sqlite => {
                    assert!(matches!(result, Err(Error::Database(_))), "it would hold up a shared commit")
                }
                Dialect::Postgres => assert!(result.is_ok(), "there it has a connection of its own"),
            }
            insert(&app, "after", Outcome::Succeeds).await.expect("the writer goes on");
        })
        .await;
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let product = TestApp::start().await;
    let result = product
        .within(|app| async move {
            app.db.read(|tx| Box::pin(async move { tx.exec("delete from accounts", &[]).await })).await
        })
        .await;
    assert!(matches!(result, Err(Error::Database(_))));
}

#[tokio::test]
async fn every_type_comes_back_as_it_went_in() {
    let product = TestApp::start().await;
    product
        .within(|app| async move {
            let shop = insert(&app, "types", Outcome::Succeeds).await.expect("an insert");
            let now = app.now();
            let json = serde_json::json!({"text": "ü 😀 \" \\ \n", "list": [1, 2.5, null, true]});
            let (id, stored) = (app.new_id(), json.clone());
            app.db
                .write(move |tx| {
                    Box::pin(async move {
                        let assistant = "insert into assistants (id, account_id, name, provider, model, created_at, updated_at)
                                         values ($1, $2, 'a', 'local', 'm', $3, $3)";
                        tx.exec(assistant, params![id, shop, now]).await?;
                        let channel = "insert into channels (id, account_id, kind, token, display_name, status, auto_reply,
                                         assistant_id, settings, created_at, updated_at)
                                       values ($1, $2, 'website', 'types', 'Ωmega 😀', 'enabled', 'on', $1, $3, $4, $4)";
                        tx.exec(channel, params![id, shop, &stored, now]).await
                    })
                })
                .await
                .expect("an insert");
            let row = app.db.read(move |tx| {
                Box::pin(async move {
                    let sql = "select id, display_name, settings, created_at, deleted_at from channels where id = $1";
                    tx.one(sql, params![id], |row| {
                        Ok((
                            row.get::<Uuid>(0)?,
                            row.get::<String>(1)?,
                            row.get::<serde_json::Value>(2)?,
                            row.get::<jiff::Timestamp>(3)?,
                            row.get::<Option<jiff::Timestamp>>(4)?,
                        ))
                    })
                    .await
                })
            });
            assert_eq!(row.await.expect("the row"), (id, "Ωmega 😀".to_owned(), json, now, None));
        })
        .await;
}
