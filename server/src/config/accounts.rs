use super::setting::{Within, section};

section! {
    /// Who may have an account, and for how long they stay signed in.
    Accounts "accounts" {
        /// Anybody who reaches the server may register; otherwise it takes an invitation.
        open_registration: bool = false,
        /// How long an access token works. Revoked sessions end within 30 seconds whatever is set here.
        access_token_minutes: Within<1, 1_440> = Within(15),
        /// How long a device stays signed in without being used.
        refresh_token_days: Within<1, 365> = Within(7),
    }
}
