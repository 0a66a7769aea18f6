//! Why a scenario could not be run.

/// What went wrong, for the one who runs it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// What was asked for does not make sense.
    #[error("{0}")]
    Usage(String),
    /// A file is not what it should be.
    #[error("{0}")]
    Data(String),
    /// The server is not there, or went away.
    #[error("{0}")]
    Unavailable(String),
    /// The server said no.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub type Ran<T> = Result<T, Fault>;

impl Fault {
    /// The server's refusal, with what to do about it.
    pub fn refused(doing: &str, code: &str, message: &str) -> Self {
        let advice = match code {
            "RATE_LIMITED" | "LIMIT_REACHED" => "; start the server with `serve --limits off`",
            "TOKEN_EXPIRED" => "; these access tokens are past their time: prepare again, or delete the accounts file",
            "TOKEN_INVALID" | "SESSION_REVOKED" => "; the accounts are those of another server or data folder",
            "OVERLOADED" => "; the server has no place for so many: see `limits.connections` and its limit on open files",
            _ => "",
        };
        Self::Refused(format!("{doing}: refused with {code} ({message}){advice}"))
    }
}

impl From<hdrhistogram::CreationError> for Fault {
    fn from(error: hdrhistogram::CreationError) -> Self {
        Self::Usage(error.to_string())
    }
}
