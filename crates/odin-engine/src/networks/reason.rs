//! What went wrong, in the one line of libtorch's message that tells it.
use tch::TchError;

/// How errors of the TorchScript interpreter begin.
const INTERPRETER: &str = "The following operation failed in the TorchScript interpreter.";

/// The telling line. libtorch's messages carry a C++ backtrace of some 25 lines, and the first says what went wrong;
/// those of its interpreter carry a traceback, and the last says it, as in Python.
pub fn reason_of(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    if !text.contains(INTERPRETER) {
        return first.unwrap_or_default().to_owned();
    }
    let raised = text.lines().rev().find_map(raised);
    raised.unwrap_or_else(|| first.unwrap_or_default().to_owned())
}

/// What a line such as `RuntimeError: …` or `builtins.ValueError: …` says.
fn raised(line: &str) -> Option<String> {
    let (class, _) = line.split_once(": ")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
    let is_class = class.chars().all(is_name) && (class.ends_with("Error") || class.ends_with("Exception"));
    let plain = line.strip_prefix("builtins.").unwrap_or(line);
    is_class.then(|| {
        plain
            .strip_prefix("RuntimeError: ")
            .unwrap_or(plain)
            .trim()
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_is_found() {
        let of = |text: &str| reason_of(&TchError::Torch(text.to_owned()));
        assert_eq!(of("too large\nframe #0: abort\n"), "too large");
        let traced = |last: &str| {
            format!(
                "{INTERPRETER}\nTraceback of TorchScript (most recent call last):\n  File \"a: b\"\n    x <--- HERE\n{last}\n\n"
            )
        };
        assert_eq!(
            of(&traced(
                "RuntimeError: Given groups=1: no\nException raised from f"
            )),
            "Given groups=1: no"
        );
        assert_eq!(
            of(&traced("builtins.ValueError: too blue")),
            "ValueError: too blue"
        );
        assert_eq!(of(&traced("nothing")), INTERPRETER);
        assert_eq!(reason_of(&TchError::Shape("5".into())), "invalid shape: 5");
    }
}
