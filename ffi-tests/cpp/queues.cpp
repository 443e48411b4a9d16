// courtyard.hpp: queues, loans and borrowed messages. Built with exceptions and without, as C++17 and as C++20.
#include "courtyard.hpp"

#include "check.hpp"
#include <csignal>
#include <cstring>
#include <thread>

using namespace courtyard;
using namespace std::chrono_literals;

static_assert(is_owner<Queue> && is_owner<Queue::Loan> && is_owner<Queue::Message> && is_owner<Queue::Part>);

static void messages(const Yard &yard) {
    QueueOptions options;
    options.capacity = 2;
    options.inline_max = 112;
    Queue queue = Queue::create(yard, "messages", options).value();
    IS(Queue::create(yard, "messages"), CYD_E_EXISTS);
    IS(Queue::open_or_create(yard, "messages"), CYD_E_MISMATCH);
    CHECK(Queue::open(yard, "messages")->capacity().value() == 2 && queue.max_len().value() == 112);
    CHECK(queue.is_empty().value() && !queue.is_full().value());
    OK(queue.put("one", forever));
    OK(queue.put(nullptr, 0, no_wait));
    IS(queue.put("three", 1ms), CYD_E_FULL);
    CHECK(!queue.is_empty().value() && queue.is_full().value());
    CHECK(queue.len().value() == 2 && queue.get(forever).value() == "one" && queue.get(forever)->empty());
    const Slice row[3] = {{"a", 1}, {"bc", 2}, {"d", 1}};
    CHECK(queue.put_many(row, 3, forever).value() == 2);
    char buffer[8];
    std::size_t lens[3], len = 0;
    CHECK(queue.get_many(buffer, sizeof buffer, lens, 3, forever).value() == 2 && lens[1] == 2);
    CHECK(std::string_view(buffer, 3) == "abc" && !queue.is_shutdown().value());
    CHECK(queue.bytes().value() == 0);
    OK(queue.shutdown());
    IS(queue.get(buffer, sizeof buffer, len, forever), CYD_E_END);
    IS(Queue().put("x", no_wait), CYD_E_NULL);
    options.block_bytes = 64 << 10;
    Queue longer = Queue::create(yard, "longer", options).value();
    const std::string text(5000, 't');
    OK(longer.put(text, no_wait));
    const auto got = longer.get(no_wait);
    CHECK(*got == text && !got.redelivered()); /* the first attempt had too little room, and nobody has seen it */
}

static void loans(const Yard &yard) {
    BlockClass size{1000, 2};
    BlocksOptions of_blocks;
    of_blocks.classes = &size;
    of_blocks.class_count = 1;
    Blocks blocks = Blocks::create(yard, "blocks", of_blocks).value();
    QueueOptions options;
    options.capacity = 2;
    options.blocks = blocks.get_native();
    Queue in = Queue::create(yard, "in", options).value();
    Queue out = Queue::open_or_create(yard, "out", options).value();
    {
        Queue::Loan unused = in.loan(10, forever).value();
        Queue::Loan loan = in.loan(1000, forever).value();
        IS(in.loan(1, no_wait), CYD_E_NO_SPACE);
        std::memset(loan.data(), 'x', loan.size());
        OK(loan.put(forever));
        IS(loan.give_back(), CYD_E_NULL);
        Queue::Loan moved = std::move(unused);
        CHECK(unused.block() == 0 && moved.block() != 0 && moved.size() == 10);
    }
    CHECK(blocks.owned().value() == 0);
    {
        Queue::Message message = in.get_borrow(forever).value();
        CHECK(message.size() == 1000 && message.block() != 0 && message.str() == std::string(1000, 'x'));
        Queue::Message moved = std::move(message);
        CHECK(blocks.owned().value() == 1);
        ended_well(child([&] { IS(moved.give_back(), CYD_E_NOT_OWNER); }));
        OK(out.put_loan(moved.release(), forever)); // on, without a copy
    }
    OK(out.put("short", forever));
    CHECK(out.get(forever).value() == std::string(1000, 'x'));
    Queue::Message message = out.get_borrow(forever).value();
    Queue::Message moved = std::move(message);
    CHECK(moved.block() == 0 && moved.str() == "short");
    OK(out.release(moved.release()));
    IS(out.get_borrow(no_wait), CYD_E_EMPTY);
    CHECK(blocks.owned().value() == 0);
}

static void sides(const Yard &yard) {
    QueueOptions options;
    options.sides = 1;
    Queue queue = Queue::create(yard, "sides", options).value();
    CHECK(queue.side_state(Queue::Side::consumers).value() == Peer::absent);
    {
        Queue::Part part = queue.enter(Queue::Side::producers).value();
        Queue::Part moved = std::move(part);
        IS(part.leave(), CYD_E_NULL);
        CHECK(queue.side_state(Queue::Side::producers).value() == Peer::here);
        OK(queue.put("last", forever));
    }
    CHECK(queue.get(forever).value() == "last");
    IS(queue.get(forever), CYD_E_PEER_CLOSED);
    was_killed_by(child([&] {
                      Queue::Part part = queue.enter(Queue::Side::producers).value();
                      raise(SIGKILL);
                  }),
                  SIGKILL);
    IS(queue.get(forever), CYD_E_PEER_DIED);
    IS(Queue().enter(Queue::Side::producers), CYD_E_NULL);
}

static void refer(const Yard &yard) {
    const Ref ref = yard.ref("sides").value();
    CHECK(ref.kind == CYD_OBJECT_QUEUE && yard.resolve(ref)->kind == CYD_OBJECT_QUEUE);
    CHECK(yard.open_ref<Queue>(ref)->capacity().value() == 1024);
    IS(yard.open_ref<Blocks>(ref), CYD_E_TYPE);
    IS(Yard::create_anonymous()->open_ref<Queue>(ref), CYD_E_FOREIGN);
    CHECK(Yard::object_cost({}, CYD_OBJECT_QUEUE)->item_bytes == 64);
}

int main() {
    const Yard yard = Yard::create_anonymous().value();
    messages(yard);
    loans(yard);
    sides(yard);
    refer(yard);
    return 0;
}
