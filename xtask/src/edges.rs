//! Edges: pairs of ordered accesses. Each access says in a comment on its own line which edges it is an end of, and a
//! table in the module's words says what each edge carries and which model fails without it.

use crate::source::{File, Tree, code};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The rooms whose orderings have models.
const MODELLED_ROOMS: [&str; 3] = ["src/sync/", "src/presence/", "src/lockfree/"];

const ORDERED: [&str; 4] = ["Ordering::Acquire", "Ordering::Release", "Ordering::AcqRel", "Ordering::SeqCst"];

/// Ordered accesses that no model reaches, by file or by file and edge, and why.
const NOT_MODELLED: [(&str, &str); 14] = [
    (
        "src/presence/thread.rs",
        "asks the kernel; the stores of the alive word are played by the `join` of the models",
    ),
    ("src/presence/sweep.rs", "asks the kernel; `reap` in the place's models plays it, with a weaker store"),
    ("src/presence/attachment.rs", "a private counter of handles, as in Arc"),
    ("src/presence/sweepers.rs", "private to a process; that none of its threads clears up"),
    ("src/objects/value/cell.rs", "one word that is all its content; what else it publishes is the user's"),
    ("src/objects/ring/end.rs", "taking, leaving and mourning ask the kernel for proofs"),
    ("src/segment/directory.rs", "written once, under a lock, and read from a mapping of fixed layout"),
    ("src/segment/header.rs", "written once, before the yard has a name"),
    (
        "src/objects/pool/",
        "who works and who keeps the pool, judged by the kernel's proofs; what tasks carry goes by their own word, which is \
         modelled",
    ),
    ("src/process/pool/keeper.rs", "private to a process; that its threads have ended"),
    ("src/os/mutex.rs", "the textbook futex mutex, private to a process"),
    (
        "src/os/robust.rs",
        "fences of the compiler only: the other side is the kernel, which stops the thread first",
    ),
    ("src/shim/", "the seam itself"),
    ("src/capi/handle.rs", "private to a process; tells closed handles, and promises nothing about data"),
];

/// One ordered access that names its edges.
pub(crate) struct Site<'a> {
    pub(crate) file: &'a File,
    pub(crate) line: usize,
    pub(crate) text: &'a str,
    pub(crate) names: Vec<&'a str>,
}

impl Site<'_> {
    fn at(&self) -> String {
        format!("{}:{}", self.file.path, self.line)
    }

    fn releases(&self) -> bool {
        has_any(code(self.text), &ORDERED[1..])
    }

    fn acquires(&self) -> bool {
        let code = code(self.text);
        has_any(code, &[ORDERED[0], ORDERED[2], ORDERED[3]])
    }
}

/// One row of a table of edges.
pub(crate) struct Row<'a> {
    file: &'a File,
    name: &'a str,
    /// Between backquotes in the last column.
    pub(crate) models: Vec<&'a str>,
    /// The row only points to another table.
    elsewhere: bool,
}

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn in_modelled_room(file: &File) -> bool {
    MODELLED_ROOMS.iter().any(|room| file.path.starts_with(room))
}

/// Every access in the modelled rooms that names an edge, the models' stand-ins for code they cannot reach included.
pub(crate) fn sites(tree: &Tree) -> Vec<Site<'_>> {
    let files = tree.files.iter().filter(|file| in_modelled_room(file));
    let lines = files.flat_map(|file| file.lines().map(move |(line, text)| (file, line, text)));
    lines
        .filter_map(|(file, line, text)| {
            let names = text.split_once("// edge: ")?.1.split(';').next()?;
            Some(Site { file, line, text, names: names.split(", ").map(str::trim).collect() })
        })
        .collect()
}

/// Every row of the tables in the modelled rooms.
fn rows(tree: &Tree) -> Vec<Row<'_>> {
    tree.files.iter().filter(|file| in_modelled_room(file)).flat_map(rows_of).collect()
}

fn rows_of(file: &File) -> impl Iterator<Item = Row<'_>> {
    let words = file.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    let table =
        words.skip_while(|line| *line != "## Edges").skip(1).take_while(|line| line.starts_with('|')).skip(2);
    table.filter_map(move |line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let models = cells.last()?.split('`').skip(1).step_by(2).collect();
        Some(Row { file, name: cells[0], models, elsewhere: cells.get(1)?.starts_with("see ") })
    })
}

/// The row that a site means: of its own file, else of its folder, else (a model's stand-in) of any.
fn row<'r, 't>(rows: &'r [Row<'t>], site: &Site<'_>, name: &str) -> Option<&'r Row<'t>> {
    let named = || rows.iter().filter(|row| row.name == name);
    let own = named().find(|row| row.file.path == site.file.path);
    let own = own.or_else(|| named().find(|row| row.file.folder() == site.file.folder()));
    match own {
        Some(row) if !row.elsewhere => Some(row),
        Some(_) => named().find(|row| !row.elsewhere),
        None if site.file.is_models() => named().find(|row| !row.elsewhere),
        None => None,
    }
}

/// The models that the tables name for the edges of a site.
pub(crate) fn models_of<'t>(tree: &'t Tree, site: &Site<'_>) -> Vec<&'t str> {
    let rows = rows(tree);
    site.names.iter().filter_map(|name| row(&rows, site, name)).flat_map(|row| row.models.clone()).collect()
}

/// The names of all models, with their module as the test harness prints it.
pub(crate) fn models(tree: &Tree) -> Vec<String> {
    tests_of(tree, File::is_models)
}

/// The names of all tests in such files.
pub(crate) fn tests_of(tree: &Tree, such: impl Fn(&File) -> bool) -> Vec<String> {
    let mut models = Vec::new();
    for file in tree.files.iter().filter(|file| such(file)) {
        let module = file.path.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
        let mut before = "";
        for line in file.text.lines() {
            if let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.strip_suffix("() {"))
                && before == "#[test]"
            {
                models.push(format!("{module}::{name}"));
            }
            before = line;
        }
    }
    models
}

/// Checks comments against tables and tables against models; says what was found.
pub(crate) fn check(tree: &Tree) -> Result<String, String> {
    let (sites, rows) = (sites(tree), rows(tree));
    let mut wrong = Vec::new();
    for site in &sites {
        if !has_any(code(site.text), &ORDERED) {
            wrong.push(format!("{}: names an edge on a line without an ordering", site.at()));
        }
        for name in site.names.iter().filter(|name| row(&rows, site, name).is_none()) {
            wrong.push(format!("{}: no table near it has the edge `{name}`", site.at()));
        }
    }
    wrong.extend(rows.iter().flat_map(|row| faults(tree, &sites, &rows, row)));
    let mut unmodelled: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (file, line, text) in ordered(tree) {
        let excuse = NOT_MODELLED.iter().find(|(path, _)| file.path.starts_with(path));
        if file.modelled && in_modelled_room(file) {
            if !text.contains("// edge: ") {
                wrong.push(format!("{}:{line}: an ordered access without an edge", file.path));
            }
        } else if let Some((_, why)) = excuse {
            unmodelled.entry((file.path.as_str(), *why)).or_default().push(line.to_string());
        } else {
            wrong.push(format!(
                "{}:{line}: an ordered access that no model reaches, without a reason",
                file.path
            ));
        }
    }
    for (path, _) in NOT_MODELLED {
        if !ordered(tree).any(|(file, ..)| file.path.starts_with(path)) {
            wrong.push(format!("{path}: excused, but it has no ordered access"));
        }
    }
    if wrong.is_empty() {
        let edges: BTreeSet<_> =
            rows.iter().filter(|r| !r.elsewhere).map(|r| (&r.file.path, r.name)).collect();
        let mut summary = String::new();
        for ((path, why), lines) in unmodelled {
            let _ = writeln!(summary, "not modelled: {path}:{}: {why}", lines.join(","));
        }
        Ok(format!("{summary}{} edges, {} ends of them", edges.len(), sites.len()))
    } else {
        Err(wrong.join("\n"))
    }
}

/// Every ordered access of the library.
fn ordered(tree: &Tree) -> impl Iterator<Item = (&File, usize, &str)> {
    let files = tree.files.iter().filter(|file| !file.is_tests());
    let lines = files.flat_map(|file| file.lines().map(move |(line, text)| (file, line, text)));
    lines.filter(|(_, _, text)| has_any(code(text), &ORDERED))
}

/// What is wrong with one row.
fn faults(tree: &Tree, sites: &[Site<'_>], rows: &[Row<'_>], wanted: &Row<'_>) -> Vec<String> {
    let Row { file, name, .. } = wanted;
    let mut wrong = Vec::new();
    if wanted.elsewhere {
        if !rows.iter().any(|row| row.name == *name && !row.elsewhere) {
            wrong.push(format!("{}: edge `{name}` is in no other table", file.path));
        }
        return wrong;
    }
    let mine = |site: &&Site<'_>| {
        site.names.iter().any(|n| n == name && row(rows, site, n).is_some_and(|r| std::ptr::eq(r, wanted)))
    };
    if !sites.iter().filter(mine).any(Site::releases) || !sites.iter().filter(mine).any(Site::acquires) {
        wrong
            .push(format!("{}: edge `{name}` lacks an access that releases or one that acquires", file.path));
    }
    let all = models(tree);
    let known = |model: &str| all.iter().any(|m| m.rsplit("::").next() == Some(model));
    if wanted.models.is_empty() {
        wrong.push(format!("{}: edge `{name}` names no model", file.path));
    }
    for model in wanted.models.iter().filter(|model| !known(model)) {
        wrong.push(format!("{}: edge `{name}` names `{model}`, and there is no such model", file.path));
    }
    wrong
}
