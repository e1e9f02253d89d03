//! Sign-ins: in the browser and with a device code.

pub(crate) mod authorization;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod par;
pub(crate) mod redirect_port;
pub(crate) mod sign_ins;
