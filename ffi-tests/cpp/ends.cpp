// courtyard.hpp: ways to end a wait.
// Built with exceptions and without, as C++17 and as C++20.
#include "courtyard.hpp"

#include "check.hpp"
#include <csignal>
#include <poll.h>
#include <thread>
#include <vector>

using namespace courtyard;
using namespace std::chrono_literals;

static_assert(is_owner<CancelToken> && is_owner<CancelToken::Scope>);
static_assert(sizeof(CancelToken) == sizeof(void *));

static void cancelled(const Yard &yard) {
    Event event = Event::create(yard, "event").value();
    Semaphore semaphore = Semaphore::create(yard, "semaphore").value();
    CancelToken token = CancelToken::create().value();
    {
        CancelToken::Scope scope = token.scope().value();
        std::thread other([&] {
            std::this_thread::sleep_for(20ms);
            OK(token.cancel());
        });
        IS(event.wait(forever), CYD_E_CANCELLED);
        IS(semaphore.acquire(forever), CYD_E_CANCELLED);
        other.join();
        CHECK(token.is_cancelled().value());
        CancelToken::Scope moved = std::move(scope);
        IS(scope.leave(), CYD_E_NULL);
        IS(event.wait(forever), CYD_E_CANCELLED);
        OK(moved.leave());
        IS(event.wait(1ms), CYD_E_TIMEOUT);
    }
    CancelToken of_event = CancelToken::from_event(event).value();
    CancelToken::Scope scope = of_event.scope().value();
    OK(event.set());
    IS(semaphore.acquire(forever), CYD_E_CANCELLED);
    OK(event.wait(forever)); // what needs no waiting succeeds
    IS(CancelToken::from_event(Event()), CYD_E_NULL);
    IS(CancelToken().cancel(), CYD_E_NULL);
    IS(CancelToken().scope(), CYD_E_NULL);
}

// What a condition is waited for, whatever it is notified of.
static void conditions(const Yard &yard) {
    Condition condition = Condition::create(yard, "condition").value();
    Lock lock = Lock::create(yard, "of-condition").value();
    RLock rlock = RLock::create(yard, "rlock-of-condition").value();
    int stock = 0, asked = 0;
    const auto at_least = [&](int wanted) {
        return [&, wanted] {
            asked++;
            return stock >= wanted;
        };
    };
    std::thread other([&] {
        for (int i = 0; i < 3; i++) {
            std::this_thread::sleep_for(5ms);
            Lock::Guard guard = lock.acquire(forever).value();
            stock++;
            OK(condition.notify());
        }
    });
    {
        Lock::Guard guard = lock.acquire(forever).value();
        OK(condition.wait_for(lock, 20s, at_least(3)));
        CHECK(stock == 3 && lock.holder()->tid != 0);
        asked = 0;
        OK(condition.wait_for(lock, no_wait, at_least(3))); // nobody waits
        CHECK(asked == 1);
        IS(condition.wait_for(lock, 5ms, at_least(4)), CYD_E_TIMEOUT);
        CHECK(asked == 3); // before the wait, and after it
        OK(condition.wait_for(lock, 1ms, [&] { return stock++ == 4; }));
        CHECK(stock == 5);
    }
    other.join();
    {
        RLock::Guard guard = rlock.acquire(forever).value();
        IS(condition.wait_for(rlock, 1ms, at_least(99)), CYD_E_TIMEOUT);
        CHECK(rlock.count().value() == 1);
    }
    IS(condition.wait_for(lock, forever, at_least(99)), CYD_E_NOT_OWNER);
    IS(Condition().wait_for(lock, forever, at_least(99)), CYD_E_NULL);

    // Who dies with the lock ends the wait, whatever is awaited.
    Event waits = Event::create(yard, "waits").value();
    const pid_t dies = child([&] {
        OK(waits.wait(20s));
        Result<Lock::Guard> guard = lock.acquire(20s);
        OK(condition.notify());
        raise(SIGKILL);
    });
    {
        Lock::Guard guard = lock.acquire(forever).value();
        OK(waits.set());
        IS(condition.wait_for(lock, 20s, at_least(99)), CYD_OWNER_DIED);
        OK(lock.repaired());
    }
    was_killed_by(dies, SIGKILL);
}

static void deadlines(const Yard &yard) {
    Event event = Event::create(yard, "never").value();
    const Deadline soon = Deadline::after(5ms);
    IS(event.wait(soon), CYD_E_TIMEOUT);
    CHECK(soon.left().ns() == 0);
    IS(event.wait(soon), CYD_E_TIMEOUT);
    CHECK(Deadline::after(forever).left().ns() == -1);
    CHECK(Deadline::after(1h).left().ns() > 0);
}

static_assert(is_owner<Queue>);

static void queues(const Yard &yard) {
    QueueOptions options;
    options.capacity = 3;
    Queue queue = Queue::create(yard, "queue", options).value();
    IS(queue.get(1ms), CYD_E_EMPTY);
    OK(queue.put("one", forever));
    CHECK(wait_any({queue}, forever).value() == 0);
    const cyd_slice_t more[] = {{"two", 3}, {"three", 5}, {"four", 4}};
    CHECK(queue.put_many(more, 3, forever).value() == 2);
    IS(queue.put("four", 1ms), CYD_E_FULL);
    CHECK(queue.len().value() == 3 && queue.capacity().value() == 3 && queue.max_len().value() == 48);
    CHECK(Queue::open(yard, "queue").value().get(forever).value() == "one");
    char buffer[64];
    std::size_t lens[4], len = 0;
    IS(queue.get(buffer, 2, len, forever), CYD_E_TOO_LONG);
    CHECK(len == 3);
    CHECK(queue.get_many(buffer, sizeof buffer, lens, 4, forever).value() == 2 && lens[1] == 5);
    CHECK(!queue.is_shutdown().value());
    OK(queue.shutdown());
    IS(queue.put("x", forever), CYD_E_SHUTDOWN);
    IS(queue.get(forever), CYD_E_END);
    OK(queue.shutdown(true));
    IS(queue.get(forever), CYD_E_SHUTDOWN);
    IS(Queue::open_or_create(yard, "queue"), CYD_E_MISMATCH);
}

static void acknowledged(const Yard &yard) {
    QueueOptions options;
    options.unacked = 2;
    options.block_bytes = 16 << 10;
    Queue queue = Queue::create(yard, "acknowledged", options).value();
    const std::string longer(500, 'l');
    OK(queue.put("one", forever));
    OK(queue.put(longer, forever));
    char buffer[64];
    std::size_t len = 0;
    std::uint64_t one = 0, two = 0;
    OK(queue.get_ack(buffer, sizeof buffer, len, one, forever));
    CHECK(len == 3 && queue.unfinished().value() == 2);
    CHECK(queue.get_ack(two, forever).value() == longer);
    IS(queue.join(1ms), CYD_E_TIMEOUT);
    OK(queue.put_back(two));
    CHECK(queue.get_ack<std::vector<char>>(two, forever).value().size() == 500);
    OK(queue.done(one));
    IS(queue.done(one), CYD_E_STATE);
    OK(queue.task_done());
    IS(queue.task_done(), CYD_E_RANGE);
    OK(queue.join(forever));
    for (const std::string &message : {std::string("short"), longer}) {
        OK(queue.put(message, forever));
        { CHECK(queue.get_borrow_ack(forever).value().str() == message); } /* not done */
        auto got = queue.get_borrow_ack(forever);
        CHECK(got.status().redelivered());
        Queue::OwedMessage again = std::move(got).value();
        CHECK(again.size() == message.size() && again.str() == message && again.ticket() != 0);
        OK(again.put_back());
        IS(again.put_back(), CYD_E_NULL);
        again = queue.get_borrow_ack(forever).value();
        OK(again.done());
        IS(again.done(), CYD_E_NULL);
        OK(queue.put(message, forever));
        OK(queue.done(queue.get_borrow_ack(forever).value().release()));
        OK(queue.join(no_wait));
    }
}

static void many(const Yard &yard) {
    Event stop = Event::create(yard, "stop").value();
    Semaphore jobs = Semaphore::create(yard, "jobs").value();
    Permits permits = Permits::create(yard, "permits", 1).value();
    Ring ring = Ring::create(yard, "ring").value();
    Sender sender = ring.sender().value();
    Receiver receiver = ring.receiver().value();
    IS(wait_any({stop, jobs, receiver}, no_wait), CYD_E_TIMEOUT);
    CHECK(wait_any({stop, permits, sender}, forever).value() == 1);
    std::thread other([&] {
        std::this_thread::sleep_for(20ms);
        OK(jobs.release());
    });
    CHECK(wait_any({stop, jobs, receiver}, forever).value() == 1);
    other.join();
    OK(wait_all({jobs, permits, sender}, no_wait));
    const Waitable list[] = {stop, jobs, receiver};
    bool ready[3] = {true, false, true};
    OK(wait_some(list, 3, no_wait, ready));
    CHECK(!ready[0] && ready[1] && !ready[2]);
    LifoQueue lifo = LifoQueue::create(yard, "lifo").value();
    PriorityQueue heap = PriorityQueue::create(yard, "heap").value();
    Pipe pipe = Pipe::create(yard, "pipe").value();
    Connection first = pipe.end(PipeEnd::first).value(), second = pipe.end(PipeEnd::second).value();
    IS(wait_any({lifo, heap, first}, no_wait), CYD_E_TIMEOUT);
    OK(second.send("x", forever));
    CHECK(wait_any({lifo, heap, first}, no_wait).value() == 2);
    Notifier notifier = Notifier::create(lifo).value();
    pollfd it = {notifier.fd().value(), POLLIN, 0};
    CHECK(poll(&it, 1, 0) == 0);
    OK(lifo.put("x", forever));
    CHECK(poll(&it, 1, 20000) == 1);
    CHECK(lifo.get(forever).value() == "x");
    OK(notifier.clear());
    CHECK(poll(&it, 1, 0) == 0);
    Writable room = lifo.writable().value(), way = first.writable().value();
    CHECK(wait_any({stop, room}, no_wait).value() == 1);
    while (lifo.put("x", no_wait).ok()) {
    }
    IS(wait_any({stop, room}, no_wait), CYD_E_TIMEOUT);
    CHECK(wait_any({room, heap.writable().value()}, no_wait).value() == 1);
    CHECK(lifo.get(forever).value() == "x");
    OK(wait_all({room, way, heap.writable().value()}, no_wait));
    IS(Queue().writable(), CYD_E_NULL);
    IS(Notifier::create(Event()), CYD_E_NULL);
    IS(wait_any({}, no_wait), CYD_E_INVALID);
    IS(wait_any({stop, stop}, no_wait), CYD_E_INVALID);
    IS(wait_any({stop, Event()}, no_wait), CYD_E_NULL);
}

static void members(const Yard &yard) {
    std::size_t cursor = 0;
    Member me = yard.next_member(cursor).value();
    IS(yard.next_member(cursor), CYD_E_END);
    CHECK(me.info()->pid == static_cast<std::uint32_t>(getpid()) && me.info()->is_me == 1);
    CHECK(me.is_alive().value());
    IS(me.wait(1ms), CYD_E_TIMEOUT);
    IS(me.wait(forever), CYD_E_DEADLOCK);
}

int main() {
    Yard yard = Yard::create_anonymous().value();
    queues(yard);
    acknowledged(yard);
    cancelled(yard);
    conditions(yard);
    deadlines(yard);
    many(yard);
    members(yard);
    return 0;
}
