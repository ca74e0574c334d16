//! Frames: the walk finds the same boundaries however the bytes come, and no view panics.

use pgward::wire::frame::{HEADER_BYTES, Head, body, head};
use pgward::wire::{backend, frontend};

/// Walks `data` as one side's stream.
pub(crate) fn frame(data: &[u8]) {
    let mut at = 0;
    while let Some(rest) = data.get(at..) {
        let Head::Frame { tag, body: length } = head(rest) else { return };
        // The verdict of a header does not depend on what stands behind it.
        assert_eq!(head(&rest[..HEADER_BYTES]), head(rest));
        let Some(body) = body(rest, length) else { return };
        assert_eq!(body.len(), length);
        views(tag, body);
        at += HEADER_BYTES + length;
    }
}

fn views(tag: u8, body: &[u8]) {
    let _ = frontend::query(body);
    if let Ok(parse) = frontend::parse(body) {
        let _ = parse.parameter_types().count();
    }
    let _ = frontend::bind(body);
    let _ = frontend::target(body);
    let _ = frontend::execute(body);
    let _ = frontend::empty(body);
    if tag == b'R' {
        let _ = backend::authentication(body);
    }
    let _ = backend::parameter_status(body);
    let _ = backend::backend_key_data(body);
    let _ = backend::ready_for_query(body);
    let _ = backend::fields(body);
    let _ = backend::command_tag(body);
}
