//! A flow as a graph: what leads where, with and without waiting for the visitor.

use super::{Act, Flow, MOST_SAID, Place, Step};

/// Where a step leads at once, without waiting for the visitor.
fn at_once(step: &Step) -> Vec<Place> {
    match &step.act {
        Act::Say(_) | Act::Goto => step.next.into_iter().collect(),
        Act::Condition(condition) => condition.cases.iter().map(|case| case.1).chain(step.next).collect(),
        Act::Ask(_) | Act::Collect(_) | Act::Handover { .. } | Act::End { .. } => Vec::new(),
    }
}

/// Where a step leads with an answer.
fn answered(step: &Step) -> impl Iterator<Item = Place> {
    let ways = match &step.act {
        Act::Ask(ask) => [step.next, ask.otherwise],
        Act::Collect(collect) => [step.next, collect.otherwise],
        Act::Say(_) | Act::Goto | Act::Condition(_) | Act::Handover { .. } | Act::End { .. } => [None, None],
    };
    ways.into_iter().flatten()
}

/// How many messages a step says at the most.
fn says(step: &Step) -> usize {
    match &step.act {
        Act::Say(_) | Act::Ask(_) | Act::Collect(_) => 1,
        Act::Handover { text, .. } | Act::End { text, .. } => usize::from(text.is_some()),
        Act::Condition(_) | Act::Goto => 0,
    }
}

#[derive(Clone, Copy)]
enum Seen {
    Not,
    OnTheWay,
    /// With the most messages that are said from here on without waiting.
    Through(usize),
}

/// Whether every way through the flow waits for the visitor often enough.
///
/// # Errors
/// The step at fault, and what is wrong.
pub fn check(flow: &Flow) -> Result<(), (&str, String)> {
    let mut seen = vec![Seen::Not; flow.steps.len()];
    for place in 0..flow.steps.len() {
        let said = longest(flow, place, &mut seen)?;
        if said > MOST_SAID {
            let problem = format!(
                "begins {said} messages in a row without waiting for the visitor; {MOST_SAID} are allowed"
            );
            return Err((&flow.steps[place].id, problem));
        }
    }
    Ok(())
}

/// The depth of the recursion is bounded by the number of steps.
fn longest<'a>(flow: &'a Flow, place: Place, seen: &mut [Seen]) -> Result<usize, (&'a str, String)> {
    let step = &flow.steps[place];
    match seen[place] {
        Seen::Through(said) => return Ok(said),
        Seen::OnTheWay => {
            return Err((&step.id, "leads back to itself without waiting for the visitor".into()));
        }
        Seen::Not => {}
    }
    seen[place] = Seen::OnTheWay;
    let mut most = 0;
    for next in at_once(step) {
        most = most.max(longest(flow, next, seen)?);
    }
    let said = says(step) + most;
    seen[place] = Seen::Through(said);
    Ok(said)
}

/// For each step, whether some way leads to it.
pub fn reached(flow: &Flow) -> Vec<bool> {
    let mut reached = vec![false; flow.steps.len()];
    let mut open = vec![flow.start];
    while let Some(place) = open.pop() {
        if std::mem::replace(&mut reached[place], true) {
            continue;
        }
        let step = &flow.steps[place];
        open.extend(at_once(step).into_iter().chain(answered(step)));
    }
    reached
}
