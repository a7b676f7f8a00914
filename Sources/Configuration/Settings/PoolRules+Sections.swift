import ProxyTerms

extension PoolRules {
    /// What the sections say of pools.
    init(_ sections: [ConfigurationSection: SettingLayers.Values]) {
        self.init()
        let layers = SettingLayers([sections[.proxy] ?? [:]])
        // The proxy's layer says everything: what its section does not, the defaults do.
        let names = SettingTable.names(in: .proxy)
        proxy = PoolOptions(names.compactMap { PoolOption($0, layers, in: .proxy) })
        for (section, values) in sections {
            let layers = SettingLayers([values])
            let layer = values.keys.sorted { $0.rawValue < $1.rawValue }.compactMap {
                PoolOption($0, layers, in: section.scope)
            }
            switch section {
            case .database(ConfigurationSection.anyName): everyDatabase = layer
            case .database(let name): databases[name] = layer
            case .user(let name): users[name] = layer
            case .proxy, .node: break
            }
        }
    }
}
