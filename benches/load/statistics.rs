//! Percentiles, medians, and how far apart rounds were.

/// The value that `percent` of the sorted `values` do not exceed; 0 when there are none.
pub(crate) fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// The middle one of `values`, or the mean of the two in the middle; 0 when there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// How many times one series is another: of the medians, and the least and most of any round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    /// Median over median.
    pub(crate) median: f64,
    /// The smallest ratio that a round had.
    pub(crate) min: f64,
    /// The largest ratio that a round had.
    pub(crate) max: f64,
}

/// `above` over `below`, round by round; `None` without rounds, or where a divisor is 0.
pub(crate) fn ratio(above: &[f64], below: &[f64]) -> Option<Ratio> {
    if above.is_empty() || below.iter().any(|&value| value <= 0.0) {
        return None;
    }
    let rounds = || above.iter().zip(below).map(|(above, below)| above / below);
    Some(Ratio {
        median: median(above) / median(below),
        min: rounds().fold(f64::INFINITY, f64::min),
        max: rounds().fold(0.0, f64::max),
    })
}
