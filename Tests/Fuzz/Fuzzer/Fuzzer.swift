import FuzzTargets
import Glibc

/// libFuzzer's way in: `HOWDAH_FUZZ_TARGET` says what gets the bytes. `make fuzz` builds and runs it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let target = getenv("HOWDAH_FUZZ_TARGET").flatMap({ FuzzTarget(rawValue: String(cString: $0)) }) else {
        fatalError("HOWDAH_FUZZ_TARGET is one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    if let failure = target.run(Array(UnsafeBufferPointer(start: data, count: count))) { fatalError(failure) }
    return 0
}
