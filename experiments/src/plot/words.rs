//! Numbers as people read them: `39.4 Gbit/s`, `64 KiB`, `+38 %`.

/// `value` with three significant digits, for columns of numbers: `39.4`, `33.0`, `8.00`.
pub fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value.is_finite() { "0".into() } else { "–".into() };
    }
    let digits = (2 - libm::log10(value.abs()).floor() as i32).clamp(0, 12) as usize;
    format!("{value:.digits$}").replace('-', "−")
}

/// `value` with three significant digits and no needless zeros: `39.4`, `0.0123`, `1240`.
pub fn number(value: f64) -> String {
    let text = figure(value);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// A rate in bits per second: `39.4 Gbit/s`, `820 Mbit/s`.
pub fn bit_rate(bit_s: f64) -> String {
    let (unit, scale) = bit_unit(bit_s);
    format!("{} {unit}", number(bit_s / scale))
}

/// The same with three significant digits always, for columns: `33.0 Gbit/s`.
pub fn bit_rate_figure(bit_s: f64) -> String {
    let (unit, scale) = bit_unit(bit_s);
    format!("{} {unit}", figure(bit_s / scale))
}

/// `value` with as many decimals as suit parts of `whole`: `−0.37` and `15.60` of 40.
pub fn part_of(value: f64, whole: f64) -> String {
    let digits = (3 - libm::log10(whole.abs().max(1e-9)).floor() as i32).clamp(1, 12) as usize;
    let digits = if (1.0..10.0).contains(&whole) { 2 } else { digits };
    let text = format!("{value:.digits$}");
    if text.contains(|digit: char| ('1'..='9').contains(&digit)) {
        text.replace('-', "−")
    } else {
        "≈ 0".into()
    }
}

/// The unit in which a rate reads well, and its size in bit/s.
pub fn bit_unit(bit_s: f64) -> (&'static str, f64) {
    match bit_s.abs() {
        rate if rate >= 999.5e9 => ("Tbit/s", 1e12),
        rate if rate >= 999.5e6 => ("Gbit/s", 1e9),
        rate if rate >= 999.5e3 => ("Mbit/s", 1e6),
        rate if rate > 0.0 => ("kbit/s", 1e3),
        _ => ("Gbit/s", 1e9),
    }
}

/// The same in bytes: `12.2 GB/s`.
pub fn byte_rate(bit_s: f64) -> String {
    let (unit, scale) = byte_unit(bit_s);
    format!("{} {unit}", number(bit_s / scale))
}

/// The unit of bytes in which a rate reads well, and its size in bit/s.
pub fn byte_unit(bit_s: f64) -> (&'static str, f64) {
    let units = [("GB/s", 8e9), ("MB/s", 8e6), ("kB/s", 8e3)];
    units.into_iter().find(|(_, scale)| bit_s >= *scale).unwrap_or(units[0])
}

/// The unit in which a number per second reads well, and its size.
pub fn frequency_unit(per_s: f64) -> (&'static str, f64) {
    let units = [("M/s", 1e6), ("k/s", 1e3)];
    units.into_iter().find(|(_, scale)| per_s >= *scale).unwrap_or(("/s", 1.0))
}

/// A size in bytes with a binary unit: `4 KiB`, `1.5 MiB`; in bytes where that is shorter to read:
/// `1500 B`, `9000 B`.
pub fn size(bytes: f64) -> String {
    if bytes < 65_536.0 && bytes % 1024.0 != 0.0 {
        return format!("{bytes} B");
    }
    for (unit, power) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        let scale = 2f64.powi(power);
        if bytes >= scale {
            return format!("{} {unit}", number(bytes / scale));
        }
    }
    format!("{} B", number(bytes))
}

/// A part as a percentage: `98 %`, `0.3 %`.
pub fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let text = if percent.abs() >= 9.95 { format!("{percent:.0}") } else { number_1(percent) };
    let text = if text == "-0" { "0".to_owned() } else { text };
    format!("{} %", text.replace('-', "−"))
}

/// The same where small errors matter: `0.004 %`; what is below a millionth of a per cent is `0 %`.
pub fn error(ratio: f64) -> String {
    let part = ratio.abs() * 100.0;
    if !(1e-6..0.1).contains(&part) {
        return percent(ratio);
    }
    let digits = (-libm::log10(part).floor()) as usize;
    format!("{:.digits$} %", ratio * 100.0).replace('-', "−")
}

/// A gain with its sign: `+38 %`, `−4 %`.
pub fn gain(ratio: f64) -> String {
    let text = percent(ratio);
    let signed = ratio > 0.0 && text != "0 %";
    format!("{}{text}", if signed { "+" } else { "" })
}

/// A span of time: `1.2 s`, `350 µs`.
pub fn time(seconds: f64) -> String {
    timed(seconds, number)
}

/// The same with three significant digits always, for columns: `60.0 ms`.
pub fn time_figure(seconds: f64) -> String {
    timed(seconds, figure)
}

fn timed(seconds: f64, digits: fn(f64) -> String) -> String {
    let (unit, scale) = time_unit(seconds);
    format!("{} {unit}", digits(seconds / scale))
}

/// The unit in which a span of time reads well, and its size in seconds.
pub fn time_unit(seconds: f64) -> (&'static str, f64) {
    let units = [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)];
    units.into_iter().find(|(_, scale)| seconds >= *scale).unwrap_or(("ns", 1e-9))
}

fn number_1(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// What may not stand at the beginning of a line, behind its number.
const UNITS: [&str; 19] = [
    "%", "s", "ms", "µs", "ns", "ns/B", "B", "KiB", "MiB", "GiB", "TiB", "kbit/s", "Mbit/s",
    "Gbit/s", "Tbit/s", "kB/s", "MB/s", "GB/s", "bytes",
];

/// `text` with no line break between a number and its unit.
pub fn unbroken(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for word in text.split(' ') {
        let bare = word.trim_end_matches([',', ';', '.', ':', ')']);
        if kept.ends_with(|last: char| last.is_ascii_digit()) && UNITS.contains(&bare) {
            kept.push('\u{a0}');
        } else if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    kept
}

/// `3 streams`, `1 stream`.
pub fn count(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_unit() {
        let text = "At 64 KiB, 38 % of 40 Gbit/s in 3 µs; 8 streams, 2 ms";
        let kept = "At 64\u{a0}KiB, 38\u{a0}% of 40\u{a0}Gbit/s in 3\u{a0}µs; 8 streams, 2\u{a0}ms";
        assert_eq!(unbroken(text), kept);
    }

    #[test]
    fn numbers_read_well() {
        let cases = [
            (number(39.412), "39.4"),
            (number(0.012345), "0.0123"),
            (number(1240.4), "1240"),
            (number(-3.0), "−3"),
            (figure(33.0), "33.0"),
            (figure(8.0), "8.00"),
            (number(f64::NAN), "–"),
            (part_of(-0.366, 40.0), "−0.37"),
            (part_of(-0.0001, 40.0), "≈ 0"),
            (percent(-0.0001), "0 %"),
            (part_of(15.6, 40.0), "15.60"),
            (part_of(-0.366, 400.0), "−0.4"),
            (part_of(1.0, 2.5), "1.00"),
            (bit_rate_figure(33e9), "33.0 Gbit/s"),
            (bit_rate(39.4e9), "39.4 Gbit/s"),
            (bit_rate(999.9e6), "1 Gbit/s"),
            (bit_rate(0.0), "0 Gbit/s"),
            (size(4096.0), "4 KiB"),
            (size(1000.0), "1000 B"),
            (size(1500.0), "1500 B"),
            (size(9000.0), "9000 B"),
            (byte_rate(97.6e9), "12.2 GB/s"),
            (size(1_073_741_824.0), "1 GiB"),
            (percent(0.984), "98 %"),
            (percent(0.003), "0.3 %"),
            (error(0.00004), "0.004 %"),
            (error(-0.00004), "−0.004 %"),
            (error(0.05), "5 %"),
            (error(1e-12), "0 %"),
            (gain(0.38), "+38 %"),
            (gain(-0.04), "−4 %"),
            (gain(0.0), "0 %"),
            (time(0.00035), "350 µs"),
            (time(0.06), "60 ms"),
            (time_figure(0.06), "60.0 ms"),
            (count(1, "stream"), "1 stream"),
            (list(&["a".into(), "b".into(), "c".into()]), "a, b and c"),
        ];
        for (text, expected) in cases {
            assert_eq!(text, expected);
        }
    }
}
