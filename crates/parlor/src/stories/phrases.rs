//! What people say: one file a language, in sections of a subject, a line a phrase.

use std::collections::BTreeMap;

const LANGUAGES: &[(&str, u32)] = &[
    (include_str!("../../demo/stories/en.txt"), 40),
    (include_str!("../../demo/stories/de.txt"), 32),
    (include_str!("../../demo/stories/fr.txt"), 13),
    (include_str!("../../demo/stories/es.txt"), 10),
    (include_str!("../../demo/stories/ar.txt"), 5),
];
const WORDS: &str = include_str!("../../demo/stories/words.txt");
/// The section that belongs to every subject.
const SMALL_TALK: &str = "small-talk";

/// What is said in one language.
pub struct Language {
    /// Of a hundred visitors so many speak it.
    pub share: u32,
    pub first_names: Vec<&'static str>,
    pub last_names: Vec<&'static str>,
    pub subjects: Vec<Subject>,
    pub small_talk: Subject,
}

/// What is said about one subject.
#[derive(Default)]
pub struct Subject {
    pub name: &'static str,
    lines: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Subject {
    /// The phrases of a role: `opens`, `asks`, `assistant`, `agent`, `ends`.
    pub fn phrases(&self, role: &str) -> &[&'static str] {
        self.lines.get(role).map_or(&[], Vec::as_slice)
    }
}

pub fn languages() -> Vec<Language> {
    LANGUAGES.iter().map(|(text, share)| language(text, *share)).collect()
}

/// The words of a line of the common list: `plants`, `cities`.
pub fn words(label: &str) -> Vec<&'static str> {
    labelled(WORDS)
        .find(|(found, _)| *found == label)
        .map(|(_, words)| words.split(' ').collect())
        .unwrap_or_default()
}

fn labelled(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines().filter_map(|line| line.split_once(": "))
}

fn language(text: &'static str, share: u32) -> Language {
    let (names, sections) = text.split_once("\n\n").unwrap_or((text, ""));
    let named = |label: &str| {
        let names = labelled(names).find(|(found, _)| *found == label);
        names.map(|(_, names)| names.split(' ').collect()).unwrap_or_default()
    };
    let mut subjects: Vec<Subject> = sections.split("\n\n").map(subject).collect();
    let small_talk = subjects.iter().position(|subject| subject.name == SMALL_TALK);
    let small_talk = small_talk.map(|at| subjects.remove(at)).unwrap_or_default();
    Language { share, first_names: named("first"), last_names: named("last"), subjects, small_talk }
}

fn subject(section: &'static str) -> Subject {
    let (name, lines) = section.split_once('\n').unwrap_or((section, ""));
    let mut subject = Subject { name: name.trim_matches(['[', ']']), lines: BTreeMap::new() };
    for (role, phrase) in labelled(lines) {
        subject.lines.entry(role).or_default().push(phrase);
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_something_to_say_in_every_role() {
        let languages = languages();
        assert_eq!(languages.iter().map(|language| language.share).sum::<u32>(), 100);
        for language in &languages {
            assert!(language.first_names.len() >= 8 && language.last_names.len() >= 8);
            assert_eq!(language.subjects.len(), 6);
            for subject in &language.subjects {
                for role in ["opens", "assistant", "agent"] {
                    assert!(!subject.phrases(role).is_empty(), "{role} of {}", subject.name);
                }
            }
            for role in ["asks", "agent", "ends"] {
                assert!(!language.small_talk.phrases(role).is_empty(), "{role} of small talk");
            }
        }
        assert!(words("plants").len() >= 40 && words("cities").len() >= 20);
    }
}
