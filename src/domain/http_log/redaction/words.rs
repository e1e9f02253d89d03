//! The lists of the allowlist.
//!
//! Invariant: every list is in lower case, except for the values, which are compared exactly.

pub(in crate::domain::http_log::redaction) const PROSE: &str = "\
    scope scopes scp error error_description errordescription message detail details title reason hint";

/// Fields with a URL, or the name of an API.
pub(in crate::domain::http_log::redaction) const ADDRESSES: &str = "\
    redirect_uri error_uri verification_uri verification_uri_complete verification_url resource audience \
    iss";

/// Fields whose value is one of [`VALUES`].
pub(in crate::domain::http_log::redaction) const FIXED: &str = "\
    grant_type response_type response_mode code_challenge_method token_type type token_type_hint \
    client_assertion_type prompt access_type requested_token_use";

pub(in crate::domain::http_log::redaction) const VALUES: &str = "\
    authorization_code client_credentials refresh_token access_token id_token password code token S256 \
    plain query form_post offline online consent login none select_account Basic basic Bearer bearer \
    BearerToken DPoP MAC mac N_A pop on_behalf_of urn:ietf:params:oauth:grant-type:device_code \
    urn:ietf:params:oauth:grant-type:jwt-bearer urn:ietf:params:oauth:grant-type:token-exchange \
    urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(in crate::domain::http_log::redaction) const TIMES: &str = "\
    expires_in expires_at expires_on expires expiry expiration expiresin expiresat ext_expires_in \
    refresh_token_expires_in refresh_token_expires_at refresh_expires_in not_before ttl exp iat nbf \
    auth_time interval created_at issued_at timestamp";

/// Fields with a status, if they hold a short number.
pub(in crate::domain::http_log::redaction) const STATUSES: &str = "\
    status statuscode status_code code error_code errorcode";

/// Headers whose values are shown if they look like words.
pub(in crate::domain::http_log::redaction) const HEADERS: &str = "\
    accept accept-encoding allow cache-control connection content-encoding content-type pragma transfer- \
    encoding user-agent www-authenticate x-content-type-options";

pub(in crate::domain::http_log::redaction) const NAMES: &str = "\
    access accessed accesstoken account accounts acr active actor age alg amr api application apps \
    assertion at aud audience auth authentication authorization azp bearer before body challenge claims \
    client code codes complete content correlation count created credentials data date description \
    detail details device email error errors exp expiration expire expires expiresat expiresin expiry \
    ext family fault given grant hint iat id idtoken in info instance interval iss issued issuer items \
    jti jwt key kid lifetime list locale max message messages meta method ms name nbf nonce not oauth of \
    on password payload permissions policy preferred prompt reason redirect refresh refreshtoken request \
    requested resource response result results scope scopes seconds secret secs session state status sub \
    success time timestamp title token tokens tokentype trace ttl type until uri url user userid \
    username valid value values verification verifier version x";

pub(in crate::domain::http_log::redaction) fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// The words of a name, split at punctuation and capital letters, in lower case.
pub(in crate::domain::http_log::redaction) fn split(name: &str) -> impl Iterator<Item = String> + '_ {
    let mut words = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        let is_sign = matches!(c, '_' | '-' | '.' | ' ');
        if is_sign || (after_small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        after_small = c.is_ascii_lowercase();
        if let (false, Some(word)) = (is_sign, words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}
