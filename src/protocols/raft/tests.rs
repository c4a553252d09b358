//! The tricky rules, one story each.
