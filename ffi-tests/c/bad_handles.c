/* Every function with every kind of wrong handle: NULL, closed, of another type, misaligned, garbage. */
#define _GNU_SOURCE
#include "courtyard.h"

#include "check.h"
#include <string.h>

/* Where outputs go; none may be written. */
static struct {
    union {
        cyd_cost_t cost;
        cyd_holder_t holder;
        cyd_object_info_t info;
        cyd_member_info_t member;
        cyd_process_info_t process;
        cyd_fault_t fault;
        cyd_progress_t progress;
        cyd_future_info_t future;
        cyd_fate_t fate;
    } filled;
    union {
        cyd_lock_t *lock;
        cyd_cancel_t *cancel;
        cyd_member_t *member;
        cyd_notifier_t *notifier;
        cyd_writable_t *writable;
        cyd_process_t *process;
        cyd_exit_t end;
        cyd_pool_t *pool;
        cyd_yard_t *yard;
        cyd_future_t *future;
        cyd_promise_t *promise;
        cyd_map_t *map;
        cyd_permits_t *permits;
        cyd_condition_t *condition;
        cyd_barrier_t *barrier;
        cyd_broken_t broken;
        cyd_permit_holder_t permit_holder;
        cyd_blocks_t *blocks;
        cyd_block_use_t block_use;
        cyd_block_owner_t block_owner;
        uint64_t block;
        cyd_value_t *value;
        cyd_struct_t *it;
        cyd_array_t *array;
        cyd_struct_array_t *structs;
        cyd_ring_t *ring;
        cyd_queue_t *queue;
        cyd_loan_t loan;
        cyd_ref_t ref;
        cyd_message_t message;
        cyd_pipe_t *pipe;
        cyd_lifo_queue_t *lifo_queue;
        cyd_priority_queue_t *priority_queue;
        cyd_connection_t *connection;
        cyd_rlock_t *rlock;
        cyd_rwlock_t *rwlock;
        cyd_semaphore_t *semaphore;
        cyd_sender_t *sender;
        cyd_receiver_t *receiver;
        void *room;
        const void *data;
        size_t size;
        uint32_t number;
        bool truth;
        int fd;
    } a, b;
    size_t cursor;
    unsigned char bytes[16];
} out, untouched;

/* Calls everything that takes a handle first; all of it must end with `wanted`. */
static void yard_calls(cyd_yard_t *yard, cyd_status_t wanted) {
    IS(cyd_yard_get_cost(yard, &out.filled.cost), wanted);
    IS(cyd_yard_ref(yard, "n", &out.a.ref), wanted);
    IS(cyd_yard_resolve(yard, &untouched.a.ref, &out.filled.info), wanted);
    IS(cyd_yard_sweep(yard), wanted);
    IS(cyd_yard_detach_thread(yard), wanted);
    IS(cyd_yard_is_sealed(yard, &out.a.truth), wanted);
    IS(cyd_yard_fd(yard, &out.a.fd), wanted);
    IS(cyd_yard_set_inheritable(yard, true), wanted);
    IS(cyd_yard_next_object(yard, &out.cursor, &out.filled.info), wanted);
    IS(cyd_yard_fault(yard, 0, &out.filled.fault), wanted);
    IS(cyd_yard_next_member(yard, &out.cursor, &out.a.member), wanted);
    IS(cyd_lock_create(yard, "n", CYD_SCOPE_THREAD, &out.a.lock), wanted);
    IS(cyd_lock_open(yard, "n", &out.a.lock), wanted);
    IS(cyd_lock_open_or_create(yard, "n", CYD_SCOPE_THREAD, &out.a.lock), wanted);
    IS(cyd_lifo_queue_create(yard, "n", NULL, &out.a.lifo_queue), wanted);
    IS(cyd_lifo_queue_open(yard, "n", &out.a.lifo_queue), wanted);
    IS(cyd_lifo_queue_open_or_create(yard, "n", NULL, &out.a.lifo_queue), wanted);
    IS(cyd_priority_queue_create(yard, "n", NULL, &out.a.priority_queue), wanted);
    IS(cyd_priority_queue_open(yard, "n", &out.a.priority_queue), wanted);
    IS(cyd_priority_queue_open_or_create(yard, "n", NULL, &out.a.priority_queue), wanted);
    IS(cyd_queue_create(yard, "n", NULL, &out.a.queue), wanted);
    IS(cyd_queue_open(yard, "n", &out.a.queue), wanted);
    IS(cyd_queue_open_or_create(yard, "n", NULL, &out.a.queue), wanted);
    IS(cyd_pipe_create(yard, "n", NULL, &out.a.pipe), wanted);
    IS(cyd_pipe_open(yard, "n", &out.a.pipe), wanted);
    IS(cyd_pipe_open_or_create(yard, "n", NULL, &out.a.pipe), wanted);
    IS(cyd_permits_create(yard, "n", 1, &out.a.permits), wanted);
    IS(cyd_permits_open(yard, "n", &out.a.permits), wanted);
    IS(cyd_permits_open_or_create(yard, "n", 1, &out.a.permits), wanted);
    IS(cyd_blocks_create(yard, "n", NULL, &out.a.blocks), wanted);
    IS(cyd_blocks_open(yard, "n", &out.a.blocks), wanted);
    IS(cyd_blocks_open_or_create(yard, "n", NULL, &out.a.blocks), wanted);
    IS(cyd_condition_create(yard, "n", &out.a.condition), wanted);
    IS(cyd_condition_open(yard, "n", &out.a.condition), wanted);
    IS(cyd_condition_open_or_create(yard, "n", &out.a.condition), wanted);
    IS(cyd_barrier_create(yard, "n", 1, &out.a.barrier), wanted);
    IS(cyd_barrier_open(yard, "n", &out.a.barrier), wanted);
    IS(cyd_barrier_open_or_create(yard, "n", 1, &out.a.barrier), wanted);
    IS(cyd_value_create(yard, "n", CYD_TYPE_U8, &out.a.value), wanted);
    IS(cyd_value_open(yard, "n", CYD_TYPE_U8, &out.a.value), wanted);
    IS(cyd_value_open_or_create(yard, "n", CYD_TYPE_U8, &out.a.value), wanted);
    IS(cyd_struct_create(yard, "n", 8, 8, &out.a.it), wanted);
    IS(cyd_struct_open(yard, "n", 8, 8, &out.a.it), wanted);
    IS(cyd_struct_open_or_create(yard, "n", 8, 8, &out.a.it), wanted);
    IS(cyd_array_create(yard, "n", CYD_TYPE_U8, 8, NULL, &out.a.array), wanted);
    IS(cyd_array_open(yard, "n", CYD_TYPE_U8, &out.a.array), wanted);
    IS(cyd_array_open_or_create(yard, "n", CYD_TYPE_U8, 8, NULL, &out.a.array), wanted);
    IS(cyd_struct_array_create(yard, "n", 8, 8, 8, &out.a.structs), wanted);
    IS(cyd_struct_array_open(yard, "n", 8, 8, &out.a.structs), wanted);
    IS(cyd_struct_array_open_or_create(yard, "n", 8, 8, 8, &out.a.structs), wanted);
    IS(cyd_ring_create(yard, "n", NULL, &out.a.ring), wanted);
    IS(cyd_ring_open(yard, "n", &out.a.ring), wanted);
    IS(cyd_ring_open_or_create(yard, "n", NULL, &out.a.ring), wanted);
    IS(cyd_rlock_create(yard, "n", &out.a.rlock), wanted);
    IS(cyd_rlock_open(yard, "n", &out.a.rlock), wanted);
    IS(cyd_rlock_open_or_create(yard, "n", &out.a.rlock), wanted);
    IS(cyd_rwlock_create(yard, "n", NULL, &out.a.rwlock), wanted);
    IS(cyd_rwlock_open(yard, "n", &out.a.rwlock), wanted);
    IS(cyd_rwlock_open_or_create(yard, "n", NULL, &out.a.rwlock), wanted);
    IS(cyd_semaphore_create(yard, "n", NULL, &out.a.semaphore), wanted);
    IS(cyd_semaphore_open(yard, "n", &out.a.semaphore), wanted);
    IS(cyd_semaphore_open_or_create(yard, "n", NULL, &out.a.semaphore), wanted);
    IS(cyd_pool_create(yard, "n", NULL, &out.a.pool), wanted);
    IS(cyd_pool_open(yard, "n", &out.a.pool), wanted);
    IS(cyd_yard_close(yard), yard == NULL ? CYD_OK : wanted);
}

static void barrier_calls(cyd_barrier_t *barrier, cyd_status_t wanted) {
    IS(cyd_barrier_wait(barrier, -1, &out.a.number), wanted);
    IS(cyd_barrier_wait_with(barrier, -1, NULL, NULL, &out.a.number), wanted);
    IS(cyd_barrier_abort(barrier), wanted);
    IS(cyd_barrier_reset(barrier), wanted);
    IS(cyd_barrier_broken(barrier, &out.a.broken), wanted);
    IS(cyd_barrier_parties(barrier, &out.a.number), wanted);
    IS(cyd_barrier_waiting(barrier, &out.a.number), wanted);
    IS(cyd_barrier_declare(barrier), wanted);
    IS(cyd_barrier_leave(barrier), wanted);
    IS(cyd_barrier_declared(barrier, &out.a.number), wanted);
    IS(cyd_barrier_close(barrier), barrier == NULL ? CYD_OK : wanted);
}

static void lock_calls(cyd_lock_t *lock, cyd_status_t wanted) {
    IS(cyd_lock_acquire(lock, -1), wanted);
    IS(cyd_lock_release(lock), wanted);
    IS(cyd_lock_repaired(lock), wanted);
    IS(cyd_lock_holder(lock, &out.filled.holder), wanted);
    IS(cyd_lock_is_suspect(lock, &out.a.truth), wanted);
    IS(cyd_lock_scope(lock, &out.a.number), wanted);
    IS(cyd_lock_close(lock), lock == NULL ? CYD_OK : wanted);
}

static void rlock_calls(cyd_rlock_t *rlock, cyd_status_t wanted) {
    IS(cyd_rlock_acquire(rlock, -1), wanted);
    IS(cyd_rlock_release(rlock), wanted);
    IS(cyd_rlock_repaired(rlock), wanted);
    IS(cyd_rlock_count(rlock, &out.a.number), wanted);
    IS(cyd_rlock_holder(rlock, &out.filled.holder), wanted);
    IS(cyd_rlock_is_suspect(rlock, &out.a.truth), wanted);
    IS(cyd_rlock_close(rlock), rlock == NULL ? CYD_OK : wanted);
}

static void rwlock_calls(cyd_rwlock_t *rwlock, cyd_status_t wanted) {
    IS(cyd_rwlock_read(rwlock, -1), wanted);
    IS(cyd_rwlock_write(rwlock, -1), wanted);
    IS(cyd_rwlock_release(rwlock), wanted);
    IS(cyd_rwlock_repaired(rwlock), wanted);
    IS(cyd_rwlock_writer(rwlock, &out.filled.holder), wanted);
    IS(cyd_rwlock_readers(rwlock, &out.a.number), wanted);
    IS(cyd_rwlock_readers_max(rwlock, &out.a.number), wanted);
    IS(cyd_rwlock_is_suspect(rwlock, &out.a.truth), wanted);
    IS(cyd_rwlock_close(rwlock), rwlock == NULL ? CYD_OK : wanted);
}

static void semaphore_calls(cyd_semaphore_t *semaphore, cyd_status_t wanted) {
    IS(cyd_semaphore_acquire(semaphore, -1), wanted);
    IS(cyd_semaphore_release(semaphore, 1), wanted);
    IS(cyd_semaphore_value(semaphore, &out.a.number), wanted);
    IS(cyd_semaphore_maximum(semaphore, &out.a.number), wanted);
    IS(cyd_semaphore_close(semaphore), semaphore == NULL ? CYD_OK : wanted);
}

static void permits_calls(cyd_permits_t *permits, cyd_status_t wanted) {
    IS(cyd_permits_acquire(permits, -1), wanted);
    IS(cyd_permits_acquire_many(permits, 1, -1), wanted);
    IS(cyd_permits_release(permits, 1), wanted);
    IS(cyd_permits_available(permits, &out.a.number), wanted);
    IS(cyd_permits_capacity(permits, &out.a.number), wanted);
    IS(cyd_permits_held(permits, &out.a.number), wanted);
    IS(cyd_permits_holders(permits, &out.a.permit_holder, 1, &out.b.size), wanted);
    IS(cyd_permits_close(permits), permits == NULL ? CYD_OK : wanted);
}

static void blocks_calls(cyd_blocks_t *blocks, cyd_status_t wanted) {
    IS(cyd_blocks_alloc(blocks, 1, -1, &out.a.block), wanted);
    IS(cyd_blocks_free(blocks, 1), wanted);
    IS(cyd_blocks_offer(blocks, 1), wanted);
    IS(cyd_blocks_adopt(blocks, 1), wanted);
    IS(cyd_blocks_write(blocks, 1, 0, "x", 1), wanted);
    IS(cyd_blocks_read(blocks, 1, 0, out.bytes, 1), wanted);
    IS(cyd_blocks_len(blocks, 1, &out.a.size), wanted);
    IS(cyd_blocks_data(blocks, 1, &out.a.room, &out.b.size), wanted);
    IS(cyd_blocks_owned(blocks, &out.a.number), wanted);
    IS(cyd_blocks_max_len(blocks, &out.a.size), wanted);
    IS(cyd_blocks_usage(blocks, &out.a.block_use, 1, &out.b.size), wanted);
    IS(cyd_blocks_owners(blocks, &out.a.block_owner, 1, &out.b.size), wanted);
    IS(cyd_blocks_close(blocks), blocks == NULL ? CYD_OK : wanted);
}

static void condition_calls(cyd_condition_t *condition, cyd_status_t wanted) {
    IS(cyd_condition_wait(condition, NULL, -1), wanted);
    IS(cyd_condition_wait_rlock(condition, NULL, -1), wanted);
    IS(cyd_condition_notify(condition, 1, &out.a.number), wanted);
    IS(cyd_condition_notify_all(condition, &out.a.number), wanted);
    IS(cyd_condition_waiters(condition, &out.a.number), wanted);
    IS(cyd_condition_close(condition), condition == NULL ? CYD_OK : wanted);
}

static void event_calls(cyd_event_t *event, cyd_status_t wanted) {
    IS(cyd_event_set(event), wanted);
    IS(cyd_event_clear(event), wanted);
    IS(cyd_event_is_set(event, &out.a.truth), wanted);
    IS(cyd_event_wait(event, -1), wanted);
    IS(cyd_cancel_from_event(event, &out.a.cancel), wanted);
    IS(cyd_event_close(event), event == NULL ? CYD_OK : wanted);
}

static void cancel_calls(cyd_cancel_t *cancel, cyd_status_t wanted) {
    IS(cyd_cancel_set(cancel), wanted);
    IS(cyd_cancel_is_set(cancel, &out.a.truth), wanted);
    IS(cyd_cancel_enter(cancel), wanted);
    IS(cyd_cancel_leave(cancel), wanted);
    IS(cyd_cancel_close(cancel), cancel == NULL ? CYD_OK : wanted);
}

static void member_calls(cyd_member_t *member, cyd_status_t wanted) {
    IS(cyd_member_info(member, &out.filled.member), wanted);
    IS(cyd_member_is_alive(member, &out.a.truth), wanted);
    IS(cyd_member_wait(member, 0), wanted);
    IS(cyd_member_close(member), member == NULL ? CYD_OK : wanted);
}

static void notifier_calls(cyd_notifier_t *notifier, cyd_status_t wanted) {
    IS(cyd_notifier_fd(notifier, &out.a.fd), wanted);
    IS(cyd_notifier_clear(notifier), wanted);
    IS(cyd_notifier_close(notifier), notifier == NULL ? CYD_OK : wanted);
}

static void writable_calls(cyd_writable_t *writable, cyd_status_t wanted) {
    IS(cyd_writable_close(writable), writable == NULL ? CYD_OK : wanted);
}

static void process_calls(cyd_process_t *process, cyd_status_t wanted) {
    IS(cyd_process_info(process, &out.filled.process), wanted);
    IS(cyd_process_is_alive(process, &out.a.truth), wanted);
    IS(cyd_process_join(process, 0, &out.a.end), wanted);
    IS(cyd_process_signal(process, 9), wanted);
    IS(cyd_process_terminate(process), wanted);
    IS(cyd_process_kill(process), wanted);
    IS(cyd_process_stop(process, NULL, NULL, 0, 0, &out.a.end), wanted);
    IS(cyd_process_fd(process, &out.a.fd), wanted);
    IS(cyd_process_close(process), process == NULL ? CYD_OK : wanted);
}

static void fork_server_calls(cyd_fork_server_t *server, cyd_status_t wanted) {
    IS(cyd_fork_server_ready(server, 0), wanted);
    IS(cyd_fork_server_pid(server, &out.a.number), wanted);
    IS(cyd_fork_server_spawn(server, NULL, "entry", NULL, 0, &out.a.process), wanted);
    IS(cyd_fork_server_close(server), server == NULL ? CYD_OK : wanted);
}

static void no_done(const cyd_fate_t *fate, void *argument) {
    (void)fate;
    (void)argument;
    CHECK(0);
}

static int no_next(cyd_slice_t *input, void *argument) {
    (void)input;
    (void)argument;
    CHECK(0);
    return 0;
}

static void pool_calls(cyd_pool_t *pool, cyd_status_t wanted) {
    cyd_slice_t slice = {"x", 1};
    IS(cyd_pool_submit(pool, "n", "x", 1, NULL, -1, &out.a.future), wanted);
    IS(cyd_pool_apply(pool, "n", "x", 1, NULL, out.bytes, sizeof out.bytes, &out.a.size), wanted);
    IS(cyd_pool_apply_async(pool, "n", "x", 1, NULL, no_done, NULL), wanted);
    IS(cyd_pool_map(pool, "n", &slice, 1, NULL, &out.a.map), wanted);
    IS(cyd_pool_imap(pool, "n", no_next, NULL, NULL, &out.a.map), wanted);
    IS(cyd_pool_promise(pool, -1, &out.a.promise, &out.b.future), wanted);
    IS(cyd_pool_future(pool, 1, &out.a.future), wanted);
    IS(cyd_pool_size(pool, &out.a.size), wanted);
    IS(cyd_pool_resize(pool, 1), wanted);
    IS(cyd_pool_progress(pool, &out.filled.progress), wanted);
    IS(cyd_pool_workers(pool, NULL, 0, &out.a.size), wanted);
    IS(cyd_pool_yard(pool, &out.a.yard), wanted);
    IS(cyd_pool_work(pool, 0), wanted);
    IS(cyd_pool_shutdown(pool, true), wanted);
    IS(cyd_pool_is_shutdown(pool, &out.a.truth), wanted);
    IS(cyd_pool_join(pool, -1), wanted);
    IS(cyd_pool_close(pool), pool == NULL ? CYD_OK : wanted);
}

static void future_calls(cyd_future_t *future, cyd_status_t wanted) {
    IS(cyd_future_info(future, &out.filled.future), wanted);
    IS(cyd_future_wait(future, -1), wanted);
    IS(cyd_future_fate(future, -1, &out.filled.fate), wanted);
    IS(cyd_future_result(future, out.bytes, sizeof out.bytes, -1, &out.a.size), wanted);
    IS(cyd_future_error(future, (char *)out.bytes, sizeof out.bytes, &out.a.size), wanted);
    IS(cyd_future_cancel(future, &out.a.truth), wanted);
    IS(cyd_future_stop(future, &out.a.truth), wanted);
    IS(cyd_future_kill(future, &out.a.truth), wanted);
    IS(cyd_future_add_done_callback(future, no_done, NULL), wanted);
    IS(cyd_wait_futures(&future, 1, CYD_RETURN_ALL_COMPLETED, -1, &out.a.truth, &out.b.size), wanted);
    IS(cyd_future_close(future), future == NULL ? CYD_OK : wanted);
}

static void promise_calls(cyd_promise_t *promise, cyd_status_t wanted) {
    IS(cyd_promise_is_cancelled(promise, &out.a.truth), wanted);
    IS(cyd_promise_set(promise, "x", 1), wanted);
    IS(cyd_promise_fail(promise, "x"), wanted);
    IS(cyd_promise_close(promise), promise == NULL ? CYD_OK : wanted);
}

static void map_calls(cyd_map_t *map, cyd_status_t wanted) {
    IS(cyd_map_next(map, out.bytes, sizeof out.bytes, &out.a.size, &out.b.size), wanted);
    IS(cyd_map_close(map), map == NULL ? CYD_OK : wanted);
}

static void list_calls(void *handle, cyd_status_t wanted) {
    IS(cyd_wait_any(&handle, 1, 0, &out.a.size), wanted);
    IS(cyd_wait_some(&handle, 1, 0, &out.a.truth), wanted);
    IS(cyd_wait_all(&handle, 1, 0), wanted);
    IS(cyd_notifier_create(handle, &out.a.notifier), wanted);
}

static void value_calls(cyd_value_t *value, cyd_status_t wanted) {
    IS(cyd_value_type(value, &out.a.number), wanted);
    IS(cyd_value_get(value, CYD_TYPE_U8, out.bytes), wanted);
    IS(cyd_value_set(value, CYD_TYPE_U8, out.bytes), wanted);
    IS(cyd_value_fetch(value, CYD_TYPE_U8, CYD_OP_ADD, out.bytes, out.bytes), wanted);
    IS(cyd_value_compare_exchange(value, CYD_TYPE_U8, out.bytes, out.bytes, &out.a.truth), wanted);
    IS(cyd_value_close(value), value == NULL ? CYD_OK : wanted);
}

static void no_change(void *value, void *context) {
    (void)value;
    (void)context;
    CHECK(0);
}

static void struct_calls(cyd_struct_t *it, cyd_status_t wanted) {
    IS(cyd_struct_size(it, &out.a.size, &out.b.size), wanted);
    IS(cyd_struct_get(it, out.bytes, 8), wanted);
    IS(cyd_struct_set(it, out.bytes, 8, 0), wanted);
    IS(cyd_struct_update(it, 8, 0, no_change, NULL), wanted);
    IS(cyd_struct_close(it), it == NULL ? CYD_OK : wanted);
}

static void array_calls(cyd_array_t *array, cyd_status_t wanted) {
    IS(cyd_array_len(array, &out.a.size), wanted);
    IS(cyd_array_type(array, &out.a.number), wanted);
    IS(cyd_array_get(array, CYD_TYPE_U8, 0, out.bytes), wanted);
    IS(cyd_array_set(array, CYD_TYPE_U8, 0, out.bytes), wanted);
    IS(cyd_array_fetch(array, CYD_TYPE_U8, 0, CYD_OP_ADD, out.bytes, out.bytes), wanted);
    IS(cyd_array_compare_exchange(array, CYD_TYPE_U8, 0, out.bytes, out.bytes, &out.a.truth), wanted);
    IS(cyd_array_read(array, CYD_TYPE_U8, 0, 8, out.bytes), wanted);
    IS(cyd_array_write(array, CYD_TYPE_U8, 0, 8, out.bytes), wanted);
    IS(cyd_array_fill(array, CYD_TYPE_U8, 0, 8, out.bytes), wanted);
    IS(cyd_array_lock(array, -1), wanted);
    IS(cyd_array_unlock(array), wanted);
    IS(cyd_array_repaired(array), wanted);
    IS(cyd_array_close(array), array == NULL ? CYD_OK : wanted);
}

static void struct_array_calls(cyd_struct_array_t *array, cyd_status_t wanted) {
    IS(cyd_struct_array_len(array, &out.a.size), wanted);
    IS(cyd_struct_array_size(array, &out.a.size, &out.b.size), wanted);
    IS(cyd_struct_array_get(array, 0, out.bytes, 8), wanted);
    IS(cyd_struct_array_set(array, 0, out.bytes, 8, 0), wanted);
    IS(cyd_struct_array_update(array, 0, 8, 0, no_change, NULL), wanted);
    IS(cyd_struct_array_close(array), array == NULL ? CYD_OK : wanted);
}

static void ring_calls(cyd_ring_t *ring, cyd_status_t wanted) {
    IS(cyd_ring_capacity(ring, &out.a.size), wanted);
    IS(cyd_ring_max_len(ring, &out.a.size), wanted);
    IS(cyd_ring_sender_state(ring, &out.a.number), wanted);
    IS(cyd_ring_receiver_state(ring, &out.a.number), wanted);
    IS(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &out.a.sender), wanted);
    IS(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &out.a.receiver), wanted);
    IS(cyd_ring_close(ring), ring == NULL ? CYD_OK : wanted);
}

static void queue_calls(cyd_queue_t *queue, cyd_status_t wanted) {
    uint64_t ticket;
    cyd_slice_t slice = {out.bytes, 8};
    IS(cyd_queue_writable(queue, &out.a.writable), wanted);
    IS(cyd_queue_put(queue, out.bytes, 8, 0), wanted);
    IS(cyd_queue_put_many(queue, &slice, 1, 0, &out.a.size), wanted);
    IS(cyd_queue_get(queue, out.bytes, 8, 0, &out.a.size), wanted);
    IS(cyd_queue_get_many(queue, out.bytes, 8, &out.b.size, 1, 0, &out.a.size), wanted);
    IS(cyd_queue_loan(queue, 8, 0, &out.a.loan), wanted);
    IS(cyd_queue_put_loan(queue, 1, 0), wanted);
    IS(cyd_queue_get_borrow(queue, 0, &out.a.message), wanted);
    IS(cyd_queue_get_borrow_ack(queue, 0, &out.a.message, &ticket), wanted);
    IS(cyd_queue_release(queue, 0), wanted);
    IS(cyd_queue_enter(queue, CYD_QUEUE_PRODUCERS), wanted);
    IS(cyd_queue_leave(queue, CYD_QUEUE_PRODUCERS), wanted);
    IS(cyd_queue_side_state(queue, CYD_QUEUE_CONSUMERS, &out.a.number), wanted);
    IS(cyd_queue_get_ack(queue, out.bytes, 8, 0, &out.a.size, &ticket), wanted);
    IS(cyd_queue_done(queue, 1), wanted);
    IS(cyd_queue_put_back(queue, 1), wanted);
    IS(cyd_queue_task_done(queue), wanted);
    IS(cyd_queue_join(queue, 0), wanted);
    IS(cyd_queue_unfinished(queue, &out.a.size), wanted);
    IS(cyd_queue_shutdown(queue, true), wanted);
    IS(cyd_queue_is_shutdown(queue, &out.a.truth), wanted);
    IS(cyd_queue_len(queue, &out.a.size), wanted);
    IS(cyd_queue_is_empty(queue, &out.a.truth), wanted);
    IS(cyd_queue_is_full(queue, &out.a.truth), wanted);
    IS(cyd_queue_bytes(queue, &out.a.size), wanted);
    IS(cyd_queue_capacity(queue, &out.a.size), wanted);
    IS(cyd_queue_max_len(queue, &out.a.size), wanted);
    IS(cyd_queue_close(queue), queue == NULL ? CYD_OK : wanted);
}

static void pipe_calls(cyd_pipe_t *pipe, cyd_status_t wanted) {
    IS(cyd_pipe_capacity(pipe, &out.a.size), wanted);
    IS(cyd_pipe_max_len(pipe, &out.a.size), wanted);
    IS(cyd_pipe_is_duplex(pipe, &out.a.truth), wanted);
    IS(cyd_pipe_state(pipe, CYD_PIPE_FIRST, &out.a.number), wanted);
    IS(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &out.a.connection), wanted);
    IS(cyd_pipe_close(pipe), pipe == NULL ? CYD_OK : wanted);
}

static void connection_calls(cyd_connection_t *connection, cyd_status_t wanted) {
    IS(cyd_connection_send(connection, "x", 1, -1), wanted);
    IS(cyd_connection_writable(connection, &out.a.writable), wanted);
    IS(cyd_connection_recv(connection, out.bytes, 16, -1, &out.a.size), wanted);
    IS(cyd_connection_poll(connection, -1, &out.a.size), wanted);
    IS(cyd_connection_peer(connection, &out.a.number), wanted);
    IS(cyd_connection_end(connection, &out.a.number), wanted);
    IS(cyd_connection_close(connection), connection == NULL ? CYD_OK : wanted);
}

static void sender_calls(cyd_sender_t *sender, cyd_status_t wanted) {
    cyd_slice_t slice = {"x", 1};
    IS(cyd_sender_send(sender, "x", 1, -1), wanted);
    IS(cyd_sender_send_batch(sender, &slice, 1, -1, &out.a.size), wanted);
    IS(cyd_sender_reserve(sender, 1, -1, &out.a.room), wanted);
    IS(cyd_sender_commit(sender, 1), wanted);
    IS(cyd_sender_abort(sender), wanted);
    IS(cyd_sender_peer(sender, &out.a.number), wanted);
    IS(cyd_sender_close(sender), sender == NULL ? CYD_OK : wanted);
}

static void receiver_calls(cyd_receiver_t *receiver, cyd_status_t wanted) {
    IS(cyd_receiver_recv(receiver, out.bytes, 16, -1, &out.a.size), wanted);
    IS(cyd_receiver_recv_batch(receiver, out.bytes, 16, &out.a.size, 1, -1, &out.b.size), wanted);
    IS(cyd_receiver_peek(receiver, -1, &out.a.data, &out.b.size), wanted);
    IS(cyd_receiver_release(receiver), wanted);
    IS(cyd_receiver_peer(receiver, &out.a.number), wanted);
    IS(cyd_receiver_close(receiver), receiver == NULL ? CYD_OK : wanted);
}

static void lifo_queue_calls(cyd_lifo_queue_t *queue, cyd_status_t wanted) {
    IS(cyd_lifo_queue_put(queue, "x", 1, -1), wanted);
    IS(cyd_lifo_queue_writable(queue, &out.a.writable), wanted);
    IS(cyd_lifo_queue_get(queue, out.bytes, sizeof out.bytes, -1, &out.a.size), wanted);
    IS(cyd_lifo_queue_shutdown(queue, false), wanted);
    IS(cyd_lifo_queue_is_shutdown(queue, &out.a.truth), wanted);
    IS(cyd_lifo_queue_len(queue, &out.a.size), wanted);
    IS(cyd_lifo_queue_is_empty(queue, &out.a.truth), wanted);
    IS(cyd_lifo_queue_is_full(queue, &out.a.truth), wanted);
    IS(cyd_lifo_queue_capacity(queue, &out.a.size), wanted);
    IS(cyd_lifo_queue_max_len(queue, &out.a.size), wanted);
    IS(cyd_lifo_queue_close(queue), queue == NULL ? CYD_OK : wanted);
}

static void priority_queue_calls(cyd_priority_queue_t *queue, cyd_status_t wanted) {
    IS(cyd_priority_queue_put(queue, "x", 1, 0, -1), wanted);
    IS(cyd_priority_queue_writable(queue, &out.a.writable), wanted);
    IS(cyd_priority_queue_get(queue, out.bytes, sizeof out.bytes, -1, &out.a.size, NULL), wanted);
    IS(cyd_priority_queue_shutdown(queue, false), wanted);
    IS(cyd_priority_queue_is_shutdown(queue, &out.a.truth), wanted);
    IS(cyd_priority_queue_len(queue, &out.a.size), wanted);
    IS(cyd_priority_queue_is_empty(queue, &out.a.truth), wanted);
    IS(cyd_priority_queue_is_full(queue, &out.a.truth), wanted);
    IS(cyd_priority_queue_capacity(queue, &out.a.size), wanted);
    IS(cyd_priority_queue_max_len(queue, &out.a.size), wanted);
    IS(cyd_priority_queue_close(queue), queue == NULL ? CYD_OK : wanted);
}

enum { YARD, LOCK, VALUE, RING, SENDER, RECEIVER, RLOCK, SEMAPHORE, PERMITS, STRUCT, ARRAY, STRUCT_ARRAY, RWLOCK, CONDITION, EVENT, CANCEL, MEMBER, BARRIER, BLOCKS, QUEUE, PIPE, CONNECTION, LIFO_QUEUE, PRIORITY_QUEUE, PROCESS, FORK_SERVER, NOTIFIER, POOL, FUTURE, PROMISE, MAP, WRITABLE, NOUNS };

static void *open_handles[NOUNS];

/* Every noun's functions with this pointer, but those of the noun at `except`. */
static void everything(void *handle, cyd_status_t wanted, int except) {
    if (except != YARD) {
        yard_calls((cyd_yard_t *)handle, wanted);
    }
    if (except != LOCK) {
        lock_calls((cyd_lock_t *)handle, wanted);
    }
    if (except != VALUE) {
        value_calls((cyd_value_t *)handle, wanted);
    }
    if (except != RING) {
        ring_calls((cyd_ring_t *)handle, wanted);
    }
    if (except != SENDER) {
        sender_calls((cyd_sender_t *)handle, wanted);
    }
    if (except != RECEIVER) {
        receiver_calls((cyd_receiver_t *)handle, wanted);
    }
    if (except != RLOCK) {
        rlock_calls((cyd_rlock_t *)handle, wanted);
    }
    if (except != SEMAPHORE) {
        semaphore_calls((cyd_semaphore_t *)handle, wanted);
    }
    if (except != PERMITS) {
        permits_calls((cyd_permits_t *)handle, wanted);
    }
    if (except != CONDITION) {
        condition_calls((cyd_condition_t *)handle, wanted);
    }
    if (except != BLOCKS) {
        blocks_calls((cyd_blocks_t *)handle, wanted);
    }
    if (except != LIFO_QUEUE) {
        lifo_queue_calls((cyd_lifo_queue_t *)handle, wanted);
    }
    if (except != PRIORITY_QUEUE) {
        priority_queue_calls((cyd_priority_queue_t *)handle, wanted);
    }
    if (except != QUEUE) {
        queue_calls((cyd_queue_t *)handle, wanted);
    }
    if (except != PIPE) {
        pipe_calls((cyd_pipe_t *)handle, wanted);
    }
    if (except != CONNECTION) {
        connection_calls((cyd_connection_t *)handle, wanted);
    }
    if (except != BARRIER) {
        barrier_calls((cyd_barrier_t *)handle, wanted);
    }
    if (except != STRUCT) {
        struct_calls((cyd_struct_t *)handle, wanted);
    }
    if (except != ARRAY) {
        array_calls((cyd_array_t *)handle, wanted);
    }
    if (except != STRUCT_ARRAY) {
        struct_array_calls((cyd_struct_array_t *)handle, wanted);
    }
    if (except != RWLOCK) {
        rwlock_calls((cyd_rwlock_t *)handle, wanted);
    }
    if (except != EVENT) {
        event_calls((cyd_event_t *)handle, wanted);
    }
    if (except != CANCEL) {
        cancel_calls((cyd_cancel_t *)handle, wanted);
    }
    if (except != MEMBER) {
        member_calls((cyd_member_t *)handle, wanted);
    }
    if (except != NOTIFIER) {
        notifier_calls((cyd_notifier_t *)handle, wanted);
    }
    if (except != PROCESS) {
        process_calls((cyd_process_t *)handle, wanted);
    }
    if (except != FORK_SERVER) {
        fork_server_calls((cyd_fork_server_t *)handle, wanted);
    }
    if (except != POOL) {
        pool_calls((cyd_pool_t *)handle, wanted);
    }
    if (except != FUTURE) {
        future_calls((cyd_future_t *)handle, wanted);
    }
    if (except != PROMISE) {
        promise_calls((cyd_promise_t *)handle, wanted);
    }
    if (except != MAP) {
        map_calls((cyd_map_t *)handle, wanted);
    }
    if (except != WRITABLE) {
        writable_calls((cyd_writable_t *)handle, wanted);
    }
    if (except != EVENT && except != QUEUE && except != MEMBER && except != SEMAPHORE && except != PERMITS && except != SENDER &&
        except != RECEIVER && except != CONNECTION && except != LIFO_QUEUE && except != PRIORITY_QUEUE && except != FUTURE &&
        except != PROCESS && except != WRITABLE) {
        list_calls(handle, wanted);
    }
    CHECK(memcmp(&out, &untouched, sizeof out) == 0);
}

static int nothing(void *unused) {
    (void)unused;
    return 0;
}

int main(void) {
    OK(cyd_init(0, NULL)); /* the fork server runs this program */
    memset(&out, 0xEE, sizeof out);
    out.filled.cost.struct_size = sizeof out.filled.cost;
    untouched = out;

    cyd_yard_t *yard;
    cyd_lock_t *lock;
    cyd_value_t *value;
    cyd_ring_t *ring;
    cyd_sender_t *sender;
    cyd_receiver_t *receiver;
    cyd_rlock_t *rlock;
    cyd_semaphore_t *semaphore;
    cyd_permits_t *permits;
    cyd_condition_t *condition;
    cyd_blocks_t *blocks;
    cyd_queue_t *queue;
    cyd_pipe_t *pipe;
    cyd_connection_t *connection;
    cyd_lifo_queue_t *lifo_queue;
    cyd_priority_queue_t *priority_queue;
    cyd_barrier_t *barrier;
    cyd_struct_t *it;
    cyd_array_t *array;
    cyd_struct_array_t *structs;
    cyd_rwlock_t *rwlock;
    cyd_event_t *event;
    cyd_cancel_t *cancel;
    cyd_member_t *member;
    cyd_notifier_t *notifier;
    cyd_writable_t *writable;
    cyd_process_t *process;
    cyd_fork_server_t *server;
    cyd_pool_t *pool;
    cyd_future_t *future;
    cyd_promise_t *promise;
    cyd_map_t *map;
    size_t cursor = 0;
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_value_create(yard, "value", CYD_TYPE_U8, &value));
    OK(cyd_ring_create(yard, "ring", NULL, &ring));
    OK(cyd_ring_sender(ring, CYD_STRATEGY_ADAPTIVE, &sender));
    OK(cyd_ring_receiver(ring, CYD_STRATEGY_ADAPTIVE, &receiver));
    OK(cyd_rlock_create(yard, "rlock", &rlock));
    OK(cyd_semaphore_create(yard, "semaphore", NULL, &semaphore));
    OK(cyd_permits_create(yard, "permits", 1, &permits));
    OK(cyd_condition_create(yard, "condition", &condition));
    OK(cyd_blocks_create(yard, "blocks", NULL, &blocks));
    OK(cyd_queue_create(yard, "queue", NULL, &queue));
    OK(cyd_pipe_create(yard, "pipe", NULL, &pipe));
    OK(cyd_lifo_queue_create(yard, "lifo", NULL, &lifo_queue));
    OK(cyd_priority_queue_create(yard, "priority", NULL, &priority_queue));
    OK(cyd_pipe_end(pipe, CYD_PIPE_FIRST, &connection));
    OK(cyd_barrier_create(yard, "barrier", 1, &barrier));
    OK(cyd_struct_create(yard, "struct", 8, 8, &it));
    OK(cyd_array_create(yard, "array", CYD_TYPE_U8, 8, NULL, &array));
    OK(cyd_struct_array_create(yard, "structs", 8, 8, 8, &structs));
    OK(cyd_rwlock_create(yard, "rwlock", NULL, &rwlock));
    OK(cyd_event_create(yard, "event", 0, &event));
    OK(cyd_cancel_create(&cancel));
    OK(cyd_yard_next_member(yard, &cursor, &member));
    OK(cyd_notifier_create(event, &notifier));
    OK(cyd_queue_writable(queue, &writable));
    OK(cyd_process_fork(NULL, nothing, NULL, &process));
    OK(cyd_fork_server_start(NULL, NULL, 0, &server));
    cyd_pool_options_t threads = {
        .struct_size = sizeof threads, .workers = 1, .tasks = 4, .method = CYD_START_THREADS, .flags = CYD_POOL_SHORT};
    OK(cyd_pool_create(yard, "pool", &threads, &pool));
    OK(cyd_pool_promise(pool, -1, &promise, &future));
    OK(cyd_pool_map(pool, "n", NULL, 0, NULL, &map));
    void *all[NOUNS] = {yard,      lock,    value, ring,  sender,  receiver, rlock,
                        semaphore, permits, it,    array, structs, rwlock,
                        condition, event, cancel, member, barrier, blocks, queue, pipe, connection, lifo_queue, priority_queue, process, server, notifier, pool, future, promise, map, writable};
    memcpy(open_handles, all, sizeof all);

    everything(NULL, CYD_E_NULL, -1);
    _Alignas(128) unsigned char garbage[128];
    memset(garbage, 0, sizeof garbage);
    everything(garbage, CYD_E_TYPE, -1);
    memset(garbage, 0xAB, sizeof garbage);
    everything(garbage, CYD_E_TYPE, -1);
    for (size_t i = 1; i < 128; i++) {
        everything(garbage + i, CYD_E_INVALID, -1);
    }
    for (int i = 0; i < NOUNS; i++) {
        everything(open_handles[i], CYD_E_TYPE, i);
        everything((char *)open_handles[i] + 4, CYD_E_INVALID, -1);
    }

    OK(cyd_map_close(map));
    OK(cyd_promise_close(promise));
    OK(cyd_future_close(future));
    OK(cyd_pool_close(pool));
    OK(cyd_notifier_close(notifier));
    OK(cyd_writable_close(writable));
    OK(cyd_process_join(process, -1, NULL));
    OK(cyd_process_close(process));
    OK(cyd_fork_server_close(server));
    OK(cyd_member_close(member));
    OK(cyd_cancel_close(cancel));
    OK(cyd_event_close(event));
    OK(cyd_rwlock_close(rwlock));
    OK(cyd_semaphore_close(semaphore));
    OK(cyd_rlock_close(rlock));
    OK(cyd_permits_close(permits));
    OK(cyd_condition_close(condition));
    OK(cyd_blocks_close(blocks));
    OK(cyd_connection_close(connection));
    OK(cyd_pipe_close(pipe));
    OK(cyd_lifo_queue_close(lifo_queue));
    OK(cyd_priority_queue_close(priority_queue));
    OK(cyd_queue_close(queue));
    OK(cyd_barrier_close(barrier));
    OK(cyd_receiver_close(receiver));
    OK(cyd_sender_close(sender));
    OK(cyd_ring_close(ring));
    OK(cyd_struct_array_close(structs));
    OK(cyd_array_close(array));
    OK(cyd_struct_close(it));
    OK(cyd_value_close(value));
    OK(cyd_lock_close(lock));
    OK(cyd_yard_close(yard));
    for (int i = 0; i < NOUNS; i++) { /* a closed one is told before its type is */
        everything(open_handles[i], CYD_E_CLOSED, -1);
    }

    /* and stays known while a thousand others come and go */
    OK(cyd_yard_create_anonymous(NULL, &yard));
    OK(cyd_lock_create(yard, "lock", CYD_SCOPE_THREAD, &lock));
    OK(cyd_lock_close(lock));
    for (int i = 0; i < 1024; i++) {
        cyd_lock_t *other;
        OK(cyd_lock_open(yard, "lock", &other));
        CHECK(other != lock);
        IS(cyd_lock_acquire(lock, 0), CYD_E_CLOSED);
        OK(cyd_lock_close(other));
    }
    OK(cyd_yard_close(yard));
    return 0;
}
