//! `pgward demo --once`: the tour without a person. Each step is checked by its effect, seen from
//! the server's side or in the audit log, and the walk fails at the first that did not happen.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::pgward;
use super::stage::Stage;
use super::{print, say};

/// How long a revoked session may go on until the walk fails.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(5);

const UPDATE: &str = "UPDATE public.orders SET status = 'paid' WHERE id = 7";

/// Walks through everything.
pub(super) async fn through(stage: &Stage) -> anyhow::Result<()> {
    let direct = stage.direct().await?;
    read(stage).await.context("step 1, a read")?;
    refused_write(stage, &direct).await.context("step 2, a refused write")?;
    scoped_write(stage, &direct).await.context("step 3, a scoped write")?;
    record(stage).context("step 4, the record")?;
    revoke(stage, &direct).await.context("step 5, a revoke")?;
    print("All five steps really happened. Next: pgward demo, and the psql lines it prints.\n")
}

async fn read(stage: &Stage) -> anyhow::Result<()> {
    let sql = "SELECT status, count(*) FROM orders GROUP BY status ORDER BY status";
    let alice = stage.session(&stage.reading).await?;
    let rows = rows(&alice, sql).await?;
    ensure!(rows.len() == 4, "4 rows expected, not {}", rows.len());
    print(&format!("1. alice reads (grant {}):\n     {sql}\n", stage.reading.id))?;
    for row in rows {
        print(&format!("       {}\n", row.join("  ")))?;
    }
    Ok(())
}

async fn refused_write(stage: &Stage, direct: &Client) -> anyhow::Result<()> {
    let before = status(direct).await?;
    let alice = stage.session(&stage.reading).await?;
    let error = refusal(alice.batch_execute(UPDATE).await)?;
    ensure!(error.code() == &SqlState::READ_ONLY_SQL_TRANSACTION, "SQLSTATE {:?}", error.code());
    let hint = error.hint().context("the refusal has no HINT")?;
    ensure!(status(direct).await? == before, "the order changed all the same");
    ensure!(one(&alice, "SELECT 1").await? == "1", "the session did not go on");
    print(&format!(
        "2. alice writes, and is refused (SQLSTATE 25006); the session goes on:\n     {UPDATE}\n\
         \x20      ERROR:  {}\n       DETAIL:  {}\n       HINT:  {hint}\n",
        error.message(),
        error.detail().unwrap_or_default(),
    ))
}

async fn scoped_write(stage: &Stage, direct: &Client) -> anyhow::Result<()> {
    ensure!(status(direct).await? != "paid", "order 7 is paid before anybody paid it");
    let bob = stage.session(&stage.writing).await?;
    bob.batch_execute(UPDATE).await?;
    ensure!(status(direct).await? == "paid", "the order did not change");
    let error = refusal(bob.batch_execute("DELETE FROM public.orders WHERE id = 7").await)?;
    ensure!(error.code() == &SqlState::INSUFFICIENT_PRIVILEGE, "SQLSTATE {:?}", error.code());
    print(&format!(
        "3. bob, with the scope {}, does the same: UPDATE 1. A DELETE is beyond it:\n\
         \x20      ERROR:  {}\n",
        super::stage::WRITE_SCOPE,
        error.message()
    ))
}

fn record(stage: &Stage) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(stage.audit_log())?;
    let records: Vec<Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("a record")?;
    let found = |event: &str, grant: &str| {
        let matches = |r: &&Value| {
            let is = |key: &str, value: &str| r.get(key).and_then(Value::as_str) == Some(value);
            is("event", event) && is("grant_id", grant) && is("query", UPDATE)
        };
        records.iter().find(matches).with_context(|| format!("no {event} of grant {grant}"))
    };
    let refused = found("statement.refused", &stage.reading.id)?;
    found("statement.allowed", &stage.writing.id)?;
    let line = serde_json::to_string(refused)?;
    print(&format!("4. Both are on record, as is all else; alice's refused UPDATE:\n     {line}\n"))
}

async fn revoke(stage: &Stage, direct: &Client) -> anyhow::Result<()> {
    let alice = stage.session(&stage.reading).await?;
    let running = tokio::spawn(async move { alice.batch_execute("SELECT pg_sleep(60)").await });
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' \
                    AND state = 'active' AND pid <> pg_backend_pid()";
    wait(direct, sessions, "1").await.context("alice's statement does not run")?;
    let id = stage.reading.id.clone();
    let config = stage.config();
    let revoked = tokio::task::spawn_blocking(move || {
        pgward::command(&config, &["grant", "revoke", &id, "--reason", "demo is over"])
    });
    let report = revoked.await??;
    let ended = tokio::time::timeout(REVOKE_TIMEOUT, running).await;
    let error = refusal(ended.context("alice's session goes on")??)?;
    ensure!(error.code() == &SqlState::ADMIN_SHUTDOWN, "SQLSTATE {:?}", error.code());
    wait(direct, sessions, "0").await.context("the statement runs on at the server")?;
    say(report.trim());
    print(&format!(
        "5. alice's grant is revoked in mid-statement (SELECT pg_sleep(60)); her session ends, and\n\
         \x20  so does the statement at the server:\n       FATAL:  {}\n",
        error.message()
    ))
}

/// The error of the server (pgward's, dressed as one) that a statement must have met.
fn refusal(result: Result<(), tokio_postgres::Error>) -> anyhow::Result<DbError> {
    match result {
        Ok(()) => bail!("the statement came through"),
        Err(error) => match error.as_db_error() {
            Some(told) => Ok(told.clone()),
            None => Err(error).context("the connection ended without a word"),
        },
    }
}

async fn status(direct: &Client) -> anyhow::Result<String> {
    one(direct, "SELECT status FROM public.orders WHERE id = 7").await
}

async fn wait(client: &Client, sql: &str, expected: &str) -> anyhow::Result<()> {
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    while one(client, sql).await? != expected {
        ensure!(waited < REVOKE_TIMEOUT, "not within {REVOKE_TIMEOUT:?}");
        tokio::time::sleep(step).await;
        waited += step;
    }
    Ok(())
}

async fn one(client: &Client, sql: &str) -> anyhow::Result<String> {
    let row = rows(client, sql).await?.into_iter().next().context("no row")?;
    row.into_iter().next().context("no column")
}

async fn rows(client: &Client, sql: &str) -> anyhow::Result<Vec<Vec<String>>> {
    let messages = client.simple_query(sql).await?;
    let values = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|i| row.get(i).unwrap_or_default().to_owned()).collect())
        }
        _ => None,
    });
    Ok(values.collect())
}
