//! stub
use url::Url;
pub struct Demo {
    pub issuer: String,
    pub authorize: Url,
    pub token: Url,
    pub client_id: String,
    pub client_secret: crate::secret::ClientSecret,
}
impl Demo {
    pub fn start() -> std::io::Result<Self> {
        Err(std::io::Error::other("x"))
    }
}
