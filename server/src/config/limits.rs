use super::setting::{Within, section};

section! {
    /// Bounds that keep one client from taking what belongs to all.
    Limits "limits" {
        /// How often somebody may do something. Off is for benches: the server then listens on loopback only.
        rate: bool = true,
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
