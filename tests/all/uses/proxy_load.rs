//! The proxy under load: many clients over many expiries, and bodies larger than memory.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::time::Duration;

use super::api::{Api, CAR};
use super::proxy::Proxy;
use super::streams::StreamServer;
use crate::cli::place::Place;
use crate::support::desktop::{Bus, Keyring};
use crate::support::raw;

const CLIENTS: usize = 8;
const REQUESTS: usize = 1000;
/// The size of a large body, in MiB.
const LARGE_MIB: u64 = 1024;
const GROWTH_MAX_KIB: u64 = 20 * 1024;

/// An API of streams whose tokens live for two seconds.
fn streaming(place: &Place<'_>, life: Duration) -> (Api, StreamServer) {
    let api = Api::plain(life);
    let streams = StreamServer::start(api.judge());
    let account = api.account().to_string().replace(&api.server.url("/v1/me"), &streams.url());
    place.run_with(&["import", "-"], &account).ok();
    (api, streams)
}

#[test]
fn u6_many_clients_over_expiries_cause_one_renewal_each() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let (api, _streams) = streaming(&place, Duration::from_secs(2));
    let proxy = Proxy::start(&place, &[CAR]);
    let ask = |number: usize| {
        // Every fifth is a stream of events; the others wait, so that all take longer than some lives of a token.
        let target = if number.is_multiple_of(5) { "/car-dev/events?5" } else { "/car-dev/v1/x" };
        let answer = proxy.ask(&format!("GET {target}"), "", "");
        assert_eq!(answer.status, 200, "{number}: {}", answer.body);
        std::thread::sleep(Duration::from_millis(25));
    };
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let mine = (client..REQUESTS).step_by(CLIENTS);
            let work = move || mine.for_each(ask);
            std::thread::Builder::new().name(format!("client-{client}")).spawn_scoped(scope, work).unwrap();
        }
    });
    assert_eq!(api.served().len(), REQUESTS);
    api.renewed_once_per_expiry();
    assert!(api.issued() >= 3, "{} tokens", api.issued());
}

/// The peak of a process's memory, in KiB, since [`forget_peak`].
fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn forget_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

#[test]
fn u8_a_gigabyte_passes_in_bounded_memory() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let (_api, streams) = streaming(&place, Duration::from_hours(1));
    let proxy = Proxy::start(&place, &[CAR]);
    // The first request starts what every request needs.
    proxy.ask("GET /car-dev/v1/x", "", "");
    forget_peak(proxy.child.id());
    let before = peak_kib(proxy.child.id());
    let head = format!(
        "Host: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n",
        proxy.port, proxy.key
    );
    let part = vec![b'x'; 1 << 20];
    let mut stream = raw::connect(raw::v4(proxy.port));
    let length = LARGE_MIB << 20;
    write!(stream, "PUT /car-dev/up HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n").unwrap();
    (0..LARGE_MIB).for_each(|_| stream.write_all(&part).unwrap());
    assert_eq!(raw::read_answer(&mut stream).unwrap().status, 200);
    assert_eq!(streams.received(), length);
    let mut stream = raw::connect(raw::v4(proxy.port));
    write!(stream, "GET /car-dev/big?{LARGE_MIB} HTTP/1.1\r\n{head}\r\n").unwrap();
    let (mut read, mut buffer) = (0, vec![0; 1 << 20]);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            count => read += count as u64,
        }
    }
    assert!((length..length + 1000).contains(&read), "{read}");
    let growth = peak_kib(proxy.child.id()).saturating_sub(before);
    assert!(growth < GROWTH_MAX_KIB, "{growth} KiB more than {before}");
    // The tool that people use, with a body of unknown length.
    let upload = format!(
        "head -c 50000000 /dev/zero | curl -sS -T - -H 'Authorization: Bearer {}' {}",
        proxy.key,
        proxy.url("/car-dev/up")
    );
    let out = Command::new("sh").args(["-c", &upload]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), r#"{"received":50000000}"#, "{out:?}");
}
