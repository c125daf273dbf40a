//! Answers without a model: quotes the passage that fits best, with its source, or offers a person.

use super::ask::{Answer, Outcome, Question};
use crate::knowledge;

/// The most of a passage that is quoted.
const QUOTE: usize = 900;

const HELLO: &str = "Hello! Ask me anything, and I will look it up for you.";
const WELCOME: &str = "You are welcome! Is there anything else I can look up for you?";
const UNKNOWN: &str = "I could not find an answer to that in our help articles. I have let a colleague know: they will read this \
                       conversation and reply to you right here. You can also ask me in other words.";

pub(super) fn answer(question: &Question) -> Answer {
    let asked = question.said.unanswered();
    if let Some(pleasantry) = pleasantry(&asked) {
        return said(pleasantry.into(), Outcome::Answered);
    }
    let Some(best) = question.passages.first() else { return said(UNKNOWN.into(), Outcome::NeedsPerson) };
    let mut answer = said(quote(&best.text), Outcome::Answered);
    answer.sources.push(best.source.clone());
    answer
}

fn said(text: String, outcome: Outcome) -> Answer {
    Answer { text, sources: Vec::new(), model: None, spent: model_client::Usage::default(), outcome }
}

/// Small talk asks for nothing that could be looked up.
fn pleasantry(asked: &str) -> Option<&'static str> {
    let words = knowledge::words(asked);
    let said = |known: &[&str]| {
        !words.is_empty() && words.len() <= 4 && words.iter().any(|word| known.contains(&word.as_str()))
    };
    if !knowledge::terms(asked).is_empty() {
        return None;
    }
    if said(&["thanks", "thank", "thx", "danke", "merci", "gracias"]) {
        return Some(WELCOME);
    }
    said(&["hi", "hello", "hey", "hallo", "bonjour", "salut", "hola", "morning", "moin", "servus"])
        .then_some(HELLO)
}

/// The passage, cut at a sentence where it is too long.
fn quote(passage: &str) -> String {
    if passage.chars().count() <= QUOTE {
        return passage.to_owned();
    }
    let cut: String = passage.chars().take(QUOTE).collect();
    let end = cut.rfind(['.', '!', '?']).map_or(cut.len(), |index| index + 1);
    format!("{} …", cut[..end].trim_end())
}
