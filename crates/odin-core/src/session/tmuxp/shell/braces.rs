//! Brace expansion: `densenet{10,100}`, `{0..3}`.
use super::command::{MAX, ShellError};
use super::lexer::{Part, Word};
use super::series::series;

/// Braces within each other that are followed; people write two.
const DEEPEST: usize = 20;
/// Braces of one word that are followed.
const MOST: usize = 200;

/// A character that may be a brace, or a part of a word that is none.
#[derive(Debug, Clone, PartialEq)]
enum Atom {
    Bare(char),
    Part(Part),
}

/// The words that a word with braces stands for.
pub(super) fn words(word: &Word) -> Result<Vec<Word>, ShellError> {
    let mut braces = 0;
    for part in &word.0 {
        if let Part::Bare(text) = part {
            braces += text.matches('{').count();
        }
    }
    if braces == 0 {
        return Ok(vec![word.clone()]);
    }
    if braces > MOST {
        return Err(ShellError::TooMany);
    }
    let atoms: Vec<Atom> = word.0.iter().flat_map(atoms).collect();
    let all = expand(&atoms, 0)?;
    Ok(all.into_iter().map(joined).collect())
}

fn atoms(part: &Part) -> Vec<Atom> {
    match part {
        Part::Bare(text) => text.chars().map(Atom::Bare).collect(),
        other => vec![Atom::Part(other.clone())],
    }
}

fn joined(atoms: Vec<Atom>) -> Word {
    let mut word = Word::default();
    for atom in atoms {
        match (atom, word.0.last_mut()) {
            (Atom::Bare(c), Some(Part::Bare(text))) => text.push(c),
            (Atom::Bare(c), _) => word.0.push(Part::Bare(c.to_string())),
            (Atom::Part(part), _) => word.0.push(part),
        }
    }
    word
}

fn expand(atoms: &[Atom], depth: usize) -> Result<Vec<Vec<Atom>>, ShellError> {
    if depth > DEEPEST {
        return Err(ShellError::TooMany);
    }
    let mut all: Vec<Vec<Atom>> = vec![Vec::new()];
    let mut rest = atoms;
    while let Some((first, after)) = rest.split_first() {
        let group = (*first == Atom::Bare('{')).then(|| group(after)).flatten();
        let Some((alternatives, following)) = group else {
            all.iter_mut().for_each(|one| one.push(first.clone()));
            rest = after;
            continue;
        };
        let mut expanded = Vec::new();
        for alternative in &alternatives {
            expanded.extend(expand(alternative, depth + 1)?);
        }
        if all.len().saturating_mul(expanded.len()) > MAX {
            return Err(ShellError::TooMany);
        }
        all = all
            .iter()
            .flat_map(|start| expanded.iter().map(|end| [start.as_slice(), end].concat()))
            .collect();
        rest = following;
    }
    Ok(all)
}

/// What stands between the brace before and the one that closes it, as alternatives, and what follows; none where they
/// are no braces to expand, as in `{}` and `{x}`.
fn group(after: &[Atom]) -> Option<(Vec<Vec<Atom>>, &[Atom])> {
    let mut depth = 1usize;
    let mut commas = Vec::new();
    let mut end = None;
    for (n, atom) in after.iter().enumerate() {
        match atom {
            Atom::Bare('{') => depth += 1,
            Atom::Bare('}') => depth -= 1,
            Atom::Bare(',') if depth == 1 => commas.push(n),
            _ => {}
        }
        if depth == 0 {
            end = Some(n);
            break;
        }
    }
    let (inside, following) = after.split_at_checked(end?)?;
    let following = following.get(1..)?;
    if commas.is_empty() {
        let text: String = inside
            .iter()
            .map(|atom| match atom {
                Atom::Bare(c) => Some(*c),
                Atom::Part(_) => None,
            })
            .collect::<Option<_>>()?;
        let values = range(&text)?;
        let atoms = |value: String| value.chars().map(Atom::Bare).collect();
        return Some((values.into_iter().map(atoms).collect(), following));
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for comma in commas.into_iter().chain([inside.len()]) {
        parts.push(inside.get(start..comma)?.to_vec());
        start = comma + 1;
    }
    Some((parts, following))
}

/// `1..3`, `01..10`, `0..8..2`, `a..e`.
fn range(text: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = text.split("..").collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, 1),
        [from, to, step] => (*from, *to, step.parse().ok()?),
        _ => return None,
    };
    if let (Ok(first), Ok(last)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let step: i64 = step;
        let step = if first <= last {
            step.checked_abs()?
        } else {
            -step.checked_abs()?
        };
        let width = |text: &str| {
            if text.len() > 1 && text.starts_with('0') {
                text.len()
            } else {
                0
            }
        };
        let width = width(from).max(width(to));
        let values = series(first, step, last)?;
        return Some(
            values
                .into_iter()
                .map(|value| format!("{value:0>width$}"))
                .collect(),
        );
    }
    let letter = |text: &str| {
        let mut chars = text.chars();
        chars
            .next()
            .filter(|c| c.is_ascii_alphabetic() && chars.next().is_none())
    };
    let (first, last) = (letter(from)?, letter(to)?);
    if step != 1 {
        return None;
    }
    let up: Vec<String> = (first.min(last)..=first.max(last)).map(String::from).collect();
    Some(if first <= last {
        up
    } else {
        up.into_iter().rev().collect()
    })
}
