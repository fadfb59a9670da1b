//! Adapters: what people say elsewhere becomes [`model::inbound::Inbound`], and what the engine has for others goes out by
//! an [`engine::Carrier`].
//!
//! An adapter reads, stores the raw form first, and hands over. It decides nothing, holds no state that matters, and
//! knows neither SQL nor another surface.

pub mod direct;
pub mod discord;
pub mod email;
pub mod mailer;
pub mod telegram;
pub mod webhook;
mod wording;
