//! What a liar says in the place of what is so, and where bits flip.

use super::message::{Message, Version};
use super::{PrimaryBackup, Stable, State};
use crate::protocols::kv::Store;
use crate::sim::{Flip, Liar, Untruth};

/// Which bit of a state a false one differs in from the true one.
const FALSE_BIT: u64 = 7;

/// Returns the lie in the place of a message, where there is one.
pub(super) fn forge(msg: &Message, liar: &Liar) -> Option<Message> {
    Some(match (liar.tells(), msg) {
        // Another state than its own: to some of them, or to all.
        (Untruth::Contrary | Untruth::Value, Message::Update { version, store }) => {
            Message::Update { version: *version, store: falsified(store) }
        }
        (Untruth::Value, Message::Copy { epoch, version, store }) => {
            Message::Copy { epoch: *epoch, version: *version, store: falsified(store) }
        }
        // It denies what it keeps.
        (Untruth::Denial, Message::Copy { epoch, .. }) => {
            Message::Copy { epoch: *epoch, version: Version::default(), store: Store::default() }
        }
        _ => return None,
    })
}

fn falsified(store: &Store) -> Store {
    let mut other = store.clone();
    other.flip(FALSE_BIT);
    other
}

/// Flips a bit of a value.
pub(super) fn flip(what: &mut Flip<'_, PrimaryBackup>, bit: u64) -> bool {
    match what {
        Flip::State(State { store, .. })
        | Flip::Stable(Stable { store, .. })
        | Flip::Msg(Message::Update { store, .. } | Message::Copy { store, .. }) => store.flip(bit),
        Flip::Msg(_) => false,
    }
}
