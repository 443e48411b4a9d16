//! The sources as text, and what can be told from it.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// One source file.
pub(crate) struct File {
    /// From the repository's root: `src/sync/lock.rs`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Whether the models are built with it.
    pub(crate) modelled: bool,
}

impl File {
    /// `src/sync`.
    pub(crate) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether it holds models.
    pub(crate) fn is_models(&self) -> bool {
        self.path.rsplit('/').next().is_some_and(|name| name.starts_with("loom_"))
    }

    /// Whether it holds models of many.
    pub(crate) fn is_crowds(&self) -> bool {
        self.path.rsplit('/').next().is_some_and(|name| name.starts_with("crowd_"))
    }

    /// Whether nothing of it is in the library.
    pub(crate) fn is_tests(&self) -> bool {
        self.is_models() || self.is_crowds() || self.path.ends_with("/tests.rs")
    }

    /// The lines of the library, or of the models, with their numbers from 1; tests beside the code are left out.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_tests() { None } else { self.text.find("#[cfg(test)]\nmod tests {") };
        let (kept, _) = self.text.split_at(end.unwrap_or(self.text.len()));
        (1..).zip(kept.lines())
    }
}

/// Everything under `src`.
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Result<Tree, String> {
        let mut files = Vec::new();
        read_folder(root, "src", true, &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { files })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn read_folder(root: &Path, folder: &str, modelled: bool, files: &mut Vec<File>) -> Result<(), String> {
    let list =
        ["mod.rs", "lib.rs"].map(|name| fs::read_to_string(root.join(folder).join(name)).unwrap_or_default());
    let hidden = |name: &str| list.iter().any(|text| is_hidden_from_models(text, name));
    for entry in fs::read_dir(root.join(folder)).map_err(|e| format!("{folder}: {e}"))? {
        let path = entry.map_err(|e| format!("{folder}: {e}"))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let modelled = modelled && !hidden(name.trim_end_matches(".rs"));
        let inner = format!("{folder}/{name}");
        if path.is_dir() {
            read_folder(root, &inner, modelled, files)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).map_err(|e| format!("{inner}: {e}"))?;
            files.push(File { path: inner, text, modelled });
        }
    }
    Ok(())
}

/// Whether the list of modules leaves `name` out of the models.
fn is_hidden_from_models(list: &str, name: &str) -> bool {
    let mut hidden = false;
    for line in list.lines() {
        let of = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ").strip_prefix("mod ");
        match of.and_then(|rest| rest.strip_suffix(';')) {
            Some(module) if module == name => return hidden,
            _ => {
                hidden = line.starts_with("#[cfg(") && line.contains("not(loom)")
                    || hidden && line.starts_with("#[")
            }
        }
    }
    false
}

/// What stands before a line's comment.
pub(crate) fn code(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code)
}
