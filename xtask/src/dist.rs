//! Lays the library down as packagers and compilers expect it. Nothing that is laid down names the prefix: the whole
//! can be moved.

use crate::source::root;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

const DOCS: [&str; 7] = [
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/design.md",
    "docs/examples.md",
    "docs/layout.md",
];

/// Where to.
pub(crate) struct Place {
    prefix: PathBuf,
    /// Before the prefix, for whoever packs what lies in it.
    destdir: Option<PathBuf>,
    /// Below the prefix.
    libdir: PathBuf,
}

impl Place {
    /// `--prefix P [--destdir D] [--libdir L]`, in any order; `--prefix=P` is understood too.
    pub(crate) fn parse(args: &[String]) -> Result<Place, String> {
        let (mut prefix, mut destdir, mut libdir) = (None, None, None);
        let mut words = args.iter().flat_map(|arg| match arg.split_once('=') {
            Some((option, value)) if option.starts_with("--") => vec![option, value],
            _ => vec![arg.as_str()],
        });
        while let Some(option) = words.next() {
            let to = match option {
                "--prefix" => &mut prefix,
                "--destdir" => &mut destdir,
                "--libdir" => &mut libdir,
                _ => return Err(format!("dist does not know {option}")),
            };
            let value = words.next().filter(|value| !value.is_empty());
            *to = Some(value.ok_or_else(|| format!("{option} needs a path"))?);
        }
        let prefix = absolute(prefix.ok_or("dist needs --prefix PATH")?)?;
        let libdir = Path::new(libdir.unwrap_or("lib"));
        let libdir = libdir.strip_prefix(&prefix).unwrap_or(libdir).to_path_buf();
        if !libdir.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(format!("--libdir {}: not a folder below the prefix", libdir.display()));
        }
        Ok(Place { prefix, destdir: destdir.map(absolute).transpose()?, libdir })
    }

    /// The folder that stands for the prefix while files are laid down.
    fn base(&self) -> PathBuf {
        match &self.destdir {
            Some(destdir) => destdir.join(self.prefix.strip_prefix("/").unwrap_or(&self.prefix)),
            None => self.prefix.clone(),
        }
    }

    /// From a folder `below` the library folder back to the prefix: `../..`.
    fn back(&self, below: usize) -> String {
        vec![".."; self.libdir.components().count() + below].join("/")
    }
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|e| format!("{path}: {e}"))
}

/// Builds the library and lays it down.
pub(crate) fn run(place: &Place) -> Result<(), String> {
    let facts = Facts::read()?;
    let (shared, archive) = build()?;
    let to = Target { base: place.base() };
    let lib = |name: &str| place.libdir.join(name);
    let real = format!("libcourtyard.so.{}", facts.version);
    let soname = format!("libcourtyard.so.{}", facts.major());
    to.file(&shared, &lib(&real), 0o755)?;
    to.link(&real, &lib(&soname))?;
    to.link(&soname, &lib("libcourtyard.so"))?;
    to.file(&archive, &lib("libcourtyard.a"), 0o644)?;
    for header in ["include/courtyard.h", "include/courtyard.hpp"] {
        to.file(&root().join(header), Path::new(header), 0o644)?;
    }
    let fill = |template| facts.fill(place, template);
    to.text(&fill(include_str!("../dist/courtyard.pc.in")), &lib("pkgconfig/courtyard.pc"))?;
    to.text(
        &fill(include_str!("../dist/courtyardConfig.cmake.in")),
        &lib("cmake/courtyard/courtyardConfig.cmake"),
    )?;
    to.text(
        &fill(include_str!("../dist/courtyardConfigVersion.cmake.in")),
        &lib("cmake/courtyard/courtyardConfigVersion.cmake"),
    )?;
    for doc in DOCS {
        let name = Path::new(doc).file_name().unwrap_or_default();
        to.file(&root().join(doc), &Path::new("share/doc/courtyard").join(name), 0o644)?;
    }
    Ok(())
}

/// What the templates ask for.
struct Facts {
    version: String,
    description: String,
    /// What a program needs besides the static library: `-lpthread` and others.
    static_flags: Vec<String>,
}

impl Facts {
    fn read() -> Result<Facts, String> {
        let manifest = read("Cargo.toml")?;
        let value = |key: &str| {
            let start = format!("{key} = \"");
            let found = manifest.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'));
            found.map(str::to_owned).ok_or_else(|| format!("Cargo.toml has no {key}"))
        };
        let readme = read("README.md")?;
        let lines = readme.lines().filter(|line| line.starts_with("cc "));
        let flags = lines.filter_map(|line| line.split_once("libcourtyard.a")).next();
        let (_, flags) = flags.ok_or("the README has no line `cc … libcourtyard.a …`")?;
        let static_flags = flags.split_whitespace().map(str::to_owned).collect();
        Ok(Facts { version: value("version")?, description: value("description")?, static_flags })
    }

    fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }

    fn minor(&self) -> &str {
        self.version.split('.').nth(1).unwrap_or_default()
    }

    fn fill(&self, place: &Place, template: &str) -> String {
        let libraries: Vec<&str> =
            self.static_flags.iter().map(|flag| flag.trim_start_matches("-l")).collect();
        let words = [
            ("@VERSION@", self.version.clone()),
            ("@MAJOR@", self.major().to_owned()),
            ("@MINOR@", self.minor().to_owned()),
            ("@SOVERSION@", self.major().to_owned()),
            ("@DESCRIPTION@", self.description.clone()),
            ("@LIBDIR@", place.libdir.display().to_string()),
            ("@FROM_PKGCONFIG@", place.back(1)),
            ("@FROM_CMAKE@", place.back(2)),
            ("@STATIC_FLAGS@", self.static_flags.join(" ")),
            ("@STATIC_LIBRARIES@", libraries.join(";")),
            ("@POINTER_BYTES@", size_of::<usize>().to_string()),
        ];
        words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value))
    }
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|e| format!("{path}: {e}"))
}

/// Builds for release; the shared library and the static one, where cargo says it has put them.
pub(crate) fn build() -> Result<(PathBuf, PathBuf), String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args([
        "build",
        "--release",
        "--lib",
        "--message-format=json-render-diagnostics",
    ]);
    let out = cargo.stderr(Stdio::inherit()).output().map_err(|e| format!("cargo: {e}"))?;
    if !out.status.success() {
        return Err("the library does not build".to_owned());
    }
    let said = String::from_utf8_lossy(&out.stdout);
    let find = |name: &str| {
        let paths =
            said.lines().filter(|line| line.contains("\"compiler-artifact\"")).flat_map(|l| l.split('"'));
        paths
            .map(PathBuf::from)
            .find(|path| path.ends_with(name))
            .ok_or_else(|| format!("cargo made no {name}"))
    };
    Ok((find("libcourtyard.so")?, find("libcourtyard.a")?))
}

/// The folder that everything goes below.
struct Target {
    base: PathBuf,
}

impl Target {
    fn file(&self, from: &Path, to: &Path, mode: u32) -> Result<(), String> {
        self.put(to, |draft| {
            fs::copy(from, draft)?;
            fs::set_permissions(draft, Permissions::from_mode(mode))
        })
    }

    fn text(&self, text: &str, to: &Path) -> Result<(), String> {
        self.put(to, |draft| {
            fs::write(draft, text)?;
            fs::set_permissions(draft, Permissions::from_mode(0o644))
        })
    }

    fn link(&self, target: &str, to: &Path) -> Result<(), String> {
        self.put(to, |draft| symlink(target, draft))
    }

    /// Makes it beside its place and moves it there: a program that runs with the old library keeps that one whole.
    fn put(&self, to: &Path, make: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), String> {
        let place = self.base.join(to);
        let mut draft = place.clone().into_os_string();
        draft.push(format!(".{}", std::process::id()));
        let draft = PathBuf::from(draft);
        let made = place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| make(&draft));
        let done = made.and_then(|()| fs::rename(&draft, &place));
        if done.is_err() {
            let _ = fs::remove_file(&draft);
        }
        done.map_err(|e| format!("{}: {e}", place.display()))?;
        println!("{}", place.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Place, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Place::parse(&words)
    }

    #[test]
    fn places() {
        let place = parse("--libdir lib/x86_64-linux-gnu --prefix=/usr --destdir /tmp/d").unwrap();
        assert_eq!(place.base(), Path::new("/tmp/d/usr"));
        assert_eq!(place.back(1), "../../..");
        assert_eq!(parse("--prefix /usr --libdir /usr/lib64").unwrap().libdir, Path::new("lib64"));
        for wrong in
            ["", "--prefix", "--prefix /usr --libdir /lib", "--prefix / --libdir ../x", "--prefix / x"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
