//! Which layer a value comes from.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::{ArgMatches, parser::ValueSource};
use toml::{Table, Value};

use super::KEYS;

/// The defaults, and the documentation of every key.
pub const REFERENCE: &str = include_str!("../../parlor.default.toml");
const FILE: &str = "parlor.toml";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File(PathBuf),
    Environment(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(variable) => f.write_str(variable),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

/// The value of each key that has one, as text, and where it comes from.
pub struct Layers(BTreeMap<&'static str, (String, Origin)>);

impl Layers {
    pub fn load(matches: &ArgMatches) -> Result<Layers> {
        let mut layers = Layers(BTreeMap::new());
        layers.put_file(REFERENCE, &Origin::Default)?;
        let mut said = Layers(BTreeMap::new());
        said.put_environment();
        said.put_flags(matches);
        let data = said.get("data").or(layers.get("data")).map(|(folder, _)| PathBuf::from(folder));
        if let Some(file) = chosen_file(matches, data.as_deref()) {
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            layers.put_file(&text, &Origin::File(file))?;
        }
        layers.0.append(&mut said.0);
        Ok(layers)
    }

    /// The value as text, and its origin.
    pub fn get(&self, name: &str) -> Option<(&str, &Origin)> {
        self.0.get(name).map(|(value, origin)| (value.as_str(), origin))
    }

    /// The value of a key that has a default.
    pub fn required<T>(&self, name: &str, parse: fn(&str) -> Result<T, String>) -> Result<T> {
        self.optional(name, parse)?.with_context(|| format!("`{name}` is not set"))
    }

    /// The value, if there is one.
    pub fn optional<T>(&self, name: &str, parse: fn(&str) -> Result<T, String>) -> Result<Option<T>> {
        let Some((value, origin)) = self.get(name) else { return Ok(None) };
        match parse(value) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(problem) => bail!("`{name}` (from {origin}) {problem}"),
        }
    }

    fn put_file(&mut self, text: &str, origin: &Origin) -> Result<()> {
        let table: Table = text.parse().with_context(|| format!("{origin} is not valid TOML"))?;
        let mut unknown = Vec::new();
        self.put_table("", &table, origin, &mut unknown)?;
        if !unknown.is_empty() {
            bail!("{origin}: unknown {}; `parlor config --reference` explains every key", unknown.join(", "));
        }
        Ok(())
    }

    fn put_table(
        &mut self,
        prefix: &str,
        table: &Table,
        origin: &Origin,
        unknown: &mut Vec<String>,
    ) -> Result<()> {
        for (name, value) in table {
            let name = format!("{prefix}{name}");
            let known = KEYS.iter().find(|key| key.name == name);
            match (known, value) {
                (Some(key), Value::String(text)) => self.put(key.name, text.clone(), origin.clone()),
                (Some(key), Value::Boolean(truth)) => self.put(key.name, truth.to_string(), origin.clone()),
                (Some(_), _) => bail!("{origin}: `{name}` must be a string, or true or false"),
                (None, Value::Table(inner))
                    if KEYS.iter().any(|key| key.name.starts_with(&format!("{name}."))) =>
                {
                    self.put_table(&format!("{name}."), inner, origin, unknown)?;
                }
                (None, _) => unknown.push(format!("`{name}`")),
            }
        }
        Ok(())
    }

    fn put_environment(&mut self) {
        for key in KEYS {
            let set = |variable: &&&str| std::env::var(variable).is_ok_and(|value| !value.is_empty());
            if let Some(variable) = key.variables.iter().find(set)
                && let Ok(value) = std::env::var(variable)
            {
                self.put(key.name, value, Origin::Environment((*variable).to_owned()));
            }
        }
    }

    fn put_flags(&mut self, matches: &ArgMatches) {
        for key in KEYS {
            let Some(id) = key.flag else { continue };
            let Some(value) = matches.get_one::<String>(id) else { continue };
            let origin = match matches.value_source(id) {
                Some(ValueSource::EnvVariable) => {
                    Origin::Environment(format!("PARLOR_{}", id.to_uppercase()))
                }
                _ => Origin::Flag(format!("--{}", id.replace('_', "-"))),
            };
            if !(value.is_empty() && matches!(origin, Origin::Environment(_))) {
                self.put(key.name, value.clone(), origin);
            }
        }
    }

    fn put(&mut self, name: &'static str, value: String, origin: Origin) {
        self.0.insert(name, (value, origin));
    }
}

/// The file that was named, or else the first that is there.
fn chosen_file(matches: &ArgMatches, data: Option<&Path>) -> Option<PathBuf> {
    if let Some(named) = matches.get_one::<String>("config").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let places = [data.map(|folder| folder.join(FILE)), Some(PathBuf::from(FILE))];
    places.into_iter().flatten().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        for key in KEYS {
            let (table, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
            let section = match table {
                "" => REFERENCE,
                table => REFERENCE.split(&format!("[{table}]")).nth(1).expect("the table is there"),
            };
            let named = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{name} = "));
            assert!(section.lines().any(named), "{} is not explained", key.name);
        }
    }

    #[test]
    fn the_reference_names_every_variable() {
        for variable in KEYS.iter().flat_map(|key| key.variables) {
            assert!(REFERENCE.contains(variable), "{variable} is not explained");
        }
    }

    #[test]
    fn the_reference_and_the_core_agree_on_the_addresses() {
        let mut layers = Layers(BTreeMap::new());
        layers.put_file(REFERENCE, &Origin::Default).expect("the reference is valid");
        let core = parlor_core::assistants::Providers::default();
        let url = |name: &str| layers.get(name).map(|(value, _)| value.to_owned());
        assert_eq!(url("providers.anthropic.base_url"), Some(core.anthropic.base_url));
        assert_eq!(url("providers.openai.base_url"), Some(core.openai.base_url));
        let push = parlor_core::push::Endpoints::default();
        assert_eq!(url("push.fcm_url"), Some(push.fcm));
        assert_eq!(url("push.google_token_url"), Some(push.google_token));
        assert_eq!(url("push.apns_production_url"), Some(push.apns_production));
        assert_eq!(url("push.apns_sandbox_url"), Some(push.apns_sandbox));
    }
}
