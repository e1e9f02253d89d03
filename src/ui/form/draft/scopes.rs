//! The scopes of the account form: those chosen, and what is being typed.

#[derive(Default)]
pub(in crate::ui) struct ScopesDraft {
    chosen: Vec<String>,
    /// Counts as chosen, too: the last word needs no space after it.
    pub(in crate::ui) typed: String,
}

impl ScopesDraft {
    pub(in crate::ui) fn of(scopes: Vec<String>) -> Self {
        Self { chosen: scopes, typed: String::new() }
    }

    pub(in crate::ui) fn chosen(&self) -> &[String] {
        &self.chosen
    }

    pub(in crate::ui) fn all(&self) -> Vec<String> {
        let mut all = self.chosen.clone();
        for word in self.typed.split_whitespace() {
            if !all.iter().any(|known| known == word) {
                all.push(word.to_owned());
            }
        }
        all
    }

    pub(in crate::ui) fn add(&mut self, scope: String) {
        if !self.chosen.contains(&scope) {
            self.chosen.push(scope);
        }
    }

    pub(in crate::ui) fn remove(&mut self, index: usize) {
        self.chosen.remove(index);
    }

    /// Takes the words that are followed by a space.
    pub(in crate::ui) fn take_words(&mut self) {
        let Some((words, rest)) = self.typed.rsplit_once(char::is_whitespace) else { return };
        let (words, rest) = (words.to_owned(), rest.to_owned());
        for word in words.split_whitespace() {
            self.add(word.to_owned());
        }
        self.typed = rest;
    }

    pub(in crate::ui) fn take_typed(&mut self) {
        self.chosen = self.all();
        self.typed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_scopes_once_and_the_last_counts_before_it_ends() {
        let mut draft = ScopesDraft::of(vec!["read".to_owned()]);
        draft.typed = "write  read\nadm".to_owned();
        assert_eq!(draft.all(), ["read", "write", "adm"]);
        draft.take_words();
        assert_eq!(
            (draft.chosen(), draft.typed.as_str()),
            (&["read", "write"].map(str::to_owned)[..], "adm")
        );
        draft.take_typed();
        assert_eq!((draft.all().len(), draft.typed.as_str()), (3, ""));
        draft.remove(0);
        assert_eq!(draft.all(), ["write", "adm"]);
    }
}
