//! How people work with what they have: DBeaver over JDBC with several connections, a shell of
//! Django. First on a read grant, then on the same grant and token once it was extended.

use crate::support::clients::{Address, Output, java_with, python_with};
use crate::support::gate::Gate;
use crate::support::pg;

fn works(run: impl Fn(&Address, &[(&str, &str)]) -> Output, id: u32, note: &str) {
    let pg = pg::distribution();
    let gate = Gate::new(pg);
    let grant = gate.read_grant();
    let address = Address::gate(&gate, &grant);
    let passes = |expected: &str| {
        let output = run(&address, &[("EXPECT", expected)]);
        let ok = output.success && output.stdout.trim().ends_with("ok");
        assert!(ok, "{expected}\n{}\n{}", output.stdout, output.stderr);
        let select = format!("SELECT note FROM public.orders WHERE id = {id}");
        pg.admin(&gate.database).query(&select).value()
    };
    assert_eq!(passes("refused"), format!("order {id}"));
    gate.cli(&["grant", "extend", &grant.id, "--scope", "update:public.orders"]).expect("extend");
    assert_eq!(passes("written"), note);
}

#[test]
fn dbeaver() {
    works(|address, expect| java_with(address, "LikeDBeaver", expect), 8, "autocommit");
}

#[test]
fn a_shell_of_django() {
    works(|address, expect| python_with(address, "django_shell.py", expect), 9, "from the shell");
}
