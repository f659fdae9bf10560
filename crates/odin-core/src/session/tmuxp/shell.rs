//! As much of a shell's grammar as the panes of a tmuxp file use: words, quotes, variables, assignments, `&&`, `;`, pipes
//! and `for` loops over words.
use std::collections::HashMap;

/// A word, in parts that are known only when it is used.
#[derive(Debug, Clone, PartialEq, Default)]
struct Word(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Variable(String),
    /// What only a shell can tell: `$(…)`, backticks.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(Word),
    /// Ends a command: `;`, `&&`, `||`, `|`, `&`, a new line.
    End(&'static str),
}

/// A command with its variables filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// `NAME=VALUE` before it.
    pub assignments: Vec<(String, String)>,
    pub words: Vec<String>,
    /// As it was written.
    pub text: String,
    /// It runs only where the one before fails, or takes what that one prints.
    pub after: Option<&'static str>,
    /// Redirections, which change no score.
    pub redirected: bool,
}

/// Why a line cannot be taken apart.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShellError {
    #[error("a quote is open at its end")]
    OpenQuote,
    #[error("`{0}` is known to a shell only")]
    Unknown(String),
    #[error("`{0}` is a shell's program")]
    Program(String),
    #[error("its loop has no end")]
    OpenLoop,
    #[error("its loops come to more than {MAX} commands")]
    TooMany,
}

/// Commands that a pane can come to, with its loops run.
const MAX: usize = 10_000;

pub type Variables = HashMap<String, String>;

/// The commands of a line (or of several), in order. `variables` are those set so far; assignments and `export` add to
/// them.
pub fn commands(line: &str, variables: &mut Variables) -> Result<Vec<Command>, ShellError> {
    let tokens = tokens(line)?;
    let mut found = Vec::new();
    run(&tokens, variables, &mut found)?;
    Ok(found)
}

fn tokens(line: &str) -> Result<Vec<Token>, ShellError> {
    let mut tokens = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                None | Some('\n') => {}
                Some(escaped) => push(word.get_or_insert_default(), escaped),
            },
            '\'' => {
                let into = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(ShellError::OpenQuote)? {
                        '\'' => break,
                        c => push(into, c),
                    }
                }
                push_text(into, "");
            }
            '"' => {
                let into = word.get_or_insert_default();
                push_text(into, "");
                loop {
                    match chars.next().ok_or(ShellError::OpenQuote)? {
                        '"' => break,
                        '\\' => match chars.next().ok_or(ShellError::OpenQuote)? {
                            '\n' => {}
                            c @ ('"' | '\\' | '$' | '`') => push(into, c),
                            c => {
                                push(into, '\\');
                                push(into, c);
                            }
                        },
                        c @ ('$' | '`') => into.0.push(special(c, &mut chars)),
                        c => push(into, c),
                    }
                }
            }
            '$' | '`' => {
                let part = special(c, &mut chars);
                word.get_or_insert_default().0.push(part);
            }
            '#' if word.is_none() => while chars.next_if(|&c| c != '\n').is_some() {},
            ' ' | '\t' | '\r' => tokens.extend(word.take().map(Token::Word)),
            ';' | '\n' | '&' | '|' => {
                let redirection = c == '&' && word.as_ref().is_some_and(|word| ends_with(word, '>'));
                if redirection || (c == '&' && chars.peek() == Some(&'>')) {
                    push(word.get_or_insert_default(), c);
                    continue;
                }
                tokens.extend(word.take().map(Token::Word));
                tokens.push(Token::End(
                    match (c, chars.next_if_eq(&c).is_some() && c != '\n') {
                        ('&', true) => "&&",
                        ('|', true) => "||",
                        ('|', false) => "|",
                        ('&', false) => "&",
                        _ => ";",
                    },
                ));
            }
            c => push(word.get_or_insert_default(), c),
        }
    }
    tokens.extend(word.take().map(Token::Word));
    tokens.push(Token::End(";"));
    Ok(tokens)
}

fn push(word: &mut Word, c: char) {
    match word.0.last_mut() {
        Some(Part::Text(text)) => text.push(c),
        _ => word.0.push(Part::Text(c.to_string())),
    }
}

/// Even an empty text makes a word.
fn push_text(word: &mut Word, text: &str) {
    word.0.push(Part::Text(text.to_owned()));
}

fn ends_with(word: &Word, c: char) -> bool {
    matches!(word.0.last(), Some(Part::Text(text)) if text.ends_with(c))
}

/// What follows a `$` or a backtick.
fn special(c: char, chars: &mut std::iter::Peekable<std::str::Chars>) -> Part {
    if c == '`' {
        let inside: String = std::iter::from_fn(|| chars.next_if(|&c| c != '`')).collect();
        chars.next();
        return Part::Unknown(format!("`{inside}`"));
    }
    match chars.peek() {
        Some('{') => {
            chars.next();
            let inside: String = std::iter::from_fn(|| chars.next_if(|&c| c != '}')).collect();
            chars.next();
            let plain = inside.chars().all(|c| c.is_alphanumeric() || c == '_');
            if plain {
                Part::Variable(inside)
            } else {
                Part::Unknown(format!("${{{inside}}}"))
            }
        }
        Some('(') => {
            let mut depth = 0;
            let mut inside = "$".to_owned();
            for c in chars.by_ref() {
                inside.push(c);
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                if depth == 0 {
                    break;
                }
            }
            Part::Unknown(inside)
        }
        Some(c) if c.is_alphabetic() || *c == '_' => Part::Variable(
            std::iter::from_fn(|| chars.next_if(|c| c.is_alphanumeric() || *c == '_')).collect(),
        ),
        _ => Part::Text("$".to_owned()),
    }
}

/// Runs what the tokens say as far as it concerns variables and loops.
fn run(tokens: &[Token], variables: &mut Variables, found: &mut Vec<Command>) -> Result<(), ShellError> {
    let mut rest = tokens;
    let mut after = None;
    while !rest.is_empty() {
        let end = rest
            .iter()
            .position(|token| matches!(token, Token::End(_)))
            .unwrap_or(rest.len());
        let (command, following) = rest.split_at(end);
        let words: Vec<&Word> = command
            .iter()
            .filter_map(|token| match token {
                Token::Word(word) => Some(word),
                Token::End(_) => None,
            })
            .collect();
        if words.first().and_then(|word| plain(word)) == Some("for") {
            rest = each(&words, following, variables, found)?;
            after = None;
            continue;
        }
        if !words.is_empty() {
            let command = simple(&words, after, variables)?;
            if command.words.is_empty() {
                variables.extend(command.assignments.iter().cloned());
            }
            if command.words.first().is_some_and(|word| word == "export") {
                let pairs = command
                    .words
                    .iter()
                    .skip(1)
                    .filter_map(|word| word.split_once('='));
                variables.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            found.push(command);
            if found.len() > MAX {
                return Err(ShellError::TooMany);
            }
        }
        after = match following.first() {
            Some(Token::End(end @ ("||" | "|"))) => Some(*end),
            _ => None,
        };
        rest = following.get(1..).unwrap_or_default();
    }
    Ok(())
}

/// `for NAME in WORDS; do …; done`: runs it, and gives what follows.
fn each<'a>(
    words: &[&Word],
    following: &'a [Token],
    variables: &mut Variables,
    found: &mut Vec<Command>,
) -> Result<&'a [Token], ShellError> {
    let [_, name, is_in, values @ ..] = words else {
        return Err(ShellError::Program("for".to_owned()));
    };
    let name = match (plain(name), plain(is_in)) {
        (Some(name), Some("in")) => name.to_owned(),
        _ => return Err(ShellError::Program("for".to_owned())),
    };
    let mut depth = 0;
    let mut bounds = (None, None);
    let mut first = true;
    for (n, token) in following.iter().enumerate() {
        let begins = std::mem::replace(&mut first, matches!(token, Token::End(_)));
        let word = match token {
            Token::Word(word) if begins => plain(word),
            _ => None,
        };
        match word {
            Some("do") => {
                depth += 1;
                bounds.0.get_or_insert(n + 1);
                first = true;
            }
            Some("done") => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            bounds.1 = Some(n);
            break;
        }
    }
    let (Some(from), Some(to)) = bounds else {
        return Err(ShellError::OpenLoop);
    };
    let body = following.get(from..to).ok_or(ShellError::OpenLoop)?;
    for value in values {
        for value in fill(value, variables)?.split_whitespace() {
            variables.insert(name.clone(), value.to_owned());
            run(body, variables, found)?;
        }
    }
    Ok(following.get(to + 1..).unwrap_or_default())
}

fn simple(
    words: &[&Word],
    after: Option<&'static str>,
    variables: &Variables,
) -> Result<Command, ShellError> {
    const PROGRAM: [&str; 10] = [
        "while", "until", "if", "case", "function", "select", "do", "then", "{", "(",
    ];
    if let Some(word) = words
        .first()
        .and_then(|word| plain(word))
        .filter(|word| PROGRAM.contains(word))
    {
        return Err(ShellError::Program(word.to_owned()));
    }
    let filled: Vec<String> = words
        .iter()
        .map(|word| fill(word, variables))
        .collect::<Result<_, _>>()?;
    let text = filled.join(" ");
    let is_assignment = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && !name.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let count = filled.iter().take_while(|word| is_assignment(word)).count();
    let assignments = filled.iter().take(count).filter_map(|word| word.split_once('='));
    let assignments = assignments
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut words = Vec::new();
    let mut redirected = false;
    let mut rest = filled.into_iter().skip(count);
    while let Some(word) = rest.next() {
        let sign = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
        if sign.starts_with(['>', '<']) {
            redirected = true;
            if sign.trim_start_matches(['>', '<']).is_empty() {
                rest.next();
            }
        } else {
            words.push(word);
        }
    }
    Ok(Command {
        assignments,
        words,
        text,
        after,
        redirected,
    })
}

/// The word where it says itself.
fn plain(word: &Word) -> Option<&str> {
    match word.0.as_slice() {
        [Part::Text(text)] => Some(text),
        _ => None,
    }
}

fn fill(word: &Word, variables: &Variables) -> Result<String, ShellError> {
    let part = |part: &Part| match part {
        Part::Text(text) => Ok(text.clone()),
        Part::Variable(name) => variables
            .get(name)
            .cloned()
            .ok_or_else(|| ShellError::Unknown(format!("${name}"))),
        Part::Unknown(text) => Err(ShellError::Unknown(text.clone())),
    };
    word.0.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<String>> {
        let all = commands(line, &mut Variables::new()).unwrap();
        all.into_iter().map(|command| command.words).collect()
    }

    #[test]
    fn lines_come_apart_as_in_a_shell() {
        assert_eq!(words("a  'b c' \"d e\"f\\ g # h"), [["a", "b c", "d ef g"]]);
        assert_eq!(
            words("a && b; c & d\ne \\\n f"),
            [vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e", "f"]]
        );
        assert_eq!(
            words("p x > log 2>&1; q >>log; r &> log | tee x"),
            [vec!["p", "x"], vec!["q"], vec!["r"], vec!["tee", "x"]]
        );
        assert_eq!(words("a '' b"), [["a", "", "b"]]);
        let piped = commands("a | b || c", &mut Variables::new()).unwrap();
        assert_eq!(
            piped.iter().map(|c| c.after).collect::<Vec<_>>(),
            [None, Some("|"), Some("||")]
        );
    }

    #[test]
    fn variables_are_filled_in_where_they_are_known() {
        let mut variables = Variables::new();
        let all = commands("export N=2; M=x\nA=1 run $N ${M}y '$N' \"$M\"", &mut variables).unwrap();
        let last = all.last().unwrap();
        assert_eq!(last.words, ["run", "2", "xy", "$N", "x"]);
        assert_eq!(last.assignments, [("A".to_owned(), "1".to_owned())]);
        for unknown in ["run $Z", "run $(date)", "run `date`", "run ${Z:-1}"] {
            let error = commands(unknown, &mut variables).unwrap_err();
            assert!(matches!(error, ShellError::Unknown(_)), "{unknown}: {error}");
        }
        assert_eq!(commands("a 'b", &mut variables), Err(ShellError::OpenQuote));
    }

    #[test]
    fn loops_over_words_are_run() {
        let text = "for n in a b; do\n  for d in 1 2; do run $n $d; done\ndone; end";
        assert_eq!(
            words(text),
            [
                vec!["run", "a", "1"],
                vec!["run", "a", "2"],
                vec!["run", "b", "1"],
                vec!["run", "b", "2"],
                vec!["end"]
            ]
        );
        let mut none = Variables::new();
        assert_eq!(
            commands("for n in a; do run", &mut none),
            Err(ShellError::OpenLoop)
        );
        assert!(matches!(
            commands("while true; do run; done", &mut none),
            Err(ShellError::Program(_))
        ));
        let bomb = (0..9).fold("x".to_owned(), |body, n| {
            format!("for v{n} in 0 1 2 3 4 5 6 7 8 9; do {body}; done")
        });
        assert_eq!(commands(&bomb, &mut none), Err(ShellError::TooMany));
    }
}
