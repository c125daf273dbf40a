//! Writes the built files to a folder: `cargo run -p web-assets --example export -- DIR`. `PARLOR_ASSETS=DIR` takes
//! them back in.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let Some(dir) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("give the folder to write to"));
    };
    for asset in web_assets::all() {
        let path = dir.join(asset.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, asset.bytes)?;
    }
    Ok(())
}
