use super::*;

const API: &str = "https://a.example/mcp";
const OAUTH: &str = "https://s.example/.well-known/oauth-authorization-server";
const ROOT: &str = "https://a.example/.well-known/oauth-protected-resource";

/// A page of the pretended network.
struct Page {
    status: u16,
    content_type: &'static str,
    challenge: Option<String>,
    location: Option<&'static str>,
    body: String,
    is_too_large: bool,
}

fn page(status: u16, body: impl Into<String>) -> Page {
    Page {
        status,
        content_type: "application/json",
        challenge: None,
        location: None,
        body: body.into(),
        is_too_large: false,
    }
}

fn challenging(value: &str) -> Page {
    Page { challenge: Some(value.to_owned()), ..page(401, "") }
}

fn resource(resource: &str, servers: &[&str]) -> Page {
    let servers: Vec<String> = servers.iter().map(|server| format!("\"{server}\"")).collect();
    page(200, format!(r#"{{"resource":"{resource}","authorization_servers":[{}]}}"#, servers.join(",")))
}

fn server(issuer: &str) -> Page {
    server_with(issuer, "")
}

fn server_with(issuer: &str, more: &str) -> Page {
    let base = issuer.trim_end_matches('/');
    page(
        200,
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"{base}/authorize","token_endpoint":"{base}/token"{more}}}"#
        ),
    )
}

type Searched = (Result<Box<FoundServer>, SearchError>, Vec<String>);

fn search_with(address: &str, options: SearchOptions, pages: &[(&str, Page)]) -> Searched {
    let mut search = match Search::new(address, options) {
        Ok(search) => search,
        Err(error) => return (Err(error), Vec::new()),
    };
    let mut asked = Vec::new();
    loop {
        match search.next_step() {
            Next::Done(done) => return (done, asked),
            Next::Get(url) => {
                asked.push(url.to_string());
                let missing = page(404, "{}");
                let page =
                    pages.iter().find(|(at, _)| *at == url.as_str()).map_or(&missing, |(_, page)| page);
                let challenges: Vec<&str> = page.challenge.iter().map(String::as_str).collect();
                search.answered(&MetadataAnswer {
                    status: page.status,
                    content_type: Some(page.content_type),
                    challenges: &challenges,
                    location: page.location,
                    body: page.body.as_bytes(),
                    is_too_large: page.is_too_large,
                });
            }
        }
    }
}

fn search(address: &str, pages: &[(&str, Page)]) -> Result<Box<FoundServer>, SearchError> {
    search_with(address, SearchOptions::default(), pages).0
}

/// A found server of an API.
pub(in crate::domain::api_address) fn found() -> FoundServer {
    let pages = [
        (API, page(401, "")),
        (ROOT, resource(API, &["https://s.example"])),
        (OAUTH, server("https://s.example")),
    ];
    *search(API, &pages).unwrap()
}

#[test]
fn a_challenge_leads_to_the_resource_and_its_server() {
    let metadata = "https://a.example/meta";
    let challenge = format!("Bearer resource_metadata=\"{metadata}\", scope=\"read\"");
    let pages = [
        (API, challenging(&challenge)),
        (metadata, resource("https://a.example/", &["https://s.example"])),
        (OAUTH, server_with("https://s.example", r#","registration_endpoint":"https://s.example/register""#)),
    ];
    let (found, asked) = search_with(API, SearchOptions::default(), &pages);
    let found = found.unwrap();
    let metadata_url = Url::parse(metadata).unwrap();
    assert_eq!(found.resource.as_deref(), Some("https://a.example/"));
    assert_eq!(found.resource_metadata, Some((metadata_url, ResourceSource::Challenge)));
    assert_eq!((found.source, found.challenge_scopes), (ServerSource::Resource, vec!["read".to_owned()]));
    assert_eq!(found.server.registration.as_deref(), Some("https://s.example/register"));
    assert_eq!(asked[..2], [API, metadata]);
    assert_eq!(asked.last().map(String::as_str), Some(OAUTH));
}

#[test]
fn without_a_challenge_both_well_known_paths_are_read() {
    let own = "https://a.example/.well-known/oauth-protected-resource/mcp";
    for (at, said, source) in
        [(own, API, ResourceSource::PathForm), (ROOT, "https://a.example", ResourceSource::RootForm)]
    {
        for status in [200, 405, 406, 500] {
            let pages = [
                (API, page(status, "")),
                (at, resource(said, &["https://s.example"])),
                (OAUTH, server("https://s.example")),
            ];
            let found = search(API, &pages).unwrap();
            assert_eq!(found.resource_metadata.unwrap(), (Url::parse(at).unwrap(), source));
            assert_eq!(found.resource.as_deref(), Some(said));
        }
    }
}

#[test]
fn an_issuer_its_document_and_a_token_endpoint_work_too() {
    let realm = "https://s.example/realms/x";
    let document = "https://s.example/realms/x/.well-known/openid-configuration";
    let token = "https://s.example/realms/x/protocol/openid-connect/token";
    let metadata = || {
        page(
            200,
            format!(
                r#"{{"issuer":"{realm}","authorization_endpoint":"{realm}/auth","token_endpoint":"{token}"}}"#
            ),
        )
    };
    for (address, source) in [
        (realm, ServerSource::Address),
        (document, ServerSource::Address),
        (token, ServerSource::TokenEndpoint),
    ] {
        let (found, asked) = search_with(address, SearchOptions::default(), &[(document, metadata())]);
        let found = found.unwrap_or_else(|error| panic!("{address}: {error:?}"));
        assert_eq!((found.source, found.resource), (source, None), "{address}");
        assert_eq!((found.server.issuer.as_str(), found.server.document.as_str()), (realm, document));
        assert!(asked.len() <= REQUESTS_MAX, "{asked:?}");
    }
    // An issuer that ends with a slash, written without it.
    let pages = [("https://s.example/.well-known/openid-configuration", server("https://s.example/"))];
    assert_eq!(search("https://s.example", &pages).unwrap().server.issuer, "https://s.example/");
    let given = search(
        ROOT,
        &[
            (ROOT, resource("https://a.example/", &["https://s.example"])),
            (OAUTH, server("https://s.example")),
        ],
    );
    assert_eq!(given.unwrap().resource.as_deref(), Some("https://a.example/"));
}

#[test]
fn an_api_without_metadata_may_be_on_its_servers_origin() {
    let root = "https://a.example/.well-known/oauth-authorization-server";
    for address in [API, "https://a.example/"] {
        let found = search(address, &[(address, challenging("Bearer")), (root, server("https://a.example"))])
            .unwrap();
        assert_eq!((found.source, found.resource.as_deref()), (ServerSource::Origin, Some(address)));
        assert_eq!(found.servers, ["https://a.example"]);
    }
}

#[test]
fn g3_metadata_of_another_resource_is_not_used_nor_replaced_by_a_guess() {
    let origin = ("https://a.example/.well-known/oauth-authorization-server", server("https://a.example"));
    let challenge = challenging("Bearer resource_metadata=\"https://a.example/meta\"");
    let pages = [
        (API, challenge),
        ("https://a.example/meta", resource("https://b.example/mcp", &["https://s.example"])),
        origin,
    ];
    let expected = SearchError::OtherResource {
        document: "https://a.example/meta".to_owned(),
        said: "https://b.example/mcp".to_owned(),
    };
    let (done, asked) = search_with(API, SearchOptions::default(), &pages);
    assert_eq!(done.unwrap_err(), expected);
    assert!(asked.iter().all(|url| url.starts_with("https://a.example/")), "{asked:?}");
    assert!(!asked.iter().any(|url| url.contains("authorization-server")), "{asked:?}");
}

#[test]
fn g4_metadata_of_another_issuer_is_not_used() {
    let own = || (ROOT, resource(API, &["https://s.example/t"]));
    let at = "https://s.example/t/.well-known/openid-configuration";
    for said in ["https://evil.example", "https://s.example", "https://s.example/t/x", "https://S.example/t"]
    {
        let done = search(API, &[own(), (at, server(said))]);
        let expected = SearchError::OtherIssuer {
            document: at.to_owned(),
            issuer: Some("https://s.example/t".to_owned()),
            said: said.to_owned(),
        };
        assert_eq!(done.unwrap_err(), expected, "{said}");
    }
    // Nor does a guessed place name an issuer whose metadata belongs elsewhere.
    let root = "https://a.example/.well-known/oauth-authorization-server";
    let done = search(API, &[(API, challenging("Bearer")), (root, server("https://evil.example"))]);
    assert!(matches!(done, Err(SearchError::OtherIssuer { issuer: None, .. })), "{done:?}");
}

#[test]
fn each_misbehaving_document_ends_in_its_reason() {
    let meta = "https://a.example/meta";
    let named =
        |page| [(API, challenging("Bearer resource_metadata=\"https://a.example/meta\"")), (meta, page)];
    let document = || meta.to_owned();
    for (page, expected) in [
        (
            Page { content_type: "text/html; charset=utf-8", ..page(200, "<html>") },
            SearchError::WebPage { document: document() },
        ),
        (page(200, " <!doctype html>"), SearchError::WebPage { document: document() }),
        (page(200, "[1]"), SearchError::NotMetadata { document: document() }),
        (Page { is_too_large: true, ..page(200, "") }, SearchError::TooLarge { document: document() }),
        (page(404, ""), SearchError::Status { document: document(), status: 404 }),
        (
            Page { location: Some("https://a.example/meta"), ..page(302, "") },
            SearchError::Status { document: document(), status: 302 },
        ),
    ] {
        assert_eq!(search(API, &named(page)).unwrap_err(), expected);
    }
}

#[test]
fn a_redirect_and_a_loop_end_the_search() {
    let moved = Page { location: Some("https://docs.example/"), ..page(302, "") };
    let (done, asked) =
        search_with("https://a.example/", SearchOptions::default(), &[("https://a.example/", moved)]);
    let Err(SearchError::Nothing { tried, redirected_to }) = done else { panic!("{done:?}") };
    assert_eq!(redirected_to.as_deref(), Some("https://docs.example/"));
    assert_eq!(tried.len(), asked.len());
    assert!(asked.iter().all(|url| !url.contains("docs.example")), "{asked:?}");
    // The challenge names the address itself.
    let (done, asked) = search_with(
        API,
        SearchOptions::default(),
        &[(API, challenging(&format!("Bearer resource_metadata=\"{API}\"")))],
    );
    assert_eq!(done.unwrap_err(), SearchError::Status { document: API.to_owned(), status: 401 });
    assert_eq!(asked.iter().filter(|url| *url == API).count(), 1, "{asked:?}");
}

#[test]
fn no_search_sends_more_than_twenty_requests() {
    let deep = "https://a.example/1/2/3/4/5/6/7/8/9/10/11/12";
    let (done, asked) = search_with(deep, SearchOptions::default(), &[]);
    assert_eq!((done.unwrap_err(), asked.len()), (SearchError::TooManyRequests, REQUESTS_MAX));
}

#[test]
fn g2_a_public_address_leads_inside_only_with_consent() {
    let inside = |url: &str, part, inside| SearchError::Inside { part, url: url.to_owned(), inside };
    let challenge = |url: &str| challenging(&format!("Bearer resource_metadata=\"{url}\""));
    for (url, place) in [
        ("https://127.0.0.1/meta", Inside::ThisComputer),
        ("http://localhost:1/meta", Inside::ThisComputer),
        ("https://2130706433/meta", Inside::ThisComputer),
        ("https://169.254.169.254/meta", Inside::LocalNetwork),
        ("https://[fd00::1]/meta", Inside::Private),
    ] {
        let (done, asked) = search_with(API, SearchOptions::default(), &[(API, challenge(url))]);
        assert_eq!(done.unwrap_err(), inside(url, Part::ResourceMetadata, place));
        assert_eq!(asked, [API]);
        let allowed = SearchOptions { allow_private: true, ..SearchOptions::default() };
        let (done, _) = search_with(API, allowed, &[(API, challenge(url))]);
        assert!(!matches!(done, Err(SearchError::Inside { .. })), "{done:?}");
    }
    let done = search(API, &[(ROOT, resource(API, &["https://10.0.0.1"]))]);
    assert_eq!(done.unwrap_err(), inside("https://10.0.0.1", Part::Server, Inside::Private));
    for (member, part) in [
        ("revocation_endpoint", Part::Endpoint(EndpointKind::Revoke)),
        ("jwks_uri", Part::Endpoint(EndpointKind::Jwks)),
        ("registration_endpoint", Part::Registration),
    ] {
        let more = format!(r#","{member}":"https://192.168.0.1/x""#);
        let pages =
            [(ROOT, resource(API, &["https://s.example"])), (OAUTH, server_with("https://s.example", &more))];
        assert_eq!(search(API, &pages).unwrap_err(), inside("https://192.168.0.1/x", part, Inside::Private));
        // Plain http of this computer is as far inside, and as allowed, as https.
        let url = "http://127.0.0.1:1/x";
        let server = server_with("https://s.example", &format!(r#","{member}":"{url}""#));
        let pages = [(ROOT, resource(API, &["https://s.example"])), (OAUTH, server)];
        assert_eq!(search(API, &pages).unwrap_err(), inside(url, part, Inside::ThisComputer));
        let allowed = SearchOptions { allow_private: true, ..SearchOptions::default() };
        assert!(search_with(API, allowed, &pages).0.is_ok(), "{member}");
    }
}

#[test]
fn g1_a_url_that_is_not_https_ends_the_search() {
    let http = "http://a.example/meta";
    let done = search(API, &[(API, challenging(&format!("Bearer resource_metadata=\"{http}\"")))]);
    assert_eq!(
        done.unwrap_err(),
        SearchError::Insecure { part: Part::ResourceMetadata, url: http.to_owned() }
    );
    let done = search(API, &[(ROOT, resource(API, &["http://s.example"]))]);
    assert!(matches!(done, Err(SearchError::Insecure { part: Part::Server, .. })), "{done:?}");
    let token = r#"{"issuer":"https://s.example","authorization_endpoint":"https://s.example/a","token_endpoint":"http://s.example/t"}"#;
    let done = search(API, &[(ROOT, resource(API, &["https://s.example"])), (OAUTH, page(200, token))]);
    let issuer = "https://s.example".to_owned();
    assert_eq!(done.unwrap_err(), SearchError::Unusable { issuer, kind: EndpointKind::Token });
    let more = r#","registration_endpoint":"http://s.example/r""#;
    let done = search(
        API,
        &[(ROOT, resource(API, &["https://s.example"])), (OAUTH, server_with("https://s.example", more))],
    );
    assert!(matches!(done, Err(SearchError::Insecure { part: Part::Registration, .. })), "{done:?}");
    for text in ["//x", "mailto:a@b", "https://u:CANARY@a.example/"] {
        let done = search(API, &[(API, challenging(&format!("Bearer resource_metadata=\"{text}\"")))]);
        assert!(matches!(done, Err(SearchError::NotUrl { .. })), "{text}: {done:?}");
    }
}

#[test]
fn of_several_servers_the_user_chooses_one() {
    let two = ["https://s.example", "https://other.example"];
    let pages = [(ROOT, resource(API, &two)), (OAUTH, server("https://s.example"))];
    let both = two.map(str::to_owned).to_vec();
    assert_eq!(search(API, &pages).unwrap_err(), SearchError::SeveralServers(both.clone()));
    let choose = |issuer: &str| {
        let options = SearchOptions { issuer: Some(issuer.to_owned()), ..SearchOptions::default() };
        search_with(API, options, &pages).0
    };
    assert_eq!(choose("https://s.example").unwrap().servers, both);
    assert_eq!(choose("https://s.example/").unwrap().server.issuer, "https://s.example");
    let (issuer, servers) = ("https://evil.example".to_owned(), both);
    assert_eq!(choose("https://evil.example").unwrap_err(), SearchError::NotListed { issuer, servers });
    // Without a list, the user's word is enough.
    let options = SearchOptions { issuer: Some("https://s.example".to_owned()), ..SearchOptions::default() };
    let (done, _) =
        search_with(API, options, &[(API, challenging("Bearer")), (OAUTH, server("https://s.example"))]);
    let found = done.unwrap();
    assert_eq!((found.source, found.resource.as_deref()), (ServerSource::Issuer, Some(API)));
}
