//! Large values under one number: a world is told from another by the numbers of its parts.
//!
//! A checker knows a state by 64 bits in any case. Here a part is hashed once, when it is made, and
//! not once for each of the many worlds that it is in.

use std::cmp::Ordering;
use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use faultlab::sim::chance::mix;

/// A digest of what is written into it.
#[derive(Default)]
pub struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut bits = [0; 8];
            bits[..piece.len()].copy_from_slice(piece);
            self.write_u64(u64::from_le_bytes(bits));
        }
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = mix(self.0 ^ bits);
    }
}

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes());
        Ok(())
    }
}

/// A value that many worlds share, compared by its digest.
#[derive(Clone, Debug)]
pub struct Shared<T> {
    value: Arc<T>,
    digest: u64,
}

impl<T: Hash> Shared<T> {
    pub fn new(value: T) -> Shared<T> {
        let mut digest = Digest::default();
        value.hash(&mut digest);
        Shared { value: Arc::new(value), digest: digest.finish() }
    }
}

impl<T> Shared<T> {
    pub const fn digest(&self) -> u64 {
        self.digest
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Shared<T>) -> bool {
        self.digest == other.digest
    }
}

impl<T> Eq for Shared<T> {}

impl<T> PartialOrd for Shared<T> {
    fn partial_cmp(&self, other: &Shared<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Shared<T> {
    fn cmp(&self, other: &Shared<T>) -> Ordering {
        self.digest.cmp(&other.digest)
    }
}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}
