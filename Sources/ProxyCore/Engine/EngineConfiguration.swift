import ProxyTerms

/// All of an engine that can be set: plain data, handed in at the start and again by `Engine.reconfigured(_:)`.
package struct EngineConfiguration: Sendable, Equatable {
    package var options: EngineOptions
    package var pools: PoolRules
    package var authenticationMethod: AuthenticationMethod

    package init(
        options: EngineOptions = EngineOptions(),
        pools: PoolRules = PoolRules(),
        authenticationMethod: AuthenticationMethod = .trust
    ) {
        self.options = options
        self.pools = pools
        self.authenticationMethod = authenticationMethod
    }

    /// What stays as it was at the start, since memory has been laid out by it.
    package enum Fixed: String, CaseIterable, Sendable {
        case bufferMemory
        case maximumCatalogs
        case statementCacheMemory
    }

    /// As it is put into effect: what follows from several settings together is worked out.
    var effective: EngineConfiguration {
        var effective = self
        // A statement that is not looked at unless all of it is there must fit into what is held for a client.
        effective.options.statementTextLimit = min(options.statementTextLimit, options.clientBufferLimit)
        return effective
    }

    /// Takes what is fixed from the one that is in effect.
    /// - Returns: what differed.
    mutating func keepFixed(of current: EngineConfiguration) -> [Fixed] {
        Fixed.allCases.filter { fixed in
            switch fixed {
            case .bufferMemory: Self.keep(\.options.bufferMemory, of: current, in: &self)
            case .maximumCatalogs: Self.keep(\.options.maximumCatalogs, of: current, in: &self)
            case .statementCacheMemory: Self.keep(\.options.statementCacheMemory, of: current, in: &self)
            }
        }
    }

    private static func keep(
        _ value: WritableKeyPath<EngineConfiguration, Int>,
        of current: EngineConfiguration,
        in next: inout EngineConfiguration
    ) -> Bool {
        let differs = next[keyPath: value] != current[keyPath: value]
        next[keyPath: value] = current[keyPath: value]
        return differs
    }
}
