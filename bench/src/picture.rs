//! Draws curves as SVG: a panel for each operation, both axes logarithmic. Nothing is behind them, and the colours can be
//! read on a light and on a dark page.

use std::fmt::Write as _;

/// The curves of one operation.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) curves: Vec<Curve>,
}

/// What an operation takes on one server.
pub(crate) struct Curve {
    pub(crate) server: String,
    /// Messages with seconds, which are above 0.
    pub(crate) points: Vec<(usize, f64)>,
}

/// Panels in a row.
const COLUMNS: usize = 3;

/// A panel with its labels, and in it the part where the curves are: left, top, width and height.
const PANEL: (f64, f64) = (310.0, 220.0);
const PLOT: (f64, f64, f64, f64) = (62.0, 34.0, 226.0, 142.0);

/// The height of the line that says which colour is which server.
const LEGEND: f64 = 40.0;

/// Text and lines that are no curves.
const GREY: &str = "#7a7a7a";

/// The curves, in the order of the servers: colour, and dashes besides for who does not see colours.
const STROKES: [(&str, &str); 3] = [("#2f81f7", "none"), ("#d9730d", "6 3"), ("#2e9e5b", "2 3")];

/// The whole picture.
pub(crate) fn svg(panels: &[Panel]) -> String {
    let rows = panels.len().div_ceil(COLUMNS);
    let (width, height) = (PANEL.0 * COLUMNS as f64, LEGEND + PANEL.1 * rows as f64);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, DejaVu Sans, sans-serif\" font-size=\"11\" fill=\"{GREY}\">\n"
    );
    let servers = panels.first().map(|panel| panel.curves.as_slice()).unwrap_or_default();
    for ((at, Curve { server, .. }), stroke) in servers.iter().enumerate().zip(STROKES) {
        let left = PLOT.0 + 150.0 * at as f64;
        text.push_str(&polyline(&[(left, 20.0), (left + 34.0, 20.0)], stroke));
        let _ = writeln!(text, "<text x=\"{}\" y=\"24\" font-size=\"13\">{server}</text>", left + 42.0);
    }
    for (at, panel) in panels.iter().enumerate() {
        let (left, top) = ((at % COLUMNS) as f64 * PANEL.0, LEGEND + (at / COLUMNS) as f64 * PANEL.1);
        let _ = writeln!(text, "<g transform=\"translate({left} {top})\">");
        draw(&mut text, panel);
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    text
}

fn draw(text: &mut String, panel: &Panel) {
    let (left, top, width, height) = PLOT;
    let points = || panel.curves.iter().flat_map(|curve| &curve.points);
    let (first, last) = decades(points().map(|(size, _)| *size as f64));
    let (least, most) = decades(points().map(|(_, seconds)| *seconds));
    let x = |size: f64| left + width * (size.log10() - f64::from(first)) / f64::from(last - first);
    let y =
        |seconds: f64| top + height - height * (seconds.log10() - f64::from(least)) / f64::from(most - least);
    let _ = writeln!(
        text,
        "<text x=\"{left}\" y=\"{}\" font-size=\"12\" font-weight=\"600\">{}</text>",
        top - 12.0,
        panel.title
    );
    for decade in least..=most {
        let at = y(10_f64.powi(decade));
        text.push_str(&grid((left, at), (left + width, at)));
        let (label, right) = (time(decade), left - 6.0);
        let _ = writeln!(text, "<text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{label}</text>", at + 4.0);
    }
    for decade in first..=last {
        let at = x(10_f64.powi(decade));
        text.push_str(&grid((at, top), (at, top + height)));
        let (label, below) = (count(decade), top + height + 16.0);
        let _ = writeln!(text, "<text x=\"{at}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>");
    }
    let (middle, below) = (left + width / 2.0, top + height + 31.0);
    let _ = writeln!(text, "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">messages</text>");
    for (curve, stroke) in panel.curves.iter().zip(STROKES) {
        let places: Vec<(f64, f64)> =
            curve.points.iter().map(|(size, seconds)| (x(*size as f64), y(*seconds))).collect();
        text.push_str(&polyline(&places, stroke));
        for (x, y) in places {
            let _ = writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{}\"/>", stroke.0);
        }
    }
}

/// The powers of ten around some values, at least one apart.
fn decades(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let (least, most) =
        values.fold((f64::MAX, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
    if most <= 0.0 {
        return (0, 1);
    }
    // Tiny errors of the logarithm are not to add a decade.
    let least = (least.max(1e-12).log10() + 1e-9).floor() as i32;
    (least, ((most.log10() - 1e-9).ceil() as i32).max(least + 1))
}

fn polyline(points: &[(f64, f64)], (colour, dashes): (&str, &str)) -> String {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>\n",
        points.join(" ")
    )
}

fn grid((x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> String {
    format!(
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{GREY}\" stroke-opacity=\"0.3\"/>\n"
    )
}

/// A power of ten of seconds, in the unit that suits it.
fn time(decade: i32) -> String {
    let (unit, of) = match decade {
        0.. => ("s", 0),
        -3..0 => ("ms", -3),
        -6..-3 => ("µs", -6),
        _ => ("ns", -9),
    };
    format!("{} {unit}", 10_f64.powi(decade - of))
}

/// A power of ten of messages.
fn count(decade: i32) -> String {
    match decade {
        6.. => format!("{} M", 10_f64.powi(decade - 6)),
        3..6 => format!("{} k", 10_f64.powi(decade - 3)),
        _ => format!("{}", 10_f64.powi(decade)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_reaches_from_one_power_of_ten_to_another() {
        assert_eq!(decades([1_000.0, 1_000_000.0].into_iter()), (3, 6));
        assert_eq!(decades([0.002, 0.03].into_iter()), (-3, -1));
        assert_eq!(decades([0.5].into_iter()), (-1, 0));
    }

    #[test]
    fn labels_have_units() {
        assert_eq!([-7, -5, -1, 1].map(time), ["100 ns", "10 µs", "100 ms", "10 s"]);
        assert_eq!([2, 3, 6].map(count), ["100", "1 k", "1 M"]);
    }

    #[test]
    fn every_operation_has_a_panel() {
        let curve = |server: &str| Curve { server: server.to_owned(), points: vec![(1_000, 0.1)] };
        let panel = |title: &str| Panel { title: title.to_owned(), curves: vec![curve("A"), curve("B")] };
        let picture = svg(&[panel("one"), panel("two")]);
        assert_eq!(picture.matches("<circle").count(), 4);
        assert!(picture.contains(">one</text>") && picture.contains(">two</text>"));
    }
}
