//! Tables, times and numbers as every command prints them.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use jiff::{SignedDuration, Timestamp};

/// On which side a column's texts begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table with these columns. Its lines are as long as they have to be: a pipe knows no width.
pub fn new(columns: &[(&str, Align)]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(columns.iter().map(|(title, _)| *title));
    for (column, (_, align)) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if *align == Align::Right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A table as text, without blanks at the ends of lines.
pub fn text(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A time: UTC, to the second.
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// How long ago something was, roughly.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    format!("{} ago", length(now.duration_since(then)))
}

/// A duration, roughly.
pub fn length(duration: SignedDuration) -> String {
    match duration.as_secs().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// A number of bytes, roughly.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (bytes as f64 / 1e3, 0);
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A number with its thousands apart.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        assert_eq!([0, 999, 1_000, 12_345, 1_234_567].map(number), ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn sizes_are_rough() {
        let sizes = [0, 999, 1_000, 16_384, 999_950, 1_234_567_890].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "16.4 kB", "1.0 MB", "1.2 GB"]);
    }

    #[test]
    fn durations_are_rough() {
        let length = |seconds| length(SignedDuration::from_secs(seconds));
        assert_eq!(
            [-5, 119, 120, 7_199, 7_200, 172_800].map(length),
            ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]
        );
    }
}
