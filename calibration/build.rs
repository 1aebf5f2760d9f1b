//! Embeds anew when a profile, prior, published or frozen file or PTX is added or changed:
//! `include_dir` alone does not tell cargo which files it read.

fn main() {
    for folder in ["profiles", "published", "priors", "data", "ptx"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
