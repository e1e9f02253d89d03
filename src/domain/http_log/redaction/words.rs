//! The lists of the allowlist.
//!
//! Invariant: every list is in lower case, except for the values, which are compared exactly.

pub(in crate::domain::http_log::redaction) const PROSE: &str = "\
    scope scopes scopes_supported scp error error_description errordescription message detail details \
    title reason hint";

/// Fields with a URL, or the name of an API.
pub(in crate::domain::http_log::redaction) const ADDRESSES: &str = "\
    redirect_uri redirect_uris error_uri verification_uri verification_uri_complete verification_url \
    resource audience iss issuer authorization_servers authorization_endpoint token_endpoint \
    registration_endpoint device_authorization_endpoint pushed_authorization_request_endpoint \
    revocation_endpoint introspection_endpoint userinfo_endpoint jwks_uri";

/// Fields whose value is one of [`VALUES`].
pub(in crate::domain::http_log::redaction) const FIXED: &str = "\
    grant_type response_type response_mode code_challenge_method token_type type token_type_hint \
    client_assertion_type prompt access_type requested_token_use grant_types grant_types_supported \
    response_types response_types_supported code_challenge_methods_supported application_type \
    token_endpoint_auth_method token_endpoint_auth_methods_supported";

pub(in crate::domain::http_log::redaction) const VALUES: &str = "\
    authorization_code client_credentials refresh_token access_token id_token password code token S256 \
    plain query form_post offline online consent login none select_account Basic basic Bearer bearer \
    BearerToken DPoP MAC mac N_A pop on_behalf_of native web client_secret_basic client_secret_post \
    client_secret_jwt private_key_jwt urn:ietf:params:oauth:grant-type:device_code \
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
    access accessed accesstoken account accounts acr active actor age alg algs amr api application \
    apps assertion at aud audience auth authentication authorization azp basic bearer before body \
    challenge claims client code codes complete content correlation count created credentials data \
    date description detail details device document documentation email endpoint error errors exp \
    expiration expire expires expiresat expiresin expiry ext family fault given grant hint iat id \
    idtoken in info instance interval introspection iss issued issuer items jti jwks jwt key kid \
    lifetime list locale max message messages meta method methods ms name nbf nonce not oauth of on \
    password payload permissions pkce policy post preferred prompt pushed reason redirect refresh \
    refreshtoken registration request requested resource response result results revocation scope \
    scopes seconds secret secs servers session signing state status sub success supported time \
    timestamp title token tokens tokentype trace ttl type types until uri uris url user userid \
    userinfo username valid value values verification verifier version x";

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
