use super::*;

fn yard() -> Yard {
    Yard::anonymous().unwrap()
}

macro_rules! integer_family {
    ($($test:ident $t:ty;)*) => {$(
        #[test]
        fn $test() {
            let v = Value::<$t>::create(&yard(), "v").unwrap();
            assert_eq!(v.get(), 0);
            v.set(<$t>::MAX);
            assert_eq!(v.fetch_add(1), <$t>::MAX);
            assert_eq!(v.fetch_sub(1), <$t>::MIN, "it wraps");
            assert_eq!(v.fetch_and(0b0110), <$t>::MAX);
            assert_eq!(v.fetch_or(0b1000), 0b0110);
            assert_eq!(v.fetch_xor(0b0010), 0b1110);
            assert_eq!(v.fetch_max(100), 0b1100);
            assert_eq!(v.fetch_min(<$t>::MIN), 100);
            assert_eq!(v.swap(5), <$t>::MIN);
            assert_eq!(v.compare_exchange(5, 6), Ok(5));
            assert_eq!(v.compare_exchange(5, 7), Err(6));
            for op in Op::ALL {
                v.fetch(*op, 1).unwrap();
            }
        }
    )*};
}

integer_family! {
    i8_family i8; u8_family u8; i16_family i16; u16_family u16;
    i32_family i32; u32_family u32; i64_family i64; u64_family u64;
}

#[test]
fn floats_add_and_compare_but_have_no_bits() {
    let v = Value::<f64>::create(&yard(), "v").unwrap();
    v.set(1.5);
    assert_eq!(v.fetch(Op::Add, 2.0), Ok(1.5));
    assert_eq!(v.fetch(Op::Sub, 0.5), Ok(3.5));
    assert_eq!(v.fetch(Op::Max, f64::NAN), Ok(3.0), "a number is preferred");
    assert_eq!(v.fetch(Op::Min, -1.0), Ok(3.0));
    assert_eq!(v.get(), -1.0);
    assert_eq!(v.fetch(Op::Xor, 1.0).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(v.get(), -1.0);
    let single = Value::<f32>::create(&yard(), "v").unwrap();
    assert_eq!(single.swap(f32::INFINITY), 0.0);
    assert_eq!(single.compare_exchange(f32::INFINITY, f32::NAN), Ok(f32::INFINITY));
    assert_eq!(single.compare_exchange(f32::NAN, 0.0).map(|was| was.is_nan()), Ok(true), "bit for bit");
}

#[test]
fn a_bool_is_true_or_false_whatever_a_peer_wrote() {
    let yard = yard();
    let v = Value::<bool>::create(&yard, "v").unwrap();
    assert!(!v.swap(true));
    assert_eq!(v.fetch(Op::And, false), Ok(true));
    assert_eq!(v.fetch(Op::Xor, true), Ok(false));
    assert_eq!(v.fetch(Op::Or, false), Ok(true));
    assert_eq!(v.fetch(Op::Add, true).unwrap_err().kind(), ErrorKind::Unsupported);
    v.any.cell.store(ScalarType::U8, 0x55);
    assert!(v.get());
}

#[test]
fn neighbours_are_not_touched() {
    let yard = yard();
    let v = Value::<u64>::create(&yard, "v").unwrap();
    v.set(u64::MAX);
    v.any.cell.store(ScalarType::U8, 0);
    v.any.cell.fetch(ScalarType::U16, Op::Add, 0x0100).unwrap();
    assert_eq!(v.get(), 0xffff_ffff_ffff_0000);
}

#[test]
fn many_threads_add_without_losing_one() {
    let yard = yard();
    let (count, sum) = (Value::<u16>::create(&yard, "c").unwrap(), Value::<f32>::create(&yard, "s").unwrap());
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..1000 {
                    count.fetch_add(1);
                    sum.fetch(Op::Add, 1.0).unwrap();
                }
            });
        }
    });
    assert_eq!((count.get(), sum.get()), (4000, 4000.0));
}
