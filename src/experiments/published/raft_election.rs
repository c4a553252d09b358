//! How long a Raft cluster was without a leader, as it was published.

use crate::experiments::parameter::Bounds;
use crate::experiments::table::{Cell, Row};

/// Where the figures are from.
pub const SOURCE: &str = "Ongaro and Ousterhout, In search of an understandable consensus \
    algorithm, USENIX ATC 2014, figure 16 (Ongaro's dissertation, 2014, section 9.4): 5 servers, \
    1,000 trials a line, 100 for 150..150. Stated in the text: the median of 150..155, the longest \
    of 150..200, mean and longest of 12..24; the others are read off the figure's drawing, to \
    about 1 ms.";

/// The columns of `LINES` after the range, all in milliseconds.
const COLUMNS: [&str; 9] =
    ["min_ms", "p10_ms", "p25_ms", "median_ms", "mean_ms", "p75_ms", "p90_ms", "p99_ms", "max_ms"];

/// One line of the figure for each range of election timeouts, in milliseconds. The 99th percentile
/// of 150..150 lies outside of the drawing.
const LINES: [(Bounds, [f64; 9]); 7] = [
    (
        (150.0, 150.0),
        [9_866.0, 19_972.0, 28_497.0, 41_111.0, 54_600.0, 60_675.0, 84_949.0, 0.0, 528_091.0],
    ),
    ((150.0, 151.0), [86.0, 434.0, 737.0, 1_199.0, 1_537.0, 1_944.0, 3_133.0, 6_013.0, 8_232.0]),
    ((150.0, 155.0), [85.0, 119.0, 154.0, 287.0, 345.0, 435.0, 609.0, 1_242.0, 2_143.0]),
    ((150.0, 175.0), [84.0, 107.0, 121.0, 141.0, 164.0, 164.0, 291.0, 467.0, 610.0]),
    ((150.0, 200.0), [87.0, 110.0, 125.0, 146.0, 156.0, 167.0, 194.0, 352.0, 513.0]),
    ((150.0, 300.0), [93.0, 125.0, 144.0, 171.0, 181.0, 208.0, 244.0, 415.0, 603.0]),
    ((12.0, 24.0), [15.0, 20.0, 24.0, 30.0, 35.0, 42.0, 53.0, 87.0, 152.0]),
];

/// Returns the line of the figure for a range of election timeouts, where it has one.
pub fn line(timeout_ms: Bounds) -> Option<Row> {
    let (_, numbers) = LINES.iter().find(|(range, _)| *range == timeout_ms)?;
    let range = format!("{}..{}", timeout_ms.0, timeout_ms.1);
    let mut row = Row(vec![("timeout_ms", Cell::Text(range))]);
    let known = |number: f64| if number > 0.0 { Cell::Number(number) } else { Cell::Unknown };
    row.0.extend(COLUMNS.into_iter().zip(numbers.map(known)));
    Some(row)
}
