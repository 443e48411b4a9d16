/* Codes have names; the last error belongs to its thread and stays until the next. */
#include "courtyard.h"

#include "check.h"
#include <pthread.h>
#include <string.h>

static void *another_thread(void *argument) {
    (void)argument;
    CHECK(strcmp(cyd_last_error_message(), "") == 0);
    cyd_probe_t probe = {0};
    CHECK(cyd_probe(&probe) == CYD_E_INVALID);
    CHECK(strcmp(cyd_last_error_message(), cyd_status_message(CYD_E_INVALID)) == 0);
    return NULL;
}

int main(void) {
    CHECK(strcmp(cyd_status_name(CYD_E_TIMEOUT), "CYD_E_TIMEOUT") == 0);
    CHECK(strcmp(cyd_status_name(CYD_OWNER_DIED), "CYD_OWNER_DIED") == 0);
    CHECK(strcmp(cyd_status_name(-7), "CYD_E_UNKNOWN") == 0);
    CHECK(strlen(cyd_status_message(7)) > 0);

    CHECK(strcmp(cyd_last_error_message(), "") == 0);
    CHECK(cyd_last_os_error() == 0);
    CHECK(CYD_FAILED(cyd_probe(NULL)));
    const char *message = cyd_last_error_message();
    CHECK(strcmp(message, cyd_status_message(CYD_E_NULL)) == 0);

    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, another_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(strcmp(message, cyd_status_message(CYD_E_NULL)) == 0);
    return 0;
}
