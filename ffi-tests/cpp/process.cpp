/* Processes in C++: work that is a lambda with what it holds, and what is told of its end. */
#include "courtyard.hpp"

#include "check.hpp"
#include <csignal>
#include <cstring>
#include <string>
#include <unistd.h>

namespace cyd = courtyard;
using namespace std::chrono_literals;

static int first_byte(const void *bytes, std::size_t len) noexcept {
    return len > 0 ? *static_cast<const unsigned char *>(bytes) : 0;
}

static int seven() { return 7; }
static void nothing() {}

static void ends_with(cyd::Process &child, std::uint32_t kind, int value) {
    const cyd::Exit exit = child.join(20s).value();
    CHECK(exit.kind == kind && exit.value == value);
}

// What is said goes to whoever listens, or to standard error.
static void logged() {
    IS(cyd::log(CYD_LOG_OFF, "no level"), CYD_E_INVALID);
    IS(cyd::log_to_listener(CYD_LOG_INFO, nullptr), CYD_E_NULL);
    IS(cyd::log_to_stderr(6), CYD_E_INVALID);
    std::string said;
    cyd::log_to_listener(CYD_LOG_WARN, [](cyd_log_level_t level, const char *process, const char *message, void *to) noexcept {
        *static_cast<std::string *>(to) += std::to_string(level) + '/' + process + ": " + message + '\n';
    }, &said).value();
    cyd::log(CYD_LOG_WARN, "look").value();
    cyd::log(CYD_LOG_INFO, "not to be heard").value();
    CHECK(said == std::to_string(CYD_LOG_WARN) + "/MainProcess: look\n");

    int line[2];
    CHECK(pipe(line) == 0);
    auto child = cyd::Process::fork([&line] {
        CHECK(dup2(line[1], 2) == 2);
        cyd::log_to_stderr(CYD_LOG_WARN).value();
        cyd::log(CYD_LOG_INFO, "not to be seen").value();
        cyd::log(CYD_LOG_ERROR, "to be seen").value();
        return 3;
    }).value();
    ends_with(child, CYD_EXIT_CODE, 3);
    char printed[256] = "";
    CHECK(read(line[0], printed, sizeof printed - 1) > 0);
    CHECK(printed == "[ERROR/" + std::string(child.info()->name) + "] to be seen\n");
    close(line[0]);
    close(line[1]);
    cyd::log_to_listener(CYD_LOG_OFF, [](cyd_log_level_t, const char *, const char *, void *) noexcept {}).value();
    cyd::log(CYD_LOG_ERROR, "nobody listens any more").value();
    CHECK(said.find("any more") == std::string::npos);
}

int main(int argc, char **argv) {
    cyd::register_entry("first-byte", first_byte).value();
    cyd::init(argc, argv).value();

    int held = 40;
    const auto work = [&held] { return held + 2; };
    auto forked = cyd::Process::fork(work).value();
    ends_with(forked, CYD_EXIT_CODE, 42);
    CHECK(!forked.is_alive().value());

    cyd::ProcessOptions options;
    options.name = "worker";
    options.at_exit = CYD_AT_EXIT_KILL;
    auto named = cyd::Process::fork([] { return std::strcmp(cyd::this_process().value().name, "worker"); }, options);
    CHECK(std::strcmp(named->info()->name, "worker") == 0);
    ends_with(*named, CYD_EXIT_CODE, 0);

    auto spawned = cyd::Process::spawn("first-byte", "\x07").value();
    ends_with(spawned, CYD_EXIT_CODE, 7);
    CHECK(cyd::Process::spawn("nobody").code() == CYD_E_NOT_FOUND);
    auto plain = cyd::Process::fork(seven).value();
    CHECK(plain.stop(nothing, 20s, 20s)->value == 7);
    auto unasked = cyd::Process::fork([] { return static_cast<int>(sleep(60)); }).value();
    CHECK(unasked.stop(nullptr, cyd::no_wait, 20s)->value == SIGTERM);

    auto server = cyd::ForkServer::start().value();
    server.ready(20s).value();
    CHECK(server.pid().value() > 0);
    auto served = server.spawn("first-byte", "\x09").value();
    ends_with(served, CYD_EXIT_CODE, 9);

    bool asked = false;
    auto sleeper = cyd::Process::fork([] { return static_cast<int>(sleep(60)); }, options).value();
    CHECK(sleeper.fd().value() >= 0);
    CHECK(sleeper.join(cyd::no_wait).code() == CYD_E_TIMEOUT);
    CHECK(cyd::wait_any({sleeper}, 5ms).code() == CYD_E_TIMEOUT);
    std::size_t cursor = 0;
    CHECK(cyd::Process::next_active(cursor)->info()->pid == sleeper.info()->pid);
    CHECK(cyd::Process::next_active(cursor).code() == CYD_E_END);
    const cyd::Exit end = sleeper.stop([&asked] { asked = true; }, 1ms, 20s).value();
    CHECK(asked && end.kind == CYD_EXIT_SIGNAL && end.value == SIGTERM);
    CHECK(cyd::wait_all({sleeper, served}, cyd::no_wait).ok());

    auto parent = cyd::Process::fork([] {
        const bool known = cyd::parent_pid().value() == static_cast<std::uint32_t>(getppid());
        return known && cyd::parent_fd().ok() && cyd::parent_wait(cyd::no_wait).code() == CYD_E_TIMEOUT ? 0 : 1;
    });
    ends_with(*parent, CYD_EXIT_CODE, 0);

    auto any = cyd::Process::fork(work).value();
    CHECK(cyd::Process::wait_any(20s)->info()->pid == any.info()->pid);
    CHECK(cyd::Process::wait_any(cyd::no_wait).code() == CYD_E_NO_CHILD);
    any.kill().value(); // nothing happens
    any.terminate().value();
    any.signal(SIGUSR1).value();
    logged();
    return 0;
}
