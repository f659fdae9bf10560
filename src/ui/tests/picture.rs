//! The picture of the README, drawn from the screen itself so that it cannot grow stale.
use std::fmt::Write;
use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::{colour, draw, working};

/// Width and height of a cell of the terminal, in pixels.
const CELL: (usize, usize) = (10, 20);
/// What a terminal shows where no colour is said.
const TEXT: &str = "#dcdfe4";
const GROUND: &str = "#101216";

/// Written anew where snapshots are (`INSTA_UPDATE=always`).
#[test]
fn the_picture_of_the_readme_is_current() {
    let picture = svg(&draw(&working(), &colour(), 120, 40).0);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dashboard.svg");
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, &picture).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == picture,
        "docs/dashboard.svg shows another screen: INSTA_UPDATE=always draws it anew"
    );
}

fn svg(buffer: &Buffer) -> String {
    let (columns, rows) = (usize::from(buffer.area.width), usize::from(buffer.area.height));
    let (width, height) = (columns * CELL.0, rows * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" font-family=\"'DejaVu Sans Mono', Menlo, Consolas, \
         monospace\" font-size=\"16\">\n<rect width=\"{0}\" height=\"{1}\" rx=\"8\" fill=\"{GROUND}\"/>\n\
         <g transform=\"translate(10 10)\" xml:space=\"preserve\">\n",
        width + 20,
        height + 20
    );
    for (y, cells) in buffer.content.chunks(columns).enumerate() {
        let mut x = 0;
        // Runs of one look.
        for run in cells.chunk_by(|a, b| look(a) == look(b)) {
            piece(&mut out, x, y, run);
            x += run.len();
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn look(cell: &Cell) -> (Color, Color, Modifier) {
    (cell.fg, cell.bg, cell.modifier)
}

fn piece(out: &mut String, x: usize, y: usize, run: &[Cell]) {
    let Some(first) = run.first() else { return };
    let (mut fore, mut back) = (hex(first.fg, TEXT), hex(first.bg, GROUND));
    if first.modifier.contains(Modifier::REVERSED) {
        (fore, back) = (back, fore);
    }
    let (left, top, width) = (x * CELL.0, y * CELL.1, run.len() * CELL.0);
    if back != GROUND {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{back}\"/>",
            CELL.1
        );
    }
    let text: String = run.iter().map(Cell::symbol).collect();
    if text.trim().is_empty() {
        return;
    }
    let bold = if first.modifier.contains(Modifier::BOLD) {
        " font-weight=\"bold\""
    } else {
        ""
    };
    // Every run keeps its columns, whatever the font's widths.
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fore}\"{bold}>{}</text>",
        top + 15,
        text.replace('&', "&amp;").replace('<', "&lt;")
    );
}

fn hex(colour: Color, unsaid: &str) -> String {
    match colour {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Reset => unsaid.to_owned(),
        other => panic!("the look has true colours alone, not {other}"),
    }
}
