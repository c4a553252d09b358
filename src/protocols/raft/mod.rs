//! Placeholder of the settings until Raft lands.
use crate::sim::{Span, SpanRange};
use serde::{Deserialize, Serialize};
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RaftSpec {
    pub election_timeout: SpanRange,
    pub heartbeat: Span,
    pub pre_vote: bool,
    pub check_quorum: bool,
    pub read_index: bool,
    pub idempotency: bool,
    pub sync_first: bool,
}
impl Default for RaftSpec {
    fn default() -> Self {
        RaftSpec {
            election_timeout: SpanRange::millis(150, 300),
            heartbeat: Span::millis(50),
            pre_vote: false,
            check_quorum: false,
            read_index: true,
            idempotency: true,
            sync_first: true,
        }
    }
}
