//! The rules that a whole cluster seldom shows, one node at a time. The stories of whole clusters
//! are in `tests/transcripts`.
