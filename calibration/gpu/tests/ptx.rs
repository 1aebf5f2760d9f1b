//! The PTX that ships is what the CUDA sources compile to.
//!
//! The hash in each file tells without a compiler that its source has not changed since. Where
//! NVRTC 12.0 is there (`.ci/cuda` installs it), everything is compiled again and compared to the
//! letter; `.ci/ptx` runs this test with `PODPATH_PTX=write`, and then it writes the files.

#[path = "../../needs/mod.rs"]
mod needs;
#[path = "../../needs/of_gpu.rs"]
mod needs_of_gpu;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use calibration_gpu::kernel::Kernel;
use calibration_gpu::{GpuError, compile, ptx};
use needs::{Need, lacks};

/// What the compiler whose PTX ships says of itself.
const COMPILER: &str = "Cuda compilation tools, release 12.0,";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Every CUDA source below `src`: its text by the name of its file.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder("src")];
    while let Some(here) = open.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "cu") {
                let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let twice = found.insert(stem, fs::read_to_string(&path).unwrap());
                assert!(twice.is_none(), "two sources are called {}", path.display());
            }
        }
    }
    found
}

/// What follows the head of a PTX: the same text for two capabilities is the same kernel.
fn body(ptx: &str) -> &str {
    ptx.split_once(".address_size 64").map_or(ptx, |(_, body)| body)
}

/// What every source compiles to, by the name of its file: for the oldest capability, and for
/// each newer one that makes it another kernel. `None` where NVRTC 12.0 is missing.
fn compiled(sources: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for (stem, source) in sources {
        let kernel = Kernel::ALL.into_iter().find(|kernel| kernel.source() == source);
        let kernel = kernel.unwrap_or_else(|| panic!("no kernel is in {stem}.cu"));
        let mut before = String::new();
        for capability in ptx::CAPABILITIES {
            let text = match compile(kernel, &format!("compute_{capability}")) {
                Ok(text) => text.to_src(),
                missing @ Err(GpuError::NoCompiler) if lacks(&missing) => return None,
                Err(error) => panic!("{stem}.cu for compute_{capability}: {error}"),
            };
            let other = (Need::Nvrtc, "another compiler than NVRTC 12.0 is installed");
            if lacks(&text.contains(COMPILER).then_some(()).ok_or(other)) {
                return None;
            }
            if body(&text) != before {
                before = body(&text).to_owned();
                files.insert(format!("{stem}.{capability}.ptx"), ptx::headed(source, &text));
            }
        }
    }
    Some(files)
}

#[test]
fn the_ptx_that_ships_is_what_the_sources_compile_to() {
    let write = std::env::var_os("PODPATH_PTX").is_some_and(|value| value == "write");
    let Some(expected) = compiled(&sources()) else {
        assert!(!write, "nothing can be written without NVRTC 12.0");
        return;
    };
    if write {
        for entry in fs::read_dir(folder("ptx")).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, text) in &expected {
            fs::write(folder("ptx").join(name), text).unwrap();
        }
        println!("wrote {} files", expected.len());
        return;
    }
    let shipped: BTreeMap<String, String> =
        ptx::all().into_iter().map(|file| (file.name.to_owned(), file.text.to_owned())).collect();
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&shipped), names(&expected), "run .ci/ptx");
    for (name, text) in &expected {
        assert!(shipped[name] == *text, "{name} is not what its source compiles to: run .ci/ptx");
    }
    println!("{} files are what their sources compile to", shipped.len());
}

/// This needs no compiler: a source that was changed has another hash than its PTX tells.
#[test]
fn every_source_has_its_ptx_and_every_ptx_its_source() {
    if std::env::var_os("PODPATH_PTX").is_some() {
        return;
    }
    let sources = sources();
    let hashes: BTreeMap<String, &str> =
        sources.iter().map(|(stem, text)| (ptx::hash(text), stem.as_str())).collect();
    for file in ptx::all() {
        let stem = file.name.split('.').next().unwrap();
        let made_of = hashes.get(file.source).copied();
        assert_eq!(made_of, Some(stem), "{} is stale: run .ci/ptx", file.name);
        assert!(file.text.contains("\n.version 8.0\n"), "{} is not of ISA 8.0", file.name);
        assert!(file.text.contains(COMPILER), "{} is of another compiler", file.name);
    }
    for (stem, text) in &sources {
        assert!(ptx::of(text, 70).is_some(), "{stem}.cu has no PTX for 7.0: run .ci/ptx");
    }
    for kernel in Kernel::ALL {
        let text = ptx::of(kernel.source(), 120).expect("every source has one");
        let entry = format!(".entry {}(", kernel.entry());
        assert!(text.contains(&entry), "no `{entry}` in its PTX");
    }
}
