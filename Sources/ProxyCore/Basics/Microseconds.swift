/// Microseconds on a monotonic clock, or of a duration.
package typealias Microseconds = Int64
