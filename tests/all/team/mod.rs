//! The team vault, with real servers of `OpenBao`.

pub(crate) mod bao;
mod faults;
mod functions;
#[cfg(feature = "failpoints")]
mod kills;
mod oidc;
#[cfg(feature = "failpoints")]
mod raft;
mod rotation;

use keyfob::base::secret::Passphrase;
use keyfob::store::home::Home;
use keyfob::store::vault::passphrase::PassphraseVault;

use crate::cli::place::{Place, Run};
use crate::support::desktop::Bus;
use bao::Bao;

const PASSPHRASE: &str = "correct horse battery staple";

/// A machine with a home and a vault of its own.
pub(crate) fn machine<'bus>(bus: &'bus Bus, name: &str) -> Place<'bus> {
    let mut place = Place::on(bus);
    place.home = bus.path(&format!("home-{name}"));
    // With cheap key derivation.
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    PassphraseVault::create_with_work_factor(&Home::at(&place.home), &passphrase, 1).unwrap();
    let file = place.file("passphrase", PASSPHRASE);
    place.before = ["--passphrase-file", &file].map(str::to_owned).into();
    place.run(&["move-vault", "file"]).ok();
    place
}

/// Connects a machine with a token.
pub(crate) fn connect(place: &Place<'_>, address: &str, token: &str, name: &str) -> Run {
    let file = place.file(&format!("token-{name}"), token);
    place.run(&["team", "connect", address, "--auth", "token", "--token-file", &file, "--as", name])
}

/// A connected machine whose commands use the team vault.
pub(crate) fn member<'bus>(bus: &'bus Bus, bao: &Bao<'_>, token: &str, name: &str) -> Place<'bus> {
    member_at(bus, &bao.address, token, name)
}

pub(crate) fn member_at<'bus>(bus: &'bus Bus, address: &str, token: &str, name: &str) -> Place<'bus> {
    let mut place = machine(bus, name);
    connect(&place, address, token, name).ok();
    place.before.extend(["--vault", "team"].map(str::to_owned));
    place
}

pub(crate) fn sign_in(place: &Place<'_>, name: &str) {
    let waiting = place.sign_in(&["sign-in", name, "--no-browser"]);
    waiting.come_back(&[("code", "c")]);
    waiting.end().ok();
}

/// The policy that the program prints for a role.
pub(crate) fn policy(place: &Place<'_>, role: &str) -> String {
    place.run(&["team", "policy", role]).ok()
}
