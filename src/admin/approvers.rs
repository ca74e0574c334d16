//! Who else could approve something: whoever asks, or is to have it, never does. Where nobody
//! else could, nobody is sent to ask.

use super::caller::Caller;
use super::clerk::ClerkError;
use super::peer::{self, Peer};
use crate::base::refusal::argument;
use crate::config::{Config, Right};
use crate::grants::life::name_of;
use crate::grants::operators::TokenOperator;
use crate::grants::{Wish, WishError};

/// Approvers that are named in a hint, at most.
const NAMED_MAX: usize = 3;

/// Those who may approve, less some of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Approvers {
    /// As on record, one for each person; the server's owners last.
    people: Vec<String>,
    /// How many of them are named, and not just owners of the server.
    named: usize,
    /// How many approvals they can give: see [`hand`].
    hands: usize,
}

impl Approvers {
    /// Those who may approve besides these people, by whatever way in.
    pub(super) fn besides(people: &[&str], config: &Config, operators: &[TokenOperator]) -> Self {
        let may = |rights: &[Right]| rights.contains(&Right::Approve);
        let listed = config.admin.operators.iter().filter(|one| may(&one.may));
        let listed = listed.map(|one| peer::actor_of_entry(&one.name));
        let tokens = operators.iter().filter(|one| may(&one.may));
        let tokens = tokens.filter(|one| maker_among(&one.name, people, operators).is_none());
        let tokens = tokens.map(|one| format!("op:{}", one.name));
        let owners = Peer::owners();
        let mut all: Vec<String> = Vec::new();
        let mut add = |actor: String| {
            let name = name_of(&actor);
            if !people.contains(&name) && all.iter().all(|known| name_of(known) != name) {
                all.push(actor);
            }
            all.len()
        };
        let is_owner = |actor: &String| owners.contains(actor);
        let named = listed.chain(tokens).filter(|one| !is_owner(one)).map(&mut add).last();
        let named = named.unwrap_or(0);
        for owner in &owners {
            add(owner.clone());
        }
        let mut hands: Vec<&str> = all.iter().map(|one| hand(name_of(one), operators)).collect();
        hands.sort_unstable();
        hands.dedup();
        Self { named, hands: hands.len(), people: all }
    }

    /// Whether so many could approve.
    pub(super) fn suffice(&self, needed: u32) -> bool {
        self.hands >= usize::try_from(needed).unwrap_or(usize::MAX)
    }

    /// Whether that caller runs the server by themselves: its owner, who may do everything in any
    /// case, with nobody named who could approve what they do.
    pub(super) fn leave_alone(&self, caller: &Caller) -> bool {
        self.named == 0 && caller.is_owner()
    }

    /// `os:dana or os:root`
    fn words(&self) -> String {
        let mut names = self.people.clone();
        if names.len() > NAMED_MAX {
            names.truncate(NAMED_MAX);
            names.push("others".to_owned());
        }
        names.join(" or ")
    }
}

/// Who of these people made that operator with a token, or who made it, and so on: whoever makes
/// their own approver approves their own. The server's owners, who make the first ones, may do
/// everything in any case.
pub(super) fn maker_among<'a>(
    name: &str,
    people: &[&str],
    operators: &'a [TokenOperator],
) -> Option<&'a str> {
    makers(name, operators).find(|made_by| people.contains(&name_of(made_by)))
}

/// Whose hand an approval is of: the first of those who made that operator, one the other. Who
/// makes operators knows their tokens, and however many they are, theirs is one word.
pub(super) fn hand<'a>(name: &'a str, operators: &'a [TokenOperator]) -> &'a str {
    makers(name, operators).last().map_or(name, name_of)
}

/// Who made that operator, who made them, and so on, as on record; up to the server's owners.
/// Of those who were removed, too, where `operators` has them.
fn makers<'a>(
    name: &str,
    operators: &'a [TokenOperator],
) -> impl Iterator<Item = &'a str> + use<'a> {
    // The last one of that name that was there at that time.
    let find = |name: &str, until: i64| {
        let known = operators.iter().filter(|one| one.name == name && one.created_at <= until);
        let one = known.max_by_key(|one| one.created_at)?;
        let owner = one.created_by.strip_prefix("os:").is_some_and(Peer::is_owner_name);
        (!owner).then_some(one)
    };
    let first = find(name, i64::MAX);
    // Each made by the one before: no longer than there are any.
    std::iter::successors(first, move |one| find(name_of(&one.created_by), one.created_at))
        .take(operators.len())
        .map(|one| one.created_by.as_str())
}

/// What a person's own word counts in approvals: one of who may administer, none for access of
/// their own, unless they run the server by themselves.
pub(super) fn own_word(caller: &Caller, own: bool, others: &Approvers) -> u32 {
    u32::from(caller.may(Right::Administer) && (!own || others.leave_alone(caller)))
}

/// Why somebody can't let anybody in by themselves, and who can.
pub(super) fn not_alone(
    wish: &Wish,
    needed: u32,
    caller: &Caller,
    others: &Approvers,
) -> ClerkError {
    let what = if needed > 1 {
        format!("this needs {needed} approvals, and one person can't give them all")
    } else {
        format!("{} can't let themselves in: somebody else must approve it", caller.actor)
    };
    if !others.suffice(needed) {
        return ClerkError::Wish(WishError { what, ..too_few(needed) });
    }
    let (ask, words) = (command("request", wish, caller), others.words());
    let hint = format!("ask for it: {ask}; {words} may approve it");
    ClerkError::Wish(WishError { what, hint })
}

/// Why somebody who may administer need not ask: nobody could answer. `given` is what their own
/// word counts.
pub(super) fn nobody_to_ask(wish: &Wish, needed: u32, given: u32, caller: &Caller) -> ClerkError {
    if needed > given {
        return ClerkError::Wish(too_few(needed));
    }
    ClerkError::Wish(WishError {
        what: "nobody else may approve this request".to_owned(),
        hint: format!(
            "let them in yourself: {}; or name who may approve in admin.operators",
            command("create", wish, caller)
        ),
    })
}

/// There are fewer who may approve than must.
pub(super) fn too_few(needed: u32) -> WishError {
    let s = if needed == 1 { "" } else { "s" };
    WishError {
        what: format!("this needs {needed} approval{s}, and there are too few who may approve"),
        hint: "name who may approve: in [admin] operators = { dana = [\"approve\"] }, or by \
               pgward operator create dana --may approve; or lower policy.approvals"
            .to_owned(),
    }
}

/// The command that wishes for the same in another way.
fn command(verb: &str, wish: &Wish, caller: &Caller) -> String {
    let mut words = format!("pgward grant {verb}");
    let mut put = |flag: &str, value: Option<String>| {
        if let Some(value) = value {
            words.push_str(&format!(" --{flag} {}", argument(&value)));
        }
    };
    let own = wish.user == caller.name() && verb == "request";
    put("user", (!own).then(|| wish.user.clone()));
    put("database", Some(wish.database.clone()));
    put("ttl", wish.ttl.clone());
    put("role", wish.role.clone());
    wish.scopes.iter().for_each(|scope| put("scope", Some(scope.clone())));
    put("max-rows-written", wish.max_rows_written.map(|rows| rows.to_string()));
    wish.client_cidrs.iter().for_each(|cidr| put("client-cidr", Some(cidr.clone())));
    put("max-sessions", wish.max_sessions.map(|count| count.to_string()));
    put("uses", wish.uses.map(|uses| uses.to_string()));
    put("not-before", wish.not_before.clone());
    put("end-when-idle", wish.end_when_idle.clone());
    put("ticket", wish.ticket.clone());
    put("reason", Some(wish.reason.clone()));
    words
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::GrantId;

    fn config(operators: &str) -> Config {
        let text = format!("[admin]\noperators = {operators}");
        crate::config::parse("t", &text, Path::new("/"), &|_| None).config
    }

    fn token(name: &str, right: Right) -> TokenOperator {
        TokenOperator {
            name: name.into(),
            id: GrantId::from_random(1),
            may: vec![right],
            token_sha256: [0; 32],
            created_at: 0,
            created_by: "os:root".into(),
        }
    }

    #[test]
    fn who_else_may_approve() {
        let owners = Peer::owners().len();
        let operators = [token("dana", Right::Approve), token("frank", Right::Request)];
        let written = "{ dana = [\"approve\"], erin = [\"administer\"], 0 = [\"approve\"] }";
        let config = config(written);
        // dana is one person by two ways in; the owners are there in any case.
        let all = Approvers::besides(&["alice"], &config, &operators);
        assert_eq!((all.people.len(), all.named), (1 + owners, 1), "{all:?}");
        assert_eq!(all.people[0], "os:dana");
        assert!(all.suffice(1) && !all.suffice(20));
        let rest = Approvers::besides(&["dana"], &config, &operators);
        assert_eq!((rest.people.len(), rest.named), (owners, 0));
        // Only who owns the server is ever alone.
        let root = Caller::new("os:root", &Right::ALL);
        assert!(rest.leave_alone(&root) && !all.leave_alone(&root));
        for other in ["os:dana", "op:root"] {
            assert!(!rest.leave_alone(&Caller::new(other, &Right::ALL)), "{other}");
        }
    }

    #[test]
    fn whoever_makes_their_own_approver_has_none() {
        let made = |name: &str, by: &str| TokenOperator {
            created_by: by.into(),
            ..token(name, Right::Approve)
        };
        let operators = [
            made("puppet", "op:dana"),
            made("second", "op:puppet"),
            made("dana", "os:root"),
            made("self", "op:self"),
        ];
        for (name, people, expected) in [
            ("puppet", &["dana"][..], Some("op:dana")),
            ("second", &["alice", "dana"], Some("op:dana")),
            ("second", &["alice"], None),
            // The owner makes the first ones.
            ("dana", &["root"], None),
            ("puppet", &["root"], None),
            ("self", &["alice"], None),
            ("unknown", &["dana"], None),
        ] {
            assert_eq!(maker_among(name, people, &operators), expected, "{name} {people:?}");
        }
        // Two that one person made give one approval.
        let hired = [made("bob", "op:boss"), made("carol", "op:boss"), made("boss", "os:root")];
        let of_one = Approvers::besides(&["alice"], &config("{}"), &hired);
        let most = u32::try_from(1 + Peer::owners().len()).unwrap();
        assert!(of_one.named == 3 && of_one.suffice(most) && !of_one.suffice(most + 1));
        let others = Approvers::besides(&["dana", "self"], &config("{}"), &operators);
        assert_eq!(others.named, 0, "{others:?}");
    }

    #[test]
    fn what_ones_own_word_counts() {
        let (dana, bob) = (config("{ dana = [\"approve\"] }"), config("{}"));
        let (two, one) =
            (Approvers::besides(&["root"], &dana, &[]), Approvers::besides(&["root"], &bob, &[]));
        let root = Caller::new("os:root", &Right::ALL);
        let erin = Caller::new("os:erin", &[Right::Administer]);
        let alice = Caller::new("os:alice", &[Right::Request]);
        for (caller, own, others, expected) in [
            (&root, false, &two, 1),
            (&root, true, &two, 0),
            (&root, true, &one, 1),
            (&erin, false, &one, 1),
            (&erin, true, &one, 0),
            (&alice, false, &one, 0),
        ] {
            assert_eq!(own_word(caller, own, others), expected, "{} {own}", caller.actor);
        }
    }

    #[test]
    fn commands_can_be_pasted() {
        let wish = Wish {
            user: "alice".into(),
            database: "app".into(),
            ttl: Some("30m".into()),
            reason: "it's \"stuck\"".into(),
            scopes: vec!["update:public.*".into()],
            uses: Some(1),
            ..Wish::default()
        };
        let alice = Caller::new("os:alice", &[Right::Administer]);
        assert_eq!(
            command("request", &wish, &alice),
            "pgward grant request --database app --ttl 30m --scope \"update:public.*\" --uses 1 \
             --reason 'it'\\''s \"stuck\"'"
        );
        assert!(command("create", &wish, &alice).starts_with("pgward grant create --user alice "));
    }
}
