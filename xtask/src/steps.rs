//! Steps of the protocols that are no matter of ordering. Without any one of them a model must fail.

/// One step, and the source without it.
pub(crate) struct Step {
    pub(crate) file: &'static str,
    /// What is wrong with the mutant.
    pub(crate) says: &'static str,
    /// Each text is there exactly once, and is replaced by the other.
    pub(crate) edits: &'static [(&'static str, &'static str)],
}

const fn step(
    file: &'static str,
    says: &'static str,
    edits: &'static [(&'static str, &'static str)],
) -> Step {
    Step { file, says, edits }
}

const LOCK: &str = "src/sync/lock.rs";
const RLOCK: &str = "src/sync/rlock.rs";
const SEMAPHORE: &str = "src/sync/semaphore.rs";
const EVENT: &str = "src/sync/event.rs";
const RWLOCK: &str = "src/sync/rwlock.rs";
const CONDITION: &str = "src/sync/condition.rs";
const WAIT: &str = "src/sync/wait.rs";
const ENDS: &str = "src/sync/ends.rs";
const COUNT: &str = "src/sync/event_count.rs";
const PERMITS: &str = "src/sync/permits.rs";
const BLOCKS: &str = "src/sync/blocks.rs";
const PLACE: &str = "src/presence/place.rs";
const LEAVING: &str = "src/presence/leaving.rs";
const TALLY: &str = "src/presence/tally.rs";
const SNAPSHOT: &str = "src/sync/snapshot.rs";
const BITS: &str = "src/segment/bits.rs";
const RECORD: &str = "src/lockfree/spsc/record.rs";
const FIXED: &str = "src/lockfree/spsc/fixed.rs";
const INDEX: &str = "src/lockfree/spsc/index.rs";
const CELLS: &str = "src/lockfree/mpmc/mod.rs";
const OWED: &str = "src/lockfree/owed/mod.rs";
const OWED_LAYOUT: &str = "src/lockfree/owed/layout.rs";
const OWED_NEXT: &str = "src/lockfree/owed/next.rs";
const OWED_CLEAR: &str = "src/lockfree/owed/clear.rs";
const BARRIER: &str = "src/sync/barrier.rs";
const MANY: &str = "src/sync/many.rs";
const MOURNER: &str = "src/sync/mourner.rs";
const ASKED: &str = "src/sync/asked.rs";
const HOLDERS: &str = "src/sync/holders.rs";
const SHELF: &str = "src/sync/shelf.rs";
const STACK: &str = "src/sync/stack.rs";
const HEAP: &str = "src/sync/heap.rs";
const CLOSING: &str = "src/sync/closing.rs";
const BUDGET: &str = "src/sync/budget.rs";
const TASK: &str = "src/sync/task.rs";
const ASTRAY: &str = "src/sync/astray.rs";
const HINTS: &str = "src/sync/hints.rs";

/// Steps that a model of many must miss as well: file, what is wrong, and the model.
pub(crate) const IN_CROWDS: &[(&str, &str, &str)] = &[
    (LOCK, "a sleeper does not listen to the owner", "those_who_die_leave_nobody_behind"),
    (
        CELLS,
        "whoever is in the middle of a move counts as dead",
        "many_who_push_and_pop_lose_and_double_nothing",
    ),
    (CELLS, "a cell is free again in the lap it was in", "many_who_push_and_pop_lose_and_double_nothing"),
    (CELLS, "who died with a cell keeps it", "those_who_die_in_a_move_lose_and_double_nothing"),
    (HINTS, "a number for which there was no room is forgotten", "every_task_ends_once_whoever_dies"),
    (
        HINTS,
        "who has found one that was lost says that there are no more",
        "every_task_ends_once_whoever_dies",
    ),
    (TASK, "who waits is told of no end", "every_task_ends_once_whoever_dies"),
];

pub(crate) const STEPS: &[Step] = &[
    step(
        OWED,
        "whoever fills a cell counts as dead",
        &[(
            "seen.state() == Some(State::Filling) && threads.is_dead(seen.token())",
            "seen.state() == Some(State::Filling)",
        )],
    ),
    step(
        OWED,
        "whoever takes what was given back counts as dead",
        &[(
            "seen.state() == Some(State::Taking) && threads.is_dead(seen.token())",
            "seen.state() == Some(State::Taking)",
        )],
    ),
    step(
        OWED,
        "who died filling a cell keeps it",
        &[
            ("                self.mend(cell, seen);\n                seen = self.look(cell);\n", ""),
            ("                    recovered.freed += u32::from(self.mend(cell, seen));\n", ""),
        ],
    ),
    step(OWED, "debts live on when their message comes again", &[("if item.again {", "if false {")]),
    step(
        OWED,
        "whoever takes what comes again ends his own debt too",
        &[(".filter(|index| Some(*index) != but)", ".filter(|_| but.is_none() || but.is_some())")],
    ),
    step(
        OWED,
        "a dead one's debt comes back, although the ring has the message",
        &[("if ring.has(self.position(cell)) {", "if false {")],
    ),
    step(
        OWED,
        "a dead one's debt ends, although the ring has the message no more",
        &[("if ring.has(self.position(cell)) {", "if true {")],
    ),
    step(
        OWED,
        "nobody says that something is back",
        &[("        if given {\n            self.raise();\n        }\n", "")],
    ),
    step(
        OWED,
        "that nothing is back is said whatever was said meanwhile",
        &[(
            "fn lower(&self, told: u64) {",
            "fn lower(&self, _: u64) {\n        let told = self.memory.load(Word::Back, Ordering::Relaxed);",
        )],
    ),
    step(
        OWED,
        "the ring's cell is given up before the message is owed",
        &[(
            "    let ticket = filling.commit(by);\n    finish(debts, reading, Some(index));\n    ticket\n",
            "    finish(debts, reading, Some(index));\n    filling.commit(by)\n",
        )],
    ),
    step(
        OWED,
        "who joins looks at the debts before he looks at the ring",
        &[(
            "in_ring(ring).all(is_later) && self.positions().all(is_later)",
            "self.positions().all(is_later) && in_ring(ring).all(is_later)",
        )],
    ),
    step(
        OWED_LAYOUT,
        "a cell has one stay for ever",
        &[("(self.0 >> STAY_SHIFT).wrapping_add(1) & STAY;", "self.0 >> STAY_SHIFT;")],
    ),
    step(
        OWED_NEXT,
        "empty is said although something came back meanwhile",
        &[("if Debts::<M>::is_same(told, debts.told()) {", "if true {")],
    ),
    step(
        OWED_CLEAR,
        "what is owed is looked at before the ring",
        &[(
            "        let (over, all) = ring.settle(from, most);\n        let is_clear = all && debts.has_none();\n",
            "        let none = debts.has_none();\n        let (over, all) = ring.settle(from, most);\n        let is_clear = all && none;\n",
        )],
    ),
    step(
        OWED_CLEAR,
        "what is owed is not looked at",
        &[("let is_clear = all && debts.has_none();", "let is_clear = all;")],
    ),
    step(
        OWED_CLEAR,
        "nobody looks whether somebody has come since",
        &[("clear != UNKNOWN && ring.settle(clear, 1) == (clear, true)", "clear != UNKNOWN")],
    ),
    step(
        BUDGET,
        "the bound follows what was put",
        &[(
            "        self.bound.store(bound.saturating_add(len), Ordering::Relaxed); // Relaxed: the lock orders it\n        step();\n        let done = put();\n",
            "        let done = put();\n        step();\n        self.bound.store(bound.saturating_add(len), Ordering::Relaxed);\n",
        )],
    ),
    step(
        BUDGET,
        "what was put is not in the bound",
        &[("self.bound.store(bound.saturating_add(len), ", "self.bound.store(bound, ")],
    ),
    step(BUDGET, "what is there is not added up", &[("        if fits(bound) {\n", "        if true {\n")]),
    step(
        BUDGET,
        "nobody adds up again",
        &[("        let load = add_up();\n", "        let load = Load { bytes: bound, ..add_up() };\n")],
    ),
    step(
        BUDGET,
        "what is in hands counts as room",
        &[(
            "bytes if fits(bytes) => Ok(bytes),",
            "bytes if fits(bytes.saturating_sub(load.in_hand)) => Ok(bytes),",
        )],
    ),
    step(
        BUDGET,
        "what is in hands counts as full",
        &[("Err(NoRoom::Held(load.holder)),", "Err(NoRoom::Full),")],
    ),
    step(
        CELLS,
        "whoever is in the middle of a move counts as dead",
        &[("state == State::Retaken || !holders.is_dead(seen.slot())", "state == State::Retaken")],
    ),
    step(
        CELLS,
        "who died with a cell keeps it",
        &[
            ("Some(State::Writing) => recovered.dropped += u32::from(self.repair(cell, seen)),", ""),
            ("        self.repair(cell, seen);\n        true", "        true"),
        ],
    ),
    step(
        CELLS,
        "what a dead popper had is not said to come again",
        &[("        self.raise();\n        // Relaxed", "        // Relaxed")],
    ),
    step(
        CELLS,
        "whoever asks what a cell holds is told of full ones only",
        &[(
            "if into.len() > self.memory.room() || !is_item(self.look(cell)) {",
            "if into.len() > self.memory.room() || self.look(cell).state() != Some(State::Full) {",
        )],
    ),
    step(CELLS, "what was put back is not said to come again", &[("        self.ring.raise();\n", "")]),
    step(
        CELLS,
        "a pop looks for what is to come again, and forgets who has it",
        &[("Some(State::Reading | State::Retaken) => held = Some(seen.slot()),", "")],
    ),
    step(
        CELLS,
        "what comes again is not flagged",
        &[("len: seen.len(), again: !seen.is_unseen() }", "len: seen.len(), again: false }")],
    ),
    step(
        CELLS,
        "a pop goes past who is writing",
        &[(
            "                        return Err(NoPop::Busy(Some(seen.slot())));\n                    }\n                }\n                (Sight::Here, State::Free) => return Ok(None),",
            "                        position = self.shape.next(position);\n                    }\n                }\n                (Sight::Here, State::Free) => return Ok(None),",
        )],
    ),
    step(
        CELLS,
        "a cell is free again in the lap it was in",
        &[(
            "let item = self.item();\n        let free = Ctl::new(self.ring.shape.next_lap(self.spot.lap),",
            "let item = self.item();\n        let free = Ctl::new(self.spot.lap,",
        )],
    ),
    step(CONDITION, "a notifier wakes nobody", &[("    wake(&cell.state, 1);\n    true", "    true")]),
    step(
        CONDITION,
        "a notifier does not look whether the notified one lives",
        &[("matches!(owners.standing(token), Standing::Dead) && change", "false && change")],
    ),
    step(
        CONDITION,
        "the newest are notified first",
        &[(
            "line.sort_unstable_by_key(|(rank, _)| *rank);",
            "line.sort_unstable_by_key(|(rank, _)| !*rank);",
        )],
    ),
    step(
        CONDITION,
        "what a dead one was notified of is nobody's",
        &[("Standing::Dead => self.mourn(cell, token, me, owners),", "Standing::Dead => {}")],
    ),
    step(
        CONDITION,
        "who clears up passes nothing on",
        &[("                self.notify(1, owners);\n                step();", "                step();")],
    ),
    step(
        CONDITION,
        "who clears up does not say so",
        &[("let clearing = dead.0 | NOTIFIED | WAITING;", "let clearing = dead.0 | NOTIFIED;")],
    ),
    step(
        CONDITION,
        "the lock is released before the wait begins",
        &[
            (
                "        let Some(cell) = self.enter(me, owners) else",
                "        let released = release();\n        let Some(cell) = self.enter(me, owners) else",
            ),
            ("match release() {", "match released {"),
        ],
    ),
    step(
        CONDITION,
        "who is refused the release takes the notification along",
        &[("                    self.notify(1, owners); // somebody else was meant\n", "")],
    ),
    step(
        CONDITION,
        "a sleeper does not listen to the others",
        &[("                    crowd.add(watch);\n", ""), ("            owners.others(&mut crowd);\n", "")],
    ),
    step(
        CONDITION,
        "a timeout ends the wait of a notified one",
        &[(
            "Ordering::Acquire).is_ok() // edge: notice",
            "Ordering::Acquire).is_ok() || true // edge: notice",
        )],
    ),
    step(LOCK, "who leaves the slow path wakes nobody", &[("if slept {\n", "if false && slept {\n")]),
    step(
        LOCK,
        "a release wakes nobody",
        &[(
            "        if word & WAITERS != 0 {\n            wake(&self.0, 1);\n        }\n        Ok(())",
            "        Ok(())",
        )],
    ),
    step(LOCK, "who has slept takes without WAITERS", &[("            stamp |= WAITERS;\n", "")]),
    step(
        LOCK,
        "who sleeps does not say so",
        &[
            ("value: word | WAITERS }", "value: word }"),
            ("if !self.announce(word) {", "if false && !self.announce(word) {"),
        ],
    ),
    step(
        LOCK,
        "a sleeper does not listen to the owner",
        &[(
            "                        alive.map(|watch| crowd.add(watch));\n",
            "                        let _ = alive;\n",
        )],
    ),
    step(
        LOCK,
        "a sleeper does not listen to the others",
        &[("            owners.others(&mut crowd);\n", "")],
    ),
    step(LOCK, "a release forgets SUSPECT", &[("word & SUSPECT, Ordering::Release", "0, Ordering::Release")]),
    step(
        LOCK,
        "a living owner is robbed",
        &[("Some(_) => return Err(ErrorKind::Busy),", "Some(owner) => Some(owner),")],
    ),
    step(LOCK, "a repaired lock stays suspect", &[("word & !SUSPECT, ", "word, ")]),
    step(
        LOCK,
        "a sweeper frees a lock without a mark",
        &[("compare_exchange(word, SUSPECT, ", "compare_exchange(word, 0, ")],
    ),
    step(
        LOCK,
        "a sweeper frees a lock whoever holds it",
        &[("if Token::of(word) != Some(dead) {", "if Token::of(word).is_none() || dead.0 == 0 {")],
    ),
    step(
        LOCK,
        "a sweeper wakes nobody",
        &[(
            "                if word & WAITERS != 0 {\n                    wake(&self.0, 1);\n                }\n",
            "",
        )],
    ),
    step(
        RLOCK,
        "who re-enters does not count",
        &[
            ("            self.deepen()?;\n", ""),
            ("Some(Got::Clean) => self.deepen().is_ok(),", "Some(Got::Clean) => true,"),
        ],
    ),
    step(
        RLOCK,
        "an inner release frees the lock",
        &[
            ("            deeper => {\n", "            deeper if deeper > u32::MAX - 1 => {\n"),
            ("            1 => self.end(token),\n", "            1.. => self.end(token),\n"),
        ],
    ),
    step(
        RLOCK,
        "the first taking does not set the count",
        &[("        self.count.store(1, Ordering::Relaxed);\n", "")],
    ),
    step(
        RLOCK,
        "the owner waits for himself",
        &[(
            "if let Some(got) = self.word.held_by(token) {",
            "if let Some(got) = self.word.held_by(token).filter(|_| false) {",
        )],
    ),
    step(
        RLOCK,
        "news are told once",
        &[(
            "            Some(Got::Suspect) => false,\n",
            "            Some(Got::Suspect) => self.deepen().is_ok(),\n",
        )],
    ),
    step(
        SEMAPHORE,
        "who leaves the slow path wakes nobody",
        &[("if mark != 0 && result != Ok(0) {", "if false && mark != 0 && result != Ok(0) {")],
    ),
    step(SEMAPHORE, "a release wakes nobody", &[("            self.wake_sleepers(count, bell);\n", "")]),
    step(
        SEMAPHORE,
        "a release wakes one, whatever it releases",
        &[("wake(&self.0, count);", "wake(&self.0, count.min(1));")],
    ),
    step(
        SEMAPHORE,
        "who has slept takes without WAITERS",
        &[("            mark = WAITERS;\n", "            mark = 0;\n")],
    ),
    step(
        SEMAPHORE,
        "who sleeps does not say so",
        &[("value: WAITERS }", "value: 0 }"), ("            if self.announce() {", "            if true {")],
    ),
    step(
        SEMAPHORE,
        "a sleeper does not listen to the others",
        &[("            owners.others(&mut crowd);\n", "")],
    ),
    step(
        SEMAPHORE,
        "a permit is there for two",
        &[("let next = (word - 1) | mark;", "let next = (word - u32::from(mark == 0 && word > 1)) | mark;")],
    ),
    step(
        ENDS,
        "a sleeper does not sleep on what may end its wait",
        &[(
            "            add(end.arm().ok_or(end.kind())?);\n",
            "            end.arm().ok_or(end.kind())?;\n",
        )],
    ),
    step(
        EVENT,
        "a sleeper does not say so to what may end its wait",
        &[(
            "            if self.announce(word) {\n                return Some(self.announced(word));",
            "            if word == word {\n                return Some(Watch { word: &self.0, value: word });",
        )],
    ),
    step(
        ENDS,
        "the newest scope alone counts",
        &[("self.scopes.iter().flatten().map(", "self.scopes.iter().flatten().rev().take(1).map(")],
    ),
    step(WAIT, "who hears of a death tells nobody", &[("        relay(alive);\n", "")]),
    step(COUNT, "a notifier wakes nobody", &[("                    wake(&self.0, u32::MAX);\n", "")]),
    step(COUNT, "a notifier wakes one", &[("wake(&self.0, u32::MAX)", "wake(&self.0, 1)")]),
    step(COUNT, "the epoch stands still", &[("(word & !SLEEPING).wrapping_add(EPOCH)", "word & !SLEEPING")]),
    step(COUNT, "a sleeper does not set the bit", &[("while word & SLEEPING == 0 {", "while false {")]),
    step(
        PLACE,
        "the generation is looked at before the alive word",
        &[
            ("    let value = alive.load(", "    let place = word.load();\n    let value = alive.load("),
            ("match word.load() {", "match place {"),
        ],
    ),
    step(PLACE, "the generation is not looked at", &[("p.generation == token.generation() && ", "")]),
    step(PLACE, "the alive word is not looked at", &[(" && value & ALIVE_TID != 0", "")]),
    step(PLACE, "a place that is taken is taken again", &[(".filter(|p| p.state == State::Free)", "")]),
    step(
        PLACE,
        "a move is made by whoever tries",
        &[("Ordering::Relaxed).is_ok()", "Ordering::Relaxed).is_ok() || true")],
    ),
    step(
        LEAVING,
        "a thread's place changes before anybody says that it leaves",
        &[(
            "        self.note(thread, from, now & !DIED | u64::from(died));\n        thread.change(from, to)\n",
            "        let changed = thread.change(from, to);\n        self.note(thread, from, now & !DIED | u64::from(died));\n        changed\n",
        )],
    ),
    step(
        LEAVING,
        "nobody says that a thread leaves",
        &[(
            "        self.note(thread, from, now & !DIED | u64::from(died));\n",
            "        let _ = (now, died);\n",
        )],
    ),
    step(
        LEAVING,
        "nobody says how a thread leaves",
        &[("now & !DIED | u64::from(died));", "now & !u64::from(died));")],
    ),
    step(
        LEAVING,
        "that a thread leaves takes the place of whatever was said",
        &[(
            "        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Acquire, noted);",
            "        let _ = noted(0).map(|left| self.0.swap(left, Ordering::Relaxed));",
        )],
    ),
    step(
        LEAVING,
        "that a thread has died is said of who has the entry by now",
        &[("(thread.load() == Some(from)).then_some(left);", "Some(left);\n        let _ = (thread, from);")],
    ),
    step(
        LEAVING,
        "a new holder begins with what the last one said",
        &[("        self.0.swap(u64::from(to.generation) << 1, Ordering::Release);", "")],
    ),
    step(LEAVING, "a new holder begins as the last one did", &[("u64::from(to.generation) << 1", "0")]),
    step(
        LEAVING,
        "a new holder moves in before he begins",
        &[
            (
                "    pub(crate) fn begin(&self, entry: &PlaceWord, from: Place, to: Place) -> bool {\n",
                "    pub(crate) fn begin(&self, entry: &PlaceWord, from: Place, to: Place) -> bool {\n        let changed = entry.change(from, to);\n",
            ),
            ("        entry.change(from, to)\n", "        changed\n"),
        ],
    ),
    step(
        LEAVING,
        "who has left is mourned",
        &[("mourned |= thread.load() == Some(place)", "mourned |= true")],
    ),
    step(
        LEAVING,
        "who has died is not mourned",
        &[("mourned |= thread.load() == Some(place)", "mourned |= false")],
    ),
    step(
        LEAVING,
        "what was said is looked at before the threads are",
        &[
            (
                "        let mut mourned = false;\n",
                "        let mut mourned = false;\n        let left = self.lately(now);\n",
            ),
            ("{ self.lately(now) }", "{ left }"),
        ],
    ),
    step(LEAVING, "who has lost no thread is leaving", &[("left >= EARLIEST && ", "")]),
    step(
        LEAVING,
        "who has lost a thread is leaving for ever",
        &[(
            "now().wrapping_sub(left & !DIED) < lately",
            "{\n            let _ = (now, lately);\n            true\n        }",
        )],
    ),
    step(
        LEAVING,
        "who has left and who has died are looked for as long",
        &[("if died { DYING_NS } else { LEAVING_NS }", "DYING_NS.max(LEAVING_NS)")],
    ),
    step(LEAVING, "who died just now may not be dying", &[("left & !DIED)", "left)")]),
    step(
        TALLY,
        "of two who add at the same time one is forgotten",
        &[(
            "        let all = self.asleep.fetch_add(asleep, Ordering::Relaxed).wrapping_add(asleep);\n",
            "        let all = self.asleep.load(Ordering::Relaxed).wrapping_add(asleep);\n        self.asleep.store(all, Ordering::Relaxed);\n",
        )],
    ),
    step(
        TALLY,
        "each sleep counts by itself",
        &[(
            "        let all = self.asleep.fetch_add(asleep, Ordering::Relaxed).wrapping_add(asleep);\n",
            "        let all = asleep;\n",
        )],
    ),
    step(
        TALLY,
        "nobody looks when the last sweep was",
        &[(
            "all >= slice && self.swept_at.load(Ordering::Relaxed) + slice <= now()",
            "{\n            let _ = now;\n            all >= slice\n        }",
        )],
    ),
    step(
        TALLY,
        "a sweep does not say when it was",
        &[("        self.swept_at.store(now, Ordering::Relaxed);\n", "        let _ = now;\n")],
    ),
    step(TALLY, "a sweep forgets nothing", &[("        self.asleep.store(0, Ordering::Relaxed);\n", "")]),
    step(
        TALLY,
        "a sweep begins when it has ended",
        &[("        self.begin(now);\n        sweep();\n", "        sweep();\n        self.begin(now);\n")],
    ),
    step(
        BITS,
        "a place is given away under the old generation",
        &[("self.generation.wrapping_add(1) & GENERATION_MASK", "self.generation & GENERATION_MASK")],
    ),
    step(
        RECORD,
        "a record is published before its bytes are written",
        &[(
            "        self.bytes.words_in(self.fill.tail.wrapping_add(HEADER), payload);\n        \
         self.bytes.set_word(self.fill.tail, DATA | payload.len() as u64);\n        self.fill.stage(need);\n",
            "        let at = self.fill.tail;\n        self.bytes.set_word(at, DATA | payload.len() as u64);\n        \
         self.fill.stage(need);\n        self.publish();\n        \
         self.bytes.words_in(at.wrapping_add(HEADER), payload);\n",
        )],
    ),
    step(
        RECORD,
        "a record is released before it is read",
        &[(
            "        let record = self.peek()?;\n        if record.len == buffer.len() {",
            "        let record = self.peek()?;\n        self.drain.take(self.usual.footprint);\n        self.release();\n        \
         self.drain.cursor = record.position;\n        if record.len == buffer.len() {",
        )],
    ),
    step(RECORD, "the rest of the lap is not filled", &[("if total > need {", "if false && total > need {")]),
    step(
        FIXED,
        "an element is published before its bytes are written",
        &[(
            "        self.bytes.put(at, element);\n        self.fill.stage(1);",
            "        self.fill.stage(1);\n        self.publish();\n        self.bytes.put(at, element);",
        )],
    ),
    step(
        INDEX,
        "a successor begins where the producer sees the reader",
        &[(
            "words.acked.0.load(Ordering::Relaxed);\n        let tail",
            "words.head.0.load(Ordering::Relaxed);\n        let tail",
        )],
    ),
    step(
        INDEX,
        "what a dead reader may have seen is not flagged",
        &[("if died { tail } else { acked }", "acked")],
    ),
    step(INDEX, "what nobody can have seen is flagged", &[(".cast_signed() > 0", ".cast_signed() >= 0")]),
    step(
        INDEX,
        "a release is not recorded",
        &[("words.acked.0.store(self.cursor, ", "words.acked.0.store(self.head, ")],
    ),
    step(
        INDEX,
        "a producer waits for the lumps",
        &[("words.acked.0.load(Ordering::Acquire); // edge: ack", "words.head.0.load(Ordering::Acquire);")],
    ),
    step(
        INDEX,
        "no lump is given back",
        &[(
            "if self.cursor.wrapping_sub(self.head) >= ",
            "if false && self.cursor.wrapping_sub(self.head) >= ",
        )],
    ),
    step(
        SNAPSHOT,
        "a writer writes the copy that is the value",
        &[(
            "racing_in(self.snapshot.copy(self.version), from)",
            "racing_in(self.snapshot.copy(self.version ^ 1), from)",
        )],
    ),
    step(
        SNAPSHOT,
        "a value is published before it is written",
        &[(
            "        draft.fill(from);\n        draft.publish();",
            "        self.draft().publish();\n        Draft { version: draft.version, snapshot: *self }.fill(from);",
        )],
    ),
    step(
        SNAPSHOT,
        "a reader does not look at the version again",
        &[("self.head.version.load(Ordering::Relaxed) == version", "let _ = version;\n        true")],
    ),
    step(
        SNAPSHOT,
        "a writer does not count",
        &[("version.load(Ordering::Relaxed).wrapping_add(1)", "version.load(Ordering::Relaxed) | 1")],
    ),
    step(
        LOCK,
        "what is declared whole stays suspect",
        &[("compare_exchange(SUSPECT, 0, ", "compare_exchange(0, 0, ")],
    ),
    step(
        PERMITS,
        "a release of the hinted one wakes nobody",
        &[("            self.gate.event.notify_after_rmw(self.bell);\n", "")],
    ),
    step(
        PERMITS,
        "a release of several wakes nobody",
        &[("        if left < count {\n            self.gate.event.notify(self.bell);\n        }\n", "")],
    ),
    step(
        PERMITS,
        "a living holder is robbed",
        &[(
            "Standing::Dead => seen.changed |= self.bury(word, cell, parties.processes),",
            "_ if true => seen.changed |= self.bury(word, cell, parties.processes),\n                Standing::Dead => {}",
        )],
    ),
    step(
        PERMITS,
        "a dead holder keeps its permits",
        &[(
            "Standing::Dead => seen.changed |= self.bury(word, cell, parties.processes),",
            "Standing::Dead => {}",
        )],
    ),
    step(
        PERMITS,
        "a sleeper does not listen to the holders",
        &[(
            "                    alive.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));\n",
            "                    let _ = alive;\n",
        )],
    ),
    step(
        PERMITS,
        "a sleeper looks before it says that it sleeps",
        &[
            (
                "            let mut crowd = Crowd::new(self.gate.event.prepare());\n            if self.grab(claim) {\n                return Ok(());\n            }\n",
                "            if self.grab(claim) {\n                return Ok(());\n            }\n",
            ),
            (
                "            // Whatever ends the wait:",
                "            let mut crowd = Crowd::new(self.gate.event.prepare());\n            // Whatever ends the wait:",
            ),
            ("Some(&mut crowd));\n            if seen.changed", "None);\n            if seen.changed"),
        ],
    ),
    step(PERMITS, "a commit is forgotten", &[("self.gate.commit.load(Ordering::Relaxed) != 0;", "false;")]),
    step(
        PERMITS,
        "a collector never commits",
        &[(
            "            self.gate.commit.store(parties.me.0, Ordering::Relaxed); // Relaxed: read by holders of the lock only\n",
            "",
        )],
    ),
    step(
        PERMITS,
        "a commit stays for the next collector",
        &[("        self.gate.commit.store(0, Ordering::Relaxed);\n", "")],
    ),
    step(
        PERMITS,
        "a collector does not settle for the dead one before it",
        &[("            self.settle(); // for the last collector, who died\n", "")],
    ),
    step(
        PERMITS,
        "a taker does not settle for a dead collector",
        &[(
            "                self.settle();\n                let _ = lock.repaired(parties.me.0);\n",
            "                let _ = lock.repaired(parties.me.0);\n",
        )],
    ),
    step(
        PERMITS,
        "a sleeper does not listen to the collector",
        &[(
            "                    watch.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));\n                    return true;\n",
            "                    let _ = (watch, crowd);\n                    return true;\n",
        )],
    ),
    step(BLOCKS, "a free wakes nobody", &[("        self.gate.freed.notify_after_rmw(&());\n", "")]),
    step(
        BITS,
        "a block that was freed keeps its generation",
        &[(
            "self.generation.wrapping_add(1) & BLOCK_GENERATION_MASK",
            "self.generation & BLOCK_GENERATION_MASK",
        )],
    ),
    step(
        BLOCKS,
        "a dead owner keeps its blocks",
        &[("Standing::Dead => seen.changed |= self.mourn(token, keeper),", "Standing::Dead => {}")],
    ),
    step(
        BLOCKS,
        "a living owner is robbed",
        &[(
            "Standing::Dead => seen.changed |= self.mourn(token, keeper),",
            "_ if !collecting => seen.changed |= self.mourn(token, keeper),\n                Standing::Dead => {}",
        )],
    ),
    step(
        BLOCKS,
        "a dead offerer keeps what he offered",
        &[(
            "                Use::Owned | Use::Offered | Use::Linked if seen.token != process.0 => false,\n",
            "                Use::Offered => false,\n                Use::Owned | Use::Linked if seen.token != process.0 => false,\n",
        )],
    ),
    step(
        BLOCKS,
        "what a cell names is freed with its dead owner",
        &[(
            "                Use::Owned | Use::Linked if self.is_named(at, record, seen, keeper) => false,\n",
            "",
        )],
    ),
    step(
        BLOCKS,
        "a linked block does not say where it is named",
        &[(
            "        record.link.store(link.0, Ordering::Relaxed); // Relaxed: see `Record::link`\n        step();\n",
            "        let _ = (link, step);\n",
        )],
    ),
    step(
        BLOCKS,
        "who was ever linked is named for ever",
        &[(
            "link.object() != 0 && keeper.names(link, self.handle(at, seen.generation))",
            "link.object() != 0 && (true || keeper.names(link, self.handle(at, seen.generation)))",
        )],
    ),
    step(
        BLOCKS,
        "a claimed block keeps its giver's token",
        &[(
            "            let (from, to) = (seen.pack(), seen.to(Use::Owned, me).pack());\n            let got = record.word.compare_exchange(from, to, Ordering::Release",
            "            let (from, to) = (seen.pack(), seen.to(Use::Owned, seen.token.max(me.min(1))).pack());\n            let got = record.word.compare_exchange(from, to, Ordering::Release",
        )],
    ),
    step(
        BLOCKS,
        "a sleeper does not listen to the owners",
        &[(
            "                    alive.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));\n",
            "                    let _ = alive;\n",
        )],
    ),
    step(
        BLOCKS,
        "a sleeper does not see what became free while it looked",
        &[("            seen.changed |= side_by_side >= want.count; // it was not there a moment ago\n", "")],
    ),
    step(
        BLOCKS,
        "a sleeper looks before it says that it sleeps",
        &[
            (
                "            let mut crowd = Crowd::new(self.gate.freed.prepare());\n            if let Some(got) = attempt() {\n                return Ok(got);\n            }\n",
                "            if let Some(got) = attempt() {\n                return Ok(got);\n            }\n",
            ),
            (
                "            // Whatever ends the wait:",
                "            let mut crowd = Crowd::new(self.gate.freed.prepare());\n            // Whatever ends the wait:",
            ),
            ("Some(&mut crowd));\n            if seen.changed", "None);\n            if seen.changed"),
        ],
    ),
    step(
        BLOCKS,
        "a run that comes to nothing wakes nobody",
        &[(
            "                    self.gate.freed.notify(&());\n                    return Err(number);",
            "                    return Err(number);",
        )],
    ),
    step(
        BLOCKS,
        "a run that comes to nothing is kept",
        &[("                    self.dissolve(at, collecting);\n", "")],
    ),
    step(BLOCKS, "a freed run keeps its parts", &[("                part.vacate(seen);\n", "")]),
    step(
        BLOCKS,
        "who finishes frees the parts of any run",
        &[(
            "seen.used == Use::Part && part.run() == key",
            "seen.used == Use::Part && (true || part.run() == key)",
        )],
    ),
    step(
        BLOCKS,
        "nobody helps",
        &[("seen.used == Use::Dissolving && self.finish(at, seen);", "false && self.finish(at, seen);")],
    ),
    step(
        BLOCKS,
        "a part joins before it says whose it is",
        &[
            ("        self.run.store(key, Ordering::Relaxed); // Relaxed: ordered by the swap\n", ""),
            (
                "Ordering::Release, Ordering::Relaxed); // edge: part",
                "Ordering::Release, Ordering::Relaxed); // edge: part\n        self.run.store(key, Ordering::Relaxed);",
            ),
        ],
    ),
    step(
        BLOCKS,
        "what a dead collector had is kept",
        &[(
            "Standing::Dead if collecting => seen.changed |= self.abandon(token),",
            "Standing::Dead if collecting => {}",
        )],
    ),
    step(EVENT, "a set wakes nobody", &[("            self.wake_sleepers(sleepers, bell);\n", "")]),
    step(EVENT, "a set does not count", &[(".wrapping_add(EVENT_EPOCH)", "")]),
    step(EVENT, "a set that was cleared is missed", &[(" || epoch_of(word) != self.0", "")]),
    step(
        EVENT,
        "who has slept consumes without WAITERS",
        &[("            mark = EVENT_WAITERS; // from now on we may have slept, and others may sleep\n", "")],
    ),
    step(
        EVENT,
        "a sleeper does not listen to the others",
        &[("            owners.others(&mut crowd);\n", "")],
    ),
    step(
        EVENT,
        "who sleeps does not say so",
        &[
            ("let announced = word | EVENT_WAITERS;", "let announced = word;"),
            ("value: word | EVENT_WAITERS }", "value: word }"),
        ],
    ),
    step(
        RWLOCK,
        "a reader does not look at the writers' lock",
        &[("if !self.head.writer.is_free() {", "if false {")],
    ),
    step(
        RWLOCK,
        "who leaves a cell wakes nobody",
        &[("        self.head.drained.notify_after_rmw(&());\n", "")],
    ),
    step(
        RWLOCK,
        "a living reader is robbed",
        &[(
            "Standing::Dead => seen.changed |= !cell.free(word),",
            "_ if true => seen.changed |= !cell.free(word),\n                Standing::Dead => {}",
        )],
    ),
    step(
        RWLOCK,
        "a dead reader is waited for",
        &[("Standing::Dead => seen.changed |= !cell.free(word),", "Standing::Dead => seen.inside = true,")],
    ),
    step(
        RWLOCK,
        "a writer does not listen to the readers",
        &[(
            "                    watch.zip(crowd.as_mut()).map(|(watch, crowd)| crowd.add(watch));\n",
            "                    let _ = (watch, &mut crowd);\n",
        )],
    ),
    step(
        RWLOCK,
        "a writer does not listen to the others",
        &[("            owners.others(&mut crowd);\n", "")],
    ),
    step(
        RWLOCK,
        "a writer looks before it says that it sleeps",
        &[(
            "            let mut crowd = Crowd::new(self.head.drained.prepare());\n            let seen = self.survey(owners, Some(&mut crowd));\n",
            "            let seen = self.survey(owners, None);\n            let mut crowd = Crowd::new(self.head.drained.prepare());\n",
        )],
    ),
    step(
        RWLOCK,
        "a writer does not wait for readers",
        &[("match self.drain(owners, wait) {", "match Ok::<(), ErrorKind>(()) {")],
    ),
    step(
        RWLOCK,
        "a dead writer is not told",
        &[("            self.head.dirty.store(1, Ordering::Relaxed);\n", "")],
    ),
    step(
        RWLOCK,
        "a writer that has not written is told",
        &[("if self.head.active.load(Ordering::Relaxed) != 0 {", "if true {")],
    ),
    step(
        RWLOCK,
        "a writer does not say that it may write",
        &[(
            "        self.head.active.store(me, Ordering::Relaxed); // Relaxed: read by holders of the lock only\n",
            "",
        )],
    ),
    step(
        RWLOCK,
        "a writer does not say that it is done",
        &[(
            "        self.head.active.store(0, Ordering::Relaxed); // Relaxed: the release publishes it\n",
            "",
        )],
    ),
    step(
        RWLOCK,
        "what is declared whole stays dirty",
        &[(
            "        self.head.dirty.store(0, Ordering::Relaxed); // Relaxed: the release that follows publishes it\n",
            "",
        )],
    ),
    step(
        RWLOCK,
        "who reads already waits for a writer",
        &[(
            "self.find(me).and_then(|at| Some((at, self.cells.get(at)?)))",
            "self.find(me).and_then(|at| Some((at, self.cells.get(at)?))).filter(|_| false)",
        )],
    ),
    step(
        RWLOCK,
        "who reads again does not count",
        &[(
            "            cell.count(cell.glimpse().checked_add(AGAIN).ok_or(ErrorKind::Range)?);\n",
            "            let _ = AGAIN;\n",
        )],
    ),
    step(
        RWLOCK,
        "a reader that would write waits for itself",
        &[("if self.find(me).is_some() {", "if false {")],
    ),
    step(
        RWLOCK,
        "a dead reader's cell is for nobody else",
        &[("freed |= word == 0 || dead && cell.free(word);", "freed |= word == 0 || dead && false;")],
    ),
    step(
        BARRIER,
        "who makes a trip wakes nobody",
        &[("            self.head.event.notify_after_rmw(&());\n", "")],
    ),
    step(BARRIER, "who breaks it wakes nobody", &[("            self.head.event.notify(&());\n", "")]),
    step(
        BARRIER,
        "who sleeps does not look again at those who came",
        &[("if self.arrived(state) != seen.arrived || self.declared() != seen.declared {", "if false {")],
    ),
    step(
        BARRIER,
        "who sleeps does not look at the state again",
        &[(
            "            if seen.changed || self.load() != state {\n                continue;",
            "            if seen.changed {\n                continue;",
        )],
    ),
    step(
        BARRIER,
        "a dead party is waited for",
        &[(
            "                    self.lose_arrived(state, at, thread, parties);\n                    seen.changed = true;\n                    return seen;",
            "                    seen.doubt = true;",
        )],
    ),
    step(
        BARRIER,
        "a dead declared party is waited for",
        &[(
            "                    self.lose_declared(state, at, process, parties);\n                    seen.changed = true;\n                    return seen;",
            "                    seen.doubt = true;",
        )],
    ),
    step(
        BARRIER,
        "nobody is told of a reset",
        &[("state.arrived(word).into_iter().for_each(|thread| self.tell(thread, state));", "")],
    ),
    step(
        BARRIER,
        "a reset closes no cells",
        &[(
            "if cell.compare_exchange(word, closed, Ordering::Relaxed, Ordering::Relaxed).is_ok() {",
            "if closed != 0 {",
        )],
    ),
    step(
        BARRIER,
        "a cell is taken whoever has it",
        &[("            if !state.may_take(word) {\n                continue;\n            }\n", "")],
    ),
    step(
        BARRIER,
        "an action that fails makes the trip",
        &[(
            "let acted = action.take().is_some_and(|action| action());",
            "let acted = action.take().is_none_or(|action| action() || true);",
        )],
    ),
    step(
        BARRIER,
        "two of a trip run their action",
        &[(
            "        if !self.change(state, acting) {\n            return None;\n        }\n",
            "        let _ = self.change(state, acting);\n",
        )],
    ),
    step(
        BARRIER,
        "a break undoes a trip",
        &[(
            "            return if self.was_told(visit.me, arrived) {",
            "            return if !state.is_whole() || self.was_told(visit.me, arrived) {",
        )],
    ),
    step(
        BARRIER,
        "the place of a dead one stays taken",
        &[("        step();\n        self.leave_at(at as usize, dead);\n", "        step();\n")],
    ),
    step(
        BARRIER,
        "who clears up writes no name",
        &[(
            "                self.find_name(state, parties); // who broke it may have died before he wrote the name\n",
            "",
        )],
    ),
    step(
        BARRIER,
        "who comes leaves a reset to who began it",
        &[(
            "                Phase::Resetting => {\n                    self.finish(state, parties);\n                    continue;\n                }\n",
            "                Phase::Resetting => {}\n",
        )],
    ),
    step(
        RWLOCK,
        "who settles forgets the dead writer before it says that there was one",
        &[(
            "            self.head.dirty.store(1, Ordering::Relaxed);\n            step();\n            self.head.active.store(0, Ordering::Relaxed);\n            step();\n",
            "            self.head.active.store(0, Ordering::Relaxed);\n            step();\n            self.head.dirty.store(1, Ordering::Relaxed);\n            step();\n",
        )],
    ),
    step(
        RWLOCK,
        "who is in several times leaves at once",
        &[("if word == u64::from(me) {", "if word as u32 == me {")],
    ),
    step(
        RWLOCK,
        "the cell of one that died deep inside stays its own",
        &[("word as u32 == dead.0 && cell.free(word)", "word == u64::from(dead.0) && cell.free(word)")],
    ),
    step(EVENT, "a set does not ring", &[("        bell.ring();\n", "")]),
    step(SEMAPHORE, "a release does not ring", &[("        bell.ring();\n", "")]),
    step(
        MANY,
        "who leaves passes nothing on",
        &[("if slept && self.direct {", "if false && slept && self.direct {")],
    ),
    step(
        MANY,
        "who waits for all keeps a wake that is not enough",
        &[("if *slept && self.direct {", "if false && *slept && self.direct {")],
    ),
    step(
        MANY,
        "who sleeps at the bell says so after he has looked",
        &[
            ("            let rung = (!self.direct).then(|| self.bell.prepare());\n", ""),
            (
                "            ended?;\n            if mourner",
                "            ended?;\n            let rung = (!self.direct).then(|| self.bell.prepare());\n            if mourner",
            ),
        ],
    ),
    step(
        MANY,
        "one is enough for all",
        &[("Need::All => ready.len() == of,", "Need::All => !ready.is_empty(),")],
    ),
    step(
        MANY,
        "a waiter of many does not listen to the others",
        &[(
            "let dead = owners.hear(&mut crowd);",
            "let dead = owners.hear(&mut Crowd::new(self.bell.glance()));",
        )],
    ),
    step(
        MANY,
        "a waiter of many looks, and then listens to the others",
        &[
            (
                "let dead = owners.hear(&mut crowd);",
                "let dead = owners.hear(&mut Crowd::new(self.bell.glance()));",
            ),
            (
                "            crowd.watches()[1..]",
                "            owners.others(&mut crowd);\n            crowd.watches()[1..]",
            ),
        ],
    ),
    step(
        MOURNER,
        "who hears of a death clears up behind nobody",
        &[("dead.is_some() && dead != self.0", "dead.is_none() && dead != self.0")],
    ),
    step(
        MOURNER,
        "who hears of deaths clears up behind the first one only",
        &[("&& dead != self.0;", "&& self.0.is_none();")],
    ),
    step(
        ASKED,
        "who asks does not look whether the thing is ready already",
        &[(
            "        source.arm(net) && self.answer()\n    }\n\n    /// Whether to tell now.",
            "        source.arm(net);\n        false\n    }\n\n    /// Whether to tell now.",
        )],
    ),
    step(
        ASKED,
        "who asks announces nobody in the thing",
        &[(
            "        source.arm(net) && self.answer()\n    }\n\n    /// Whether to tell now.",
            "        let _ = net;\n        source.is_ready() && self.answer()\n    }\n\n    /// Whether to tell now.",
        )],
    ),
    step(
        ASKED,
        "who asks says so after he has announced himself",
        &[
            (
                "        self.0.store(ASKED, Ordering::Relaxed);\n",
                "        let ready = source.arm(net);\n        self.0.store(ASKED, Ordering::Relaxed);\n",
            ),
            (
                "        source.arm(net) && self.answer()\n    }\n\n    /// Whether to tell now.",
                "        ready && self.answer()\n    }\n\n    /// Whether to tell now.",
            ),
        ],
    ),
    step(
        ASKED,
        "both tell",
        &[(
            "self.0.swap(ANSWERED, Ordering::Relaxed) == ASKED",
            "self.0.swap(ANSWERED, Ordering::Relaxed) <= ASKED",
        )],
    ),
    step(
        COUNT,
        "a notifier does not ring",
        &[("                    return bell.ring();\n", "                    return;\n")],
    ),
    step(
        HOLDERS,
        "a look does not find out whether somebody has left meanwhile",
        &[("Pass::Nobody if self.last.load(Ordering::Relaxed) == last =>", "Pass::Nobody =>")],
    ),
    step(
        HOLDERS,
        "who leaves does not write it down",
        &[("if self.write_down(last, who, left) {", "if last == last {")],
    ),
    step(
        HOLDERS,
        "who is late writes it down all the same",
        &[(
            "self.last.compare_exchange(last, next, Ordering::Release, Ordering::Relaxed).is_ok() // edge: left",
            "self.last.swap(next, Ordering::Release) != next",
        )],
    ),
    step(
        HOLDERS,
        "who never came has closed",
        &[("Left::Never => last as u32,", "Left::Never => who.0 | END_CLOSED,")],
    ),
    step(
        HOLDERS,
        "a dead holder counts as one",
        &[("                    return Pass::Again;", "                    held = true;")],
    ),
    step(
        STACK,
        "a message is counted before it is written",
        &[(
            "        shelf.write(count, message);\n",
            "        shelf.words.count.store(count as u64 + 1, Ordering::Relaxed);\n        step();\n        \
             shelf.write(count, message);\n",
        )],
    ),
    step(
        STACK,
        "what was got stays counted",
        &[("        shelf.words.count.store(top as u64, Ordering::Relaxed);\n", "")],
    ),
    step(
        HEAP,
        "a message is marked before its priority is written",
        &[(
            "        cell.priority.store(priority.cast_unsigned(), Ordering::Relaxed);\n        step();\n",
            "        let number = shelf.words.next.load(Ordering::Relaxed);\n        \
             cell.mark.store(number << NUMBER | FULL, Ordering::Relaxed);\n        step();\n        \
             cell.priority.store(priority.cast_unsigned(), Ordering::Relaxed);\n",
        )],
    ),
    step(HEAP, "a repair forgets the numbers", &[("next = next.max(number.wrapping_add(1));", "")]),
    step(
        HEAP,
        "a repair does not count",
        &[("        shelf.words.count.store(count as u64, Ordering::Relaxed);\n", "")],
    ),
    step(
        HEAP,
        "a repair makes no heap",
        &[("        for place in (0..count / 2).rev() {", "        for place in (0..0).rev() {")],
    ),
    step(
        HEAP,
        "equals go out as they happen to lie",
        &[(
            "let key = |at: usize| (self.0[at].priority(), self.0[at].number());",
            "let key = |at: usize| self.0[at].priority();",
        )],
    ),
    step(
        HEAP,
        "the free cells are not listed behind the full ones",
        &[("(count..).zip(free).for_each(|(place, (at, _))| index.set(place, at));", "drop(free);")],
    ),
    step(
        SHELF,
        "a put does not look whether it is shut",
        &[(
            "            OPEN => Err(No::Lack),\n            _ => Err(No::Shut),",
            "            _ if count < self.cells.len() => Ok(count),\n            _ => Err(No::Lack),",
        )],
    ),
    step(
        SHELF,
        "shutting down tells nobody who waits for a message",
        &[("        self.data.notify(bell);\n", "")],
    ),
    step(
        SHELF,
        "a move tells nobody",
        &[("        self.event(made).notify_after_rmw(bell);\n", "        let _ = (made, bell);\n")],
    ),
    step(
        SHELF,
        "a sleeper does not look whether the index can be trusted",
        &[(" || self.lock.is_suspect()", "")],
    ),
    step(
        SHELF,
        "a sleeper does not look whether who has the lock is dead",
        &[("self.lock.holder().is_some_and(dead) || ", "let _ = dead;\n        ")],
    ),
    step(
        SHELF,
        "a sleeper looks, and then listens",
        &[
            ("        owners.others(&mut crowd);\n", ""),
            (
                "            return Ok(());\n        }\n        owners.slept(wait, wait.sleep",
                "            return Ok(());\n        }\n        owners.others(&mut crowd);\n        owners.slept(wait, wait.sleep",
            ),
        ],
    ),
    step(
        SHELF,
        "a sleeper listens to nobody",
        &[
            ("                crowd.add(watch);\n", "                let _ = watch;\n"),
            ("        owners.others(&mut crowd);\n", ""),
        ],
    ),
    step(
        CLOSING,
        "a putter does not look whether his place may be used",
        &[("self.glance() == Closing::Open", "true")],
    ),
    step(CLOSING, "what was shut at once drains again", &[("fetch_max(to", "swap(to")]),
    step(
        TASK,
        "what is called off counts as lost",
        &[("        self.ask(running, false, bell);\n        self.forsake", "        self.forsake")],
    ),
    step(
        TASK,
        "the place's next task is stopped by who has asked the last one",
        &[("        self.stop.move_on();\n", "")],
    ),
    step(
        TASK,
        "who asks begins when he has asked",
        &[("self.stop.set_since(begun, bell)", "self.stop.set_since(self.stop.begin(), bell)")],
    ),
    step(
        TASK,
        "who asks tells nobody",
        &[("asked.map(|_| self.stop.set_since(begun, bell)).is_some()", "(asked, begun, bell).0.is_some()")],
    ),
    step(
        TASK,
        "a worker ends what was begun again without it",
        &[(" && seen.attempt() == running.attempt();\n            let end", ";\n            let end")],
    ),
    step(
        TASK,
        "a worker ends whatever is in the place",
        &[(
            "let ours = seen.generation() == running.generation() && seen.attempt()",
            "let ours = seen.attempt()",
        )],
    ),
    step(
        TASK,
        "an attempt is not counted",
        &[("seen.attempt() + 1, Phase::Pending", "seen.attempt(), Phase::Pending")],
    ),
    step(
        TASK,
        "a place is not counted",
        &[("seen.generation().wrapping_add(1), 0, Phase::Held", "seen.generation(), 0, Phase::Held")],
    ),
    step(
        TASK,
        "who waits is told of no end",
        &[("            self.settled.notify_after_rmw(bell);\n", "            let _ = bell;\n")],
    ),
    step(
        TASK,
        "who waits is told before the end",
        &[
            ("            self.settled.notify_after_rmw(bell);\n", ""),
            (
                "        let ended = self.swap(seen, seen.to(end)",
                "        self.settled.notify(bell);\n        let ended = self.swap(seen, seen.to(end)",
            ),
        ],
    ),
    step(
        TASK,
        "why it was lost is written when it is lost",
        &[
            (
                "        self.cause.store(cause, Ordering::Relaxed);\n        self.settle(seen,",
                "        let lost = self.settle(seen,",
            ),
            (
                "if stopped { Phase::Cancelled } else { Phase::Lost }, bell)\n",
                "if stopped { Phase::Cancelled } else { Phase::Lost }, bell);\n        \
                 self.cause.store(cause, Ordering::Relaxed);\n        lost\n",
            ),
        ],
    ),
    step(
        TASK,
        "who breaks a promise looks once",
        &[(
            "            if self.lose(seen, cause, bell) {\n                return true;\n            }\n",
            "            return self.lose(seen, cause, bell);\n",
        )],
    ),
    step(
        TASK,
        "who breaks a promise breaks whatever is in the place",
        &[("seen.generation() != promised.generation() || !seen", "promised != promised || !seen")],
    ),
    step(
        ASTRAY,
        "what is said twice is said once",
        &[("word.wrapping_add(ONCE_MORE) | RAISED", "word | RAISED | ONCE_MORE")],
    ),
    step(
        ASTRAY,
        "who has looked in vain denies what was said meanwhile",
        &[(
            "self.0.compare_exchange(said.0, said.0 & !RAISED, Ordering::Relaxed, Ordering::Relaxed)",
            "self.0.fetch_and(said.0 & !RAISED, Ordering::Relaxed)",
        )],
    ),
    step(
        HINTS,
        "a number for which there was no room is forgotten",
        &[("    line.astray().raise();\n    //", "    //")],
    ),
    step(HINTS, "nobody is woken for a number that was lost", &[("    line.put(WAKE);\n", "")]),
    step(
        HINTS,
        "what is behind somebody who stands still has to wait",
        &[("                line.astray().raise();\n", "")],
    ),
    step(
        HINTS,
        "who has found one that was lost says that there are no more",
        &[(
            "            return Ok(Some(begun));\n        }\n    }\n    astray",
            "            astray.lower(said);\n            return Ok(Some(begun));\n        }\n    }\n    astray",
        )],
    ),
    step(HINTS, "nobody looks for what was lost", &[("    hunt(line.astray(), start, all)", "    Ok(None)")]),
    step(
        BARRIER,
        "a declared one's death since the reset is forgotten by who judges by an older state",
        &[(
            "            if self.load() != state {\n                return;\n            }\n            if state == lost",
            "            if state == lost",
        )],
    ),
    step(
        PERMITS,
        "a dead collector keeps its permits from who cannot settle",
        &[(
            "        if parties.me == Token::NONE {\n            return false;\n        }\n",
            "        if parties.me == Token::NONE {\n            return true;\n        }\n",
        )],
    ),
    step(
        LOCK,
        "who frees a dead one's lock releases the next one's too",
        &[(
            "                owners.buried(owner, self);\n                return Err(ErrorKind::NotOwner);\n",
            "                owners.buried(owner, self);\n",
        )],
    ),
    step(
        BARRIER,
        "a barrier that was broken meanwhile is found whole",
        &[(
            "if !seen.changed && self.load() == state {",
            "if !seen.changed && self.load().era == state.era {",
        )],
    ),
];
