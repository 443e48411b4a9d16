//! Makers of pools that are killed, at any moment, with whatever their keepers had in hand.

use super::*;
use courtyard::Blocks;

pub(super) const SCENARIOS: &[Scenario] =
    &[("keepers_are_killed_at_any_moment", &[Threads, ForkServer], keepers_die)];

const KEEPERS: u64 = 40;

/// A maker with two workers, of whom some are killed by their tasks; a stranger that works too; and this process, which submits,
/// and kills the maker after a while, each time a little later.
fn keepers_die(method: StartMethod) {
    let yard = Options::new().size(64 << 20).objects(512).anonymous().unwrap();
    let step: Duration =
        if method == Threads { Duration::from_micros(100) } else { Duration::from_micros(1500) };
    let (mut done, mut lost) = (0, 0);
    for n in 0..KEEPERS {
        let name = format!("pool-{n}");
        let maker = fork(|| {
            let options = PoolOptions { tasks: 16, block_bytes: 1 << 16, ..options(method, 2) };
            let _pool = Pool::create(&yard, &name, &options).unwrap();
            std::thread::sleep(LONG);
        });
        let mut pool = None;
        until("the pool is there", || {
            pool = pool.take().or_else(|| Pool::open(&yard, &name).ok());
            pool.is_some()
        });
        let pool = pool.unwrap();
        let stranger = fork(|| {
            let _ = pool.work();
        });
        let futures: Vec<Future> = (0..12).filter_map(|i| begin(&pool, method, i)).collect();
        std::thread::sleep(step * n as u32);
        maker.slay();
        for future in &futures {
            match future.fate(LONG).unwrap() {
                Fate::Done(_) => done += 1,
                Fate::Lost { .. } => lost += 1,
                other => panic!("{other:?}"),
            }
        }
        until("somebody has swept behind it", || {
            yard.sweep();
            pool.is_closed()
        });
        pool.join(LONG).unwrap();
        assert_ne!(stranger.wait(), Ended::Signal(libc::SIGALRM));
        drop(futures);
        // The last of the maker's workers may just be dying with it.
        until("nothing is left", || {
            yard.sweep();
            let blocks = Blocks::open(&yard, &format!("{name}.blocks")).unwrap();
            let used: u32 =
                blocks.usage().iter().map(|class| class.owned + class.offered + class.linked).sum();
            let now = pool.progress();
            used == 0 && (now.pending, now.running, now.done, now.lost, now.workers) == (0, 0, 0, 0, 0)
        });
    }
    assert!(done > 0 && lost > 0, "{done} done, {lost} lost");
}

/// One of the tasks: short or by block; one in four kills its worker once, where that is a process.
fn begin(pool: &Pool, method: StartMethod, i: u8) -> Option<Future> {
    let options = TaskOptions { retries: 2, ..plain() };
    let (entry, input) = match i % 4 {
        0 if method != Threads => ("die", vec![0, 1]),
        1 => ("nap", vec![i; 1000]),
        _ => ("nap", vec![i]),
    };
    pool.submit_within(entry, &input, &options, Timeout::Try).ok()
}
