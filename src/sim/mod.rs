//! The kernel: one world, one queue, no clock but its own.
//!
//! Here: virtual time, links, disks, clocks, lives, levers, draws, records, and the world that
//! turns them. Absent on purpose: any protocol, any fault class, any judgement of what is right,
//! any file, any screen, and anything of ours that lies outside of this room.
//!
//! To add a lever: a variant of `Lever` and its arm in `pull.rs`. To add an effect that protocols
//! may have: a variant of `Effect` and its arm in `carry.rs`.

pub mod address;
mod carry;
mod cause;
pub mod chance;
pub mod client;
pub mod clock;
pub mod corrupt;
pub mod disk;
pub mod lever;
mod lies;
mod look;
pub mod network;
pub mod node;
pub mod note;
pub mod outbox;
pub mod protocol;
mod pull;
mod queue;
pub mod record;
pub mod rollout;
pub mod scene;
pub mod seam;
pub mod service;
pub mod signed;
mod surge;
pub mod time;
mod timers;
pub mod topology;
mod turn;
pub mod world;

pub use address::Address;
pub use client::{
    Aside, CallId, Client, ClientEvent, ClientNote, ClientOutbox, ClientTimer, Op, Outcome, Sample,
};
pub use lever::{Cue, FaultId, Input, Lever, Lie, Of, Placed, Plan, Spot, Way, Whom};
pub use network::{Fate, Latency, Network};
pub use node::{Life, Mood};
pub use note::{Held, Note, Role, Slot};
pub use outbox::Outbox;
pub use protocol::{
    Asks, Calls, Detail, Effect, Enumerable, Event, Flip, Glance, LogRow, MessageKind, Nature,
    Protocol, Report, Ticket, TimerKind, Words,
};
pub use record::{Because, EventId, Keep, Record, Tape, What, Withheld};
pub use rollout::Setting;
pub use scene::{Flight, Inspection, NodeScene, Scene};
pub use seam::Sim;
pub use service::Service;
pub use signed::{Liar, Signed, Untruth};
pub use time::{Instant, Rate, Span, SpanRange};
pub use topology::{Domain, Place, Topology};
pub use world::{Setup, World};
