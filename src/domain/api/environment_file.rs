//! A file of variables, some of which refer to tokens: `API_TOKEN=keyfob://car-dev/token`.

use zeroize::Zeroizing;

use super::token_reference::TokenReference;
use crate::domain::import::dotenv_lines;

/// A variable's value.
#[derive(Debug)]
pub enum VariableValue {
    Text(Zeroizing<String>),
    Reference(TokenReference),
}

/// Reads the variables of a file, in order.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn read(text: &str) -> Result<Vec<(String, VariableValue)>, String> {
    let pairs = dotenv_lines::read(text).ok_or(
        "A line is neither a name and a value, such as API_TOKEN=keyfob://car-dev/token, nor a comment.",
    )?;
    let value_of = |(name, value): (String, Zeroizing<String>)| match TokenReference::in_file(&value) {
        None => Ok((name, VariableValue::Text(value))),
        Some(Ok(reference)) => Ok((name, VariableValue::Reference(reference))),
        Some(Err(wrong)) => Err(format!("The reference of {name} can't be used: {wrong}.")),
    };
    pairs.into_iter().map(value_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api::token_reference::TokenPart;

    #[test]
    fn references_stand_among_other_values() {
        let read = read("# a comment\nexport A=1\nB=\"keyfob://car-dev/header\" # the token\n").unwrap();
        assert!(matches!(&read[0], (name, VariableValue::Text(text)) if name == "A" && text.as_str() == "1"));
        let (name, VariableValue::Reference(reference)) = &read[1] else { panic!("{read:?}") };
        assert_eq!((name.as_str(), reference.account.as_str()), ("B", "car-dev"));
        assert_eq!(reference.part, TokenPart::Header);
    }

    #[test]
    fn a_reference_that_is_wrong_is_named() {
        let wrong = super::read("A=1\nB=keyfob://car-dev/tokn").unwrap_err();
        assert!(wrong.contains(" B ") && wrong.contains("claim.NAME"), "{wrong}");
        assert!(super::read("not a pair").is_err());
    }
}
