//! The options that map a `.env` file's variables. Messages repeat names, never values.

use crate::cli::failure::Failure;
use crate::cli::format::{quoted, shown};
use crate::domain::import::{self, EnvField, EnvNames, ImportError, ImportedFile, Mapping};
use crate::domain::provider::{CUSTOM, Preset};

#[derive(Debug, Default)]
pub(in crate::cli) struct EnvOptions {
    pub(in crate::cli) names: Vec<(EnvField, String)>,
    /// A preset's ID.
    pub(in crate::cli) provider: Option<String>,
}

pub(in crate::cli) enum NotRead {
    File(ImportError),
    Options(Failure),
}

impl EnvOptions {
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.provider.is_none()
    }

    /// Reads a file; the given mapping takes precedence over a guess.
    pub(in crate::cli) fn read(self, text: &str, presets: &[Preset]) -> Result<ImportedFile, NotRead> {
        let found = import::read_any(text, presets, None).map_err(NotRead::File)?;
        let found = if self.is_empty() {
            found
        } else {
            let mapping = self.over(found.names.as_ref(), presets).map_err(NotRead::Options)?;
            import::read_any(text, presets, Some(&mapping)).map_err(NotRead::File)?
        };
        match &found.names {
            Some(names) if found.accounts.is_empty() => {
                Err(NotRead::Options(nothing(names, &found.left_out)))
            }
            _ => Ok(found),
        }
    }

    fn over(self, names: Option<&EnvNames>, presets: &[Preset]) -> Result<Mapping, Failure> {
        let refused = |words: String| Failure::refused(format!("{words} Nothing was saved."));
        let Some(names) = names else {
            return Err(refused("--map and --provider are for .env files only.".to_owned()));
        };
        let mut mapping = names.mappings.first().cloned().unwrap_or_default();
        for (field, name) in self.names {
            if !names.names.contains(&name) {
                return Err(refused(format!("The file has no variable {}.", quoted(&name))));
            }
            mapping.names.insert(field, name);
        }
        if let Some(id) = self.provider {
            if id != CUSTOM && !presets.iter().any(|preset| preset.id == id) {
                return Err(refused(format!("There is no provider {}.", quoted(&id))));
            }
            mapping.provider = Some(id).filter(|id| id != CUSTOM);
        }
        Ok(mapping)
    }
}

fn nothing(names: &EnvNames, left_out: &[String]) -> Failure {
    let listed: Vec<_> = names.names.iter().take(20).map(|name| shown(name)).collect();
    let why = left_out.first().map_or_else(String::new, |said| format!(" {said}"));
    Failure::refused(format!(
        "The file's variables don't make an account yet.{why} Map them with --map, such as --map CLIENT_ID=NAME \
         --map TOKEN_URL=NAME, or name the provider with --provider ID. Its variables: {}. Nothing was saved.",
        listed.join(", ")
    ))
}
