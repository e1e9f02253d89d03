//! The redirect listener under load, and its end.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use keyfob::net::redirect_listener::{CallbackDecision, Listener};

use crate::support::in_time;
use crate::support::raw::{self, v4};
use crate::support::wait::{Wait, is_closed, redirect};

/// Set in the process of a test that runs alone.
const ALONE: &str = "KEYFOB_TEST_ALONE";

#[test]
fn l5_slow_idle_and_huge_requests_are_bounded() {
    // In a process of its own, since memory is counted per process.
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        alone.args(["--exact", "net::redirect_listener_limits::l5_slow_idle_and_huge_requests_are_bounded"]);
        let output = alone.env(ALONE, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let wait = Wait::on("http://127.0.0.1/callback");
    let before = allocated_kib();
    let half_open: Vec<TcpStream> = (0..200)
        .map(|n| {
            let mut stream = raw::connect(v4(wait.port));
            // Some send nothing, some stop within a request's head.
            if n % 2 == 0 {
                let _ = stream.write_all(b"GET /callback?code=good HTTP/1.1\r\nHost: 127");
            }
            stream
        })
        .collect();
    let mut huge = raw::connect(v4(wait.port));
    let _ = huge.write_all(b"GET /callback?code=");
    for _ in 0..1280 {
        if huge.write_all(&[b'a'; 8192]).is_err() {
            break;
        }
    }
    let mut many_headers = raw::connect(v4(wait.port));
    let _ = many_headers.write_all(b"GET /callback HTTP/1.1\r\n");
    for n in 0..40_000 {
        if many_headers.write_all(format!("X-{n}: {n}\r\n").as_bytes()).is_err() {
            break;
        }
    }
    assert!(wait.is_waiting() && wait.asked().is_empty());
    let grown = allocated_kib().saturating_sub(before);
    assert!(grown < 4 * 1024, "{grown} KiB more");

    let started = Instant::now();
    wait.finish();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    drop(half_open);
}

/// Anonymous memory. Pages of the program, which are read at their first use, say nothing about the listener.
#[cfg(target_os = "linux")]
fn allocated_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn allocated_kib() -> usize {
    0
}

#[test]
fn l5_the_oldest_connection_is_dropped_and_the_newest_served() {
    let mut wait = Wait::on("http://127.0.0.1/callback");
    let mut idle: Vec<TcpStream> = (0..17).map(|_| raw::connect(v4(wait.port))).collect();
    let mut byte = [0];
    assert!(matches!(idle[0].read(&mut byte), Ok(0) | Err(_)), "the oldest is closed");
    idle[1].set_nonblocking(true).unwrap();
    assert_eq!(idle[1].read(&mut byte).unwrap_err().kind(), ErrorKind::WouldBlock, "the others wait");
    assert_eq!(wait.get("/callback?code=bad").status, 400);
    wait.cancel();
}

#[test]
fn l5_a_head_is_read_up_to_64_kib_and_the_rest_is_said() {
    let wait = Wait::on("http://127.0.0.1/callback");
    assert_eq!(wait.get(&format!("/callback?code={}", "a".repeat(63 * 1024))).status, 400);
    assert_eq!((wait.asked().len(), wait.too_long()), (1, 0));
    let with_cookies = |query: usize, cookies: usize| {
        format!(
            "GET /callback?code={} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\n\r\n",
            "a".repeat(query),
            wait.port,
            "c".repeat(cookies)
        )
    };
    let sent = |text: &str| raw::exchange(v4(wait.port), text.as_bytes()).expect("an answer");
    assert_eq!(sent(&with_cookies(20 << 10, 40 << 10)).status, 400);
    let too_long = [(65 << 10, 0), (40 << 10, 30 << 10), (0, 65 << 10), (10 << 20, 0)];
    for (number, (query, cookies)) in too_long.into_iter().enumerate() {
        let page = sent(&with_cookies(query, cookies));
        assert_eq!(page.status, 431);
        assert!(page.body.contains("more than 64 KiB") && page.body.ends_with("</html>\n"), "{}", page.body);
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert_eq!((wait.asked().len(), wait.too_long()), (2, number + 1));
    }
    // A request for another path gets a response and is not reported.
    for start in ["GET /callbacks?", "GET /", "POST /callback?"] {
        assert_eq!(sent(&format!("{start}{}", "a".repeat(65 << 10))).status, 431);
    }
    assert_eq!(wait.too_long(), 4);
    wait.finish();
}

#[test]
fn l5_a_head_that_does_not_arrive_in_five_seconds_is_given_up() {
    let mut wait = Wait::on("http://127.0.0.1/callback");
    let mut streams = [raw::connect(v4(wait.port)), raw::connect(v4(wait.port))];
    streams[1].write_all(b"GET /callback HTTP/1.1\r\n").unwrap();
    for mut stream in streams {
        let started = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
    assert!(wait.is_waiting());
    wait.cancel();
}

#[test]
fn l6_closes_within_a_second_of_its_page() {
    in_time(Duration::from_secs(1), || {
        let wait = Wait::on("http://127.0.0.1/callback");
        let port = wait.port;
        let idle = raw::connect(v4(port));
        wait.get("/callback?code=bad");
        wait.finish();
        assert!(is_closed(port));
        drop(idle);
    });
}

#[test]
fn l6_closes_within_a_second_when_the_browser_never_fetches_the_page() {
    in_time(Duration::from_secs(1), || {
        let wait = Wait::on("http://127.0.0.1/callback");
        let port = wait.port;
        assert_eq!(wait.get("/callback?code=good").status, 303);
        wait.end();
        assert!(is_closed(port));
    });
}

#[test]
fn l6_closes_at_once_when_cancelled() {
    in_time(Duration::from_secs(1), || {
        let mut wait = Wait::on("http://127.0.0.1/callback");
        let port = wait.port;
        let mut open = raw::connect(v4(port));
        assert_eq!(wait.get("/callback?code=bad").status, 400);
        wait.cancel();
        assert!(is_closed(port));
        assert!(matches!(open.read(&mut [0]), Ok(0) | Err(_)), "open connections are closed too");
    });
}

#[test]
fn a5_fifty_copies_of_an_answer_are_taken_once() {
    let taken = Arc::new(AtomicUsize::new(0));
    let listener = Listener::bind(&redirect("http://127.0.0.1/callback")).unwrap();
    let port = listener.port();
    let counted = Arc::clone(&taken);
    let serving = thread::Builder::new().spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let judge = move |_: &str| {
            counted.fetch_add(1, Ordering::SeqCst);
            CallbackDecision::Taken
        };
        runtime.block_on(listener.serve(judge, || {}));
    });
    let barrier = Arc::new(Barrier::new(50));
    let copies = (0..50).map(|_| {
        let barrier = Arc::clone(&barrier);
        let work = move || {
            barrier.wait();
            let mut stream = TcpStream::connect(v4(port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let get = raw::request("GET", &format!("127.0.0.1:{port}"), "/callback?code=good");
            stream.write_all(get.as_bytes()).ok()?;
            raw::read_answer(&mut stream).map(|answer| answer.status)
        };
        thread::Builder::new().spawn(work).unwrap()
    });
    let copies: Vec<_> = copies.collect();
    let statuses: Vec<u16> = copies.into_iter().filter_map(|copy| copy.join().unwrap()).collect();
    serving.unwrap().join().unwrap();
    assert_eq!(taken.load(Ordering::SeqCst), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 400)), "{statuses:?}");
}
