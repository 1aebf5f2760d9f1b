//! Embeds anew when a prior is added or changed: `include_dir`
//! alone does not tell cargo which files it read.

fn main() {
    println!("cargo:rerun-if-changed=../priors");
}
