//! What a line comes to, and why it may come to nothing.

/// A text of a command after expansion. One that is not `known` stands as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub text: String,
    pub known: bool,
}

impl Text {
    pub(crate) fn known(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            known: true,
        }
    }
}

/// A command after expansion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    /// `NAME=VALUE` before it.
    pub assignments: Vec<(String, Text)>,
    pub words: Vec<Text>,
    /// All its words, for messages.
    pub text: String,
    /// It runs only where the one before fails, or takes what that one prints.
    pub after: Option<&'static str>,
    /// Redirections, which change no score.
    pub redirected: bool,
    /// What expansion took from outside of the file.
    pub notes: Vec<String>,
}

/// Why a line cannot be taken apart.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum ShellError {
    #[error("a quote is open at its end")]
    OpenQuote,
    #[error("only a running shell knows `{0}`")]
    Unknown(String),
    #[error("`{0}` is a control structure of the shell, and only `for` loops over words are followed")]
    Program(String),
    #[error("its loop has no end")]
    OpenLoop,
    #[error("its loops and braces come to more than {MAX} commands or words")]
    TooMany,
}

/// Commands that a line can come to with its loops run, and words that its braces can come to.
pub(super) const MAX: usize = 10_000;
