use crate::{Error, Role, Turn};

/// Turns without text left out, and neighbours of the same role made one. One protocol demands that roles
/// alternate; of the other, many local models' templates do.
pub(crate) fn merged(turns: &[Turn]) -> Result<Vec<Turn>, Error> {
    let mut merged: Vec<Turn> = Vec::new();
    for turn in turns.iter().filter(|turn| !turn.text.trim().is_empty()) {
        match merged.last_mut() {
            Some(last) if last.role == turn.role => {
                last.text.push_str("\n\n");
                last.text.push_str(&turn.text);
            }
            _ => merged.push(turn.clone()),
        }
    }
    if merged.is_empty() {
        return Err(Error::permanent("there is nothing to answer"));
    }
    Ok(merged)
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(role: Role, text: &str) -> Turn {
        Turn { role, text: text.to_owned() }
    }

    #[test]
    fn neighbours_of_the_same_role_become_one() {
        let turns = [
            turn(Role::User, "Hello"),
            turn(Role::User, "  "),
            turn(Role::User, "Are you there?"),
            turn(Role::Assistant, "Yes"),
            turn(Role::Assistant, ""),
            turn(Role::User, "Good"),
        ];
        let told: Vec<_> = merged(&turns).unwrap().into_iter().map(|turn| (turn.role, turn.text)).collect();
        assert_eq!(
            told,
            [
                (Role::User, "Hello\n\nAre you there?".to_owned()),
                (Role::Assistant, "Yes".to_owned()),
                (Role::User, "Good".to_owned()),
            ]
        );
    }

    #[test]
    fn nothing_said_is_nothing_to_answer() {
        assert!(matches!(merged(&[turn(Role::User, " \n")]), Err(Error::Permanent { .. })));
    }
}
