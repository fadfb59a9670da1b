//! Memory that the allocators keep for later use: given back to the system after the start, which is over for good, and
//! whenever the server has become quiet after work.
//!
//! There are two: mimalloc is ours, and SQLite asks the C library's (glibc is told; others give back by themselves). These calls
//! are the only unsafe lines of the program.

use std::time::Duration;

/// How often it is looked whether the server is quiet.
const EVERY: Duration = Duration::from_secs(10);
/// Hundredths of a second of computing: less between two looks is quiet, more since the last time is worth the effort.
const QUIET: u64 = 20;
const WORK: u64 = 50;

/// The allocator's number for the option (`mimalloc.h` of the version in Cargo.toml), which its bindings don't name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// For the very beginning: a page that is free goes back to the system at once. The allocator would wait a second, and then
/// for the next request: an idle server would keep what its last one needed. And whichever thread SQLite works on, what it
/// needs comes from two places, not from one for each thread.
#[expect(unsafe_code, reason = "the allocators take their options no other way; they have no conditions")]
pub fn keep_little() {
    // SAFETY: mi_option_set may be called at any time from any thread, and this option takes any number.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, 0) };
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: mallopt may be called at any time from any thread; what it doesn't take it refuses.
    let _taken = unsafe { libc::mallopt(libc::M_ARENA_MAX, 2) };
}

/// Gives back for as long as the server runs.
pub async fn tend() {
    give_back().await;
    let (mut before, mut given) = (0, computed().await);
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(now) = computed().await else { return };
        if now.saturating_sub(before) < QUIET && now.saturating_sub(given.unwrap_or_default()) > WORK {
            give_back().await;
            given = Some(now);
        }
        before = now;
    }
}

/// It walks through all that was ever allocated, so it is nothing for a thread that answers requests.
async fn give_back() {
    if let Err(error) = tokio::task::spawn_blocking(trim).await {
        tracing::warn!(%error, "memory was not given back");
    }
}

/// What this process has computed since it began, in hundredths of a second; `None` where the system doesn't say.
async fn computed() -> Option<u64> {
    let stat = tokio::fs::read_to_string("/proc/self/stat").await.ok()?;
    // The name stands in parentheses and may hold anything; user and system time are the 14th and 15th field.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

#[expect(unsafe_code, reason = "the allocators have no other way to be asked; it has no conditions")]
fn trim() {
    // SAFETY: mi_collect may be called at any time from any thread.
    unsafe { libmimalloc_sys::mi_collect(true) };
    // SQLite asks the C library.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim may be called at any time from any thread.
    let _gave = unsafe { libc::malloc_trim(0) };
    tracing::debug!("asked the allocators for what they do not use");
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[tokio::test]
    async fn computing_is_counted() {
        let began = super::computed().await.unwrap();
        let work = async { while super::computed().await.unwrap() < began + 2 {} };
        tokio::time::timeout(std::time::Duration::from_secs(30), work).await.unwrap();
        super::give_back().await;
    }
}
