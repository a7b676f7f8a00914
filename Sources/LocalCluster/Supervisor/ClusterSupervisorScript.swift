extension ClusterSupervisor {
    /// What the supervisor runs under `sh`, with the directory to work under as its argument.
    ///
    /// A process belongs to the cluster when its working directory is inside the cluster's. SIGQUIT is PostgreSQL's
    /// immediate shutdown ("PostgreSQL documentation, 19.5"), which frees its shared memory; SIGCONT is for servers
    /// that a test has stopped. A server that was killed with SIGKILL leaves `postmaster.pid` and, named in its seventh
    /// line, a System V shared memory segment.
    static let script = #"""
        trap '' HUP INT QUIT TERM PIPE
        directory=$(mktemp -d "$1/howdah-XXXXXX") || exit 1
        echo "directory $directory"

        while read -r line; do :; done

        members() {
            find /proc/[0-9]*/cwd -maxdepth 0 \( -lname "$directory" -o -lname "$directory/*" \) 2>/dev/null | cut -d/ -f3
        }
        end_members() {
            rounds=0
            signal=QUIT
            while processes=$(members) && [ -n "$processes" ]; do
                kill -s "$signal" $processes
                kill -s CONT $processes
                rounds=$((rounds + 1))
                [ "$rounds" -lt 200 ] || signal=KILL
                [ "$rounds" -lt 400 ] || return
                sleep 0.02
            done
        }
        free_shared_memory() {
            for lock in "$directory"/*/postmaster.pid; do
                [ -f "$lock" ] || continue
                set -- $(sed -n 7p "$lock")
                [ -z "$2" ] || ipcrm -m "$2"
            done
        }
        tries=0
        while [ -d "$directory" ] && [ "$tries" -lt 10 ]; do
            end_members
            free_shared_memory
            rm -rf "$directory"
            tries=$((tries + 1))
        done
        """#
}
