//! Figures hold what they should, can be read, and come out the same twice.

use std::fs;

use super::fixture::{self, Fixture};
use super::frame::MARGIN;
use super::manifest::Manifest;
use super::picture::tests::assert_readable;
use super::run::Run;
use super::validation::Validation;
use super::*;

fn drafted(fixture: &Fixture) -> Vec<Draft> {
    let folder = fixture.folder();
    drafts(&Run::read(folder.path()).unwrap(), &Manifest::read(folder.path()).unwrap(), &|| false)
}

/// The texts of a figure in reading order of its marks.
fn said(draft: &Draft) -> Vec<String> {
    draft.picture.text_boxes().into_iter().map(|(text, _)| text.to_owned()).collect()
}

fn named<'d>(drafts: &'d [Draft], name: &str) -> &'d Draft {
    drafts.iter().find(|draft| draft.name == name).unwrap_or_else(|| panic!("no figure {name}"))
}

#[test]
fn labels_never_overlap_nor_leave_the_page() {
    let fixtures = [Fixture::quickstart(), Fixture::many(), Fixture::one(), Fixture::swept()];
    for fixture in fixtures {
        for draft in drafted(&fixture) {
            println!("{}", draft.name);
            assert_readable(&draft.picture);
            let low = draft.picture.text_boxes().iter().map(|b| b.1[3]).fold(0.0, f64::max);
            let empty = draft.picture.height - low;
            assert!(empty < 3.0 * MARGIN, "{} px are empty below {}", empty, draft.name);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("validate.csv"), fixture::validation()).unwrap();
    let validation = Validation::read(folder.path()).unwrap();
    assert_readable(&scatter::draw(&validation.families));
}

#[test]
fn figures_of_measurements_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    for rounds in [1, 5] {
        fixture::lab::calibration(folder.path(), rounds);
        fixture::lab::comparison(folder.path(), rounds);
        let (costs, seen) = (costs::read(folder.path()), Measured::residuals(folder.path()));
        let mut drafts = calibrate_net::drafts(&costs.unwrap(), &seen.unwrap());
        drafts.extend(comparison::drafts(&Measured::comparison(folder.path()).unwrap()));
        assert_eq!(drafts.len(), 7);
        for draft in &drafts {
            println!("{}", draft.name);
            assert_readable(&draft.picture);
        }
        let hops = said(named(&drafts, "round-trip-by-hops"));
        assert!(hops.contains(&"host-network, bridge".to_owned()), "{hops:?}");
        let topologies = said(named(&drafts, "measured-by-topology"));
        for text in ["nat-then-vxlan-over-two-routers", "TCP, 2 streams, nic.mtu 1500 B", "−35 %"]
        {
            assert!(topologies.contains(&text.to_owned()), "no {text} in {topologies:?}");
        }
    }
}

#[test]
fn ties_are_followed_to_what_the_probes_decided() {
    let folder = tempfile::tempdir().unwrap();
    fixture::lab::calibration(folder.path(), 5);
    let costs = costs::read(folder.path()).unwrap();
    use costs::Knowledge::{Assumed, Decided, Tied, Undecided};
    let expected = [
        ("core_speed", Assumed),
        ("tcp.latency", Undecided),
        ("tcp.tx_per_message", Decided),
        ("tcp.rx_per_message", Tied),
        ("udp.latency", Undecided),
        ("cores", Decided),
    ];
    for (parameter, knowledge) in expected {
        let cost = costs.iter().find(|cost| cost.parameter == parameter).unwrap();
        assert_eq!(cost.knowledge, knowledge, "{parameter}");
    }
}

#[test]
fn every_topology_and_its_value_is_on_the_bars() {
    let fixture = Fixture::quickstart();
    let texts = said(named(&drafted(&fixture), "goodput-by-topology"));
    for name in &fixture.topologies {
        assert!(texts.contains(name), "{name} is missing");
    }
    // The fixture: (0.985 − 0.08 × 2) × 40 Gbit/s for flannel, 60 µs of start-up in 0.26 s.
    assert!(texts.contains(&"33.0".to_owned()), "{texts:?}");
    assert!(texts.contains(&"82 %".to_owned()));
    assert!(!texts.contains(&"lost".to_owned()), "TCP loses nothing");
    let lossy = said(named(&drafted(&Fixture::one()), "goodput-by-topology"));
    assert!(lossy.contains(&"lost".to_owned()) && lossy.contains(&"20 %".to_owned()));
}

#[test]
fn a_waterfall_ends_where_the_goodput_begins() {
    let texts = said(named(&drafted(&Fixture::quickstart()), "loss-by-hop-last"));
    assert!(texts.iter().any(|text| text == "flannel: 82 % of 40 Gbit/s"), "{texts:?}");
    assert!(texts.iter().any(|text| text == "line rate (nic-a/wire-out)"));
    // Framing and window are below half a per cent of baremetal's 40 Gbit/s: drawn together.
    assert!(texts.iter().any(|text| text.ends_with("small hops")));
    let folder = Fixture::quickstart().folder();
    let run = Run::read(folder.path()).unwrap();
    for result in &run.results {
        let taken = run.taken.iter().filter(|taken| taken.key == result.key);
        let sum: f64 = taken.map(|taken| taken.bit_s).sum();
        let left = result.reference_bit_s - sum;
        assert!((left - result.goodput.mean).abs() < 1.0, "the fixture's parts do not sum");
    }
}

#[test]
fn a_life_s_bar_is_as_long_as_the_message_takes() {
    let fixture = Fixture { sizes: vec![1 << 12, 1 << 30], ..Fixture::quickstart() };
    let drafts = drafted(&fixture);
    let draft = named(&drafts, "time-by-hop");
    let texts = said(draft);
    for text in ["4 KiB", "1 GiB", "8 streams, overlapped", "device-to-host copy", "window"] {
        let there = texts.iter().any(|said| said == text);
        // Half a per cent of every bar: too little for a colour of its own.
        assert_eq!(there, text != "window", "{text} in {texts:?}");
    }
    assert!(texts.iter().any(|text| text.starts_with("hollow: ")), "veths queue: {texts:?}");
    // What a bar is made of is what the message takes.
    let folder = fixture.folder();
    let run = Run::read(folder.path()).unwrap();
    let plan = series::plan(&run);
    let sizes = life::shown(&run, &plan);
    let kinds = life::kinds(&sizes);
    assert_eq!(sizes.len(), 2);
    for life in sizes.iter().flat_map(|size| &size.topologies).flat_map(|(_, lives)| lives) {
        let named: f64 = kinds.named.iter().map(|kind| life.at(&kinds, Some(kind))).sum();
        let sum = named + life.at(&kinds, None);
        assert!((sum / life.whole_s - 1.0).abs() < 1e-9, "{sum} of {}", life.whole_s);
    }
}

#[test]
fn a_kernel_has_a_colour_and_a_network_alone_no_bars_of_time() {
    let folder = Fixture::quickstart().folder();
    let path = folder.path().join("life.csv");
    let table = fs::read_to_string(&path).unwrap();
    let figure = |table: String| {
        fs::write(&path, table).unwrap();
        let run = Run::read(folder.path()).unwrap();
        life::draw(&run, &series::plan(&run))
    };
    let launched =
        figure(table.replace(",node-a/window,window,window,", ",gpu/kernel,kernel,service,"));
    let texts = launched.unwrap().text_boxes().iter().map(|b| b.0.to_owned()).collect::<Vec<_>>();
    assert!(texts.contains(&"kernel".to_owned()), "{texts:?}");
    assert!(figure(table.replace("device-to-host copy", "nic")).is_none(), "nobody waits for it");
}

#[test]
fn what_the_message_size_decides_is_no_setting_of_its_own() {
    let folder = Fixture::swept().folder();
    for name in ["summary.csv", "taken.csv", "returned.csv", "life.csv"] {
        let path = folder.path().join(name);
        let table = fs::read_to_string(&path).unwrap();
        let mut lines = table.lines();
        let mut kept = lines.next().unwrap().replace("nic.mtu_b", "kernel_read_b") + "\n";
        // Of the three values of each point, the first, made to go with the size.
        for line in lines.filter(|line| line.contains(",flow,1500,")) {
            let size = line.split(',').nth(7).unwrap();
            kept += &(line.replace(",flow,1500,", &format!(",flow,{size},")) + "\n");
        }
        fs::write(&path, kept).unwrap();
    }
    let plan = series::plan(&Run::read(folder.path()).unwrap());
    assert_eq!((plan.series.len(), plan.folded), (4, Vec::new()));
}

#[test]
fn overlapping_says_its_greatest_gain() {
    let texts = said(named(&drafted(&Fixture::quickstart()), "serial-vs-overlapped"));
    // 1 ÷ 0.72 − 1 = 39 % where start-up no longer matters.
    assert!(texts.iter().any(|text| text == "+39 % at 1 GiB"), "{texts:?}");
    let serial = Fixture { modes: vec!["serial"], ..Fixture::quickstart() };
    assert!(drafted(&serial).iter().all(|draft| draft.name != "serial-vs-overlapped"));
}

#[test]
fn a_sweep_of_more_settings_becomes_a_range() {
    let folder = Fixture::swept().folder();
    let run = Run::read(folder.path()).unwrap();
    let plan = series::plan(&run);
    assert_eq!(plan.series.len(), 4, "streams × mode");
    assert_eq!(plan.folded, ["nic.mtu_b"]);
    let value = plan.series[0].value(&run, "flannel", run.largest_message()).unwrap();
    let (low, high) = value.span.unwrap();
    assert!((low / high - 0.8).abs() < 1e-3, "the fixture takes 10 % a step: {low} {high}");
}

#[test]
fn files_are_whole_and_the_same_twice() {
    let fixture = Fixture::quickstart();
    let (one, two) = (fixture.folder(), fixture.folder());
    let figures = all(one.path()).unwrap();
    all(two.path()).unwrap();
    assert_eq!(figures.len(), 8);
    for figure in &figures {
        let file = |folder: &tempfile::TempDir, ending: &str| {
            fs::read(folder.path().join(format!("plots/{}.{ending}", figure.name))).unwrap()
        };
        for ending in ["svg", "png"] {
            assert!(file(&one, ending) == file(&two, ending), "{}.{ending} differs", figure.name);
        }
        assert_eq!(file(&one, "svg"), figure.svg.as_bytes());
        let document = roxmltree::Document::parse(&figure.svg).unwrap();
        let title = document.descendants().find(|node| node.has_tag_name("title")).unwrap();
        assert_eq!(title.text(), Some(figure.title.as_str()));
        let inked = inked_part(&file(&one, "png"));
        assert!((0.01..0.6).contains(&inked), "{}: {inked} of the page has ink", figure.name);
    }
}

/// The part of a PNG that is not white.
fn inked_part(file: &[u8]) -> f64 {
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut dots = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut dots).unwrap();
    let inked = dots[..info.buffer_size()].chunks(3).filter(|dot| *dot != [255, 255, 255]);
    inked.count() as f64 / f64::from(info.width * info.height)
}

#[test]
fn names_from_files_cannot_break_the_svg() {
    let mut fixture = Fixture::one();
    fixture.topologies = vec!["<script>alert('\u{1}&')</script>".into()];
    let folder = fixture.folder();
    for figure in all(folder.path()).unwrap() {
        let document = roxmltree::Document::parse(&figure.svg).unwrap();
        assert!(document.descendants().all(|node| !node.has_tag_name("script")));
    }
}

#[test]
fn broken_files_are_named() {
    let folder = Fixture::one().folder();
    let path = folder.path().join("summary.csv");
    let whole = fs::read_to_string(&path).unwrap();
    let cases = [
        (whole.replace("goodput_bit_s_mean", "goodput"), "there is no column `goodput_bit_s_mean`"),
        (whole.replace("40000000000", "NaN"), "summary.csv:2: reference_bit_s: `NaN` is not"),
        (whole.replace("udp,1,", "udp,"), "summary.csv"),
    ];
    for (text, expected) in cases {
        fs::write(&path, text).unwrap();
        let problem = all(folder.path()).unwrap_err().to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    fs::remove_file(&path).unwrap();
    assert!(all(folder.path()).unwrap_err().to_string().contains("summary.csv"));
}

/// Writes the figures of all fixtures to the folder named by PODPATH_FIGURES, to be looked at.
#[test]
#[ignore = "writes files for eyes"]
fn figures_for_eyes() {
    let Some(base) = std::env::var_os("PODPATH_FIGURES").map(PathBuf::from) else { return };
    let fixtures = [
        ("quickstart", Fixture::quickstart()),
        ("many", Fixture::many()),
        ("one", Fixture::one()),
        ("swept", Fixture::swept()),
    ];
    for (name, fixture) in fixtures {
        let dir = base.join(name);
        fs::create_dir_all(&dir).unwrap();
        fixture.write(&dir);
        let figures = all(&dir).unwrap();
        crate::report::write(&dir, &figures).unwrap();
    }
    let dir = base.join("validate");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("validate.csv"), fixture::validation()).unwrap();
    crate::report::validation(&dir, &validation(&dir).unwrap()).unwrap();
    for (name, rounds) in [("calibration", 5), ("calibration-once", 1)] {
        let dir = base.join(name);
        fs::create_dir_all(&dir).unwrap();
        fixture::lab::calibration(&dir, rounds);
        crate::net_report::write(&dir, "a made-up machine").unwrap();
    }
    let dir = base.join("comparison");
    fs::create_dir_all(&dir).unwrap();
    fixture::lab::comparison(&dir, 5);
    crate::compare_report::write(&dir, "a made-up machine").unwrap();
    if let Some(sample) = std::env::var_os("PODPATH_CALIBRATION").map(PathBuf::from) {
        crate::net_report::write(&sample, "the machine of the sample").unwrap();
    }
}
