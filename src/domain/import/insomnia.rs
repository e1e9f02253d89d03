//! Insomnia's exports: v4 in JSON, v5 in YAML.
//!
//! Invariant: a request with disabled OAuth 2.0 settings becomes no account.

use super::draft::{Collected, Draft, NAME_MAX_BYTES, Variables, label};
use crate::domain::document::{Node, NodeValue};
use crate::domain::provider::spec::ClientAuth;

pub(super) fn fits(root: &Node<'_>) -> bool {
    let is_v4 = root.text("_type") == Some("export") && root.get("resources").is_some();
    is_v4 || root.text("type").is_some_and(|kind| kind.contains("insomnia.rest/5"))
}

pub(super) fn read(root: &Node<'_>, collected: &mut Collected<'_>) {
    let mut variables = Variables::default();
    let resources = root.list("resources");
    for resource in resources {
        match resource.text("_type") {
            Some("environment") => scalars(resource, "data", &mut variables),
            Some("request_group") => scalars(resource, "environment", &mut variables),
            _ => {}
        }
    }
    if let Some(environments) = root.get("environments").map(|entry| &entry.node) {
        // A single one in newer files, a list in some older ones.
        let several = match &environments.value {
            NodeValue::List(items) => items.as_slice(),
            _ => std::slice::from_ref(environments),
        };
        for environment in several {
            scalars(environment, "data", &mut variables);
            for sub in environment.list("subEnvironments") {
                scalars(sub, "data", &mut variables);
            }
        }
    }
    for resource in resources {
        request(resource, &variables, collected);
    }
    level(root.list("collection"), &variables, collected);
}

/// Requests and folders of v5; a folder has its own variables. The parser bounds the tree's depth.
fn level(items: &[Node<'_>], variables: &Variables<'_>, collected: &mut Collected<'_>) {
    for item in items {
        let mut own = Variables::below(variables);
        scalars(item, "environment", &mut own);
        request(item, &own, collected);
        level(item.list("children"), &own, collected);
    }
}

fn request(node: &Node<'_>, variables: &Variables<'_>, collected: &mut Collected<'_>) {
    let Some(auth) = node.get("authentication").map(|entry| &entry.node) else { return };
    let flag = |key: &str| match auth.get(key).map(|entry| &entry.node.value) {
        Some(NodeValue::Bool(value)) => Some(*value),
        _ => None,
    };
    if auth.text("type") != Some("oauth2") || flag("disabled") == Some(true) {
        return;
    }
    let text = |key: &str| auth.text(key).unwrap_or_default().to_owned();
    let draft = Draft {
        name: label(node.text("name").unwrap_or("Insomnia")),
        grant: text("grantType"),
        authorize: text("authorizationUrl"),
        token: text("accessTokenUrl"),
        redirect_uri: text("redirectUrl"),
        client_id: text("clientId"),
        client_secret: text("clientSecret").into(),
        username: text("username"),
        password: text("password").into(),
        scopes: text("scope"),
        audience: text("audience"),
        resource: text("resource"),
        client_auth: flag("credentialsInBody")
            .map(|in_body| if in_body { ClientAuth::Body } else { ClientAuth::Basic }),
        // Insomnia's default is no PKCE, but servers accept it: PKCE keeps its default.
        ..Draft::default()
    };
    collected.take(draft, variables);
}

/// The texts and numbers of an environment; nested ones by their path, as `a.b`.
fn scalars(node: &Node<'_>, key: &str, variables: &mut Variables<'_>) {
    if let Some(entry) = node.get(key) {
        nested(&entry.node, "", variables);
    }
}

fn nested(node: &Node<'_>, above: &str, variables: &mut Variables<'_>) {
    let NodeValue::Table(entries) = &node.value else { return };
    // A long name that every nested name inherits would be copied for each of them.
    for entry in entries.iter().filter(|entry| above.len() + entry.key.len() <= NAME_MAX_BYTES) {
        let name = [above, entry.key.as_ref()].concat();
        match &entry.node.value {
            NodeValue::Text(text) => {
                variables.insert(name, text.to_string().into());
            }
            NodeValue::Integer(number) => {
                variables.insert(name, number.to_string().into());
            }
            _ => nested(&entry.node, &(name + "."), variables),
        }
    }
}
