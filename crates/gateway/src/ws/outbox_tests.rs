use bytes::Bytes;

use super::*;

fn frame(bytes: &'static [u8], class: Class, key: u128) -> Rc<Frame> {
    Rc::new(Frame { bytes: Bytes::from_static(bytes), class, key, place: None })
}

fn durable(bytes: &'static [u8]) -> Rc<Frame> {
    frame(bytes, Class::Durable, 0)
}

fn waiting(outbox: &Outbox) -> Vec<u8> {
    let mut slices = vec![IoSlice::new(&[]); FRAMES_MAX];
    let taken = outbox.slices(&mut slices);
    slices[..taken].iter().flat_map(|slice| slice.to_vec()).collect()
}

#[test]
fn keeps_the_order_and_goes_on_where_a_write_ended() {
    let mut outbox = Outbox::default();
    for bytes in [&b"abc"[..], b"de", b"f"] {
        assert_eq!(outbox.push(durable(bytes)), Pushed::Waits);
    }
    outbox.advance(1);
    assert_eq!(waiting(&outbox), b"bcdef");
    outbox.advance(4);
    assert_eq!(waiting(&outbox), b"f");
    outbox.advance(1);
    assert!(outbox.is_empty() && outbox.bytes == 0 && outbox.written == 0);
}

#[test]
fn the_ephemeral_gives_way_to_the_durable_in_order() {
    let mut outbox = Outbox::default();
    for _ in 0..FRAMES_MAX - 3 {
        outbox.push(durable(b"x"));
    }
    for (class, bytes) in Class::EXPENDABLE.into_iter().zip([&b"t"[..], b"p", b"s"]) {
        assert_eq!(outbox.push(frame(bytes, class, 0)), Pushed::Waits);
    }
    for expected in [&b"ps"[..], b"s", b""] {
        assert_eq!(outbox.push(durable(b"x")), Pushed::Waits);
        let left: Vec<u8> = waiting(&outbox).into_iter().filter(|byte| *byte != b'x').collect();
        assert_eq!((left.as_slice(), outbox.frames.len()), (expected, FRAMES_MAX));
    }
    assert_eq!(outbox.push(frame(b"t", Class::Typing, 0)), Pushed::Dropped, "what is ephemeral never closes");
    assert_eq!(outbox.push(durable(b"x")), Pushed::Overflowed);
}

#[test]
fn a_later_state_takes_the_place_of_an_earlier_one() {
    let mut outbox = Outbox::default();
    outbox.push(frame(b"1", Class::State, 7));
    outbox.push(durable(b"m"));
    outbox.push(frame(b"8", Class::State, 8));
    assert_eq!(outbox.push(frame(b"22", Class::State, 7)), Pushed::Replaced);
    assert_eq!(outbox.push(frame(b"t", Class::Typing, 7)), Pushed::Waits, "of another class");
    assert_eq!((waiting(&outbox).as_slice(), outbox.bytes, outbox.ephemeral), (&b"22m8t"[..], 5, 3));
}

#[test]
fn what_is_written_in_part_is_neither_replaced_nor_dropped() {
    let mut outbox = Outbox::default();
    outbox.push(frame(b"old", Class::State, 7));
    outbox.advance(1);
    assert_eq!(outbox.push(frame(b"new", Class::State, 7)), Pushed::Waits);
    for _ in 0..FRAMES_MAX {
        outbox.push(durable(b"x"));
    }
    assert!(waiting(&outbox).starts_with(b"ldx"), "the older of the two whole ones gave way");
    outbox.clear();
    assert_eq!(waiting(&outbox), b"ld");
}

#[test]
fn bytes_are_bounded_too_but_one_large_answer_passes() {
    let large = || Rc::new(Frame::durable(Bytes::from(vec![b'x'; 2 * BYTES_MAX])));
    let mut outbox = Outbox::default();
    assert_eq!(outbox.push(large()), Pushed::Waits);
    assert_eq!(outbox.push(durable(b"x")), Pushed::Overflowed);
}

#[test]
fn what_comes_first_comes_first_and_once() {
    let mut outbox = Outbox::default();
    let event = |seq| Frame::event(Bytes::from(format!("{seq}")), 1, seq);
    for seq in 3..6 {
        outbox.push(Rc::new(event(seq)));
    }
    outbox.begin_with((1..5).map(event).collect(), |frame| frame.place.is_some_and(|(_, seq)| seq < 5));
    assert_eq!(waiting(&outbox), b"12345");
}

#[test]
fn a_hint_of_a_log_that_goes_on_is_never_dropped() {
    let mut outbox = Outbox::default();
    outbox.push(frame(b"1", Class::Hint, 7));
    for _ in 0..FRAMES_MAX - 1 {
        assert_eq!(outbox.push(durable(b"x")), Pushed::Waits);
    }
    assert_eq!(outbox.push(frame(b"2", Class::Hint, 7)), Pushed::Replaced);
    assert_eq!(outbox.push(frame(b"s", Class::State, 7)), Pushed::Dropped);
    assert!(waiting(&outbox).starts_with(b"2x"));
    assert_eq!(outbox.push(frame(b"h", Class::Hint, 8)), Pushed::Overflowed, "who would not hear of it is closed, and syncs");
}
