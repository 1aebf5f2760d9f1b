//! Embeds anew when PTX or a frozen prediction is added or changed: `include_dir`
//! alone does not tell cargo which files it read.

fn main() {
    for folder in ["ptx", "../data/frozen"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
