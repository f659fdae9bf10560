//! Words with their braces, variables and homes filled in.
use super::braces;
use super::command::{ShellError, Text};
use super::lexer::{self, Part, Rule, Word};
use super::variables::{Lookup, Variables};

/// A text of the layout in which tmuxp expands variables and a first `~`.
pub(crate) fn expanded(text: &str, variables: &Variables) -> Text {
    whole(&lexer::within_quotes(text), variables, &mut Vec::new())
}

/// The words that a word becomes: none where it is an empty variable, several where there are braces or spaces.
pub(super) fn fields(
    word: &Word,
    variables: &Variables,
    notes: &mut Vec<String>,
) -> Result<Vec<Text>, ShellError> {
    let mut all = Vec::new();
    for word in braces::words(word)? {
        let mut filling = Filling::default();
        fill(&word, variables, notes, true, &mut filling);
        all.extend(filling.finish());
    }
    Ok(all)
}

/// The word as one text, as the value of an assignment.
pub(super) fn whole(word: &Word, variables: &Variables, notes: &mut Vec<String>) -> Text {
    let mut filling = Filling::default();
    fill(word, variables, notes, false, &mut filling);
    let mut all = filling.finish().into_iter();
    // Without splitting there is one text, or none where all of it is empty.
    all.next().unwrap_or_else(|| Text::known(""))
}

/// The fields of a word so far; the last may go on.
#[derive(Default)]
struct Filling {
    done: Vec<Text>,
    current: Option<Text>,
}

impl Filling {
    fn push(&mut self, text: &str, known: bool) {
        let current = self.current.get_or_insert_with(|| Text::known(""));
        current.text.push_str(text);
        current.known &= known;
    }

    fn push_split(&mut self, text: &str, known: bool) {
        let space = |c: Option<char>| c.is_some_and(char::is_whitespace);
        if space(text.chars().next()) {
            self.done.extend(self.current.take());
        }
        let mut pieces = text.split_whitespace();
        if let Some(first) = pieces.next() {
            self.push(first, known);
        }
        for piece in pieces {
            self.done.extend(self.current.take());
            self.push(piece, known);
        }
        if space(text.chars().next_back()) {
            self.done.extend(self.current.take());
        }
    }

    fn finish(mut self) -> Vec<Text> {
        self.done.extend(self.current.take());
        self.done
    }
}

fn fill(word: &Word, variables: &Variables, notes: &mut Vec<String>, splits: bool, filling: &mut Filling) {
    // `[` and `[[` are commands.
    let bracket = word.0.iter().all(|part| *part == Part::Pattern('['));
    for part in &word.0 {
        let (text, quoted) = match part {
            Part::Bare(text) | Part::Quoted(text) => {
                filling.push(text, true);
                continue;
            }
            Part::Pattern(c) => {
                filling.push(c.encode_utf8(&mut [0; 4]), bracket);
                continue;
            }
            Part::Unknown(text) => {
                filling.push(text, false);
                continue;
            }
            Part::Several(text) => (Text::known(text.as_str()), false),
            Part::Home => (variable("HOME", &Rule::Plain, "~", variables, notes), true),
            Part::Variable { name, rule, quoted } => (
                variable(name, rule, &written(name, rule), variables, notes),
                *quoted,
            ),
        };
        if quoted || !splits {
            filling.push(&text.text, text.known);
        } else {
            filling.push_split(&text.text, text.known);
        }
    }
}

/// The variable as it was written.
fn written(name: &str, rule: &Rule) -> String {
    let colon = |yes: bool| if yes { ":" } else { "" };
    match rule {
        Rule::Plain => format!("${name}"),
        Rule::Else { text, even_if_empty } => format!("${{{name}{}-{text}}}", colon(*even_if_empty)),
        Rule::Instead { text, even_if_empty } => format!("${{{name}{}+{text}}}", colon(!even_if_empty)),
    }
}

fn variable(name: &str, rule: &Rule, written: &str, variables: &Variables, notes: &mut Vec<String>) -> Text {
    let unknown = || Text {
        text: written.to_owned(),
        known: false,
    };
    let (value, outside) = match variables.look_up(name) {
        Lookup::Unknown => return unknown(),
        Lookup::Set(text) => (Some(text), false),
        Lookup::Environment(text) => (Some(Text::known(text)), true),
        Lookup::Unset => (None, true),
    };
    let has_value = |even_if_empty: bool| match &value {
        None => false,
        Some(text) => !(even_if_empty && text.known && text.text.is_empty()),
    };
    let chosen = match rule {
        Rule::Plain => value.clone(),
        Rule::Else { even_if_empty, .. } if has_value(*even_if_empty) => value.clone(),
        Rule::Else { text, .. } => Some(Text::known(text.as_str())),
        Rule::Instead { text, even_if_empty } if has_value(!even_if_empty) => {
            Some(Text::known(text.as_str()))
        }
        Rule::Instead { .. } => Some(Text::known("")),
    };
    match chosen {
        None => unknown(),
        Some(text) => {
            if outside {
                let state = if value.is_some() { "set" } else { "not set" };
                notes.push(format!(
                    "`{written}` is taken as `{}`: {name} is {state} where this import runs",
                    text.text
                ));
            }
            text
        }
    }
}
