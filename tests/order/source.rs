//! What one source file declares and names: its modules, its items, and the paths in `use` lines and in the code.
//!
//! Comments, strings and what is compiled for tests alone are left out.
use std::collections::BTreeSet;

/// A name that a `use` line or a path in the code refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    pub line: usize,
    pub segments: Vec<String>,
}

/// A leaf of a `use` line outside functions: the path, and the name it gets here (`*` for all names).
#[derive(Clone, Debug)]
pub struct Import {
    pub path: Path,
    pub name: String,
    /// A re-export that the module itself does not use is no dependency of the module.
    pub only_passed_on: bool,
}

/// A module of a file: the file itself, or one written out in it.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Names of the modules round it inside the file; empty for the file itself.
    pub inner: Vec<String>,
    /// `mod name;` in the order of the file.
    pub files: Vec<String>,
    pub items: BTreeSet<String>,
    pub imports: Vec<Import>,
    pub paths: Vec<Path>,
}

#[derive(Clone, Debug)]
struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Whether a module of this name holds tests alone.
pub fn is_for_tests(name: &str) -> bool {
    matches!(name, "tests" | "testing") || name.ends_with("_tests")
}

pub fn parse(text: &str) -> Vec<Module> {
    let tokens = without_tests(&tokens(text));
    let mut modules = vec![Module::default()];
    // For each open brace the module that it opens, if it is one.
    let mut braces: Vec<Option<usize>> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let text = |ahead: usize| tokens.get(at + ahead).map_or("", |token| token.text.as_str());
        let module = braces.iter().rev().flatten().next().copied().unwrap_or(0);
        let outside_functions = braces.iter().all(Option::is_some);
        match token.text.as_str() {
            "{" => braces.push(None),
            "}" => drop(braces.pop()),
            "pub" if text(1) == "(" && matches!(text(2), "crate" | "super" | "self" | "in") => {
                at = closing(&tokens, at + 1);
            }
            "mod" if text(2) == ";" => {
                if !is_for_tests(text(1)) {
                    modules[module].files.push(text(1).to_owned());
                }
                at += 2;
            }
            "mod" if text(2) == "{" => {
                let mut inner = modules[module].inner.clone();
                inner.push(text(1).to_owned());
                modules.push(Module {
                    inner,
                    ..Module::default()
                });
                braces.push(Some(modules.len() - 1));
                at += 2;
            }
            "use"
                if at == 0 || matches!(tokens[at - 1].text.as_str(), "pub" | ")" | ";" | "}" | "{" | "]") =>
            {
                let public = at > 0 && matches!(tokens[at - 1].text.as_str(), "pub" | ")");
                let mut leaves = Vec::new();
                at += 1;
                leaves_of(&tokens, &mut at, &[], &mut leaves);
                for (path, name) in leaves {
                    if outside_functions {
                        let only_passed_on = public;
                        modules[module].imports.push(Import {
                            path,
                            name,
                            only_passed_on,
                        });
                    } else {
                        modules[module].paths.push(path);
                    }
                }
            }
            "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static"
                if outside_functions =>
            {
                modules[module].items.insert(text(1).to_owned());
            }
            _ if token.is_name() && (at == 0 || !matches!(tokens[at - 1].text.as_str(), "::" | ".")) => {
                let mut segments = vec![token.text.clone()];
                let line = token.line;
                while tokens.get(at + 1).is_some_and(|token| token.text == "::")
                    && tokens.get(at + 2).is_some_and(Token::is_name)
                {
                    segments.push(tokens[at + 2].text.clone());
                    at += 2;
                }
                modules[module].paths.push(Path { line, segments });
            }
            _ => {}
        }
        at += 1;
    }
    for module in &mut modules {
        let used: BTreeSet<&String> = module.paths.iter().map(|path| &path.segments[0]).collect();
        for import in &mut module.imports {
            import.only_passed_on &= !used.contains(&import.name);
        }
    }
    modules
}

/// The leaves of the tree of a `use` line that starts at `at`; leaves `at` on the token after it.
fn leaves_of(tokens: &[Token], at: &mut usize, before: &[String], leaves: &mut Vec<(Path, String)>) {
    let mut segments = before.to_vec();
    let mut line = 0;
    while let Some(token) = tokens.get(*at) {
        match token.text.as_str() {
            "::" => {}
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token.text != "}") {
                    leaves_of(tokens, at, &segments, leaves);
                    if tokens.get(*at).is_some_and(|token| token.text == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                return;
            }
            "as" => {
                let name = tokens
                    .get(*at + 1)
                    .map(|token| token.text.clone())
                    .unwrap_or_default();
                *at += 2;
                leaves.push((Path { line, segments }, name));
                return;
            }
            "," | "}" | ";" => break,
            // `{self}` is the module before the brace.
            "self" if !before.is_empty() => line = token.line,
            text => {
                line = token.line;
                segments.push(text.to_owned());
            }
        }
        *at += 1;
    }
    if let Some(name) = segments.last().cloned() {
        leaves.push((Path { line, segments }, name));
    }
}

/// The tokens without the attributes, and without the items that are marked by `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is = |index: usize, text: &str| tokens.get(index).is_some_and(|token| token.text == text);
        if !(is(at, "#") && (is(at + 1, "[") || is(at + 1, "!"))) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let start = if is(at + 1, "!") { at + 2 } else { at + 1 };
        let end = closing(tokens, start);
        let inside: Vec<&str> = tokens[start..end]
            .iter()
            .map(|token| token.text.as_str())
            .collect();
        let for_tests = inside.get(1) == Some(&"cfg") && inside.contains(&"test") && !inside.contains(&"not");
        let outer = start == at + 1;
        at = end + 1;
        if for_tests && outer {
            at = end_of_item(tokens, at);
        }
    }
    kept
}

/// The index after the item, field or statement that starts at `at`.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    const ITEMS: [&str; 13] = [
        "pub", "fn", "impl", "mod", "struct", "enum", "use", "const", "static", "type", "trait", "unsafe",
        "async",
    ];
    while tokens.get(at).is_some_and(|token| token.text == "#") {
        at = closing(tokens, at + 1) + 1;
    }
    let item = tokens
        .get(at)
        .is_some_and(|token| ITEMS.contains(&token.text.as_str()));
    let is_use = tokens[at..]
        .iter()
        .take(5)
        .take_while(|token| token.text != "{")
        .any(|token| token.text == "use");
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            ";" => return at + 1,
            "," if !item => return at + 1,
            "}" | ")" | "]" => return at,
            "{" if item && !is_use => return closing(tokens, at) + 1,
            "{" | "(" | "[" => at = closing(tokens, at),
            _ => {}
        }
        at += 1;
    }
    at
}

/// The index of the bracket that closes the one at `at`.
fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0_i32;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len().saturating_sub(1)
}

/// Names, `::`, and all other signs one by one; no comments, no strings, no characters, no lifetimes.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let first = line;
        match get(at) {
            '/' if get(at + 1) == '/' => {
                while at < chars.len() && get(at) != '\n' {
                    at += 1;
                }
            }
            '/' if get(at + 1) == '*' => {
                let mut depth = 0;
                while at < chars.len() {
                    match (get(at), get(at + 1)) {
                        ('/', '*') => depth += 1,
                        ('*', '/') => depth -= 1,
                        _ => {
                            at += 1;
                            continue;
                        }
                    }
                    at += 2;
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => at = after_string(&chars, at),
            // 'a', '\n' and '\u{e9}' are characters; 'a without a second quote is a lifetime.
            '\'' if get(at + 1) == '\\' => {
                at += 3;
                while at < chars.len() && get(at) != '\'' {
                    at += 1;
                }
                at += 1;
            }
            '\'' if get(at + 2) == '\'' => at += 3,
            '\'' => {
                at += 1;
                while in_name(get(at)) {
                    at += 1;
                }
            }
            c if in_name(c) => {
                while in_name(get(at)) {
                    at += 1;
                }
                let name: String = chars[start..at].iter().collect();
                let mut hashes = at;
                while get(hashes) == '#' {
                    hashes += 1;
                }
                if matches!(name.as_str(), "r" | "br" | "cr") && get(hashes) == '"' {
                    let end: Vec<char> = std::iter::once('"')
                        .chain(chars[at..hashes].iter().copied())
                        .collect();
                    at = hashes + 1;
                    while at < chars.len() && !chars[at..].starts_with(&end) {
                        at += 1;
                    }
                    at += end.len();
                } else {
                    tokens.push(Token { line, text: name });
                }
            }
            ':' if get(at + 1) == ':' => {
                tokens.push(Token {
                    line,
                    text: "::".to_owned(),
                });
                at += 2;
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token {
                        line,
                        text: c.to_string(),
                    });
                }
                at += 1;
            }
        }
        at = at.min(chars.len());
        line = first + chars[start..at].iter().filter(|&&c| c == '\n').count();
    }
    tokens
}

fn after_string(chars: &[char], mut at: usize) -> usize {
    at += 1;
    while let Some(&c) = chars.get(at) {
        match c {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}
