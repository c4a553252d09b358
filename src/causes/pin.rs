//! A run's inputs with every fault pinned to what it took hold of.
//!
//! Without one fault another node may lead, and "the leader" of a later fault would be somebody
//! else. So a run without a fault is given the others as they were: the same levers, with their
//! targets by name, at the same instants.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::memory::Memory;
use crate::lab::{Session, Trial};
use crate::sim::{
    Cue, EventId, FaultId, Input, Instant, Keep, Lever, Placed, Plan, Record, Span, What,
};

/// Returns a session's inputs with each fault pinned. Where the session has let records go, the run
/// is played again for what was pulled.
pub fn pinned(session: &Session) -> Vec<Placed> {
    if session.memory_begins() == EventId(0) {
        return pin(session.journal(), &Memory::pulled(session));
    }
    let journal = session.journal().to_vec();
    let mut trial = Trial::with(session.scenario(), session.seed(), journal, Keep::Milestones);
    let mut pulled = Vec::new();
    trial.run(session.clock(), |record, _| {
        if matches!(record.what, What::Pulled { .. }) {
            pulled.push(record.clone());
        }
        ControlFlow::Continue(())
    });
    pin(session.journal(), &pulled.iter().collect::<Vec<_>>())
}

/// Pins each fault of a journal to what it pulled.
pub fn pin(journal: &[Placed], pulled: &[&Record]) -> Vec<Placed> {
    let pulls = pulls(pulled);
    let pin_one = |placed: &Placed| match &placed.input {
        Input::Inject(fault, plan) => {
            let pulled = pulls.get(fault).map_or(&[][..], Vec::as_slice);
            let input = Input::Inject(*fault, fasten(plan, placed.at, pulled));
            Placed { at: placed.at, input }
        }
        _ => placed.clone(),
    };
    journal.iter().map(pin_one).collect()
}

/// Returns a journal without some of its faults, and so without their heals.
pub fn without(journal: &[Placed], gone: impl Fn(FaultId) -> bool) -> Vec<Placed> {
    let stays = |placed: &&Placed| match &placed.input {
        Input::Inject(fault, _) | Input::Heal(fault) => !gone(*fault),
        Input::Set { .. } => true,
    };
    journal.iter().filter(stays).cloned().collect()
}

/// Sorts what was pulled by fault, with the instants.
fn pulls(pulled: &[&Record]) -> BTreeMap<FaultId, Vec<(Instant, Lever)>> {
    let mut pulls: BTreeMap<FaultId, Vec<(Instant, Lever)>> = BTreeMap::new();
    for record in pulled {
        if let What::Pulled { fault, lever } = &record.what {
            pulls.entry(*fault).or_default().push((record.at, (**lever).clone()));
        }
    }
    pulls
}

/// Rewrites a plan to what was pulled. What was never pulled had no part in what happened.
fn fasten(plan: &Plan, at: Instant, pulled: &[(Instant, Lever)]) -> Plan {
    let begins = plan.steps.iter().filter_map(|(cue, _)| match cue {
        Cue::After(after) => Some(*after),
        Cue::OnLeader => None,
    });
    let follow = plan.then.iter().filter(|_| plan.steps.len() == 1).map(|(after, _)| *after);
    let begins: Vec<Span> = begins.collect();
    let follow = follow.flat_map(|after| begins.iter().map(move |begin| *begin + after));
    let follow: Vec<Span> = follow.collect();
    let planned = |after: Span| begins.contains(&after) || follow.contains(&after);
    let steps = pulled.iter().map(|(when, lever)| {
        let after = when.since(at);
        // A lever that waited for somebody to lead came after that moment's events; a planned one
        // comes before them. So it is pulled a microsecond later, and they stay as they were.
        let after = if planned(after) { after } else { after + Span(1) };
        (Cue::After(after), lever.clone())
    });
    let mut steps: Vec<(Cue, Lever)> = steps.collect();
    if plan.guard.is_some() {
        // What a guard held back would have come without it.
        let came = steps.len();
        steps.extend(plan.steps.iter().skip(came).cloned());
    }
    Plan { steps, then: Vec::new(), ..plan.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::{Address, Life, Whom};

    fn power(whom: Whom) -> Lever {
        Lever::Power { node: whom, to: Life::Down }
    }

    #[test]
    fn a_lever_that_waited_is_pulled_by_name_just_after_its_moment() {
        let plan = Plan { steps: vec![(Cue::OnLeader, power(Whom::Leader))], ..Plan::default() };
        let resolved = power(Whom::Only(vec![Address::Node(2)]));
        let fastened = fasten(&plan, Instant(1_000), &[(Instant(5_000), resolved.clone())]);
        assert_eq!(fastened.steps, [(Cue::After(Span(4_001)), resolved)]);
    }

    #[test]
    fn a_lever_that_had_its_time_keeps_it_to_the_microsecond() {
        let plan = Plan { steps: vec![(Cue::NOW, power(Whom::Leader))], ..Plan::default() };
        let resolved = power(Whom::Only(vec![Address::Node(3)]));
        let fastened = fasten(&plan, Instant(1_000), &[(Instant(1_000), resolved.clone())]);
        assert_eq!(fastened.steps, [(Cue::NOW, resolved)]);
    }

    #[test]
    fn a_fault_that_is_left_out_takes_its_heal_with_it() {
        let at = |at, input| Placed { at: Instant(at), input };
        let journal = [
            at(1, Input::Inject(FaultId(1), Plan::default())),
            at(2, Input::Inject(FaultId(2), Plan::default())),
            at(3, Input::Heal(FaultId(1))),
            at(4, Input::Set { switch: "retry", on: false }),
        ];
        let left = without(&journal, |fault| fault == FaultId(1));
        assert_eq!(left, [journal[1].clone(), journal[3].clone()]);
    }
}
