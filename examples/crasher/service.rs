//! The process that crashes: it lays out what the table says, tells where its heap block lies, and waits in its crash.
//!
//! `unsafe` is forbidden in the house, so nothing here writes into a register. Two threads go round instead: one adds
//! the same word again and again, the other copies the same sixteen bytes, which `memcpy` does through a vector register.

use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::process::abort;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, Builder};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::Outcome;
use super::planted::{Address, PLANTED, Place, Planted};

const PAGE: usize = 4096;
/// Room for a value and what stands around it.
const SLOT: usize = 512;

/// Of the threads: small, because a core holds every byte of it.
const STACK: usize = 128 << 10;

/// Where the heap block lies: address and length, for the handler.
static HEAP_BLOCK: OnceLock<(usize, usize)> = OnceLock::new();
static WORD: AtomicU64 = AtomicU64::new(0);

/// The values of a place, in the order of the table.
pub(crate) fn planted_in(place: Place) -> impl Iterator<Item = &'static Planted> {
    PLANTED.iter().filter(move |planted| planted.place == place)
}

/// Handles one request whose length field lies.
pub(crate) fn serve_until_the_crash() -> Outcome<()> {
    // The dumps that the handler takes are enough: the kernel shall not write another.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    std::panic::set_hook(Box::new(|_| die_when_dumped()));
    let (ready, all_ready) = channel();
    let named = planted_in(Place::ThreadName).map(|planted| planted.value);
    let others: [fn(&Sender<()>); 3] = [stand_with_a_stack, go_round_with_a_word, go_round_with_a_vector];
    for (work, name) in others.into_iter().zip(named.chain(["word", "vector"])) {
        let ready = ready.clone();
        Builder::new().name(name.to_owned()).stack_size(STACK).spawn(move || work(&ready))?;
        all_ready.recv()?;
    }
    handle_request();
    Err("the request should have crashed the process".into())
}

fn handle_request() {
    let mut on_stack = [0; 4 * SLOT];
    plant_in_slots(&mut on_stack, Place::CrashingStack);
    let on_heap = heap_block();
    HEAP_BLOCK.get_or_init(|| (on_heap.as_ptr().addr(), on_heap.len()));
    let claimed_length = black_box(4 * SLOT + 1);
    let request = &black_box(&on_stack)[..claimed_length];
    black_box((request, &on_heap));
}

fn plant_in_slots(memory: &mut [u8], place: Place) {
    for (slot, planted) in memory.chunks_mut(SLOT).zip(planted_in(place)) {
        put(slot, 16, planted);
    }
    black_box(memory);
}

fn put(memory: &mut [u8], at: usize, planted: &Planted) {
    let bytes = planted.bytes();
    memory[at..at + bytes.len()].copy_from_slice(&bytes);
}

/// One page for each value across a border, then slots for the others.
fn heap_block() -> Vec<u8> {
    let [even, odd, across] =
        [Address::Even, Address::Odd, Address::AcrossPages].map(|address| planted_in(Place::Heap(address)));
    let mut block = vec![0; 64 * SLOT];
    let first_border = PAGE - block.as_ptr().addr() % PAGE;
    let mut free = first_border + 16;
    for (planted, border) in across.zip((first_border..).step_by(PAGE)) {
        put(&mut block, border - planted.bytes().len() / 2, planted);
        free = border + SLOT;
    }
    free += block.as_ptr().addr() % 2;
    for (planted, odd) in even.map(|planted| (planted, 0)).chain(odd.map(|planted| (planted, 1))) {
        // Addresses, not offsets, are even: a border is, so `free` is too. What stands before has whole characters.
        put(&mut block, free + odd, planted);
        free += SLOT;
    }
    block
}

fn stand_with_a_stack(ready: &Sender<()>) {
    let mut on_stack = [0; 2 * SLOT];
    plant_in_slots(&mut on_stack, Place::OtherStack);
    ready.send(()).unwrap_or_default();
    loop {
        thread::park();
        black_box(&on_stack);
    }
}

fn go_round_with_a_word(ready: &Sender<()>) {
    let value = planted_in(Place::GeneralRegister).next().expect("the table has one").value;
    let word = black_box(u64::from_le_bytes(value.as_bytes()[..8].try_into().expect("eight bytes")));
    // Seen by somebody else, for all the compiler knows: the addition, and with it the register, has to stay.
    let sum = black_box(&WORD);
    ready.send(()).unwrap_or_default();
    loop {
        sum.fetch_add(word, Ordering::Relaxed);
    }
}

fn go_round_with_a_vector(ready: &Sender<()>) {
    let planted = planted_in(Place::VectorRegister).next().expect("the table has one");
    let from = format!("{}{}\"", planted.before, planted.value).into_bytes();
    let mut to = vec![0; from.len()];
    ready.send(()).unwrap_or_default();
    loop {
        let length = black_box(from.len());
        to[..length].copy_from_slice(&black_box(&from)[..length]);
        black_box(&mut to);
    }
}

/// Tells the handler where to look, waits until it has dumped this process, and dies of SIGABRT.
fn die_when_dumped() {
    let (address, length) = HEAP_BLOCK.get().copied().unwrap_or_default();
    let told = writeln!(std::io::stdout(), "{address} {length}");
    drop(told.and_then(|()| std::io::stdin().lock().read_line(&mut String::new())));
    abort();
}
