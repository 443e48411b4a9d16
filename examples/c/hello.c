/* A greeting through a ring: the child sends, the parent receives. What fails prints its reason. */
#include "courtyard.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(cyd_status_t status) {
    if (CYD_FAILED(status)) { fprintf(stderr, "%s\n", cyd_last_error_message()); exit(1); }
}

int main(void) {
    cyd_yard_t *yard;
    cyd_ring_t *ring;
    must(cyd_yard_create_anonymous(NULL, &yard));
    must(cyd_ring_create(yard, "greetings", NULL, &ring));
    if (fork() == 0) {
        cyd_sender_t *sender;
        must(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
        must(cyd_sender_send(sender, "hello, parent", 13, -1));
        return cyd_sender_close(sender);
    }
    cyd_receiver_t *receiver;
    char text[64];
    size_t len;
    must(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    must(cyd_receiver_recv(receiver, text, sizeof text, -1, &len));
    printf("%.*s\n", (int)len, text);
    return 0;
}
