//! A text as its program printed it, without what a terminal, a launcher or a paste put around it.

/// The text without colours and underlines, whose escape may be lost (`[4mGPU0`), and without the
/// rank that a launcher puts in front of each line (`[1,0]<stdout>:`). Lines stay where they are.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        plain.push_str(&without_styles(without_rank(line)));
    }
    plain
}

/// `[JOB,RANK]<stdout>:` and `[JOB,RANK]<stderr>:` of Open MPI's `--tag-output`, and `RANK: ` of
/// Slurm's `--label`.
fn without_rank(line: &str) -> &str {
    let tagged = line.strip_prefix('[').and_then(|rest| {
        let (numbers, rest) = rest.split_once("]<")?;
        let ranks = numbers.chars().all(|c| c.is_ascii_digit() || c == ',');
        let rest = rest.strip_prefix("stdout>:").or_else(|| rest.strip_prefix("stderr>:"))?;
        ranks.then_some(rest)
    });
    let labelled = || {
        let (rank, rest) = line.split_once(": ")?;
        let number =
            rank.trim_start().chars().all(|c| c.is_ascii_digit()) && !rank.trim().is_empty();
        number.then_some(rest)
    };
    tagged.or_else(labelled).unwrap_or(line)
}

/// Without `ESC [ … m`, with or without its escape.
fn without_styles(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('[') {
        let style = &rest[at + 1..];
        let end = style.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(style.len());
        match style[end..].strip_prefix('m') {
            Some(behind) => {
                let before = &rest[..at];
                plain.push_str(before.strip_suffix('\u{1b}').unwrap_or(before));
                rest = behind;
            }
            None => {
                plain.push_str(&rest[..=at]);
                rest = style;
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Where the JSON of a text begins: at a line that opens an object, of those the first that is
/// whole or goes wrong below that line; lines of a log may stand before it. None if no line opens
/// one.
pub(super) fn json(text: &str) -> Option<usize> {
    let mut at = 0;
    let mut first = None;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with('{') {
            let begin = at + line.len() - line.trim_start().len();
            first.get_or_insert(begin);
            let mut values = serde_json::Deserializer::from_str(&text[begin..])
                .into_iter::<serde::de::IgnoredAny>();
            match values.next() {
                Some(Err(error)) if error.line() == 1 => {}
                _ => return Some(begin),
            }
        }
        at += line.len();
    }
    first
}

/// Reads the JSON of a text, whatever stands before and behind it; errors name its lines.
pub(super) fn parse_json<T: serde::de::DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let begin = json(text).unwrap_or(0);
    // Lines keep their numbers.
    let above = "\n".repeat(text[..begin].matches('\n').count());
    let whole = above + &text[begin..];
    T::deserialize(&mut serde_json::Deserializer::from_str(&whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_or_a_launcher_adds_is_taken_away() {
        let cases = [
            ("\t\u{1b}[4mGPU0\tGPU1\u{1b}[0m\n", "\tGPU0\tGPU1\n"),
            ("\t[4mGPU0\tGPU1[0m\n", "\tGPU0\tGPU1\n"),
            ("\u{1b}[1;31mred\u{1b}[m", "red"),
            ("[1,0]<stdout>:#  size\n[1,10]<stderr>:x\n", "#  size\nx\n"),
            (" 3: # size\n", "# size\n"),
            ("node:46627 [0] NCCL INFO x\n", "node:46627 [0] NCCL INFO x\n"),
            (
                "Device 0: NVIDIA GH200 (00000009:01:00)\n",
                "Device 0: NVIDIA GH200 (00000009:01:00)\n",
            ),
            ("device 0 [0x31] and [m\n", "device 0 [0x31] and \n"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn json_is_found_between_lines_of_a_log() {
        assert_eq!(json("WARNING {\n{ not this\n{\"a\": 1}\nbye\n"), Some(21));
        assert_eq!(json("{ broken"), Some(0));
        assert_eq!(json("{\n\"a\":\n{ } x\n"), Some(0));
        assert_eq!(json("none"), None);
        let value: serde_json::Value = parse_json("log\n  {\"a\": [1]}\nbye").unwrap();
        assert_eq!(value["a"][0], 1);
        assert_eq!(parse_json::<serde_json::Value>("log\n{\"a\": x}").unwrap_err().line(), 2);
    }
}
