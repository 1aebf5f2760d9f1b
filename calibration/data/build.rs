//! Embeds anew when a profile or published file is added or changed: `include_dir`
//! alone does not tell cargo which files it read.

fn main() {
    for folder in ["../profiles", "../published"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
