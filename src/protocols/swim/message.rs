//! What members say to each other.

use smallvec::SmallVec;

use crate::sim::{Detail, MessageKind, Nature, Signed};

/// What is believed of a member; of two claims of one incarnation the greater wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// It lives.
    #[default]
    Alive,
    /// It did not answer, and may yet say that it lives.
    Suspect,
    /// It is declared dead.
    Dead,
}

/// What is claimed of a member. The greater of two claims overrides the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The member's incarnation of which it is claimed: only the member itself raises it.
    pub incarnation: u64,
    /// What it is claimed to be.
    pub health: Health,
}

/// A piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct News {
    /// Of which member.
    pub of: u16,
    /// What is claimed.
    pub claim: Claim,
    /// The member's own signature on its incarnation, once it has raised it.
    pub seal: Option<Signed<u64>>,
}

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Body {
    /// Asks for an ack.
    Ping {
        /// Whose probe it is: the sender's, or that of a member that asked the sender to help.
        by: u16,
        /// The number that the prober gave it.
        number: u64,
    },
    /// Asks the receiver to ping another in the sender's place.
    PingRequest {
        /// Whom.
        target: u16,
        /// The number of the sender's probe.
        number: u64,
    },
    /// Answers a ping; a helper passes it on to whose probe it is.
    Ack {
        /// Who lives.
        target: u16,
        /// Whose probe it was.
        by: u16,
        /// Its number.
        number: u64,
    },
}

/// What members say, with the news that rides on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// What it is for.
    pub body: Body,
    /// What it tells besides; mostly nothing.
    pub news: SmallVec<[News; 1]>,
}

/// The kind of `Body::Ping`.
pub static PING: MessageKind =
    MessageKind { name: "Ping", glyph: '◆', nature: Nature::Probe, fields: &["for", "news"] };
/// The kind of `Body::PingRequest`.
pub static PING_REQUEST: MessageKind = MessageKind {
    name: "PingRequest",
    glyph: '◇',
    nature: Nature::Request,
    fields: &["target", "news"],
};
/// The kind of `Body::Ack`.
pub static ACK: MessageKind = MessageKind {
    name: "Ack",
    glyph: '▪',
    nature: Nature::Reply,
    fields: &["target", "for", "news"],
};

impl Message {
    /// Returns the message in brief.
    pub fn detail(&self) -> Detail {
        let news = self.news.len() as u64;
        match self.body {
            Body::Ping { by, .. } => Detail::new(&PING, [u64::from(by), news, 0, 0]),
            Body::PingRequest { target, .. } => {
                Detail::new(&PING_REQUEST, [u64::from(target), news, 0, 0])
            }
            Body::Ack { target, by, .. } => {
                Detail::new(&ACK, [u64::from(target), u64::from(by), news, 0])
            }
        }
    }
}
