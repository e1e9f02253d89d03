//! A sign-in's wait at the redirect listener, on its own runtime.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use keyfob::domain::oauth::redirect_uri::{LoopbackRedirect, RedirectUri};
use keyfob::net::redirect_listener::{CallbackDecision, Listener};
use tokio::sync::oneshot;

use super::raw::{self, Answer, v4};

pub(crate) fn redirect(text: &str) -> LoopbackRedirect {
    match RedirectUri::new(Some(text)).unwrap() {
        RedirectUri::Loopback(redirect) => redirect,
        RedirectUri::Pasted(_) => panic!("{text} is not loopback"),
    }
}

/// A waiting sign-in: accepts the query `code=good`, and reports how it ended.
pub(crate) struct Wait {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    too_long: Arc<AtomicUsize>,
    cancel: Option<oneshot::Sender<()>>,
    is_over: Arc<AtomicBool>,
    over: mpsc::Receiver<()>,
}

impl Wait {
    pub(crate) fn on(text: &str) -> Self {
        Self::with(Listener::bind(&redirect(text)).unwrap())
    }

    pub(crate) fn with(listener: Listener) -> Self {
        let (port, asked) = (listener.port(), Arc::new(Mutex::new(Vec::new())));
        let (cancel, cancelled) = oneshot::channel();
        let heard = Arc::clone(&asked);
        let judge = move |query: &str| {
            heard.lock().unwrap().push(query.to_owned());
            if query.starts_with("code=good") { CallbackDecision::Taken } else { CallbackDecision::Refused }
        };
        let too_long = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&too_long);
        let count = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let (tell, over) = mpsc::sync_channel(1);
        let is_over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&is_over);
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = listener.serve(judge, count) => {}
                    _ = cancelled => {}
                }
                ended.store(true, Ordering::SeqCst);
                let _ = tell.send(());
                // The runtime lives on, as the engine's does: open connections stay open.
                tokio::time::sleep(Duration::from_secs(3)).await;
            });
        };
        thread::Builder::new().name("sign-in".to_owned()).spawn(work).unwrap();
        Self { port, asked, too_long, cancel: Some(cancel), is_over, over }
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send("GET", &format!("127.0.0.1:{}", self.port), target)
    }

    pub(crate) fn send(&self, method: &str, host: &str, target: &str) -> Answer {
        raw::exchange(v4(self.port), raw::request(method, host, target).as_bytes()).expect("an answer")
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The number of oversized heads for the redirect's path.
    pub(crate) fn too_long(&self) -> usize {
        self.too_long.load(Ordering::SeqCst)
    }

    /// Fetches an absolute URL of this listener.
    pub(crate) fn follow(&self, location: &str) -> Answer {
        let url = url::Url::parse(location).expect("an absolute address");
        assert_eq!((url.host_str(), url.port()), (Some("127.0.0.1"), Some(self.port)));
        self.get(url.path())
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_over.load(Ordering::SeqCst)
    }

    /// Sends a valid callback, follows to the landing page, and waits for the end.
    pub(crate) fn finish(self) {
        let taken = self.get("/callback?code=good");
        assert_eq!(taken.status, 303);
        let landing = self.follow(taken.header("location").unwrap());
        assert_eq!(landing.status, 200);
        self.end();
    }

    pub(crate) fn end(&self) {
        self.over.recv_timeout(Duration::from_secs(20)).unwrap();
        thread::sleep(Duration::from_millis(20));
    }

    pub(crate) fn cancel(&mut self) {
        self.cancel.take().unwrap().send(()).unwrap();
        self.end();
    }
}

pub(crate) fn is_closed(port: u16) -> bool {
    matches!(TcpStream::connect(v4(port)), Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

pub(crate) fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}
