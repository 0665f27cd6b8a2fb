// SPDX-License-Identifier: MIT

private import CCurl

/// An address on the web, http or https, taken apart by the parser of the library that fetches it.
///
/// Its description may be shown and logged: it leaves out user, password, and what follows a "?".
@safe
public struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted.
    public let isSecure: Bool
    /// The host, in lower case.
    public let host: String
    /// The port.
    public let port: Int
    /// The whole address without user, password and fragment.
    let location: String
    /// Who asks, and the password; only for this very host.
    let credentials: Credentials?
    private let path: String
    private let hasQuery: Bool

    struct Credentials: Hashable, Sendable {
        let user: String
        let password: String
    }

    /// Reads an address.
    ///
    /// - Throws: `TransferError.malformedAddress` for anything but http and https.
    public init(_ text: String) throws(TransferError) {
        try self.init(text, relativeTo: nil)
    }

    private init(_ text: String, relativeTo base: String?) throws(TransferError) {
        guard let handle = unsafe curl_url() else { throw .malformedAddress(reason: "there is no memory left") }
        defer { unsafe curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME)
        if let base { _ = unsafe curl_url_set(handle, CURLUPART_URL, base, flags) }
        // A space or a control character could end a line of the request.
        guard text.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
            throw .malformedAddress(reason: "it holds a space or a control character")
        }
        let status = unsafe curl_url_set(handle, CURLUPART_URL, text, flags)
        guard status == CURLUE_OK else {
            throw .malformedAddress(reason: unsafe String(cString: curl_url_strerror(status)))
        }
        func part(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
            var found: UnsafeMutablePointer<CChar>?
            guard unsafe curl_url_get(handle, part, &found, UInt32(flags)) == CURLUE_OK, let found = unsafe found else {
                return nil
            }
            defer { unsafe curl_free(found) }
            return unsafe String(cString: found)
        }
        let scheme = part(CURLUPART_SCHEME)?.lowercased() ?? ""
        guard ["http", "https"].contains(scheme) else {
            throw .malformedAddress(reason: "only http and https are fetched, and this is \"\(scheme)\"")
        }
        guard let host = part(CURLUPART_HOST)?.lowercased(), let port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT) else {
            throw .malformedAddress(reason: "it names no host")
        }
        isSecure = scheme == "https"
        self.host = host
        self.port = Int(port) ?? 0
        credentials = part(CURLUPART_USER, CURLU_URLDECODE).map {
            Credentials(user: $0, password: part(CURLUPART_PASSWORD, CURLU_URLDECODE) ?? "")
        }
        path = part(CURLUPART_PATH) ?? "/"
        hasQuery = part(CURLUPART_QUERY) != nil
        for part in [CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_FRAGMENT] {
            _ = unsafe curl_url_set(handle, part, nil, 0)
        }
        location = part(CURLUPART_URL) ?? text
    }

    /// Where an answer of this address sends: an address, or a path on the same host.
    func following(_ location: String) throws(TransferError) -> WebAddress {
        try WebAddress(location, relativeTo: self.location)
    }

    /// The address of a name below this one, which ends with a "/" or gets one.
    public func below(_ name: String) throws(TransferError) -> WebAddress {
        let end = location.firstIndex(of: "?") ?? location.endIndex
        let base = location[..<end]
        return WebAddress(
            try WebAddress("\(base)\(base.hasSuffix("/") ? "" : "/")\(name)\(location[end...])"),
            credentials
        )
    }

    /// The address of a name beside the last one of this path.
    public func sibling(_ name: String) throws(TransferError) -> WebAddress {
        let end = location.firstIndex(of: "?") ?? location.endIndex
        let base = location[..<end].lastIndex(of: "/").map { location[...$0] } ?? location[..<end]
        return WebAddress(try WebAddress("\(base)\(name)\(location[end...])"), credentials)
    }

    private init(_ address: WebAddress, _ credentials: Credentials?) {
        (isSecure, host, port) = (address.isSecure, address.host, address.port)
        (location, path, hasQuery) = (address.location, address.path, address.hasQuery)
        self.credentials = credentials
    }

    /// Whether a request to one may carry what was meant for the other.
    func isSameOrigin(as other: WebAddress) -> Bool {
        isSecure == other.isSecure && host == other.host && port == other.port
    }

    /// The last name of the path.
    public var lastName: String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// The address without its secrets.
    public var description: String {
        let usual = isSecure ? 443 : 80
        let place = port == usual ? host : "\(host):\(port)"
        return "\(isSecure ? "https" : "http")://\(place)\(path)\(hasQuery ? "?…" : "")"
    }

    /// Tells addresses apart, secrets included, in records that must not show them.
    public var identity: String { "\(location) \(credentials?.user ?? "")" }
}
