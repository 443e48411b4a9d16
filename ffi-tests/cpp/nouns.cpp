// courtyard.hpp: re-entrant locks, permits, blocks, semaphores, barriers, structs and arrays.
// Built with exceptions and without, as C++17 and as C++20.
#include "courtyard.hpp"

#include "check.hpp"
#include <array>
#include <csignal>
#include <cstring>
#include <thread>

using namespace courtyard;
using namespace std::chrono_literals;

struct Thing {
    double x, y;
    std::int32_t turns;
    char name[12];
};

static_assert(is_owner<RLock> && is_owner<RLock::Guard> && is_owner<Permits> && is_owner<Permits::Permit>);
static_assert(is_owner<Semaphore> && is_owner<Struct<Thing>> && is_owner<Array<int>> && is_owner<StructArray<Thing>>);
static_assert(is_owner<Barrier> && is_owner<Barrier::Party>);
static_assert(sizeof(Permits) == sizeof(void *) && sizeof(Array<int>) == sizeof(void *));
static_assert(Array<wchar_t>::type == CYD_TYPE_WCHAR && Value<char32_t>::type == CYD_TYPE_WCHAR);
static_assert(Array<unsigned char>::type == CYD_TYPE_U8 && Array<bool>::type == CYD_TYPE_BOOL);

static void rlocks(const Yard &yard) {
    RLock rlock = RLock::create(yard, "rlock").value();
    IS(RLock::create(yard, "rlock"), CYD_E_EXISTS);
    CHECK(RLock::open(yard, "rlock")->count().value() == 0);
    IS(rlock.holder(), CYD_E_NOT_FOUND);
    {
        RLock::Guard once = rlock.acquire(forever).value();
        RLock::Guard twice = rlock.acquire(no_wait).value();
        OK(rlock.acquire_unguarded(no_wait));
        CHECK(rlock.count().value() == 3 && rlock.holder()->pid == static_cast<std::uint32_t>(getpid()));
        OK(rlock.release());
        // A child is another thread: it cannot come in, and its copies of the guards free nothing.
        ended_well(child([&] {
            IS(rlock.acquire(no_wait), CYD_E_BUSY);
            IS(rlock.acquire(1ms), CYD_E_TIMEOUT);
            IS(once.release(), CYD_E_NOT_OWNER);
            RLock::Guard inherited = std::move(twice);
        }));
        RLock::Guard other = std::move(twice);
        IS(twice.release(), CYD_E_NULL);
        OK(other.release());
        CHECK(rlock.count().value() == 1);
        other = rlock.acquire(no_wait).value();
        CHECK(rlock.count().value() == 2);
    }
    CHECK(rlock.count().value() == 0);
    IS(rlock.release(), CYD_E_NOT_OWNER);

    was_killed_by(child([&] {
                      Result<RLock::Guard> once = rlock.acquire(forever), twice = rlock.acquire(forever);
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    {
        RLock same = RLock::open_or_create(yard, "rlock").value();
        Result<RLock::Guard> guard = same.acquire(forever);
        CHECK(guard.owner_died() && guard->owner_died() && rlock.is_suspect().value());
        CHECK(rlock.count().value() == 1);
    }
    RLock::Guard guard = rlock.acquire(forever).value();
    CHECK(guard.owner_died() && rlock.acquire(no_wait).owner_died());
    OK(guard.repaired());
    CHECK(!guard.owner_died() && !rlock.is_suspect().value());
    OK(rlock.repaired());
    IS(RLock().acquire(no_wait), CYD_E_NULL);
}

static void permits(const Yard &yard) {
    Permits permits = Permits::create(yard, "permits", 3).value();
    IS(Permits::open_or_create(yard, "permits", 4), CYD_E_MISMATCH);
    CHECK(Permits::open(yard, "permits")->capacity().value() == 3 && permits.available().value() == 3);
    {
        Permits::Permit one = permits.acquire(forever).value();
        Permits::Permit two = permits.acquire_many(2, no_wait).value();
        CHECK(one.count() == 1 && two.count() == 2 && permits.held().value() == 3);
        IS(permits.acquire(no_wait), CYD_E_BUSY);
        IS(permits.acquire(1ms), CYD_E_TIMEOUT);
        PermitHolder holders[2] = {};
        CHECK(permits.holders(holders, 2).value() == 1 && permits.holders(nullptr, 0).value() == 1);
        CHECK(holders[0].pid == static_cast<std::uint32_t>(getpid()) && holders[0].count == 3);
        OK(one.release());
        CHECK(one.count() == 0);
        IS(one.release(), CYD_E_NULL);
        // A child that has taken one of its own keeps it, whatever becomes of the guard it has inherited.
        ended_well(child([&] {
            OK(permits.acquire_unguarded(no_wait));
            IS(two.release(), CYD_E_NOT_OWNER);
            CHECK(permits.held().value() == 1);
        }));
        one = permits.acquire(forever).value();
        Permits::Permit moved = std::move(two);
        CHECK(two.count() == 0 && permits.available().value() == 0);
    }
    CHECK(permits.available().value() == 3 && permits.held().value() == 0);
    OK(permits.acquire_many_unguarded(2, no_wait));
    IS(permits.release(3), CYD_E_NOT_OWNER);
    OK(permits.release(2));
    IS(permits.release(), CYD_E_NOT_OWNER);
    IS(permits.acquire_many(4, forever), CYD_E_RANGE);
    IS(permits.acquire_many(0, forever), CYD_E_RANGE);

    // Those of the dead come back.
    was_killed_by(child([&] {
                      Permits::Permit all = permits.acquire_many(3, forever).value();
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    CHECK(permits.acquire_many(3, forever)->count() == 3);
    IS(Permits().acquire(no_wait), CYD_E_NULL);
}

static void blocks(const Yard &yard) {
    const BlockClass classes[] = {{64, 4}, {256, 2}};
    BlocksOptions options;
    options.classes = classes;
    options.class_count = 2;
    Blocks blocks = Blocks::create(yard, "blocks", options).value();
    IS(Blocks::open_or_create(yard, "blocks"), CYD_E_MISMATCH);
    CHECK(Blocks::open(yard, "blocks")->owned().value() == 0 && blocks.max_len().value() == 512);
    std::uint64_t number = 0;
    {
        Blocks::Block one = blocks.alloc(5, forever).value();
        OK(one.write(0, "hello", 5));
        char text[6] = "";
        OK(blocks.read(one.number(), 0, text, 5));
        CHECK(std::strcmp(text, "hello") == 0 && one.len().value() == 5 && blocks.len(one.number()).value() == 5);
        CHECK(std::memcmp(one.data().value(), "hello", 5) == 0);
        IS(one.write(1, "hello", 5), CYD_E_RANGE);
        IS(blocks.adopt(one.number()), CYD_E_STATE);
        number = one.offer().value();
        CHECK(one.number() == 0);
        IS(one.free(), CYD_E_NULL);
    }
    {
        Blocks::Block same = blocks.adopt(number).value();
        Blocks::Block other = blocks.alloc(512, no_wait).value();
        IS(blocks.alloc(513, forever), CYD_E_TOO_LONG);
        IS(blocks.alloc(200, no_wait), CYD_E_NO_SPACE);
        IS(blocks.alloc(200, 1ms), CYD_E_TIMEOUT);
        BlockUse use[2];
        BlockOwner owner{};
        CHECK(blocks.usage(use, 2).value() == 2 && use[0].free == 3 && use[1].free == 0);
        CHECK(blocks.owners(&owner, 1).value() == 1 && owner.count == 2 && owner.bytes == 64 + 512);
        other = std::move(same);
        CHECK(other.number() == number && blocks.usage(use, 2).value() == 2 && use[1].free == 2);
        number = other.release();
    }
    CHECK(blocks.owned().value() == 1);
    OK(blocks.offer(number));
    IS(blocks.free(number), CYD_E_STATE);
    CHECK(blocks.adopt(number)->number() == number); // freed at the end of this line
    IS(blocks.free(number), CYD_E_STATE);
    CHECK(blocks.owned().value() == 0);
}

static void semaphores(const Yard &yard) {
    SemaphoreOptions options;
    options.initial = 1;
    options.maximum = 2;
    Semaphore semaphore = Semaphore::create(yard, "semaphore", options).value();
    CHECK(semaphore.value().value() == 1 && Semaphore::open(yard, "semaphore")->maximum().value() == 2);
    OK(semaphore.acquire(forever));
    IS(semaphore.acquire(no_wait), CYD_E_BUSY);
    IS(semaphore.acquire(1ms), CYD_E_TIMEOUT);
    const pid_t other = child([&] { OK(semaphore.release(2)); });
    OK(semaphore.acquire(forever));
    ended_well(other);
    OK(semaphore.release());
    IS(semaphore.release(), CYD_E_RANGE);
    CHECK(Semaphore::open_or_create(yard, "empty")->value().value() == 0);
    options.initial = 3;
    IS(Semaphore::create(yard, "more", options), CYD_E_RANGE);
    IS(Semaphore().release(), CYD_E_NULL);
}

static void structs(const Yard &yard) {
    Struct<Thing> thing = Struct<Thing>::create(yard, "thing").value();
    CHECK(thing.get()->x == 0 && thing.get()->name[11] == 0);
    OK(thing.set(Thing{1.5, -2.5, 7, "a thing"}, no_wait));
    const Thing now = Struct<Thing>::open(yard, "thing")->get().value();
    CHECK(now.y == -2.5 && now.turns == 7 && std::strcmp(now.name, "a thing") == 0);
    OK(thing.update(forever, [](Thing &it) { it.turns++; }));
    ended_well(child([&] { OK(thing.update(forever, [](Thing &it) { it.turns *= 2; })); }));
    CHECK(thing.get()->turns == 16 && thing.get()->x == 1.5);

    // In an update the value is the old one for everybody, and nobody else writes.
    int calls = 0;
    const auto inside = [&](Thing &it) {
        calls++;
        it.turns = 1;
        CHECK(thing.get()->turns == 16);
        IS(thing.set(it, no_wait), CYD_E_BUSY);
        IS(thing.set(it, forever), CYD_E_DEADLOCK);
    };
    OK(thing.update(forever, inside));
    CHECK(calls == 1 && thing.get()->turns == 1);
    was_killed_by(child([&] {
                      OK(thing.update(forever, [](Thing &it) {
                          it.turns = 2;
                          raise(SIGKILL);
                      }));
                  }),
                  SIGKILL);
    CHECK(thing.get()->turns == 1);
    OK(thing.update(forever, [](Thing &it) { it.turns += 2; }));
    CHECK(thing.get()->turns == 3);

    IS((Struct<std::array<double, 5>>::open(yard, "thing")), CYD_E_MISMATCH);
    IS((Struct<std::array<double, 5>>::open_or_create(yard, "thing")), CYD_E_MISMATCH);
    IS(Struct<Thing>::open(yard, "permits"), CYD_E_TYPE);
    IS(Struct<Thing>().get(), CYD_E_NULL);
    IS(Struct<Thing>().update(no_wait, inside), CYD_E_NULL);
    CHECK(calls == 1);
#if COURTYARD_EXCEPTIONS
    try {
        OK(thing.update(forever, [](Thing &it) {
            it.turns = 9;
            throw std::runtime_error("thought better of it");
        }));
        CHECK(!"reached");
    } catch (const std::runtime_error &error) {
        CHECK(std::strcmp(error.what(), "thought better of it") == 0);
    }
    CHECK(thing.get()->turns == 3);
    OK(thing.set(Thing{}, no_wait));
#endif
}

static void arrays(const Yard &yard) {
    Array<int> array = Array<int>::create(yard, "array", 5).value();
    CHECK(array.len().value() == 5 && Array<int>::open(yard, "array")->get(4).value() == 0);
    IS(Array<int>::open_or_create(yard, "array", 6), CYD_E_MISMATCH);
    IS(Array<unsigned>::open(yard, "array"), CYD_E_MISMATCH);
    IS(StructArray<Thing>::open(yard, "array"), CYD_E_MISMATCH);
    IS(Array<int>::create(yard, "none", 0), CYD_E_RANGE);
    OK(array.set(0, 5));
    CHECK(array.swap(0, 3).value() == 5 && array.fetch_max(0, 9).value() == 3);
    CHECK(array.fetch_min(0, 4).value() == 9 && array.fetch_add(0, 2).value() == 4);
    CHECK(array.fetch_sub(0, 1).value() == 6 && array.fetch_or(0, 8).value() == 5);
    CHECK(array.fetch_and(0, 12).value() == 13 && array.fetch_xor(0, 4).value() == 12);
    int expected = 1;
    CHECK(!array.compare_exchange(0, expected, 7).value() && expected == 8);
    CHECK(array.compare_exchange(0, expected, 7).value() && array.get(0).value() == 7);
    IS(array.get(5), CYD_E_RANGE);
    IS(array.set(5, 1), CYD_E_RANGE);

    int run[3] = {1, 2, 3}, all[5] = {};
    OK(array.write(2, 3, run));
    OK(array.fill(0, 2, -1));
    OK(array.read(0, 5, all));
    CHECK(all[0] == -1 && all[1] == -1 && all[2] == 1 && all[4] == 3);
    IS(array.write(3, 3, run), CYD_E_RANGE);
    IS(array.fill(0, 6, 0), CYD_E_RANGE);
    ended_well(child([&] { CHECK(array.fetch_add(4, 1).value() == 3); }));
    CHECK(array.get(4).value() == 4);
    IS(Array<int>().len(), CYD_E_NULL);

    // Characters are code points, whatever C++ calls them.
    Array<wchar_t> text = Array<wchar_t>::create(yard, "text", 4).value();
    OK(text.write(0, 4, L"wide"));
    CHECK(Array<char32_t>::open(yard, "text")->get(1).value() == U'i');
    OK(text.set(0, static_cast<wchar_t>(0xD800)));
    CHECK(text.get(0).value() == L'\uFFFD' && text.fetch_max(3, L'x').value() == L'e' && text.get(3).value() == L'x');
    Value<char32_t> letter = Value<char32_t>::create(yard, "letter").value();
    OK(letter.set(U'\U0001F3E0'));
    CHECK(letter.swap(U'a').value() == U'\U0001F3E0');
    Array<bool> flags = Array<bool>::create(yard, "flags", 2).value();
    CHECK(!flags.fetch_or(1, true).value() && flags.get(1).value() && !flags.get(0).value());
}

static void struct_arrays(const Yard &yard) {
    StructArray<Thing> things = StructArray<Thing>::create(yard, "things", 3).value();
    CHECK(things.len().value() == 3 && StructArray<Thing>::open(yard, "things")->get(2)->turns == 0);
    OK(things.set(1, Thing{0, 0, 4, "four"}, forever));
    OK(things.update(1, forever, [&](Thing &it) {
        IS(things.set(1, it, no_wait), CYD_E_BUSY);
        OK(things.set(2, it, no_wait));
        it.turns++;
    }));
    CHECK(things.get(0)->turns == 0 && things.get(1)->turns == 5 && things.get(2)->turns == 4);
    IS(things.get(3), CYD_E_RANGE);
    IS(things.set(3, Thing{}, no_wait), CYD_E_RANGE);
    IS(things.update(3, no_wait, [](Thing &) { CHECK(!"reached"); }), CYD_E_RANGE);
    IS(StructArray<Thing>::open_or_create(yard, "things", 2), CYD_E_MISMATCH);
    IS(Array<int>::open(yard, "things"), CYD_E_MISMATCH);
    IS(StructArray<Thing>().len(), CYD_E_NULL);
}

static void barriers(const Yard &yard) {
    Barrier barrier = Barrier::create(yard, "barrier", 2).value();
    IS(Barrier::create(yard, "zero", 0), CYD_E_RANGE);
    IS(Barrier::open_or_create(yard, "barrier", 3), CYD_E_MISMATCH);
    CHECK(Barrier::open(yard, "barrier")->parties().value() == 2 && barrier.waiting().value() == 0);
    Value<int> acted = Value<int>::create(yard, "acted").value();
    const pid_t other = child([&] {
        CHECK(barrier.wait(forever).value() < 2);
        CHECK(barrier.wait(forever, [&] { (void)acted.fetch_add(1); }).value() < 2);
        IS(barrier.wait(forever), CYD_E_BROKEN);
    });
    OK(barrier.wait(forever));
    OK(barrier.wait(forever, [&] { (void)acted.fetch_add(1); }));
    CHECK(acted.get().value() == 1);
    while (barrier.waiting().value() == 0) {
        std::this_thread::yield();
    }
    OK(barrier.abort());
    ended_well(other);
    CHECK(barrier.broken()->cause == CYD_BROKEN_ABORTED);
    OK(barrier.reset());
    IS(barrier.wait(1ms), CYD_E_TIMEOUT);
    CHECK(barrier.broken()->cause == CYD_BROKEN_TIMED_OUT);

    Barrier alone = Barrier::create(yard, "alone", 1).value();
    IS(alone.wait(no_wait, [] { return false; }), CYD_E_FAILED);
    OK(alone.reset());
    OK(alone.wait(no_wait, [] { return true; }));
    // How it went an action says by whatever can be asked in an if.
    const Status failed(CYD_E_TIMEOUT), went(CYD_OWNER_DIED);
    OK(alone.wait(no_wait, [&] { return went; }));
    IS(alone.wait(no_wait, [&] { return failed; }), CYD_E_FAILED);
    OK(alone.reset());
    OK(alone.wait(no_wait, [&] { return Result<int>(went, 0); }));
    IS(alone.wait(no_wait, [&] { return Result<int>(failed); }), CYD_E_FAILED);
    OK(alone.reset());
#if COURTYARD_EXCEPTIONS
    bool caught = false;
    try {
        (void)alone.wait(no_wait, []() -> bool { throw 7; }).ok();
    } catch (int seven) {
        caught = seven == 7;
    }
    CHECK(caught && alone.broken()->cause == CYD_BROKEN_FAILED);
#endif

    IS(alone.leave(), CYD_E_NOT_OWNER);
    {
        Barrier::Party party = alone.declare().value();
        CHECK(alone.declared().value() == 1);
        IS(alone.declare(), CYD_E_NO_SLOTS);
        ended_well(child([&] { Barrier::Party inherited = std::move(party); }));
        Barrier::Party moved = std::move(party);
        IS(party.leave(), CYD_E_NULL);
        CHECK(alone.declared().value() == 1);
    }
    CHECK(alone.declared().value() == 0);
    OK(alone.reset());
    OK(alone.declare_unguarded());
    OK(alone.leave());
    const pid_t victim = child([&] {
        OK(alone.declare_unguarded());
        raise(SIGKILL);
    });
    was_killed_by(victim, SIGKILL);
    IS(alone.wait(forever), CYD_E_BROKEN);
    CHECK(alone.broken()->cause == CYD_BROKEN_DIED && alone.broken()->pid == static_cast<std::uint32_t>(victim));
    IS(Barrier().wait(forever), CYD_E_NULL);
}

int main() {
    const Yard yard = Yard::create_anonymous().value();
    rlocks(yard);
    permits(yard);
    blocks(yard);
    semaphores(yard);
    barriers(yard);
    structs(yard);
    arrays(yard);
    struct_arrays(yard);
    return 0;
}
