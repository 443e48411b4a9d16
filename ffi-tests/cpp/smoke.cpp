// The header as C++ takes it: a lock, a value and a ring between a process and its child.
#include "courtyard.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

#define OK(call)                                                                                     \
    do {                                                                                             \
        cyd_status_t status_ = (call);                                                               \
        if (status_ != CYD_OK) {                                                                     \
            std::fprintf(stderr, "%d: %s is %s\n", __LINE__, #call, cyd_status_name(status_));       \
            std::exit(1);                                                                            \
        }                                                                                            \
    } while (false)

int main() {
    cyd_yard_options_t options{};
    options.struct_size = sizeof options;
    options.size = 1 << 17;
    cyd_yard_t *yard = nullptr;
    cyd_lock_t *lock = nullptr;
    cyd_value_t *value = nullptr;
    cyd_ring_t *ring = nullptr;
    cyd_receiver_t *receiver = nullptr;
    OK(cyd_yard_create_anonymous(&options, &yard));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_value_create(yard, "count", CYD_TYPE_I64, &value));
    OK(cyd_ring_create(yard, "ring", nullptr, &ring));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));

    pid_t child = fork();
    if (child == 0) {
        cyd_sender_t *sender = nullptr;
        OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
        OK(cyd_lock_acquire(lock, -1));
        int64_t two = 2;
        OK(cyd_value_fetch(value, CYD_TYPE_I64, CYD_OP_ADD, &two, nullptr));
        OK(cyd_lock_release(lock));
        OK(cyd_sender_send(sender, "from C++", 8, -1));
        OK(cyd_sender_close(sender));
        _exit(0);
    }
    char text[16] = {};
    std::size_t len = 0;
    OK(cyd_receiver_recv(receiver, text, sizeof text, -1, &len));
    OK(cyd_lock_acquire(lock, -1));
    int64_t count = 0;
    OK(cyd_value_get(value, CYD_TYPE_I64, &count));
    OK(cyd_lock_release(lock));
    int status = -1;
    waitpid(child, &status, 0);
    bool good = status == 0 && count == 2 && len == 8 && std::memcmp(text, "from C++", 8) == 0;
    OK(cyd_receiver_close(receiver));
    OK(cyd_ring_close(ring));
    OK(cyd_value_close(value));
    OK(cyd_lock_close(lock));
    OK(cyd_yard_close(yard));
    return good ? 0 : 1;
}
