use super::layout::{Ctl, State, Ticket};

#[test]
fn words_have_their_parts_apart() {
    let first = Ctl(0);
    assert_eq!((first.state(), first.token(), first.stay()), (Some(State::Free), 0, 0));
    let owed = first.to(State::Owed, 0x3fff_ffff);
    assert_eq!((owed.state(), owed.token(), owed.stay()), (Some(State::Owed), 0x3fff_ffff, 0));
    let back = owed.next(State::Back);
    assert_eq!((back.state(), back.token(), back.stay()), (Some(State::Back), 0, 1));
    assert!(owed.has_message() && back.has_message() && !back.next(State::Free).has_message());
    assert_eq!(Ctl(15 << 30).state(), None);
}

#[test]
fn the_last_stay_is_followed_by_the_first() {
    let last = Ctl(u64::MAX >> 34 << 34).to(State::Owed, 1 << 29);
    assert_eq!(last.next(State::Free), Ctl(0));
    let ticket = Ticket::new(65535, 4095, last);
    assert_eq!(
        (ticket.index(), ticket.tag(), ticket.stay(), ticket.next_stay()),
        (65535, 4095, (1 << 30) - 1, 0)
    );
}
