/// OpenSSL on this machine does not allow MD5, as in FIPS mode.
package struct MD5Unavailable: Error, Sendable, Hashable {}
