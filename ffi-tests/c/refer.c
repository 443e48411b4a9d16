/* References to objects: sent in a message, opened in another process, refused if they mean nothing. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <stdlib.h>
#include <string.h>

static cyd_yard_t *yard;

/* A child is sent a reference to a value that it has never heard of. */
static void travels(void) {
    cyd_queue_t *queue;
    OK(cyd_queue_create(yard, "queue", NULL, &queue));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        cyd_ref_t ref;
        size_t len;
        cyd_object_info_t info = {.struct_size = sizeof info};
        cyd_value_t *value;
        OK(cyd_queue_get(queue, &ref, sizeof ref, 20000 * MS, &len));
        CHECK(len == sizeof ref);
        OK(cyd_yard_resolve(yard, &ref, &info));
        CHECK(info.kind == CYD_OBJECT_VALUE);
        OK(cyd_value_open(yard, info.name, CYD_TYPE_U64, &value));
        const uint64_t answer = 42;
        OK(cyd_value_set(value, CYD_TYPE_U64, &answer));
        _exit(0);
    }
    char name[CYD_NAME_BYTES];
    snprintf(name, sizeof name, "value-%d", (int)child);
    cyd_value_t *value;
    cyd_ref_t ref;
    uint64_t number;
    int status;
    OK(cyd_value_create(yard, name, CYD_TYPE_U64, &value));
    OK(cyd_yard_ref(yard, name, &ref));
    CHECK(ref.kind == CYD_OBJECT_VALUE);
    OK(cyd_queue_put(queue, &ref, sizeof ref, -1));
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    OK(cyd_value_get(value, CYD_TYPE_U64, &number));
    CHECK(number == 42);
    OK(cyd_value_close(value));
    OK(cyd_queue_close(queue));
}

static void refused(void) {
    cyd_yard_t *other;
    cyd_ref_t ref, wrong;
    cyd_object_info_t info = {.struct_size = sizeof info, .kind = 77};
    OK(cyd_yard_create_anonymous(NULL, &other));
    OK(cyd_yard_ref(yard, "queue", &ref));
    IS(cyd_yard_ref(yard, "nothing", &wrong), CYD_E_NOT_FOUND);
    IS(cyd_yard_ref(yard, "n/a", &wrong), CYD_E_NAME);
    IS(cyd_yard_ref(yard, NULL, &wrong), CYD_E_NAME);
    IS(cyd_yard_ref(yard, "queue", NULL), CYD_E_NULL);
    IS(cyd_yard_resolve(other, &ref, &info), CYD_E_FOREIGN);
    IS(cyd_yard_resolve(yard, NULL, &info), CYD_E_NULL);
    IS(cyd_yard_resolve(yard, &ref, NULL), CYD_E_NULL);
    wrong = ref;
    wrong.generation++;
    IS(cyd_yard_resolve(yard, &wrong, &info), CYD_E_NOT_FOUND);
    wrong = ref;
    wrong.kind = CYD_OBJECT_LOCK;
    IS(cyd_yard_resolve(yard, &wrong, &info), CYD_E_NOT_FOUND);
    wrong = ref;
    wrong.place = UINT32_MAX;
    IS(cyd_yard_resolve(yard, &wrong, &info), CYD_E_NOT_FOUND);
    CHECK(info.kind == 77);
    /* Any bytes at all are looked at and refused. */
    srandom(1);
    for (int i = 0; i < 20000; i++) {
        unsigned char *bytes = (unsigned char *)&wrong;
        for (size_t at = i % 2 ? 16 : 0; at < sizeof wrong; at++) {
            bytes[at] = (unsigned char)random();
        }
        if (i % 2) {
            memcpy(wrong.yard, ref.yard, sizeof wrong.yard);
        }
        CHECK(CYD_FAILED(cyd_yard_resolve(yard, &wrong, &info)));
    }
    OK(cyd_yard_resolve(yard, &ref, &info));
    CHECK(strcmp(info.name, "queue") == 0 && info.kind == CYD_OBJECT_QUEUE);
    OK(cyd_yard_close(other));
}

int main(void) {
    OK(cyd_yard_create_anonymous(NULL, &yard));
    travels();
    refused();
    OK(cyd_yard_close(yard));
    return 0;
}
