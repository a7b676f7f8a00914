/// The type bytes of messages that a client sends (PostgreSQL documentation, 55.7).
@usableFromInline
package enum FrontendTag {
    @inlinable package static var bind: UInt8 { UInt8(ascii: "B") }
    @inlinable package static var close: UInt8 { UInt8(ascii: "C") }
    @inlinable package static var copyData: UInt8 { UInt8(ascii: "d") }
    @inlinable package static var copyDone: UInt8 { UInt8(ascii: "c") }
    @inlinable package static var copyFail: UInt8 { UInt8(ascii: "f") }
    @inlinable package static var describe: UInt8 { UInt8(ascii: "D") }
    @inlinable package static var execute: UInt8 { UInt8(ascii: "E") }
    @inlinable package static var flush: UInt8 { UInt8(ascii: "H") }
    @inlinable package static var functionCall: UInt8 { UInt8(ascii: "F") }
    @inlinable package static var parse: UInt8 { UInt8(ascii: "P") }
    /// PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse share one type byte.
    @inlinable package static var password: UInt8 { UInt8(ascii: "p") }
    @inlinable package static var query: UInt8 { UInt8(ascii: "Q") }
    @inlinable package static var sync: UInt8 { UInt8(ascii: "S") }
    @inlinable package static var terminate: UInt8 { UInt8(ascii: "X") }
}
