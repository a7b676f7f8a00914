/// Why an HTTP request has no answer that is any use.
enum HTTPFailure: Error {
    /// libcurl's words.
    case unreachable(String)
    /// Another status than 200, with what came with it.
    case status(Int, [UInt8])
}
