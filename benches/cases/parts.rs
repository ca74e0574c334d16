//! The parts of a decision, each by itself.

use std::hint::black_box;

use pgward::sql::Limits;
use pgward::wire::{Head, head};

pub(crate) fn frame_walk() -> Box<dyn FnMut()> {
    let row = [&b"D\0\0\0\x68"[..], &[7; 100]].concat();
    let rows = row.repeat(600);
    Box::new(move || {
        let (mut at, mut count) = (0, 0);
        while let Some(rest) = rows.get(at..)
            && let Head::Frame { body, .. } = head(black_box(rest))
        {
            at += 5 + body;
            count += 1;
        }
        assert_eq!(black_box(count), 600);
    })
}

pub(crate) fn token_shape(text: &'static str) -> Box<dyn FnMut()> {
    let mut out = Vec::new();
    Box::new(move || {
        out.clear();
        pgward::sql::shape(black_box(text.as_bytes()), &mut out);
        black_box(&out);
    })
}

pub(crate) fn grammar(text: &'static str) -> Box<dyn FnMut()> {
    let limits = Limits::default();
    Box::new(move || {
        black_box(pgward::sql::read(black_box(text.as_bytes()), true, &limits).unwrap());
    })
}

pub(crate) fn vote(text: &'static str) -> Box<dyn FnMut()> {
    let facts = pgward::sql::read(text.as_bytes(), true, &Limits::default()).unwrap();
    Box::new(move || {
        pgward::sql::veto(black_box(text.as_bytes()), true, &facts).unwrap();
    })
}
