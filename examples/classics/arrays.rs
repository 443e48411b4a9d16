//! Children change a shared number and a shared array.

#![allow(clippy::approx_constant)] // the numbers are those of the exercise

use crate::{Outcome, children};
use courtyard::{Array, ArrayOptions, Value, Yard};

pub(crate) fn run() -> Outcome {
    let yard = Yard::anonymous()?;
    set_two(&yard)?;
    negate(&yard)
}

fn set_two(yard: &Yard) -> Outcome {
    let number = Value::<f64>::create(yard, "number")?;
    let array = Array::<i32>::create(yard, "array", 10, ArrayOptions::default())?;
    number.set(3.14);
    array.write_slice(0, &(0..10).collect::<Vec<_>>())?;
    children::all(2, |i| {
        if number.get() != 3.14 {
            return Err("the child reads another number".into());
        }
        Ok(array.set(i, 10)?)
    })?;
    println!("two children set one element each: {:?}, {}", array.to_vec(), number.get());
    if array.to_vec() == [10, 10, 2, 3, 4, 5, 6, 7, 8, 9] { Ok(()) } else { Err("that is wrong".into()) }
}

fn negate(yard: &Yard) -> Outcome {
    let number = Value::<f64>::create(yard, "pi")?;
    let array = Array::<i32>::create(yard, "digits", 10, ArrayOptions::default())?;
    array.write_slice(0, &(0..10).collect::<Vec<_>>())?;
    children::all(1, |_| {
        number.set(3.1415926);
        let negated: Vec<i32> = array.iter().map(|x| -x).collect();
        Ok(array.write_slice(0, &negated)?)
    })?;
    println!("a child sets the number and negates the array: {}; {:?}", number.get(), array.to_vec());
    if array.to_vec() == (0..10).map(|x| -x).collect::<Vec<i32>>() {
        Ok(())
    } else {
        Err("that is wrong".into())
    }
}
