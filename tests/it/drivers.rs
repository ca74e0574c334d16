//! The drivers that people use, each with its own script under `tests/drivers`.

use crate::support::clients::{Address, Output, java, node, python};
use crate::support::gate::Gate;
use crate::support::pg;

fn passes(run: impl FnOnce(&Address) -> Output) {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let output = run(&Address::gate(&gate, &gate.read_grant()));
    assert!(
        output.success && output.stdout.trim().ends_with("ok"),
        "{}\n{}",
        output.stdout,
        output.stderr
    );
    let note = pg.admin(&gate.database).query("SELECT note FROM orders WHERE id = 7").value();
    assert_eq!(note, "order 7");
}

#[test]
fn psycopg() {
    passes(|address| python(address, "with_psycopg.py"));
}

#[test]
fn psycopg2() {
    passes(|address| python(address, "with_psycopg2.py"));
}

#[test]
fn node_postgres() {
    passes(|address| node(address, "with_pg.js"));
}

#[test]
fn jdbc() {
    passes(|address| java(address, "WithJdbc"));
}

#[test]
fn tokio_postgres() {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut client, connection) = tokio_postgres::Config::new()
            .host("127.0.0.1")
            .port(gate.port)
            .user(&grant.user)
            .password(&grant.token)
            .dbname(&gate.database)
            .connect(tokio_postgres::NoTls)
            .await
            .unwrap();
        let driving = tokio::spawn(connection);
        let read = client.prepare("SELECT note FROM public.orders WHERE id = $1").await.unwrap();
        for id in 1..=20_i32 {
            let row = client.query_one(&read, &[&id]).await.unwrap();
            assert_eq!(row.get::<_, String>(0), format!("order {id}"));
        }
        // Its look-up of a type it doesn't know.
        let row = client.query_one("SELECT status FROM public.orders LIMIT 1", &[]).await.unwrap();
        assert_eq!(row.columns()[0].type_().name(), "order_status");
        let error = client.execute("UPDATE public.orders SET note = 'x'", &[]).await.unwrap_err();
        let told = error.as_db_error().unwrap();
        assert_eq!(told.code(), &tokio_postgres::error::SqlState::READ_ONLY_SQL_TRANSACTION);
        assert!(told.message().starts_with("pgward: ") && told.hint().is_some());
        let transaction = client.transaction().await.unwrap();
        assert_eq!(transaction.query("SELECT 1", &[]).await.unwrap().len(), 1);
        transaction.commit().await.unwrap();
        let many = (0..100_i32).map(|n| {
            let client = &client;
            async move { client.query_one("SELECT $1::int4", &[&n]).await.unwrap().get::<_, i32>(0) }
        });
        let mut sum = 0;
        for answer in many {
            sum += answer.await;
        }
        assert_eq!(sum, 4_950);
        drop(client);
        driving.await.unwrap().unwrap();
    });
}
