//! Google's `client_secret_*.json`, and the keys of its service accounts.
//!
//! Invariant: a desktop client's redirect URI is ignored, since Google accepts any port of this computer for
//! it.

use super::draft::{Collected, Draft, Variables};
use crate::domain::document::Node;

pub(super) fn fits(root: &Node<'_>) -> bool {
    let has_client = |kind: &&str| root.get(kind).is_some_and(|at| at.node.get("client_id").is_some());
    is_service_account(root) || ["installed", "web"].iter().any(has_client)
}

fn is_service_account(root: &Node<'_>) -> bool {
    root.text("type") == Some("service_account")
}

pub(super) fn read(root: &Node<'_>, collected: &mut Collected<'_>) {
    if is_service_account(root) {
        collected.take(service_account(root), &Variables::default());
    }
    for kind in ["installed", "web"] {
        let Some(client) = root.get(kind).map(|entry| &entry.node) else { continue };
        let text = |key: &str| client.text(key).unwrap_or_default().to_owned();
        let redirects = client.list("redirect_uris").iter().filter_map(Node::as_text);
        // Keyfob can listen on a loopback redirect URI.
        let is_loopback =
            |uri: &&str| uri.starts_with("http://localhost") || uri.starts_with("http://127.0.0.1");
        let redirect = redirects.clone().find(is_loopback).or_else(|| redirects.clone().next());
        let draft = Draft {
            name: match text("project_id") {
                project if project.is_empty() => "Google".to_owned(),
                project => format!("Google {project}"),
            },
            provider: Some("google".to_owned()),
            redirect_uri: redirect.filter(|_| kind == "web").unwrap_or_default().to_owned(),
            client_id: text("client_id"),
            client_secret: text("client_secret").into(),
            ..Draft::default()
        };
        collected.take(draft, &Variables::default());
    }
}

fn service_account(root: &Node<'_>) -> Draft {
    let text = |key: &str| root.text(key).unwrap_or_default().to_owned();
    Draft {
        name: text("client_email").split('@').next().unwrap_or_default().to_owned(),
        provider: Some("google-service-account".to_owned()),
        client_id: text("client_email"),
        private_key: text("private_key").into(),
        key_id: text("private_key_id"),
        ..Draft::default()
    }
}
