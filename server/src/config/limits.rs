use super::setting::{Within, section};

section! {
    /// Bounds that keep one client from taking what belongs to all.
    Limits "limits" {
        /// How often somebody may do something. Off is for benches: the server then listens on loopback only.
        rate: bool = true,
        /// Messages of one person in a second, twice as many at once; and in a minute.
        messages_per_second: Within<1, 100_000> = Within(10),
        /// See `messages_per_second`.
        messages_per_minute: Within<1, 1_000_000> = Within(100),
        /// Edits, deletions, reactions and pins of one person in a second, three times as many at once.
        changes_per_second: Within<1, 100_000> = Within(10),
        /// Urgent messages of one person in an hour.
        urgent_per_hour: Within<1, 100_000> = Within(3),
        /// Frames and requests of any kind, of one person in a second; four times as many at once.
        requests_per_second: Within<1, 100_000> = Within(50),
        /// WebSockets that one person opens in a minute, twice as many at once.
        connects_per_minute: Within<1, 100_000> = Within(10),
        /// WebSockets opened from one address in a minute. Raise it where many people share one, behind a proxy or an office's router.
        connects_per_minute_from_address: Within<1, 10_000_000> = Within(60),
        /// Passwords tried in a minute, for each account and address.
        sign_ins_per_minute: Within<1, 100_000> = Within(5),
        /// Accounts made from one address in an hour.
        registrations_per_hour: Within<1, 100_000> = Within(20),
        /// Characters in one message.
        text_chars: Within<1, 16_000> = Within(16_000),
        /// For how many minutes an author may edit a message; 0 = for ever.
        edit_window_minutes: Within<0, 5_256_000> = Within(0),
        /// Open connections, HTTP and WebSocket together; more are answered with 503. 0 = as many as the system lets this
        /// process have open files, less some for the files themselves.
        connections: Within<0, 10_000_000> = Within(0),
        /// WebSockets let in a second; who comes above that, as after a restart, is told when to come again.
        handshakes_per_second: Within<1, 1_000_000> = Within(2_000),
        /// WebSockets of one person; one more closes the oldest.
        connections_per_user: Within<1, 1_000> = Within(5),
        /// Messages a second in one conversation past which clients hear how many there are, and fetch what they look at,
        /// instead of getting each; 0 = never. Without rate limits there is no such bound either.
        summary_messages_per_second: Within<0, 1_000_000> = Within(100),
    }
}
