// accept4 needs _GNU_SOURCE to be declared, so it is wrapped in CLinux.c.
#pragma once
#include <sys/socket.h>

/// accept4 with SOCK_CLOEXEC, and SOCK_NONBLOCK where asked.
int clinux_accept(int listener, struct sockaddr *address, socklen_t *length, int nonblocking);

static inline ssize_t clinux_send(int descriptor, const void *bytes, size_t count) {
    return send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline ssize_t clinux_sendmsg(int descriptor, struct iovec *pieces, size_t count) {
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = count};
    return sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline ssize_t clinux_receive(int descriptor, void *bytes, size_t count) {
    return recv(descriptor, bytes, count, MSG_DONTWAIT);
}

static inline int clinux_set_option(int descriptor, int level, int option, int value) {
    return setsockopt(descriptor, level, option, &value, sizeof value);
}
