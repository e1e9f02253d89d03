//! Searches another process's memory for secrets.
//!
//! Reading it needs the right to trace the process, which root has for one that isn't dumpable, too.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use memchr::memmem;

/// Bytes per read.
const PART: usize = 1 << 20;
/// Bytes of context around a copy.
const AROUND: usize = 48;

/// A secret in every searched form: plain, percent-encoded, and in base64 at each offset.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let percent: String = url::form_urlencoded::byte_serialize(secret).collect();
    let mut forms = vec![secret.to_vec(), percent.into_bytes()];
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            let whole = engine.encode([&vec![b'x'; before], secret].concat());
            // The first and the last characters also encode neighbouring bits.
            let (start, end) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
            forms.push(whole.as_bytes()[start..end].to_vec());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Every copy of the secrets in the process's writable memory, with its position and context.
pub(crate) fn copies(pid: u32, secrets: &[&[u8]]) -> Vec<String> {
    let forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let longest = forms.iter().map(Vec::len).max().expect("a secret");
    let finders: Vec<_> = forms.iter().map(memmem::Finder::new).collect();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("the right to look into the process");
    let mut memory = fs::File::open(format!("/proc/{pid}/mem")).expect("the right to look into the process");
    let (mut found, mut searched) = (Vec::new(), 0);
    for map in maps.lines().filter(|map| map.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rw")))
    {
        let (from, to) = map.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let address = |text| u64::from_str_radix(text, 16).expect("an address");
        let (mut at, end) = (address(from), address(to));
        let mut part = vec![0; PART + longest];
        while at < end {
            let length = usize::try_from(end - at).map_or(part.len(), |left| left.min(part.len()));
            // Device pages and unmapped memory can't be read.
            let read = memory.seek(SeekFrom::Start(at)).and_then(|_| memory.read(&mut part[..length]));
            let Ok(length @ 1..) = read else { break };
            searched += length;
            for place in finders.iter().flat_map(|finder| finder.find_iter(&part[..length])) {
                let around = &part[place.saturating_sub(AROUND)..(place + 2 * AROUND).min(length)];
                let name = map.split_whitespace().nth(5).unwrap_or("memory");
                let around = around.escape_ascii();
                found.push(format!("{name} {:#x} {around}", at + u64::try_from(place).expect("a place")));
            }
            at += u64::try_from(length.saturating_sub(longest).max(1)).expect("a length");
            if length < PART {
                break;
            }
        }
    }
    assert!(searched > PART, "{searched} bytes were searched");
    found
}

/// Panics unless the secrets are gone from the process's memory within a few seconds.
pub(crate) fn wait_until_gone(pid: u32, secrets: &[&[u8]], when: &str) {
    let started = Instant::now();
    loop {
        let copies = copies(pid, secrets);
        if copies.is_empty() {
            return;
        }
        let told = copies.join("\n");
        assert!(started.elapsed() < Duration::from_secs(5), "{} copies {when}:\n{told}", copies.len());
        std::thread::sleep(Duration::from_millis(200));
    }
}
