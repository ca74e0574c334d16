//! PostgreSQL's frontend/backend protocol, 3.0 and 3.2: bytes in, borrowed views out.
//!
//! One framer ([`frame`]) bounds every message before anything else looks at it, and a view
//! reads from exactly the bytes of its frame: what does not fill the frame to its last byte is
//! an error. Only what must be judged or watched is decoded; rows and COPY data are walked by
//! their headers and never read. Messages of our own are built by pgwire's encoders ([`mod@write`]);
//! its decoders never see live bytes, because they do not keep to the frame.
//!
//! Source: PostgreSQL, "Message Formats" (protocol-message-formats), `postmaster.c`, `postgres.c`.

pub mod backend;
pub mod cursor;
pub mod frame;
pub mod frontend;
pub mod startup;
pub mod write;

pub use cursor::{Cursor, Malformed};
pub use frame::{HEADER_BYTES, Head, head};
