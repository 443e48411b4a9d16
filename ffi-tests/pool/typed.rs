//! Tasks with types: values go there and come back, and what is none is refused by name.

use crate::process::LONG;
use crate::{ALL, Scenario, kind, plain, pool};
use courtyard::{
    Error, ErrorKind, Fate, MapOptions, Pool, StartMethod, TaskOptions, TypedFuture, TypedTask, as_completed,
};

pub(crate) const SCENARIOS: &[Scenario] = &[
    ("typed_tasks_take_and_give_values", ALL, values),
    ("typed_tasks_are_mapped_over_inputs", ALL, maps),
    ("typed_tasks_refuse_what_is_no_value", ALL, refusals),
    #[cfg(feature = "serde")]
    ("serde_tasks_take_and_give_values_of_any_type", ALL, serde::values),
    #[cfg(feature = "serde")]
    ("serde_tasks_of_several_arguments_are_starmapped", ALL, serde::starmap),
    #[cfg(feature = "serde")]
    ("serde_tasks_refuse_what_is_no_value", ALL, serde::refusals),
];

const NORM: TypedTask<[f64; 2], f64> = TypedTask::new("norm");
/// The same task, as somebody has it who means something else.
const NORM_OF_THREE: TypedTask<[f64; 3], f64> = TypedTask::new("norm");
const NORM_AS_BYTE: TypedTask<[f64; 2], u8> = TypedTask::new("norm");
const SQUARE: TypedTask<u32, u64> = TypedTask::new("square");
const NOTHING: TypedTask<(), ()> = TypedTask::new("nothing");

pub(crate) fn entries() {
    NORM.register(|_, [x, y]| Ok::<_, String>(x.hypot(y))).unwrap();
    SQUARE
        .register(|task, n| match n {
            1013 => Err(format!("{n} is nobody's, in attempt {}", task.attempt())),
            1014 => panic!("as it was to"),
            n => Ok(u64::from(n) * u64::from(n)),
        })
        .unwrap();
    NOTHING.register(|_, ()| Ok::<_, String>(())).unwrap();
    let again = SQUARE.register(|_, n| Ok::<_, String>(u64::from(n)));
    assert_eq!(kind(again), ErrorKind::Exists);
    #[cfg(feature = "serde")]
    serde::entries();
}

fn chunks(chunk: usize) -> MapOptions {
    MapOptions { chunk, ..MapOptions::default() }
}

fn values(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let future = NORM.submit(&pool, &[3.0, 4.0], &plain()).unwrap();
    assert_eq!(future.result(LONG), Ok(5.0));
    assert_eq!(future.result(LONG), Ok(5.0), "asked again");
    assert!(future.future().is_done());
    assert_eq!(NORM.apply(&pool, &[5.0, 12.0], &TaskOptions { retries: 2, ..plain() }), Ok(13.0));
    assert_eq!(NOTHING.apply(&pool, &(), &plain()), Ok(()));
    // Who looks on, and who takes it as bytes.
    let onlooker = TypedFuture::<f64>::over(pool.future(future.future().id()).unwrap());
    assert_eq!(onlooker.result(LONG), Ok(5.0));
    assert_eq!(future.future().result(LONG), Ok(5_f64.to_ne_bytes().to_vec()));
    // With others of any kind.
    let futures = [3, 4, 5].map(|n| SQUARE.submit(&pool, &n, &plain()).unwrap());
    let ended = as_completed(futures.iter().map(|future| future.future()), LONG);
    assert_eq!(ended.map(|future| future.unwrap().result(LONG).unwrap().len()).collect::<Vec<_>>(), [8; 3]);
    let (tell, heard) = std::sync::mpsc::channel();
    for n in [7, 1013] {
        let tell = tell.clone();
        SQUARE.apply_async(&pool, &n, &plain(), move |result| tell.send(result).unwrap()).unwrap();
    }
    let mut results = [(); 2].map(|()| heard.recv_timeout(LONG).unwrap().map_err(|e| e.kind()));
    results.sort_by_key(|result| result.is_err());
    assert_eq!(results, [Ok(49), Err(ErrorKind::Failed)]);
    assert_eq!((SQUARE.name(), format!("{SQUARE:?}").as_str()), ("square", "TypedTask(\"square\")"));
}

fn maps(method: StartMethod) {
    let (_yard, pool) = pool(method, 2);
    let inputs: Vec<u32> = (0..1000).collect();
    let expected: Vec<u64> = (0..1000).map(|n| n * n).collect();
    for chunk in [0, 1, 7, 5000] {
        assert_eq!(SQUARE.map(&pool, &inputs, &chunks(chunk), LONG).unwrap(), expected, "chunks of {chunk}");
    }
    assert_eq!(SQUARE.map(&pool, &[], &chunks(0), LONG), Ok(Vec::new()));
    let lazy: Vec<u64> = SQUARE.imap(&pool, 0..1000, &chunks(9)).unwrap().map(Result::unwrap).collect();
    assert_eq!(lazy, expected, "of values");
    let mut any: Vec<(usize, u64)> = SQUARE
        .imap_unordered(&pool, &inputs, &chunks(9))
        .unwrap()
        .map(|(at, result)| (at, result.unwrap()))
        .collect();
    any.sort_unstable();
    assert_eq!(any, expected.into_iter().enumerate().collect::<Vec<_>>(), "of references");
    let first = SQUARE.imap(&pool, 0.., &chunks(3)).unwrap().nth(500).unwrap();
    assert_eq!(first, Ok(250_000), "of an endless iterator");
    // Each has its own error, whatever chunk it is in.
    for chunk in [1, 2, 8] {
        let each: Vec<_> = SQUARE.imap(&pool, 1011..1016, &chunks(chunk)).unwrap().collect();
        let failed = |text: &str| Err(Error::with(ErrorKind::Failed, text));
        assert_eq!(each[0..2], [Ok(1_022_121), Ok(1_024_144)]);
        assert_eq!(each[2..4], [failed("1013 is nobody's, in attempt 0"), failed("panicked: as it was to")]);
        assert_eq!(each[4..], [Ok(1_030_225)]);
    }
    assert_eq!(kind(SQUARE.map(&pool, &[1, 1013, 2], &chunks(0), LONG)), ErrorKind::Failed);
}

/// Why a task has failed.
fn failure(pool: &Pool, entry: &str, input: &[u8]) -> String {
    match pool.submit(entry, input, &plain()).unwrap().fate(LONG).unwrap() {
        Fate::Failed(text) => text,
        other => panic!("{other:?}"),
    }
}

fn refusals(method: StartMethod) {
    let (_yard, pool) = pool(method, 1);
    assert_eq!(
        failure(&pool, "norm", b"abc"),
        "the input of \"norm\": no value of type [f64; 2]: 3 bytes, not 16"
    );
    let failed = NORM_OF_THREE.apply(&pool, &[1.0; 3], &plain()).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Failed);
    assert!(failed.detail().unwrap().ends_with("24 bytes, not 16"), "{failed}");
    let corrupt = NORM_AS_BYTE.apply(&pool, &[3.0, 4.0], &plain()).unwrap_err();
    assert_eq!(
        (corrupt.kind(), corrupt.detail()),
        (ErrorKind::Corrupt, Some("no value of type u8: 8 bytes, not 1"))
    );
    let mut all = NORM_AS_BYTE.imap(&pool, [[3.0, 4.0]; 3], &chunks(2)).unwrap();
    assert!(all.all(|result| kind(result) == ErrorKind::Corrupt));
    assert_eq!(kind(NORM_AS_BYTE.map(&pool, &[[3.0, 4.0]], &chunks(0), LONG)), ErrorKind::Corrupt);
    let nameless = TypedTask::<u8, u8>::new("no name");
    assert_eq!(kind(nameless.register(|_, n| Ok::<_, String>(n))), ErrorKind::Name);
    assert_eq!(kind(nameless.submit(&pool, &1, &plain())), ErrorKind::Name);
    assert_eq!(kind(nameless.map(&pool, &[1], &chunks(0), LONG)), ErrorKind::Name);
    assert_eq!(kind(nameless.imap(&pool, [1], &chunks(1)).map(drop)), ErrorKind::Name);
    let unheard = TypedTask::<u8, u8>::new("unheard-of");
    assert!(unheard.apply(&pool, &1, &plain()).unwrap_err().detail().unwrap().contains("unheard-of"));
    assert_eq!(NORM.apply(&pool, &[3.0, 4.0], &plain()), Ok(5.0), "the worker goes on");
}

#[cfg(feature = "serde")]
mod serde {
    use super::{chunks, failure};
    use crate::process::LONG;
    use crate::{kind, plain, pool};
    use ::serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
    use courtyard::{ErrorKind, SerdeFuture, SerdeTask, StartMethod};
    use std::collections::BTreeMap;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Order {
        Count(String),
        Longest { words: Vec<String>, least: usize },
    }

    type Words = BTreeMap<String, usize>;

    const WORDS: SerdeTask<Order, Words> = SerdeTask::new("words");
    const POWER: SerdeTask<(u64, u32), u64> = SerdeTask::new("power");
    const JOIN: SerdeTask<(String, char, Option<String>), String> = SerdeTask::new("join");
    const SHY: SerdeTask<Shy, Shy> = SerdeTask::new("shy");

    /// Does not become bytes if it is 13.
    #[derive(Clone, Debug, PartialEq)]
    struct Shy(u8);

    impl Serialize for Shy {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                13 => Err(ser::Error::custom("not that one")),
                n => to.serialize_u8(n),
            }
        }
    }

    impl<'de> Deserialize<'de> for Shy {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Shy, D::Error> {
            match u8::deserialize(from)? {
                99 => Err(de::Error::custom("nor that one")),
                n => Ok(Shy(n)),
            }
        }
    }

    fn words(order: Order) -> Words {
        match order {
            Order::Count(text) => text.split(' ').fold(Words::new(), |mut all, word| {
                *all.entry(word.to_owned()).or_default() += 1;
                all
            }),
            Order::Longest { words, least } => {
                words.into_iter().map(|word| (word.clone(), word.len())).filter(|it| it.1 >= least).collect()
            }
        }
    }

    fn power(base: u64, exponent: u32) -> Result<u64, String> {
        base.checked_pow(exponent).ok_or_else(|| format!("{base} to the power of {exponent} is too much"))
    }

    pub(super) fn entries() {
        WORDS.register(|_, order| Ok::<_, String>(words(order))).unwrap();
        POWER.register_star(power).unwrap();
        let join = |first: String, between, second: Option<String>| {
            let second = second.ok_or("there is no second")?;
            Ok::<_, &str>(format!("{first}{between}{second}"))
        };
        JOIN.register_star(join).unwrap();
        SHY.register(|_, Shy(n)| Ok::<_, String>(Shy(n + 1))).unwrap();
    }

    pub(super) fn values(method: StartMethod) {
        let (_yard, pool) = pool(method, 2);
        let count = Order::Count("a b a".into());
        let result = WORDS.apply(&pool, &count, &plain()).unwrap();
        assert_eq!(result, Words::from([("a".into(), 2), ("b".into(), 1)]));
        // Long ones, there and back.
        let all: Vec<String> = (0..3000).map(|n| format!("word {n}")).collect();
        let longest = Order::Longest { words: all.clone(), least: 9 };
        let future = WORDS.submit(&pool, &longest, &plain()).unwrap();
        assert_eq!(future.result(LONG).unwrap(), words(longest.clone()));
        let onlooker = SerdeFuture::<Words>::over(pool.future(future.future().id()).unwrap());
        assert_eq!(onlooker.result(LONG).unwrap().len(), 2000);
        let orders: Vec<Order> = all.iter().map(|word| Order::Count(word.clone())).collect();
        for chunk in [0, 50] {
            let counted = WORDS.map(&pool, &orders, &chunks(chunk), LONG).unwrap();
            assert!(counted.iter().all(|words| words["word"] == 1 && words.len() == 2));
        }
    }

    pub(super) fn starmap(method: StartMethod) {
        let (_yard, pool) = pool(method, 2);
        let pairs: Vec<(u64, u32)> = (0..100).map(|n| (n, 3)).collect();
        let cubes: Vec<u64> = (0..100).map(|n| n * n * n).collect();
        for chunk in [0, 1, 7, 500] {
            assert_eq!(POWER.starmap(&pool, &pairs, &chunks(chunk), LONG).unwrap(), cubes);
        }
        let lazy = POWER.imap(&pool, (0..).map(|n| (n, 3)), &chunks(4)).unwrap();
        assert_eq!(lazy.take(100).map(Result::unwrap).collect::<Vec<_>>(), cubes);
        let too_much = POWER.starmap(&pool, &[(2, 3), (10, 20)], &chunks(1), LONG).unwrap_err();
        assert_eq!(too_much.detail(), Some("10 to the power of 20 is too much"));
        let three = |second: Option<&str>| ("a".to_owned(), '-', second.map(str::to_owned));
        let mut joined = JOIN.imap(&pool, [three(Some("b")), three(None)], &chunks(2)).unwrap();
        assert_eq!(joined.next(), Some(Ok("a-b".to_owned())));
        assert_eq!(joined.next().unwrap().unwrap_err().detail(), Some("there is no second"));
        assert_eq!(joined.next(), None);
    }

    pub(super) fn refusals(method: StartMethod) {
        let (_yard, pool) = pool(method, 1);
        for bytes in [&b""[..], b"\x07", b"\x00\x05ab", b"\x00\x00more", &[0xff; 40]] {
            let text = failure(&pool, "words", bytes);
            assert!(text.starts_with("the input of \"words\": ") && text.contains("Order"), "{text}");
        }
        // A result of another type.
        let wrong = SerdeTask::<(u64, u32), (u64, u64, String)>::new("power");
        let corrupt = wrong.apply(&pool, &(2, 3), &plain()).unwrap_err();
        assert_eq!(corrupt.kind(), ErrorKind::Corrupt);
        assert!(corrupt.detail().unwrap().contains("(u64, u64, alloc::string::String)"), "{corrupt}");
        // What serde does not take, on either side.
        let invalid = SHY.submit(&pool, &Shy(13), &plain()).unwrap_err();
        assert_eq!(invalid.kind(), ErrorKind::Invalid);
        let failed = SHY.apply(&pool, &Shy(12), &plain()).unwrap_err();
        assert!(failed.detail().unwrap().starts_with("the result of \"shy\": "), "{failed}");
        assert_eq!(SHY.apply(&pool, &Shy(1), &plain()), Ok(Shy(2)));
        assert_eq!(kind(SHY.apply(&pool, &Shy(99), &plain())), ErrorKind::Failed);
        assert_eq!(kind(SHY.apply(&pool, &Shy(98), &plain())), ErrorKind::Corrupt);
        for chunk in [1, 2, 3, 8] {
            let all = [1, 12, 3, 99, 13, 5].map(Shy);
            let each: Vec<_> = SHY.imap(&pool, &all, &chunks(chunk)).unwrap().collect();
            let kinds: Vec<_> = each.iter().map(|it| it.as_ref().map_err(|e| e.kind())).collect();
            let failed = Err(ErrorKind::Failed);
            let expected = [Ok(&Shy(2)), failed, Ok(&Shy(4)), failed, Err(ErrorKind::Invalid)];
            assert_eq!(kinds, expected, "chunks of {chunk}");
            assert_eq!(kind(SHY.map(&pool, &[Shy(1), Shy(13)], &chunks(chunk), LONG)), ErrorKind::Invalid);
            let mut any: Vec<_> = SHY.imap_unordered(&pool, &all, &chunks(chunk)).unwrap().collect();
            any.sort_by_key(|it| it.0);
            assert_eq!(any.len(), 5);
            assert_eq!((any[4].0, any[4].1.as_ref().unwrap_err().kind()), (4, ErrorKind::Invalid));
        }
    }
}
