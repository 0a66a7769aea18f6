//! How many connections one process may hold.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::fault::{Fault, Ran};

/// Files that are open besides connections.
const OTHER_FILES: u64 = 32;

/// Raises the limit on open files as far as the system lets us, and says what to do where that is too little.
pub fn need_connections(count: usize) -> Ran<()> {
    let limit = getrlimit(Resource::Nofile);
    let needed = count as u64 + OTHER_FILES;
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    match getrlimit(Resource::Nofile).current {
        Some(current) if current < needed || raised.is_err() => Err(Fault::Usage(format!(
            "{count} connections need {needed} open files, and this process may have {current}: raise the hard limit (ulimit -Hn), \
             ask for fewer, or run several processes at once"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_refused_with_advice() {
        assert!(need_connections(10).is_ok());
        let Some(most) = getrlimit(Resource::Nofile).maximum else { return };
        let fault = need_connections(most as usize).unwrap_err().to_string();
        assert!(fault.contains("ulimit -Hn"), "{fault}");
    }
}
