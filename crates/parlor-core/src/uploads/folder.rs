//! Where the files lie: a folder for each account below the data folder, under names that nobody can guess.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use tokio::fs::{DirBuilder, File, OpenOptions};

use crate::ids::AccountId;

/// New files are refused while less than this is free: the database needs the room, too.
const RESERVE: u64 = 256 * 1024 * 1024;

/// The files of all accounts.
pub(super) struct Folder<'a>(pub &'a Path);

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub account_id: AccountId,
    pub file: String,
}

impl Place {
    /// The preview that belongs to it.
    pub fn preview(&self) -> Place {
        Place { account_id: self.account_id, file: format!("{}-preview", self.file) }
    }
}

impl Folder<'_> {
    fn of(&self, account_id: AccountId) -> PathBuf {
        self.0.join(account_id.to_string())
    }

    /// Where a file lies.
    pub fn path(&self, place: &Place) -> PathBuf {
        self.of(place.account_id).join(&place.file)
    }

    /// A new, empty file that only its owner may read.
    pub async fn create(&self, place: &Place) -> io::Result<File> {
        let folder = self.of(place.account_id);
        if !tokio::fs::try_exists(&folder).await? {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder).await?;
            sync(self.0).await?;
            sync(self.0.parent().unwrap_or(self.0)).await?;
        }
        self.check_room()?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(place)).await
    }

    fn check_room(&self) -> io::Result<()> {
        let disk = rustix::fs::statvfs(self.0)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < RESERVE {
            return Err(ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// Returns once the account's files are durable, names and all. Each was synced by whoever wrote it.
    pub async fn keep(&self, account_id: AccountId) -> io::Result<()> {
        sync(&self.of(account_id)).await
    }

    /// Opens a file to read it, and says how long it is.
    pub async fn open(&self, place: &Place) -> io::Result<(File, u64)> {
        let file = File::open(self.path(place)).await?;
        let length = file.metadata().await?.len();
        Ok((file, length))
    }

    /// Removes a file and its preview. Fine if they are not there.
    pub async fn remove(&self, place: &Place) -> io::Result<()> {
        for place in [place, &place.preview()] {
            match tokio::fs::remove_file(self.path(place)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

async fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder).await?.sync_all().await
}
