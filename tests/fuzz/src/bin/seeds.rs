//! Writes what libFuzzer starts from to a folder: the corpus of each target in a folder of its own, and `words.dict`.

use std::error::Error;
use std::fs;
use std::path::Path;

use convex_mgmt_fuzz::TARGETS;
use convex_mgmt_fuzz::inputs::{corpus, dictionary};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("usage: seeds FOLDER, which must not exist or be empty")?;
    let folder = Path::new(&folder);
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for (name, seed) in corpus(target.name) {
            fs::write(folder.join(name), seed)?;
        }
    }
    fs::write(folder.join("words.dict"), dictionary())?;
    Ok(())
}
