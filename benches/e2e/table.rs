//! The table of promises: what was measured, the bar, and whether it was met.

use std::fmt::Write as _;

/// A row.
#[derive(Debug, Clone)]
struct Row {
    work: String,
    figure: String,
    bar: String,
    met: Option<bool>,
}

/// All rows so far. Each is also printed when it comes.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Whether figures are held against their bars.
    judged: bool,
}

impl Table {
    /// An empty one.
    pub(crate) const fn new(judged: bool) -> Self {
        Self { rows: Vec::new(), judged }
    }

    /// A figure that must not be above its bar; both are printed with `unit` behind them.
    pub(crate) fn at_most(&mut self, work: &str, figure: f64, bar: f64, unit: &str, beside: &str) {
        let digits = if unit.starts_with('×') { 2 } else { 1 };
        let mut text = format!("{figure:.digits$} {unit}");
        if !beside.is_empty() {
            let _ = write!(text, " ({beside})");
        }
        let bar_text = format!("≤ {bar:.digits$} {unit}");
        let met = figure.is_finite() && figure <= bar;
        self.push(work, text, bar_text, self.judged.then_some(met));
    }

    /// A figure without a bar.
    pub(crate) fn beside(&mut self, work: &str, figure: &str) {
        self.push(work, figure.to_owned(), String::new(), None);
    }

    fn push(&mut self, work: &str, figure: String, bar: String, met: Option<bool>) {
        let row = Row { work: work.to_owned(), figure, bar, met };
        println!("{}", row.line());
        self.rows.push(row);
    }

    /// Prints the whole table; says how many bars were missed.
    pub(crate) fn finish(&self) -> usize {
        println!("\n| work | figure | bar | |\n|---|---|---|---|");
        for row in &self.rows {
            println!("{}", row.line());
        }
        self.rows.iter().filter(|row| row.met == Some(false)).count()
    }
}

impl Row {
    fn line(&self) -> String {
        let verdict = match self.met {
            Some(true) => "pass",
            Some(false) => "**fail**",
            None => "",
        };
        format!("| {} | {} | {} | {verdict} |", self.work, self.figure, self.bar)
    }
}

/// The middle of several figures; of an even number the mean of the two in the middle.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The least of several figures.
pub(crate) fn least(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(f64::INFINITY, f64::min)
}
