//! `pgward grant create|list|show|revoke`, and the table of the verbs that are in `request`

use clap::Subcommand;

use super::Common;
use super::client::{Client, percent};
use super::output::{self, Failure, Format, printable, say};
use super::request;
use crate::admin::forms::{Because, CreatedGrant, GrantView, RevokeMany, Revoked, RevokedMany};
use crate::admin::listing::ListWish;
use crate::base::GrantId;
use crate::grants::Wish;

const CREATE_EXAMPLES: &str = "\
Examples:
  pgward grant create --user alice --database app --ttl 1h --reason \"INC-4211 stuck orders\"
      alice may read app for an hour
  pgward grant create --user alice --database app --ttl 30m --ticket INC-4211 \\
      --scope update,delete:public.orders --scope insert:public.notes --reason \"unstick orders\"
      and change what the scopes name, nothing else
  pgward grant create --user ci --database app --reason \"nightly report\" -o json | jq -r .token
      for a program

The token is printed once; only what verifies it is kept. It is the password of the connection,
with the grant's id or the user's name as user. It works until the TTL is over, counted from now,
or until `pgward grant revoke`.

It lets others in. For access of your own somebody else has to approve: `pgward grant request`
(unless policy.approvals asks nobody, or nobody but you runs this server).";

const LIST_EXAMPLES: &str = "\
Examples:
  pgward grant list --active --expiring-within 10m
  pgward grant list --waiting
      what waits for an approval
  pgward grant list --unused --older-than 30m
      made, and never used
  pgward grant list --unreviewed
      taken by break-glass, and nobody has looked at it";

const REVOKE_EXAMPLES: &str = "\
Examples:
  pgward grant revoke g_7k2m9x0qwe --reason \"fixed\"
  pgward grant revoke --user alice
  pgward grant revoke --all --reason \"incident\"

Live sessions are told why and end within a second, what they were running is cancelled and not
committed, and the command returns when their backends are gone.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let somebody in, for a reason and for a time
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// Ask for a grant, for others to approve
    #[command(after_help = request::REQUEST_EXAMPLES)]
    Request(request::Ask),
    /// Approve a request, or an extension that was asked for
    #[command(after_help = request::APPROVE_EXAMPLES)]
    Approve(request::Approve),
    /// Deny a request, or an extension that was asked for
    Deny(request::OneWithReason),
    /// Get the token of your approved request
    Redeem(request::One),
    /// List grants: those in use and those that ended in the last 24 hours
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Show one grant, with all that happened to it
    Show(Show),
    /// More time or more scopes for a grant in use, with the same token
    #[command(after_help = request::EXTEND_EXAMPLES)]
    Extend(request::Extend),
    /// Replace a lost token
    Rotate(request::One),
    /// Give your grant back, or withdraw your request
    Release(request::OneWithReason),
    /// End grants and their sessions, now
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
    /// Let yourself in at once, for a short time, and answer for it afterwards
    #[command(after_help = request::BREAK_GLASS_EXAMPLES)]
    BreakGlass(request::Ask),
    /// Note that a grant taken by break-glass was looked at
    Review(request::Review),
}

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// The person or program that the grant is for
    #[arg(long, value_name = "NAME")]
    user: String,

    #[command(flatten)]
    terms: Terms,
}

/// What a grant is to be.
#[derive(Debug, clap::Args)]
pub(super) struct Terms {
    /// The database, by its name in the configuration
    #[arg(long, value_name = "NAME")]
    pub(super) database: String,

    /// How long it lasts: 30s, 15m, 1h, 4h30m, 2d [default: policy.default_ttl]
    ///
    /// At most policy.max_ttl; with scopes at most policy.max_write_ttl; with a role at most its
    /// max_ttl; by break-glass at most policy.break_glass_ttl. There is no grant without an end.
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(super) ttl: Option<String>,

    /// Why: stands in every record of the grant's sessions
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,

    /// The ticket that asks for it
    #[arg(long, value_name = "TICKET")]
    pub(super) ticket: Option<String>,

    /// A role of the configuration: its scopes, and its limits
    #[arg(long, value_name = "NAME")]
    pub(super) role: Option<String>,

    #[allow(rustdoc::broken_intra_doc_links, reason = "a help text, not a link")]
    /// What may be done beyond reading: VERB[,VERB]...:SCHEMA.TABLE
    ///
    /// Verbs: insert, update, delete, truncate; maintain (VACUUM, ANALYZE, REINDEX, CLUSTER,
    /// REFRESH); select (then only what it names may be read). Also execute:SCHEMA.FUNCTION and
    /// ddl:SCHEMA. The table may be *, for all of the schema's. May be given more than once.
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(super) scopes: Vec<String>,

    /// Rows that one statement may write, 0 for any number [default: limits.max_rows_written]
    #[arg(long, value_name = "N")]
    pub(super) max_rows_written: Option<u64>,

    /// Where clients connect from: an address or a network, such as 10.1.0.0/16
    ///
    /// May be given more than once. Without it, from anywhere.
    #[arg(long = "client-cidr", value_name = "CIDR")]
    pub(super) client_cidrs: Vec<String>,

    /// Sessions at once [default: limits.max_sessions_per_grant]
    #[arg(long, value_name = "N")]
    pub(super) max_sessions: Option<u64>,

    /// Sessions that may ever begin; 1 is a grant for one time
    #[arg(long, value_name = "N")]
    pub(super) uses: Option<u64>,

    /// Not valid before this time, such as 2026-11-20T22:00:00Z; its TTL counts from then
    #[arg(long, value_name = "TIME")]
    pub(super) not_before: Option<String>,

    /// It ends when no statement ran for this long
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(super) end_when_idle: Option<String>,
}

impl Terms {
    /// The wish for that person; an empty name is whoever asks.
    pub(super) fn wish(self, user: String) -> Wish {
        let Self {
            database,
            ttl,
            reason,
            ticket,
            role,
            scopes,
            max_rows_written,
            client_cidrs,
            max_sessions,
            uses,
            not_before,
            end_when_idle,
        } = self;
        Wish {
            user,
            database,
            ttl,
            reason,
            ticket,
            role,
            scopes,
            max_sessions,
            max_rows_written,
            client_cidrs,
            uses,
            not_before,
            end_when_idle,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    /// Every grant there ever was
    #[arg(long)]
    all: bool,

    /// Only those of this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Only those of this database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,

    /// Only those in this state: pending, approved, active, expired, revoked, released,
    /// exhausted, denied, cancelled
    #[arg(long, value_name = "STATE")]
    state: Option<String>,

    /// Only those that may be used now
    #[arg(long, conflicts_with = "state")]
    active: bool,

    /// Only requests and extensions that wait for an approval
    #[arg(long)]
    waiting: bool,

    /// Only those in use that end within this time
    #[arg(long, value_name = "DURATION")]
    expiring_within: Option<String>,

    /// Only those in use for longer than this
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,

    /// Only those in use that never had a session
    #[arg(long)]
    unused: bool,

    /// Only those taken by break-glass that nobody has reviewed, whenever that was
    #[arg(long)]
    unreviewed: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: GrantId,
}

#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    which: Which,

    /// Why: the sessions are told, and it stands on record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Which grants: exactly one of these is named.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: Option<GrantId>,

    /// Every grant of this person
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Every grant of this database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,

    /// Every grant
    #[arg(long)]
    all: bool,
}

/// Runs a verb.
pub(super) fn run(command: Command, common: &Common) -> Result<(), Failure> {
    let client = Client::new(common)?;
    match command {
        Command::Create(args) => create(&client, args, common.output),
        Command::Request(args) => request::ask(&client, args, common.output),
        Command::Approve(args) => request::approve(&client, &args, common.output),
        Command::Deny(args) => request::deny(&client, args, common.output),
        Command::Redeem(args) => request::redeem(&client, &args, common.output),
        Command::Extend(args) => request::extend(&client, args, common.output),
        Command::Rotate(args) => request::rotate(&client, &args, common.output),
        Command::Release(args) => request::release(&client, args, common.output),
        Command::BreakGlass(args) => request::break_glass(&client, args, common.output),
        Command::Review(args) => request::review(&client, args, common.output),
        Command::List(args) => list(&client, &args, common.output),
        Command::Show(args) => show(&client, &args, common.output),
        Command::Revoke(args) => revoke(&client, args, common.output),
    }
}

fn create(client: &Client, args: Create, format: Format) -> Result<(), Failure> {
    let grant: CreatedGrant = client.post("/v1/grants", &args.terms.wish(args.user))?;
    with_token(&grant, format)
}

/// Prints a grant with its token.
pub(super) fn with_token(grant: &CreatedGrant, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return output::json(grant);
    }
    let CreatedGrant { id, token, user, database, psql, pgpass, jdbc, expires_at, .. } = grant;
    let may = may(&grant.scopes);
    let expires_at = output::time(expires_at);
    let (user, database) = (printable(user), printable(database));
    output::print(&format!(
        "grant {id}: {user} may {may} in {database} until {expires_at}\n\
         \n  connect   {psql}\n  password  {token}\n\
         \n  ~/.pgpass {pgpass}\n  JDBC      {jdbc}\n"
    ))?;
    if let Some(warning) = &grant.warning {
        say(&format!("pgward: grant {id}: {}", printable(warning)));
    }
    say("the token is shown this once; every statement is recorded with the reason");
    Ok(())
}

pub(super) fn may(scopes: &[String]) -> String {
    if scopes.is_empty() { "read".to_owned() } else { format!("read and {}", scopes.join(", ")) }
}

fn list(client: &Client, args: &List, format: Format) -> Result<(), Failure> {
    let wish = ListWish {
        all: args.all,
        user: args.user.clone(),
        database: args.database.clone(),
        state: if args.active { Some("active".to_owned()) } else { args.state.clone() },
        expiring_within: args.expiring_within.clone(),
        older_than: args.older_than.clone(),
        unused: args.unused,
        unreviewed: args.unreviewed,
        waiting: args.waiting,
    };
    let grants: Vec<GrantView> = client.get(&format!("/v1/grants{}", query(&wish)?))?;
    if format == Format::Json {
        return output::json(&grants);
    }
    let rows = grants.into_iter().map(|grant| {
        let scopes = if grant.scopes.is_empty() { "read".into() } else { grant.scopes.join(" ") };
        let state = state(&grant);
        let pending = grant.state == "pending";
        let expires = output::minute(&grant.expires_at);
        vec![
            grant.id.to_string(),
            grant.user,
            grant.database,
            scopes,
            state,
            if pending { format!("{} from redeem", grant.ttl) } else { expires },
            grant.sessions.to_string(),
            output::brief(&grant.reason),
        ]
    });
    let header = ["id", "user", "database", "scopes", "state", "expires", "sessions", "reason"];
    output::table(&header, rows.collect(), &nothing(args))
}

/// The state, and what else is to be done about it.
fn state(grant: &GrantView) -> String {
    let given = |approvers: &[String], needed: u32| format!("{}/{needed}", approvers.len());
    let mut state = grant.state.clone();
    if state == "pending" {
        state.push_str(&format!(" {}", given(&grant.approvers, grant.approvals_needed)));
    }
    if let Some(asked) = &grant.extension {
        state.push_str(&format!(", extension {}", given(&asked.approvers, asked.approvals_needed)));
    }
    if waits(grant) {
        state.push_str(&format!(", revision {}", grant.revision));
    }
    if grant.break_glass && grant.reviewed_by.is_none() {
        state.push_str(", unreviewed");
    }
    state
}

/// Whether others are asked to approve something.
fn waits(grant: &GrantView) -> bool {
    grant.state == "pending" || grant.extension.is_some()
}

/// `?user=alice&all=true`
fn query(wish: &ListWish) -> Result<String, Failure> {
    let wish = serde_json::to_value(wish)
        .map_err(|error| Failure::new(format!("the request can't be written: {error}")))?;
    let mut query = String::new();
    for (key, value) in wish.as_object().into_iter().flatten() {
        let text = match value {
            serde_json::Value::Bool(true) => "true".to_owned(),
            serde_json::Value::String(text) => percent(text),
            _ => continue,
        };
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(&format!("{key}={text}"));
    }
    Ok(query)
}

/// What is said when the list is empty.
fn nothing(args: &List) -> String {
    let List { expiring_within, older_than, unused, unreviewed, waiting, active, state, .. } = args;
    let narrowed = expiring_within.is_some()
        || older_than.is_some()
        || state.is_some()
        || *unused
        || *unreviewed
        || *waiting
        || *active;
    let mut text = if narrowed { "no such grants" } else { "no grants" }.to_owned();
    if let Some(user) = &args.user {
        text.push_str(&format!(" of user \"{}\"", printable(user)));
    }
    if let Some(database) = &args.database {
        text.push_str(&format!(" for database \"{}\"", printable(database)));
    }
    if narrowed {
        return text;
    }
    text.push_str(if args.all { "" } else { " in use, or ended in the last 24 hours" });
    if args.user.is_none() && args.database.is_none() {
        text.push_str("; `pgward grant create --help` says how to make one");
    } else if args.all {
        text.push_str("; `pgward grant list --all` shows every one");
    } else {
        text.push_str("; --all shows older ones");
    }
    text
}

fn show(client: &Client, args: &Show, format: Format) -> Result<(), Failure> {
    let grant: GrantView = client.get(&format!("/v1/grants/{}", args.id))?;
    if format == Format::Json {
        return output::json(&grant);
    }
    output::print(&details(grant).join("\n"))
}

/// A grant as lines of names and values, then its history.
pub(super) fn details(grant: GrantView) -> Vec<String> {
    let state = state(&grant);
    let approve = waits(&grant)
        .then(|| format!("pgward grant approve {} --revision {}", grant.id, grant.revision));
    let mut rows = vec![
        ("id", grant.id.to_string()),
        ("user", grant.user),
        ("database", grant.database),
        ("scopes", may(&grant.scopes)),
        ("state", state),
        ("reason", grant.reason),
        ("created", format!("{} by {}", output::time(&grant.created_at), grant.created_by)),
        match grant.state.as_str() {
            "pending" => ("answer by", output::time(&grant.expires_at)),
            "approved" if grant.not_before.is_none() => {
                ("redeem by", output::time(&grant.expires_at))
            }
            _ => ("expires", output::time(&grant.expires_at)),
        },
        ("sessions", format!("{} now, {} ever", grant.sessions, grant.sessions_begun)),
        ("psql", grant.psql),
        ("jdbc", grant.jdbc),
    ];
    // What never began has no end.
    if ["denied", "cancelled"].contains(&grant.state.as_str()) {
        rows.retain(|(name, _)| *name != "expires");
    }
    if grant.state == "pending" {
        rows.push(("lasts", format!("{} from when it is redeemed", grant.ttl)));
    }
    rows.extend(grant.ended_because.map(|because| ("ended", because)));
    rows.extend(grant.ticket.map(|ticket| ("ticket", ticket)));
    rows.extend(grant.role.map(|role| ("role", role)));
    if !grant.approvers.is_empty() {
        rows.push(("approved", format!("by {}", grant.approvers.join(", "))));
    }
    if let Some(asked) = grant.extension {
        let mut words: Vec<String> =
            asked.ttl.into_iter().map(|ttl| format!("{ttl} from the approval")).collect();
        words.extend(asked.scopes);
        words.extend(asked.reason.map(|reason| format!("because: {reason}")));
        rows.push(("asked", format!("by {}: {}", asked.by, words.join(", "))));
    }
    if !grant.client_cidrs.is_empty() {
        rows.push(("clients", grant.client_cidrs.join(", ")));
    }
    rows.extend(grant.not_before.map(|from| ("from", output::time(&from))));
    if let (Some(uses), Some(left)) = (grant.uses, grant.uses_left) {
        rows.push(("uses", format!("{left} left of {uses}")));
    }
    rows.extend(grant.end_when_idle.map(|idle| ("idle", format!("ends when idle for {idle}"))));
    rows.extend(grant.max_rows_written.map(|rows| ("rows", format!("{rows} by one statement"))));
    rows.extend(approve.map(|command| ("approve", command)));
    rows.extend(grant.reviewed_by.map(|by| ("reviewed", format!("by {by}"))));
    let mut lines: Vec<String> =
        rows.into_iter().map(|(name, value)| format!("{name:<9} {}", printable(&value))).collect();
    if !grant.history.is_empty() {
        lines.push(String::new());
    }
    for line in grant.history {
        let (at, event) = (output::time(&line.at), line.event.replace("grant.", ""));
        let text = format!("{at}  {event:<11} {:<12} {}", line.actor, line.detail);
        lines.push(printable(text.trim_end()));
    }
    lines
}

fn revoke(client: &Client, args: Revoke, format: Format) -> Result<(), Failure> {
    let Revoke { which: Which { id, user, database, all }, reason } = args;
    if let Some(id) = id {
        let path = format!("/v1/grants/{id}/revoke");
        let revoked: Revoked = client.post(&path, &Because { reason })?;
        warn(&revoked);
        if format == Format::Json {
            return output::json(&revoked);
        }
        output::print(&ended(&revoked))?;
        if revoked.already_ended {
            say(&format!("when and why it ended: pgward grant show {id}"));
        }
        return Ok(());
    }
    let wish = RevokeMany { user, database, all, reason };
    let revoked: RevokedMany = client.post("/v1/grants/revoke", &wish)?;
    revoked.grants.iter().for_each(warn);
    if format == Format::Json {
        return output::json(&revoked);
    }
    let count = revoked.grants.len();
    if count == 0 {
        say("no such grant is in use: nothing was revoked; `pgward grant list` shows them");
        return Ok(());
    }
    let s = if count == 1 { "" } else { "s" };
    let mut lines: Vec<String> = revoked
        .grants
        .iter()
        .map(|grant| format!("grant {} is {}", grant.id, grant.state))
        .collect();
    lines.push(format!("{count} grant{s} revoked: {}", revoked.summary));
    output::print(&lines.join("\n"))
}

/// What became of a grant that was to end: `grant g_… is revoked: 1 session ended, 0.1 s`.
pub(super) fn ended(revoked: &Revoked) -> String {
    let Revoked { id, state, summary, already_ended, .. } = revoked;
    let already = if *already_ended { " already" } else { "" };
    format!("grant {id} is {state}{already}: {summary}")
}

pub(super) fn warn(revoked: &Revoked) {
    if let Some(warning) = &revoked.warning {
        say(&format!("pgward: grant {}: {}", revoked.id, printable(warning)));
    }
}
