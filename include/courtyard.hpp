/*
 * courtyard for C++17 and later: the functions of courtyard.h as classes that close what they open.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What a call does, when it waits, which errors it has and what a death leaves behind stands in courtyard.h, beside
 * the function of the same name: `lock.acquire(...)` is cyd_lock_acquire(). What is different is said here.
 *
 * Results.  A call that can fail returns a Status, or a Result with what it gives. Both say ok(), the news of a
 *   success (owner_died(), redelivered()), code() and message(). Neither may be dropped unseen, nor may a guard. value()
 *   gives what is in it; of a failure it throws courtyard::Error, or, where the compiler has exceptions turned off, prints the
 *   message and aborts. Nothing else in this header throws, but std::bad_alloc where an answer, a list or a function to be kept
 *   needs memory (messages, texts and results as strings, lists of futures, callbacks and tasks), and what a function handed
 *   to update(), to a barrier's wait() or to a condition's wait_for() throws.
 *
 * Handles.  Yard, every object, Sender, Receiver and Connection own one handle of this process, can be moved and not copied, and
 *   close it in the destructor. An empty one, moved from or closed, answers every call with #CYD_E_NULL. Objects keep
 *   the yard open by themselves, ends keep their ring: any order of closing is fine. A Guard, a Permit, a Block, a Party
 *   and a Reserved end before their lock, Permits, Blocks, Barrier or Sender does, a Loan, a Message and a Part before their
 *   Queue or Pool, a CancelToken's Scope before the token; these may be moved meanwhile.
 *
 * Timeouts.  Any std::chrono duration, courtyard::forever, courtyard::no_wait, or a Deadline for several calls. A negative duration is no_wait.
 *
 * Fork.  As in courtyard.h: what the parent owns stays the parent's, also when a Guard, a Permit or an end that the
 *   child has inherited is destroyed in the child; and what the child has taken itself stays the child's. Ends of pipes
 *   are the child's too: it closes its own.
 */
#ifndef COURTYARD_HPP
#define COURTYARD_HPP

#if !defined(__cplusplus) || __cplusplus < 201703L
#error "courtyard.hpp needs C++17"
#endif

#include "courtyard.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <optional>
#include <pthread.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

/** 1 if value() throws, 0 if it aborts; follows the compiler's flags unless it is defined before the include. */
#ifndef COURTYARD_EXCEPTIONS
#if defined(__cpp_exceptions) || defined(__EXCEPTIONS)
#define COURTYARD_EXCEPTIONS 1
#else
#define COURTYARD_EXCEPTIONS 0
#endif
#endif

#if COURTYARD_EXCEPTIONS
#include <exception>
#include <stdexcept>
#endif

namespace courtyard {

/* Files compiled with and without exceptions may be linked together: their functions have different names. */
#if COURTYARD_EXCEPTIONS
inline namespace throwing {
#else
inline namespace aborting {
#endif

/** Whom a lock takes for its owner. */
enum class Scope : cyd_scope_t {
    thread = CYD_SCOPE_THREAD,
    process = CYD_SCOPE_PROCESS,
    anyone = CYD_SCOPE_ANYONE,
};

/** How an end of a ring waits. */
enum class Strategy : cyd_strategy_t {
    adaptive = CYD_STRATEGY_ADAPTIVE,
    spin = CYD_STRATEGY_SPIN,
    block = CYD_STRATEGY_BLOCK,
};

/** How the other end of a ring stands. */
enum class Peer : cyd_peer_t {
    absent = CYD_PEER_ABSENT,
    here = CYD_PEER_HERE,
    closed = CYD_PEER_CLOSED,
    died = CYD_PEER_DIED,
};

/** An end of a pipe. */
enum class PipeEnd : cyd_pipe_end_t {
    first = CYD_PIPE_FIRST,
    second = CYD_PIPE_SECOND,
};

/** Until when wait_futures() waits. */
enum class ReturnWhen : cyd_return_when_t {
    all_completed = CYD_RETURN_ALL_COMPLETED,
    first_completed = CYD_RETURN_FIRST_COMPLETED,
    first_error = CYD_RETURN_FIRST_ERROR,
};

/** A struct of courtyard.h that is led by its size: zero everywhere else, which means default. */
template <class Struct>
struct Sized : Struct {
    Sized() noexcept : Struct() { this->struct_size = sizeof(Struct); }
};

using YardOptions = Sized<cyd_yard_options_t>;
using RingOptions = Sized<cyd_ring_options_t>;
using QueueOptions = Sized<cyd_queue_options_t>;
using PipeOptions = Sized<cyd_pipe_options_t>;
using LifoOptions = Sized<cyd_lifo_queue_options_t>;
using PriorityOptions = Sized<cyd_priority_queue_options_t>;
using SemaphoreOptions = Sized<cyd_semaphore_options_t>;
using ArrayOptions = Sized<cyd_array_options_t>;
using BlocksOptions = Sized<cyd_blocks_options_t>;
using Cost = Sized<cyd_cost_t>;
using ObjectCost = Sized<cyd_object_cost_t>;
using ObjectInfo = Sized<cyd_object_info_t>;
using Fault = Sized<cyd_fault_t>;
using Holder = Sized<cyd_holder_t>;
using MemberInfo = Sized<cyd_member_info_t>;
using ProcessOptions = Sized<cyd_process_options_t>;
using ProcessInfo = Sized<cyd_process_info_t>;
/** How a process ended. */
using Exit = cyd_exit_t;
using PoolOptions = Sized<cyd_pool_options_t>;
using TaskOptions = Sized<cyd_task_options_t>;
using MapOptions = Sized<cyd_map_options_t>;
using TaskInfo = Sized<cyd_task_info_t>;
using FutureInfo = Sized<cyd_future_info_t>;
/** How a task has ended. */
using Fate = Sized<cyd_fate_t>;
using Progress = Sized<cyd_progress_t>;
using Probe = Sized<cyd_probe_t>;
/** Bytes to send in a batch. */
using Slice = cyd_slice_t;
/** A process and how many permits it holds. */
using PermitHolder = cyd_permit_holder_t;
/** Refers to an object, in whatever process: a plain value. */
using Ref = cyd_ref_t;
/** Blocks of one size, as they are made. */
using BlockClass = cyd_block_class_t;
/** How the blocks of one size stand. */
using BlockUse = cyd_block_use_t;
/** A process and how many blocks it owns. */
using BlockOwner = cyd_block_owner_t;

/** How long a call may wait. */
class Timeout {
public:
    /** Longer than 292 years is forever; negative, or not a number, is no_wait. */
    template <class Rep, class Period>
    constexpr Timeout(std::chrono::duration<Rep, Period> time) noexcept : ns_(count(time)) {}

    static constexpr Timeout from_ns(std::int64_t ns) noexcept { return Timeout(ns, 0); }
    /** As courtyard.h takes it. */
    constexpr std::int64_t ns() const noexcept { return ns_; }

private:
    constexpr Timeout(std::int64_t ns, int) noexcept : ns_(ns) {}

    template <class Rep, class Period>
    static constexpr std::int64_t count(std::chrono::duration<Rep, Period> time) noexcept {
        if (!(time > time.zero())) {
            return 0;
        }
        if (std::chrono::duration<double, std::nano>(time).count() >= 9.2e18) {
            return -1;
        }
        return std::chrono::duration_cast<std::chrono::duration<std::int64_t, std::nano>>(time).count();
    }

    std::int64_t ns_;
};

/** An instant at which several calls end: a Timeout is made of what is left. */
class Deadline {
public:
    static Deadline after(Timeout timeout) noexcept { return Deadline(cyd_deadline_after(timeout.ns())); }
    Timeout left() const noexcept { return Timeout::from_ns(cyd_deadline_left(at_)); }
    operator Timeout() const noexcept { return left(); }

private:
    explicit Deadline(std::int64_t at) noexcept : at_(at) {}

    std::int64_t at_;
};

/** Waits without limit. */
inline constexpr Timeout forever = Timeout::from_ns(-1);
/** Tries, and never waits. */
inline constexpr Timeout no_wait = Timeout::from_ns(0);

#if COURTYARD_EXCEPTIONS
/** A failure whose value was asked for. */
class Error : public std::runtime_error {
public:
    Error(cyd_status_t code, const char *message, int os_error = 0)
        : std::runtime_error(message), code_(code), os_error_(os_error) {}
    /** A CYD_E_ number. */
    cyd_status_t code() const noexcept { return code_; }
    /** What the system gave for a reason, as errno(3) has it; 0 if it was not asked. */
    int os_error() const noexcept { return os_error_; }

private:
    cyd_status_t code_;
    int os_error_;
};
#endif

/** How a call ended. */
class [[nodiscard]] Status {
public:
    /** A number of courtyard.h. */
    constexpr explicit Status(cyd_status_t code) noexcept : code_(code) {}

    /** Success, with news or without. */
    constexpr bool ok() const noexcept { return !CYD_FAILED(code_); }
    constexpr explicit operator bool() const noexcept { return ok(); }
    /** Success, and there is something to know. */
    constexpr bool news() const noexcept { return code_ > 0; }
    /** Taken from a dead owner: what it guarded may be half changed. */
    constexpr bool owner_died() const noexcept { return code_ == CYD_OWNER_DIED; }
    /** A receiver that died may have seen it. */
    constexpr bool redelivered() const noexcept { return code_ == CYD_REDELIVERED; }

    constexpr cyd_status_t code() const noexcept { return code_; }
    /** For example "CYD_E_TIMEOUT". Valid for ever. */
    const char *name() const noexcept { return cyd_status_name(code_); }
    /**
     * What the code means; in the thread that failed, and until its next failure, in more detail. The detail is
     * valid as long.
     */
    const char *message() const noexcept {
        return is_last() ? cyd_last_error_message() : cyd_status_message(code_);
    }
    /** What the system gave for a reason, as errno(3) has it, in the thread that failed and as long; 0 if it was not asked. */
    int os_error() const noexcept { return is_last() ? cyd_last_os_error() : 0; }
    /** Throws Error, or aborts, unless ok(). */
    void value() const {
        if (!ok()) {
            fail();
        }
    }

private:
    /* Whether the last failure of this thread is, as far as can be seen, this one. */
    bool is_last() const noexcept {
        const char *general = cyd_status_message(code_);
        return !ok() && std::strncmp(cyd_last_error_message(), general, std::strlen(general)) == 0;
    }
    [[noreturn]] void fail() const {
#if COURTYARD_EXCEPTIONS
        throw Error(code_, message(), os_error());
#else
        std::fprintf(stderr, "courtyard: %s: %s\n", name(), message());
        std::abort();
#endif
    }

    cyd_status_t code_;
};

/** How a call ended and, if it succeeded, what it gives. */
template <class T>
class [[nodiscard]] Result {
public:
    /** A success. */
    Result(Status status, T value) : status_(status), value_(std::move(value)) {}
    /** A failure. */
    explicit Result(Status status) noexcept : status_(status) {}

    bool ok() const noexcept { return status_.ok(); }
    explicit operator bool() const noexcept { return ok(); }
    bool news() const noexcept { return status_.news(); }
    bool owner_died() const noexcept { return status_.owner_died(); }
    bool redelivered() const noexcept { return status_.redelivered(); }
    cyd_status_t code() const noexcept { return status_.code(); }
    const char *name() const noexcept { return status_.name(); }
    const char *message() const noexcept { return status_.message(); }
    int os_error() const noexcept { return status_.os_error(); }
    Status status() const noexcept { return status_; }

    /** What the call gave. Of a failure: throws Error, or aborts. */
    T &value() & { return status_.value(), *value_; }
    const T &value() const & { return status_.value(), *value_; }
    /** By value, so that it outlives a Result that was not kept, in a range-for too. */
    T value() && { return status_.value(), *std::move(value_); }
    /** What the call gave, or this. */
    T value_or(T other) && { return ok() ? *std::move(value_) : std::move(other); }
    /** As value(). */
    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T operator*() && { return std::move(*this).value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }

private:
    Status status_;
    std::optional<T> value_;
};

namespace detail {

/** A call that fills one plain output. */
template <class T, class Call>
Result<T> filled(Call call) {
    T out{};
    const Status status(call(&out));
    return status.ok() ? Result<T>(status, out) : Result<T>(status);
}

/** A call that fills a number which C++ knows as an enum. */
template <class Enum, class Call>
Result<Enum> named(Call call) {
    std::underlying_type_t<Enum> out{};
    const Status status(call(&out));
    return status.ok() ? Result<Enum>(status, static_cast<Enum>(out)) : Result<Enum>(status);
}

/** A call that opens a handle of C, here to be owned by a T. */
template <class T, class Call>
Result<T> opened(Call call) {
    typename T::native out = nullptr;
    const Status status(call(&out));
    return status.ok() ? Result<T>(status, T(out)) : Result<T>(status);
}

/** The number of this process, without a system call each time: a fork brings it up to date. */
class ThisProcess {
public:
    static pid_t number() noexcept {
        const pid_t number = known().load(std::memory_order_relaxed);
        return number != 0 ? number : look();
    }

private:
    static std::atomic<pid_t> &known() noexcept {
        static std::atomic<pid_t> known{0}; // a constant: nothing runs to make it
        return known;
    }
    static void renew() noexcept { known().store(getpid(), std::memory_order_relaxed); }
    /* Two threads may come here at once: then it is renewed twice. A fork before the last line leaves the child its own. */
    static pid_t look() noexcept {
        if (pthread_atfork(nullptr, nullptr, renew) != 0) {
            return getpid(); // no memory: looked up each time
        }
        renew();
        return getpid();
    }
};

/** What is left of a timeout that several calls share. */
class Patience {
public:
    explicit Patience(Timeout timeout) noexcept : timeout_(timeout), until_(timeout.ns() > 0 ? cyd_deadline_after(timeout.ns()) : 0) {}
    std::int64_t ns() const noexcept { return timeout_.ns() > 0 ? cyd_deadline_left(until_) : timeout_.ns(); }

private:
    Timeout timeout_;
    std::int64_t until_;
};

/**
 * A call that copies bytes, or tells how many there are, and then keeps them: until they fit. `call` has their room, its size, where
 * the length goes, and the timeout in nanoseconds.
 */
template <class Bytes, class Call>
Result<Bytes> whole(Timeout timeout, Call call) {
    static_assert(sizeof(*std::declval<Bytes &>().data()) == 1, "a message is bytes");
    const Patience patience(timeout);
    Bytes bytes;
    std::size_t len = 0;
    bytes.resize(256);
    Status status(call(bytes.data(), bytes.size(), &len, timeout.ns()));
    while (status.code() == CYD_E_TOO_LONG) {
        bytes.resize(len);
        status = Status(call(bytes.data(), bytes.size(), &len, patience.ns()));
    }
    if (!status.ok()) {
        return Result<Bytes>(status);
    }
    bytes.resize(len);
    return Result<Bytes>(status, std::move(bytes));
}

/** Owns a handle of C. */
template <class C, cyd_status_t (*Close)(C *)>
class Handle {
public:
    using native = C *;

    Handle() noexcept = default;
    explicit Handle(C *raw) noexcept : raw_(raw) {}
    Handle(Handle &&other) noexcept : raw_(other.release_native()) {}
    Handle &operator=(Handle &&other) noexcept {
        if (this != &other) {
            Close(raw_);
            raw_ = other.release_native();
        }
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { Close(raw_); }

    /** Whether there is a handle. */
    explicit operator bool() const noexcept { return raw_ != nullptr; }
    /** The handle for functions of courtyard.h; it stays this object's. */
    C *get_native() const noexcept { return raw_; }
    /** Gives the handle away; whoever takes it closes it. */
    C *release_native() noexcept { return std::exchange(raw_, nullptr); }
    /** Closes the handle now. */
    Status close() noexcept { return Status(Close(release_native())); }

protected:
    C *raw_ = nullptr;
};

/** A block of this process that a queue or a pool has lent: given back when this ends, by whatever thread. */
template <class C, cyd_status_t (*GiveBack)(C *, std::uint64_t)>
class [[nodiscard]] Memory {
public:
    Memory(Memory &&other) noexcept
        : lender_(std::exchange(other.lender_, nullptr)), pid_(other.pid_), block_(other.block_) {}
    Memory &operator=(Memory &&other) noexcept {
        if (this != &other) {
            static_cast<void>(give_back());
            lender_ = std::exchange(other.lender_, nullptr);
            pid_ = other.pid_;
            block_ = other.block_;
        }
        return *this;
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    ~Memory() { static_cast<void>(give_back()); }

    /** The number of the block, 0 if there is none. */
    std::uint64_t block() const noexcept { return lender_ == nullptr ? 0 : block_; }
    /** Gives it back now; this is empty afterwards. */
    Status give_back() noexcept {
        C *lender = std::exchange(lender_, nullptr);
        if (lender == nullptr) {
            return Status(CYD_E_NULL);
        }
        return Status(ThisProcess::number() != pid_ ? CYD_E_NOT_OWNER : GiveBack(lender, block_));
    }
    /** The number, without the guard, for the calls of the lender that take one. 0 if there is none. */
    std::uint64_t release() noexcept { return std::exchange(lender_, nullptr) == nullptr ? 0 : block_; }

protected:
    Memory(C *lender, std::uint64_t block) noexcept : lender_(lender), pid_(ThisProcess::number()), block_(block) {}

    C *lender_;

private:
    pid_t pid_;
    std::uint64_t block_;
};

/** A block that is lent to be filled. */
template <class C, cyd_status_t (*GiveBack)(C *, std::uint64_t)>
class [[nodiscard]] Loan : public Memory<C, GiveBack> {
public:
    Loan(C *lender, const cyd_loan_t &loan) noexcept
        : Memory<C, GiveBack>(lender, loan.block), data_(loan.data), size_(loan.len) {}

    /** The first byte, aligned to 64; in shared memory. */
    void *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

private:
    void *data_;
    std::size_t size_;
};

/** Where something is that can be called, an object, const or not, or a plain function, as C keeps it. */
template <class Call>
void *pointer(Call &call) noexcept {
    if constexpr (std::is_function_v<Call>) {
        return reinterpret_cast<void *>(&call);
    } else {
        return const_cast<void *>(static_cast<const volatile void *>(std::addressof(call)));
    }
}

/** What pointer() was made of. */
template <class Call>
Call *pointed(void *it) noexcept {
    if constexpr (std::is_function_v<Call>) {
        return reinterpret_cast<Call *>(it);
    } else {
        return static_cast<Call *>(it);
    }
}

/** A function of the caller, called back through C, which no exception may cross. */
template <class Action>
struct Once {
    Action &action;
#if COURTYARD_EXCEPTIONS
    std::exception_ptr thrown = nullptr;
    static int run(void *self) noexcept {
        Once &once = *static_cast<Once *>(self);
        try {
            return once.call();
        } catch (...) {
            once.thrown = std::current_exception();
            return -1;
        }
    }
    void rethrow() const {
        if (thrown) {
            std::rethrow_exception(thrown);
        }
    }
#else
    static int run(void *self) noexcept { return static_cast<Once *>(self)->call(); }
    void rethrow() const noexcept {}
#endif
    int call() {
        if constexpr (std::is_constructible_v<bool, decltype(action())>) { // as in an if: a Status too
            return action() ? 0 : -1;
        } else {
            action();
            return 0;
        }
    }
};

} // namespace detail

/** A process that takes part in a yard: cyd_member_t. */
class Member : public detail::Handle<cyd_member_t, cyd_member_close> {
public:
    using Handle::Handle;

    Result<MemberInfo> info() const {
        return detail::filled<MemberInfo>([&](auto out) { return cyd_member_info(raw_, out); });
    }
    Result<bool> is_alive() const {
        return detail::filled<bool>([&](auto out) { return cyd_member_is_alive(raw_, out); });
    }
    /** Waits until it is gone. */
    Status wait(Timeout timeout) const { return Status(cyd_member_wait(raw_, timeout.ns())); }
};

/** A queue or an end of a pipe as something to wait for until it can be written to: cyd_writable_t. */
class Writable : public detail::Handle<cyd_writable_t, cyd_writable_close> {
public:
    using Handle::Handle;
};

/** A process that this one has made: cyd_process_t. */
class Process : public detail::Handle<cyd_process_t, cyd_process_close> {
public:
    using Handle::Handle;

    /** Calls `work`, which returns the exit code, in a copy of this process. An exception that leaves it aborts the child. */
    template <class Work>
    static Result<Process> fork(Work &&work, const ProcessOptions &options = {}) {
        auto *called = std::addressof(work); /* may be a function, to which no void * points */
        const auto call = [](void *it) noexcept -> int { return (**static_cast<decltype(called) *>(it))(); };
        return detail::opened<Process>([&](auto out) { return cyd_process_fork(&options, call, &called, out); });
    }
    static Result<Process> spawn(const char *entry, std::string_view bytes = {}, const ProcessOptions &options = {}) {
        return detail::opened<Process>(
            [&](auto out) { return cyd_process_spawn(&options, entry, bytes.data(), bytes.size(), out); });
    }
    /** Whichever child of this process ends next; how, join() tells. */
    static Result<Process> wait_any(Timeout timeout) {
        return detail::opened<Process>([&](auto out) { return cyd_wait_any_child(timeout.ns(), out, nullptr); });
    }
    /** One child that has not ended after the other; `cursor` begins at 0. */
    static Result<Process> next_active(std::size_t &cursor) {
        return detail::opened<Process>([&](auto out) { return cyd_next_active_child(&cursor, out); });
    }

    Result<ProcessInfo> info() const {
        return detail::filled<ProcessInfo>([&](auto out) { return cyd_process_info(raw_, out); });
    }
    Result<bool> is_alive() const {
        return detail::filled<bool>([&](auto out) { return cyd_process_is_alive(raw_, out); });
    }
    Result<Exit> join(Timeout timeout) {
        return detail::filled<Exit>([&](auto out) { return cyd_process_join(raw_, timeout.ns(), out); });
    }
    Status signal(int number) { return Status(cyd_process_signal(raw_, number)); }
    Status terminate() { return Status(cyd_process_terminate(raw_)); }
    Status kill() { return Status(cyd_process_kill(raw_)); }
    /** SIGTERM when it still runs after `asked`, then SIGKILL: for who has asked it already, or does not. */
    Result<Exit> stop(std::nullptr_t, Timeout asked, Timeout terminated) {
        return detail::filled<Exit>([&](auto out) {
            return cyd_process_stop(raw_, nullptr, nullptr, asked.ns(), terminated.ns(), out);
        });
    }
    /** Calls `ask`, then SIGTERM, then SIGKILL. An exception that leaves `ask` aborts. */
    template <class Ask>
    Result<Exit> stop(Ask &&ask, Timeout asked, Timeout terminated) {
        auto *called = std::addressof(ask);
        const auto call = [](void *it) noexcept { (**static_cast<decltype(called) *>(it))(); };
        return detail::filled<Exit>([&](auto out) {
            return cyd_process_stop(raw_, call, &called, asked.ns(), terminated.ns(), out);
        });
    }
    /** Readable when it has ended. Not to be closed. */
    Result<int> fd() const {
        return detail::filled<int>([&](auto out) { return cyd_process_fd(raw_, out); });
    }
};

/** A process that forks others: cyd_fork_server_t. */
class ForkServer : public detail::Handle<cyd_fork_server_t, cyd_fork_server_close> {
public:
    using Handle::Handle;

    static Result<ForkServer> start(const char *preload = nullptr, std::string_view bytes = {}) {
        return detail::opened<ForkServer>(
            [&](auto out) { return cyd_fork_server_start(preload, bytes.data(), bytes.size(), out); });
    }
    Status ready(Timeout timeout) { return Status(cyd_fork_server_ready(raw_, timeout.ns())); }
    Result<std::uint32_t> pid() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_fork_server_pid(raw_, out); });
    }
    Result<Process> spawn(const char *entry, std::string_view bytes = {}, const ProcessOptions &options = {}) {
        return detail::opened<Process>([&](auto out) {
            return cyd_fork_server_spawn(raw_, &options, entry, bytes.data(), bytes.size(), out);
        });
    }
};

/** Prints what processes say: cyd_log_to_stderr(). */
inline Status log_to_stderr(cyd_log_level_t level) { return Status(cyd_log_to_stderr(level)); }
/** Calls a function with what they say: a lambda without captures, say, that is noexcept, for no exception may cross the library. */
inline Status log_to_listener(cyd_log_level_t level,
                              void (*listener)(cyd_log_level_t, const char *process, const char *message,
                                               void *argument) noexcept,
                              void *argument = nullptr) {
    return Status(cyd_log_to_listener(level, listener, argument));
}
/** Says something in the name of this process. */
inline Status log(cyd_log_level_t level, const char *message) { return Status(cyd_log(level, message)); }

/** First in main, after the entries: cyd_init(). */
inline Status init(int argc = 0, const char *const *argv = nullptr) { return Status(cyd_init(argc, argv)); }
/** A function that a process can be started with. It is noexcept: an exception that leaves it ends the process. */
inline Status register_entry(const char *name, int (*work)(const void *bytes, std::size_t len) noexcept) {
    return Status(cyd_entry_register(name, work));
}
/** The calling process. */
inline Result<ProcessInfo> this_process() {
    return detail::filled<ProcessInfo>([](auto out) { return cyd_this_process(out); });
}
/** The process that made this one. */
inline Result<std::uint32_t> parent_pid() {
    return detail::filled<std::uint32_t>([](auto out) { return cyd_parent_pid(out); });
}
/** Waits until that is gone. */
inline Status parent_wait(Timeout timeout) { return Status(cyd_parent_wait(timeout.ns())); }
/** Hung up when that is gone. Not to be closed. */
inline Result<int> parent_fd() {
    return detail::filled<int>([](auto out) { return cyd_parent_fd(out); });
}

/** A segment with named objects: cyd_yard_t. */
class Yard : public detail::Handle<cyd_yard_t, cyd_yard_close> {
public:
    using Handle::Handle;

    static Result<Yard> create(const char *name, const YardOptions &options = {}) {
        return detail::opened<Yard>([&](auto out) { return cyd_yard_create(name, &options, out); });
    }
    static Result<Yard> open(const char *name, const YardOptions &options = {}) {
        return detail::opened<Yard>([&](auto out) { return cyd_yard_open(name, &options, out); });
    }
    static Result<Yard> open_or_create(const char *name, const YardOptions &options = {}) {
        return detail::opened<Yard>([&](auto out) { return cyd_yard_open_or_create(name, &options, out); });
    }
    static Result<Yard> create_anonymous(const YardOptions &options = {}) {
        return detail::opened<Yard>([&](auto out) { return cyd_yard_create_anonymous(&options, out); });
    }
    static Result<Yard> open_fd(int fd, const YardOptions &options = {}) {
        return detail::opened<Yard>([&](auto out) { return cyd_yard_open_fd(fd, &options, out); });
    }
    static Status unlink(const char *name) { return Status(cyd_yard_unlink(name)); }
    /** What a yard of these options would cost. */
    static Result<Cost> cost(const YardOptions &options) {
        return detail::filled<Cost>([&](auto out) { return cyd_yard_cost(&options, out); });
    }
    /** What an object of this kind, a CYD_OBJECT_ number, would take of a yard of these options. */
    static Result<ObjectCost> object_cost(const YardOptions &options, std::uint32_t kind) {
        return detail::filled<ObjectCost>([&](auto out) { return cyd_yard_object_cost(&options, kind, out); });
    }

    /** A reference to the object of this name. */
    Result<Ref> ref(const char *name) const {
        return detail::filled<Ref>([&](auto out) { return cyd_yard_ref(raw_, name, out); });
    }
    /** What a reference refers to. */
    Result<ObjectInfo> resolve(const Ref &of) const {
        return detail::filled<ObjectInfo>([&](auto out) { return cyd_yard_resolve(raw_, &of, out); });
    }
    /** Opens the object that is referred to, which is a T: #CYD_E_TYPE if not. */
    template <class T>
    Result<T> open_ref(const Ref &of) const {
        const Result<ObjectInfo> info = resolve(of);
        return info.ok() ? T::open(*this, info->name) : Result<T>(info.status());
    }

    Result<Cost> get_cost() const {
        return detail::filled<Cost>([&](auto out) { return cyd_yard_get_cost(raw_, out); });
    }
    Status sweep() { return Status(cyd_yard_sweep(raw_)); }
    Status detach_thread() { return Status(cyd_yard_detach_thread(raw_)); }
    Result<bool> is_sealed() const {
        return detail::filled<bool>([&](auto out) { return cyd_yard_is_sealed(raw_, out); });
    }
    /** The descriptor; it stays the yard's. */
    Result<int> fd() const {
        return detail::filled<int>([&](auto out) { return cyd_yard_fd(raw_, out); });
    }
    Status set_inheritable(bool inheritable) { return Status(cyd_yard_set_inheritable(raw_, inheritable)); }
    /** The next object from `cursor` on, which begins at 0; #CYD_E_END after the last. */
    Result<ObjectInfo> next_object(std::size_t &cursor) const {
        return detail::filled<ObjectInfo>([&](auto out) { return cyd_yard_next_object(raw_, &cursor, out); });
    }
    /** The next process that takes part, from `cursor` on, which begins at 0; #CYD_E_END after the last. */
    Result<Member> next_member(std::size_t &cursor) const {
        return detail::opened<Member>([&](auto out) { return cyd_yard_next_member(raw_, &cursor, out); });
    }
    /** One of the last repairs, 0 is the newest; #CYD_E_END if there are not so many. */
    Result<Fault> fault(std::uint32_t back) const {
        return detail::filled<Fault>([&](auto out) { return cyd_yard_fault(raw_, back, out); });
    }
};

/** A lock that survives its owners: cyd_lock_t. */
class Lock : public detail::Handle<cyd_lock_t, cyd_lock_close> {
public:
    /** The lock, taken: released when this ends, by the thread that took it if the scope is thread. */
    class [[nodiscard]] Guard {
    public:
        Guard(Guard &&other) noexcept
            : lock_(std::exchange(other.lock_, nullptr)), pid_(other.pid_), anyone_(other.anyone_), died_(other.died_) {}
        Guard &operator=(Guard &&other) noexcept {
            if (this != &other) {
                static_cast<void>(release());
                lock_ = std::exchange(other.lock_, nullptr);
                pid_ = other.pid_;
                anyone_ = other.anyone_;
                died_ = other.died_;
            }
            return *this;
        }
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;
        ~Guard() { static_cast<void>(release()); }

        /** An owner died and what the lock guards may be half changed: make it whole, then repaired(). */
        bool owner_died() const noexcept { return died_; }
        /** Declares what the lock guards whole again. */
        Status repaired() {
            const bool stale = lock_ != nullptr && detail::ThisProcess::number() != pid_;
            const Status status(stale ? CYD_E_NOT_OWNER : cyd_lock_repaired(lock_));
            died_ = died_ && !status.ok();
            return status;
        }
        /** Releases the lock now; the guard is empty afterwards, and guards nothing. */
        Status release() noexcept {
            cyd_lock_t *lock = std::exchange(lock_, nullptr);
            if (lock == nullptr) {
                return Status(CYD_E_NULL);
            }
            return Status(is_mine(lock) ? cyd_lock_release(lock) : CYD_E_NOT_OWNER);
        }

    private:
        friend class Lock;
        Guard(cyd_lock_t *lock, bool anyone, bool died) noexcept
            : lock_(lock), pid_(detail::ThisProcess::number()), anyone_(anyone), died_(died) {}
        /* A fork child may have taken the lock itself, which is not this. With scope anyone a release frees it whoever holds it. */
        bool is_mine(const cyd_lock_t *lock) const noexcept {
            if (detail::ThisProcess::number() != pid_) {
                return false;
            }
            Holder holder;
            return !anyone_ || (cyd_lock_holder(lock, &holder) == CYD_OK && holder.pid == static_cast<std::uint32_t>(pid_));
        }

        cyd_lock_t *lock_;
        pid_t pid_;
        bool anyone_;
        bool died_;
    };

    Lock() noexcept = default;
    explicit Lock(cyd_lock_t *raw) noexcept : Handle(raw), anyone_(scope().value_or(Scope::thread) == Scope::anyone) {}

    static Result<Lock> create(const Yard &yard, const char *name, Scope scope = Scope::thread) {
        const auto code = static_cast<cyd_scope_t>(scope);
        return detail::opened<Lock>([&](auto out) { return cyd_lock_create(yard.get_native(), name, code, out); });
    }
    static Result<Lock> open(const Yard &yard, const char *name) {
        return detail::opened<Lock>([&](auto out) { return cyd_lock_open(yard.get_native(), name, out); });
    }
    static Result<Lock> open_or_create(const Yard &yard, const char *name, Scope scope = Scope::thread) {
        const auto code = static_cast<cyd_scope_t>(scope);
        return detail::opened<Lock>(
            [&](auto out) { return cyd_lock_open_or_create(yard.get_native(), name, code, out); });
    }

    /** Takes the lock until the guard ends. */
    Result<Guard> acquire(Timeout timeout) {
        const Status status(cyd_lock_acquire(raw_, timeout.ns()));
        return status.ok() ? Result<Guard>(status, Guard(raw_, anyone_, status.owner_died())) : Result<Guard>(status);
    }
    /** Takes the lock until release(). */
    Status acquire_unguarded(Timeout timeout) { return Status(cyd_lock_acquire(raw_, timeout.ns())); }
    /** Releases what acquire_unguarded() took. */
    Status release() { return Status(cyd_lock_release(raw_)); }
    Status repaired() { return Status(cyd_lock_repaired(raw_)); }
    Result<Holder> holder() const {
        return detail::filled<Holder>([&](auto out) { return cyd_lock_holder(raw_, out); });
    }
    Result<bool> is_suspect() const {
        return detail::filled<bool>([&](auto out) { return cyd_lock_is_suspect(raw_, out); });
    }
    Result<Scope> scope() const {
        return detail::named<Scope>([&](auto out) { return cyd_lock_scope(raw_, out); });
    }

private:
    bool anyone_ = false;
};

/** A lock that its owner, a thread, may take again: cyd_rlock_t. */
class RLock : public detail::Handle<cyd_rlock_t, cyd_rlock_close> {
public:
    /** The lock, taken once more: released once when this ends, by the thread that took it. */
    class [[nodiscard]] Guard {
    public:
        Guard(Guard &&other) noexcept
            : rlock_(std::exchange(other.rlock_, nullptr)), pid_(other.pid_), died_(other.died_) {}
        Guard &operator=(Guard &&other) noexcept {
            if (this != &other) {
                static_cast<void>(release());
                rlock_ = std::exchange(other.rlock_, nullptr);
                pid_ = other.pid_;
                died_ = other.died_;
            }
            return *this;
        }
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;
        ~Guard() { static_cast<void>(release()); }

        /** An owner died and what the lock guards may be half changed: make it whole, then repaired(). */
        bool owner_died() const noexcept { return died_; }
        /** Declares what the lock guards whole again. */
        Status repaired() {
            const bool stale = rlock_ != nullptr && detail::ThisProcess::number() != pid_;
            const Status status(stale ? CYD_E_NOT_OWNER : cyd_rlock_repaired(rlock_));
            died_ = died_ && !status.ok();
            return status;
        }
        /** Releases once, now; the guard is empty afterwards, and guards nothing. */
        Status release() noexcept {
            cyd_rlock_t *rlock = std::exchange(rlock_, nullptr);
            if (rlock == nullptr) {
                return Status(CYD_E_NULL);
            }
            /* A fork child may have taken the lock itself, which is not this. */
            return Status(detail::ThisProcess::number() != pid_ ? CYD_E_NOT_OWNER : cyd_rlock_release(rlock));
        }

    private:
        friend class RLock;
        Guard(cyd_rlock_t *rlock, bool died) noexcept
            : rlock_(rlock), pid_(detail::ThisProcess::number()), died_(died) {}

        cyd_rlock_t *rlock_;
        pid_t pid_;
        bool died_;
    };

    using Handle::Handle;

    static Result<RLock> create(const Yard &yard, const char *name) {
        return detail::opened<RLock>([&](auto out) { return cyd_rlock_create(yard.get_native(), name, out); });
    }
    static Result<RLock> open(const Yard &yard, const char *name) {
        return detail::opened<RLock>([&](auto out) { return cyd_rlock_open(yard.get_native(), name, out); });
    }
    static Result<RLock> open_or_create(const Yard &yard, const char *name) {
        return detail::opened<RLock>(
            [&](auto out) { return cyd_rlock_open_or_create(yard.get_native(), name, out); });
    }

    /** Takes the lock, once more if the thread has it, until the guard ends. */
    Result<Guard> acquire(Timeout timeout) {
        const Status status(cyd_rlock_acquire(raw_, timeout.ns()));
        return status.ok() ? Result<Guard>(status, Guard(raw_, status.owner_died())) : Result<Guard>(status);
    }
    /** Takes the lock, once more if the thread has it, until release(). */
    Status acquire_unguarded(Timeout timeout) { return Status(cyd_rlock_acquire(raw_, timeout.ns())); }
    /** Releases once what acquire_unguarded() took. */
    Status release() { return Status(cyd_rlock_release(raw_)); }
    Status repaired() { return Status(cyd_rlock_repaired(raw_)); }
    /** How many releases the calling thread owes. */
    Result<std::uint32_t> count() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_rlock_count(raw_, out); });
    }
    Result<Holder> holder() const {
        return detail::filled<Holder>([&](auto out) { return cyd_rlock_holder(raw_, out); });
    }
    Result<bool> is_suspect() const {
        return detail::filled<bool>([&](auto out) { return cyd_rlock_is_suspect(raw_, out); });
    }
};

/** Permits that come back from the dead: cyd_permits_t. */
class Permits : public detail::Handle<cyd_permits_t, cyd_permits_close> {
public:
    /** Permits of this process: given back when this ends, by whatever thread. */
    class [[nodiscard]] Permit {
    public:
        Permit(Permit &&other) noexcept
            : permits_(std::exchange(other.permits_, nullptr)), pid_(other.pid_), count_(other.count_) {}
        Permit &operator=(Permit &&other) noexcept {
            if (this != &other) {
                static_cast<void>(release());
                permits_ = std::exchange(other.permits_, nullptr);
                pid_ = other.pid_;
                count_ = other.count_;
            }
            return *this;
        }
        Permit(const Permit &) = delete;
        Permit &operator=(const Permit &) = delete;
        ~Permit() { static_cast<void>(release()); }

        /** How many permits it stands for; 0 if it is empty. */
        std::uint32_t count() const noexcept { return permits_ == nullptr ? 0 : count_; }
        /** Gives them back now; the guard is empty afterwards. */
        Status release() noexcept {
            cyd_permits_t *permits = std::exchange(permits_, nullptr);
            if (permits == nullptr) {
                return Status(CYD_E_NULL);
            }
            /* A fork child may have permits of its own, which are not these. */
            return Status(detail::ThisProcess::number() != pid_ ? CYD_E_NOT_OWNER : cyd_permits_release(permits, count_));
        }

    private:
        friend class Permits;
        Permit(cyd_permits_t *permits, std::uint32_t count) noexcept
            : permits_(permits), pid_(detail::ThisProcess::number()), count_(count) {}

        cyd_permits_t *permits_;
        pid_t pid_;
        std::uint32_t count_;
    };

    using Handle::Handle;

    static Result<Permits> create(const Yard &yard, const char *name, std::uint32_t count) {
        return detail::opened<Permits>(
            [&](auto out) { return cyd_permits_create(yard.get_native(), name, count, out); });
    }
    static Result<Permits> open(const Yard &yard, const char *name) {
        return detail::opened<Permits>([&](auto out) { return cyd_permits_open(yard.get_native(), name, out); });
    }
    static Result<Permits> open_or_create(const Yard &yard, const char *name, std::uint32_t count) {
        return detail::opened<Permits>(
            [&](auto out) { return cyd_permits_open_or_create(yard.get_native(), name, count, out); });
    }

    /** Takes a permit until the guard ends. */
    Result<Permit> acquire(Timeout timeout) { return guarded(acquire_unguarded(timeout), 1); }
    /** Takes several permits at once, or none, until the guard ends. */
    Result<Permit> acquire_many(std::uint32_t count, Timeout timeout) {
        return guarded(acquire_many_unguarded(count, timeout), count);
    }
    /** Takes a permit until release(). */
    Status acquire_unguarded(Timeout timeout) { return Status(cyd_permits_acquire(raw_, timeout.ns())); }
    /** Takes several permits at once, or none, until release(). */
    Status acquire_many_unguarded(std::uint32_t count, Timeout timeout) {
        return Status(cyd_permits_acquire_many(raw_, count, timeout.ns()));
    }
    /** Gives back what was taken unguarded. */
    Status release(std::uint32_t count = 1) { return Status(cyd_permits_release(raw_, count)); }
    Result<std::uint32_t> available() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_permits_available(raw_, out); });
    }
    Result<std::uint32_t> capacity() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_permits_capacity(raw_, out); });
    }
    Result<std::uint32_t> held() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_permits_held(raw_, out); });
    }
    /** Who holds permits: fills a list as far as it has room, and gives how many there are. */
    Result<std::size_t> holders(PermitHolder *list, std::size_t room) const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_permits_holders(raw_, list, room, out); });
    }

private:
    Result<Permit> guarded(Status status, std::uint32_t count) {
        return status.ok() ? Result<Permit>(status, Permit(raw_, count)) : Result<Permit>(status);
    }
};

/** Memory to allocate, free and hand on, which comes back from the dead: cyd_blocks_t. */
class Blocks : public detail::Handle<cyd_blocks_t, cyd_blocks_close> {
public:
    /** A block of this process: freed when this ends, by whatever thread. */
    class [[nodiscard]] Block {
    public:
        Block(Block &&other) noexcept
            : blocks_(std::exchange(other.blocks_, nullptr)), pid_(other.pid_), number_(other.number_) {}
        Block &operator=(Block &&other) noexcept {
            if (this != &other) {
                static_cast<void>(free());
                blocks_ = std::exchange(other.blocks_, nullptr);
                pid_ = other.pid_;
                number_ = other.number_;
            }
            return *this;
        }
        Block(const Block &) = delete;
        Block &operator=(const Block &) = delete;
        ~Block() { static_cast<void>(free()); }

        /** The number under which others may read it; 0 if this is empty. */
        std::uint64_t number() const noexcept { return blocks_ == nullptr ? 0 : number_; }
        /** How many bytes were asked for. */
        Result<std::size_t> len() const {
            return detail::filled<std::size_t>([&](auto out) { return cyd_blocks_len(blocks_, number_, out); });
        }
        /** Where it lies. Who has the number may read there at any time; nobody may after it was freed or given away. */
        Result<void *> data() const {
            return detail::filled<void *>([&](auto out) { return cyd_blocks_data(blocks_, number_, out, nullptr); });
        }
        Status write(std::size_t at, const void *from, std::size_t len) {
            return Status(cyd_blocks_write(blocks_, number_, at, from, len));
        }
        Status read(std::size_t at, void *to, std::size_t len) const {
            return Status(cyd_blocks_read(blocks_, number_, at, to, len));
        }
        /** Frees it now; this is empty afterwards. */
        Status free() noexcept { return ended(cyd_blocks_free); }
        /** Lets anybody adopt it who is told the number; this is empty afterwards. */
        Result<std::uint64_t> offer() {
            const std::uint64_t number = number_;
            const Status status = ended(cyd_blocks_offer);
            return status.ok() ? Result<std::uint64_t>(status, number) : Result<std::uint64_t>(status);
        }
        /** The number, without the guard: Blocks::free() frees it. 0 if this is empty. */
        std::uint64_t release() noexcept {
            return std::exchange(blocks_, nullptr) == nullptr ? 0 : number_;
        }

    private:
        friend class Blocks;
        Block(cyd_blocks_t *blocks, std::uint64_t number) noexcept
            : blocks_(blocks), pid_(detail::ThisProcess::number()), number_(number) {}

        template <class End>
        Status ended(End end) noexcept {
            cyd_blocks_t *blocks = std::exchange(blocks_, nullptr);
            if (blocks == nullptr) {
                return Status(CYD_E_NULL);
            }
            return Status(detail::ThisProcess::number() != pid_ ? CYD_E_NOT_OWNER : end(blocks, number_));
        }

        cyd_blocks_t *blocks_;
        pid_t pid_;
        std::uint64_t number_;
    };

    using Handle::Handle;

    static Result<Blocks> create(const Yard &yard, const char *name, const BlocksOptions &options = {}) {
        return detail::opened<Blocks>(
            [&](auto out) { return cyd_blocks_create(yard.get_native(), name, &options, out); });
    }
    static Result<Blocks> open(const Yard &yard, const char *name) {
        return detail::opened<Blocks>([&](auto out) { return cyd_blocks_open(yard.get_native(), name, out); });
    }
    static Result<Blocks> open_or_create(const Yard &yard, const char *name, const BlocksOptions &options = {}) {
        return detail::opened<Blocks>(
            [&](auto out) { return cyd_blocks_open_or_create(yard.get_native(), name, &options, out); });
    }

    /** Allocates a block until the guard ends. */
    Result<Block> alloc(std::size_t len, Timeout timeout) {
        std::uint64_t number = 0;
        const Status status(cyd_blocks_alloc(raw_, len, timeout.ns(), &number));
        return guarded(status, number);
    }
    /** Makes an offered block this process's own until the guard ends. */
    Result<Block> adopt(std::uint64_t number) {
        return guarded(Status(cyd_blocks_adopt(raw_, number)), number);
    }
    /** Frees a block that no guard stands for. */
    Status free(std::uint64_t number) { return Status(cyd_blocks_free(raw_, number)); }
    /** Lets anybody adopt a block that no guard stands for. */
    Status offer(std::uint64_t number) { return Status(cyd_blocks_offer(raw_, number)); }
    /** Copies out of a block, whoever's it is. */
    Status read(std::uint64_t number, std::size_t at, void *to, std::size_t len) const {
        return Status(cyd_blocks_read(raw_, number, at, to, len));
    }
    /** How many bytes were asked for, whoever's the block is. */
    Result<std::size_t> len(std::uint64_t number) const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_blocks_len(raw_, number, out); });
    }
    /** How many blocks this process owns or offers. */
    Result<std::uint32_t> owned() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_blocks_owned(raw_, out); });
    }
    /** The longest request there can be room for. */
    Result<std::size_t> max_len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_blocks_max_len(raw_, out); });
    }
    /** How each class stands: fills a list as far as it has room, and gives how many there are. */
    Result<std::size_t> usage(BlockUse *list, std::size_t room) const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_blocks_usage(raw_, list, room, out); });
    }
    /** Who owns blocks: as usage(). */
    Result<std::size_t> owners(BlockOwner *list, std::size_t room) const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_blocks_owners(raw_, list, room, out); });
    }

private:
    Result<Block> guarded(Status status, std::uint64_t number) {
        return status.ok() ? Result<Block>(status, Block(raw_, number)) : Result<Block>(status);
    }
};

/** A counting semaphore, which nobody owns: cyd_semaphore_t. */
class Semaphore : public detail::Handle<cyd_semaphore_t, cyd_semaphore_close> {
public:
    using Handle::Handle;

    static Result<Semaphore> create(const Yard &yard, const char *name, const SemaphoreOptions &options = {}) {
        return detail::opened<Semaphore>(
            [&](auto out) { return cyd_semaphore_create(yard.get_native(), name, &options, out); });
    }
    static Result<Semaphore> open(const Yard &yard, const char *name) {
        return detail::opened<Semaphore>(
            [&](auto out) { return cyd_semaphore_open(yard.get_native(), name, out); });
    }
    static Result<Semaphore> open_or_create(const Yard &yard, const char *name,
                                            const SemaphoreOptions &options = {}) {
        return detail::opened<Semaphore>(
            [&](auto out) { return cyd_semaphore_open_or_create(yard.get_native(), name, &options, out); });
    }

    Status acquire(Timeout timeout) { return Status(cyd_semaphore_acquire(raw_, timeout.ns())); }
    Status release(std::uint32_t count = 1) { return Status(cyd_semaphore_release(raw_, count)); }
    /** How many permits there are now. */
    Result<std::uint32_t> value() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_semaphore_value(raw_, out); });
    }
    Result<std::uint32_t> maximum() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_semaphore_maximum(raw_, out); });
    }
};

/** A flag that threads and processes wait for. See cyd_event_t. */
class Event : public detail::Handle<cyd_event_t, cyd_event_close> {
public:
    Event() noexcept = default;
    explicit Event(cyd_event_t *raw) noexcept : Handle(raw) {}

    /** flags: 0, or any of CYD_EVENT_SET and CYD_EVENT_AUTO_RESET. */
    static Result<Event> create(const Yard &yard, const char *name, std::uint32_t flags = 0) {
        return detail::opened<Event>([&](auto out) { return cyd_event_create(yard.get_native(), name, flags, out); });
    }
    static Result<Event> open(const Yard &yard, const char *name) {
        return detail::opened<Event>([&](auto out) { return cyd_event_open(yard.get_native(), name, out); });
    }
    static Result<Event> open_or_create(const Yard &yard, const char *name, std::uint32_t flags = 0) {
        return detail::opened<Event>(
            [&](auto out) { return cyd_event_open_or_create(yard.get_native(), name, flags, out); });
    }

    Status set() { return Status(cyd_event_set(raw_)); }
    Status clear() { return Status(cyd_event_clear(raw_)); }
    Result<bool> is_set() const {
        return detail::filled<bool>([&](auto out) { return cyd_event_is_set(raw_, out); });
    }
    Status wait(Timeout timeout) { return Status(cyd_event_wait(raw_, timeout.ns())); }
};

/** Ends waits from outside: cyd_cancel_t. */
class CancelToken : public detail::Handle<cyd_cancel_t, cyd_cancel_close> {
public:
    /** While it lives, the token ends the waits of the thread that made it. It ends in that thread. */
    class [[nodiscard]] Scope {
    public:
        Scope(Scope &&other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
        Scope &operator=(Scope &&other) noexcept {
            if (this != &other) {
                static_cast<void>(leave());
                cancel_ = std::exchange(other.cancel_, nullptr);
            }
            return *this;
        }
        Scope(const Scope &) = delete;
        Scope &operator=(const Scope &) = delete;
        ~Scope() { static_cast<void>(leave()); }

        /** Leaves now; the scope is empty afterwards. */
        Status leave() noexcept {
            cyd_cancel_t *cancel = std::exchange(cancel_, nullptr);
            return Status(cancel == nullptr ? CYD_E_NULL : cyd_cancel_leave(cancel));
        }

    private:
        friend class CancelToken;
        explicit Scope(cyd_cancel_t *cancel) noexcept : cancel_(cancel) {}

        cyd_cancel_t *cancel_;
    };

    CancelToken() noexcept = default;
    explicit CancelToken(cyd_cancel_t *raw) noexcept : Handle(raw) {}

    static Result<CancelToken> create() {
        return detail::opened<CancelToken>([&](auto out) { return cyd_cancel_create(out); });
    }
    /** Whoever sets the event cancels. */
    static Result<CancelToken> from_event(const Event &event) {
        return detail::opened<CancelToken>(
            [&](auto out) { return cyd_cancel_from_event(event.get_native(), out); });
    }

    Status cancel() { return Status(cyd_cancel_set(raw_)); }
    Result<bool> is_cancelled() const {
        return detail::filled<bool>([&](auto out) { return cyd_cancel_is_set(raw_, out); });
    }
    /** Enters the token; it is to be kept open meanwhile. */
    Result<Scope> scope() const {
        const Status status(cyd_cancel_enter(raw_));
        return status.ok() ? Result<Scope>(status, Scope(raw_)) : Result<Scope>(status);
    }
};

/**
 * Where holders of a lock wait to be notified. See cyd_condition_t: on every return of wait() but a refusal the lock is
 * held again.
 */
class Condition : public detail::Handle<cyd_condition_t, cyd_condition_close> {
public:
    Condition() noexcept = default;
    explicit Condition(cyd_condition_t *raw) noexcept : Handle(raw) {}

    static Result<Condition> create(const Yard &yard, const char *name) {
        return detail::opened<Condition>([&](auto out) { return cyd_condition_create(yard.get_native(), name, out); });
    }
    static Result<Condition> open(const Yard &yard, const char *name) {
        return detail::opened<Condition>([&](auto out) { return cyd_condition_open(yard.get_native(), name, out); });
    }
    static Result<Condition> open_or_create(const Yard &yard, const char *name) {
        return detail::opened<Condition>(
            [&](auto out) { return cyd_condition_open_or_create(yard.get_native(), name, out); });
    }

    /** The calling thread holds the lock, and holds it again afterwards. */
    Status wait(Lock &lock, Timeout timeout) {
        return Status(cyd_condition_wait(raw_, lock.get_native(), timeout.ns()));
    }
    /** As above; the lock is taken as often again as it was. */
    Status wait(RLock &lock, Timeout timeout) {
        return Status(cyd_condition_wait_rlock(raw_, lock.get_native(), timeout.ns()));
    }
    /**
     * Waits until `ready()` is true, which is asked with the lock, a Lock or an RLock, held, first at once. One timeout for
     * everything. Ends also when an owner has died, owner_died(): what `ready` looks at may be half changed.
     */
    template <class Held, class Ready>
    Status wait_for(Held &lock, Timeout timeout, Ready ready) {
        const detail::Patience patience(timeout);
        Status status(CYD_OK);
        while (status.code() == CYD_OK && !ready()) {
            status = wait(lock, Timeout::from_ns(patience.ns()));
        }
        const bool gave_up = status.code() == CYD_E_TIMEOUT || status.code() == CYD_E_CANCELLED;
        if (gave_up && !lock.is_suspect().value_or(true) && ready()) {
            return Status(CYD_OK); // it became true while the lock was taken again
        }
        return status;
    }
    /** Wakes at most `count` who wait, the longest first; gives how many. */
    Result<std::uint32_t> notify(std::uint32_t count = 1) {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_condition_notify(raw_, count, out); });
    }
    Result<std::uint32_t> notify_all() {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_condition_notify_all(raw_, out); });
    }
    Result<std::uint32_t> waiters() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_condition_waiters(raw_, out); });
    }
};

/** What broke a barrier; see cyd_barrier_broken(). */
using Broken = cyd_broken_t;

/** A fixed number of parties that wait for each other: cyd_barrier_t. */
class Barrier : public detail::Handle<cyd_barrier_t, cyd_barrier_close> {
public:
    /** The declaration of this process that it takes part: taken back when this ends, by whatever thread. */
    class [[nodiscard]] Party {
    public:
        Party(Party &&other) noexcept : barrier_(std::exchange(other.barrier_, nullptr)), pid_(other.pid_) {}
        Party &operator=(Party &&other) noexcept {
            if (this != &other) {
                static_cast<void>(leave());
                barrier_ = std::exchange(other.barrier_, nullptr);
                pid_ = other.pid_;
            }
            return *this;
        }
        Party(const Party &) = delete;
        Party &operator=(const Party &) = delete;
        ~Party() { static_cast<void>(leave()); }

        /** Takes it back now; this is empty afterwards. */
        Status leave() noexcept {
            cyd_barrier_t *barrier = std::exchange(barrier_, nullptr);
            if (barrier == nullptr) {
                return Status(CYD_E_NULL);
            }
            /* A fork child may have declared itself, which is not this. */
            return Status(detail::ThisProcess::number() != pid_ ? CYD_E_NOT_OWNER : cyd_barrier_leave(barrier));
        }

    private:
        friend class Barrier;
        explicit Party(cyd_barrier_t *barrier) noexcept : barrier_(barrier), pid_(detail::ThisProcess::number()) {}

        cyd_barrier_t *barrier_;
        pid_t pid_;
    };

    Barrier() noexcept = default;
    explicit Barrier(cyd_barrier_t *raw) noexcept : Handle(raw) {}

    static Result<Barrier> create(const Yard &yard, const char *name, std::uint32_t parties) {
        return detail::opened<Barrier>(
            [&](auto out) { return cyd_barrier_create(yard.get_native(), name, parties, out); });
    }
    static Result<Barrier> open(const Yard &yard, const char *name) {
        return detail::opened<Barrier>([&](auto out) { return cyd_barrier_open(yard.get_native(), name, out); });
    }
    static Result<Barrier> open_or_create(const Yard &yard, const char *name, std::uint32_t parties) {
        return detail::opened<Barrier>(
            [&](auto out) { return cyd_barrier_open_or_create(yard.get_native(), name, parties, out); });
    }

    /** Waits for the others; gives which of them the caller is. */
    Result<std::uint32_t> wait(Timeout timeout) {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_barrier_wait(raw_, timeout.ns(), out); });
    }
    /** As wait(); one party of each trip calls its `action` first. If that answers false, or a Status or Result that is a
     *  failure, or throws, the barrier breaks; the exception goes on to the caller. */
    template <class Action>
    Result<std::uint32_t> wait(Timeout timeout, Action &&action) {
        detail::Once<std::remove_reference_t<Action>> once{action};
        auto result = detail::filled<std::uint32_t>(
            [&](auto out) { return cyd_barrier_wait_with(raw_, timeout.ns(), once.run, &once, out); });
        once.rethrow();
        return result;
    }
    Status abort() { return Status(cyd_barrier_abort(raw_)); }
    Status reset() { return Status(cyd_barrier_reset(raw_)); }
    /** Why it is broken; the cause is #CYD_BROKEN_NOT if it is whole. */
    Result<Broken> broken() const {
        return detail::filled<Broken>([&](auto out) { return cyd_barrier_broken(raw_, out); });
    }
    Result<std::uint32_t> parties() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_barrier_parties(raw_, out); });
    }
    Result<std::uint32_t> waiting() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_barrier_waiting(raw_, out); });
    }
    /** Declares that this process takes part, until the Party ends. */
    Result<Party> declare() {
        const Status status = declare_unguarded();
        return status.ok() ? Result<Party>(status, Party(raw_)) : Result<Party>(status);
    }
    /** Declares that this process takes part, until leave(), or until this is closed. */
    Status declare_unguarded() { return Status(cyd_barrier_declare(raw_)); }
    Status leave() { return Status(cyd_barrier_leave(raw_)); }
    Result<std::uint32_t> declared() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_barrier_declared(raw_, out); });
    }
};

/** A lock of many readers or one writer that survives both: cyd_rwlock_t. */
class RwLock : public detail::Handle<cyd_rwlock_t, cyd_rwlock_close> {
public:
    /** The lock, taken to read or to write: released when this ends, by the thread that took it. */
    class [[nodiscard]] Guard {
    public:
        Guard(Guard &&other) noexcept
            : rwlock_(std::exchange(other.rwlock_, nullptr)), pid_(other.pid_), died_(other.died_) {}
        Guard &operator=(Guard &&other) noexcept {
            if (this != &other) {
                static_cast<void>(release());
                rwlock_ = std::exchange(other.rwlock_, nullptr);
                pid_ = other.pid_;
                died_ = other.died_;
            }
            return *this;
        }
        Guard(const Guard &) = delete;
        Guard &operator=(const Guard &) = delete;
        ~Guard() { static_cast<void>(release()); }

        /** A writer died and what the lock guards may be half changed: a writer makes it whole, then repaired(). */
        bool owner_died() const noexcept { return died_; }
        /** Declares what the lock guards whole again; #CYD_E_NOT_OWNER if it is taken to read. */
        Status repaired() {
            const bool stale = rwlock_ != nullptr && detail::ThisProcess::number() != pid_;
            const Status status(stale ? CYD_E_NOT_OWNER : cyd_rwlock_repaired(rwlock_));
            died_ = died_ && !status.ok();
            return status;
        }
        /** Releases the lock now; the guard is empty afterwards, and guards nothing. */
        Status release() noexcept {
            cyd_rwlock_t *rwlock = std::exchange(rwlock_, nullptr);
            if (rwlock == nullptr) {
                return Status(CYD_E_NULL);
            }
            /* A fork child may have taken the lock itself, which is not this. */
            return Status(detail::ThisProcess::number() != pid_ ? CYD_E_NOT_OWNER : cyd_rwlock_release(rwlock));
        }

    private:
        friend class RwLock;
        Guard(cyd_rwlock_t *rwlock, bool died) noexcept
            : rwlock_(rwlock), pid_(detail::ThisProcess::number()), died_(died) {}

        cyd_rwlock_t *rwlock_;
        pid_t pid_;
        bool died_;
    };

    RwLock() noexcept = default;
    explicit RwLock(cyd_rwlock_t *raw) noexcept : Handle(raw) {}

    /** For so many readers at a time; 0 for as many as the yard has slots for threads. */
    static Result<RwLock> create(const Yard &yard, const char *name, std::uint32_t readers = 0) {
        const cyd_rwlock_options_t options = {sizeof(cyd_rwlock_options_t), readers, 0};
        return detail::opened<RwLock>(
            [&](auto out) { return cyd_rwlock_create(yard.get_native(), name, &options, out); });
    }
    static Result<RwLock> open(const Yard &yard, const char *name) {
        return detail::opened<RwLock>([&](auto out) { return cyd_rwlock_open(yard.get_native(), name, out); });
    }
    static Result<RwLock> open_or_create(const Yard &yard, const char *name, std::uint32_t readers = 0) {
        const cyd_rwlock_options_t options = {sizeof(cyd_rwlock_options_t), readers, 0};
        return detail::opened<RwLock>(
            [&](auto out) { return cyd_rwlock_open_or_create(yard.get_native(), name, &options, out); });
    }

    /** Takes the lock to read until the guard ends. */
    Result<Guard> read(Timeout timeout) { return guarded(read_unguarded(timeout)); }
    /** Takes the lock to write until the guard ends. */
    Result<Guard> write(Timeout timeout) { return guarded(write_unguarded(timeout)); }
    /** Takes the lock to read until release(). */
    Status read_unguarded(Timeout timeout) { return Status(cyd_rwlock_read(raw_, timeout.ns())); }
    /** Takes the lock to write until release(). */
    Status write_unguarded(Timeout timeout) { return Status(cyd_rwlock_write(raw_, timeout.ns())); }
    /** Releases what read_unguarded() or write_unguarded() took. */
    Status release() { return Status(cyd_rwlock_release(raw_)); }
    Status repaired() { return Status(cyd_rwlock_repaired(raw_)); }
    /** Who writes. */
    Result<Holder> writer() const {
        return detail::filled<Holder>([&](auto out) { return cyd_rwlock_writer(raw_, out); });
    }
    /** How many threads read. */
    Result<std::uint32_t> readers() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_rwlock_readers(raw_, out); });
    }
    Result<std::uint32_t> readers_max() const {
        return detail::filled<std::uint32_t>([&](auto out) { return cyd_rwlock_readers_max(raw_, out); });
    }
    Result<bool> is_suspect() const {
        return detail::filled<bool>([&](auto out) { return cyd_rwlock_is_suspect(raw_, out); });
    }

private:
    Result<Guard> guarded(Status status) {
        return status.ok() ? Result<Guard>(status, Guard(raw_, status.owner_died())) : Result<Guard>(status);
    }
};

/**
 * The CYD_TYPE_ number of a C++ type: the integers of 1 to 8 bytes, float, double, bool, and wchar_t and char32_t, which
 * are code points. The other character types are none of them, as in CYD_TYPE_OF().
 */
template <class T>
constexpr cyd_type_t type_of() noexcept {
    static_assert(std::is_same_v<T, std::remove_cv_t<T>>, "the value is what is shared, not const or volatile");
    constexpr bool is_character = std::is_same_v<T, char> || std::is_same_v<T, char16_t>;
#ifdef __cpp_char8_t
    static_assert(!std::is_same_v<T, char8_t>, "a character is not a number: take std::uint8_t");
#endif
    static_assert(!is_character, "a character is not a number: take the integer of its size");
    if constexpr (std::is_same_v<T, bool>) {
        static_assert(sizeof(bool) == 1, "bool is one byte");
        return CYD_TYPE_BOOL;
    } else if constexpr (std::is_same_v<T, wchar_t> || std::is_same_v<T, char32_t>) {
        static_assert(sizeof(T) == 4, "a code point is 4 bytes");
        return CYD_TYPE_WCHAR;
    } else if constexpr (std::is_same_v<T, float>) {
        return CYD_TYPE_F32;
    } else if constexpr (std::is_same_v<T, double>) {
        return CYD_TYPE_F64;
    } else {
        static_assert(std::is_integral_v<T> && sizeof(T) <= 8, "no value can have this type");
        constexpr cyd_type_t of_signed = sizeof(T) == 1   ? CYD_TYPE_I8
                                         : sizeof(T) == 2 ? CYD_TYPE_I16
                                         : sizeof(T) == 4 ? CYD_TYPE_I32
                                                          : CYD_TYPE_I64;
        static_assert(CYD_TYPE_U8 == CYD_TYPE_I8 + 1 && CYD_TYPE_U16 == CYD_TYPE_I16 + 1 &&
                      CYD_TYPE_U32 == CYD_TYPE_I32 + 1 && CYD_TYPE_U64 == CYD_TYPE_I64 + 1);
        return std::is_signed_v<T> ? of_signed : of_signed + 1;
    }
}

namespace detail {

/** Does not compile if a number of this type does not know the operation. */
template <class T, cyd_op_t Op>
constexpr void check_operation() noexcept {
    constexpr bool is_bits = Op == CYD_OP_AND || Op == CYD_OP_OR || Op == CYD_OP_XOR;
    constexpr bool is_sum = Op == CYD_OP_ADD || Op == CYD_OP_SUB;
    constexpr bool is_character = type_of<T>() == CYD_TYPE_WCHAR;
    static_assert(!(is_bits && std::is_floating_point_v<T>), "float and double have no bit operations");
    static_assert(is_bits || Op == CYD_OP_SWAP || !std::is_same_v<T, bool>, "bool is no number to count with");
    static_assert(!((is_bits || is_sum) && is_character), "a character is no number to count with");
}

} // namespace detail

/** A number of at most 8 bytes that processes share: cyd_value_t. */
template <class T>
class Value : public detail::Handle<cyd_value_t, cyd_value_close> {
public:
    /** Its CYD_TYPE_ number. */
    static constexpr cyd_type_t type = type_of<T>();
    static_assert(type != CYD_TYPE_ANY);

    using detail::Handle<cyd_value_t, cyd_value_close>::Handle;

    static Result<Value> create(const Yard &yard, const char *name) {
        return detail::opened<Value>(
            [&](auto out) { return cyd_value_create(yard.get_native(), name, type, out); });
    }
    static Result<Value> open(const Yard &yard, const char *name) {
        return detail::opened<Value>([&](auto out) { return cyd_value_open(yard.get_native(), name, type, out); });
    }
    static Result<Value> open_or_create(const Yard &yard, const char *name) {
        return detail::opened<Value>(
            [&](auto out) { return cyd_value_open_or_create(yard.get_native(), name, type, out); });
    }

    Result<T> get() const {
        return detail::filled<T>([&](auto out) { return cyd_value_get(this->raw_, type, out); });
    }
    Status set(T number) { return Status(cyd_value_set(this->raw_, type, &number)); }

    /** Each of these combines the value with a number in one step and gives what it was before. */
    Result<T> fetch_add(T number) { return fetch<CYD_OP_ADD>(number); }
    Result<T> fetch_sub(T number) { return fetch<CYD_OP_SUB>(number); }
    Result<T> fetch_and(T number) { return fetch<CYD_OP_AND>(number); }
    Result<T> fetch_or(T number) { return fetch<CYD_OP_OR>(number); }
    Result<T> fetch_xor(T number) { return fetch<CYD_OP_XOR>(number); }
    Result<T> fetch_min(T number) { return fetch<CYD_OP_MIN>(number); }
    Result<T> fetch_max(T number) { return fetch<CYD_OP_MAX>(number); }
    Result<T> swap(T number) { return fetch<CYD_OP_SWAP>(number); }

    /** True if `desired` was stored; false if the value is another, which is then in `expected`. */
    Result<bool> compare_exchange(T &expected, T desired) {
        return detail::filled<bool>([&](auto out) {
            return cyd_value_compare_exchange(this->raw_, type, &expected, &desired, out);
        });
    }

private:
    template <cyd_op_t Op>
    Result<T> fetch(T number) {
        detail::check_operation<T, Op>();
        return detail::filled<T>([&](auto out) { return cyd_value_fetch(this->raw_, type, Op, &number, out); });
    }
};

/**
 * Numbers of one type that processes share, side by side: cyd_array_t. Types as for type_of(); for structs there is
 * StructArray.
 */
template <class T>
class Array : public detail::Handle<cyd_array_t, cyd_array_close> {
public:
    /** Its CYD_TYPE_ number. */
    static constexpr cyd_type_t type = type_of<T>();
    static_assert(type != CYD_TYPE_ANY);

    using detail::Handle<cyd_array_t, cyd_array_close>::Handle;

    static Result<Array> create(const Yard &yard, const char *name, std::size_t len,
                                const ArrayOptions &options = {}) {
        return detail::opened<Array>(
            [&](auto out) { return cyd_array_create(yard.get_native(), name, type, len, &options, out); });
    }
    static Result<Array> open(const Yard &yard, const char *name) {
        return detail::opened<Array>([&](auto out) { return cyd_array_open(yard.get_native(), name, type, out); });
    }
    static Result<Array> open_or_create(const Yard &yard, const char *name, std::size_t len,
                                        const ArrayOptions &options = {}) {
        return detail::opened<Array>(
            [&](auto out) { return cyd_array_open_or_create(yard.get_native(), name, type, len, &options, out); });
    }

    Result<std::size_t> len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_array_len(this->raw_, out); });
    }
    Result<T> get(std::size_t index) const {
        return detail::filled<T>([&](auto out) { return cyd_array_get(this->raw_, type, index, out); });
    }
    Status set(std::size_t index, T number) { return Status(cyd_array_set(this->raw_, type, index, &number)); }

    /** Each of these combines an element with a number in one step and gives what it was before. */
    Result<T> fetch_add(std::size_t index, T number) { return fetch<CYD_OP_ADD>(index, number); }
    Result<T> fetch_sub(std::size_t index, T number) { return fetch<CYD_OP_SUB>(index, number); }
    Result<T> fetch_and(std::size_t index, T number) { return fetch<CYD_OP_AND>(index, number); }
    Result<T> fetch_or(std::size_t index, T number) { return fetch<CYD_OP_OR>(index, number); }
    Result<T> fetch_xor(std::size_t index, T number) { return fetch<CYD_OP_XOR>(index, number); }
    Result<T> fetch_min(std::size_t index, T number) { return fetch<CYD_OP_MIN>(index, number); }
    Result<T> fetch_max(std::size_t index, T number) { return fetch<CYD_OP_MAX>(index, number); }
    Result<T> swap(std::size_t index, T number) { return fetch<CYD_OP_SWAP>(index, number); }

    /** True if `desired` was stored; false if the element is another, which is then in `expected`. */
    Result<bool> compare_exchange(std::size_t index, T &expected, T desired) {
        return detail::filled<bool>([&](auto out) {
            return cyd_array_compare_exchange(this->raw_, type, index, &expected, &desired, out);
        });
    }

    /** Reads `count` elements from `start` on, each atomically. */
    Status read(std::size_t start, std::size_t count, T *out) const {
        return Status(cyd_array_read(this->raw_, type, start, count, out));
    }
    /** Stores `count` elements from `start` on, each atomically, in their order. */
    Status write(std::size_t start, std::size_t count, const T *in) {
        return Status(cyd_array_write(this->raw_, type, start, count, in));
    }
    /** Stores one number in `count` elements from `start` on, each atomically. */
    Status fill(std::size_t start, std::size_t count, T number) {
        return Status(cyd_array_fill(this->raw_, type, start, count, &number));
    }

    /** The array's own lock, if it was made with ArrayOptions::lock. */
    Status lock(Timeout timeout) { return Status(cyd_array_lock(this->raw_, timeout.ns())); }
    Status unlock() { return Status(cyd_array_unlock(this->raw_)); }
    Status repaired() { return Status(cyd_array_repaired(this->raw_)); }

private:
    template <cyd_op_t Op>
    Result<T> fetch(std::size_t index, T number) {
        detail::check_operation<T, Op>();
        return detail::filled<T>(
            [&](auto out) { return cyd_array_fetch(this->raw_, type, index, Op, &number, out); });
    }
};

namespace detail {

/** Does not compile if no Struct and no element of a StructArray can have this type. */
template <class T>
constexpr bool is_plain() noexcept {
    static_assert(std::is_same_v<T, std::remove_cv_t<T>>, "the value is what is shared, not const or volatile");
    static_assert(std::is_trivially_copyable_v<T>, "what is shared is copied byte by byte");
    static_assert(std::is_default_constructible_v<T>, "a fresh one is all zeros");
    static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>, "no pointer means the same elsewhere");
    static_assert(sizeof(T) <= 4096 && alignof(T) <= 64, "4096 bytes, aligned to 64, at most");
    return true;
}

/** A function of the caller's, called by C with a copy of a shared T. */
template <class T, class Change>
class Changing {
public:
    explicit Changing(Change &change) noexcept : change_(change) {}

    /** What C calls. Unless the function throws, what it has made of the value is stored. */
    static void call(void *value, void *context) {
        auto *self = static_cast<Changing *>(context);
        T copy{};
        std::memcpy(&copy, value, sizeof copy);
#if COURTYARD_EXCEPTIONS
        try {
            self->change_(copy);
        } catch (...) {
            self->thrown_ = std::current_exception();
            return;
        }
#else
        self->change_(copy);
#endif
        std::memcpy(value, &copy, sizeof copy);
    }
    /** How the call ended; throws what the function threw. */
    Status end(cyd_status_t status) {
#if COURTYARD_EXCEPTIONS
        if (thrown_ != nullptr) {
            std::rethrow_exception(thrown_);
        }
#endif
        return Status(status);
    }

private:
    Change &change_;
#if COURTYARD_EXCEPTIONS
    std::exception_ptr thrown_;
#endif
};

} // namespace detail

/**
 * A value of any trivially copyable type of at most 4096 bytes that processes share, read and replaced as a whole:
 * cyd_struct_t. Pointers in it mean nothing in another process.
 */
template <class T>
class Struct : public detail::Handle<cyd_struct_t, cyd_struct_close> {
public:
    static_assert(detail::is_plain<T>());

    using detail::Handle<cyd_struct_t, cyd_struct_close>::Handle;

    static Result<Struct> create(const Yard &yard, const char *name) {
        return detail::opened<Struct>(
            [&](auto out) { return cyd_struct_create(yard.get_native(), name, sizeof(T), alignof(T), out); });
    }
    static Result<Struct> open(const Yard &yard, const char *name) {
        return detail::opened<Struct>(
            [&](auto out) { return cyd_struct_open(yard.get_native(), name, sizeof(T), alignof(T), out); });
    }
    static Result<Struct> open_or_create(const Yard &yard, const char *name) {
        return detail::opened<Struct>([&](auto out) {
            return cyd_struct_open_or_create(yard.get_native(), name, sizeof(T), alignof(T), out);
        });
    }

    Result<T> get() const {
        return detail::filled<T>([&](auto out) { return cyd_struct_get(this->raw_, out, sizeof(T)); });
    }
    Status set(const T &value, Timeout timeout) {
        return Status(cyd_struct_set(this->raw_, &value, sizeof(T), timeout.ns()));
    }
    /**
     * Calls `change(copy)` with a T & while other writers wait, and stores the copy. If it throws, the value stays, and
     * the exception goes on.
     */
    template <class Change>
    Status update(Timeout timeout, Change &&change) {
        using Changing = detail::Changing<T, std::remove_reference_t<Change>>;
        Changing context(change);
        return context.end(cyd_struct_update(this->raw_, sizeof(T), timeout.ns(), Changing::call, &context));
    }
};

/** Structs side by side, each as a Struct: cyd_struct_array_t. */
template <class T>
class StructArray : public detail::Handle<cyd_struct_array_t, cyd_struct_array_close> {
public:
    static_assert(detail::is_plain<T>());

    using detail::Handle<cyd_struct_array_t, cyd_struct_array_close>::Handle;

    static Result<StructArray> create(const Yard &yard, const char *name, std::size_t len) {
        return detail::opened<StructArray>([&](auto out) {
            return cyd_struct_array_create(yard.get_native(), name, sizeof(T), alignof(T), len, out);
        });
    }
    static Result<StructArray> open(const Yard &yard, const char *name) {
        return detail::opened<StructArray>(
            [&](auto out) { return cyd_struct_array_open(yard.get_native(), name, sizeof(T), alignof(T), out); });
    }
    static Result<StructArray> open_or_create(const Yard &yard, const char *name, std::size_t len) {
        return detail::opened<StructArray>([&](auto out) {
            return cyd_struct_array_open_or_create(yard.get_native(), name, sizeof(T), alignof(T), len, out);
        });
    }

    Result<std::size_t> len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_struct_array_len(this->raw_, out); });
    }
    Result<T> get(std::size_t index) const {
        return detail::filled<T>(
            [&](auto out) { return cyd_struct_array_get(this->raw_, index, out, sizeof(T)); });
    }
    Status set(std::size_t index, const T &value, Timeout timeout) {
        return Status(cyd_struct_array_set(this->raw_, index, &value, sizeof(T), timeout.ns()));
    }
    /** As Struct::update(), of one element. */
    template <class Change>
    Status update(std::size_t index, Timeout timeout, Change &&change) {
        using Changing = detail::Changing<T, std::remove_reference_t<Change>>;
        Changing context(change);
        return context.end(cyd_struct_array_update(this->raw_, index, sizeof(T), timeout.ns(), Changing::call,
                                                   &context));
    }
};

/** The sending end of a ring: cyd_sender_t. One thread at a time may use it. */
class Sender : public detail::Handle<cyd_sender_t, cyd_sender_close> {
public:
    /** Room for a record, to be written in place; given up when this ends, unless it was committed. */
    class [[nodiscard]] Reserved {
    public:
        Reserved(Reserved &&other) noexcept
            : sender_(std::exchange(other.sender_, nullptr)), data_(other.data_), size_(other.size_) {}
        Reserved(const Reserved &) = delete;
        Reserved &operator=(const Reserved &) = delete;
        Reserved &operator=(Reserved &&) = delete;
        ~Reserved() { static_cast<void>(abort()); }

        /** The first byte, aligned to 8; in shared memory. */
        void *data() const noexcept { return data_; }
        /** As many bytes as were asked for. */
        std::size_t size() const noexcept { return size_; }
        /** Sends the first `len` bytes as one record. */
        Status commit(std::size_t len) {
            const Status status(cyd_sender_commit(sender_, len));
            if (status.ok()) {
                sender_ = nullptr;
            }
            return status;
        }
        /** Gives the room back now. */
        Status abort() noexcept {
            cyd_sender_t *sender = std::exchange(sender_, nullptr);
            return Status(sender == nullptr ? CYD_E_NULL : cyd_sender_abort(sender));
        }

    private:
        friend class Sender;
        Reserved(cyd_sender_t *sender, void *data, std::size_t size) noexcept
            : sender_(sender), data_(data), size_(size) {}

        cyd_sender_t *sender_;
        void *data_;
        std::size_t size_;
    };

    using Handle::Handle;

    Status send(const void *data, std::size_t len, Timeout timeout) {
        return Status(cyd_sender_send(raw_, data, len, timeout.ns()));
    }
    Status send(std::string_view text, Timeout timeout) { return send(text.data(), text.size(), timeout); }
    /** How many of the records were sent. */
    Result<std::size_t> send_batch(const Slice *records, std::size_t count, Timeout timeout) {
        return detail::filled<std::size_t>(
            [&](auto out) { return cyd_sender_send_batch(raw_, records, count, timeout.ns(), out); });
    }
    Result<Reserved> reserve(std::size_t len, Timeout timeout) {
        void *data = nullptr;
        const Status status(cyd_sender_reserve(raw_, len, timeout.ns(), &data));
        return status.ok() ? Result<Reserved>(status, Reserved(raw_, data, len)) : Result<Reserved>(status);
    }
    Result<Peer> peer() {
        return detail::named<Peer>([&](auto out) { return cyd_sender_peer(raw_, out); });
    }
};

/** A record that lies in the ring: in shared memory, good until Receiver::release(). */
struct Record {
    const void *data = nullptr;
    std::size_t size = 0;

    /** Its bytes as text. */
    std::string_view text() const noexcept { return {static_cast<const char *>(data), size}; }
};

/** The receiving end of a ring: cyd_receiver_t. One thread at a time may use it. */
class Receiver : public detail::Handle<cyd_receiver_t, cyd_receiver_close> {
public:
    using Handle::Handle;

    /** Receives into a buffer; `len` becomes the record's length, with #CYD_E_TOO_LONG too. */
    Status recv(void *buffer, std::size_t room, std::size_t &len, Timeout timeout) {
        return Status(cyd_receiver_recv(raw_, buffer, room, timeout.ns(), &len));
    }
    /**
     * Receives a record of any length, as a std::string or another container of bytes that has data() and resize().
     * If there is no memory for it, the record stays in the ring.
     */
    template <class Bytes = std::string>
    Result<Bytes> recv(Timeout timeout) {
        return detail::whole<Bytes>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_receiver_recv(raw_, buffer, room, ns, len);
        });
    }
    /** Receives several records into a buffer, one after the other; gives how many, and their lengths in `lens`. */
    Result<std::size_t> recv_batch(void *buffer, std::size_t room, std::size_t *lens, std::size_t max,
                                   Timeout timeout) {
        return detail::filled<std::size_t>(
            [&](auto out) { return cyd_receiver_recv_batch(raw_, buffer, room, lens, max, timeout.ns(), out); });
    }
    /** Shows the next record, which stays in the ring until release(): not even a kill before that loses it. */
    Result<Record> peek(Timeout timeout) {
        return detail::filled<Record>(
            [&](auto out) { return cyd_receiver_peek(raw_, timeout.ns(), &out->data, &out->size); });
    }
    Status release() { return Status(cyd_receiver_release(raw_)); }
    Result<Peer> peer() {
        return detail::named<Peer>([&](auto out) { return cyd_receiver_peer(raw_, out); });
    }

};

/** A ring of records from one sender to one receiver: cyd_ring_t. */
class Ring : public detail::Handle<cyd_ring_t, cyd_ring_close> {
public:
    using Handle::Handle;

    static Result<Ring> create(const Yard &yard, const char *name, const RingOptions &options = {}) {
        return detail::opened<Ring>(
            [&](auto out) { return cyd_ring_create(yard.get_native(), name, &options, out); });
    }
    static Result<Ring> open(const Yard &yard, const char *name) {
        return detail::opened<Ring>([&](auto out) { return cyd_ring_open(yard.get_native(), name, out); });
    }
    static Result<Ring> open_or_create(const Yard &yard, const char *name, const RingOptions &options = {}) {
        return detail::opened<Ring>(
            [&](auto out) { return cyd_ring_open_or_create(yard.get_native(), name, &options, out); });
    }

    Result<std::size_t> capacity() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_ring_capacity(raw_, out); });
    }
    Result<std::size_t> max_len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_ring_max_len(raw_, out); });
    }
    Result<Peer> sender_state() const {
        return detail::named<Peer>([&](auto out) { return cyd_ring_sender_state(raw_, out); });
    }
    Result<Peer> receiver_state() const {
        return detail::named<Peer>([&](auto out) { return cyd_ring_receiver_state(raw_, out); });
    }
    /** Takes the sender's end for this process. */
    Result<Sender> sender(Strategy strategy = Strategy::adaptive) {
        const auto code = static_cast<cyd_strategy_t>(strategy);
        return detail::opened<Sender>([&](auto out) { return cyd_ring_sender(raw_, code, out); });
    }
    /** Takes the receiver's end for this process. */
    Result<Receiver> receiver(Strategy strategy = Strategy::adaptive) {
        const auto code = static_cast<cyd_strategy_t>(strategy);
        return detail::opened<Receiver>([&](auto out) { return cyd_ring_receiver(raw_, code, out); });
    }
};

/** Messages in order, from any number of producers to any number of consumers: cyd_queue_t. */
class Queue : public detail::Handle<cyd_queue_t, cyd_queue_close> {
    using Memory = detail::Memory<cyd_queue_t, cyd_queue_release>;

public:
    /** Which side of a queue that was made with `sides`. */
    enum class Side : cyd_queue_side_t {
        producers = CYD_QUEUE_PRODUCERS,
        consumers = CYD_QUEUE_CONSUMERS,
    };

    /** Stands for one cyd_queue_enter(): leaves the side when this ends. It ends before its Queue does. */
    class [[nodiscard]] Part {
    public:
        Part(Part &&other) noexcept : queue_(std::exchange(other.queue_, nullptr)), side_(other.side_) {}
        Part &operator=(Part &&other) noexcept {
            if (this != &other) {
                static_cast<void>(leave());
                queue_ = std::exchange(other.queue_, nullptr);
                side_ = other.side_;
            }
            return *this;
        }
        Part(const Part &) = delete;
        Part &operator=(const Part &) = delete;
        ~Part() { static_cast<void>(leave()); }

        /** Leaves now; this is empty afterwards. */
        Status leave() noexcept {
            cyd_queue_t *queue = std::exchange(queue_, nullptr);
            return Status(queue == nullptr ? CYD_E_NULL : cyd_queue_leave(queue, static_cast<cyd_queue_side_t>(side_)));
        }

    private:
        friend class Queue;
        Part(cyd_queue_t *queue, Side side) noexcept : queue_(queue), side_(side) {}

        cyd_queue_t *queue_;
        Side side_;
    };

    /** Memory for a message, filled and put without a copy: cyd_queue_loan(). */
    class [[nodiscard]] Loan : public detail::Loan<cyd_queue_t, cyd_queue_release> {
    public:
        /** Puts the message; this is empty then. If it could not be put, the loan is still this one's. */
        Status put(Timeout timeout) {
            const Status status(cyd_queue_put_loan(lender_, block(), timeout.ns()));
            if (status.ok()) {
                static_cast<void>(release());
            }
            return status;
        }

    private:
        friend class Queue;
        using detail::Loan<cyd_queue_t, cyd_queue_release>::Loan;
    };

    /** A message that was got and, if it is long, not copied: cyd_queue_get_borrow(). */
    class [[nodiscard]] Message : public Memory {
    public:
        /** The first byte, in shared memory if block() is not 0: a peer that keeps no rules may change it at any time. */
        const void *data() const noexcept { return message_.block == 0 ? message_.bytes : message_.data; }
        std::size_t size() const noexcept { return message_.len; }
        /** The bytes, copied. */
        std::string str() const { return std::string(static_cast<const char *>(data()), size()); }

    private:
        friend class Queue;
        Message(cyd_queue_t *queue, const cyd_message_t &message) noexcept
            : Memory(message.block == 0 ? nullptr : queue, message.block), message_(message) {}

        cyd_message_t message_;
    };

    /**
     * A message that is owed, and lies where it was put if it is long: cyd_queue_get_borrow_ack(). If this ends before done(),
     * it is given back, and is the next that comes, flagged. It ends before its Queue does.
     */
    class [[nodiscard]] OwedMessage : private detail::Memory<cyd_queue_t, cyd_queue_put_back> {
    public:
        /** The first byte, as Message::data(); good until the message is acknowledged or given back. */
        const void *data() const noexcept { return message_.block == 0 ? message_.bytes : message_.data; }
        std::size_t size() const noexcept { return message_.len; }
        /** The bytes, copied. */
        std::string str() const { return std::string(static_cast<const char *>(data()), size()); }
        /** Names this delivery, 0 if this is empty. */
        std::uint64_t ticket() const noexcept { return block(); }

        /** Acknowledges the message; this is empty afterwards. */
        Status done() noexcept {
            cyd_queue_t *queue = lender_;
            return Status(queue == nullptr ? CYD_E_NULL : cyd_queue_done(queue, release()));
        }
        /** Gives it back now; this is empty afterwards. */
        Status put_back() noexcept { return give_back(); }
        /**
         * The ticket, without the guard: the process goes on to owe the message, which no other thread's task_done() means
         * while the thread lives that got it. 0 if this is empty.
         */
        using Memory::release;

    private:
        friend class Queue;
        OwedMessage(cyd_queue_t *queue, const cyd_message_t &message, std::uint64_t ticket) noexcept
            : Memory(queue, ticket), message_(message) {}

        cyd_message_t message_;
    };

    using Handle::Handle;

    static Result<Queue> create(const Yard &yard, const char *name, const QueueOptions &options = {}) {
        return detail::opened<Queue>(
            [&](auto out) { return cyd_queue_create(yard.get_native(), name, &options, out); });
    }
    static Result<Queue> open(const Yard &yard, const char *name) {
        return detail::opened<Queue>([&](auto out) { return cyd_queue_open(yard.get_native(), name, out); });
    }
    static Result<Queue> open_or_create(const Yard &yard, const char *name, const QueueOptions &options = {}) {
        return detail::opened<Queue>(
            [&](auto out) { return cyd_queue_open_or_create(yard.get_native(), name, &options, out); });
    }

    Status put(const void *data, std::size_t len, Timeout timeout) {
        return Status(cyd_queue_put(raw_, data, len, timeout.ns()));
    }
    Status put(std::string_view message, Timeout timeout) { return put(message.data(), message.size(), timeout); }
    /** Puts messages in order while there is room, and gives how many were put. */
    Result<std::size_t> put_many(const cyd_slice_t *messages, std::size_t count, Timeout timeout) {
        return detail::filled<std::size_t>(
            [&](auto out) { return cyd_queue_put_many(raw_, messages, count, timeout.ns(), out); });
    }
    /** Gets into a buffer; `len` becomes the message's length, with #CYD_E_TOO_LONG too. */
    Status get(void *buffer, std::size_t room, std::size_t &len, Timeout timeout) {
        return Status(cyd_queue_get(raw_, buffer, room, timeout.ns(), &len));
    }
    /**
     * Gets a message of any length, as a std::string or another container of bytes that has data() and resize().
     * If there is no memory for it, the message stays in the queue.
     */
    template <class Bytes = std::string>
    Result<Bytes> get(Timeout timeout) {
        return detail::whole<Bytes>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_queue_get(raw_, buffer, room, ns, len);
        });
    }
    /** Gets messages into a buffer, one after the other, and gives how many came. */
    Result<std::size_t> get_many(void *buffer, std::size_t room, std::size_t *lens, std::size_t max, Timeout timeout) {
        return detail::filled<std::size_t>([&](auto out) {
            return cyd_queue_get_many(raw_, buffer, room, lens, max, timeout.ns(), out);
        });
    }

    /** Says that this process produces, or consumes, until the part ends. */
    Result<Part> enter(Side side) {
        const Status status(cyd_queue_enter(raw_, static_cast<cyd_queue_side_t>(side)));
        return status.ok() ? Result<Part>(status, Part(raw_, side)) : Result<Part>(status);
    }
    /** How a side stands. */
    Result<Peer> side_state(Side side) const {
        return detail::named<Peer>(
            [&](auto out) { return cyd_queue_side_state(raw_, static_cast<cyd_queue_side_t>(side), out); });
    }

    /** Memory for a message, to be filled and put. */
    Result<Loan> loan(std::size_t len, Timeout timeout) {
        cyd_loan_t out;
        const Status status(cyd_queue_loan(raw_, len, timeout.ns(), &out));
        return status.ok() ? Result<Loan>(status, Loan(raw_, out)) : Result<Loan>(status);
    }
    /** Puts the message that lies in a block of this process for which no guard stands. */
    Status put_loan(std::uint64_t block, Timeout timeout) {
        return Status(cyd_queue_put_loan(raw_, block, timeout.ns()));
    }
    /** Gets a message without copying it, unless it is short. */
    Result<Message> get_borrow(Timeout timeout) {
        cyd_message_t out;
        const Status status(cyd_queue_get_borrow(raw_, timeout.ns(), &out));
        return status.ok() ? Result<Message>(status, Message(raw_, out)) : Result<Message>(status);
    }
    /** Gives memory back for which no guard stands. */
    Status release(std::uint64_t block) { return Status(cyd_queue_release(raw_, block)); }

    /**
     * Gets into a buffer, and owes the message until done(): at least once. `len` becomes its length, with
     * #CYD_E_TOO_LONG too, and `ticket` names this delivery.
     */
    Status get_ack(void *buffer, std::size_t room, std::size_t &len, std::uint64_t &ticket, Timeout timeout) {
        return Status(cyd_queue_get_ack(raw_, buffer, room, timeout.ns(), &len, &ticket));
    }
    /** As get() for a container, and owes the message until done(). */
    template <class Bytes = std::string>
    Result<Bytes> get_ack(std::uint64_t &ticket, Timeout timeout) {
        return detail::whole<Bytes>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_queue_get_ack(raw_, buffer, room, ns, len, &ticket);
        });
    }
    /** Gets a message without copying it, unless it is short, and owes it until it is done. */
    Result<OwedMessage> get_borrow_ack(Timeout timeout) {
        cyd_message_t out;
        std::uint64_t ticket;
        const Status status(cyd_queue_get_borrow_ack(raw_, timeout.ns(), &out, &ticket));
        return status.ok() ? Result<OwedMessage>(status, OwedMessage(raw_, out, ticket)) : Result<OwedMessage>(status);
    }
    /** Acknowledges a delivery. */
    Status done(std::uint64_t ticket) { return Status(cyd_queue_done(raw_, ticket)); }
    /** Gives a delivery back: it is the next that comes, flagged. */
    Status put_back(std::uint64_t ticket) { return Status(cyd_queue_put_back(raw_, ticket)); }
    /** Acknowledges the oldest delivery of the thread, or else of the process. */
    Status task_done() { return Status(cyd_queue_task_done(raw_)); }
    /** Waits until everything is acknowledged that was put before. */
    Status join(Timeout timeout) { return Status(cyd_queue_join(raw_, timeout.ns())); }
    Result<std::size_t> unfinished() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_queue_unfinished(raw_, out); });
    }

    /** To wait for room, among other things: see cyd_queue_writable(). */
    Result<Writable> writable() const {
        return detail::opened<Writable>([&](auto out) { return cyd_queue_writable(raw_, out); });
    }
    /** No more is put; what is there can be got, unless it ends `now`. */
    Status shutdown(bool now = false) { return Status(cyd_queue_shutdown(raw_, now)); }
    Result<bool> is_shutdown() const {
        return detail::filled<bool>([&](auto out) { return cyd_queue_is_shutdown(raw_, out); });
    }
    Result<std::size_t> len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_queue_len(raw_, out); });
    }
    Result<bool> is_empty() const {
        return detail::filled<bool>([&](auto out) { return cyd_queue_is_empty(raw_, out); });
    }
    /** Whether a put would find no room. */
    Result<bool> is_full() const {
        return detail::filled<bool>([&](auto out) { return cyd_queue_is_full(raw_, out); });
    }
    Result<std::size_t> bytes() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_queue_bytes(raw_, out); });
    }
    Result<std::size_t> capacity() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_queue_capacity(raw_, out); });
    }
    Result<std::size_t> max_len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_queue_max_len(raw_, out); });
    }

};

/** An end of a pipe, which any number of threads and processes may hold and use: cyd_connection_t. */
class Connection : public detail::Handle<cyd_connection_t, cyd_connection_close> {
public:
    using Handle::Handle;

    /** To wait for room, among other things: see cyd_connection_writable(). */
    Result<Writable> writable() const {
        return detail::opened<Writable>([&](auto out) { return cyd_connection_writable(raw_, out); });
    }
    Status send(const void *data, std::size_t len, Timeout timeout) {
        return Status(cyd_connection_send(raw_, data, len, timeout.ns()));
    }
    Status send(std::string_view message, Timeout timeout) { return send(message.data(), message.size(), timeout); }
    /** Receives into a buffer; `len` becomes the message's length, with #CYD_E_TOO_LONG too. */
    Status recv(void *buffer, std::size_t room, std::size_t &len, Timeout timeout) {
        return Status(cyd_connection_recv(raw_, buffer, room, timeout.ns(), &len));
    }
    /**
     * Receives a message of any length, as a std::string or another container of bytes that has data() and resize().
     * If there is no memory for it, the message stays in the pipe.
     */
    template <class Bytes = std::string>
    Result<Bytes> recv(Timeout timeout) {
        return detail::whole<Bytes>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_connection_recv(raw_, buffer, room, ns, len);
        });
    }
    /** Waits for a message, which stays, and gives its length; #CYD_E_EMPTY if none comes. */
    Result<std::size_t> poll(Timeout timeout) {
        return detail::filled<std::size_t>([&](auto out) { return cyd_connection_poll(raw_, timeout.ns(), out); });
    }
    Result<Peer> peer() const {
        return detail::named<Peer>([&](auto out) { return cyd_connection_peer(raw_, out); });
    }
    Result<PipeEnd> end() const {
        return detail::named<PipeEnd>([&](auto out) { return cyd_connection_end(raw_, out); });
    }

};

/** Messages between two ends, each of which several processes and threads may hold: cyd_pipe_t. */
class Pipe : public detail::Handle<cyd_pipe_t, cyd_pipe_close> {
public:
    using Handle::Handle;

    static Result<Pipe> create(const Yard &yard, const char *name, const PipeOptions &options = {}) {
        return detail::opened<Pipe>(
            [&](auto out) { return cyd_pipe_create(yard.get_native(), name, &options, out); });
    }
    static Result<Pipe> open(const Yard &yard, const char *name) {
        return detail::opened<Pipe>([&](auto out) { return cyd_pipe_open(yard.get_native(), name, out); });
    }
    static Result<Pipe> open_or_create(const Yard &yard, const char *name, const PipeOptions &options = {}) {
        return detail::opened<Pipe>(
            [&](auto out) { return cyd_pipe_open_or_create(yard.get_native(), name, &options, out); });
    }

    /** Takes an end for this process; each handle counts. */
    Result<Connection> end(PipeEnd which) {
        const auto code = static_cast<cyd_pipe_end_t>(which);
        return detail::opened<Connection>([&](auto out) { return cyd_pipe_end(raw_, code, out); });
    }
    Result<Peer> state(PipeEnd which) const {
        const auto code = static_cast<cyd_pipe_end_t>(which);
        return detail::named<Peer>([&](auto out) { return cyd_pipe_state(raw_, code, out); });
    }
    Result<std::size_t> capacity() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_pipe_capacity(raw_, out); });
    }
    Result<std::size_t> max_len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_pipe_max_len(raw_, out); });
    }
    Result<bool> is_duplex() const {
        return detail::filled<bool>([&](auto out) { return cyd_pipe_is_duplex(raw_, out); });
    }
};

/** Messages, last in, first out: cyd_lifo_queue_t. */
class LifoQueue : public detail::Handle<cyd_lifo_queue_t, cyd_lifo_queue_close> {
public:
    using Handle::Handle;

    static Result<LifoQueue> create(const Yard &yard, const char *name, const LifoOptions &options = {}) {
        return detail::opened<LifoQueue>(
            [&](auto out) { return cyd_lifo_queue_create(yard.get_native(), name, &options, out); });
    }
    static Result<LifoQueue> open(const Yard &yard, const char *name) {
        return detail::opened<LifoQueue>([&](auto out) { return cyd_lifo_queue_open(yard.get_native(), name, out); });
    }
    static Result<LifoQueue> open_or_create(const Yard &yard, const char *name, const LifoOptions &options = {}) {
        return detail::opened<LifoQueue>(
            [&](auto out) { return cyd_lifo_queue_open_or_create(yard.get_native(), name, &options, out); });
    }

    Status put(const void *data, std::size_t len, Timeout timeout) {
        return Status(cyd_lifo_queue_put(raw_, data, len, timeout.ns()));
    }
    Status put(std::string_view message, Timeout timeout) {
        return put(message.data(), message.size(), timeout);
    }
    /** Gets into a buffer; `len` becomes the message's length, with #CYD_E_TOO_LONG too. */
    Status get(void *buffer, std::size_t room, std::size_t &len, Timeout timeout) {
        return Status(cyd_lifo_queue_get(raw_, buffer, room, timeout.ns(), &len));
    }
    /** Gets a message of any length. If there is no memory for it, the message stays. */
    template <class Bytes = std::string>
    Result<Bytes> get(Timeout timeout) {
        return detail::whole<Bytes>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_lifo_queue_get(raw_, buffer, room, ns, len);
        });
    }

    /** To wait for room, among other things: see cyd_lifo_queue_writable(). */
    Result<Writable> writable() const {
        return detail::opened<Writable>([&](auto out) { return cyd_lifo_queue_writable(raw_, out); });
    }
    /** No more is put; what is there can be got, unless it ends `now`. */
    Status shutdown(bool now = false) { return Status(cyd_lifo_queue_shutdown(raw_, now)); }
    Result<bool> is_shutdown() const {
        return detail::filled<bool>([&](auto out) { return cyd_lifo_queue_is_shutdown(raw_, out); });
    }
    Result<std::size_t> len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_lifo_queue_len(raw_, out); });
    }
    Result<bool> is_empty() const {
        return detail::filled<bool>([&](auto out) { return cyd_lifo_queue_is_empty(raw_, out); });
    }
    Result<bool> is_full() const {
        return detail::filled<bool>([&](auto out) { return cyd_lifo_queue_is_full(raw_, out); });
    }
    Result<std::size_t> capacity() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_lifo_queue_capacity(raw_, out); });
    }
    Result<std::size_t> max_len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_lifo_queue_max_len(raw_, out); });
    }

};

/** Messages, smallest priority first, and of equals the one that was put first: cyd_priority_queue_t. */
class PriorityQueue : public detail::Handle<cyd_priority_queue_t, cyd_priority_queue_close> {
public:
    using Handle::Handle;

    static Result<PriorityQueue> create(const Yard &yard, const char *name, const PriorityOptions &options = {}) {
        return detail::opened<PriorityQueue>(
            [&](auto out) { return cyd_priority_queue_create(yard.get_native(), name, &options, out); });
    }
    static Result<PriorityQueue> open(const Yard &yard, const char *name) {
        return detail::opened<PriorityQueue>([&](auto out) { return cyd_priority_queue_open(yard.get_native(), name, out); });
    }
    static Result<PriorityQueue> open_or_create(const Yard &yard, const char *name, const PriorityOptions &options = {}) {
        return detail::opened<PriorityQueue>(
            [&](auto out) { return cyd_priority_queue_open_or_create(yard.get_native(), name, &options, out); });
    }

    Status put(const void *data, std::size_t len, std::int64_t priority, Timeout timeout) {
        return Status(cyd_priority_queue_put(raw_, data, len, priority, timeout.ns()));
    }
    Status put(std::string_view message, std::int64_t priority, Timeout timeout) {
        return put(message.data(), message.size(), priority, timeout);
    }
    /** Gets into a buffer; `len` becomes the message's length, with #CYD_E_TOO_LONG too. */
    Status get(void *buffer, std::size_t room, std::size_t &len, std::int64_t &priority, Timeout timeout) {
        return Status(cyd_priority_queue_get(raw_, buffer, room, timeout.ns(), &len, &priority));
    }
    /** Gets a message of any length, with its priority. If there is no memory for it, the message stays. */
    template <class Bytes = std::string>
    Result<std::pair<Bytes, std::int64_t>> get(Timeout timeout) {
        using Got = std::pair<Bytes, std::int64_t>;
        std::int64_t priority = 0;
        auto bytes = detail::whole<Bytes>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_priority_queue_get(raw_, buffer, room, ns, len, &priority);
        });
        return bytes.ok() ? Result<Got>(bytes.status(), Got(std::move(*bytes), priority)) : Result<Got>(bytes.status());
    }

    /** To wait for room, among other things: see cyd_priority_queue_writable(). */
    Result<Writable> writable() const {
        return detail::opened<Writable>([&](auto out) { return cyd_priority_queue_writable(raw_, out); });
    }
    /** No more is put; what is there can be got, unless it ends `now`. */
    Status shutdown(bool now = false) { return Status(cyd_priority_queue_shutdown(raw_, now)); }
    Result<bool> is_shutdown() const {
        return detail::filled<bool>([&](auto out) { return cyd_priority_queue_is_shutdown(raw_, out); });
    }
    Result<std::size_t> len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_priority_queue_len(raw_, out); });
    }
    Result<bool> is_empty() const {
        return detail::filled<bool>([&](auto out) { return cyd_priority_queue_is_empty(raw_, out); });
    }
    Result<bool> is_full() const {
        return detail::filled<bool>([&](auto out) { return cyd_priority_queue_is_full(raw_, out); });
    }
    Result<std::size_t> capacity() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_priority_queue_capacity(raw_, out); });
    }
    Result<std::size_t> max_len() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_priority_queue_max_len(raw_, out); });
    }

};

/** What this machine allows. */
inline Result<Probe> probe() {
    return detail::filled<Probe>([](auto out) { return cyd_probe(out); });
}

namespace detail {

/** Gives `done` to a call that has it called once; if that fails, `done` is not called. */
template <class Done, class Call>
Status call_back(Done done, Call call) {
    const auto called = [](const cyd_fate_t *fate, void *it) noexcept {
        const std::unique_ptr<Done> kept(static_cast<Done *>(it));
        (*kept)(*fate, std::string_view(static_cast<const char *>(fate->data), fate->len));
    };
    auto kept = std::make_unique<Done>(std::move(done));
    const Status status(call(called, kept.get()));
    if (status.ok()) {
        static_cast<void>(kept.release()); // the callback's from here on
    }
    return status;
}

} // namespace detail

/** What becomes of a task: cyd_future_t. */
class Future : public detail::Handle<cyd_future_t, cyd_future_close> {
public:
    using Handle::Handle;

    Result<FutureInfo> info() const {
        return detail::filled<FutureInfo>([&](auto out) { return cyd_future_info(raw_, out); });
    }
    Status wait(Timeout timeout) { return Status(cyd_future_wait(raw_, timeout.ns())); }
    Result<Fate> fate(Timeout timeout) {
        return detail::filled<Fate>([&](auto out) { return cyd_future_fate(raw_, timeout.ns(), out); });
    }
    /** Its result, into a buffer; `len` becomes its length, with #CYD_E_TOO_LONG too. */
    Status result(void *buffer, std::size_t room, Timeout timeout, std::size_t &len) {
        return Status(cyd_future_result(raw_, buffer, room, timeout.ns(), &len));
    }
    /** Its result. */
    Result<std::string> result(Timeout timeout) {
        return detail::whole<std::string>(timeout, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t ns) {
            return cyd_future_result(raw_, buffer, room, ns, len);
        });
    }
    /** Why it failed. */
    Result<std::string> error() const {
        std::size_t len = 0;
        Status status(cyd_future_error(raw_, nullptr, 0, &len));
        std::string text(len, '\0');
        if (status.ok()) {
            status = Status(cyd_future_error(raw_, text.data(), len + 1, nullptr));
        }
        return status.ok() ? Result<std::string>(status, std::move(text)) : Result<std::string>(status);
    }
    Result<bool> cancel() {
        return detail::filled<bool>([&](auto out) { return cyd_future_cancel(raw_, out); });
    }
    Result<bool> stop() {
        return detail::filled<bool>([&](auto out) { return cyd_future_stop(raw_, out); });
    }
    Result<bool> kill() {
        return detail::filled<bool>([&](auto out) { return cyd_future_kill(raw_, out); });
    }
    /**
     * Has `done(fate, bytes)` called, once, when the task has ended, in the thread that calls all callbacks: it may take a
     * `const cyd_fate_t &` and a std::string_view, which are gone when it returns. An exception that leaves it aborts.
     */
    template <class Done>
    Status add_done_callback(Done done) {
        return detail::call_back(std::move(done), [&](auto called, void *it) {
            return cyd_future_add_done_callback(raw_, called, it);
        });
    }
};

/** Gives a result that no worker works at: cyd_promise_t. Destroyed without one it is broken. */
class Promise : public detail::Handle<cyd_promise_t, cyd_promise_close> {
public:
    using Handle::Handle;

    Status set(std::string_view result) { return Status(cyd_promise_set(raw_, result.data(), result.size())); }
    Status fail(const char *text) { return Status(cyd_promise_fail(raw_, text)); }
    Result<bool> is_cancelled() {
        return detail::filled<bool>([&](auto out) { return cyd_promise_is_cancelled(raw_, out); });
    }
};

/** The results of many inputs: cyd_map_t. */
class Map : public detail::Handle<cyd_map_t, cyd_map_close> {
public:
    using Handle::Handle;

    /** The next result, into a buffer; `len` becomes its length, with #CYD_E_TOO_LONG too. */
    Status next(void *buffer, std::size_t room, std::size_t &len, std::size_t *index = nullptr) {
        return Status(cyd_map_next(raw_, buffer, room, &len, index));
    }
    /** The next result; #CYD_E_END when there is none. A range-for takes them too. */
    Result<std::string> next(std::size_t *index = nullptr) {
        return detail::whole<std::string>(forever, [&](void *buffer, std::size_t room, std::size_t *len, std::int64_t) {
            return cyd_map_next(raw_, buffer, room, len, index);
        });
    }

    /** One result after the other, each of which may be an error of its input. One that is of no input is the last. */
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Result<std::string>;
        using difference_type = std::ptrdiff_t;
        using pointer = value_type *;
        using reference = value_type &;

        /** The end. */
        Iterator() = default;
        explicit Iterator(Map &map) : map_(&map) { ++*this; }

        reference operator*() { return *result_; }
        pointer operator->() { return &*result_; }
        Iterator &operator++() {
            constexpr std::size_t none = static_cast<std::size_t>(-1);
            const bool goes_on = index_ != none || !result_;
            index_ = none;
            if (goes_on) {
                result_.emplace(map_->next(&index_));
            }
            if (!goes_on || result_->code() == CYD_E_END) {
                map_ = nullptr;
                result_.reset();
            }
            return *this;
        }
        void operator++(int) { ++*this; }
        /** Which input it is of. */
        std::size_t index() const noexcept { return index_; }
        bool operator==(const Iterator &other) const noexcept { return map_ == other.map_; }
        bool operator!=(const Iterator &other) const noexcept { return map_ != other.map_; }

    private:
        Map *map_ = nullptr;
        std::size_t index_ = 0;
        std::optional<value_type> result_;
    };

    /** Waits for the first result that is not taken yet. */
    Iterator begin() { return Iterator(*this); }
    Iterator end() { return Iterator(); }
};

class Task;

/** Workers that do tasks: cyd_pool_t. The maker's last one waits in its destructor for the workers, as cyd_pool_close() does. */
class Pool : public detail::Handle<cyd_pool_t, cyd_pool_close> {
public:
    /** Memory for a task's input, filled and submitted without a copy: cyd_pool_alloc(). */
    using Loan = detail::Loan<cyd_pool_t, cyd_pool_free>;

    using Handle::Handle;

    static Result<Pool> create(const Yard &yard, const char *name, const PoolOptions &options = {}) {
        return detail::opened<Pool>([&](auto out) { return cyd_pool_create(yard.get_native(), name, &options, out); });
    }
    static Result<Pool> open(const Yard &yard, const char *name) {
        return detail::opened<Pool>([&](auto out) { return cyd_pool_open(yard.get_native(), name, out); });
    }

    Result<Future> submit(const char *entry, std::string_view input = {}, const TaskOptions &options = {},
                          Timeout timeout = forever) {
        return detail::opened<Future>([&](auto out) {
            return cyd_pool_submit(raw_, entry, input.data(), input.size(), &options, timeout.ns(), out);
        });
    }
    /** Memory for an input, to be filled and submitted. */
    Result<Loan> alloc(std::size_t len, Timeout timeout) {
        cyd_loan_t out;
        const Status status(cyd_pool_alloc(raw_, len, timeout.ns(), &out));
        return status.ok() ? Result<Loan>(status, Loan(raw_, out)) : Result<Loan>(status);
    }
    /** Submits what lies in a loan, which is empty then. If it could not be submitted, the loan is the caller's still. */
    Result<Future> submit_block(const char *entry, Loan &loan, const TaskOptions &options = {},
                                Timeout timeout = forever) {
        auto future = submit_block(entry, loan.block(), options, timeout);
        if (future.ok()) {
            static_cast<void>(loan.release());
        }
        return future;
    }
    /** Submits what lies in a block of this process for which no guard stands. */
    Result<Future> submit_block(const char *entry, std::uint64_t block, const TaskOptions &options = {},
                                Timeout timeout = forever) {
        return detail::opened<Future>([&](auto out) {
            return cyd_pool_submit_block(raw_, entry, block, &options, timeout.ns(), out);
        });
    }
    /** Gives a loan back for which no guard stands. */
    Status free(std::uint64_t block) { return Status(cyd_pool_free(raw_, block)); }
    /** Has a task done; into a buffer; `len` becomes the result's length. */
    Status apply(const char *entry, std::string_view input, void *buffer, std::size_t room, std::size_t &len,
                 const TaskOptions &options = {}) {
        return Status(
            cyd_pool_apply(raw_, entry, input.data(), input.size(), &options, buffer, room, &len));
    }
    /** Has a task done; its result. */
    Result<std::string> apply(const char *entry, std::string_view input = {}, const TaskOptions &options = {}) {
        auto future = submit(entry, input, options);
        return future.ok() ? future->result(forever) : Result<std::string>(future.status());
    }
    /** Has `done` called with what became of the task: Future::add_done_callback(). */
    template <class Done>
    Status apply_async(const char *entry, std::string_view input, Done done, const TaskOptions &options = {}) {
        return detail::call_back(std::move(done), [&](auto called, void *it) {
            return cyd_pool_apply_async(raw_, entry, input.data(), input.size(), &options, called, it);
        });
    }
    Result<Map> map(const char *entry, const Slice *inputs, std::size_t count, const MapOptions &options = {}) {
        return detail::opened<Map>(
            [&](auto out) { return cyd_pool_map(raw_, entry, inputs, count, &options, out); });
    }
    /**
     * `next` sets its argument and returns true, or returns false; it stays where it is until the map ends. An exception that
     * leaves it aborts.
     */
    template <class Next>
    Result<Map> imap(const char *entry, Next &next, const MapOptions &options = {}) {
        const auto call = [](cyd_slice_t *input, void *it) noexcept -> int {
            return (*detail::pointed<Next>(it))(*input) ? 1 : 0;
        };
        return detail::opened<Map>(
            [&](auto out) { return cyd_pool_imap(raw_, entry, call, detail::pointer(next), &options, out); });
    }
    /** A future, and who gives its result. */
    Result<std::pair<Promise, Future>> promise(Timeout timeout = forever) {
        cyd_promise_t *ours = nullptr;
        cyd_future_t *theirs = nullptr;
        const Status status(cyd_pool_promise(raw_, timeout.ns(), &ours, &theirs));
        using Both = std::pair<Promise, Future>;
        return status.ok() ? Result<Both>(status, Both(ours, theirs)) : Result<Both>(status);
    }
    Result<Future> future(std::uint64_t id) {
        return detail::opened<Future>([&](auto out) { return cyd_pool_future(raw_, id, out); });
    }
    Result<std::size_t> size() const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_pool_size(raw_, out); });
    }
    Status resize(std::size_t workers) { return Status(cyd_pool_resize(raw_, workers)); }
    Result<Progress> progress() const {
        return detail::filled<Progress>([&](auto out) { return cyd_pool_progress(raw_, out); });
    }
    /** The process numbers of those who work: the first `room`, and how many there are. */
    Result<std::size_t> workers(std::uint32_t *pids, std::size_t room) const {
        return detail::filled<std::size_t>([&](auto out) { return cyd_pool_workers(raw_, pids, room, out); });
    }
    Result<Yard> yard() const {
        return detail::opened<Yard>([&](auto out) { return cyd_pool_yard(raw_, out); });
    }
    /** Works until it is shut down, or has done so many tasks, if that is not 0. */
    Status work(std::uint32_t tasks = 0) { return Status(cyd_pool_work(raw_, tasks)); }
    /** No more is submitted; what is there is done, unless it ends `now`. */
    Status shutdown(bool now = false) { return Status(cyd_pool_shutdown(raw_, now)); }
    Result<bool> is_shutdown() const {
        return detail::filled<bool>([&](auto out) { return cyd_pool_is_shutdown(raw_, out); });
    }
    Status join(Timeout timeout) { return Status(cyd_pool_join(raw_, timeout.ns())); }
};

/** What a function that works at a task is told of it, for as long as it runs: cyd_task_t. */
class Task {
public:
    explicit Task(cyd_task_t *raw) noexcept : raw_(raw) {}
    Task(const Task &) = delete; // a copy's fail() would not be heard
    Task &operator=(const Task &) = delete;

    /** Fails the task, for this reason, when its function returns; what that gives is no result then. The last reason counts. */
    Status fail(const char *text) {
        has_failed_ = true;
        return Status(cyd_task_fail(raw_, text));
    }
    /** Whether fail() was called. */
    bool has_failed() const noexcept { return has_failed_; }
    Result<TaskInfo> info() const {
        return detail::filled<TaskInfo>([&](auto out) { return cyd_task_info(raw_, out); });
    }
    Result<bool> is_cancelled() const {
        return detail::filled<bool>([&](auto out) { return cyd_task_is_cancelled(raw_, out); });
    }
    Result<Pool> pool() const {
        return detail::opened<Pool>([&](auto out) { return cyd_task_pool(raw_, out); });
    }
    Result<Yard> yard() const {
        return detail::opened<Yard>([&](auto out) { return cyd_task_yard(raw_, out); });
    }
    cyd_task_t *get_native() const noexcept { return raw_; }

private:
    cyd_task_t *raw_;
    bool has_failed_ = false;
};

/** A task's input where it lies, for as long as the function runs: register_block_task(). */
class Input {
public:
    Input(const void *data, std::size_t size) noexcept : data_(data), size_(size) {}

    /** The first byte; if it is long, in shared memory: a peer that keeps no rules may change it at any time. */
    const void *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }
    /** The bytes, copied. */
    std::string str() const { return std::string(static_cast<const char *>(data_), size_); }

private:
    const void *data_;
    std::size_t size_;
};

namespace detail {

/** Has C call `work(task, input)`, with the input as a View, for tasks of this name. */
template <class View, class Register, class Work>
Status register_work(Register enter, const char *name, Work work) {
    const auto call = [](cyd_task_t *raw, const void *input, std::size_t len, void *it) noexcept -> int {
        const auto perform = [&] {
            Task task(raw);
            const auto &result = (*static_cast<Work *>(it))(task, View(static_cast<const char *>(input), len));
            const std::string_view bytes(result);
            if (task.has_failed()) {
                return 1;
            }
            return CYD_FAILED(cyd_task_return(raw, bytes.data(), bytes.size())) ? 1 : 0;
        };
#if COURTYARD_EXCEPTIONS
        try {
            return perform();
        } catch (const std::exception &error) {
            return CYD_FAILED(cyd_task_fail(raw, error.what())) ? 2 : 1;
        } catch (...) {
            return CYD_FAILED(cyd_task_fail(raw, "something was thrown that is no std::exception")) ? 2 : 1;
        }
#else
        return perform();
#endif
    };
    auto kept = std::make_unique<Work>(std::move(work));
    const Status status(enter(name, call, kept.get()));
    if (status.ok()) {
        static_cast<void>(kept.release());
    }
    return status;
}

} // namespace detail

/**
 * A function that workers call: `work(task, input)` gives the result as something that a std::string_view is made of. What it
 * throws is the task's error; Task::fail() gives one without exceptions. It is kept for as long as the process runs.
 */
template <class Work>
Status register_task(const char *name, Work work) {
    return detail::register_work<std::string_view>(cyd_task_register, name, std::move(work));
}

/** As register_task(), with the input, an Input, where it lies: a long one is not copied. */
template <class Work>
Status register_block_task(const char *name, Work work) {
    return detail::register_work<Input>(cyd_task_register_block, name, std::move(work));
}

/** An object that can be waited for among others; it stays the caller's. */
class Waitable {
public:
    Waitable(const Event &event) noexcept : raw_(event.get_native()) {}
    Waitable(const Semaphore &semaphore) noexcept : raw_(semaphore.get_native()) {}
    Waitable(const Permits &permits) noexcept : raw_(permits.get_native()) {}
    Waitable(const Receiver &receiver) noexcept : raw_(receiver.get_native()) {}
    Waitable(const Sender &sender) noexcept : raw_(sender.get_native()) {}
    Waitable(const Queue &queue) noexcept : raw_(queue.get_native()) {}
    Waitable(const LifoQueue &queue) noexcept : raw_(queue.get_native()) {}
    Waitable(const PriorityQueue &queue) noexcept : raw_(queue.get_native()) {}
    Waitable(const Connection &connection) noexcept : raw_(connection.get_native()) {}
    Waitable(const Member &member) noexcept : raw_(member.get_native()) {}
    Waitable(const Future &future) noexcept : raw_(future.get_native()) {}
    Waitable(const Process &process) noexcept : raw_(process.get_native()) {}
    Waitable(const Writable &writable) noexcept : raw_(writable.get_native()) {}

    /** The handles of a list, as courtyard.h takes them. */
    static void *const *natives(const Waitable *list) noexcept {
        static_assert(sizeof(Waitable) == sizeof(void *), "a list of these is a list of handles");
        return list == nullptr ? nullptr : &list->raw_;
    }

private:
    void *raw_;
};

/** A descriptor that becomes readable when an object is ready, for event loops: cyd_notifier_t says how it is used. */
class Notifier : public detail::Handle<cyd_notifier_t, cyd_notifier_close> {
public:
    using Handle::Handle;

    static Result<Notifier> create(Waitable object) {
        return detail::opened<Notifier>([&](auto out) { return cyd_notifier_create(*Waitable::natives(&object), out); });
    }

    /** The descriptor; it stays the notifier's. */
    Result<int> fd() const {
        return detail::filled<int>([&](auto out) { return cyd_notifier_fd(raw_, out); });
    }
    /** Makes it not readable, and readable again as soon as the object is ready. Then try until there is nothing left. */
    Status clear() { return Status(cyd_notifier_clear(raw_)); }
};

/** Waits until one of the objects is ready; tells which: cyd_wait_any(). Nothing is taken. */
inline Result<std::size_t> wait_any(const Waitable *list, std::size_t count, Timeout timeout) {
    return detail::filled<std::size_t>(
        [&](auto out) { return cyd_wait_any(Waitable::natives(list), count, timeout.ns(), out); });
}
inline Result<std::size_t> wait_any(std::initializer_list<Waitable> list, Timeout timeout) {
    return wait_any(list.begin(), list.size(), timeout);
}
/** As wait_any(), and tells of each whether it is ready. */
inline Status wait_some(const Waitable *list, std::size_t count, Timeout timeout, bool *ready) {
    return Status(cyd_wait_some(Waitable::natives(list), count, timeout.ns(), ready));
}
/** Waits until all of the objects were ready in one look. */
inline Status wait_all(const Waitable *list, std::size_t count, Timeout timeout) {
    return Status(cyd_wait_all(Waitable::natives(list), count, timeout.ns()));
}
inline Status wait_all(std::initializer_list<Waitable> list, Timeout timeout) {
    return wait_all(list.begin(), list.size(), timeout);
}

/**
 * Waits until one of several tasks has ended, or one with an error, or all: cyd_wait_futures(). `done` has room for `count`,
 * and tells of each whether it has ended; with #CYD_E_TIMEOUT too.
 */
inline Status wait_futures(const Future *list, std::size_t count, ReturnWhen until, Timeout timeout, bool *done,
                           std::size_t *done_count = nullptr) {
    std::vector<cyd_future_t *> handles;
    for (std::size_t i = 0; list != nullptr && i < count; i++) {
        handles.push_back(list[i].get_native());
    }
    return Status(cyd_wait_futures(list == nullptr ? nullptr : handles.data(), count,
                                   static_cast<cyd_return_when_t>(until), timeout.ns(), done, done_count));
}

/** Tells of one task after the other that it has ended. The futures stay the caller's, where they are. */
class AsCompleted {
public:
    /** Waits at most `timeout` for all of them together. */
    AsCompleted(const Future *list, std::size_t count, Timeout timeout) : deadline_(Deadline::after(timeout)) {
        for (std::size_t i = 0; list != nullptr && i < count; i++) {
            left_.push_back(list[i].get_native());
            places_.push_back(i);
        }
        if (list == nullptr && count != 0) {
            left_.push_back(nullptr); // which next() says
        }
    }

    /**
     * The place of the next one that has ended, in the list; of those that have when it looks, the first. #CYD_E_END when there
     * is none left; #CYD_E_TIMEOUT when the time is up; #CYD_E_NULL if there is no list, or one of them is empty.
     */
    Result<std::size_t> next() {
        if (ready_.empty()) {
            const Status status = left_.empty() ? Status(CYD_E_END) : look();
            if (!status.ok()) {
                return Result<std::size_t>(status);
            }
        }
        const std::size_t place = ready_.back();
        ready_.pop_back();
        return Result<std::size_t>(Status(CYD_OK), place);
    }

private:
    Status look() {
        const std::size_t count = left_.size();
        const auto done = std::make_unique<bool[]>(count);
        const Status status(cyd_wait_futures(left_.data(), count, CYD_RETURN_FIRST_COMPLETED, deadline_.left().ns(),
                                             done.get(), nullptr));
        // Last first, so that the others keep their places, and the first is taken first.
        for (std::size_t i = count; status.ok() && i-- > 0;) {
            if (done[i]) {
                ready_.push_back(places_[i]);
                left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(i));
                places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(i));
            }
        }
        return status;
    }

    std::vector<cyd_future_t *> left_;
    std::vector<std::size_t> places_;
    std::vector<std::size_t> ready_;
    Deadline deadline_;
};

/** The places of some futures, each when its task has ended. */
inline AsCompleted as_completed(const Future *list, std::size_t count, Timeout timeout) {
    return AsCompleted(list, count, timeout);
}

/** Whether the library that runs has the ABI of the header that this was compiled with. */
inline bool is_compatible() noexcept {
    return CYD_VERSION_MAJOR == 0 ? cyd_version() >> 8 == CYD_VERSION >> 8 : cyd_version() >> 16 == CYD_VERSION >> 16;
}

} // namespace throwing or aborting

} // namespace courtyard

#endif /* COURTYARD_HPP */
