use super::setting::{choice, section};

choice! {
    /// How much is logged; each includes those before it.
    LogLevel { Error = "error", Warn = "warn", Info = "info", Debug = "debug", Trace = "trace" }
}

choice! {
    /// How a log line looks.
    LogFormat {
        /// For people at a terminal, JSON otherwise.
        Auto = "auto",
        Json = "json",
        Text = "text",
    }
}

section! {
    /// What is logged, to standard error. Never what people write, nor tokens or passwords.
    Log "log" {
        /// "error", "warn", "info", "debug" or "trace".
        level: LogLevel = LogLevel::Info,
        /// "json", "text", or "auto": text at a terminal, JSON otherwise.
        format: LogFormat = LogFormat::Auto,
    }
}
