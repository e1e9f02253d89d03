//! An HTTP proxy that leads every host to one server on this computer, as if that were a public one.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The proxy; its threads end with the process.
pub(crate) struct Tunnel {
    port: u16,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, targets) = (listener.local_addr().unwrap().port(), Arc::default());
        let seen: Arc<Mutex<Vec<String>>> = Arc::clone(&targets);
        spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                spawn(move || drop(serve(stream, server, &seen)));
            }
        });
        Self { port, targets }
    }

    /// The value of `HTTPS_PROXY`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The hosts and ports that were asked for.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name("tunnel".to_owned()).spawn(work).unwrap();
}

fn serve(mut client: TcpStream, server: u16, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    seen.lock().unwrap().push(head.split(' ').nth(1).unwrap_or_default().to_owned());
    let mut server = TcpStream::connect(("127.0.0.1", server))?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)
}
