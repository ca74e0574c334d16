//! `pgward demo`, as a person and as a script would use it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::clients::{Output, run};
use crate::support::eventually;

fn demo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgward"));
    command.arg("demo");
    command
}

#[test]
fn once_walks_through_and_succeeds() {
    let output = run(demo().arg("--once"), "", Duration::from_secs(90));
    assert!(output.success, "{output:?}");
    for expected in ["1. ", "2. ", "3. ", "4. ", "5. ", "HINT:  ", "statement.refused", "FATAL:  "]
    {
        assert!(output.stdout.contains(expected), "{expected}: {}", output.stdout);
    }
}

#[test]
fn the_lines_it_prints_work_when_pasted() {
    let mut child = demo().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = Vec::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        let last = line.starts_with("Ctrl-C");
        text.push(line);
        if last {
            break;
        }
    }
    let pasted: Vec<&String> = text.iter().filter(|l| l.contains("PGPASSWORD=")).collect();
    assert_eq!(pasted.len(), 2, "{text:#?}");
    let paste = |line: &str, sql: &str| -> Output {
        let shell = format!("{} -X -At -c \"{sql}\"", line.trim());
        run(Command::new("sh").args(["-c", &shell]), "", Duration::from_secs(30))
    };
    let update = "UPDATE public.orders SET status = 'paid' WHERE id = 7";
    assert_eq!(
        paste(pasted[0], "SELECT count(*) FROM orders").expect("alice reads").trim(),
        "2000"
    );
    assert!(paste(pasted[0], update).stderr.contains("is read-only"));
    assert_eq!(paste(pasted[1], update).expect("bob writes").trim(), "UPDATE 1");
    let path = text.iter().find(|l| l.contains("audit.jsonl")).unwrap();
    let audit = std::path::PathBuf::from(path.rsplit(' ').next().unwrap());
    assert!(audit.exists());
    let line = |part: &str| text.iter().find(|l| l.contains(part)).unwrap().trim();
    let command = format!("{}; {}", line("export PGWARD_CONFIG"), line("grant revoke"));
    let revoke = run(
        Command::new("sh").args(["-c", &command]).current_dir("/"),
        "",
        Duration::from_secs(30),
    );
    assert!(revoke.success, "{revoke:?}");
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    eventually("it ends", Duration::from_secs(20), || child.try_wait().unwrap().is_some());
    assert!(!audit.exists(), "nothing is left");
    assert!(!paste(pasted[0], "SELECT 1").success);
}
