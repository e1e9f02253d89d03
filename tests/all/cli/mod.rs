//! The command line from outside: the built program, a real keychain, a scripted server.

mod add;
mod add_servers;
mod destinations;
mod doctor;
mod failures;
mod flows;
mod held_keys;
mod imports;
mod inquiries;
#[cfg(feature = "failpoints")]
pub(crate) mod kills;
#[cfg(feature = "failpoints")]
mod kills_across_providers;
#[cfg(feature = "failpoints")]
pub(crate) mod kills_at_random;
#[cfg(feature = "failpoints")]
mod kills_by_name;
#[cfg(feature = "failpoints")]
mod kills_of_files;
mod leaks;
#[cfg(feature = "failpoints")]
mod memory;
mod openapi;
mod own_presets;
pub(crate) mod place;
mod provider_data;
mod reach;
#[cfg(feature = "failpoints")]
pub(crate) mod rotating;
mod secret_params;
#[cfg(feature = "failpoints")]
mod together;
mod vaults;
