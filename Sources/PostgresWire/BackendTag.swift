/// The type bytes of messages that a server sends (PostgreSQL documentation, 55.7).
@usableFromInline
package enum BackendTag {
    @inlinable package static var authentication: UInt8 { UInt8(ascii: "R") }
    @inlinable package static var backendKeyData: UInt8 { UInt8(ascii: "K") }
    @inlinable package static var bindComplete: UInt8 { UInt8(ascii: "2") }
    @inlinable package static var closeComplete: UInt8 { UInt8(ascii: "3") }
    @inlinable package static var commandComplete: UInt8 { UInt8(ascii: "C") }
    @inlinable package static var copyBothResponse: UInt8 { UInt8(ascii: "W") }
    @inlinable package static var copyData: UInt8 { UInt8(ascii: "d") }
    @inlinable package static var copyDone: UInt8 { UInt8(ascii: "c") }
    @inlinable package static var copyInResponse: UInt8 { UInt8(ascii: "G") }
    @inlinable package static var copyOutResponse: UInt8 { UInt8(ascii: "H") }
    @inlinable package static var dataRow: UInt8 { UInt8(ascii: "D") }
    @inlinable package static var emptyQueryResponse: UInt8 { UInt8(ascii: "I") }
    @inlinable package static var errorResponse: UInt8 { UInt8(ascii: "E") }
    @inlinable package static var functionCallResponse: UInt8 { UInt8(ascii: "V") }
    @inlinable package static var negotiateProtocolVersion: UInt8 { UInt8(ascii: "v") }
    @inlinable package static var noData: UInt8 { UInt8(ascii: "n") }
    @inlinable package static var noticeResponse: UInt8 { UInt8(ascii: "N") }
    @inlinable package static var notificationResponse: UInt8 { UInt8(ascii: "A") }
    @inlinable package static var parameterDescription: UInt8 { UInt8(ascii: "t") }
    @inlinable package static var parameterStatus: UInt8 { UInt8(ascii: "S") }
    @inlinable package static var parseComplete: UInt8 { UInt8(ascii: "1") }
    @inlinable package static var portalSuspended: UInt8 { UInt8(ascii: "s") }
    @inlinable package static var readyForQuery: UInt8 { UInt8(ascii: "Z") }
    @inlinable package static var rowDescription: UInt8 { UInt8(ascii: "T") }
}
