//! Broken and hostile messages, made here and not collected: whatever arrives, each question that IMAP can ask about it
//! has an answer, in constant memory and in time linear in the message.
//!
//! Memory is counted by the allocator. The inputs are so large that anything that is not linear would not end in the time
//! that is allowed. `hostile/messages.rs` makes the messages, `hostile/questions.rs` asks.
//! `postroom/tests/program/hostile.rs` sends the same messages to a server.

mod hostile {
    pub(crate) mod messages;
    pub(crate) mod questions;
}

use hostile::messages::{Case, broken, content, fields, forms, headers, nesting, parts};
use hostile::questions::ask_everything;
use peak_alloc::PeakAlloc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What answering everything about one message may take beyond the message itself, in bytes.
const MEMORY_BYTES_MAX: usize = 16 << 20;

/// How long that may take for a message of 50 MB on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Tests take turns, since all of them count in one allocator.
static TURN: Mutex<()> = Mutex::new(());

fn answer_all(cases: Vec<Case>) {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (name, make) in cases {
        let message = make();
        ALLOCATOR.reset_peak_usage();
        let before = ALLOCATOR.current_usage();
        let since = Instant::now();
        ask_everything(name, &message);
        let took = since.elapsed();
        assert!(took < TIME_MAX, "{name}: {took:?} for a message of {} bytes", message.len());
        let used = ALLOCATOR.peak_usage().saturating_sub(before);
        assert!(used <= MEMORY_BYTES_MAX, "{name}: {used} bytes for a message of {}", message.len());
        println!("{name}: {} bytes, {used} used", message.len());
    }
}

#[test]
fn nesting_without_end() {
    answer_all(nesting());
}

#[test]
fn headers_without_end() {
    answer_all(headers());
}

#[test]
fn fields_that_nest_and_repeat() {
    answer_all(fields());
}

#[test]
fn boundaries_that_are_wrong_missing_or_too_many() {
    answer_all(parts());
}

#[test]
fn content_that_is_damaged_or_pretends() {
    answer_all(content());
}

#[test]
fn bytes_that_do_not_belong() {
    answer_all(broken());
}

#[test]
fn messages_that_are_hardly_messages() {
    answer_all(forms());
}
