//! Results are whole, and files of others stay.

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_not_committed_leaves_no_trace() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("a/b");
    let staging = Staging::new(&target).unwrap();
    fs::write(staging.path().join("x.csv"), "1").unwrap();
    drop(staging);
    assert!(!root.path().join("a").exists());
}

#[test]
fn what_is_committed_replaces_what_podpath_wrote_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("a");
    fs::create_dir_all(target.join("plots/own")).unwrap();
    let manifest =
        r#"{"podpath":"0","files":["x.csv","steps.csv","plots/old.svg","manifest.json"]}"#;
    let before = [
        ("manifest.json", manifest),
        ("x.csv", "old"),
        ("steps.csv", "of an earlier experiment"),
        ("plots/old.svg", "old"),
        ("plots/own/mine.svg", "mine"),
        ("other", "kept"),
    ];
    for (name, text) in before {
        fs::write(target.join(name), text).unwrap();
    }
    let staging = Staging::new(&target).unwrap();
    fs::create_dir(staging.path().join("plots")).unwrap();
    fs::write(staging.path().join("plots/p.svg"), "p").unwrap();
    fs::write(staging.path().join("x.csv"), "new").unwrap();
    staging.commit(false).unwrap();
    let read = |name| fs::read_to_string(target.join(name)).unwrap();
    assert_eq!([read("x.csv"), read("other"), read("plots/p.svg")], ["new", "kept", "p"]);
    assert_eq!(read("plots/own/mine.svg"), "mine");
    assert_eq!(names(&target), ["other", "plots", "x.csv"]);
    assert_eq!(names(&target.join("plots")), ["own", "p.svg"]);
    assert_eq!(names(root.path()), ["a"], "nothing is left beside it");
}

#[test]
fn half_an_exchange_is_undone() {
    let root = tempfile::tempdir().unwrap();
    let (target, partial) = (root.path().join("a"), root.path().join("a.partial"));
    fs::create_dir_all(partial.join("old")).unwrap();
    fs::create_dir_all(partial.join("result")).unwrap();
    fs::write(partial.join("old/x.csv"), "old").unwrap();
    fs::write(partial.join("result/x.csv"), "new").unwrap();
    drop(Staging::take(&target).unwrap());
    assert_eq!(fs::read_to_string(target.join("x.csv")).unwrap(), "old");
}

#[test]
fn two_do_not_write_one_folder_at_once() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("a");
    let first = Staging::new(&target).unwrap();
    let refused = Staging::new(&target).unwrap_err();
    assert!(refused.problem.starts_with("another podpath is writing"), "{refused}");
    drop(first);
    assert!(Staging::new(&target).is_ok());
}

#[test]
fn one_file_is_written_whole() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/p.csv");
    write_file(&path, "older").unwrap();
    // What a killed process leaves is as if it were not there.
    fs::write(root.path().join("a/p.csv.partial"), "half a file of another").unwrap();
    write_file(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(names(&root.path().join("a")), ["p.csv"]);
    assert!(write_file(root.path(), "x").is_err(), "a folder");
}

#[test]
fn a_file_in_the_way_and_the_folder_one_is_in_are_bad_input() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    for target in [file.join("out"), file, PathBuf::from(".")] {
        let error = Staging::new(&target).unwrap_err();
        assert_eq!(error.field, "--out");
    }
}
