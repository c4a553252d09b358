//! Agreement among nodes of which some lie.

use faultlab::protocols::generals::{Generals, GeneralsSpec};

use crate::model::{Checked, Limits};
use crate::{caught, holds, write};

fn generals(nodes: u16, liars: &'static [u16]) -> Checked<Generals> {
    let spec = GeneralsSpec { depth: Some(1), ..GeneralsSpec::default() };
    Checked {
        calls: vec![(vec![1], write(10))],
        limits: Limits { timeouts: 8, ..Limits::default() },
        patient: true,
        liars,
        ..Checked::new(Generals::new(nodes, spec), nodes, &["IC1", "IC2"])
    }
}

#[test]
fn four_generals_bear_a_traitor() {
    holds("generals, a lieutenant lies", generals(4, &[4]), 100);
    holds("generals, the commander lies", generals(4, &[1]), 100);
}

#[test]
fn three_generals_bear_none() {
    caught("three generals, a lieutenant lies", generals(3, &[3]), "IC2");
}
