//! The sections of the settings.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum Section {
    #[default]
    Appearance,
    Tokens,
    SigningIn,
    Network,
    Locking,
    Secrets,
    Accounts,
}

impl Section {
    pub(in crate::ui) const ALL: [Self; 7] = [
        Self::Appearance,
        Self::Tokens,
        Self::SigningIn,
        Self::Network,
        Self::Locking,
        Self::Secrets,
        Self::Accounts,
    ];

    pub(in crate::ui) fn name(self) -> &'static str {
        match self {
            Self::Appearance => "Appearance",
            Self::Tokens => "Tokens",
            Self::SigningIn => "Signing in",
            Self::Network => "Network",
            Self::Locking => "Locking and closing",
            Self::Secrets => "Secrets",
            Self::Accounts => "All accounts",
        }
    }
}
