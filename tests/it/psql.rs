//! psql through pgward: what it prints is what it prints directly.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use crate::support::clients::{Address, psql, tool};
use crate::support::gate::Gate;
use crate::support::{on_each_server, pg::Pg};

/// The whole \d family and its friends, with + and S, with and without patterns.
const DESCRIBES: &str = r"
\d
\d+
\dS
\d public.orders
\d+ public.orders
\d+ public.accounts
\d+ public.open_orders
\d+ public.totals
\d+ public.measurements
\d+ public.measurements_2026
\d+ public.secrets
\d public.orders_status
\d public.tickets
\d sales.*
\da
\daS count
\dA
\dA+
\dAc
\dAf
\dAo
\dAp
\db
\db+
\dc
\dcS
\dC
\dd
\ddp
\dD
\dD+
\de
\dE
\det
\deu
\dew
\des
\df
\df+
\df public.*
\dfn
\dfp
\dft
\dFd
\dF
\dFp
\dFt
\dg
\dg+
\di
\di+
\dl
\dL
\dL+
\dm
\dm+
\dn
\dn+
\do
\dO
\dOS
\dp
\dp public.*
\dP
\dP+
\dPt
\drds
\dRp
\dRs
\ds
\ds+
\dt
\dt+
\dt *.*
\dT
\dT+
\du
\dv
\dv+
\dx
\dx+
\dX
\dy
\l
\l+
\z
\sf public.order_total
\sf+ public.touch
\sv public.open_orders
\lo_list
\encoding
";

/// What psql's own log of queries says it sends; taken for tab completion.
const COMPLETIONS: &[&str] = &[
    "SELECT pg_catalog.quote_ident(c.relname) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r','S','v','m','f','p') AND substring(pg_catalog.quote_ident(c.relname),1,3)='ord' AND pg_catalog.pg_table_is_visible(c.oid) UNION SELECT pg_catalog.quote_ident(n.nspname) || '.' FROM pg_catalog.pg_namespace n WHERE substring(pg_catalog.quote_ident(n.nspname) || '.',1,3)='ord' ORDER BY 1 LIMIT 1000",
    "SELECT pg_catalog.quote_ident(attname) FROM pg_catalog.pg_attribute, pg_catalog.pg_class WHERE pg_catalog.pg_class.oid = attrelid AND attnum > 0 AND NOT attisdropped AND relname = 'orders' AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) ORDER BY 1",
    "SELECT name FROM (SELECT pg_catalog.lower(name) AS name FROM pg_catalog.pg_settings UNION ALL SELECT 'session authorization' UNION ALL SELECT 'all') ss WHERE substring(name,1,4)='work'",
    "SELECT pg_catalog.quote_ident(rolname) FROM pg_catalog.pg_roles WHERE substring(pg_catalog.quote_ident(rolname),1,1)='r' ORDER BY 1",
    "SELECT pg_catalog.quote_ident(extname) FROM pg_catalog.pg_extension WHERE substring(pg_catalog.quote_ident(extname),1,2)='pl'",
    "SELECT pg_catalog.quote_ident(datname) FROM pg_catalog.pg_database WHERE substring(pg_catalog.quote_ident(datname),1,3)='pos' ORDER BY 1",
    "SELECT pg_catalog.quote_ident(t.typname) FROM pg_catalog.pg_type t WHERE t.typrelid = 0 AND t.typname !~ '^_' AND substring(pg_catalog.quote_ident(t.typname),1,3)='ord' AND pg_catalog.pg_type_is_visible(t.oid) ORDER BY 1",
];

fn pair(pg: &'static Pg) -> (Gate, Address, Address) {
    let gate = Gate::new(pg);
    let through = Address::gate(&gate, &gate.read_grant());
    let direct = Address::direct(pg, &gate.database);
    (gate, through, direct)
}

on_each_server! {
    fn the_describe_family_is_identical(pg) {
        let (_gate, through, direct) = pair(pg);
        for line in DESCRIBES.lines().filter(|l| !l.is_empty()) {
            let both = || (psql(&through, &[], line), psql(&direct, &[], line));
            let (mut ours, mut theirs) = both();
            // Other tests' databases come and go, and sizes with them: ask again before judging.
            for _ in 0..5 {
                if ours.stdout == theirs.stdout {
                    break;
                }
                (ours, theirs) = both();
            }
            assert_eq!(ours.stdout, theirs.stdout, "{line}: {}", ours.stderr);
            // psql 15 meets catalogues of 18 that it doesn't know; then both fail alike.
            let without_notice: String = ours.stderr.lines()
                .filter(|l| !l.contains("pgward")).map(|l| format!("{l}\n")).collect();
            if theirs.stderr.is_empty() {
                assert!(!ours.stderr.contains("ERROR"), "{line}: {}", ours.stderr);
            } else {
                assert_eq!(without_notice.contains("ERROR"), theirs.stderr.contains("ERROR"), "{line}: {}", ours.stderr);
            }
        }
    }

    fn completions_and_watch_are_identical(pg) {
        let (_gate, through, direct) = pair(pg);
        for sql in COMPLETIONS {
            let (ours, theirs) = (psql(&through, &["-c", sql], ""), psql(&direct, &["-c", sql], ""));
            assert_eq!(ours.stdout, theirs.stdout, "{sql}: {}", ours.stderr);
            assert!(ours.success);
        }
        for input in ["\\set FETCH_COUNT 7\nSELECT * FROM orders ORDER BY id;",
            "SELECT 1 AS a, 2 AS b \\gset\nSELECT :a + :b;", "SELECT 'SELECT 5' \\gexec",
            "SELECT status, count(*) FROM orders GROUP BY 1 ORDER BY 1 \\crosstabview",
            "SELECT 1 \\; SELECT 2;", "SELECT * FROM accounts \\gdesc", "\\timing off\nSELECT 1/0;\nSELECT 2;",
            "\\set ON_ERROR_ROLLBACK on\nBEGIN;\nSELECT 1/0;\nSELECT 3;\nCOMMIT;",
            "\\x\nSELECT * FROM orders WHERE id = 1;", "\\errverbose"] {
            let (ours, theirs) = (psql(&through, &[], input), psql(&direct, &[], input));
            assert_eq!(ours.stdout, theirs.stdout, "{input}: {}", ours.stderr);
        }
    }

    fn copy_to_a_file_is_identical(pg) {
        let (gate, through, direct) = pair(pg);
        let file = |address: &Address, name: &str| {
            let path = gate.path(name);
            let line = format!("\\copy (SELECT * FROM orders ORDER BY id) to '{}' csv header", path.display());
            let output = psql(address, &[], &line);
            assert!(output.success && !output.stderr.contains("ERROR"), "{output:?}");
            std::fs::read_to_string(path).unwrap()
        };
        let (ours, theirs) = (file(&through, "ours.csv"), file(&direct, "theirs.csv"));
        assert_eq!(ours.lines().count(), 501);
        assert_eq!(ours, theirs);
    }

    fn a_refusal_reads_like_postgresqls_own(pg) {
        let (_gate, through, _) = pair(pg);
        let output = psql(&through, &["-v", "VERBOSITY=default"], "DELETE FROM public.orders;\nSELECT 'goes on';");
        assert!(output.stderr.contains("ERROR:  pgward: DELETE on public.orders refused"), "{output:?}");
        assert!(output.stderr.contains("DETAIL:  ") && output.stderr.contains("HINT:  "), "{output:?}");
        assert!(output.stdout.contains("goes on"));
    }
}

#[test]
fn ctrl_c_cancels_and_psql_goes_on() {
    let pg = crate::support::pg::distribution();
    let (gate, through, _) = pair(pg);
    let mut command = tool("psql");
    through.environment(&mut command);
    command.args(["-X", "-At"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"SELECT pg_sleep(600);\n").unwrap();
    pg.runs(&gate.database, "pg_sleep(600)");
    let status =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("canceling statement due to user request"), "{stderr}");
}

#[test]
fn watch_repeats_until_interrupted() {
    let pg = crate::support::pg::distribution();
    let (gate, through, _) = pair(pg);
    let mut command = tool("psql");
    through.environment(&mut command);
    command.args(["-X", "-At"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"SELECT 'watched' \\watch 0.2\n").unwrap();
    crate::support::eventually("three rounds", Duration::from_secs(10), || {
        gate.about("watched").iter().filter(|r| r["event"] == "statement.done").count() >= 3
    });
    child.kill().unwrap();
    child.wait().unwrap();
}
