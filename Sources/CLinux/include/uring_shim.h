// The parts of liburing that are macros or atomics, and the few requests that the loop makes, ready filled.
#pragma once
#include <sys/select.h>

#include <liburing.h>
#include <poll.h>
#include <string.h>

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

#define CLINUX_BUFFER_GROUP 0

static inline unsigned clinux_ring_base_flags(void) { return IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE; }
static inline unsigned clinux_ring_single_issuer(void) { return IORING_SETUP_SINGLE_ISSUER; }
static inline unsigned clinux_ring_deferred(void) {
    return IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
}
static inline unsigned clinux_ring_cooperative(void) { return IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG; }

/// What the loop relies on: no lost completion, a timeout in the enter, requests copied when submitted.
static inline unsigned clinux_ring_needed_features(void) {
    return IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL;
}

/// A free submission entry; submits what is queued when there is none. NULL only if the kernel takes nothing.
static inline struct io_uring_sqe *clinux_ring_entry(struct io_uring *ring) {
    struct io_uring_sqe *entry = io_uring_get_sqe(ring);
    if (entry == NULL) {
        io_uring_submit(ring);
        entry = io_uring_get_sqe(ring);
    }
    if (entry == NULL) {
        // The kernel may want completions to be moved out of its overflow list first.
        io_uring_submit_and_get_events(ring);
        entry = io_uring_get_sqe(ring);
    }
    return entry;
}

/// Lets a ring that was made disabled take requests, from the calling thread only. liburing 2.3 declares a function for this and
/// does not export it.
int clinux_ring_enable(struct io_uring *ring);

/// Submits what is queued and waits for one completion.
static inline int clinux_ring_wait(struct io_uring *ring) { return io_uring_submit_and_wait(ring, 1); }

static inline unsigned clinux_ring_head(struct io_uring *ring) { return *ring->cq.khead; }
static inline unsigned clinux_ring_tail(struct io_uring *ring) { return io_uring_smp_load_acquire(ring->cq.ktail); }
static inline struct io_uring_cqe *clinux_ring_completion(struct io_uring *ring, unsigned position) {
    return &ring->cq.cqes[position & *ring->cq.kring_mask];
}
static inline void clinux_ring_advance(struct io_uring *ring, unsigned count) { io_uring_cq_advance(ring, count); }

static inline void clinux_prepare_receive(struct io_uring_sqe *entry, int descriptor, __u64 name) {
    io_uring_prep_recv_multishot(entry, descriptor, NULL, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = CLINUX_BUFFER_GROUP;
    entry->user_data = name;
}

static inline void clinux_prepare_send(
    struct io_uring_sqe *entry, int descriptor, const void *bytes, size_t count, __u64 name) {
    io_uring_prep_send(entry, descriptor, bytes, count, MSG_NOSIGNAL);
    entry->user_data = name;
}

static inline void clinux_prepare_sendmsg(
    struct io_uring_sqe *entry, int descriptor, struct msghdr *message, struct iovec *pieces, size_t count,
    __u64 name) {
    memset(message, 0, sizeof *message);
    message->msg_iov = pieces;
    message->msg_iovlen = count;
    io_uring_prep_sendmsg(entry, descriptor, message, MSG_NOSIGNAL);
    entry->user_data = name;
}

static inline void clinux_prepare_connect(
    struct io_uring_sqe *entry, int descriptor, const struct sockaddr *address, socklen_t length, __u64 name) {
    io_uring_prep_connect(entry, descriptor, address, length);
    entry->user_data = name;
}

static inline void clinux_prepare_accept(struct io_uring_sqe *entry, int descriptor, __u64 name) {
    io_uring_prep_multishot_accept(entry, descriptor, NULL, NULL, SOCK_CLOEXEC);
    entry->user_data = name;
}

static inline void clinux_prepare_read(
    struct io_uring_sqe *entry, int descriptor, void *bytes, unsigned count, __u64 name) {
    io_uring_prep_read(entry, descriptor, bytes, count, 0);
    entry->user_data = name;
}

/// Completes when the descriptor has something to read.
static inline void clinux_prepare_poll(struct io_uring_sqe *entry, int descriptor, __u64 name) {
    io_uring_prep_poll_add(entry, descriptor, POLLIN);
    entry->user_data = name;
}

/// Cancels the request of that name; only a failure to do so completes with `name`.
static inline void clinux_prepare_cancel(struct io_uring_sqe *entry, __u64 request, __u64 name) {
    io_uring_prep_cancel64(entry, request, 0);
    entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
    entry->user_data = name;
}

static inline unsigned clinux_completion_more(void) { return IORING_CQE_F_MORE; }
static inline unsigned clinux_completion_has_buffer(void) { return IORING_CQE_F_BUFFER; }
static inline unsigned clinux_completion_buffer(unsigned flags) { return flags >> IORING_CQE_BUFFER_SHIFT; }

/// Makes known to the kernel a ring of `count` buffers of `size` bytes that stand one behind the other at `buffers`.
static inline int clinux_buffers_register(
    struct io_uring *ring, struct io_uring_buf_ring *place, unsigned count, char *buffers, unsigned size) {
    struct io_uring_buf_reg registration;
    memset(&registration, 0, sizeof registration);
    registration.ring_addr = (unsigned long)place;
    registration.ring_entries = count;
    registration.bgid = CLINUX_BUFFER_GROUP;
    int result = io_uring_register_buf_ring(ring, &registration, 0);
    if (result < 0) return result;
    io_uring_buf_ring_init(place);
    for (unsigned index = 0; index < count; index++)
        io_uring_buf_ring_add(place, buffers + (size_t)index * size, size, index, count - 1, index);
    io_uring_buf_ring_advance(place, count);
    return 0;
}

static inline void clinux_buffers_give(
    struct io_uring_buf_ring *place, unsigned count, char *buffers, unsigned size, unsigned index) {
    io_uring_buf_ring_add(place, buffers + (size_t)index * size, size, index, count - 1, 0);
    io_uring_buf_ring_advance(place, 1);
}
