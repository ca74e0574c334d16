//! Who is at the other end of the admin socket: the kernel says so (SO_PEERCRED).

use tokio::net::UnixStream;

/// The operator: the operating system's user at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// User id; `None` when the kernel didn't say.
    uid: Option<u32>,
}

impl Peer {
    /// Who is at the other end.
    #[must_use]
    pub fn of(stream: &UnixStream) -> Self {
        Self { uid: stream.peer_cred().ok().map(|credentials| credentials.uid()) }
    }

    /// The user id; that of nobody where the kernel didn't say.
    pub(super) fn uid(&self) -> u32 {
        self.uid.unwrap_or(u32::MAX)
    }

    /// Whether it may do everything: root, or the user that the server runs as.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        let own = rustix::process::geteuid().as_raw();
        self.uid.is_some_and(|uid| uid == 0 || uid == own)
    }

    /// Whether that name on record is one of them.
    #[must_use]
    pub fn is_owner_name(name: &str) -> bool {
        Self::owners().iter().any(|actor| *actor == format!("os:{name}"))
    }

    /// These two, as on record; one where they are the same.
    #[must_use]
    pub fn owners() -> Vec<String> {
        let own = rustix::process::geteuid().as_raw();
        let mut actors = [0, own].map(|uid| Self { uid: Some(uid) }.actor()).to_vec();
        actors.dedup();
        actors
    }

    /// Whether that is its name, or its user id in digits.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let Some(uid) = self.uid else { return false };
        name == uid.to_string() || self.actor() == format!("os:{name}")
    }

    /// The actor on record: `os:alice`, or `os:1000` for a user without a name.
    #[must_use]
    pub fn actor(&self) -> String {
        let Some(uid) = self.uid else { return "os:unknown".to_owned() };
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        name_of(uid, &users).map_or_else(|| format!("os:{uid}"), |name| format!("os:{name}"))
    }
}

/// Whether an entry of `admin.operators` is about the user on record as `os:<name>`.
pub(super) fn is_about(entry: &str, name: &str) -> bool {
    entry == name
        || entry.parse().is_ok_and(|uid| Peer { uid: Some(uid) }.actor() == format!("os:{name}"))
}

/// The user that an entry of `admin.operators` is about, as on record.
pub(super) fn actor_of_entry(entry: &str) -> String {
    entry.parse().map_or_else(|_| format!("os:{entry}"), |uid| Peer { uid: Some(uid) }.actor())
}

/// The name of a user id in passwd(5).
fn name_of(uid: u32, users: &str) -> Option<&str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number = fields.nth(1)?;
        (number.parse() == Ok(uid) && !name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let users = "root:x:0:0:root:/root:/bin/bash\nbroken\nalice:x:1000:1000::/home/alice:\n";
        assert_eq!(name_of(0, users), Some("root"));
        assert_eq!(name_of(1_000, users), Some("alice"));
        assert_eq!(name_of(7, users), None);
    }

    #[test]
    fn who_may_do_everything() {
        let own = rustix::process::geteuid().as_raw();
        assert!(Peer { uid: Some(own) }.is_owner());
        assert!(Peer { uid: Some(0) }.is_owner());
        assert!(!Peer { uid: Some(own.wrapping_add(4_711)) }.is_owner());
        assert!(!Peer { uid: None }.is_owner());
    }
}
