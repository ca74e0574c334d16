//! `pgward grant request|approve|deny|redeem|extend|rotate|release|break-glass|review`

use std::io::{BufRead as _, IsTerminal as _};

use super::client::Client;
use super::grant::{Terms, details, ended, may, warn, with_token};
use super::output::{self, Failure, Format, printable, say};
use crate::admin::forms::{
    Answered, Approving, Because, CreatedGrant, ExtendWish, GrantView, Revoked,
};
use crate::base::GrantId;

pub(super) const REQUEST_EXAMPLES: &str = "\
Examples:
  pgward grant request --database app --reason \"INC-4211 stuck orders\"
      ask to read app
  pgward grant request --database app --role on-call --ttl 30m --reason \"INC-4211 stuck orders\"
      ask for what [roles.on-call] permits
  pgward grant redeem g_7k2m9x0qwe
      when it is approved: get the token, which nobody else ever sees

A request that nobody answers ends by itself (policy.request_ttl), and so does one that is
approved and not redeemed (policy.redeem_within). The TTL counts from `redeem`.";

pub(super) const APPROVE_EXAMPLES: &str = "\
Examples:
  pgward grant approve g_7k2m9x0qwe --revision 1
      as `grant request` and `grant show` print it
  pgward grant approve g_7k2m9x0qwe
      at a terminal: shows what is asked for, and asks

What was read is approved and nothing else: after a change it is another revision, and the approval
says what changed instead. Without --revision and without a terminal it is the first revision that
is approved, so what was never changed.";

pub(super) const EXTEND_EXAMPLES: &str = "\
Examples:
  pgward grant extend g_7k2m9x0qwe --ttl 30m
      30 minutes from now; open sessions go on
  pgward grant extend g_7k2m9x0qwe --scope update:public.orders
      new connections may update orders too (\\c in psql); the token stays

Where others must approve, this asks them; what is open goes on as it is until they have. No
grant lasts longer from now than one that is made now with the same scopes: scopes with a shorter
limit may bring its end nearer. A request that was not redeemed yet is changed instead, and its
approvals are void.";

pub(super) const BREAK_GLASS_EXAMPLES: &str = "\
Examples:
  pgward grant break-glass --database app --scope update:public.orders \\
      --reason \"INC-4211 orders stuck, nobody to approve\"

For an emergency in which nobody can approve. It is short (policy.break_glass_ttl), on record as
what it is, and on a list (`pgward grant list --unreviewed`) until somebody else has reviewed it.";

/// The revision of what was never changed.
const FIRST: u32 = 1;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Ask {
    /// The person that it is for [default: who asks]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    #[command(flatten)]
    terms: Terms,
}

/// One grant.
#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: GrantId,
}

/// What is approved.
#[derive(Debug, clap::Args)]
pub(super) struct Approve {
    /// The grant's id, as `grant list --waiting` shows it
    #[arg(value_name = "ID")]
    id: GrantId,

    /// The revision that was read, as `grant show` and `grant list` have it
    #[arg(long, value_name = "N")]
    revision: Option<u32>,
}

/// One grant, and why.
#[derive(Debug, clap::Args)]
pub(super) struct OneWithReason {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: GrantId,

    /// Why: it stands on record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What was found.
#[derive(Debug, clap::Args)]
pub(super) struct Review {
    /// The grant's id, as `grant list --unreviewed` shows it
    #[arg(value_name = "ID")]
    id: GrantId,

    /// What was found: it stands on record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// More of a grant.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("more").required(true).multiple(true).args(["ttl", "scopes"])))]
pub(super) struct Extend {
    /// The grant's id, as `grant list` shows it
    #[arg(value_name = "ID")]
    id: GrantId,

    /// How long it lasts from now: 30m, 1h
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    ttl: Option<String>,

    /// What may be done besides, from the next connection on; as for `grant create`
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,

    /// Why, for who is to approve it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) fn ask(client: &Client, args: Ask, format: Format) -> Result<(), Failure> {
    let wish = args.terms.wish(args.user.unwrap_or_default());
    let answer: Answered = client.post("/v1/grants/request", &wish)?;
    if format == Format::Json {
        return output::json(&answer);
    }
    let grant = &answer.grant;
    let (id, user, database) = (grant.id, printable(&grant.user), printable(&grant.database));
    let may = printable(&may(&grant.scopes));
    let ttl = &grant.ttl;
    let summary = lines(&answer.summary);
    output::print(&format!("request {id}: {user} is to {may} in {database} for {ttl}\n{summary}"))
}

pub(super) fn break_glass(client: &Client, args: Ask, format: Format) -> Result<(), Failure> {
    let wish = args.terms.wish(args.user.unwrap_or_default());
    let grant: CreatedGrant = client.post("/v1/grants/break-glass", &wish)?;
    with_token(&grant, format)?;
    output::say(&format!(
        "on the list of what is to be reviewed: pgward grant review {} --reason \"…\"",
        grant.id
    ));
    Ok(())
}

pub(super) fn approve(client: &Client, args: &Approve, format: Format) -> Result<(), Failure> {
    let revision = match args.revision {
        Some(revision) => revision,
        None if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() => {
            read_and_agree(client, args.id)?
        }
        // Whoever was told of it was told of the first, unless they were told of another.
        None => FIRST,
    };
    let path = format!("/v1/grants/{}/approve", args.id);
    answer(&client.post(&path, &Approving { revision })?, format)
}

/// Shows what is asked for, and asks whether it is approved; gives its revision.
fn read_and_agree(client: &Client, id: GrantId) -> Result<u32, Failure> {
    let grant: GrantView = client.get(&format!("/v1/grants/{id}"))?;
    let revision = grant.revision;
    say(&details(grant).join("\n"));
    output::ask("\napprove this? [y/N] ");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(revision);
    }
    Err(Failure::new("nothing was approved")
        .hint(format!("to refuse it: pgward grant deny {id} --reason \"…\"")))
}

pub(super) fn deny(client: &Client, args: OneWithReason, format: Format) -> Result<(), Failure> {
    let OneWithReason { id, reason } = args;
    answer(&client.post(&format!("/v1/grants/{id}/deny"), &Because { reason })?, format)
}

pub(super) fn redeem(client: &Client, args: &One, format: Format) -> Result<(), Failure> {
    let path = format!("/v1/grants/{}/redeem", args.id);
    let grant: CreatedGrant = client.post(&path, &Because::default())?;
    with_token(&grant, format)
}

pub(super) fn extend(client: &Client, args: Extend, format: Format) -> Result<(), Failure> {
    let Extend { id, ttl, scopes, reason } = args;
    let wish = ExtendWish { ttl, scopes, reason };
    answer(&client.post(&format!("/v1/grants/{id}/extend"), &wish)?, format)
}

pub(super) fn rotate(client: &Client, args: &One, format: Format) -> Result<(), Failure> {
    let path = format!("/v1/grants/{}/rotate", args.id);
    let grant: CreatedGrant = client.post(&path, &Because::default())?;
    with_token(&grant, format)?;
    output::say("the token before it works no more; open sessions go on");
    Ok(())
}

pub(super) fn release(client: &Client, args: OneWithReason, format: Format) -> Result<(), Failure> {
    let OneWithReason { id, reason } = args;
    let released: Revoked =
        client.post(&format!("/v1/grants/{id}/release"), &Because { reason })?;
    warn(&released);
    if format == Format::Json {
        return output::json(&released);
    }
    output::print(&ended(&released))
}

pub(super) fn review(client: &Client, args: Review, format: Format) -> Result<(), Failure> {
    let Review { id, reason } = args;
    let because = Because { reason: Some(reason) };
    answer(&client.post(&format!("/v1/grants/{id}/review"), &because)?, format)
}

/// Lines as the server put them.
fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// Prints what came of a step.
fn answer(answer: &Answered, format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return output::json(answer);
    }
    let (id, state, summary) = (answer.grant.id, &answer.grant.state, lines(&answer.summary));
    if summary.starts_with(state.as_str()) {
        return output::print(&format!("grant {id} is {summary}"));
    }
    output::print(&format!("grant {id} is {state}: {summary}"))
}
