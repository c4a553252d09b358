//! The timers of one member: so few that a list is faster than a tree.

use super::node::Armed;

/// Armed timers by their keys, in no order that anything depends on.
#[derive(Clone, Debug)]
pub(super) struct Timers<K>(Vec<(K, Armed)>);

impl<K: Eq> Timers<K> {
    pub const fn new() -> Timers<K> {
        Timers(Vec::new())
    }

    fn place(&self, key: &K) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == key)
    }

    pub fn get(&self, key: &K) -> Option<&Armed> {
        self.place(key).map(|place| &self.0[place].1)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut Armed> {
        self.place(key).map(|place| &mut self.0[place].1)
    }

    /// Arms a timer, or moves it where it is armed.
    pub fn insert(&mut self, key: K, armed: Armed) {
        match self.place(&key) {
            Some(place) => self.0[place].1 = armed,
            None => self.0.push((key, armed)),
        }
    }

    pub fn remove(&mut self, key: &K) -> Option<Armed> {
        self.place(key).map(|place| self.0.swap_remove(place).1)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut Armed)> {
        self.0.iter_mut().map(|(key, armed)| (&*key, armed))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &Armed)> {
        self.0.iter().map(|(key, armed)| (key, armed))
    }
}
