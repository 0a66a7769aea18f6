//! The main job: people talk.

mod accounts;
mod live;
mod messages;
mod places;
mod presence;
mod reading;
mod time;
