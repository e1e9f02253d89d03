//! The path of a file, typed or chosen in the system's file dialog.

use std::path::{Path, PathBuf};

use egui::{Id, Rect, Ui, vec2};

use super::button::{Button, Weight};
use super::fields::{self, FieldOptions};
use crate::ui::{labels, theme};

/// A question for the system's file dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileQuestion {
    /// The dialog's title.
    pub title: &'static str,
    /// The initial folder.
    pub folder: PathBuf,
    /// The suggested name of a new file; `None` to open an existing one.
    pub new_name: Option<String>,
}

/// The dialog's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileAnswer {
    /// The chosen file.
    Chosen(PathBuf),
    /// The user cancelled.
    Left,
    /// The system has no such dialog.
    NoDialog,
}

pub(in crate::ui) struct FileField {
    text: String,
    folder: PathBuf,
    without_dialog: bool,
}

impl FileField {
    pub(in crate::ui) fn within(folder: &Path) -> Self {
        Self { text: String::new(), folder: folder.to_owned(), without_dialog: false }
    }

    pub(in crate::ui) fn at(path: &Path) -> Self {
        let text = path.to_str().unwrap_or_default().to_owned();
        Self { text, ..Self::within(path.parent().unwrap_or(path)) }
    }

    pub(in crate::ui) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    pub(in crate::ui) fn question(&self, title: &'static str, is_new: bool) -> FileQuestion {
        let path = self.path().ok();
        let folder = path.as_ref().and_then(|path| path.parent()).unwrap_or(&self.folder).to_owned();
        let name = path.as_ref().and_then(|path| path.file_name());
        let new_name = is_new.then(|| name.unwrap_or_default().to_string_lossy().into_owned());
        FileQuestion { title, folder, new_name }
    }

    pub(in crate::ui) fn path(&self) -> Result<PathBuf, &'static str> {
        let text = self.text.trim();
        let path = PathBuf::from(text);
        match () {
            () if text.is_empty() => Err("Choose a file first."),
            () if !path.is_absolute() => Err("Enter the full path, including all folders."),
            () if path.file_name().is_none() || text.ends_with(['/', '\\']) => Err("Include the file name."),
            () => Ok(path),
        }
    }

    /// Replaces the file's ending if it is `from`.
    pub(in crate::ui) fn change_ending(&mut self, from: &str, to: &str) {
        if let Some(stem) = self.text.strip_suffix(from) {
            self.text = format!("{stem}{to}");
        }
    }

    /// Takes the dialog's answer; returns true if it gave a path.
    pub(in crate::ui) fn take(&mut self, answer: FileAnswer) -> bool {
        match answer {
            FileAnswer::Chosen(path) => match path.to_str() {
                Some(text) => {
                    text.clone_into(&mut self.text);
                    return true;
                }
                // A name that isn't UTF-8 can't be typed either, and is rare.
                None => self.without_dialog = true,
            },
            FileAnswer::NoDialog => self.without_dialog = true,
            FileAnswer::Left => {}
        }
        false
    }

    /// Shows the field; returns whether the dialog was requested and whether Enter was pressed.
    pub(in crate::ui) fn show(
        &mut self,
        ui: &mut Ui,
        id: Id,
        label: &str,
        error: Option<&str>,
        note: &str,
    ) -> (bool, bool) {
        // A page may have several, which differ by name.
        let name = format!("{} ({label})", labels::BROWSE);
        let browse = Button::new(Weight::Secondary, labels::BROWSE).accessible_name(&name);
        let width = browse.width(ui);
        let note =
            if self.without_dialog { "This system has no file dialog. Enter the full path." } else { note };
        let note = Some(note).filter(|note| !note.is_empty());
        let field = ui.scope(|ui| {
            ui.set_max_width(ui.available_width() - width - 8.0);
            let options = FieldOptions { error, note, ..FieldOptions::default() };
            fields::text(ui, id, label, &mut self.text, options)
        });
        let field = field.inner;
        let place =
            Rect::from_min_size(field.rect.right_top() + vec2(8.0, 0.0), vec2(width, theme::CONTROL_HEIGHT));
        let mut beside = ui.new_child(egui::UiBuilder::new().max_rect(place));
        let asked = browse.show(&mut beside);
        (asked, fields::is_entered(ui, &field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_whole_and_names_a_file() {
        let path = |text: &str| FileField::at(Path::new(text)).path();
        assert_eq!(path("/home/me/a file.age "), Ok(PathBuf::from("/home/me/a file.age")));
        for bad in ["", "  ", "keyfob.age", "~/keyfob.age", "/", "/home/me/", "/home/.."] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }
}
