@testable import Cluster

extension CatalogRows {
    /// Of the first function of that name.
    func volatility(of name: String) -> FunctionRow.Volatility? {
        functions.first { $0.name == name }?.volatility
    }
}
