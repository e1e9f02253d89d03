//! Postman's collections (v2.0, v2.1), data exports and environments.
//!
//! Invariant: Postman's own callback URL is never imported, since it leads to Postman.

use zeroize::Zeroizing;

use super::draft::{Collected, Draft, Values, Variables, label};
use crate::domain::document::{Node, NodeValue};
use crate::domain::provider::spec::ClientAuth;

/// Returns true for a collection, or an export with collections.
pub(super) fn fits(root: &Node<'_>) -> bool {
    let is_collection = |node: &Node<'_>| node.get("info").is_some() && node.get("item").is_some();
    is_collection(root)
        || root.get("collection").is_some_and(|entry| is_collection(&entry.node))
        || root.list("collections").iter().any(is_collection)
}

pub(super) fn is_environment(root: &Node<'_>) -> bool {
    root.get("_postman_variable_scope").is_some() && root.get("values").is_some()
}

pub(super) fn environment(root: &Node<'_>) -> Vec<(String, Zeroizing<String>)> {
    pairs(root.list("values")).collect()
}

pub(super) fn read(root: &Node<'_>, collected: &mut Collected<'_>) {
    let mut shared = Variables::default();
    for environment in root.list("environments") {
        shared.extend(pairs(environment.list("values")));
    }
    let alone = root.get("collection").map_or(root, |entry| &entry.node);
    for collection in std::iter::once(alone).chain(root.list("collections")) {
        let name = collection.get("info").and_then(|info| info.node.text("name")).unwrap_or("Postman");
        let mut variables = Variables::below(&shared);
        variables.extend(pairs(collection.list("variable")));
        level(collection, name, &variables, collected);
    }
}

/// A collection, a folder or a request, with its content. The parser bounds the tree's depth.
fn level(node: &Node<'_>, name: &str, variables: &Variables<'_>, collected: &mut Collected<'_>) {
    let request = node.get("request").map(|entry| &entry.node);
    for holder in [Some(node), request].into_iter().flatten() {
        let Some(auth) = holder.get("auth").map(|entry| &entry.node) else { continue };
        if auth.text("type") == Some("oauth2")
            && let Some(settings) = auth.get("oauth2")
        {
            collected.take(draft(&settings.node, name), variables);
        }
    }
    for item in node.list("item") {
        level(item, item.text("name").unwrap_or(name), variables, collected);
    }
}

fn draft(settings: &Node<'_>, name: &str) -> Draft {
    let values = flat(settings);
    let text = |key: &str| values.get(key).map_or_else(String::new, |value| value.to_string());
    let own_callback =
        |uri: &String| uri.contains("://oauth.pstmn.io/") || uri.contains("://www.getpostman.com/");
    let mut draft = Draft {
        name: label(name),
        grant: text("grant_type"),
        authorize: text("authUrl"),
        token: text("accessTokenUrl"),
        redirect_uri: Some(text("redirect_uri")).filter(|uri| !own_callback(uri)).unwrap_or_default(),
        client_id: text("clientId"),
        client_secret: text("clientSecret").into(),
        username: text("username"),
        password: text("password").into(),
        scopes: text("scope"),
        audience: text("audience"),
        resource: text("resource"),
        client_auth: match text("client_authentication").as_str() {
            "header" => Some(ClientAuth::Basic),
            "body" => Some(ClientAuth::Body),
            _ => None,
        },
        ..Draft::default()
    };
    for (key, params) in
        [("authRequestParams", &mut draft.authorize_params), ("tokenRequestParams", &mut draft.token_params)]
    {
        params.extend(pairs(nested(settings, key)).map(|(name, value)| (name, value.to_string())));
    }
    draft
}

/// The scalar settings: an object in v2.0, a list of keys and values in v2.1.
fn flat(settings: &Node<'_>) -> Values {
    match &settings.value {
        NodeValue::Table(entries) => {
            let texts =
                entries.iter().filter_map(|entry| Some((entry.key.to_string(), entry.node.as_text()?)));
            texts.map(|(key, value)| (key, value.to_owned().into())).collect()
        }
        NodeValue::List(items) => pairs(items).collect(),
        _ => Values::new(),
    }
}

fn nested<'n, 'i>(settings: &'n Node<'i>, key: &str) -> &'n [Node<'i>] {
    if let NodeValue::List(items) = &settings.value {
        let item = items.iter().find(|item| item.text("key") == Some(key));
        return item.map_or(&[], |item| item.list("value"));
    }
    settings.list(key)
}

/// The keys and values of a list, without disabled ones.
fn pairs<'n>(items: &'n [Node<'_>]) -> impl Iterator<Item = (String, Zeroizing<String>)> + 'n {
    let is_off = |item: &Node<'_>| {
        let flag =
            |key: &str| item.get(key).is_some_and(|entry| matches!(entry.node.value, NodeValue::Bool(true)));
        let disabled =
            |key: &str| item.get(key).is_some_and(|entry| matches!(entry.node.value, NodeValue::Bool(false)));
        flag("disabled") || disabled("enabled")
    };
    items.iter().filter(move |item| !is_off(item)).filter_map(|item| {
        let key = item.text("key").or_else(|| item.text("id"))?;
        Some((key.to_owned(), item.text("value")?.to_owned().into()))
    })
}
