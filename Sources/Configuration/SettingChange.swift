/// When a changed value takes effect.
package enum SettingChange: String, Sendable {
    case reload
    case restart
}
