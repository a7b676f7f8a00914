// Linux interfaces that Swift's Glibc module does not map, as static-inline shims.
// Do not define _GNU_SOURCE here: its fd_set clashes with the one that Swift imports. For the same reason liburing.h,
// which defines _XOPEN_SOURCE, comes after a header of the C library has settled what is on.
#pragma once
// Before liburing.h, which defines _XOPEN_SOURCE: that too would give fd_set another shape.
#include <sys/select.h>

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "epoll_shim.h"
#include "process_shim.h"
#include "socket_shim.h"
#include "uring_shim.h"
