//! Bruno's files: `.bru`, a collection exported as JSON, and `OpenCollection` in YAML.
//!
//! Invariant: of a `.bru` file only the blocks `meta`, `vars` and `auth:oauth2` are read.

use super::draft::{Collected, Draft, Values, Variables, label};
use crate::domain::document::{Node, NodeValue};
use crate::domain::provider::spec::ClientAuth;

/// Returns true for a `.bru` file with OAuth 2.0 settings.
pub(super) fn is_bru(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == "auth:oauth2 {")
}

/// Returns true for a collection in JSON or YAML, or one of its requests.
pub(super) fn fits(root: &Node<'_>) -> bool {
    let has = |key: &str| root.get(key).is_some();
    has("opencollection")
        || (has("info") && (has("http") || has("request") || has("items")))
        || (has("items") && has("name") && (has("version") || has("brunoConfig")))
}

pub(super) fn read_bru(text: &str, collected: &mut Collected<'_>) {
    let (mut block, mut name) = (String::new(), "Bruno".to_owned());
    let (mut variables, mut settings) = (Variables::default(), Values::new());
    for line in text.lines() {
        if let Some(opened) = line.strip_suffix(" {").filter(|_| !line.starts_with([' ', '\t'])) {
            opened.clone_into(&mut block);
            continue;
        }
        if line.trim_end() == "}" {
            block.clear();
            continue;
        }
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let (key, value) = (key.trim(), value.trim());
        match block.as_str() {
            "meta" if key == "name" => value.clone_into(&mut name),
            "auth:oauth2" => {
                settings.insert(key.to_owned(), value.to_owned().into());
            }
            // A leading ~ disables a name.
            "vars" | "vars:pre-request" if !key.starts_with('~') => {
                variables.insert(key.to_owned(), value.to_owned().into());
            }
            _ => {}
        }
    }
    let text = |key: &str| settings.get(key).map_or_else(String::new, |value| value.to_string());
    collected.take(
        Draft {
            name,
            grant: text("grant_type"),
            authorize: text("authorization_url"),
            token: text("access_token_url"),
            redirect_uri: text("callback_url"),
            client_id: text("client_id"),
            client_secret: text("client_secret").into(),
            username: text("username"),
            password: text("password").into(),
            scopes: text("scope"),
            // Bruno's default is the body.
            client_auth: placement(&text("credentials_placement")).or(Some(ClientAuth::Body)),
            ..Draft::default()
        },
        &variables,
    );
}

pub(super) fn read(root: &Node<'_>, collected: &mut Collected<'_>) {
    let mut variables = Variables::default();
    let config = root.get("config").map(|entry| &entry.node);
    for holder in [Some(root), config].into_iter().flatten() {
        for environment in holder.list("environments") {
            take_variables(environment.list("variables"), &mut variables);
        }
    }
    level(root, "Bruno", &variables, collected);
}

/// Names and values, without disabled ones.
fn take_variables(items: &[Node<'_>], variables: &mut Variables<'_>) {
    let is = |item: &Node<'_>, key: &str, wanted: bool| matches!(item.get(key).map(|entry| &entry.node.value), Some(NodeValue::Bool(flag)) if *flag == wanted);
    for item in items.iter().filter(|item| !is(item, "disabled", true) && !is(item, "enabled", false)) {
        let value = item.text("value").or_else(|| item.get("value")?.node.text("data"));
        if let (Some(name), Some(value)) = (item.text("name"), value) {
            variables.insert(name.to_owned(), value.to_owned().into());
        }
    }
}

/// A collection, a folder or a request, with its content. The parser bounds the tree's depth.
fn level(node: &Node<'_>, above: &str, variables: &Variables<'_>, collected: &mut Collected<'_>) {
    let inner = |key: &str| node.get(key).map(|entry| &entry.node);
    let name = node.text("name").or_else(|| inner("info")?.text("name")).unwrap_or(above);
    let root = inner("root").and_then(|root| Some(&root.get("request")?.node));
    let holders = [Some(node), inner("request"), inner("http"), root];
    let mut own = Variables::below(variables);
    for holder in holders.into_iter().flatten() {
        // The JSON export's variables of this collection, folder or request alone.
        let in_json = holder.get("vars").map_or(&[][..], |vars| vars.node.list("req"));
        for list in [holder.list("variables"), in_json].into_iter().filter(|list| !list.is_empty()) {
            take_variables(list, &mut own);
        }
    }
    for holder in holders.into_iter().flatten() {
        let Some(auth) = holder.get("auth").map(|entry| &entry.node) else { continue };
        let is_oauth2 = [auth.text("mode"), auth.text("type")].contains(&Some("oauth2"));
        if is_oauth2 {
            let settings = auth.get("oauth2").map_or(auth, |entry| &entry.node);
            collected.take(draft(settings, name), &own);
        }
    }
    for item in node.list("items") {
        level(item, name, &own, collected);
    }
}

fn draft(settings: &Node<'_>, name: &str) -> Draft {
    let inner = |key: &str| settings.get(key).map(|entry| &entry.node);
    let text = |key: &str| {
        let beside = ["credentials", "resourceOwner"].into_iter().filter_map(inner);
        let found = std::iter::once(settings).chain(beside).find_map(|node| node.text(key));
        found.unwrap_or_default().to_owned()
    };
    let placed = [text("credentialsPlacement"), text("placement")];
    Draft {
        name: label(name),
        grant: [text("grantType"), text("flow")].concat(),
        authorize: text("authorizationUrl"),
        token: text("accessTokenUrl"),
        redirect_uri: text("callbackUrl"),
        client_id: text("clientId"),
        client_secret: text("clientSecret").into(),
        username: text("username"),
        password: text("password").into(),
        scopes: match inner("scope").map(|scope| &scope.value) {
            Some(NodeValue::List(items)) => {
                items.iter().filter_map(Node::as_text).collect::<Vec<_>>().join(" ")
            }
            _ => text("scope"),
        },
        client_auth: placed.iter().find_map(|word| placement(word)).or(Some(ClientAuth::Body)),
        ..Draft::default()
    }
}

fn placement(word: &str) -> Option<ClientAuth> {
    match word {
        "basic_auth_header" => Some(ClientAuth::Basic),
        "body" => Some(ClientAuth::Body),
        _ => None,
    }
}
