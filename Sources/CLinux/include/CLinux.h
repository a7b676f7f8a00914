// Linux interfaces that Swift's Glibc module does not map, as static-inline shims.
// Do not define _GNU_SOURCE here: its fd_set clashes with the one that Swift imports. For the same reason liburing.h,
// which defines _XOPEN_SOURCE, comes after a header of the C library has settled what is on.
#pragma once
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <liburing.h>
#include "process_shim.h"
