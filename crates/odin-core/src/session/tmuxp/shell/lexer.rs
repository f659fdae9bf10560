//! A line as words and separators.
use std::iter::Peekable;
use std::str::Chars;

use super::command::ShellError;

/// A word, in parts that are known only when it is used.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Word(pub Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// Text outside of quotes, in which braces count.
    Bare(String),
    /// Text within quotes or after a backslash.
    Quoted(String),
    /// A variable; outside of quotes its value is split at spaces.
    Variable { name: String, rule: Rule, quoted: bool },
    /// `~` at the start of a word.
    Home,
    /// `*`, `?` or `[` outside of quotes: names of files.
    Pattern(char),
    /// Words with spaces between them.
    Several(String),
    /// What only a shell can tell: `$(…)`, backticks.
    Unknown(String),
}

/// What stands for a variable that is not set, or in place of one that is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    Plain,
    /// `${NAME-TEXT}`; with `:-`, `even_if_empty`.
    Else {
        text: String,
        even_if_empty: bool,
    },
    /// `${NAME+TEXT}`; with `:+`, not `even_if_empty`.
    Instead {
        text: String,
        even_if_empty: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(Word),
    /// Ends a command: `;`, `&&`, `||`, `|`, `&`, a new line.
    End(&'static str),
    /// `(` where a command begins.
    Open,
    Close,
}

pub(super) fn tokens(line: &str) -> Result<Vec<Token>, ShellError> {
    let mut tokens = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                None | Some('\n') => {}
                Some(escaped) => push_quoted(word.get_or_insert_default(), escaped),
            },
            '\'' => single_quoted(&mut chars, word.get_or_insert_default())?,
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '$' | '`' => {
                let part = special(c, &mut chars, false);
                word.get_or_insert_default().0.push(part);
            }
            '#' if word.is_none() => while chars.next_if(|&c| c != '\n').is_some() {},
            '~' if starts_a_path(word.as_ref()) => {
                let part = home(&mut chars);
                word.get_or_insert_default().0.push(part);
            }
            '*' | '?' | '[' => word.get_or_insert_default().0.push(Part::Pattern(c)),
            ' ' | '\t' | '\r' => tokens.extend(word.take().map(Token::Word)),
            '(' => match &mut word {
                None => tokens.push(Token::Open),
                Some(word) if assigned_name(word).is_some() => word.0.push(array(&mut chars)),
                Some(_) => return Err(ShellError::Program("()".to_owned())),
            },
            ')' => {
                tokens.extend(word.take().map(Token::Word));
                tokens.push(Token::Close);
            }
            ';' | '\n' | '&' | '|' => {
                let redirection = c == '&' && word.as_ref().is_some_and(|word| ends_with(word, '>'));
                if redirection || (c == '&' && chars.peek() == Some(&'>')) {
                    push_bare(word.get_or_insert_default(), c);
                    continue;
                }
                tokens.extend(word.take().map(Token::Word));
                let doubled = c != '\n' && chars.next_if_eq(&c).is_some();
                tokens.push(Token::End(match (c, doubled) {
                    ('&', true) => "&&",
                    ('|', true) => "||",
                    ('|', false) => "|",
                    ('&', false) => "&",
                    _ => ";",
                }));
            }
            '>' | '<' if word.as_ref().is_some_and(|word| !is_redirection(word)) => {
                tokens.extend(word.take().map(Token::Word));
                push_bare(word.get_or_insert_default(), c);
            }
            c => push_bare(word.get_or_insert_default(), c),
        }
    }
    tokens.extend(word.take().map(Token::Word));
    tokens.push(Token::End(";"));
    Ok(tokens)
}

/// A text in which only variables and a first `~` count, as in the values of `environment`.
pub(super) fn within_quotes(text: &str) -> Word {
    let mut word = Word::default();
    let mut chars = text.chars().peekable();
    if chars.next_if_eq(&'~').is_some() {
        word.0.push(home(&mut chars));
    }
    while let Some(c) = chars.next() {
        match c {
            '$' => word.0.push(special(c, &mut chars, true)),
            c => push_quoted(&mut word, c),
        }
    }
    word
}

fn single_quoted(chars: &mut Peekable<Chars>, into: &mut Word) -> Result<(), ShellError> {
    // Even an empty text makes a word.
    into.0.push(Part::Quoted(String::new()));
    loop {
        match chars.next().ok_or(ShellError::OpenQuote)? {
            '\'' => return Ok(()),
            c => push_quoted(into, c),
        }
    }
}

fn double_quoted(chars: &mut Peekable<Chars>, into: &mut Word) -> Result<(), ShellError> {
    into.0.push(Part::Quoted(String::new()));
    loop {
        match chars.next().ok_or(ShellError::OpenQuote)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or(ShellError::OpenQuote)? {
                '\n' => {}
                c @ ('"' | '\\' | '$' | '`') => push_quoted(into, c),
                c => {
                    push_quoted(into, '\\');
                    push_quoted(into, c);
                }
            },
            c @ ('$' | '`') => into.0.push(special(c, chars, true)),
            c => push_quoted(into, c),
        }
    }
}

fn push_bare(word: &mut Word, c: char) {
    match word.0.last_mut() {
        Some(Part::Bare(text)) => text.push(c),
        _ => word.0.push(Part::Bare(c.to_string())),
    }
}

fn push_quoted(word: &mut Word, c: char) {
    match word.0.last_mut() {
        Some(Part::Quoted(text)) => text.push(c),
        _ => word.0.push(Part::Quoted(c.to_string())),
    }
}

fn ends_with(word: &Word, c: char) -> bool {
    matches!(word.0.last(), Some(Part::Bare(text)) if text.ends_with(c))
}

/// Whether the word so far is `2`, `&>`, `2>&`: the start of a redirection.
fn is_redirection(word: &Word) -> bool {
    match word.0.as_slice() {
        [Part::Bare(text)] => text.chars().all(|c| c.is_ascii_digit() || "<>&|".contains(c)),
        _ => false,
    }
}

/// The name where the word so far is `NAME=`.
fn assigned_name(word: &Word) -> Option<&str> {
    match word.0.as_slice() {
        [Part::Bare(text)] => text.strip_suffix('=').filter(|name| is_name(name)),
        _ => None,
    }
}

/// Whether a `~` here is the start of a path: at the start of a word, or of an assigned value.
fn starts_a_path(word: Option<&Word>) -> bool {
    word.is_none_or(|word| assigned_name(word).is_some())
}

/// What follows a `~`: nothing or a path, or the name of a person, whose home is not known.
fn home(chars: &mut Peekable<Chars>) -> Part {
    let person: String =
        std::iter::from_fn(|| chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+')))
            .collect();
    if person.is_empty() {
        Part::Home
    } else {
        Part::Unknown(format!("~{person}"))
    }
}

/// The values of an array, which no command here uses.
fn array(chars: &mut Peekable<Chars>) -> Part {
    Part::Unknown(format!("({}", balanced(chars, 1)))
}

/// Up to the bracket that closes the `depth` open ones.
fn balanced(chars: &mut Peekable<Chars>, mut depth: usize) -> String {
    let mut inside = String::new();
    for c in chars.by_ref() {
        inside.push(c);
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    inside
}

/// What follows a `$` or a backtick.
fn special(c: char, chars: &mut Peekable<Chars>, quoted: bool) -> Part {
    if c == '`' {
        let inside: String = std::iter::from_fn(|| chars.next_if(|&c| c != '`')).collect();
        chars.next();
        return sequence(&inside).unwrap_or_else(|| Part::Unknown(format!("`{inside}`")));
    }
    match chars.peek().copied() {
        Some('{') => {
            chars.next();
            let inside: String = std::iter::from_fn(|| chars.next_if(|&c| c != '}')).collect();
            chars.next();
            in_braces(&inside, quoted)
        }
        Some('(') => {
            chars.next();
            let inside = balanced(chars, 1);
            let command = inside.strip_suffix(')').unwrap_or(&inside);
            sequence(command).unwrap_or_else(|| Part::Unknown(format!("$({inside}")))
        }
        Some(c) if c.is_alphabetic() || c == '_' => {
            let rest = std::iter::from_fn(|| chars.next_if(|c| c.is_alphanumeric() || *c == '_'));
            let (name, rule) = (rest.collect(), Rule::Plain);
            Part::Variable { name, rule, quoted }
        }
        // Arguments and states of the shell itself: `$1`, `$@`, `$?`.
        Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
            chars.next();
            Part::Unknown(format!("${c}"))
        }
        _ => Part::Quoted("$".to_owned()),
    }
}

/// `${…}`.
fn in_braces(inside: &str, quoted: bool) -> Part {
    let end = inside
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(inside.len());
    let (name, operator) = inside.split_at(end);
    let unknown = || Part::Unknown(format!("${{{inside}}}"));
    if !is_name(name) {
        return unknown();
    }
    let (colon, operator) = match operator.strip_prefix(':') {
        Some(operator) => (true, operator),
        None => (false, operator),
    };
    let mut chars = operator.chars();
    let (sign, text) = (chars.next(), chars.as_str());
    // A text that needs expansion itself is more than panes have.
    if text.contains(['$', '`', '\'', '"', '\\', '~', '*']) {
        return unknown();
    }
    let text = text.to_owned();
    let rule = match sign {
        None if !colon => Rule::Plain,
        Some('-' | '=') => Rule::Else {
            text,
            even_if_empty: colon,
        },
        Some('+') => Rule::Instead {
            text,
            even_if_empty: !colon,
        },
        _ => return unknown(),
    };
    let name = name.to_owned();
    Part::Variable { name, rule, quoted }
}

/// What `seq 3` or `seq 0 3` prints, as a word that is split.
fn sequence(command: &str) -> Option<Part> {
    let mut words = command.split_whitespace();
    if words.next() != Some("seq") {
        return None;
    }
    let numbers: Vec<i64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let (from, step, to) = match numbers.as_slice() {
        [to] => (1, 1, *to),
        [from, to] => (*from, 1, *to),
        [from, step, to] => (*from, *step, *to),
        _ => return None,
    };
    let text = super::series::series(from, step, to)?.join(" ");
    Some(Part::Several(text))
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}
