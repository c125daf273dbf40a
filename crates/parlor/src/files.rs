//! The data folder and the files in it that only their owner may read.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use parlor_core::secrets::MasterKey;

/// Makes the data folder, for its owner only, where there is none.
pub fn make_folder(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make the data folder {}", folder.display()))
}

/// Where the secret key lies, if it is not configured.
pub fn secret_key_path(folder: &Path) -> PathBuf {
    folder.join("secret.key")
}

/// The installation's secret key: read, or made at the first start.
pub fn secret_key(folder: &Path) -> Result<MasterKey> {
    let path = secret_key_path(folder);
    let read = || -> std::io::Result<String> {
        let mut file = open_private(&path)?;
        // Of two programs that start at once, one makes the key and the other waits to read it.
        file.lock()?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        if text.is_empty() {
            text = MasterKey::generate().to_hex();
            writeln!(file, "{text}")?;
            file.sync_all()?;
        }
        Ok(text)
    };
    let text = read().with_context(|| format!("cannot read or make the secret key in {}", path.display()))?;
    match MasterKey::parse(&text) {
        Some(key) => Ok(key),
        None => bail!("{} does not hold 64 hex digits; put the right key back", path.display()),
    }
}

/// Replaces what a private file holds, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = open_private(&fresh)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)
}

fn open_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
