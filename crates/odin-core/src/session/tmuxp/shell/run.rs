//! Runs what the tokens say, as far as it concerns variables, groups and loops.
use super::command::{Command, MAX, ShellError, Text};
use super::expansion::{fields, whole};
use super::lexer::{Part, Token, Word, is_name};
use super::variables::Variables;

/// Groups and loops within each other that are followed.
const DEEPEST: usize = 50;

pub(super) fn run(
    tokens: &[Token],
    variables: &mut Variables,
    found: &mut Vec<Command>,
) -> Result<(), ShellError> {
    let mut runner = Runner { found, depth: 0 };
    runner.all(tokens, None, variables)
}

struct Runner<'a> {
    found: &'a mut Vec<Command>,
    depth: usize,
}

impl Runner<'_> {
    /// `outer` is the sign before the group that these tokens stand in.
    fn all(
        &mut self,
        tokens: &[Token],
        outer: Option<&'static str>,
        variables: &mut Variables,
    ) -> Result<(), ShellError> {
        if self.depth > DEEPEST {
            return Err(ShellError::TooMany);
        }
        let mut rest = tokens;
        let mut after = outer;
        while let Some(first) = rest.first() {
            if *first == Token::Open {
                let (body, following) = subshell(rest)?;
                self.depth += 1;
                self.all(body, after, &mut variables.clone())?;
                self.depth -= 1;
                rest = following;
            } else {
                let end = rest.iter().position(|token| !matches!(token, Token::Word(_)));
                let (command, following) = rest.split_at(end.unwrap_or(rest.len()));
                match following.first() {
                    Some(Token::Open) => return Err(ShellError::Program("(".to_owned())),
                    Some(Token::Close) => return Err(ShellError::Program(")".to_owned())),
                    _ => {}
                }
                let words: Vec<&Word> = command.iter().filter_map(word).collect();
                rest = match words.first().and_then(|word| plain(word)) {
                    Some("for") => self.each(&words, following, after, variables)?,
                    // A group changes the same variables: its braces say nothing.
                    Some("{" | "!") => {
                        self.simple(words.get(1..).unwrap_or_default(), after, variables)?;
                        following
                    }
                    Some("}") => following,
                    _ => {
                        self.simple(&words, after, variables)?;
                        following
                    }
                };
            }
            after = match rest.first() {
                Some(Token::End(end @ ("||" | "|"))) => Some(*end),
                _ => outer,
            };
            rest = rest.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    /// `for NAME in WORDS; do …; done`: runs it, and gives what follows.
    fn each<'a>(
        &mut self,
        words: &[&Word],
        following: &'a [Token],
        after: Option<&'static str>,
        variables: &mut Variables,
    ) -> Result<&'a [Token], ShellError> {
        let unclear = || ShellError::Program("for".to_owned());
        let [_, name, is_in, values @ ..] = words else {
            return Err(unclear());
        };
        let name = match (plain(name), plain(is_in)) {
            (Some(name), Some("in")) => name,
            _ => return Err(unclear()),
        };
        let (body, rest) = loop_body(following)?;
        let mut notes = Vec::new();
        for value in values {
            for value in fields(value, variables, &mut notes)? {
                if !value.known {
                    return Err(ShellError::Unknown(value.text));
                }
                variables.insert(name, value);
                self.depth += 1;
                self.all(body, after, variables)?;
                self.depth -= 1;
            }
        }
        Ok(rest)
    }

    fn simple(
        &mut self,
        words: &[&Word],
        after: Option<&'static str>,
        variables: &mut Variables,
    ) -> Result<(), ShellError> {
        const PROGRAM: [&str; 9] = [
            "while", "until", "if", "case", "function", "select", "do", "then", "done",
        ];
        let first = words.first().and_then(|word| plain(word));
        if let Some(word) = first.filter(|word| PROGRAM.contains(word)) {
            return Err(ShellError::Program(word.to_owned()));
        }
        if words.is_empty() {
            return Ok(());
        }
        let mut command = Command {
            assignments: Vec::new(),
            words: Vec::new(),
            text: String::new(),
            after,
            redirected: false,
            notes: Vec::new(),
        };
        let mut texts: Vec<String> = Vec::new();
        let mut rest = words.iter();
        let mut declares = false;
        while let Some(word) = rest.next() {
            if let Some(takes_next) = redirection(word) {
                command.redirected = true;
                if takes_next {
                    rest.next();
                }
                continue;
            }
            // After the name of the program, `NAME=VALUE` is an argument, but of `export` and the like.
            if (command.words.is_empty() || declares)
                && let Some((name, value)) = assignment(word, variables, &mut command.notes)
            {
                texts.push(format!("{name}={}", value.text));
                if declares {
                    variables.insert(name.as_str(), value);
                } else {
                    command.assignments.push((name, value));
                }
                continue;
            }
            let fields = fields(word, variables, &mut command.notes)?;
            texts.extend(fields.iter().map(|field| field.text.clone()));
            command.words.extend(fields);
            if let [program] = command.words.as_slice() {
                const DECLARES: [&str; 5] = ["export", "declare", "typeset", "local", "readonly"];
                declares = DECLARES.contains(&program.text.as_str());
            }
        }
        command.text = texts.join(" ");
        match command.words.split_first() {
            None => {
                for (name, value) in &command.assignments {
                    variables.insert(name.as_str(), value.clone());
                }
            }
            Some((program, names)) if program.text == "unset" => {
                names.iter().for_each(|name| variables.unset(&name.text));
            }
            Some(_) => {}
        }
        self.found.push(command);
        if self.found.len() > MAX {
            return Err(ShellError::TooMany);
        }
        Ok(())
    }
}

fn word(token: &Token) -> Option<&Word> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

/// What stands between the bracket that is first and the one that closes it, and what follows the command.
fn subshell(tokens: &[Token]) -> Result<(&[Token], &[Token]), ShellError> {
    let mut depth = 0usize;
    for (n, token) in tokens.iter().enumerate() {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let (body, following) = tokens.split_at(n);
            return Ok((
                body.get(1..).unwrap_or_default(),
                to_end(following.get(1..).unwrap_or_default()),
            ));
        }
    }
    Err(ShellError::Program("(".to_owned()))
}

/// What stands between `do` and its `done`, and what follows the command.
fn loop_body(following: &[Token]) -> Result<(&[Token], &[Token]), ShellError> {
    let mut depth = 0;
    let mut from = None;
    let mut begins = true;
    for (n, token) in following.iter().enumerate() {
        let first = std::mem::replace(&mut begins, !matches!(token, Token::Word(_)));
        let word = match token {
            Token::Word(word) if first => plain(word),
            _ => None,
        };
        match word {
            Some("do") => {
                depth += 1;
                from.get_or_insert(n + 1);
                begins = true;
            }
            Some("done") => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            let body = from
                .and_then(|from| following.get(from..n))
                .ok_or(ShellError::OpenLoop)?;
            return Ok((body, to_end(following.get(n + 1..).unwrap_or_default())));
        }
    }
    Err(ShellError::OpenLoop)
}

/// Passes over what redirects a whole group or loop.
fn to_end(tokens: &[Token]) -> &[Token] {
    let end = tokens.iter().position(|token| matches!(token, Token::End(_)));
    tokens.get(end.unwrap_or(tokens.len())..).unwrap_or_default()
}

/// The word where it says itself.
fn plain(word: &Word) -> Option<&str> {
    match word.0.as_slice() {
        [Part::Bare(text)] => Some(text),
        _ => None,
    }
}

/// Whether the word redirects, and if so, whether the file is the next word.
fn redirection(word: &Word) -> Option<bool> {
    let Some(Part::Bare(text)) = word.0.first() else {
        return None;
    };
    let sign = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    if !sign.starts_with(['>', '<']) {
        return None;
    }
    Some(word.0.len() == 1 && sign.trim_start_matches(['>', '<', '|']).is_empty())
}

fn assignment(word: &Word, variables: &Variables, notes: &mut Vec<String>) -> Option<(String, Text)> {
    let Some(Part::Bare(start)) = word.0.first() else {
        return None;
    };
    let (name, _) = start.split_once('=').filter(|(name, _)| is_name(name))?;
    let whole = whole(word, variables, notes);
    let (_, value) = whole.text.split_once('=')?;
    let value = Text {
        text: value.to_owned(),
        known: whole.known,
    };
    Some((name.to_owned(), value))
}
