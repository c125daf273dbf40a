//! Settings as their row holds them.

use std::{
    ops::{Deref, DerefMut},
    sync::OnceLock,
};

use super::Settings;

/// A channel's settings, read from their document when somebody asks. Most of what happens on a channel does not, least of all a message.
#[derive(Clone, Debug)]
pub struct KeptSettings {
    document: String,
    read: OnceLock<Settings>,
}

impl KeptSettings {
    pub(in crate::channels) fn stored(document: String) -> KeptSettings {
        KeptSettings { document, read: OnceLock::new() }
    }
}

impl From<Settings> for KeptSettings {
    fn from(settings: Settings) -> KeptSettings {
        KeptSettings { document: String::new(), read: settings.into() }
    }
}

impl Deref for KeptSettings {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        self.read.get_or_init(|| Settings::stored(&self.document))
    }
}

impl DerefMut for KeptSettings {
    fn deref_mut(&mut self) -> &mut Settings {
        let _: &Settings = self;
        self.read.get_mut().expect("the settings were just read")
    }
}
