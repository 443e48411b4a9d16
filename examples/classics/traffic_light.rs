//! A traffic light and the cars before it: green is an event that is set.
//!
//! Green in the moments 0 to 4 of a cycle, red in 5 to 10; after eleven it begins anew. A moment ends when every car that
//! may go has gone, so that nothing depends on the clock.

use crate::{Outcome, children};
use courtyard::{Event, EventOptions, Timeout, Value, Yard};
use std::thread::sleep;
use std::time::Duration;

const CYCLE: u32 = 11;
const GREEN: u32 = 5;

/// When each car comes, and when it can go.
const CARS: [(u32, u32); 6] = [(2, 2), (5, 11), (9, 11), (10, 11), (13, 13), (18, 22)];

struct Crossing {
    green: Event,
    /// The moment, counted from 1: 0 is before the first.
    moment: Value<u32>,
    waiting: Value<u32>,
    gone: Value<u32>,
}

impl Crossing {
    fn new(yard: &Yard) -> courtyard::Result<Crossing> {
        Ok(Crossing {
            green: Event::create(yard, "green", EventOptions::default())?,
            moment: Value::create(yard, "moment")?,
            waiting: Value::create(yard, "waiting")?,
            gone: Value::create(yard, "gone")?,
        })
    }

    /// Comes in its moment; tells in which it went.
    fn drive(&self, comes: u32) -> courtyard::Result<u32> {
        while self.moment.get() <= comes {
            sleep(Duration::from_micros(200));
        }
        self.waiting.fetch_add(1);
        self.green.wait(Timeout::Forever)?;
        let goes = self.moment.get() - 1;
        self.gone.fetch_add(1);
        Ok(goes)
    }

    /// Two cycles, and the green after them.
    fn shine(&self, length: Duration) {
        for moment in 0..=2 * CYCLE {
            // Nobody goes at red, and nobody who goes at green takes it for the moment before.
            if moment % CYCLE == GREEN {
                self.green.clear();
            }
            self.moment.set(moment + 1);
            if moment % CYCLE == 0 {
                self.green.set();
            }
            let count =
                |now: fn(&(u32, u32)) -> u32| CARS.iter().filter(|car| now(car) <= moment).count() as u32;
            while self.waiting.get() < count(|car| car.0) || self.gone.get() < count(|car| car.1) {
                sleep(Duration::from_micros(200));
            }
            sleep(length);
        }
    }
}

pub(crate) fn run(length: Duration) -> Outcome {
    let yard = Yard::anonymous()?;
    let crossing = Crossing::new(&yard)?;
    let went = CARS.map(|(comes, _)| Value::<u32>::create(&yard, &format!("car-{comes}")));
    let went = went.into_iter().collect::<courtyard::Result<Vec<_>>>()?;
    let cars = CARS.iter().zip(&went).map(|((comes, _), went)| {
        children::start(|| {
            went.set(crossing.drive(*comes)?);
            Ok(())
        })
    });
    let cars = cars.collect::<Result<Vec<_>, _>>()?;
    crossing.shine(length);
    cars.into_iter().try_for_each(children::wait)?;
    for ((comes, goes), went) in CARS.iter().zip(&went) {
        println!("a car came at {comes} and went at {}", went.get());
        if went.get() != *goes {
            return Err(format!("it should have gone at {goes}").into());
        }
    }
    Ok(())
}
