//! The policies that make the three roles, as HCL, and the role of a token by its capabilities.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Role;

/// The policy of a role, to be written with `bao policy write NAME FILE`.
pub fn hcl(role: Role, mount: &str, prefix: &str) -> String {
    let data = |record: &str| format!("{mount}/data/{prefix}/accounts/+/{record}");
    let mut rules: Vec<(String, &[&str])> = vec![
        (format!("{mount}/data/{prefix}/index"), &["read"]),
        (format!("{mount}/metadata/{prefix}/accounts/"), &["list"]),
    ];
    match role {
        Role::Use => rules.push((data("access"), &["read"])),
        Role::Renew => {
            rules.push((data("access"), &["create", "read", "update"]));
            rules.push((data("grant"), &["create", "read", "update"]));
            rules.push((data("spec"), &["read"]));
            rules.push((format!("{mount}/destroy/{prefix}/accounts/+/grant"), &["create", "update"]));
        }
        Role::Manage => {
            rules[0].1 = &["create", "read", "update"];
            for record in ["access", "grant", "spec"] {
                rules.push((data(record), &["create", "read", "update", "delete"]));
            }
            rules.push((format!("{mount}/destroy/{prefix}/accounts/+/grant"), &["create", "update"]));
            rules.push((format!("{mount}/metadata/{prefix}/accounts/+/+"), &["read", "list", "delete"]));
        }
    }
    // In the policy `default` too, but a token may lack that one.
    rules.push(("auth/token/lookup-self".to_owned(), &["read"]));
    rules.push(("auth/token/renew-self".to_owned(), &["update"]));
    rules.push(("auth/token/revoke-self".to_owned(), &["update"]));
    rules.push(("sys/capabilities-self".to_owned(), &["update"]));
    let mut text = format!("# Keyfob: the role {role}.\n");
    for (path, capabilities) in rules {
        let words: Vec<_> = capabilities.iter().map(|word| format!("\"{word}\"")).collect();
        let _ = write!(text, "path \"{path}\" {{\n  capabilities = [{}]\n}}\n", words.join(", "));
    }
    text
}

/// The paths whose capabilities tell the role.
pub fn probes(mount: &str, prefix: &str) -> [String; 3] {
    ["access", "grant", "spec"].map(|record| format!("{mount}/data/{prefix}/accounts/0/{record}"))
}

/// The role that these capabilities allow; `None` if not even *use*.
pub fn role_of(probes: &[String; 3], capabilities: &BTreeMap<String, Vec<String>>) -> Option<Role> {
    let may = |path: &String, word: &str| {
        let granted = capabilities.get(path);
        granted.is_some_and(|granted| granted.iter().any(|one| one == word || one == "root"))
    };
    let [access, grant, spec] = probes;
    if !may(access, "read") {
        None
    } else if may(spec, "update") && may(spec, "create") && may(grant, "update") {
        Some(Role::Manage)
    } else if may(spec, "read") && may(grant, "read") && may(grant, "update") && may(access, "update") {
        Some(Role::Renew)
    } else {
        Some(Role::Use)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_policy_names_neither_grant_nor_spec() {
        let text = hcl(Role::Use, "kv", "apps/keyfob");
        assert!(
            text.contains("path \"kv/data/apps/keyfob/accounts/+/access\" {\n  capabilities = [\"read\"]")
        );
        assert!(!text.contains("grant") && !text.contains("spec") && !text.contains("+/+"));
        assert!(hcl(Role::Manage, "kv", "k").contains("\"delete\""));
    }

    #[test]
    fn a_role_is_read_from_capabilities() {
        let probes = probes("secret", "keyfob");
        let role = |words: [&[&str]; 3]| {
            let words = words.map(|one| one.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
            role_of(&probes, &probes.iter().cloned().zip(words).collect())
        };
        assert_eq!(role([&["root"], &["root"], &["root"]]), Some(Role::Manage));
        assert_eq!(role([&["read"], &["deny"], &["deny"]]), Some(Role::Use));
        assert_eq!(role([&["read", "update"], &["read", "update"], &["read"]]), Some(Role::Renew));
        assert_eq!(role([&["deny"], &["deny"], &["deny"]]), None);
    }
}
