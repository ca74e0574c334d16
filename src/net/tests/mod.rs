//! The shell over real loopback sockets, against scripted peers.

mod dialing;
mod ending;
mod handshakes;
mod logins;
mod support;
