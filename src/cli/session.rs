//! `pgward session list|kill`

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;

use super::Common;
use super::client::Client;
use super::output::{self, Failure, Format};
use crate::admin::forms::{Because, Killed, SessionView};
use crate::base::{GrantId, SessionId};

/// Pause between two looks of `--watch`.
const WATCH_EVERY: Duration = Duration::from_secs(1);

const LIST_EXAMPLES: &str = "\
Examples:
  pgward session list
  pgward session list --pid 12345
      who is behind the backend that pg_stat_activity shows?";

const KILL_EXAMPLES: &str = "\
Examples:
  pgward session kill s_0a1b2c3d4e5f --reason \"locks orders\"

Only that session ends, what it is running is cancelled, and what it has not committed is rolled
back. Its grant stays as it is, and can begin another session: `pgward grant revoke` ends both.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List live sessions
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// End one session, now
    #[command(after_help = KILL_EXAMPLES)]
    Kill(Kill),
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Only the one behind this backend of the database: a pid of pg_stat_activity
    #[arg(long, value_name = "PID")]
    pid: Option<i32>,

    /// Only those of this grant
    #[arg(long, value_name = "ID")]
    grant: Option<GrantId>,

    /// Only those of this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Only those of this database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,

    /// Show them again every second, until it is interrupted
    ///
    /// With -o json one line of JSON each time.
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Kill {
    /// The session's id, as `session list` shows it
    #[arg(value_name = "ID")]
    id: SessionId,

    /// Why: the client is told, and it stands on record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs a verb.
pub(super) fn run(command: Command, common: &Common) -> Result<(), Failure> {
    let client = Client::new(common)?;
    match command {
        Command::List(args) => list(&client, &args, common.output),
        Command::Kill(args) => kill(&client, args, common.output),
    }
}

fn list(client: &Client, args: &List, format: Format) -> Result<(), Failure> {
    if !args.watch {
        let sessions = wanted(client, args)?;
        return if format == Format::Json { output::json(&sessions) } else { show(sessions, args) };
    }
    loop {
        let sessions = wanted(client, args)?;
        if format == Format::Json {
            output::json_line(&sessions)?;
        } else {
            let time = Timestamp::now().strftime("%H:%M:%S UTC");
            // Only a terminal's screen is cleared.
            let clear = if std::io::stdout().is_terminal() { "\u{1b}[2J\u{1b}[H" } else { "" };
            let s = if sessions.len() == 1 { "" } else { "s" };
            output::print(&format!("{clear}{time}: {} session{s}", sessions.len()))?;
            if !sessions.is_empty() {
                show(sessions, args)?;
            }
        }
        std::thread::sleep(WATCH_EVERY);
    }
}

fn wanted(client: &Client, args: &List) -> Result<Vec<SessionView>, Failure> {
    let mut sessions: Vec<SessionView> = client.get("/v1/sessions")?;
    sessions.retain(|session| {
        args.pid.is_none_or(|pid| session.backend_pid == Some(pid))
            && args.grant.is_none_or(|grant| session.grant_id == grant)
            && args.user.as_ref().is_none_or(|user| *user == session.user)
            && args.database.as_ref().is_none_or(|database| *database == session.database)
    });
    Ok(sessions)
}

fn show(sessions: Vec<SessionView>, args: &List) -> Result<(), Failure> {
    let now = Timestamp::now();
    let rows = sessions.into_iter().map(|session| {
        vec![
            session.id.to_string(),
            session.grant_id.to_string(),
            session.user,
            session.database,
            session.client_addr,
            session.backend_pid.map(|pid| pid.to_string()).unwrap_or_default(),
            session.state,
            span(&session.started_at, now),
            span(&session.expires_at, now),
            session.rows_returned.to_string(),
            output::brief(session.last_statement.as_deref().unwrap_or_default()),
        ]
    });
    let header = [
        "id",
        "grant",
        "user",
        "database",
        "client",
        "pid",
        "state",
        "age",
        "left",
        "rows",
        "last statement",
    ];
    let mut nothing = "no live sessions".to_owned();
    if let Some(pid) = args.pid {
        nothing.push_str(&format!(" behind backend {pid}"));
    }
    if let Some(grant) = args.grant {
        nothing.push_str(&format!(" of {grant}"));
    }
    if let Some(user) = &args.user {
        nothing.push_str(&format!(" of user \"{}\"", output::printable(user)));
    }
    if let Some(database) = &args.database {
        nothing.push_str(&format!(" at database \"{}\"", output::printable(database)));
    }
    output::table(&header, rows.collect(), &nothing)
}

/// How far a time is from now, for a narrow column: `7 s`, `59 min`, `1 h 5 min`.
fn span(time: &str, now: Timestamp) -> String {
    let Ok(time) = time.parse::<Timestamp>() else { return time.to_owned() };
    let seconds = time.duration_since(now).abs().as_secs();
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn kill(client: &Client, args: Kill, format: Format) -> Result<(), Failure> {
    let Kill { id, reason } = args;
    let path = format!("/v1/sessions/{id}/kill");
    let killed: Killed = client.post(&path, &Because { reason })?;
    if format == Format::Json {
        return output::json(&killed);
    }
    let Killed { grant_id, user, database, summary, .. } = &killed;
    let (user, database) = (output::printable(user), output::printable(database));
    output::print(&format!("session {id} of {user} at {database} has ended: {summary}"))?;
    output::say(&format!(
        "its grant is as it was, and can begin another: pgward grant revoke {grant_id} ends both"
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_short() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (time, expected) in [
            ("2026-11-20T12:00:00.4Z", "0 s"),
            ("2026-11-20T11:59:18Z", "42 s"),
            ("2026-11-20T12:58:59.9Z", "58 min"),
            ("2026-11-20T14:00:00Z", "2 h"),
            ("2026-11-20T07:55:00Z", "4 h 5 min"),
            ("out of range", "out of range"),
        ] {
            assert_eq!(span(time, now), expected);
        }
    }
}
