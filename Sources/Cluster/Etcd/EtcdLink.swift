import Glibc

/// Carries requests to etcd on a thread of its own.
final class EtcdLink: Sendable {
    private let options: EtcdOptions
    private let answered: @Sendable (CoordinationAnswer) -> Void
    private let mailbox = Mailbox<EtcdMessage>()
    private let phase = ThreadPhase()

    /// - Parameter answered: called once for each request, on that thread.
    init(options: EtcdOptions, answered: @escaping @Sendable (CoordinationAnswer) -> Void) {
        self.options = options
        self.answered = answered
    }

    deinit { stop() }

    func start() {
        phase.start(name: "howdah-etcd") { [options, mailbox, answered] in
            let client = EtcdClient(options, isStopped: { mailbox.isStopped })
            var lease: Int64?
            while let messages = mailbox.take() {
                for case .ask(let request) in messages {
                    let answer = client.answer(request)
                    if case .granted(let number, _) = answer { lease = number }
                    answered(answer)
                }
                mailbox.bell.wait()
            }
            if let lease {
                EtcdClient(options, isStopped: { false }).revoke(lease)
            }
        }
    }

    /// Gives the lease back and waits for the thread's end: `EtcdOptions.timeout` and a second at most.
    func stop() { phase.stop { mailbox.stop() } }

    /// From any thread; cheap. One at a time.
    func ask(_ request: CoordinationRequest) { mailbox.post(.ask(request)) }
}

/// What other threads tell the thread that talks to etcd.
enum EtcdMessage: Sendable {
    case ask(CoordinationRequest)
}
