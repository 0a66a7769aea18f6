//! Promises of [`tertulia_ports::Store`], for every adapter: a function each, by area.

pub mod accounts;
pub mod changes;
pub mod concurrency;
pub mod consistency;
pub mod conversations;
pub mod cursors;
pub mod log;
pub mod membership;
pub mod messages;
pub mod pages;
pub mod receipts;
pub mod schedule;
pub mod sessions;
pub mod workspaces;

/// Runs the suite: a test for each promise, on a store of its own, which must be sound afterwards.
/// `$open`: an expression that is a future of a store and of whatever has to live as long.
#[macro_export]
macro_rules! store_suite {
    ($open:expr) => {
        $crate::store_suite! { @areas $open,
            accounts: [names_are_taken_once, the_first_account_is_made_once, an_invitation_admits_once, imported_authors_keep_their_accounts,
                people_are_found_by_those_who_know_them, profiles_change, mentions_reach_members_only],
            sessions: [tokens_rotate, a_lost_answer_can_be_asked_for_again, a_token_used_twice_ends_the_session, sessions_end,
                secrets_are_made_once],
            workspaces: [slugs_are_unique, the_last_owner_stays, who_leaves_loses_the_conversations, invitations_end,
                an_invitation_can_be_used_again_by_who_is_in],
            conversations: [a_log_begins_with_its_members, direct_ones_are_made_once_per_pair, channel_names_are_unique, only_known_people_come_in,
                views_show_what_may_be_seen, settings_change, preferences_are_ones_own],
            membership: [people_come_and_go, a_full_group_takes_nobody, new_members_have_read_what_was_before, a_stale_grant_opens_nothing],
            messages: [a_message_is_written_once, another_message_under_the_same_id_is_refused, dedup_outlives_edits_and_deletion, parents_must_be_there,
                a_thread_counts_its_replies, a_refused_batch_leaves_nothing, a_batch_is_idempotent, messages_expire],
            changes: [edits_keep_versions, a_deleted_message_is_gone_everywhere, reactions_count_people, reactions_are_limited, pins_are_listed,
                what_is_deleted_cannot_be_changed, messages_elsewhere_cannot_be_changed],
            pages: [windows_leave_threads_out, a_window_around_a_message, dates_are_found, threads_come_in_pages, members_come_in_pages,
                lists_come_in_pages, foreign_cursors_are_refused],
            log: [a_tail_is_gap_free, heads_of_those_that_exist, a_store_is_healthy],
            receipts: [watermarks_move_forward, a_mark_can_be_foreseen, watermarks_move_back_on_purpose, unread_counts_what_others_wrote, mentions_count_in_threads,
                ones_own_message_is_read, badges_leave_muted_ones_out, sync_states_are_complete],
            cursors: [followers_go_on_where_they_were],
            schedule: [scheduled_messages_wait, scheduling_is_idempotent, scheduled_messages_are_ones_own],
            concurrency: [concurrent_writes_leave_no_gap, concurrent_retries_write_once, concurrent_pairs_meet_in_one_conversation],
            consistency: [state_plus_events_is_the_fresh_state, the_log_tells_the_state],
        }
    };
    (@areas $open:expr, $($area:ident: [$($name:ident),+ $(,)?],)+) => {$(
        mod $area {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let (store, _kept) = $open.await;
                    let world = $crate::World::new(store);
                    $crate::store_suite::$area::$name(&world).await;
                    world.assert_sound().await;
                }
            )+
        }
    )+};
}
