//! The manifest: one row for each function of the C header, and the operation that proves its promise.

use std::collections::BTreeSet;
use std::fmt;

use crate::engine::Trial;
use crate::operation::Mode;

/// How a function is proved.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof {
    /// This operation is stepped in these modes, among these roles.
    Stepped { operation: &'static str, roles: &'static [&'static str], modes: &'static [Mode] },
    /// It neither writes shared memory nor blocks; the reason in words.
    None(&'static str),
}

/// One function of the header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The C name.
    pub(crate) function: &'static str,
    /// How it is proved.
    pub(crate) proof: Proof,
    /// What survivors are promised, in words; empty where nothing is stepped.
    pub(crate) promise: &'static str,
}

pub(crate) use crate::rows::ROWS;

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.proof {
            Proof::None(reason) => write!(out, "{}: not stepped: {reason}", self.function),
            Proof::Stepped { operation, roles, modes } => {
                write!(out, "{}: {operation} {modes:?}, roles {roles:?}: {}", self.function, self.promise)
            }
        }
    }
}

/// A test's name, and a remark or the reason why it failed.
type Answer = (&'static str, Result<String, String>);

/// The manifest's own tests.
pub(crate) fn tests(trials: &[&dyn Trial]) -> Vec<Answer> {
    vec![
        ("a missing row is named", missing_row_is_named()),
        ("every function of the header has a row", header_is_covered()),
        ("every row names what is played", rows_are_played(trials)),
        ("a role that does not play is named", absent_role_is_named()),
    ]
}

fn header_is_covered() -> Result<String, String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/include/courtyard.h");
    let header = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let functions = functions(&header);
    cover(&functions, ROWS)?;
    Ok(format!("{} functions", functions.len()))
}

/// Each function has one row, and each row a function.
fn cover(functions: &BTreeSet<String>, rows: &[Row]) -> Result<(), String> {
    let mut known = BTreeSet::new();
    let twice: Vec<&str> =
        rows.iter().map(|row| row.function).filter(|name| !known.insert(name.to_string())).collect();
    let missing: Vec<&str> = functions.difference(&known).map(String::as_str).collect();
    let unknown: Vec<&str> = known.difference(functions).map(String::as_str).collect();
    let mut faults = Vec::new();
    for (names, fault) in
        [(missing, "has no row"), (unknown, "is not in the header"), (twice, "has two rows")]
    {
        faults.extend(names.iter().map(|name| format!("{name} {fault}")));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join(", ")) }
}

fn rows_are_played(trials: &[&dyn Trial]) -> Result<String, String> {
    for row in ROWS {
        row_is_played(row, trials).map_err(|why| format!("{}: {why}", row.function))?;
    }
    Ok(format!("{} rows", ROWS.len()))
}

fn absent_role_is_named() -> Result<String, String> {
    let (operation, mode) = ("queue leave", Mode::Kill);
    let played = |name: &str| absent(operation, mode, &BTreeSet::from([name.to_string()]));
    match (&played("consumer")[..], &played("sleeper")[..]) {
        ([], ["consumer"]) => Ok(format!("one of {operation:?}; the others when they are played")),
        found => Err(format!("{found:?}")),
    }
}

fn row_is_played(row: &Row, trials: &[&dyn Trial]) -> Result<(), String> {
    match row.proof {
        Proof::None("") => Err("gives no reason".into()),
        Proof::None(_) => Ok(()),
        Proof::Stepped { .. } if row.promise.is_empty() => Err("promises nothing".into()),
        Proof::Stepped { operation, modes, .. } => {
            let played = trials.iter().find(|trial| trial.name() == operation);
            let played = played.ok_or(format!("there is no operation {operation:?}"))?;
            match modes.iter().find(|mode| !played.modes().contains(mode)) {
                Some(mode) => Err(format!("{operation:?} is not played in mode {mode}")),
                None if modes.is_empty() => Err("is stepped in no mode and gives no reason".into()),
                None => Ok(()),
            }
        }
    }
}

/// Which roles the rows of an operation name that did not play in it, in this mode.
pub(crate) fn absent(operation: &str, mode: Mode, played: &BTreeSet<String>) -> Vec<&'static str> {
    let named = ROWS.iter().filter_map(|row| match row.proof {
        Proof::Stepped { operation: of, roles, modes } if of == operation && modes.contains(&mode) => {
            Some(roles)
        }
        _ => None,
    });
    let absent: BTreeSet<&str> = named.flatten().copied().filter(|role| !played.contains(*role)).collect();
    absent.into_iter().collect()
}

/// The names of all functions that a header declares: `cyd_` names before an opening parenthesis.
fn functions(header: &str) -> BTreeSet<String> {
    let code = without_macros(&without_comments(header));
    let mut names = BTreeSet::new();
    let mut rest = code.as_str();
    while let Some(start) = rest.find("cyd_") {
        let begins_here = !rest[..start].ends_with(is_name_char);
        let tail = &rest[start..];
        let length = tail.find(|c| !is_name_char(c)).unwrap_or(tail.len());
        if begins_here && tail[length..].trim_start().starts_with('(') {
            names.insert(tail[..length].to_string());
        }
        rest = &tail[length..];
    }
    names
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn without_comments(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some(start) = rest.find("/*") {
        code.push_str(&rest[..start]);
        rest = rest[start..].split_once("*/").map_or("", |(_, after)| after);
        code.push(' ');
    }
    code.push_str(rest);
    let lines = code.lines().map(|line| line.split_once("//").map_or(line, |(before, _)| before));
    lines.collect::<Vec<_>>().join("\n")
}

fn without_macros(code: &str) -> String {
    let joined = code.replace("\\\n", " ");
    let lines = joined.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

fn missing_row_is_named() -> Result<String, String> {
    let header = "/* cyd_not_this(void) */ typedef int32_t cyd_status_t;\n\
        #define cyd_nor_this(x) \\\n cyd_not_that(x)\n// cyd_no(void)\n\
        cyd_status_t cyd_lock_acquire(cyd_lock_t *lock,\n  int64_t timeout_ns);\n\
        typedef void (*cyd_body_fn)(void *);\nconst char *cyd_status_name (cyd_status_t status);\n";
    let found = functions(header);
    let none = Proof::None("returns a constant");
    let row = |function| Row { function, proof: none, promise: "" };
    let complete = [row("cyd_lock_acquire"), row("cyd_status_name")];
    cover(&found, &complete)?;
    expect(cover(&found, &complete[1..]), "cyd_lock_acquire has no row")?;
    expect(cover(&BTreeSet::new(), &complete[..1]), "cyd_lock_acquire is not in the header")?;
    expect(cover(&found, &[complete[0], complete[1], complete[1]]), "cyd_status_name has two rows")?;
    let modes = &[Mode::Kill];
    let proof = Proof::Stepped { operation: "nothing", roles: &["waiter"], modes };
    expect(
        row_is_played(&Row { proof, promise: "p", ..complete[0] }, &[]),
        "there is no operation \"nothing\"",
    )?;
    Ok("two functions found in a sample".into())
}

fn expect(answer: Result<(), String>, fault: &str) -> Result<(), String> {
    match answer {
        Err(why) if why == fault => Ok(()),
        other => Err(format!("expected {fault:?}, got {other:?}")),
    }
}
