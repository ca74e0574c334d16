//! Corpora: attacks and honest reads as files, run by effect.

mod inner;
mod regress;
mod split;
