//! What can go wrong in a dialogue, and how a failure is told.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Why a step did not go as the file says.
#[derive(Debug, Error)]
pub(crate) enum Problem {
    #[error("expected {expected}\n     got {got}")]
    Unexpected { expected: String, got: String },
    #[error("expected {expected}\n     got nothing in time")]
    Silence { expected: String },
    #[error("expected {expected}\n     got the end of the connection")]
    Closed { expected: String },
    #[error("must not appear (line {line}): {pattern}\n     got {got}")]
    Forbidden { line: usize, pattern: String, got: String },
    #[error("expected {left} {operator} {right}")]
    Check { left: String, operator: String, right: String },
    #[error("the runner's own command failed: {command}\n     got {answer}")]
    Setup { command: String, answer: String },
    #[error("no text of the name {name}")]
    NoText { name: String },
    #[error("no session of the name {session}")]
    NoSession { session: char },
    #[error("the target has no user {user}")]
    NoUser { user: usize },
    #[error("the connection failed: {0}")]
    Network(#[from] std::io::Error),
}

impl Problem {
    pub(crate) fn silence(expected: impl Into<String>) -> Self {
        Self::Silence { expected: expected.into() }
    }

    pub(crate) fn closed(expected: impl Into<String>) -> Self {
        Self::Closed { expected: expected.into() }
    }
}

/// A dialogue that failed: where, why, and everything that was said.
#[derive(Debug)]
pub struct Failure {
    /// The file.
    pub file: PathBuf,
    /// The line of the step that failed, from 1; 0 if the dialogue never began.
    pub line: usize,
    /// What was expected and what came.
    pub reason: String,
    /// All lines of all sessions so far, in the order in which they were sent and read.
    pub transcript: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}: {}", self.file.display(), self.line, self.reason)?;
        for line in &self.transcript {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}
