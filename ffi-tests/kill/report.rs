//! What a stage reports of one play, as text on a sheet.

use std::fmt::Write;
use std::time::Duration;

use crate::position::{Position, Recording};

/// How a play ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Each promise was kept.
    Held,
    /// A promise was broken, or the operation could not be played.
    Failed(String),
    /// The operation did other instructions than those recorded.
    Drifted(String),
}

/// One play's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// How it ended.
    pub(crate) verdict: Verdict,
    /// What was recorded, if this was a recording.
    pub(crate) recording: Option<Recording>,
    /// How long each role waited.
    pub(crate) waits: Vec<(String, Duration)>,
    /// Who played beside the victim.
    pub(crate) roles: Vec<String>,
}

impl Report {
    /// A report of a failure and nothing else.
    pub(crate) fn failed(why: String) -> Report {
        Report { verdict: Verdict::Failed(why), recording: None, waits: Vec::new(), roles: Vec::new() }
    }

    /// As lines of text.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        for name in &self.roles {
            let _ = writeln!(text, "role {name}");
        }
        for (name, waited) in &self.waits {
            let _ = writeln!(text, "waited {} {name}", waited.as_nanos());
        }
        if let Some(recording) = &self.recording {
            encode_recording(&mut text, recording);
        }
        let _ = match &self.verdict {
            Verdict::Held => writeln!(text, "held"),
            Verdict::Failed(why) => writeln!(text, "failed {}", why.replace('\n', " / ")),
            Verdict::Drifted(why) => writeln!(text, "drifted {}", why.replace('\n', " / ")),
        };
        text
    }

    /// From lines of text; nothing if the verdict is missing, because the writer died before.
    pub(crate) fn decode(text: &str) -> Option<Report> {
        let mut recording: Option<Recording> = None;
        let (mut waits, mut roles) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let verdict = match word {
                "waited" => {
                    let (nanos, name) = rest.split_once(' ')?;
                    waits.push((name.to_string(), Duration::from_nanos(nanos.parse().ok()?)));
                    continue;
                }
                "role" => {
                    roles.push(rest.to_string());
                    continue;
                }
                "recorded" => {
                    let [total, fingerprint] = numbers(rest)?;
                    recording = Some(Recording { total, fingerprint, points: Vec::new() });
                    continue;
                }
                "point" => {
                    recording.as_mut()?.points.push(decode_point(rest)?);
                    continue;
                }
                "held" => Verdict::Held,
                "failed" => Verdict::Failed(rest.to_string()),
                "drifted" => Verdict::Drifted(rest.to_string()),
                _ => return None,
            };
            return Some(Report { verdict, recording, waits, roles });
        }
        None
    }
}

fn encode_recording(text: &mut String, recording: &Recording) {
    let _ = writeln!(text, "recorded {} {}", recording.total, recording.fingerprint);
    for point in &recording.points {
        let Position { number, calls, anchor, visits, steps, unanchored, asleep, rip } = point;
        let asleep = u8::from(*asleep);
        let _ =
            writeln!(text, "point {number} {calls} {anchor} {visits} {steps} {unanchored} {asleep} {rip}");
    }
}

fn decode_point(line: &str) -> Option<Position> {
    let [number, calls, anchor, visits, steps, unanchored, asleep, rip] = numbers(line)?;
    Some(Position { number, calls, anchor, visits, steps, unanchored, asleep: asleep != 0, rip })
}

fn numbers<const N: usize>(line: &str) -> Option<[u64; N]> {
    let all: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    all.try_into().ok()
}
