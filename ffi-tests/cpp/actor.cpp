// Does in C++ what it is told, line by line: see ffi-tests/actors/README.md.
#include "courtyard.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

using namespace courtyard;

using Words = std::vector<std::string>;

static Yard yard;
static std::map<std::string, Lock> locks;
static std::map<std::string, Value<std::int64_t>> values;
static std::map<std::string, RLock> rlocks;
static std::map<std::string, Permits> permits;
static std::map<std::string, Semaphore> semaphores;
static std::map<std::string, Event> events;
static std::map<std::string, RwLock> rwlocks;
static std::map<std::string, Condition> conditions;
struct Plain {
    std::array<std::int64_t, 32> numbers;
};
static std::map<std::string, Struct<Plain>> structs;
static std::map<std::string, Array<std::int64_t>> arrays;
static std::map<std::string, Ring> rings;
static std::map<std::string, Sender> senders;
static std::map<std::string, Receiver> receivers;
static std::map<std::string, Queue> queues;
static std::map<std::string, LifoQueue> lifos;
static std::map<std::string, PriorityQueue> priorities;
static std::map<std::string, Blocks> blocks;
static std::map<std::string, Pipe> pipes;
static std::map<std::string, Connection> connections;
static std::map<std::string, Pool> pools;
static std::map<std::string, Future> futures;

static std::int64_t number(const std::string &word) { return std::strtoll(word.c_str(), nullptr, 10); }
static std::size_t size(const std::string &word) { return static_cast<std::size_t>(number(word)); }
static std::uint32_t few(const std::string &word) { return static_cast<std::uint32_t>(number(word)); }
static Timeout time_of(const std::string &word) {
    return number(word) < 0 ? forever : Timeout(std::chrono::milliseconds(number(word)));
}

// The answer to a call: its status and what it gave.
static std::string answer(Status status, const std::string &data = "") {
    if (!status.ok()) {
        return std::string("err ") + status.name();
    }
    const std::string head = status.news() ? std::string("news ") + status.name() : "ok";
    return data.empty() ? head : head + ' ' + data;
}
static std::string text(bool it) { return it ? "true" : "false"; }
static std::string text(std::int64_t it) { return std::to_string(it); }
static std::string text(std::uint32_t it) { return std::to_string(it); }
static std::string text(const Plain &it) {
    const auto &all = it.numbers;
    const bool whole = std::all_of(all.begin(), all.end(), [&](std::int64_t n) { return n == all[0]; });
    return whole ? text(all[0]) : "torn";
}
static std::string text(std::size_t it) { return std::to_string(it); }
static std::string text(const std::pair<std::string, std::int64_t> &it) { return it.first + ' ' + text(it.second); }
static std::string text(Peer it) { return std::to_string(static_cast<cyd_peer_t>(it)); }
static std::string text(const std::string &it) { return it; }
static std::string text(Record it) { return std::string(it.text()); }

template <class T>
static std::string answer(const Result<T> &result) {
    return answer(result.status(), result.ok() ? text(result.value()) : "");
}
// Keeps what was opened.
template <class T>
static std::string keep(std::map<std::string, T> &among, const std::string &name, Result<T> result) {
    const Status status = result.status();
    among[name] = std::move(result).value_or(T());
    return answer(status);
}

static std::string value_count(const Words &a) {
    Status status(CYD_OK);
    for (std::int64_t i = 0; i < number(a[1]) && status.ok(); i++) {
        status = values[a[0]].fetch_add(1).status();
    }
    return answer(status);
}

static std::string semaphore_open(const Words &a) {
    SemaphoreOptions options;
    options.initial = few(a[1]);
    options.maximum = few(a[2]);
    return keep(semaphores, a[0], Semaphore::open_or_create(yard, a[0].c_str(), options));
}

static std::string struct_set(const Words &a) {
    Plain it;
    it.numbers.fill(number(a[1]));
    return answer(structs[a[0]].set(it, forever));
}

static std::string struct_count(const Words &a) {
    Status status(CYD_OK);
    for (std::int64_t i = 0; i < number(a[1]) && status.ok(); i++) {
        status = structs[a[0]].update(forever, [](Plain &it) {
            for (std::int64_t &n : it.numbers) {
                n++;
            }
        });
    }
    return answer(status);
}

static std::string array_read(const Words &a) {
    std::vector<std::int64_t> all(size(a[2]));
    const Status status = arrays[a[0]].read(size(a[1]), all.size(), all.data());
    std::string data;
    for (std::int64_t n : all) {
        data += (data.empty() ? "" : " ") + text(n);
    }
    return answer(status, data);
}

static std::string array_round(const Words &a) {
    Status status(CYD_OK);
    for (std::size_t i = 0; i < size(a[1]) * size(a[2]) && status.ok(); i++) {
        status = arrays[a[0]].fetch_add(i % size(a[1]), 1).status();
    }
    return answer(status);
}

static std::string ring_half(const Words &a) {
    static std::vector<Sender::Reserved> unfinished;
    Result<Sender::Reserved> room = senders[a[0]].reserve(a[1].size(), forever);
    const Status status = room.status();
    if (room.ok()) {
        std::memcpy(room->data(), a[1].data(), room->size());
        unfinished.push_back(std::move(room).value());
    }
    return answer(status);
}

static std::string ring_flood(const Words &a) {
    Status status(CYD_OK);
    for (std::int64_t i = number(a[1]); i <= number(a[2]) && status.ok(); i++) {
        status = senders[a[0]].send(std::to_string(i), forever);
    }
    return answer(status);
}

static std::string ring_open(const Words &a) {
    RingOptions options;
    options.capacity = static_cast<std::size_t>(number(a[1]));
    return keep(rings, a[0], Ring::open_or_create(yard, a[0].c_str(), options));
}

static std::string queue_open(const Words &a) {
    QueueOptions options;
    options.capacity = size(a[1]);
    options.unacked = few(a[1]);
    return keep(queues, a[0], Queue::open_or_create(yard, a[0].c_str(), options));
}

static std::string queue_flood(const Words &a) {
    Status status(CYD_OK);
    for (std::int64_t i = number(a[1]); i <= number(a[2]) && status.ok(); i++) {
        status = queues[a[0]].put(std::to_string(i), forever);
    }
    return answer(status);
}

static std::string queue_owe(const Words &a) {
    std::uint64_t ticket = 0;
    return answer(queues[a[0]].get_ack(ticket, time_of(a[1])));
}

static std::string lifo_open(const Words &a) {
    LifoOptions options;
    options.capacity = size(a[1]);
    options.max_len = 32;
    return keep(lifos, a[0], LifoQueue::open_or_create(yard, a[0].c_str(), options));
}

static std::string lifo_flood(const Words &a) {
    Status status(CYD_OK);
    for (std::int64_t i = number(a[1]); i <= number(a[2]) && status.ok(); i++) {
        status = lifos[a[0]].put(std::to_string(i), forever);
    }
    return answer(status);
}

static std::string priority_open(const Words &a) {
    PriorityOptions options;
    options.capacity = size(a[1]);
    options.max_len = 32;
    return keep(priorities, a[0], PriorityQueue::open_or_create(yard, a[0].c_str(), options));
}

static std::string priority_flood(const Words &a) {
    Status status(CYD_OK);
    for (std::int64_t i = number(a[1]); i <= number(a[2]) && status.ok(); i++) {
        status = priorities[a[0]].put(std::to_string(i), i, forever);
    }
    return answer(status);
}

static std::string blocks_open(const Words &a) {
    const cyd_block_class_t one = {64, static_cast<std::uint64_t>(number(a[1]))};
    BlocksOptions options;
    options.classes = &one;
    options.class_count = 1;
    return keep(blocks, a[0], Blocks::open_or_create(yard, a[0].c_str(), options));
}

static std::uint64_t block(const std::string &word) { return std::strtoull(word.c_str(), nullptr, 10); }

static std::string blocks_alloc(const Words &a) {
    Result<Blocks::Block> it = blocks[a[0]].alloc(a[1].size(), time_of(a[2]));
    const Status status = it.ok() ? it->write(0, a[1].data(), a[1].size()) : it.status();
    return answer(status, status.ok() ? std::to_string(it->release()) : "");
}

static std::string blocks_read(const Words &a) {
    const Result<std::size_t> len = blocks[a[0]].len(block(a[1]));
    std::string bytes(len.ok() ? len.value() : 0, '\0');
    return answer(len.ok() ? blocks[a[0]].read(block(a[1]), 0, &bytes[0], bytes.size()) : len.status(), bytes);
}

static std::string blocks_adopt(const Words &a) {
    Result<Blocks::Block> it = blocks[a[0]].adopt(block(a[1]));
    if (it.ok()) {
        it->release();
    }
    return answer(it.status());
}

// Numbers as tasks have them.
static std::string bytes_of(std::int64_t it) { return std::string(reinterpret_cast<const char *>(&it), sizeof it); }
static std::int64_t number_of(std::string_view bytes) {
    std::int64_t it = 0;
    std::memcpy(&it, bytes.data(), std::min(bytes.size(), sizeof it));
    return it;
}
static std::string answer_number(const Result<std::string> &result) {
    return answer(result.status(), result.ok() ? text(number_of(result.value())) : "");
}

// In a worker: the square of a number that is not negative.
static std::string square(Task &task, std::string_view input) {
    const std::int64_t it = number_of(input);
    if (it < 0) {
        task.fail("it is negative").value();
    }
    return bytes_of(it * it);
}

// The same, but its first attempt at a 1 ends only when it is asked to.
static std::string once(Task &task, std::string_view input) {
    while (number_of(input) == 1 && task.info()->attempt == 0 && !task.is_cancelled().value()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return square(task, input);
}

static std::string pool_open(const Words &a) {
    PoolOptions options;
    options.workers = 1;
    options.tasks = 64;
    options.block_bytes = 1 << 16;
    options.method = CYD_START_THREADS;
    Result<Pool> opened = Pool::open(yard, a[0].c_str());
    return keep(pools, a[0],
                opened.code() == CYD_E_NOT_FOUND ? Pool::create(yard, a[0].c_str(), options) : std::move(opened));
}

static std::string pool_submit(const Words &a) {
    TaskOptions options;
    options.retries = few(a[3]);
    return keep(futures, a[0], pools[a[0]].submit(a[1].c_str(), bytes_of(number(a[2])), options));
}

static std::string pool_map(const Words &a) {
    std::vector<std::int64_t> numbers(size(a[2]));
    std::vector<Slice> inputs;
    for (std::int64_t &n : numbers) {
        n = static_cast<std::int64_t>(inputs.size()) + 1;
        inputs.push_back({&n, sizeof n});
    }
    MapOptions options;
    options.chunk = size(a[3]);
    options.retries = 1;
    Result<Map> map = pools[a[0]].map(a[1].c_str(), inputs.data(), inputs.size(), options);
    Status status = map.status();
    std::int64_t sum = 0;
    while (status.ok()) {
        const Result<std::string> next = map->next();
        status = next.status();
        sum += next.ok() ? number_of(next.value()) : 0;
    }
    return answer(status.code() == CYD_E_END ? Status(CYD_OK) : status, text(sum));
}

static std::string pool_running(const Words &a) {
    const Result<Progress> progress = pools[a[0]].progress();
    return answer(progress.status(), progress.ok() ? std::to_string(progress->running) : "");
}

static std::string yard_open(const Words &a) {
    Result<Yard> opened = Yard::open_or_create(a[0].c_str());
    const Status status = opened.status();
    yard = std::move(opened).value_or(Yard());
    return answer(status);
}

struct Verb {
    const char *name;
    std::size_t arguments;
    std::function<std::string(const Words &)> play;
};

static const Verb verbs[] = {
    {"yard open", 1, yard_open},
    {"lock open", 2,
     [](auto &a) { return keep(locks, a[0], Lock::open_or_create(yard, a[0].c_str(), Scope(number(a[1])))); }},
    {"lock acquire", 2, [](auto &a) { return answer(locks[a[0]].acquire_unguarded(time_of(a[1]))); }},
    {"lock release", 1, [](auto &a) { return answer(locks[a[0]].release()); }},
    {"lock repaired", 1, [](auto &a) { return answer(locks[a[0]].repaired()); }},
    {"lock suspect", 1, [](auto &a) { return answer(locks[a[0]].is_suspect()); }},
    {"value open", 1,
     [](auto &a) { return keep(values, a[0], Value<std::int64_t>::open_or_create(yard, a[0].c_str())); }},
    {"value get", 1, [](auto &a) { return answer(values[a[0]].get()); }},
    {"value set", 2, [](auto &a) { return answer(values[a[0]].set(number(a[1]))); }},
    {"value add", 2, [](auto &a) { return answer(values[a[0]].fetch_add(number(a[1]))); }},
    {"value cas", 3,
     [](auto &a) {
         std::int64_t expected = number(a[1]);
         return answer(values[a[0]].compare_exchange(expected, number(a[2])));
     }},
    {"value count", 2, value_count},
    {"rlock open", 1, [](auto &a) { return keep(rlocks, a[0], RLock::open_or_create(yard, a[0].c_str())); }},
    {"rlock acquire", 2, [](auto &a) { return answer(rlocks[a[0]].acquire_unguarded(time_of(a[1]))); }},
    {"rlock release", 1, [](auto &a) { return answer(rlocks[a[0]].release()); }},
    {"rlock repaired", 1, [](auto &a) { return answer(rlocks[a[0]].repaired()); }},
    {"rlock count", 1, [](auto &a) { return answer(rlocks[a[0]].count()); }},
    {"permits open", 2,
     [](auto &a) { return keep(permits, a[0], Permits::open_or_create(yard, a[0].c_str(), few(a[1]))); }},
    {"permits acquire", 3,
     [](auto &a) {
         Permits &it = permits[a[0]];
         return answer(a[1] == "1" ? it.acquire_unguarded(time_of(a[2]))
                                   : it.acquire_many_unguarded(few(a[1]), time_of(a[2])));
     }},
    {"permits release", 2, [](auto &a) { return answer(permits[a[0]].release(few(a[1]))); }},
    {"permits available", 1, [](auto &a) { return answer(permits[a[0]].available()); }},
    {"permits held", 1, [](auto &a) { return answer(permits[a[0]].held()); }},
    {"semaphore open", 3, semaphore_open},
    {"semaphore acquire", 2, [](auto &a) { return answer(semaphores[a[0]].acquire(time_of(a[1]))); }},
    {"semaphore release", 2, [](auto &a) { return answer(semaphores[a[0]].release(few(a[1]))); }},
    {"semaphore value", 1, [](auto &a) { return answer(semaphores[a[0]].value()); }},
    {"event open", 2,
     [](auto &a) {
         return keep(events, a[0], Event::open_or_create(yard, a[0].c_str(), a[1] == "1" ? CYD_EVENT_AUTO_RESET : 0));
     }},
    {"event set", 1, [](auto &a) { return answer(events[a[0]].set()); }},
    {"event clear", 1, [](auto &a) { return answer(events[a[0]].clear()); }},
    {"event wait", 2, [](auto &a) { return answer(events[a[0]].wait(time_of(a[1]))); }},
    {"event is", 1, [](auto &a) { return answer(events[a[0]].is_set()); }},
    {"rwlock open", 1, [](auto &a) { return keep(rwlocks, a[0], RwLock::open_or_create(yard, a[0].c_str())); }},
    {"rwlock read", 2, [](auto &a) { return answer(rwlocks[a[0]].read_unguarded(time_of(a[1]))); }},
    {"rwlock write", 2, [](auto &a) { return answer(rwlocks[a[0]].write_unguarded(time_of(a[1]))); }},
    {"rwlock release", 1, [](auto &a) { return answer(rwlocks[a[0]].release()); }},
    {"rwlock repaired", 1, [](auto &a) { return answer(rwlocks[a[0]].repaired()); }},
    {"rwlock readers", 1, [](auto &a) { return answer(rwlocks[a[0]].readers()); }},
    {"condition open", 1,
     [](auto &a) { return keep(conditions, a[0], Condition::open_or_create(yard, a[0].c_str())); }},
    {"condition wait", 3, [](auto &a) { return answer(conditions[a[0]].wait(locks[a[1]], time_of(a[2]))); }},
    {"condition notify", 2, [](auto &a) { return answer(conditions[a[0]].notify(few(a[1]))); }},
    {"condition all", 1, [](auto &a) { return answer(conditions[a[0]].notify_all()); }},
    {"condition waiters", 1, [](auto &a) { return answer(conditions[a[0]].waiters()); }},
    {"struct open", 1, [](auto &a) { return keep(structs, a[0], Struct<Plain>::open_or_create(yard, a[0].c_str())); }},
    {"struct set", 2, struct_set},
    {"struct get", 1, [](auto &a) { return answer(structs[a[0]].get()); }},
    {"struct count", 2, struct_count},
    {"array open", 2,
     [](auto &a) {
         return keep(arrays, a[0], Array<std::int64_t>::open_or_create(yard, a[0].c_str(), size(a[1])));
     }},
    {"array get", 2, [](auto &a) { return answer(arrays[a[0]].get(size(a[1]))); }},
    {"array set", 3, [](auto &a) { return answer(arrays[a[0]].set(size(a[1]), number(a[2]))); }},
    {"array add", 3, [](auto &a) { return answer(arrays[a[0]].fetch_add(size(a[1]), number(a[2]))); }},
    {"array fill", 4,
     [](auto &a) { return answer(arrays[a[0]].fill(size(a[1]), size(a[2]), number(a[3]))); }},
    {"array read", 3, array_read},
    {"array round", 3, array_round},
    {"ring open", 2, ring_open},
    {"ring sender", 1, [](auto &a) { return keep(senders, a[0], rings[a[0]].sender()); }},
    {"ring receiver", 1, [](auto &a) { return keep(receivers, a[0], rings[a[0]].receiver()); }},
    {"ring send", 3, [](auto &a) { return answer(senders[a[0]].send(a[1], time_of(a[2]))); }},
    {"ring half", 2, ring_half},
    {"ring flood", 3, ring_flood},
    {"ring recv", 2, [](auto &a) { return answer(receivers[a[0]].recv(time_of(a[1]))); }},
    {"ring peek", 2, [](auto &a) { return answer(receivers[a[0]].peek(time_of(a[1]))); }},
    {"ring release", 1, [](auto &a) { return answer(receivers[a[0]].release()); }},
    {"ring peer", 1,
     [](auto &a) { return answer(senders.count(a[0]) ? senders[a[0]].peer() : receivers[a[0]].peer()); }},
    {"queue open", 2, queue_open},
    {"queue put", 3, [](auto &a) { return answer(queues[a[0]].put(a[1], time_of(a[2]))); }},
    {"queue flood", 3, queue_flood},
    {"queue get", 2, [](auto &a) { return answer(queues[a[0]].get(time_of(a[1]))); }},
    {"queue owe", 2, queue_owe},
    {"queue done", 1, [](auto &a) { return answer(queues[a[0]].task_done()); }},
    {"queue len", 1, [](auto &a) { return answer(queues[a[0]].len()); }},
    {"queue shutdown", 1, [](auto &a) { return answer(queues[a[0]].shutdown()); }},
    {"lifo open", 2, lifo_open},
    {"lifo put", 3, [](auto &a) { return answer(lifos[a[0]].put(a[1], time_of(a[2]))); }},
    {"lifo flood", 3, lifo_flood},
    {"lifo get", 2, [](auto &a) { return answer(lifos[a[0]].get(time_of(a[1]))); }},
    {"lifo len", 1, [](auto &a) { return answer(lifos[a[0]].len()); }},
    {"lifo shutdown", 1, [](auto &a) { return answer(lifos[a[0]].shutdown()); }},
    {"priority open", 2, priority_open},
    {"priority put", 4,
     [](auto &a) { return answer(priorities[a[0]].put(a[1], number(a[2]), time_of(a[3]))); }},
    {"priority flood", 3, priority_flood},
    {"priority get", 2, [](auto &a) { return answer(priorities[a[0]].get(time_of(a[1]))); }},
    {"priority len", 1, [](auto &a) { return answer(priorities[a[0]].len()); }},
    {"priority shutdown", 1, [](auto &a) { return answer(priorities[a[0]].shutdown()); }},
    {"blocks open", 2, blocks_open},
    {"blocks alloc", 3, blocks_alloc},
    {"blocks read", 2, blocks_read},
    {"blocks offer", 2, [](auto &a) { return answer(blocks[a[0]].offer(block(a[1]))); }},
    {"blocks adopt", 2, blocks_adopt},
    {"blocks free", 2, [](auto &a) { return answer(blocks[a[0]].free(block(a[1]))); }},
    {"blocks owned", 1, [](auto &a) { return answer(blocks[a[0]].owned()); }},
    {"pipe open", 1, [](auto &a) { return keep(pipes, a[0], Pipe::open_or_create(yard, a[0].c_str())); }},
    {"pipe end", 2,
     [](auto &a) { return keep(connections, a[0], pipes[a[0]].end(static_cast<PipeEnd>(number(a[1])))); }},
    {"pipe send", 3, [](auto &a) { return answer(connections[a[0]].send(a[1], time_of(a[2]))); }},
    {"pipe recv", 2, [](auto &a) { return answer(connections[a[0]].recv(time_of(a[1]))); }},
    {"pipe peer", 1, [](auto &a) { return answer(connections[a[0]].peer()); }},
    {"pool open", 1, pool_open},
    {"pool work", 1, [](auto &a) { return answer(pools[a[0]].work()); }},
    {"pool apply", 3,
     [](auto &a) { return answer_number(pools[a[0]].apply(a[1].c_str(), bytes_of(number(a[2])))); }},
    {"pool submit", 4, pool_submit},
    {"pool result", 2, [](auto &a) { return answer_number(futures[a[0]].result(time_of(a[1]))); }},
    {"pool map", 4, pool_map},
    {"pool running", 1, pool_running},
    {"pool shutdown", 1, [](auto &a) { return answer(pools[a[0]].shutdown(true)); }},
};

static std::string play(const Words &words) {
    for (const Verb &verb : verbs) {
        if (words.size() == verb.arguments + 2 && words[0] + ' ' + words[1] == verb.name) {
            return verb.play(Words(words.begin() + 2, words.end()));
        }
    }
    return "err usage";
}

int main() {
    register_task("square", square).value();
    register_task("once", once).value();
    std::string line;
    while (std::getline(std::cin, line)) {
        std::istringstream stream(line);
        Words words;
        for (std::string word; stream >> word;) {
            words.push_back(word);
        }
        std::cout << play(words) << std::endl;
    }
    return 0;
}
