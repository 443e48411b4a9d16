//! Two tasks of a pool talk to each other, and come by what they talk through in five ways.
//!
//! There is one queue for each direction: through a single one, each could get back what it has put itself.

use crate::Outcome;
use crate::meeting::{self, LONG, Meeting, Said};
use courtyard::{
    ObjectRef, Pipe, PipeEnd, PipeOptions, Pool, PoolOptions, Queue, QueueOptions, StartMethod, TaskOptions,
    Yard, YardObject, register_entry, register_task,
};
use std::error::Error;
use std::sync::OnceLock;

const QUESTION: &str = "how are you?";
const ANSWER: &str = "well, and you?";
const ONCE: TaskOptions = TaskOptions { retries: 0, time_limit: None };

/// Who speaks: it is a task's input.
const ASKS: u8 = b'?';
const ANSWERS: u8 = b'!';

/// What the two talk through.
struct Line {
    questions: Queue,
    answers: Queue,
}

impl Line {
    fn create(yard: &Yard) -> courtyard::Result<Line> {
        let queue = |name| Queue::create(yard, name, QueueOptions::default());
        Ok(Line { questions: queue("questions")?, answers: queue("answers")? })
    }

    fn open(yard: &Yard) -> courtyard::Result<Line> {
        Ok(Line { questions: Queue::open(yard, "questions")?, answers: Queue::open(yard, "answers")? })
    }

    /// Says what this one has to say; returns what it has heard.
    fn talk(&self, who: &[u8]) -> Said {
        let hear = |queue: &Queue| -> Said { Ok(String::from_utf8(queue.get_vec(LONG)?.0)?) };
        if who == [ASKS] {
            self.questions.put(QUESTION.as_bytes(), LONG)?;
            return hear(&self.answers);
        }
        let question = hear(&self.questions)?;
        self.answers.put(ANSWER.as_bytes(), LONG)?;
        Ok(question)
    }

    /// References to both, as bytes.
    fn to_bytes(&self) -> courtyard::Result<Vec<u8>> {
        Ok(bytemuck::bytes_of(&[self.questions.object_ref()?, self.answers.object_ref()?]).to_vec())
    }

    fn of_bytes(yard: &Yard, bytes: &[u8]) -> Result<Line, Box<dyn Error>> {
        let refs: [ObjectRef; 2] = bytemuck::try_pod_read_unaligned(bytes).map_err(|_| "no references")?;
        Ok(Line { questions: yard.open_ref(&refs[0])?, answers: yard.open_ref(&refs[1])? })
    }
}

/// What an initializer has handed to this worker.
static HANDED: OnceLock<Line> = OnceLock::new();

fn hand_over(name: &[u8]) -> i32 {
    if meeting::come(name) != 0 {
        return 1;
    }
    let line = meeting::yard().ok().and_then(|yard| Line::open(yard).ok());
    i32::from(line.is_none_or(|line| HANDED.set(line).is_err()))
}

pub(crate) fn register() -> courtyard::Result<()> {
    register_entry("hand-over", hand_over)?;
    register_task("talk-by-name", |_, who| -> Said { Line::open(meeting::yard()?)?.talk(who) })?;
    register_task("talk-by-reference", |_, input| -> Said {
        let (who, refs) = input.split_at_checked(1).ok_or("no input")?;
        Line::of_bytes(meeting::yard()?, refs)?.talk(who)
    })?;
    register_task("talk-as-handed-over", |_, who| -> Said {
        HANDED.get().ok_or("nothing was handed over")?.talk(who)
    })?;
    register_task("talk-through-a-pipe", |_, who| -> Said {
        let end = if who == [ASKS] { PipeEnd::First } else { PipeEnd::Second };
        let connection = Pipe::open(meeting::yard()?, "pipe")?.end(end)?;
        if who == [ASKS] {
            connection.send(QUESTION.as_bytes(), LONG)?;
        }
        let heard = String::from_utf8(connection.recv_vec(LONG)?)?;
        if who == [ANSWERS] {
            connection.send(ANSWER.as_bytes(), LONG)?;
        }
        Ok(heard)
    })
}

/// Both tasks; `more` is what they are told besides who they are.
fn converse(what: &str, pool: &Pool, entry: &str, more: &[u8]) -> Outcome {
    let task = |who| pool.submit(entry, &[&[who], more].concat(), &ONCE);
    let both = [task(ANSWERS)?, task(ASKS)?];
    let [question, answer] = both.map(|task| task.result(LONG));
    let (question, answer) = (String::from_utf8(question?)?, String::from_utf8(answer?)?);
    println!("{what}: one heard: {question} the other: {answer}");
    meeting::finish(pool)?;
    if (&*question, &*answer) == (QUESTION, ANSWER) { Ok(()) } else { Err("that is wrong".into()) }
}

/// Workers that are forks of this process have what it has.
fn by_fork() -> Outcome {
    let yard = Yard::anonymous()?;
    let line = Line::create(&yard)?;
    register_task("talk-by-fork", move |_, who| line.talk(who))?;
    let options = PoolOptions { workers: 2, method: StartMethod::Fork, ..PoolOptions::default() };
    converse("by fork", &Pool::create(&yard, "pool", &options)?, "talk-by-fork", &[])
}

pub(crate) fn run() -> Outcome {
    by_fork()?;
    let meeting = Meeting::new("by-name")?;
    Line::create(&meeting.yard)?;
    converse("by name", &meeting.pool(2)?, "talk-by-name", &[])?;

    let meeting = Meeting::new("by-reference")?;
    let line = Line::create(&meeting.yard)?;
    converse("by reference", &meeting.pool(2)?, "talk-by-reference", &line.to_bytes()?)?;

    let meeting = Meeting::new("handed-over")?;
    Line::create(&meeting.yard)?;
    let pool = meeting.pool_that_begins_with("hand-over", 2)?;
    converse("handed over by an initializer", &pool, "talk-as-handed-over", &[])?;

    let meeting = Meeting::new("pipe")?;
    Pipe::create(&meeting.yard, "pipe", PipeOptions { duplex: true, ..PipeOptions::default() })?;
    converse("through a pipe", &meeting.pool(2)?, "talk-through-a-pipe", &[])
}
