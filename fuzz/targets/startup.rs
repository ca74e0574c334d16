//! The first message: whatever is read from it lies within it, and is what PostgreSQL would read.

use pgward::wire::startup::{First, Length, first, length};

/// Reads `data` as the start of a connection.
pub(crate) fn startup(data: &[u8]) {
    let Ok(Length::Whole(whole)) = length(data) else { return };
    let Some(packet) = data.get(..whole) else { return };
    match first(packet) {
        Ok(First::Startup(startup)) => {
            for (name, value) in &startup.parameters {
                assert!(!name.is_empty() && !name.contains(&0) && !value.contains(&0));
                let name = std::str::from_utf8(name).unwrap_or("user");
                let _ = startup.get(name);
            }
            let mut names: Vec<_> = startup.parameters.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), startup.parameters.len(), "a name twice");
            let _ = startup.protocol_options().count();
            let _ = startup.needs_negotiation();
        }
        Ok(First::Cancel { key, .. }) => assert!((4..=256).contains(&key.len())),
        Ok(First::Ssl | First::Gssenc) | Err(_) => {}
    }
}
