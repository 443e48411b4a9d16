/*
 * A worker in C for a job of the wordcount example: it joins by the yard's name, and counts pieces of text until the job is
 * done.
 *
 *   wordcount --yard job --external 1 FILE...          (the parent waits)
 *   wordcount_worker --yard job
 *
 * What the two have agreed on is written down in examples/wordcount/task.rs. Kill this program at any moment: what it had in
 * hand is counted by another worker.
 */
#include <courtyard.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINES, WORDS, BYTES, LOST, NUMBERS };

/* isspace() of the C locale, whatever the locale is. */
static bool is_blank(unsigned char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int count(cyd_task_t *task, const void *input, size_t len, void *pieces)
{
    const unsigned char *text = input;
    cyd_task_info_t info = {.struct_size = sizeof info};
    if (len == 0 || CYD_FAILED(cyd_task_info(task, &info)))
        return 1;
    bool in_word = (text[0] & 1) != 0; /* what else it says is for workers of the parent's own */
    uint64_t numbers[NUMBERS] = {[BYTES] = len - 1, [LOST] = info.attempt};
    for (size_t i = 1; i < len; i++) {
        bool blank = is_blank(text[i]);
        numbers[LINES] += text[i] == '\n';
        numbers[WORDS] += !blank && !in_word;
        in_word = !blank;
    }
    ++*(unsigned long *)pieces;
    return cyd_task_return(task, numbers, sizeof numbers);
}

int main(int argc, char **argv)
{
    cyd_yard_t *yard = NULL;
    cyd_pool_t *pool = NULL;
    unsigned long pieces = 0;
    if (argc != 3 || strcmp(argv[1], "--yard") != 0) {
        fprintf(stderr, "usage: wordcount_worker --yard NAME\n");
        return 2;
    }
    cyd_status_t status = cyd_task_register("count-words", count, &pieces);
    if (!CYD_FAILED(status))
        status = cyd_yard_open(argv[2], NULL, &yard);
    if (!CYD_FAILED(status))
        status = cyd_pool_open(yard, "counters", &pool);
    if (!CYD_FAILED(status))
        status = cyd_pool_work(pool, 0);
    if (CYD_FAILED(status))
        fprintf(stderr, "wordcount_worker: %s (%s)\n", cyd_last_error_message(), cyd_status_name(status));
    else
        printf("the job is done, %lu pieces of it here\n", pieces);
    cyd_pool_close(pool);
    cyd_yard_close(yard);
    return CYD_FAILED(status) ? 1 : 0;
}
