//! The contract of every vault.

use keyfob::base::secret::SecretText;
use keyfob::store::vault::{Vault, VaultError};

fn line(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn text(vault: &mut dyn Vault, name: &str) -> Option<String> {
    vault.read(name).expect("a readable record").map(|line| line.expose().to_owned())
}

/// Checks the whole contract; panics if the vault breaks it. The vault must be empty, and is left so.
pub(crate) fn check(vault: &mut dyn Vault) {
    assert_eq!(vault.names(), Ok(Vec::new()), "the vault is empty at first");
    vault.probe().expect("a vault that takes writes");
    assert_eq!(vault.names(), Ok(Vec::new()), "probing leaves nothing");

    assert_eq!(text(vault, "client/none"), None);
    assert_eq!(vault.delete("client/none"), Ok(()), "what is not there is deleted already");

    // Written, replaced completely, and listed in order.
    vault.write("tokens/b", &line("one")).expect("a write");
    vault
        .write("client/b", &line(r#"{"v":1,"text":"\u2028\\ \"CANARY\" 100 % 'a' $HOME `x`"}"#))
        .expect("a write");
    vault.write("client/a", &line("")).expect("an empty record is a record");
    assert_eq!(vault.names(), Ok(["client/a", "client/b", "tokens/b"].map(str::to_owned).to_vec()));
    assert_eq!(text(vault, "client/a").as_deref(), Some(""));
    assert_eq!(
        text(vault, "client/b").as_deref(),
        Some(r#"{"v":1,"text":"\u2028\\ \"CANARY\" 100 % 'a' $HOME `x`"}"#)
    );
    vault.write("tokens/b", &line("a longer second one")).expect("a write over another");
    assert_eq!(text(vault, "tokens/b").as_deref(), Some("a longer second one"));
    vault.write("tokens/b", &line("3")).expect("a shorter write over another");
    assert_eq!(text(vault, "tokens/b").as_deref(), Some("3"));
    assert_eq!(vault.names().map(|names| names.len()), Ok(3));

    // Every size of a token, up to the vault's own limit, which the error names.
    for size in [1, 15, 16, 17, 2_559, 2_560, 2_561, 65_536] {
        let long = "x~ ".repeat(size).split_off(2 * size);
        let before = text(vault, "tokens/b");
        match vault.write("tokens/b", &line(&long)) {
            Ok(()) => assert_eq!(text(vault, "tokens/b"), Some(long), "{size} bytes"),
            Err(VaultError::TooLarge { limit_bytes, .. }) => {
                assert!(limit_bytes < size, "{size} bytes are within the limit of {limit_bytes}");
                assert_eq!(text(vault, "tokens/b"), before, "a refused write leaves the old record");
            }
            Err(error) => panic!("{size} bytes: {error}"),
        }
    }

    // K9: only one line of ASCII is accepted, and a refused write changes nothing.
    for bad in ["two\nlines", "\r", "nul\0", "tab\t", "\u{7f}", "é", "\u{2028}", "🔑"] {
        assert!(matches!(vault.write("client/a", &line(bad)), Err(VaultError::Failed(_))), "{bad:?}");
        assert!(matches!(vault.write("client/new", &line(bad)), Err(VaultError::Failed(_))), "{bad:?}");
    }
    assert_eq!(text(vault, "client/a").as_deref(), Some(""));
    assert_eq!(text(vault, "client/new"), None);

    // Names are case-sensitive.
    vault.write("client/A", &line("capital")).expect("a write");
    assert_eq!(text(vault, "client/a").as_deref(), Some(""));
    assert_eq!(text(vault, "client"), None);

    // A deletion removes the record and nothing else.
    for name in ["client/A", "client/a", "tokens/b"] {
        vault.delete(name).expect("a deletion");
        assert_eq!(text(vault, name), None);
    }
    assert_eq!(vault.names(), Ok(vec!["client/b".to_owned()]));
    vault.delete("client/b").expect("a deletion");
    assert_eq!(vault.names(), Ok(Vec::new()));
}
