//! What a node says of itself: how it judges, whom it suspects, and what it knows of each peer.

use crate::sim::{Address, Protocol, Report};

use super::{PhiAccrual, State};

/// How many peers the inspector lists one by one.
const PEERS_LISTED: usize = 9;

impl PhiAccrual {
    pub(super) fn in_full(&self, state: &State) -> Report {
        let spec = &self.spec;
        let mut rows = vec![
            ("detector", spec.detector.word().to_owned()),
            ("suspects from", format!("φ = {}", spec.threshold)),
            ("clock", if spec.monotonic_clock { "monotonic" } else { "can be set" }.to_owned()),
        ];
        let suspects: Vec<String> = state.suspects().map(|who| who.to_string()).collect();
        let nobody = suspects.is_empty();
        rows.push(("suspects", if nobody { "nobody".to_owned() } else { suspects.join(" ") }));
        let peers = (1..).zip(&state.peers).filter_map(|(node, peer)| Some((node, peer.as_ref()?)));
        for (node, peer) in peers.take(PEERS_LISTED) {
            let ms = |us: f64| libm::round(us / 1e3) as u64;
            let (mean, deviation) = (ms(peer.window.mean_us()), ms(peer.window.deviation_us()));
            let (node, level) = (Address::Node(node), peer.level);
            let patience = spec.judge().patience(&peer.window).0 / 1_000;
            let text =
                format!("{node} φ {level}, every {mean}ms ±{deviation}ms, borne for {patience}ms");
            rows.push(("peer", text));
        }
        let store = state.store.iter().map(|(key, value)| (*key, *value)).collect();
        Report { glance: self.glance(state), rows, log: Vec::new(), store }
    }
}
