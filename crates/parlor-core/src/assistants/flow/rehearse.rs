//! Plays a flow through without anybody there.

use super::{Action, At, Flow, Known, Run, Successor, machine};
use crate::conversations::Content;

/// How a flow went.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsal {
    /// One for each message of the visitor.
    pub turns: Vec<Turn>,
    /// Where it stands in the end.
    pub run: Run,
    pub known: Known,
}

/// What one message of the visitor led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    pub heard: String,
    /// Nothing once the flow has handed over.
    pub said: Vec<Content>,
    pub handed_to: Option<Successor>,
}

impl Flow {
    /// What the flow would do with these messages of a visitor.
    pub fn rehearse(&self, known: Known, messages: Vec<String>) -> Rehearsal {
        let (mut run, mut known) = (Run::default(), known);
        let turn = |heard: String| {
            let mut turn = Turn { heard, said: Vec::new(), handed_to: None };
            if matches!(run.at, At::WithAi(_) | At::WithPerson) {
                return turn;
            }
            for action in machine::hear(self, &mut run, &mut known, &turn.heard) {
                match action {
                    Action::Say(content) => turn.said.push(content),
                    Action::HandOver(successor) => turn.handed_to = Some(successor),
                    Action::Keep(..) => {}
                }
            }
            turn
        };
        let turns = messages.into_iter().map(turn).collect();
        Rehearsal { turns, run, known }
    }
}
