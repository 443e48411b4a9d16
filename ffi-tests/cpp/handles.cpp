// courtyard.hpp: every class does what its function in courtyard.h does, closes what it opens, and says what failed.
// Built with exceptions and without, as C++17 and as C++20.
#include "courtyard.hpp"

#include "check.hpp"
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <vector>

using namespace courtyard;
using namespace std::chrono_literals;

static_assert(is_owner<Yard> && is_owner<Lock> && is_owner<Lock::Guard> && is_owner<Value<int>>);
static_assert(is_owner<Struct<int>> && is_owner<Array<int>> && is_owner<StructArray<int>>);
static_assert(is_owner<Ring> && is_owner<Sender> && is_owner<Receiver>);
static_assert(sizeof(Ring) == sizeof(void *));

// Timeouts, as courtyard.h takes them.
static_assert(Timeout(5ns).ns() == 5 && Timeout(2s).ns() == 2'000'000'000 && Timeout(0s).ns() == 0);
static_assert(Timeout(-1ns).ns() == no_wait.ns() && Timeout(std::chrono::hours::max()).ns() == forever.ns());
static_assert(Timeout(std::chrono::nanoseconds::max()).ns() == forever.ns());
static_assert(Timeout(std::chrono::duration<double>(1.5)).ns() == 1'500'000'000);
static_assert(Timeout(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())).ns() == 0);
static_assert(Timeout(std::chrono::duration<int, std::pico>(1500)).ns() == 1);

static_assert(type_of<signed char>() == CYD_TYPE_I8 && type_of<unsigned char>() == CYD_TYPE_U8);
static_assert(type_of<short>() == CYD_TYPE_I16 && type_of<unsigned short>() == CYD_TYPE_U16);
static_assert(type_of<int>() == CYD_TYPE_I32 && type_of<unsigned>() == CYD_TYPE_U32);
static_assert(type_of<long long>() == CYD_TYPE_I64 && type_of<unsigned long long>() == CYD_TYPE_U64);
static_assert(type_of<long>() == (sizeof(long) == 8 ? CYD_TYPE_I64 : CYD_TYPE_I32));
static_assert(type_of<float>() == CYD_TYPE_F32 && type_of<double>() == CYD_TYPE_F64);
static_assert(type_of<bool>() == CYD_TYPE_BOOL);
// What is taken out of a result that is not kept does not lie in it.
static_assert(std::is_same_v<decltype(std::declval<Result<std::string>>().value()), std::string>);
static_assert(std::is_same_v<decltype(*std::declval<Result<std::string>>()), std::string>);

static void yards() {
    const std::string name = "cyd-test-cpp-" + std::to_string(getpid());
    YardOptions options;
    options.size = 1 << 17;
    options.slots = 8;
    IS(Yard::open(name.c_str()), CYD_E_NOT_FOUND);
    Yard yard = Yard::create(name.c_str(), options).value();
    IS(Yard::create(name.c_str(), options), CYD_E_EXISTS);
    CHECK(!yard.is_sealed().value() && yard.fd().value() >= 0);
    OK(yard.set_inheritable(true));
    OK(yard.sweep());
    CHECK(yard.get_cost()->total_bytes == Yard::cost(options)->total_bytes);
    Value<int>::create(yard, "number").value();
    std::size_t cursor = 0;
    const ObjectInfo info = yard.next_object(cursor).value();
    CHECK(info.kind == CYD_OBJECT_VALUE && std::strcmp(info.name, "number") == 0);
    IS(yard.next_object(cursor), CYD_E_END);
    Yard again = Yard::open_or_create(name.c_str()).value();
    Yard by_fd = Yard::open_fd(yard.fd().value()).value();
    OK(Yard::unlink(name.c_str()));
    IS(Yard::unlink(name.c_str()), CYD_E_NOT_FOUND);

    // Empty handles answer, and are assigned over.
    Yard moved = std::move(yard);
    CHECK(moved && !yard);
    IS(yard.sweep(), CYD_E_NULL);
    IS(Lock::create(yard, "lock"), CYD_E_NULL);
    yard = std::move(moved);
    OK(yard.detach_thread());
    OK(yard.close());
    OK(yard.close());
    IS(yard.get_cost(), CYD_E_NULL);
    CHECK(!Yard() && Yard().get_native() == nullptr);
}

static void results(const Yard &yard) {
    const Result<Yard> closed = Yard::open_fd(1 << 20);
    CHECK(closed.code() == CYD_E_OS && closed.os_error() == EBADF);
    const Result<Lock> missing = Lock::open(yard, "missing");
    CHECK(missing.os_error() == 0 && closed.os_error() == 0); // of the last failure only
    CHECK(!missing.ok() && !missing && !missing.news() && missing.code() == CYD_E_NOT_FOUND);
    CHECK(std::strcmp(missing.name(), "CYD_E_NOT_FOUND") == 0);
    CHECK(std::strstr(missing.message(), "missing") != nullptr);
    IS(Lock::open(yard, "not a name"), CYD_E_NAME);
    // The thread's last failure is another one by now.
    CHECK(std::strcmp(missing.message(), cyd_status_message(CYD_E_NOT_FOUND)) == 0);
    CHECK(std::strcmp(Status(CYD_OK).message(), cyd_status_message(CYD_OK)) == 0);
    CHECK(Value<int>::open(yard, "missing").value_or(Value<int>()).get_native() == nullptr);
    CHECK(Status(CYD_OWNER_DIED).ok() && Status(CYD_OWNER_DIED).news() && Status(77).ok() && Status(77).news());
}

#if COURTYARD_EXCEPTIONS
static void failures(const Yard &yard) {
    try {
        Lock::open(yard, "missing").value();
        CHECK(!"reached");
    } catch (const std::runtime_error &error) {
        CHECK(std::strstr(error.what(), "missing") != nullptr);
        CHECK(static_cast<const Error &>(error).code() == CYD_E_NOT_FOUND);
    }
    try {
        Status(CYD_E_BUSY).value();
        CHECK(!"reached");
    } catch (const Error &error) {
        CHECK(error.code() == CYD_E_BUSY && error.os_error() == 0);
    }
    try {
        Yard::open_fd(1 << 20).value();
        CHECK(!"reached");
    } catch (const Error &error) {
        CHECK(error.code() == CYD_E_OS && error.os_error() == EBADF);
    }
}
#else
static void failures(const Yard &yard) {
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    const pid_t aborts = child([&] {
        dup2(pipes[1], STDERR_FILENO);
        Lock::open(yard, "missing").value();
    });
    was_killed_by(aborts, SIGABRT);
    std::array<char, 256> said{};
    CHECK(read(pipes[0], said.data(), said.size() - 1) > 0);
    CHECK(std::strstr(said.data(), "CYD_E_NOT_FOUND") != nullptr && std::strstr(said.data(), "missing") != nullptr);
    close(pipes[0]);
    close(pipes[1]);
}
#endif

// A child that takes the lock itself keeps it, whatever becomes of the guard that it has inherited.
template <class Guard, class Take, class Pid>
void taken_by_a_child(Take take, Pid pid) {
    Guard guard = take();
    const pid_t heir = child([&] {
        Guard own = take(); // as soon as the parent has given it up
        IS(guard.repaired(), CYD_E_NOT_OWNER);
        IS(guard.release(), CYD_E_NOT_OWNER);
        CHECK(pid() == static_cast<std::uint32_t>(getpid()));
    });
    const pid_t assigner = child([&] {
        guard = take();
        CHECK(pid() == static_cast<std::uint32_t>(getpid()));
        OK(guard.repaired());
        OK(guard.release());
    });
    OK(guard.release());
    ended_well(heir);
    ended_well(assigner);
    guard = take();
    CHECK(pid() == static_cast<std::uint32_t>(getpid()));
}

static void taken_by_children(const Yard &yard) {
    for (const Scope scope : {Scope::thread, Scope::process, Scope::anyone}) {
        const std::string name = "own" + std::to_string(static_cast<int>(scope));
        Lock lock = Lock::create(yard, name.c_str(), scope).value();
        taken_by_a_child<Lock::Guard>([&] { return lock.acquire(20s).value(); }, [&] { return lock.holder()->pid; });
    }
    RLock rlock = RLock::create(yard, "own-rlock").value();
    taken_by_a_child<RLock::Guard>([&] { return rlock.acquire(20s).value(); }, [&] { return rlock.holder()->pid; });
    RwLock rwlock = RwLock::create(yard, "own-rwlock").value();
    taken_by_a_child<RwLock::Guard>([&] { return rwlock.write(20s).value(); }, [&] { return rwlock.writer()->pid; });
}

static void locks(const Yard &yard) {
    Lock lock = Lock::create(yard, "lock").value();
    CHECK(lock.scope().value() == Scope::thread && Lock::open(yard, "lock")->scope().value() == Scope::thread);
    IS(Lock::open_or_create(yard, "lock", Scope::process), CYD_E_MISMATCH);
    {
        Lock::Guard guard = lock.acquire(forever).value();
        CHECK(!guard.owner_died() && lock.holder()->pid == static_cast<std::uint32_t>(getpid()));
        IS(lock.acquire(no_wait), CYD_E_BUSY);
        IS(lock.acquire(1ms), CYD_E_TIMEOUT);
        IS(lock.acquire(forever), CYD_E_DEADLOCK);
        // A child's copy of the guard frees nothing.
        ended_well(child([&] { Lock::Guard inherited = std::move(guard); }));
        Lock::Guard other = std::move(guard);
        IS(guard.release(), CYD_E_NULL);
        IS(lock.acquire(no_wait), CYD_E_BUSY);
    }
    IS(lock.holder(), CYD_E_NOT_FOUND);
    {
        Lock::Guard guard = lock.acquire(no_wait).value();
        OK(guard.release());
        guard = lock.acquire(no_wait).value();
    }
    OK(lock.acquire_unguarded(no_wait));
    OK(lock.release());
    IS(lock.release(), CYD_E_NOT_OWNER);

    was_killed_by(child([&] {
                      Result<Lock::Guard> guard = lock.acquire(forever);
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    {
        Result<Lock::Guard> guard = lock.acquire(forever);
        CHECK(yard.fault(0)->kind == CYD_FAULT_OWNER && yard.fault(99).code() == CYD_E_END);
        CHECK(guard.ok() && guard.news() && guard.owner_died() && guard->owner_died() && lock.is_suspect().value());
    }
    Lock::Guard guard = lock.acquire(forever).value();
    CHECK(guard.owner_died());
    OK(guard.repaired());
    CHECK(!guard.owner_died() && !lock.is_suspect().value());
}

static void rwlocks(const Yard &yard) {
    RwLock lock = RwLock::create(yard, "rwlock", 5).value();
    CHECK(lock.readers_max().value() == 5 && RwLock::open(yard, "rwlock")->readers_max().value() == 5);
    IS(RwLock::open_or_create(yard, "rwlock", 6), CYD_E_MISMATCH);
    CHECK(RwLock::open_or_create(yard, "rwlock").ok());
    {
        RwLock::Guard guard = lock.read(forever).value();
        RwLock::Guard again = lock.read(no_wait).value();
        CHECK(!guard.owner_died() && lock.readers().value() == 1);
        IS(lock.write(no_wait), CYD_E_BUSY);
        IS(lock.write(forever), CYD_E_DEADLOCK);
        IS(guard.repaired(), CYD_E_NOT_OWNER);
        // A child's copies of the guards free nothing.
        ended_well(child([&] { RwLock::Guard inherited = std::move(guard); }));
        RwLock::Guard other = std::move(guard);
        IS(guard.release(), CYD_E_NULL);
        OK(other.release());
        CHECK(lock.readers().value() == 1);
        other = std::move(again);
    }
    CHECK(lock.readers().value() == 0);
    {
        RwLock::Guard guard = lock.write(forever).value();
        CHECK(lock.writer()->pid == static_cast<std::uint32_t>(getpid()));
        IS(lock.read(1ms), CYD_E_TIMEOUT);
    }
    IS(lock.writer(), CYD_E_NOT_FOUND);
    OK(lock.read_unguarded(no_wait));
    OK(lock.release());
    OK(lock.write_unguarded(no_wait));
    OK(lock.repaired());
    OK(lock.release());
    IS(lock.release(), CYD_E_NOT_OWNER);

    was_killed_by(child([&] {
                      Result<RwLock::Guard> guard = lock.write(forever);
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    CHECK(lock.read(forever).owner_died() && lock.is_suspect().value());
    RwLock::Guard guard = lock.write(forever).value();
    CHECK(guard.owner_died());
    OK(guard.repaired());
    CHECK(!guard.owner_died() && !lock.is_suspect().value());
}

// Anyone may release such a lock, but a guard releases only what it took.
static void locks_of_anyone(const Yard &yard) {
    Lock lock = Lock::create(yard, "anyone", Scope::anyone).value();
    Lock same = std::move(lock);
    {
        Lock::Guard guard = same.acquire(forever).value();
        ended_well(child([&] {
            IS(guard.release(), CYD_E_NOT_OWNER);
            IS(same.acquire(no_wait), CYD_E_BUSY);
            OK(same.release());
        }));
        ended_well(child([&] { OK(same.acquire_unguarded(no_wait)); }));
        IS(guard.release(), CYD_E_NOT_OWNER);
    }
    CHECK(same.acquire(forever).owner_died());
}

// The owner takes it again; a guard, also a child's copy of one, releases once what its own thread took.
static void rlocks(const Yard &yard) {
    RLock rlock = RLock::create(yard, "rlock").value();
    IS(Lock::open(yard, "rlock"), CYD_E_TYPE);
    IS(RLock::create(yard, "rlock"), CYD_E_EXISTS);
    {
        RLock::Guard outer = rlock.acquire(forever).value();
        RLock same = RLock::open(yard, "rlock").value();
        RLock::Guard inner = same.acquire(1ms).value();
        CHECK(rlock.count().value() == 2 && !inner.owner_died());
        CHECK(rlock.holder()->pid == static_cast<std::uint32_t>(getpid()));
        ended_well(child([&] {
            IS(rlock.acquire(no_wait), CYD_E_BUSY);
            IS(inner.release(), CYD_E_NOT_OWNER);
            RLock::Guard inherited = std::move(outer);
        }));
        OK(inner.release());
        IS(inner.release(), CYD_E_NULL);
        OK(rlock.acquire_unguarded(forever));
        OK(rlock.release());
        CHECK(rlock.count().value() == 1);
        inner = std::move(outer);
    }
    CHECK(rlock.count().value() == 0);
    IS(rlock.release(), CYD_E_NOT_OWNER);
    IS(rlock.holder(), CYD_E_NOT_FOUND);

    was_killed_by(child([&] {
                      Result<RLock::Guard> outer = rlock.acquire(forever), inner = rlock.acquire(forever);
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    RLock same = RLock::open_or_create(yard, "rlock").value();
    RLock::Guard guard = same.acquire(forever).value();
    CHECK(guard.owner_died() && rlock.is_suspect().value() && rlock.count().value() == 1);
    OK(guard.repaired());
    CHECK(!guard.owner_died() && !rlock.is_suspect().value());
    IS(RLock().repaired(), CYD_E_NULL);
    OK(rlock.repaired());
}

static void semaphores(const Yard &yard) {
    SemaphoreOptions options;
    options.initial = 1;
    options.maximum = 2;
    Semaphore semaphore = Semaphore::create(yard, "semaphore", options).value();
    IS(Semaphore::open_or_create(yard, "semaphore"), CYD_E_MISMATCH);
    CHECK(Semaphore::open_or_create(yard, "semaphore", options)->maximum().value() == 2);
    OK(semaphore.acquire(forever));
    IS(semaphore.acquire(no_wait), CYD_E_BUSY);
    IS(semaphore.acquire(1ms), CYD_E_TIMEOUT);
    ended_well(child([&] {
        OK(Semaphore::open(yard, "semaphore")->release());
        OK(semaphore.release());
        IS(semaphore.release(), CYD_E_RANGE);
    }));
    CHECK(semaphore.value().value() == 2);
    IS(semaphore.release(0), CYD_E_RANGE);
    IS(Semaphore().acquire(forever), CYD_E_NULL);
}

template <class T>
static void numbers_of(const Yard &yard, const char *name) {
    Value<T> value = Value<T>::create(yard, name).value();
    CHECK(value.get().value() == T(0));
    OK(value.set(T(5)));
    CHECK(value.swap(T(3)).value() == T(5) && value.fetch_max(T(9)).value() == T(3));
    CHECK(value.fetch_min(T(4)).value() == T(9) && value.fetch_add(T(2)).value() == T(4));
    CHECK(value.fetch_sub(T(1)).value() == T(6));
    T expected = T(1);
    CHECK(!value.compare_exchange(expected, T(7)).value() && expected == T(5));
    CHECK(value.compare_exchange(expected, T(7)).value() && value.get().value() == T(7));
    if constexpr (std::is_integral_v<T>) {
        CHECK(value.fetch_or(T(8)).value() == T(7) && value.fetch_and(T(12)).value() == T(15));
        CHECK(value.fetch_xor(T(4)).value() == T(12) && value.get().value() == T(8));
    }
}

static void values(const Yard &yard) {
    numbers_of<std::int8_t>(yard, "i8");
    numbers_of<std::uint8_t>(yard, "u8");
    numbers_of<std::int16_t>(yard, "i16");
    numbers_of<std::uint16_t>(yard, "u16");
    numbers_of<int>(yard, "i32");
    numbers_of<unsigned>(yard, "u32");
    numbers_of<long long>(yard, "i64");
    numbers_of<unsigned long>(yard, "u64");
    numbers_of<float>(yard, "f32");
    numbers_of<double>(yard, "f64");
    Value<bool> flag = Value<bool>::open_or_create(yard, "flag").value();
    CHECK(!flag.fetch_or(true).value() && flag.swap(false).value() && !flag.get().value());
    IS(Value<float>::open(yard, "flag"), CYD_E_MISMATCH);
    IS(Value<float>::open(yard, "lock"), CYD_E_TYPE);
    CHECK(Value<double>::open(yard, "f64")->get().value() == 7.0);
    IS(Value<int>().get(), CYD_E_NULL);
    IS(Value<int>().fetch_add(1), CYD_E_NULL);
}

struct Point {
    double x, y;
    int turns;
};

static void structs(const Yard &yard) {
    Struct<Point> point = Struct<Point>::create(yard, "point").value();
    OK(point.set({1, 2, 3}, no_wait));
    OK(point.update(forever, [&](Point &p) {
        p.turns += 4;
        IS(point.set(p, forever), CYD_E_DEADLOCK);
    }));
    Struct<Point> same = Struct<Point>::open_or_create(yard, "point").value();
    CHECK(same.get()->turns == 7 && same.get()->y == 2);
#if COURTYARD_EXCEPTIONS
    try {
        static_cast<void>(same.update(forever, [](Point &p) {
            p.turns = 0;
            throw 5;
        }));
        CHECK(false);
    } catch (int number) {
        CHECK(number == 5 && point.get()->turns == 7);
    }
    OK(point.update(no_wait, [](Point &) {}));
#endif
    IS(Struct<int>::open(yard, "point"), CYD_E_MISMATCH);
    IS(Struct<Point>().get(), CYD_E_NULL);
    StructArray<Point> all = StructArray<Point>::create(yard, "points", 3).value();
    OK(all.set(2, {0, 0, 9}, no_wait));
    OK(all.update(2, no_wait, [](Point &p) { p.turns++; }));
    StructArray<Point> others = StructArray<Point>::open(yard, "points").value();
    CHECK(others.get(2)->turns == 10 && others.get(0)->turns == 0 && others.len().value() == 3);
    IS(others.get(3), CYD_E_RANGE);
    IS(StructArray<Point>::open_or_create(yard, "points", 4), CYD_E_MISMATCH);
}

template <class T>
static void elements_of(const Yard &yard, const char *name) {
    Array<T> array = Array<T>::create(yard, name, 4).value();
    OK(array.fill(1, 3, T(5)));
    CHECK(array.swap(1, T(3)).value() == T(5) && array.fetch_max(1, T(9)).value() == T(3));
    CHECK(array.fetch_min(1, T(4)).value() == T(9) && array.len().value() == 4);
    T expected = T(1);
    CHECK(!array.compare_exchange(1, expected, T(7)).value() && expected == T(4));
    CHECK(array.compare_exchange(1, expected, T(7)).value() && array.get(1).value() == T(7));
    T run[4];
    OK(array.read(0, 4, run));
    CHECK(run[0] == T(0) && run[1] == T(7) && run[3] == T(5));
    OK(array.write(0, 2, run + 1));
    CHECK(Array<T>::open(yard, name)->get(0).value() == T(7));
    IS(array.set(4, T(0)), CYD_E_RANGE);
}

static void arrays(const Yard &yard) {
    elements_of<std::uint8_t>(yard, "a8");
    elements_of<long>(yard, "along");
    elements_of<double>(yard, "adouble");
    elements_of<wchar_t>(yard, "awide");
    elements_of<char32_t>(yard, "a32");
    ArrayOptions options;
    options.lock = 1;
    Array<int> array = Array<int>::open_or_create(yard, "locked", 2, options).value();
    OK(array.lock(no_wait));
    CHECK(array.fetch_add(0, 5).value() == 0 && array.fetch_or(0, 2).value() == 5);
    OK(array.unlock());
    IS(array.unlock(), CYD_E_NOT_OWNER);
    IS(array.repaired(), CYD_E_NOT_OWNER);
    IS(Array<int>::open_or_create(yard, "locked", 2), CYD_E_MISMATCH);
    IS(Array<int>().get(0), CYD_E_NULL);
}

static void rings(const Yard &yard) {
    RingOptions options;
    options.capacity = 1024;
    Ring ring = Ring::create(yard, "ring", options).value();
    CHECK(ring.capacity().value() == 1024 && ring.max_len().value() == 504);
    CHECK(Ring::open_or_create(yard, "ring", options)->capacity().value() == 1024);
    CHECK(ring.sender_state().value() == Peer::absent);
    Sender sender = ring.sender().value();
    IS(ring.sender(Strategy::spin), CYD_E_BUSY);
    CHECK(ring.sender_state().value() == Peer::here && sender.peer().value() == Peer::absent);
    Receiver receiver = Ring::open(yard, "ring")->receiver(Strategy::block).value();
    CHECK(ring.receiver_state().value() == Peer::here && receiver.peer().value() == Peer::here);
    IS(receiver.recv(no_wait), CYD_E_EMPTY);
    IS(receiver.recv(1ms), CYD_E_EMPTY);

    OK(sender.send("a text", forever));
    CHECK(receiver.recv(forever).value() == "a text");
    const std::string longest(504, 'x');
    OK(sender.send(longest, no_wait));
    IS(sender.send(longest, no_wait), CYD_E_FULL);
    IS(sender.send(longest + "x", forever), CYD_E_TOO_LONG);
    std::size_t len = 0;
    IS(receiver.recv(nullptr, 0, len, no_wait), CYD_E_TOO_LONG);
    CHECK(len == 504 && receiver.recv(no_wait).value() == longest);
    OK(sender.send(nullptr, 0, no_wait));
    CHECK(receiver.recv<std::vector<std::byte>>(no_wait).value().empty());

    const Slice slices[] = {{"one", 3}, {"four", 4}};
    CHECK(sender.send_batch(slices, 2, no_wait).value() == 2);
    char both[8] = {};
    std::size_t lens[2] = {};
    CHECK(receiver.recv_batch(both, 7, lens, 2, no_wait).value() == 2);
    CHECK(std::strcmp(both, "onefour") == 0 && lens[0] == 3 && lens[1] == 4);

    // In place, on both sides.
    {
        Sender::Reserved room = sender.reserve(8, no_wait).value();
        IS(sender.send("x", no_wait), CYD_E_STATE);
        std::memcpy(room.data(), "in place", room.size());
        IS(room.commit(9), CYD_E_RANGE);
        OK(room.commit(8));
        IS(room.commit(8), CYD_E_NULL);
        Sender::Reserved given_up = sender.reserve(8, no_wait).value();
        Sender::Reserved moved = std::move(given_up);
    }
    IS(sender.send(std::string(1 << 20, 'x'), no_wait), CYD_E_TOO_LONG);
    const std::string said = cyd_last_error_message();
    OK(sender.reserve(1, no_wait).value().abort());
    CHECK(said == cyd_last_error_message()); /* what succeeds says nothing of its guards */
    OK(sender.reserve(1, no_wait).value().abort());
    CHECK(receiver.peek(no_wait)->text() == "in place" && receiver.peek(no_wait)->size == 8);
    IS(receiver.recv(no_wait), CYD_E_STATE);
    OK(receiver.release());
    IS(receiver.release(), CYD_E_STATE);

    // What a killed receiver has looked at comes again, and says so.
    OK(sender.send("once more", no_wait));
    OK(receiver.close());
    was_killed_by(child([&] {
                      Receiver mine = ring.receiver().value();
                      CHECK(mine.peek(forever)->text() == "once more");
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    CHECK(sender.peer().value() == Peer::died);
    receiver = ring.receiver().value();
    const Result<std::string> again = receiver.recv(forever);
    CHECK(again.ok() && again.redelivered() && *again == "once more");
    OK(sender.close());
    IS(sender.send("x", no_wait), CYD_E_NULL);
    IS(receiver.recv(forever), CYD_E_PEER_CLOSED);
}

static void pipes(const Yard &yard) {
    PipeOptions options;
    options.capacity = 1024;
    Pipe pipe = Pipe::create(yard, "pipe", options).value();
    CHECK(pipe.capacity().value() == 1024 && pipe.max_len().value() == 504 && pipe.is_duplex().value());
    CHECK(Pipe::open_or_create(yard, "pipe", options)->capacity().value() == 1024);
    CHECK(pipe.state(PipeEnd::first).value() == Peer::absent);
    Connection father = Pipe::open(yard, "pipe")->end(PipeEnd::first).value();
    Connection mother = pipe.end(PipeEnd::second).value();
    CHECK(father.end().value() == PipeEnd::first && mother.end().value() == PipeEnd::second);
    CHECK(father.peer().value() == Peer::here && pipe.state(PipeEnd::second).value() == Peer::here);
    IS(father.recv(no_wait), CYD_E_EMPTY);
    IS(father.poll(1ms), CYD_E_EMPTY);

    const std::string longest(504, 'x');
    OK(mother.send(longest, forever));
    IS(mother.send(longest + "x", forever), CYD_E_TOO_LONG);
    CHECK(father.poll(no_wait).value() == 504);
    std::size_t len = 0;
    IS(father.recv(nullptr, 0, len, no_wait), CYD_E_TOO_LONG);
    CHECK(len == 504 && father.recv(no_wait).value() == longest);
    OK(father.send(nullptr, 0, no_wait));
    CHECK(mother.recv<std::vector<std::byte>>(no_wait).value().empty());

    // A child of fork holds what its parent holds, and each closes its own.
    was_killed_by(child([&] {
                      OK(father.close());
                      OK(mother.send("from the child", forever));
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    OK(mother.close());
    IS(mother.send("x", no_wait), CYD_E_NULL);
    CHECK(father.recv(forever).value() == "from the child");
    const Status gone = father.recv(forever).status();
    CHECK(gone.code() == CYD_E_PEER_CLOSED || gone.code() == CYD_E_PEER_DIED); // whoever was seen to go last
    IS(father.send("x", forever), gone.code());
}

static void shelves(const Yard &yard) {
    LifoOptions options;
    options.capacity = 2;
    options.max_len = 300;
    LifoQueue stack = LifoQueue::create(yard, "stack", options).value();
    CHECK(LifoQueue::open_or_create(yard, "stack", options)->capacity().value() == 2);
    CHECK(LifoQueue::open(yard, "stack")->max_len().value() == 300 && stack.is_empty().value());
    const std::string longest(300, 'x');
    OK(stack.put("one", forever));
    OK(stack.put(longest, no_wait));
    CHECK(stack.is_full().value() && stack.len().value() == 2);
    IS(stack.put("x", 1ms), CYD_E_FULL);
    IS(stack.put(longest + "x", forever), CYD_E_TOO_LONG);
    std::size_t len = 0;
    IS(stack.get(nullptr, 0, len, no_wait), CYD_E_TOO_LONG);
    CHECK(len == 300 && stack.get(forever).value() == longest);
    CHECK(!stack.is_shutdown().value());
    OK(stack.shutdown());
    CHECK(stack.is_shutdown().value());
    CHECK(stack.get<std::vector<std::byte>>(forever)->size() == 3);
    IS(stack.get(forever), CYD_E_END);
    IS(LifoQueue().put("x", no_wait), CYD_E_NULL);

    PriorityQueue todo = PriorityQueue::create(yard, "todo").value();
    CHECK(PriorityQueue::open_or_create(yard, "todo")->capacity().value() == 64);
    CHECK(PriorityQueue::open(yard, "todo")->max_len().value() == 256);
    IS(todo.get(no_wait), CYD_E_EMPTY);
    OK(todo.put("later", 7, forever));
    was_killed_by(child([&] {
                      OK(todo.put("sooner", -7, forever));
                      OK(todo.put("as late", 7, forever));
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    CHECK(todo.len().value() == 3 && !todo.is_full().value() && !todo.is_empty().value());
    CHECK(todo.get(forever).value() == std::make_pair(std::string("sooner"), std::int64_t{-7}));
    std::int64_t priority = 0;
    char buffer[8];
    OK(todo.get(buffer, sizeof buffer, len, priority, forever));
    CHECK(len == 5 && priority == 7 && std::string_view(buffer, len) == "later");
    OK(todo.put(nullptr, 0, 8, forever));
    OK(todo.shutdown(true));
    IS(todo.put("x", 0, forever), CYD_E_SHUTDOWN);
    CHECK(todo.is_shutdown().value());
    IS(todo.get(forever), CYD_E_SHUTDOWN);
}

int main() {
    CHECK(is_compatible() && probe()->cpus > 0);
    yards();
    const Yard yard = Yard::create_anonymous().value();
    CHECK(yard.is_sealed().value());
    results(yard);
    failures(yard);
    taken_by_children(yard);
    locks(yard);
    locks_of_anyone(yard);
    rlocks(yard);
    semaphores(yard);
    rwlocks(yard);
    values(yard);
    structs(yard);
    arrays(yard);
    rings(yard);
    pipes(yard);
    shelves(yard);
    return 0;
}
