//! The PTX of every kernel is accepted for every GPU from Volta to Blackwell, without a GPU.
//!
//! `PODPATH_PTXAS` names assemblers, one or several with `:` between them; each assembles the PTX
//! that ships for every architecture that it knows, and says how many registers a kernel takes and
//! whether any spill. `.ci/cuda` installs two: the last one for Volta, and that of CUDA 13, whose
//! drivers assemble as it does. Without them the test says aloud what it skipped.

#[path = "../../needs/mod.rs"]
mod needs;
#[path = "../../needs/of_gpu.rs"]
mod needs_of_gpu;

use std::path::Path;
use std::process::Command;

use calibration_gpu::kernel::Kernel;
use calibration_gpu::{GpuError, compile, ptx};
use needs::{Need, lacks};

/// Ten times the compute capabilities 7.0 to 12.0.
const CAPABILITIES: [u32; 9] = [70, 75, 80, 86, 87, 89, 90, 100, 120];
/// Those that NVRTC 12.0 knows too.
const COMPILED: [u32; 7] = [70, 75, 80, 86, 87, 89, 90];
/// More would keep 1024 threads of a block from being resident (65536 registers of an SM).
const REGISTERS_MAX: u32 = 64;

#[test]
fn every_kernel_is_accepted_for_every_architecture() {
    let named = std::env::var("PODPATH_PTXAS").unwrap_or_default();
    let assemblers: Vec<&str> = named.split(':').filter(|path| !path.is_empty()).collect();
    let folder = tempfile::tempdir().unwrap();
    for kernel in Kernel::ALL {
        for capability in CAPABILITIES {
            let text = ptx::of(kernel.source(), capability).expect("PTX ships");
            check(kernel, capability, text);
        }
        for assembler in &assemblers {
            // The assembler of CUDA 13 knows Volta no more.
            let volta = !version(assembler).starts_with("13.");
            let mut told = Vec::new();
            for capability in CAPABILITIES.into_iter().filter(|known| volta || *known > 70) {
                let text = ptx::of(kernel.source(), capability).expect("PTX ships");
                let file = folder.path().join(format!("{}.{capability}.ptx", kernel.entry()));
                std::fs::write(&file, text).unwrap();
                let usage = assemble(assembler, &file, capability, kernel);
                assert_eq!(usage.spilled_bytes, 0, "{} for sm_{capability}", kernel.entry());
                assert!(usage.registers <= REGISTERS_MAX, "{}: {usage:?}", kernel.entry());
                told.push(format!("sm_{capability} {}", usage.registers));
            }
            let version = version(assembler);
            println!("{:12} ptxas {version}, registers: {}", kernel.entry(), told.join(", "));
        }
    }
    let named = assemblers
        .first()
        .ok_or((Need::Ptxas, "PODPATH_PTXAS names no ptxas, so nothing was assembled"));
    lacks(&named);
}

/// `--nvrtc` compiles for the GPU at hand.
#[test]
fn every_kernel_compiles_on_the_spot() {
    for kernel in Kernel::ALL {
        for capability in COMPILED {
            match compile(kernel, &format!("compute_{capability}")) {
                Ok(text) => check(kernel, capability, &text.to_src()),
                missing @ Err(GpuError::NoCompiler) if lacks(&missing) => return,
                Err(error) => panic!("{} for sm_{capability}: {error}", kernel.entry()),
            }
        }
    }
}

/// The kernel is there, with the instructions that its probe relies on.
fn check(kernel: Kernel, capability: u32, text: &str) {
    let entry = format!(".entry {}(", kernel.entry());
    assert!(text.contains(&entry), "no `{entry}` for sm_{capability}");
    let (instruction, wanted) = loads(kernel);
    let found = body(text, &entry).matches(instruction).count();
    assert_eq!(found, wanted, "`{instruction}` in {} for sm_{capability}", kernel.entry());
}

/// The release of an assembler: `12.9`.
fn version(assembler: &str) -> String {
    let output = Command::new(assembler).arg("--version").output();
    let output = output.unwrap_or_else(|error| panic!("{assembler}: {error}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, release) = told.split_once("release ").unwrap_or_else(|| panic!("{told}"));
    release.split(',').next().unwrap_or_default().to_owned()
}

/// An instruction that a probe relies on, and how often its kernel has to have it: a load that the
/// compiler made narrower or doubled would move other bytes than the probe books.
fn loads(kernel: Kernel) -> (&'static str, usize) {
    match kernel {
        Kernel::Read => ("ld.global.cg.v4.u32", 5),
        Kernel::ReadSlice => ("ld.global.ca.v4.u32", 4),
        Kernel::ReadShared => ("ld.volatile.shared.v4.u32", 4),
        Kernel::Strided => ("ld.global.u32", 5),
        // One for the first lap; the other, and the three below, sixteen-fold and a remainder.
        Kernel::Chase => ("ld.global.u32", 18),
        Kernel::ChaseShared => ("ld.shared.u32", 17),
        Kernel::Conflict => ("ld.volatile.shared.u32", 17),
        Kernel::Spin => ("fma.rn.f32", 17),
        Kernel::Barrier => ("bar.sync", 18),
        Kernel::Atomic | Kernel::AtomicChain | Kernel::AtomicScattered => {
            ("atom.global.add.u32", 1)
        }
        Kernel::StreamInit => ("st.global.v2.u32", 1),
        Kernel::StreamRead | Kernel::StreamScale => ("ld.global.v2.u32", 1),
        Kernel::StreamTriad => ("ld.global.v2.u32", 2),
        Kernel::StreamWide => ("ld.global.v4.u32", 2),
        Kernel::Mark | Kernel::Nothing | Kernel::Link | Kernel::Fill => ("ld.global", 0),
        // Four chains, eightfold and a remainder.
        Kernel::Arithmetic => ("fma.rn.f32", 4 * 9),
        Kernel::Triad => ("ld.global", 2),
        Kernel::Stencil => ("ld.global", 5),
        Kernel::Reduction => ("ld.global.v4.f32", 1),
        Kernel::Transpose => ("st.shared.u32", 4),
        Kernel::TransposePlain => ("st.global.u32", 1),
        Kernel::Tiles => ("fma.rn.f32", 16),
        Kernel::Histogram => ("atom.global.add.u32", 1),
        // Whatever it loads, it counts in one place, and says in another that it ran.
        Kernel::TriadCheck
        | Kernel::StencilCheck
        | Kernel::ReductionCheck
        | Kernel::TransposeCheck
        | Kernel::TilesCheck
        | Kernel::HistogramCheck => ("atom.global.add.u64", 2),
    }
}

/// The part of the PTX that is this kernel.
fn body<'a>(ptx: &'a str, entry: &str) -> &'a str {
    let (_, rest) = ptx.split_once(entry).expect("the entry was found above");
    rest.split(".entry ").next().unwrap_or(rest)
}

/// What a kernel takes on one architecture.
#[derive(Debug)]
struct Usage {
    registers: u32,
    spilled_bytes: u32,
}

fn assemble(assembler: &str, file: &Path, capability: u32, kernel: Kernel) -> Usage {
    let output = Command::new(assembler)
        .args(["--verbose", "--gpu-name", &format!("sm_{capability}"), "--output-file"])
        .arg(file.with_extension("cubin"))
        .arg(file)
        .output()
        .unwrap_or_else(|error| panic!("{assembler}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} for sm_{capability}: {told}", kernel.entry());
    // A file holds two kernels at times; what follows `entry function 'NAME'` is this one's.
    let own = format!("entry function '{}'", kernel.entry());
    let (_, own) = told.split_once(&own).unwrap_or_else(|| panic!("no {own} in {told}"));
    let own = own.split("entry function").next().unwrap_or(own);
    let before = |word: &str| -> u32 {
        let (head, _) = own.split_once(word).unwrap_or_else(|| panic!("no `{word}` in {own}"));
        let number = head.trim_end().rsplit(|c: char| !c.is_ascii_digit()).next();
        number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{own}"))
    };
    let spilled_bytes = before("bytes spill stores") + before("bytes spill loads");
    Usage { registers: before("registers"), spilled_bytes }
}
