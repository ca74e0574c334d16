//! pg_dump and pgbench through pgward.

use crate::support::clients::{Address, pg_dump, pgbench, psql};
use crate::support::gate::{Gate, Options};
use crate::support::pg;

/// What pg_dump writes anew on each run (since 15.14): a random key of \restrict.
fn comparable(dump: &str) -> String {
    let lines =
        dump.lines().filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict"));
    lines.map(|l| format!("{l}\n")).collect()
}

#[test]
fn a_dump_is_identical() {
    // pg_dump takes servers of its own major and older.
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    // Row security would keep the reader from dumping the table, directly as well.
    pg::run(&mut pg.admin(&gate.database), "DROP TABLE public.secrets");
    // It locks each table in ACCESS SHARE mode, which takes SELECT and nothing more.
    let through = Address::gate(&gate, &gate.read_grant());
    let direct = Address::direct(pg, &gate.database);
    for arguments in
        [&[][..], &["--schema-only"], &["--data-only"], &["--inserts"], &["-t", "public.orders"]]
    {
        let arguments = [&["--no-publications", "--no-subscriptions"][..], arguments].concat();
        let theirs = pg_dump(&direct, &arguments).expect("pg_dump directly");
        let ours = pg_dump(&through, &arguments).expect("pg_dump through pgward");
        assert_eq!(comparable(&ours), comparable(&theirs), "{arguments:?}");
        assert!(ours.len() > 1_000);
    }
}

fn bench_database() -> String {
    let pg = pg::distribution();
    let database = pg.database();
    let owner =
        Address { password: String::new(), ..Address::direct_as(pg, &database, "postgres") };
    assert!(pgbench(&owner, &["-i", "-q", "-s", "1"]).success);
    let grant =
        "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO writer";
    assert!(psql(&owner, &["-c", grant], "").success);
    database
}

fn sessions_for(count: u32) -> Options {
    Options { limits: format!("max_sessions_per_grant = {count}"), ..Options::default() }
}

#[test]
fn pgbench_reads_in_every_mode() {
    let pg = pg::distribution();
    let database = bench_database();
    let gate = Gate::before(pg, &database, &sessions_for(64));
    let through = Address::gate(&gate, &gate.read_grant());
    let seconds = std::env::var("PGWARD_BENCH_SECONDS").unwrap_or_else(|_| "5".to_owned());
    for mode in ["simple", "extended", "prepared"] {
        let output =
            pgbench(&through, &["-n", "-S", "-M", mode, "-c", "32", "-j", "2", "-T", &seconds]);
        assert!(output.success, "{mode}: {}", output.stderr);
        assert!(
            output.stdout.contains("number of failed transactions: 0"),
            "{mode}: {}",
            output.stdout
        );
        assert!(!output.stderr.contains("ERROR"), "{mode}: {}", output.stderr);
    }
}

#[test]
fn pgbench_writes_with_the_fitting_scopes_only() {
    let pg = pg::distribution();
    let database = bench_database();
    let gate = Gate::before(pg, &database, &sessions_for(64));
    let reading = Address::gate(&gate, &gate.read_grant());
    let output = pgbench(&reading, &["-n", "-c", "1", "-t", "1"]);
    assert!(!output.success);
    assert!(
        output.stderr.contains("pgward: UPDATE on public.pgbench_accounts refused"),
        "{}",
        output.stderr
    );
    let grant = gate.write_grant(&[
        "update:public.pgbench_accounts",
        "update:public.pgbench_tellers",
        "update:public.pgbench_branches",
        "insert:public.pgbench_history",
    ]);
    let writing = Address::gate(&gate, &grant);
    for mode in ["simple", "extended", "prepared"] {
        let output = pgbench(&writing, &["-n", "-M", mode, "-c", "4", "-j", "2", "-t", "50"]);
        assert!(output.success, "{mode}: {}", output.stderr);
        assert!(output.stdout.contains("number of failed transactions: 0"), "{}", output.stdout);
    }
    let mut admin = pg.admin(&database);
    assert_eq!(admin.query("SELECT count(*) FROM pgbench_history").value(), "600");
    let ends = gate.events("transaction.end");
    assert_eq!(ends.iter().filter(|r| r["tx_outcome"] == "committed").count(), 600);
}
