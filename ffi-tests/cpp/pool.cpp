/* Pools in C++: tasks that are lambdas, what they give and throw, futures, promises, maps. */
#include "courtyard.hpp"

#include "check.hpp"
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>
#if COURTYARD_EXCEPTIONS
#include <stdexcept>
#endif

namespace cyd = courtyard;
using namespace std::chrono_literals;

static_assert(is_owner<cyd::Pool> && is_owner<cyd::Pool::Loan> && is_owner<cyd::Future> && is_owner<cyd::Promise> && is_owner<cyd::Map>);
static_assert(!std::is_copy_constructible_v<cyd::Task>, "a copy would not know that the task has failed");

static void tasks() {
    cyd::register_task("reverse", [](cyd::Task &, std::string_view input) {
        return std::string(input.rbegin(), input.rend());
    }).value();
    cyd::register_task("attempt", [](cyd::Task &task, std::string_view input) {
        const auto attempt = task.info().value().attempt;
        if (attempt < input.size()) {
            std::raise(SIGKILL);
        }
        return std::to_string(attempt);
    }).value();
    cyd::register_task("wait", [](cyd::Task &task, std::string_view) {
        while (!task.is_cancelled().value()) {
            usleep(1000);
        }
        return "asked";
    }).value();
    cyd::register_task("set", [](cyd::Task &task, std::string_view name) {
        cyd::Event::open(task.yard().value(), std::string(name).c_str()).value().set().value();
        return "";
    }).value();
    cyd::register_task("nest", [](cyd::Task &task, std::string_view input) {
        auto pool = task.pool().value();
        return pool.apply("reverse", input).value() + "!";
    }).value();
    cyd::register_task("fail", [](cyd::Task &task, std::string_view input) {
        if (!input.empty()) {
            task.fail(std::string(input).c_str()).value();
        }
        return "given";
    }).value();
    cyd::register_block_task("reverse-in-place", [](cyd::Task &, cyd::Input input) {
        CHECK(input.data() != nullptr);
        const std::string text = input.str();
        return std::string(text.rbegin(), text.rend());
    }).value();
    cyd::register_task("fail-without-a-text", [](cyd::Task &task, std::string_view) {
        IS(task.fail(nullptr), CYD_E_NAME);
        return "given";
    }).value();
#if COURTYARD_EXCEPTIONS
    cyd::register_task("throw", [](cyd::Task &, std::string_view input) -> std::string {
        throw std::runtime_error("thrown: " + std::string(input));
    }).value();
#endif
}

/* Waiting for several, and being called. */
static void several(cyd::Pool &pool) {
    std::vector<cyd::Future> list;
    list.push_back(pool.submit("wait").value());
    list.push_back(pool.submit("reverse", "ab").value());
    list.push_back(pool.submit("no such task").value_or(cyd::Future()));
    CHECK(!list[2]);
    bool done[3] = {true, true, true};
    std::size_t count = 0;
    IS(cyd::wait_futures(list.data(), 3, cyd::ReturnWhen::all_completed, cyd::no_wait, done), CYD_E_NULL);
    list[2] = pool.submit("unheard-of").value();
    OK(cyd::wait_futures(list.data(), 3, cyd::ReturnWhen::first_completed, 20s, done, &count));
    CHECK(!done[0] && count >= 1);
    OK(cyd::wait_futures(list.data(), 3, cyd::ReturnWhen::first_error, 20s, done));
    CHECK(!done[0] && done[2]);
    OK(list[1].wait(20s));
    IS(cyd::wait_futures(list.data(), 3, cyd::ReturnWhen::all_completed, 5ms, done, &count), CYD_E_TIMEOUT);
    CHECK(!done[0] && done[1] && done[2] && count == 2);
    IS(cyd::wait_futures(nullptr, 1, cyd::ReturnWhen::all_completed, cyd::no_wait, done), CYD_E_NULL);
    IS(cyd::wait_futures(list.data(), 0, cyd::ReturnWhen::all_completed, cyd::no_wait, done), CYD_E_INVALID);

    auto ended = cyd::as_completed(list.data(), list.size(), 20s);
    CHECK(ended.next().value() == 1 && ended.next().value() == 2);
    CHECK(list[0].stop().value());
    CHECK(ended.next().value() == 0);
    CHECK(ended.next().code() == CYD_E_END);
    list[0] = pool.submit("wait").value();
    auto late = cyd::as_completed(list.data(), 1, 5ms);
    CHECK(late.next().code() == CYD_E_TIMEOUT && late.next().code() == CYD_E_TIMEOUT);
    CHECK(cyd::as_completed(nullptr, 0, cyd::forever).next().code() == CYD_E_END);
    CHECK(cyd::as_completed(nullptr, 2, cyd::forever).next().code() == CYD_E_NULL);

    std::mutex mutex;
    std::condition_variable changed;
    std::vector<int> order;
    for (int i = 0; i < 3; i++) {
        list[0].add_done_callback([&, i, owned = std::make_unique<int>(i)](const cyd_fate_t &, std::string_view bytes) {
            const std::lock_guard<std::mutex> guard(mutex);
            CHECK(bytes == "asked" && *owned == i);
            order.push_back(i);
            changed.notify_one();
        }).value();
    }
    CHECK(list[0].stop().value());
    list.clear(); // they are called nevertheless
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return order.size() == 3; });
    CHECK(order == (std::vector<int>{0, 1, 2}));
    IS(cyd::Future().add_done_callback([](const cyd_fate_t &, std::string_view) {}), CYD_E_NULL);
}

/* Inputs that lie in blocks. */
static void blocks(cyd::Pool &pool) {
    const std::string text(3000, 'x'), wanted = text + "!";
    const auto filled = [&] {
        auto loan = pool.alloc(3001, cyd::forever).value();
        CHECK(loan.size() == 3001 && loan.block() != 0);
        static_cast<char *>(loan.data())[0] = '!';
        std::memcpy(static_cast<char *>(loan.data()) + 1, text.data(), text.size());
        return loan;
    };
    for (const char *entry : {"reverse", "reverse-in-place"}) {
        auto loan = filled();
        auto future = pool.submit_block(entry, loan).value();
        CHECK(loan.block() == 0 && future.result(20s).value() == wanted);
        CHECK(pool.apply(entry, "!" + text).value() == wanted && pool.apply(entry, "ab").value() == "ba");
    }
    auto kept = filled();
    CHECK(pool.submit_block("a b", kept).code() == CYD_E_NAME && kept.block() != 0);
    const auto number = kept.release();
    CHECK(pool.submit_block("reverse", number).value().result(20s).value() == wanted);
    CHECK(pool.free(number).code() != CYD_OK);
    pool.free(filled().release()).value();
    auto moved = filled();
    const auto block = moved.block();
    auto loan = std::move(moved);
    CHECK(moved.block() == 0 && loan.block() == block);
    loan.give_back().value();
    CHECK(loan.give_back().code() == CYD_E_NULL && pool.submit_block("reverse", loan).code() == CYD_E_FOREIGN);
    CHECK(pool.alloc(std::size_t(1) << 30, cyd::forever).code() == CYD_E_TOO_LONG);
}

static bool two_more(cyd_slice_t &input) {
    static int given = 0;
    input = {"dc", 2};
    return given++ < 2;
}

int main(int argc, char **argv) {
    tasks();
    cyd::init(argc, argv).value();

    auto yard = cyd::Yard::create_anonymous().value();
    cyd::PoolOptions options;
    options.workers = 2;
    auto pool = cyd::Pool::create(yard, "pool", options).value();
    CHECK(cyd::Pool::create(yard, "pool", options).code() == CYD_E_EXISTS);
    auto other = cyd::Pool::open(yard, "pool").value();

    CHECK(pool.apply("reverse", "abc").value() == "cba");
    CHECK(other.apply("nest", "abc").value() == "cba!");
    std::uint32_t pids[2] = {};
    CHECK(other.workers(pids, 2).value() >= 1 && pids[0] != 0);
    cyd::Event::create(other.yard().value(), "set").value();
    CHECK(pool.apply("set", "set").ok());
    CHECK(cyd::Event::open(yard, "set").value().is_set().value());
    const std::string large(4000, 'x');
    CHECK(pool.apply("reverse", large).value() == large);
    char small[2];
    std::size_t len = 0;
    CHECK(pool.apply("reverse", "abc", small, sizeof small, len).code() == CYD_E_TOO_LONG && len == 3);
    CHECK(pool.submit("a b").code() == CYD_E_NAME);

    auto failed = pool.submit("fail", "so it is").value();
    CHECK(failed.result(20s).code() == CYD_E_FAILED);
    CHECK(failed.error().value() == "so it is");
    CHECK(pool.submit("fail-without-a-text").value().fate(20s)->state == CYD_TASK_FAILED);
    CHECK(pool.apply("fail").value() == "given"); // it may fail, and does not
#if COURTYARD_EXCEPTIONS
    auto thrown = pool.submit("throw", "no").value();
    CHECK(thrown.result(20s).code() == CYD_E_FAILED);
    CHECK(thrown.error().value() == "thrown: no");
#endif

    cyd::TaskOptions twice;
    twice.retries = 2;
    CHECK(pool.apply("attempt", "ab", twice).value() == "2");
    auto lost = pool.submit("attempt", "abc", twice).value();
    const cyd::Fate fate = lost.fate(20s).value();
    CHECK(fate.state == CYD_TASK_LOST && fate.cause == CYD_LOST_SIGNAL && fate.value == SIGKILL && fate.attempt == 2);
    CHECK(lost.error().code() == CYD_E_STATE);

    auto busy = pool.submit("wait").value();
    while (busy.info()->state == CYD_TASK_PENDING) {
        usleep(500);
    }
    CHECK(busy.wait(cyd::no_wait).code() == CYD_E_TIMEOUT && !busy.cancel().value());
    auto onlooker = other.future(busy.info()->id).value();
    CHECK(onlooker.stop().value());
    CHECK(cyd::wait_any({busy}, 20s).value() == 0);
    CHECK(busy.result(cyd::no_wait).value() == "asked");
    CHECK(busy.result(small, sizeof small, cyd::no_wait, len).code() == CYD_E_TOO_LONG && len == 5);
    auto thrice = pool.submit("reverse", "def").value();
    auto killed = pool.submit("wait").value();
    CHECK(killed.kill().value());
    CHECK(killed.fate(20s)->state == CYD_TASK_CANCELLED);

    std::mutex mutex;
    std::condition_variable changed;
    std::string told;
    pool.apply_async("reverse", "xyz", [&](const cyd_fate_t &end, std::string_view bytes) {
        const std::lock_guard<std::mutex> guard(mutex);
        CHECK(end.state == CYD_TASK_DONE);
        told = bytes;
        changed.notify_one();
    }).value();
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return !told.empty(); });
    CHECK(told == "zyx");

    several(pool);
    blocks(pool);
    const std::vector<cyd::Slice> inputs = {{"ab", 2}, {"cd", 2}, {nullptr, 0}, {"efg", 3}};
    auto map = pool.map("reverse", inputs.data(), inputs.size()).value();
    for (const char *wanted : {"ba", "dc", "", "gfe"}) {
        CHECK(map.next().value() == wanted);
    }
    CHECK(map.next().code() == CYD_E_END);
    std::vector<std::string> all;
    map = pool.map("reverse", inputs.data(), inputs.size()).value();
    for (cyd::Result<std::string> &result : map) {
        all.push_back(result.value());
    }
    CHECK(all == (std::vector<std::string>{"ba", "dc", "", "gfe"}) && map.begin() == map.end());
    // An error is an input's own, or the last.
    int errors = 0;
    map = pool.map("fail", inputs.data(), 2).value();
    for (auto at = map.begin(); at != map.end(); at++) {
        CHECK(at.index() == static_cast<std::size_t>(errors++) && at->code() == CYD_E_FAILED);
    }
    CHECK(errors == 2);
    map = cyd::Map();
    for (auto &result : map) {
        CHECK(result.code() == CYD_E_NULL && errors++ == 2);
    }
    CHECK(errors == 3);
    int count = 0;
    auto next = [&](cyd_slice_t &input) {
        input = {"0123456789", static_cast<std::size_t>(count)};
        return count++ < 10;
    };
    auto lazy = pool.imap("reverse", next).value();
    for (std::size_t i = 0, index = 99; i < 10; i++) {
        CHECK(lazy.next(&index).value().size() == i && index == i);
    }
    CHECK(lazy.next(small, 0, len).code() == CYD_E_END);
    int left = 1;
    const auto fixed = [&left](cyd_slice_t &input) {
        input = {"ab", 2};
        return left-- > 0;
    };
    lazy = pool.imap("reverse", fixed).value();
    CHECK(lazy.next().value() == "ba" && lazy.next().code() == CYD_E_END);
    lazy = pool.imap("reverse", two_more).value();
    CHECK(lazy.next().value() == "cd" && lazy.next().value() == "cd" && lazy.next().code() == CYD_E_END);

    CHECK(cyd::Pool().submit("reverse").code() == CYD_E_NULL && cyd::Future().wait(cyd::no_wait).code() == CYD_E_NULL);
    CHECK(cyd::Promise().set("").code() == CYD_E_NULL && cyd::Map().next().code() == CYD_E_NULL);
    auto moved = std::move(thrice);
    CHECK(!thrice && moved.result(20s).value() == "fed" && moved.close().ok() && moved.wait(cyd::no_wait).code() == CYD_E_NULL);

    auto [promise, future] = pool.promise().value();
    CHECK(!promise.is_cancelled().value());
    promise.set("kept").value();
    CHECK(promise.fail("too late").code() == CYD_E_STATE);
    CHECK(future.result(cyd::no_wait).value() == "kept");

    CHECK(pool.size().value() == 2);
    pool.resize(1).value();
    CHECK(pool.progress()->pending == 0);
    CHECK(!pool.is_shutdown().value());
    pool.shutdown(false).value();
    CHECK(pool.submit("reverse").code() == CYD_E_STATE);
    pool.join(20s).value();
    CHECK(other.work().ok()); // there is nothing to do any more
    return 0;
}
