// What a message of 64 bytes costs through Boost's message_queue, between two processes on two CPUs.
// boost_queue way|back N CPU CPU: prints nanoseconds for all N, one way, or there and back.

#include <boost/interprocess/ipc/message_queue.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using boost::interprocess::create_only;
using boost::interprocess::message_queue;

namespace {

constexpr std::size_t SIZE = 64;
constexpr std::size_t PLACES = 1024;

void pin(int cpu) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

void put(message_queue &queue, const char *message) { queue.send(message, SIZE, 0); }

void get(message_queue &queue, char *message) {
    message_queue::size_type len;
    unsigned priority;
    queue.receive(message, SIZE, len, priority);
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    const bool way = std::strcmp(argv[1], "way") == 0;
    const long n = std::atol(argv[2]);
    const std::string name = "peers-" + std::to_string(getpid());
    message_queue there(create_only, (name + "-there").c_str(), PLACES, SIZE);
    message_queue back(create_only, (name + "-back").c_str(), PLACES, SIZE);
    message_queue::remove((name + "-there").c_str());
    message_queue::remove((name + "-back").c_str());
    char message[SIZE] = {1};
    const pid_t child = fork();
    if (child == 0) {
        pin(std::atoi(argv[4]));
        put(back, message);
        for (long i = 0; i < n; i++) {
            get(there, message);
            if (!way) put(back, message);
        }
        put(back, message);
        _exit(0);
    }
    pin(std::atoi(argv[3]));
    get(back, message);
    const auto begin = std::chrono::steady_clock::now();
    for (long i = 0; i < n; i++) {
        put(there, message);
        if (!way) get(back, message);
    }
    get(back, message);
    const auto time = std::chrono::steady_clock::now() - begin;
    waitpid(child, nullptr, 0);
    std::printf("%lld\n", static_cast<long long>(std::chrono::nanoseconds(time).count()));
    return 0;
}
