#define _GNU_SOURCE
#include "CLinux.h"

int clinux_accept(int listener, struct sockaddr *address, socklen_t *length, int nonblocking) {
    return accept4(listener, address, length, SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0));
}
