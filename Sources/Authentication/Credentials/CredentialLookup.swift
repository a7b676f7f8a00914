/// What is known of one who wants to log in.
package struct CredentialLookup: Sendable, Hashable {
    /// Nil for an unknown user.
    package let credential: Credential?
    /// What an unknown user is asked for where users differ (`auth_type = md5`): as most of the known ones are, so that
    /// it does not stand out.
    package let commonMethod: CommonMethod

    package enum CommonMethod: Sendable, Hashable {
        case md5
        case scram
    }

    package init(credential: Credential?, commonMethod: CommonMethod) {
        self.credential = credential
        self.commonMethod = commonMethod
    }
}
