// SPDX-License-Identifier: MIT

public import SystemPackage
private import SystemSupport

/// An authority that nobody but a test trusts, and a server's certificate by it, made at test time.
public final class TestAuthority: Sendable {
    /// The authority's own certificate.
    public let certificate: FilePath
    /// The certificate of 127.0.0.1 and localhost.
    public let serverCertificate: FilePath
    /// Its key.
    public let serverKey: FilePath
    private let place: TemporaryPlace

    /// Makes keys and certificates by openssl.
    public init() throws {
        place = try TemporaryPlace()
        let folder = place.path
        certificate = folder.below("authority.pem")
        serverCertificate = folder.below("server.pem")
        serverKey = folder.below("server.key")
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let log = ["-keyout", folder.below("authority.key").string, "-out", certificate.string]
        try Self.openssl(["req", "-x509", "-days", "2", "-subj", "/CN=Test authority"] + curve + log)
        let request = folder.below("server.csr").string
        try Self.openssl(
            ["req", "-new", "-subj", "/CN=localhost"] + curve + ["-keyout", serverKey.string, "-out", request]
        )
        let names = try place.write("names", Array("subjectAltName=IP:127.0.0.1,DNS:localhost\n".utf8))
        try Self.openssl(
            ["x509", "-req", "-days", "2", "-in", request, "-CA", certificate.string, "-CAcreateserial"]
                + ["-CAkey", folder.below("authority.key").string, "-extfile", names.string]
                + ["-out", serverCertificate.string]
        )
    }

    private static func openssl(_ arguments: [String]) throws {
        let words = (["openssl"] + arguments).map { "'\($0)'" }.joined(separator: " ")
        try runTool("sh", ["-c", "\(words) >/dev/null 2>&1"])
    }
}
