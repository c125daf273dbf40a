//! Every numbered clause of the contract names the tests that hold it, and they are there.

use std::{collections::HashSet, fs, path::Path};

/// The clauses of the contract: number and text, up to the next heading.
fn clauses(contract: &str) -> Vec<(&str, &str)> {
    let parts = contract.split("\n#").skip(1).map(|part| part.trim_start_matches('#'));
    let numbered = parts.filter_map(|part| {
        let number = part.split_whitespace().next()?;
        let digits = number.strip_prefix(|c: char| c.is_ascii_uppercase())?;
        let clause = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
        clause.then_some((number, part))
    });
    numbered.collect()
}

/// What stands between backticks after `Held by:`.
fn holders(clause: &str) -> Vec<&str> {
    let lines = clause.lines().filter_map(|line| line.strip_prefix("Held by:"));
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Whether a named test is there: `module::name` is one of these; `path: title` stands in another file, by the words of its title.
fn is_there(root: &Path, test: &str) -> bool {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    match test.split_once(": ") {
        Some((path, title)) => read(&root.join(path)).contains(title),
        None => test.split_once("::").is_some_and(|(module, name)| {
            let file = root.join("crates/door-org/tests/it").join(format!("{module}.rs"));
            read(&file).contains(&format!("#[tokio::test]\nasync fn {name}("))
        }),
    }
}

#[test]
fn every_clause_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/contracts/org.md")).expect("the contract is there");
    let clauses = clauses(&text);
    assert!(clauses.len() >= 14, "the contract has lost clauses: {}", clauses.len());
    let (mut wrong, mut numbers) = (Vec::new(), HashSet::new());
    for (number, clause) in clauses {
        if !numbers.insert(number) {
            wrong.push(format!("{number} is there twice"));
        }
        let holders = holders(clause);
        if holders.is_empty() {
            wrong.push(format!("{number} names no test"));
        }
        let missing = holders.into_iter().filter(|test| !is_there(&root, test));
        wrong.extend(missing.map(|test| format!("{number} names {test}, which is not there")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
