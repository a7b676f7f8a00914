// Starting child processes, which Swift can not do by itself: posix_spawn can neither change the user
// nor close what it does not know of, and fork is not callable from Swift.
#pragma once
#include <sys/signalfd.h>
#include <sys/types.h>

// Where a child stands towards the terminal and its signals.
enum howdah_placement {
    howdah_same_group,   // the caller's process group: what the terminal sends reaches both
    howdah_own_group,    // leads a process group of its own, in the caller's session
    howdah_own_session,  // leads a session of its own: nothing the terminal sends reaches it
};

// What a child is started with. A descriptor of -1 stands for /dev/null. Every other descriptor of the
// caller is closed in the child, and signal dispositions and mask are the defaults.
struct howdah_child {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;    // working directory; null keeps the caller's
    const char *output_path;  // where not null, standard output and error append to this file, opened as `user`
    int input;
    int output;
    int error;
    int changes_user;  // 0 keeps the caller's user and groups
    uid_t user;
    gid_t group;  // also the only supplementary group
    enum howdah_placement placement;
};

// Starts a child. Returns 0 and stores its process id, or returns the errno of the step that failed, in
// which case no child is left and there is nothing to wait for.
int howdah_spawn(const struct howdah_child *child, pid_t *process);

// pipe2 with O_CLOEXEC: ends[0] reads, ends[1] writes. Returns 0 or an errno.
int howdah_pipe(int ends[2]);

// A close-on-exec descriptor to read `length` bytes at `bytes` from, backed by memory. Returns it, or a negative errno.
int howdah_memory_file(const void *bytes, size_t length);

// A close-on-exec descriptor that becomes readable when the child process `process` ends (pidfd_open(2)).
// Returns it, or a negative errno.
int howdah_process_descriptor(pid_t process);
