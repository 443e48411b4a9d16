/* What compiled programs rely on: sizes, offsets and numbers. A line that has to change here is a break of the ABI. */
#include "courtyard.h"

#define IS(what, number) _Static_assert((what) == (number), #what)
#define FIELD(type, field, offset, size) \
    IS(offsetof(type, field), offset);   \
    IS(sizeof(((type *)0)->field), size)

IS(sizeof(cyd_status_t), 4);
_Static_assert((cyd_status_t)-1 < 0, "cyd_status_t is signed");

IS(CYD_OK, 0);
IS(CYD_OWNER_DIED, 1);
IS(CYD_REDELIVERED, 2);
IS(CYD_E_INVALID, -1001);
IS(CYD_E_NULL, -1002);
IS(CYD_E_TYPE, -1003);
IS(CYD_E_RANGE, -1004);
IS(CYD_E_NAME, -1005);
IS(CYD_E_FULL, -1010);
IS(CYD_E_EMPTY, -1011);
IS(CYD_E_TIMEOUT, -1012);
IS(CYD_E_BUSY, -1013);
IS(CYD_E_CLOSED, -1020);
IS(CYD_E_SHUTDOWN, -1021);
IS(CYD_E_PEER_CLOSED, -1022);
IS(CYD_E_PEER_DIED, -1023);
IS(CYD_E_CANCELLED, -1024);
IS(CYD_E_INTERRUPTED, -1025);
IS(CYD_E_END, -1026);
IS(CYD_E_NOT_OWNER, -1030);
IS(CYD_E_DEADLOCK, -1031);
IS(CYD_E_BROKEN, -1032);
IS(CYD_E_STATE, -1033);
IS(CYD_E_LOST, -1040);
IS(CYD_E_NO_CHILD, -1041);
IS(CYD_E_FAILED, -1042);
IS(CYD_E_REVOKED, -1043);
IS(CYD_E_NO_SPACE, -1050);
IS(CYD_E_NO_SLOTS, -1051);
IS(CYD_E_NO_MEMORY, -1052);
IS(CYD_E_TOO_LONG, -1053);
IS(CYD_E_EXISTS, -1060);
IS(CYD_E_NOT_FOUND, -1061);
IS(CYD_E_MISMATCH, -1062);
IS(CYD_E_PERMISSION, -1063);
IS(CYD_E_FOREIGN, -1070);
IS(CYD_E_TRUNCATED, -1071);
IS(CYD_E_SIZE, -1072);
IS(CYD_E_FORMAT, -1073);
IS(CYD_E_VERSION, -1074);
IS(CYD_E_CORRUPT, -1075);
IS(CYD_E_UNSUPPORTED, -1080);
IS(CYD_E_OS, -1081);
IS(CYD_E_PANIC, -1082);
IS(CYD_E_POISONED, -1083);

IS(CYD_FAILED(CYD_OK), 0);
IS(CYD_FAILED(CYD_REDELIVERED), 0);
IS(CYD_FAILED(CYD_E_POISONED), 1);

IS(CYD_PROBE_FUTEX_WAITV, 1);
IS(CYD_PROBE_MEMBARRIER, 2);
IS(CYD_PROBE_TMPFILE, 4);
IS(CYD_PROBE_SEALS, 8);
IS(CYD_PROBE_ROBUST_LIST, 16);
IS(CYD_PROBE_SHM, 32);

/* Every supported target has 64-bit pointers. */
IS(sizeof(cyd_probe_t), 40);
FIELD(cyd_probe_t, struct_size, 0, 8);
FIELD(cyd_probe_t, features, 8, 4);
FIELD(cyd_probe_t, cpus, 12, 4);
FIELD(cyd_probe_t, page_bytes, 16, 8);
FIELD(cyd_probe_t, shm_bytes, 24, 8);
FIELD(cyd_probe_t, shm_free_bytes, 32, 8);

IS(sizeof(cyd_scope_t), 4);
IS(sizeof(cyd_type_t), 4);
IS(sizeof(cyd_op_t), 4);
IS(sizeof(cyd_strategy_t), 4);
IS(sizeof(cyd_peer_t), 4);
IS(sizeof(bool), 1);

IS(CYD_YARD_INTERRUPTIBLE, 1);
IS(CYD_YARD_FALLBACK, 2);
IS(CYD_NAME_BYTES, 64);
IS(CYD_OBJECT_LOCK, 1);
IS(CYD_OBJECT_VALUE, 2);
IS(CYD_OBJECT_RING, 3);
IS(CYD_OBJECT_RLOCK, 4);
IS(CYD_OBJECT_SEMAPHORE, 6);
IS(CYD_OBJECT_PERMITS, 5);
IS(CYD_OBJECT_STRUCT, 7);
IS(CYD_OBJECT_ARRAY, 8);
IS(CYD_OBJECT_RWLOCK, 10);
IS(CYD_OBJECT_EVENT, 9);
IS(CYD_OBJECT_CONDITION, 11);
IS(CYD_OBJECT_BLOCKS, 13);
IS(CYD_OBJECT_QUEUE, 14);
IS(CYD_OBJECT_PIPE, 15);
IS(CYD_OBJECT_LIFO_QUEUE, 16);
IS(CYD_OBJECT_PRIORITY_QUEUE, 17);
IS(CYD_OBJECT_POOL, 18);
IS(CYD_SHUTDOWN_DRAIN, 1);
IS(CYD_SHUTDOWN_NOW, 2);
IS(CYD_OBJECT_BARRIER, 12);
IS(CYD_BROKEN_NOT, 0);
IS(CYD_BROKEN_ABORTED, 1);
IS(CYD_BROKEN_TIMED_OUT, 2);
IS(CYD_BROKEN_INTERRUPTED, 3);
IS(CYD_BROKEN_CANCELLED, 4);
IS(CYD_BROKEN_FAILED, 5);
IS(CYD_BROKEN_DIED, 6);
IS(sizeof(cyd_broken_t), 12);
IS(CYD_SCOPE_THREAD, 0);
IS(CYD_SCOPE_PROCESS, 1);
IS(CYD_SCOPE_ANYONE, 2);
IS(CYD_TYPE_ANY, 0);
IS(CYD_TYPE_I8, 1);
IS(CYD_TYPE_U8, 2);
IS(CYD_TYPE_I16, 3);
IS(CYD_TYPE_U16, 4);
IS(CYD_TYPE_I32, 5);
IS(CYD_TYPE_U32, 6);
IS(CYD_TYPE_I64, 7);
IS(CYD_TYPE_U64, 8);
IS(CYD_TYPE_F32, 9);
IS(CYD_TYPE_F64, 10);
IS(CYD_TYPE_BOOL, 11);
IS(CYD_TYPE_WCHAR, 12);
IS(CYD_OP_ADD, 1);
IS(CYD_OP_SUB, 2);
IS(CYD_OP_AND, 3);
IS(CYD_OP_OR, 4);
IS(CYD_OP_XOR, 5);
IS(CYD_OP_MIN, 6);
IS(CYD_OP_MAX, 7);
IS(CYD_OP_SWAP, 8);
IS(CYD_STRATEGY_ADAPTIVE, 0);
IS(CYD_STRATEGY_SPIN, 1);
IS(CYD_STRATEGY_BLOCK, 2);
IS(CYD_PEER_ABSENT, 0);
IS(CYD_PEER_HERE, 1);
IS(CYD_PEER_CLOSED, 2);
IS(CYD_PEER_DIED, 3);
IS(CYD_PIPE_FIRST, 0);
IS(CYD_PIPE_SECOND, 1);

IS(sizeof(cyd_yard_options_t), 32);
FIELD(cyd_yard_options_t, struct_size, 0, 8);
FIELD(cyd_yard_options_t, size, 8, 8);
FIELD(cyd_yard_options_t, slots, 16, 4);
FIELD(cyd_yard_options_t, objects, 20, 4);
FIELD(cyd_yard_options_t, mode, 24, 4);
FIELD(cyd_yard_options_t, flags, 28, 4);

IS(sizeof(cyd_array_options_t), 16);
FIELD(cyd_array_options_t, struct_size, 0, 8);
FIELD(cyd_array_options_t, lock, 8, 4);
FIELD(cyd_array_options_t, reserved, 12, 4);

IS(sizeof(cyd_cost_t), 56);
FIELD(cyd_cost_t, struct_size, 0, 8);
FIELD(cyd_cost_t, total_bytes, 8, 8);
FIELD(cyd_cost_t, object_bytes, 16, 8);
FIELD(cyd_cost_t, slot_bytes, 24, 8);
FIELD(cyd_cost_t, lock_bytes, 32, 8);
FIELD(cyd_cost_t, value_bytes, 40, 8);
FIELD(cyd_cost_t, ring_bytes, 48, 8);

IS(sizeof(cyd_object_cost_t), 24);
FIELD(cyd_object_cost_t, struct_size, 0, 8);
FIELD(cyd_object_cost_t, empty_bytes, 8, 8);
FIELD(cyd_object_cost_t, item_bytes, 16, 8);

IS(CYD_FAULT_MEMBER, 1);
IS(CYD_FAULT_MAKING, 2);
IS(CYD_FAULT_OWNER, 3);
IS(CYD_FAULT_SENDER, 4);
IS(CYD_FAULT_RECEIVER, 5);
IS(CYD_FAULT_PERMITS, 6);
IS(CYD_FAULT_COLLECTOR, 7);
IS(CYD_FAULT_WRITER, 8);
IS(CYD_FAULT_PARTY, 9);
IS(CYD_FAULT_BLOCKS, 10);
IS(CYD_FAULT_MESSENGER, 11);
IS(CYD_FAULT_CONNECTION, 12);
IS(CYD_FAULT_LIFO_TURN, 13);
IS(CYD_FAULT_PRIORITY_TURN, 14);
IS(CYD_FAULT_TASK, 15);
IS(sizeof(cyd_fault_t), 112);
FIELD(cyd_fault_t, struct_size, 0, 8);
FIELD(cyd_fault_t, number, 8, 8);
FIELD(cyd_fault_t, count, 16, 8);
FIELD(cyd_fault_t, time_ns, 24, 8);
FIELD(cyd_fault_t, pid, 32, 4);
FIELD(cyd_fault_t, tid, 36, 4);
FIELD(cyd_fault_t, kind, 40, 4);
FIELD(cyd_fault_t, object_kind, 44, 4);
FIELD(cyd_fault_t, object, 48, 64);

IS(sizeof(cyd_object_info_t), 88);
FIELD(cyd_object_info_t, struct_size, 0, 8);
FIELD(cyd_object_info_t, bytes, 8, 8);
FIELD(cyd_object_info_t, kind, 16, 4);
FIELD(cyd_object_info_t, reserved, 20, 4);
FIELD(cyd_object_info_t, name, 24, 64);

IS(sizeof(cyd_member_info_t), 64);
FIELD(cyd_member_info_t, struct_size, 0, 8);
FIELD(cyd_member_info_t, since_ns, 8, 8);
FIELD(cyd_member_info_t, pid, 16, 4);
FIELD(cyd_member_info_t, threads, 20, 4);
FIELD(cyd_member_info_t, is_me, 24, 4);
FIELD(cyd_member_info_t, reserved, 28, 4);
FIELD(cyd_member_info_t, name, 32, 32);

IS(sizeof(cyd_holder_t), 16);
FIELD(cyd_holder_t, struct_size, 0, 8);
FIELD(cyd_holder_t, pid, 8, 4);
FIELD(cyd_holder_t, tid, 12, 4);

IS(sizeof(cyd_permit_holder_t), 8);
FIELD(cyd_permit_holder_t, pid, 0, 4);
FIELD(cyd_permit_holder_t, count, 4, 4);
IS(sizeof(cyd_block_class_t), 16);
FIELD(cyd_block_class_t, size, 0, 8);
FIELD(cyd_block_class_t, count, 8, 8);
IS(sizeof(cyd_blocks_options_t), 32);
FIELD(cyd_blocks_options_t, struct_size, 0, 8);
FIELD(cyd_blocks_options_t, bytes, 8, 8);
FIELD(cyd_blocks_options_t, classes, 16, 8);
FIELD(cyd_blocks_options_t, class_count, 24, 8);
IS(sizeof(cyd_block_use_t), 40);
FIELD(cyd_block_use_t, size, 0, 8);
FIELD(cyd_block_use_t, taken, 8, 8);
FIELD(cyd_block_use_t, count, 16, 4);
FIELD(cyd_block_use_t, free, 20, 4);
FIELD(cyd_block_use_t, owned, 24, 4);
FIELD(cyd_block_use_t, offered, 28, 4);
FIELD(cyd_block_use_t, linked, 32, 4);
FIELD(cyd_block_use_t, failures, 36, 4);
IS(sizeof(cyd_block_owner_t), 16);
FIELD(cyd_block_owner_t, pid, 0, 4);
FIELD(cyd_block_owner_t, count, 4, 4);
FIELD(cyd_block_owner_t, bytes, 8, 8);

IS(sizeof(cyd_ring_options_t), 24);
FIELD(cyd_ring_options_t, struct_size, 0, 8);
FIELD(cyd_ring_options_t, capacity, 8, 8);
FIELD(cyd_ring_options_t, spin_only, 16, 4);
FIELD(cyd_ring_options_t, reserved, 20, 4);

IS(sizeof(cyd_lifo_queue_options_t), 24);
FIELD(cyd_lifo_queue_options_t, struct_size, 0, 8);
FIELD(cyd_lifo_queue_options_t, capacity, 8, 8);
FIELD(cyd_lifo_queue_options_t, message_max, 16, 8);

IS(sizeof(cyd_priority_queue_options_t), 24);
FIELD(cyd_priority_queue_options_t, struct_size, 0, 8);
FIELD(cyd_priority_queue_options_t, capacity, 8, 8);
FIELD(cyd_priority_queue_options_t, message_max, 16, 8);
IS(sizeof(cyd_queue_options_t), 56);
FIELD(cyd_queue_options_t, struct_size, 0, 8);
FIELD(cyd_queue_options_t, capacity, 8, 8);
FIELD(cyd_queue_options_t, block_bytes, 16, 8);
FIELD(cyd_queue_options_t, inline_max, 24, 4);
FIELD(cyd_queue_options_t, sides, 28, 4);
FIELD(cyd_queue_options_t, blocks, 32, 8);
FIELD(cyd_queue_options_t, max_bytes, 40, 8);
FIELD(cyd_queue_options_t, unacked, 48, 4);
FIELD(cyd_queue_options_t, reserved, 52, 4);

IS(sizeof(cyd_loan_t), 24);
FIELD(cyd_loan_t, data, 0, 8);
FIELD(cyd_loan_t, len, 8, 8);
FIELD(cyd_loan_t, block, 16, 8);

IS(sizeof(cyd_message_t), 136);
FIELD(cyd_message_t, data, 0, 8);
FIELD(cyd_message_t, len, 8, 8);
FIELD(cyd_message_t, block, 16, 8);
FIELD(cyd_message_t, bytes, 24, 112);

IS(sizeof(cyd_pipe_options_t), 24);
FIELD(cyd_pipe_options_t, struct_size, 0, 8);
FIELD(cyd_pipe_options_t, capacity, 8, 8);
FIELD(cyd_pipe_options_t, one_way, 16, 4);
FIELD(cyd_pipe_options_t, reserved, 20, 4);

IS(sizeof(cyd_semaphore_options_t), 16);
FIELD(cyd_semaphore_options_t, struct_size, 0, 8);
FIELD(cyd_semaphore_options_t, initial, 8, 4);
FIELD(cyd_semaphore_options_t, maximum, 12, 4);

IS(sizeof(cyd_ref_t), 32);
FIELD(cyd_ref_t, yard, 0, 16);
FIELD(cyd_ref_t, place, 16, 4);
FIELD(cyd_ref_t, generation, 20, 4);
FIELD(cyd_ref_t, kind, 24, 4);
FIELD(cyd_ref_t, reserved, 28, 4);

IS(sizeof(cyd_slice_t), 16);
FIELD(cyd_slice_t, data, 0, 8);
FIELD(cyd_slice_t, len, 8, 8);

int main(void) {
    return cyd_version() == CYD_VERSION ? 0 : 1;
}
