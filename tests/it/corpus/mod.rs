//! Corpora: attacks and honest reads as files, run by effect.

mod again;
mod attack;
mod attacks;
mod expected;
mod file;
mod ground;
mod honest;
mod inner;
mod layers;
mod random;
mod regress;
mod split;

use std::path::PathBuf;

/// Where the attacks are.
fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/readonly_corpus")
}

/// Runs the same test on each major that is there.
macro_rules! on_every_server {
    ($($(#[$attribute:meta])* fn $name:ident($pg:ident) $body:block)*) => {$(
        mod $name {
            use super::*;
            $(#[$attribute])*
            fn body($pg: &'static crate::support::pg::Pg) $body
            #[test]
            fn on_the_distribution() {
                body(crate::support::pg::distribution());
            }
            #[test]
            fn on_16() {
                crate::support::pg::sixteen().into_iter().for_each(body);
            }
            #[test]
            fn on_17() {
                crate::support::pg::seventeen().into_iter().for_each(body);
            }
            #[test]
            fn on_18() {
                crate::support::pg::eighteen().into_iter().for_each(body);
            }
        }
    )*};
}
use on_every_server;
