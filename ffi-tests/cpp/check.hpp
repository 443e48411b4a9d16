// What the tests in C++ have in common: checks that end the program, and children.
#ifndef CHECK_HPP
#define CHECK_HPP

#include "courtyard.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                                                            \
    do {                                                                                       \
        if (!(what)) {                                                                         \
            std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #what);          \
            std::exit(1);                                                                      \
        }                                                                                      \
    } while (false)

// The call ends with this status.
#define IS(call, wanted) is(__LINE__, #call, (call).code(), (wanted))
#define OK(call) IS(call, CYD_OK)

inline void is(int line, const char *call, cyd_status_t code, cyd_status_t wanted) {
    if (code != wanted) {
        std::fprintf(stderr, "%d: %s is %s, not %s\n", line, call, cyd_status_name(code), cyd_status_name(wanted));
        std::exit(1);
    }
}

// Handles own; they are not copied, and moving one cannot fail.
template <class T>
constexpr bool is_owner = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                          !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

inline void ended_well(pid_t child) {
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

inline void was_killed_by(pid_t child, int signal) {
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

// Runs in a fork child, which then ends without a destructor.
template <class Work>
pid_t child(Work work) {
    const pid_t pid = fork();
    if (pid == 0) {
        work();
        _exit(0);
    }
    return pid;
}

#endif
