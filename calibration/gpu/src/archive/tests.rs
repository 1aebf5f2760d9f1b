//! Archives that are whole, cut, changed, foreign and hostile.

use std::fs;
use std::io::Write;

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use super::*;

/// A folder as a script leaves it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write(RAW, b"{\"format\":\"podpath-gpu-readings\"}\n");
    write("facts/smi.txt", &[0xff; 300]);
    write("calibration/plots/a.svg", b"<svg/>");
    write("calibration/report.html", b"<html/>");
    write(
        STEPS,
        b"name,status,exit_code,began_s,seconds,limit_s\nsmi,done,0,0.5,1.5,10\n\
          rubbish\nlspci,absent,,2,0,10\n",
    );
    folder
}

fn opened(bytes: &[u8]) -> Result<Archive, ArchiveError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar.gz");
    fs::write(&path, bytes).unwrap();
    open(&path)
}

/// A tar with gzip of these entries.
fn tarball(entries: &[(&[u8], EntryType, &[u8])]) -> Vec<u8> {
    let packer = GzBuilder::new().write(Vec::new(), Compression::fast());
    let mut tarball = Builder::new(packer);
    for (name, kind, content) in entries {
        let mut header = Header::new_gnu();
        // The builder itself would refuse a hostile name.
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tarball.append(&header, *content).unwrap();
    }
    tarball.into_inner().unwrap().finish().unwrap()
}

#[test]
fn what_is_packed_is_opened_again_as_a_file_and_as_a_folder() {
    let folder = folder();
    let packed = pack(folder.path()).unwrap();
    assert_eq!(packed, pack(folder.path()).unwrap(), "the same bytes");
    let archive = opened(&packed.bytes).unwrap();
    let names: Vec<&str> = archive.names().collect();
    assert_eq!(names, [RAW, "facts/smi.txt", STEPS]);
    assert_eq!(archive.manifest, packed.manifest);
    let steps: Vec<&str> = archive.manifest.steps.iter().map(|step| &*step.name).collect();
    assert_eq!(steps, ["smi", "lspci"], "a line that is none is passed over");
    let drawn = archive.manifest.left_out.iter().all(|left| left.why.starts_with("drawn again"));
    assert!(drawn && archive.manifest.left_out.len() == 2, "{:?}", archive.manifest.left_out);
    assert!(archive.text(RAW).unwrap().name.ends_with("a.tar.gz:calibration/raw.jsonl"));
    let told = archive.text("facts/smi.txt").unwrap_err().to_string();
    assert!(told.contains("has a `facts/smi.txt` that is no text"), "{told}");
    let told = archive.text(JUDGING).unwrap_err().to_string();
    assert!(told.contains("has no `judging/judging.csv`"), "{told}");

    // Unpacked by tar, and as it stands with the manifest beside it.
    let unpacked = tempfile::tempdir().unwrap();
    let reader = flate2::read::GzDecoder::new(&packed.bytes[..]);
    tar::Archive::new(reader).unpack(unpacked.path()).unwrap();
    let again = open(unpacked.path()).unwrap();
    assert_eq!(again.manifest, archive.manifest);
    assert_eq!(again.member(RAW), archive.member(RAW));
    fs::write(unpacked.path().join(RAW), "changed").unwrap();
    let told = open(unpacked.path()).unwrap_err().to_string();
    assert!(told.contains("`calibration/raw.jsonl` is not what its manifest says"), "{told}");
}

/// Wherever it is cut and whichever byte is changed: an error, and never another archive.
#[test]
fn a_cut_or_damaged_archive_is_refused() {
    let bytes = pack(folder().path()).unwrap().bytes;
    let Archive { manifest, members, .. } = opened(&bytes).unwrap();
    let content = (manifest, members);
    for end in 0..bytes.len() {
        let error = opened(&bytes[..end]).unwrap_err();
        let cut = matches!(error.problem, Problem::Cut(_));
        assert!(cut || end < 2, "cut at {end}: {error}");
    }
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        // The time in gzip's head, and bits that only fill its last byte, are no content.
        if let Ok(archive) = opened(&damaged) {
            assert_eq!((archive.manifest, archive.members), content, "the change at {at}");
        }
    }
}

#[test]
fn a_foreign_archive_and_one_of_another_version_are_refused() {
    let manifest = |format: &str, version: u32| {
        format!("{{\"format\":\"{format}\",\"version\":{version},\"podpath\":\"9.0.0\"}}")
    };
    let only = |text: &str| tarball(&[(b"manifest.json", EntryType::Regular, text.as_bytes())]);
    let cases: [(Vec<u8>, &str); 7] = [
        (b"PK\x03\x04 a zip".to_vec(), "is no archive of a GPU's measurement: it is no gzip"),
        (tarball(&[(b"a.txt", EntryType::Regular, b"a")]), "it has no manifest.json"),
        (only("[]"), "its manifest.json is another program's"),
        (only(&manifest("recipe", 1)), "its manifest.json names another format"),
        (only(&manifest("podpath-gpu-archive", 2)), "is of version 2, written by podpath 9.0.0"),
        (only(&manifest("podpath-gpu-archive", 1)), "`manifest.json` is not what its manifest"),
        (Vec::new(), "is cut or damaged: it is empty"),
    ];
    for (bytes, expected) in cases {
        let told = opened(&bytes).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
        assert!(told.ends_with(')'), "it does not say what would be valid: {told}");
    }
    let told = open(Path::new("/nowhere")).unwrap_err().to_string();
    assert!(told.contains("`/nowhere` cannot be read: "), "{told}");
}

#[test]
fn a_hostile_archive_is_refused_before_it_does_harm() {
    use EntryType::{Block, Fifo, Link, Regular, Symlink};
    let twice = [(&b"a"[..], Regular, &b"1"[..]), (b"./a", Regular, b"2")];
    let many: Vec<(Vec<u8>, EntryType, &[u8])> =
        (0..=MEMBERS_MAX).map(|at| (at.to_string().into_bytes(), Regular, &b""[..])).collect();
    let many = many.iter().map(|(name, kind, content)| (&name[..], *kind, *content));
    let many: Vec<_> = many.collect();
    let large = vec![0; MEMBER_MAX as usize + 1];
    let cases: [(Vec<u8>, &str); 10] = [
        (tarball(&[(b"../a", Regular, b"")]), "its member `../a` is outside the archive"),
        (tarball(&[(b"a/../../b", Regular, b"")]), "is outside the archive"),
        (tarball(&[(b"/etc/passwd", Regular, b"")]), "is an absolute path"),
        (tarball(&[(b"a", Symlink, b"")]), "its member `a` is a link"),
        (tarball(&[(b"a", Link, b"")]), "its member `a` is a link"),
        (tarball(&[(b"a", Fifo, b"")]), "is neither a file nor a folder"),
        (tarball(&[(b"a", Block, b"")]), "is neither a file nor a folder"),
        (tarball(&[(b"a\x1b[2J", Regular, b"")]), "its member `a\\u{1b}[2J` is not named in text"),
        (tarball(&twice), "is there twice"),
        (tarball(&[(b"a", Regular, &large)]), "a member is larger than"),
    ];
    for (bytes, expected) in cases {
        let told = opened(&bytes).unwrap_err().to_string();
        assert!(told.contains(expected), "{told}");
    }
    let told = opened(&tarball(&many)).unwrap_err().to_string();
    assert!(told.contains("the number of members is larger than 1000"), "{told}");
}

/// A gigabyte of zeros in a megabyte: it is given up at the limit of what is unpacked.
#[test]
fn a_bomb_is_refused_at_the_limit() {
    let mut packer = GzBuilder::new().write(Vec::new(), Compression::best());
    let mut header = Header::new_gnu();
    let name = b"manifest.json";
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_size(10);
    header.set_cksum();
    packer.write_all(header.as_bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..(UNPACKED_MAX >> 20) + 8 {
        packer.write_all(&zeros).unwrap();
    }
    let told = opened(&packer.finish().unwrap()).unwrap_err().to_string();
    assert!(told.contains("what is in it is larger than 134217728 bytes"), "{told}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_packed_is_left_out_and_named() {
    let folder = folder();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("facts/link")).unwrap();
    fs::write(folder.path().join("facts/huge"), vec![0; MEMBER_MAX as usize + 1]).unwrap();
    let packed = pack(folder.path()).unwrap();
    let why = |name: &str| {
        let left = packed.manifest.left_out.iter().find(|left| left.name == name);
        left.map(|left| left.why.as_str())
    };
    assert_eq!(why("facts/link"), Some("a link"));
    assert_eq!(why("facts/huge"), Some("larger than a member may be"));
    assert!(opened(&packed.bytes).is_ok());
    assert!(pack(tempfile::tempdir().unwrap().path()).is_err(), "nothing to pack");
}

/// Random bytes do not compress: the largest go, and the readings stay.
#[test]
fn an_archive_that_would_be_too_large_gives_up_its_largest_members() {
    let folder = folder();
    let mut state = 1u64;
    let mut noise = |bytes: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..bytes).map(|_| next()).collect()
    };
    fs::write(folder.path().join("a"), noise(9_000_000)).unwrap();
    fs::write(folder.path().join("b"), noise(8_000_000)).unwrap();
    let packed = pack(folder.path()).unwrap();
    assert!(packed.bytes.len() as u64 <= PACKED_MAX);
    let names: Vec<&str> = packed.manifest.members.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["b", RAW, "facts/smi.txt", STEPS]);
}
